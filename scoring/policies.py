"""Does the state allow it? What stands in the way of locking a period, over the facts and over the judgement of them; which
bands an honour list may have."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from django.db.models import Max, Q
from django.utils.translation import gettext as _

from firms.models import FactSheet, Firm, Job, RegisterEntry
from firms.services.obstacles import Obstacle, survey
from firms.services.refusal import Refusal
from scoring.models import EvaluationPeriod, Run, StageRecord

USUAL_BANDS = (5, 10, 20)  # % of the ranked firms of a stage or industry
MOST_BANDS = 6


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


def honour_bands(bands: Sequence[int]) -> list[int]:
    """The bands, or a refusal (400): one to six whole per cents from 1 to 100, each above the one before."""
    found = list(bands)
    fits = 0 < len(found) <= MOST_BANDS and all(isinstance(band, int) and 1 <= band <= 100 for band in found)
    if not fits or any(low >= high for low, high in pairwise(found)):
        raise Refusal(
            "bad_bands", _("档次应为1至6个从小到大的整数百分比，不超过100。"), place=_("档次"),
            hint=_("例如：5、10、20。"), status=400,
        )  # fmt: skip
    return found


def bands_in_words(bands: Sequence[int]) -> str:
    """前5%、前10%、前20%."""
    return "、".join(_("前%d%%") % band for band in bands)


def band_names(bands: Sequence[int]) -> list[str]:
    """前5%, 前5%～10%, 前10%～20%: a band holds whom the one before does not."""
    below = [_("前%(low)d%%～%(high)d%%") % {"low": low, "high": high} for low, high in pairwise(bands)]
    return [_("前%d%%") % bands[0], *below] if bands else []
