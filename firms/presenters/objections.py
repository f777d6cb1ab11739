"""异议: a firm's own, a department's to answer, and the cell that one is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from firms.models import DataYear, Evidence, FactSheet, Firm, Metric, Objection, Role, Source, User
from firms.permissions import may_write_for
from firms.presenters.figures import Origin, filings_of, origin, shown

PAGE = 30
State = Objection.State
TONES = {"open": "accent", "upheld": "good", "rejected": "bad", "withdrawn": "muted"}


@dataclass(frozen=True)
class ObjectionLine:
    objection: Objection
    stated: str
    claimed: str
    state: str
    tone: str
    due: str
    late: bool


@dataclass(frozen=True)
class ObjectionList:
    lines: list[ObjectionLine]
    states: list[tuple[str, str, int, bool]]
    state: str
    q: str
    own: bool
    older: int | None


def objection_list(user: User, *, state: str = "", q: str = "", before: int = 0) -> ObjectionList:
    """A firm's objections, or those a department (the office: all) has to answer; open ones by their day, others newest first."""
    objections = Objection.objects.visible_to(user)
    own = user.role == Role.FIRM
    if q:
        objections = objections.filter(firm__in=Firm.objects.matching(q).values("pk"))
    counts = dict(objections.order_by().values_list("state").annotate(many=Count("pk")))
    if state not in State.values:
        state = "" if own else State.OPEN
    found = objections.select_related("firm", "metric", "department")
    if state:
        found = found.filter(state=state)
    waiting = state == State.OPEN
    if before:
        found = found.filter(pk__gt=before) if waiting else found.filter(pk__lt=before)
    # Numbered as they came in, and all with the same time to answer: the first is due first.
    rows = list(found.order_by("pk" if waiting else "-pk")[: PAGE + 1])
    states = [(one.value, str(one.label), counts.get(one, 0), one == state) for one in State]
    if own:
        states.insert(0, ("", _("全部"), sum(counts.values()), not state))
    return ObjectionList(
        lines=[_line(row) for row in rows[:PAGE]],
        states=states,
        state=state,
        q=q,
        own=own,
        older=rows[PAGE - 1].pk if len(rows) > PAGE else None,
    )


def _line(row: Objection) -> ObjectionLine:
    late = row.state == State.OPEN and row.due_on is not None and row.due_on < timezone.localdate()
    return ObjectionLine(
        objection=row,
        stated=shown(row.stated, row.metric),
        claimed=shown(row.claimed, row.metric),
        state=row.get_state_display(),
        tone=TONES[row.state],
        due=f"{row.due_on:%Y-%m-%d}" if row.due_on else "",
        late=late,
    )


@dataclass(frozen=True)
class ObjectionPage:
    """One objection. ``now``: the figure in force today, where it is not the one objected to any more."""

    line: ObjectionLine
    origin: Origin
    now: str
    corrected: str
    suggested: str
    files: list[Evidence]
    own: bool
    may_answer: bool
    may_withdraw: bool
    locked: bool

    @property
    def objection(self) -> Objection:
        return self.line.objection


def objection_page(user: User, pk: int) -> ObjectionPage:
    """Raises Objection.DoesNotExist for one this person may not see."""
    row = (
        Objection.objects.visible_to(user)
        .select_related("firm", "metric", "department", "raised_by", "answered_by", "correction")
        .get(pk=pk)
    )
    sheet = FactSheet.objects.filter(firm=row.firm_id, year=row.year).first()
    now = sheet.values.get(row.metric.code) if sheet else None
    own, is_open = user.role == Role.FIRM, row.state == State.OPEN
    correction = row.correction.values.get(row.metric.code) if row.correction else None
    return ObjectionPage(
        line=_line(row),
        origin=origin(filings_of({row.filing_id})[row.filing_id], user),
        now=shown(now, row.metric) if now != row.stated and is_open else "",
        corrected=shown(correction, row.metric) if correction is not None else "",
        suggested="" if row.claimed is None else shown(row.claimed, row.metric, unit=False).replace(",", ""),
        files=list(Evidence.objects.filter(objection=row, removed_at__isnull=True).order_by("pk")),
        own=own,
        may_answer=is_open and may_write_for(user, row.department),
        may_withdraw=is_open and own,
        locked=DataYear.objects.filter(year=row.year, locked_at__isnull=False).exists(),
    )


@dataclass(frozen=True)
class CellView:
    """The cell a firm is about to object to; ``why_not`` says why it cannot."""

    firm: Firm
    year: int
    metric: Metric
    value: str
    who: str
    filed_at: datetime | None
    why_not: str


def cell_view(user: User, credit_code: str, year: int, metric: str) -> CellView:
    """What is stated, by whom and when. Raises Firm.DoesNotExist or Metric.DoesNotExist."""
    firms = Firm.objects.visible_to(user).order_by("name")
    firm = firms.get(credit_code=credit_code) if credit_code else firms[:1].get()
    chosen = Metric.objects.select_related("owner").get(code=metric)
    sheet = FactSheet.objects.filter(firm=firm, year=year).first()
    filing = filings_of({sheet.winners.get(metric, 0)}).get(sheet.winners.get(metric, 0)) if sheet else None
    if sheet is None or filing is None:
        return CellView(firm, year, chosen, "—", "", None, _("该数据项还没有部门提供的数值，请在填报表中自行填报。"))
    open_one = Objection.objects.filter(firm=firm, year=year, metric=chosen, state=State.OPEN).first()
    why_not = ""
    if DataYear.objects.filter(year=year, locked_at__isnull=False).exists():
        why_not = _("%d年度的数据已锁定，不再受理对单个数值的异议；认为评价结果有误的，请书面联系积分办。") % year
    elif filing.source == Source.FIRM:
        why_not = _("现有数值是本企业填报的，请在填报表中更正，不需要提异议。")
    elif open_one is not None:
        why_not = _("对该数值已有一件异议待答复。")
    who = filing.department.name if filing.department else filing.get_source_display()
    return CellView(firm, year, chosen, shown(sheet.values[metric], chosen), who, filing.filed_at, why_not)
