"""Does the state allow it? What stands in the way of locking a period, over the facts and over the judgement of them."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max, Q

from firms.models import FactSheet, Firm, Job, RegisterEntry
from firms.services.obstacles import Obstacle, survey
from scoring.models import EvaluationPeriod, Run, StageRecord


def lock_survey(period: EvaluationPeriod) -> list[Obstacle]:
    """Everything that may stand in the way of locking: of the facts (``obstacles.survey``) and of the runs made from them."""
    latest = period.runs.complete().order_by("-number").first()
    stale = latest is not None and is_stale(period, latest)
    return [
        *survey(period.year_id),
        Obstacle("no_run", "评价计算", int(latest is None), "hard", "还没有完成的评价计算"),
        # Of a year never judged there is no last run to be out of date.
        *(
            []
            if latest is None
            else [Obstacle("stale_run", "最近的计算", int(stale), "hard", "最近一次计算之后数据又有变化")]
        ),
    ]


def is_stale(period: EvaluationPeriod, latest: Run) -> bool:
    """Whether a fact was written after anybody last looked whether the period has to be judged anew.

    A look that found nothing changed makes no run; the job that looked tells of it.
    """
    changed = last_change(period)
    looks = Job.objects.filter(Q(kind="nightly") | Q(kind="rescore", key=str(period.pk)), state=Job.State.SUCCEEDED)
    looked = looks.aggregate(at=Max("created_at"))["at"]
    return changed is not None and changed > max(filter(None, (latest.created_at, looked)))


def last_change(period: EvaluationPeriod) -> datetime | None:
    """When something that this period's scores depend on was last written: of the firms judged, and until its year."""
    year = period.year_id
    judged = {"firm__fact_sheets__year": year}
    moments = [
        FactSheet.objects.filter(year__in=[year - 1, year]).aggregate(at=Max("updated_at"))["at"],
        RegisterEntry.objects.filter(starts_on__year__lte=year, **judged).aggregate(at=Max("updated_at"))["at"],
        Firm.objects.filter(fact_sheets__year=year).aggregate(at=Max("updated_at"))["at"],
        StageRecord.objects.filter(year__lte=year).aggregate(at=Max("stated_at"))["at"],
    ]
    return max(filter(None, moments), default=None)
