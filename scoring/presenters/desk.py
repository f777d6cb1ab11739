"""积分办工作台: what waits to be done, and how far each period has come."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from firms.models import (
    DataYear,
    Enrolment,
    FactSheet,
    FirmReport,
    ImportBatch,
    Job,
    Objection,
    RegisterClaim,
    Reopening,
    User,
)
from firms.presenters.jobs import JobView, job
from scoring.models import Announcement, EvaluationPeriod, Scheme
from scoring.presenters.office import PeriodLine, period_lines


@dataclass(frozen=True)
class Queue:
    """Something that waits for somebody, how much of it, and where it is dealt with ("" where there is no page)."""

    label: str
    count: int
    unit: str
    url: str


@dataclass(frozen=True)
class Desk:
    periods: list[PeriodLine]
    queues: list[Queue]
    openable_years: list[int]
    schemes: list[Scheme]
    failed_jobs: list[JobView]
    open_jobs: list[JobView]


def desk(user: User) -> Desk:
    """Constant queries, whatever the number of periods."""
    lines = period_lines(EvaluationPeriod.objects.visible_to(user).order_by("-year_id"))
    judged = {line.year for line in lines}
    with_facts = set(FactSheet.objects.values_list("year", flat=True).distinct().order_by())
    with_facts |= set(DataYear.objects.values_list("year", flat=True))
    return Desk(
        periods=lines,
        queues=_queues(user),
        openable_years=sorted(with_facts - judged, reverse=True),
        schemes=list(Scheme.objects.order_by("code", "-pk")),
        failed_jobs=[
            job(row) for row in Job.objects.visible_to(user).filter(state=Job.State.FAILED).order_by("-pk")[:5]
        ],
        open_jobs=[job(row) for row in Job.objects.visible_to(user).open().order_by("-pk")[:5]],
    )


def _queues(user: User) -> list[Queue]:
    """What waits in the years whose facts may still change."""
    open_years = DataYear.objects.filter(locked_at__isnull=True).values("year")
    reports = FirmReport.objects.visible_to(user).filter(year__in=open_years)
    batches = ImportBatch.objects.visible_to(user)
    sheets = FactSheet.objects.visible_to(user).filter(year__in=open_years, has_conflicts=True)
    objections = Objection.objects.visible_to(user).filter(state=Objection.State.OPEN)
    claims = RegisterClaim.objects.visible_to(user).filter(state=RegisterClaim.State.SUBMITTED)
    enrolments = Enrolment.objects.filter(state=Enrolment.State.PENDING)
    reopenings = Reopening.objects.filter(decided_at__isnull=True, report__in=reports)
    waiting = [
        (_("待审核的填报表"), reports.filter(state=FirmReport.State.SUBMITTED), _("份"), "scoring:review", ""),
        (_("待复核的重新开放"), reopenings, _("份"), "scoring:review", "#reopenings"),
        (_("数据有冲突的企业"), sheets, _("家次"), "firms:conflicts", ""),
        (_("待答复的异议"), objections, _("件"), "firms:objections", ""),
        (_("待核验的台账申报"), claims, _("件"), "firms:claim_queue", ""),
        (_("待审批的企业注册"), enrolments, _("件"), "firms:enrolments", ""),
        (
            _("等待确认的导入"),
            batches.filter(state=ImportBatch.State.PLANNED),
            _("批"),
            "firms:imports",
            "?state=planned",
        ),
        (
            _("未发布的公告草稿"),
            Announcement.objects.visible_to(user).filter(state=Announcement.State.DRAFT),
            _("篇"),
            "scoring:office_announcements",
            "?state=draft",
        ),
        (_("有待匹配企业的批次"), batches.unmatched(), _("批"), "firms:imports", "?state=unmatched"),
    ]
    return [Queue(label, rows.count(), unit, _url(name, more)) for label, rows, unit, name, more in waiting]


def _url(name: str, more: str) -> str:
    try:
        return reverse(name) + more
    except NoReverseMatch:
        return ""
