"""部门工作台: what waits for a department's people, and how complete its own figures are."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from firms.models import ImportBatch, Objection, RegisterClaim, User
from firms.presenters.coverage import CoveragePage, MetricLine, coverage_page, percent


@dataclass(frozen=True)
class Task:
    """``url`` is empty where the part of the site that does it is not installed."""

    label: str
    count: int
    unit: str
    hint: str
    url: str


@dataclass(frozen=True)
class DepartmentHome:
    page: CoveragePage | None
    metrics: list[MetricLine]
    share: int
    on_time_share: int | None
    tasks: list[Task]
    waiting: list[ImportBatch]
    deadline: str
    late: bool


def department_home(user: User) -> DepartmentHome:
    """For an officer of a department (a constant number of queries)."""
    page = coverage_page(user)
    metrics = [line for department in page.departments for line in department.metrics] if page else []
    expected = sum(line.expected for line in metrics)
    timed = [line.on_time for line in metrics if line.on_time is not None]
    batches = ImportBatch.objects.visible_to(user)
    waiting = list(batches.filter(state=ImportBatch.State.PLANNED).select_related("uploaded_by").order_by("-pk")[:5])
    tasks = [
        Task(_("待确认导入"), batches.filter(state=ImportBatch.State.PLANNED).count(), _("批"), _("核对预览后确认写入"), _address("firms:imports", "state=planned")),
        Task(_("待匹配企业"), batches.unmatched().count(), _("批"), _("有的行对应不到名录中的企业"), _address("firms:imports", "state=unmatched")),
        Task(_("数据冲突"), sum(line.conflicts for line in metrics), _("处"), _("与其他来源相差超过容差，请裁定"), _address("firms:conflicts", f"year={page.year}" if page else "")),
        Task(_("待答异议"), Objection.objects.visible_to(user).filter(state=Objection.State.OPEN).count(), _("件"), _("企业对本部门数据提出的异议"), _address("firms:objections")),
        Task(_("待核验申报"), RegisterClaim.objects.visible_to(user).filter(state=RegisterClaim.State.SUBMITTED).count(), _("件"), _("企业申报的资质、合同、项目等"), _address("firms:claim_queue")),
    ]  # fmt: skip
    return DepartmentHome(
        page=page,
        metrics=metrics,
        share=percent(sum(line.provided for line in metrics), expected),
        on_time_share=percent(sum(timed), expected) if timed else None,
        tasks=tasks,
        waiting=waiting,
        deadline=_deadline(page),
        late=page is not None and page.days_left is not None and page.days_left < 0,
    )


def _deadline(page: CoveragePage | None) -> str:
    if page is None or page.days_left is None:
        return ""
    if page.days_left > 0:
        return _("还有%d天") % page.days_left
    return _("今天截止") if page.days_left == 0 else _("已过%d天") % -page.days_left


def _address(name: str, query: str = "") -> str:
    try:
        return reverse(name) + (f"?{query}" if query else "")
    except NoReverseMatch:
        return ""
