"""One firm's form as a reviewer reads it: each cell beside last year, the departments, its peers, its reason and its files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from firms.catalogue import MetricSpec
from firms.importing.checks import figures_of
from firms.models import DataYear, Evidence, FirmReport, Reopening, ReportEvent
from firms.presenters.reports import shown, source_name, told
from firms.services.collection import extensions_in_force, is_running
from firms.services.report_standing import Standing, standing
from firms.services.reviews import MENDING_DAYS, changed_cells
from scoring.assembly.sheet_spreads import stages_of
from scoring.presenters.formatting import number, signed
from scoring.presenters.review_lines import TONES, Desk, last_decided

if TYPE_CHECKING:
    from firms.models import User

State = FirmReport.State
EVENTS = 12
USUAL_REASONS = (
    lazy("与部门数据不符，请核对"),
    lazy("单位有误，请按表中单位填报"),
    lazy("与上年相差过大，请核对或说明原因"),
    lazy("与统计口径不符，请按说明重新填报"),
    lazy("应只填本法人数，请剔除合并口径"),
    lazy("佐证材料缺失或不清晰，请补充"),
)


@dataclass(frozen=True)
class PeerView:
    """Quartiles as printed, of how many firms of which stage and year; ``distance`` is the robust score, "" where none."""

    lower: str
    median: str
    upper: str
    count: int
    year: int
    distance: str
    flagged: bool


@dataclass(frozen=True)
class CellView:
    code: str
    name: str
    unit: str
    help: str
    text: str
    read: str  # the number it was read as, where that is not what was typed
    last: str
    growth: str
    given: str
    given_by: str
    peers: PeerView | None
    reason: str
    findings: list[str]
    evidence: list[Evidence]
    changed: bool
    before: str
    remark: str

    @property
    def notable(self) -> bool:
        return bool(self.findings or self.reason or self.changed or self.remark or (self.peers and self.peers.flagged))


@dataclass(frozen=True)
class EventView:
    kind: str
    at: dt.datetime
    by: str
    note: str
    remarks: list[tuple[str, str]]


@dataclass(frozen=True)
class ReportPage:
    report: FirmReport
    state: str
    tone: str
    stage: str
    phase: str
    topics: list[tuple[str, list[CellView]]]
    given: list[tuple[str, str, str, str]]  # name, figure, unit, who: stated by others, not in the form
    flagged: int
    changed: int | None
    explained: int
    files: int
    can_decide: bool
    mend_until: dt.date | None  # a firm whose deadline has passed gets until then; None where it needs nothing
    reopening: Reopening | None
    may_grant: bool
    may_ask: bool
    events: list[EventView]
    usual: tuple[str, ...]
    following: int | None  # the form that has waited longest beside this one


def report_page(user: User, pk: int) -> ReportPage:
    """A constant number of queries. Raises FirmReport.DoesNotExist."""
    reports = FirmReport.objects.visible_to(user)
    report = reports.select_related("firm", "submitted_by", "decided_by").get(pk=pk)
    year = DataYear.objects.get(year=report.year)
    found = standing(report.firm, report.year, report)
    desk = Desk(report.year)
    stage = stages_of(desk.peers.run, [report.firm_id]).get(report.firm_id, "")
    before = last_decided([report.pk]).get(report.pk)
    changed = changed_cells(report.cells, before) if before is not None else None
    names = {code: metric.name for code, metric in desk.metrics.items()}
    cells = [_cell(found, desk, code, stage, before, changed or set()) for code in desk.metrics if code in report.cells]
    deciding = not year.is_locked and year.phase in (DataYear.Phase.REPORTING, DataYear.Phase.REVIEWING)
    reopening = report.reopenings.filter(decided_at__isnull=True).select_related("asked_by").first()
    waiting = (
        reports.filter(year=report.year, state=State.SUBMITTED).exclude(pk=report.pk).order_by("submitted_at", "pk")
    )
    return ReportPage(
        report=report,
        state=report.get_state_display(),
        tone=TONES[State(report.state)],
        stage=desk.stage_names.get(stage, ""),
        phase=_("已锁定") if year.is_locked else year.get_phase_display(),
        topics=_by_topic(cells, desk.metrics),
        given=[
            (names[code], shown(one.value, desk.metrics[code]), desk.metrics[code].unit, source_name(one))
            for code, one in found.provided.items()
            if code in names and code not in report.cells
        ],
        flagged=sum(bool(cell.peers and cell.peers.flagged) for cell in cells),
        changed=None if changed is None else len(changed),
        explained=sum(bool(cell.reason) for cell in cells),
        files=sum(len(cell.evidence) for cell in cells),
        can_decide=deciding and report.state == State.SUBMITTED,
        mend_until=_mend_until(report, year),
        reopening=reopening,
        may_grant=deciding and reopening is not None and reopening.asked_by_id != user.pk,
        may_ask=deciding and reopening is None and report.state == State.ACCEPTED,
        events=_events(report, names),
        usual=tuple(str(reason) for reason in USUAL_REASONS),
        following=waiting.values_list("pk", flat=True).first(),
    )


def _by_topic(cells: list[CellView], metrics: Mapping[str, MetricSpec]) -> list[tuple[str, list[CellView]]]:
    topics: dict[str, list[CellView]] = {}
    for cell in cells:
        topics.setdefault(metrics[cell.code].topic or _("其他"), []).append(cell)
    return list(topics.items())


def _mend_until(report: FirmReport, year: DataYear) -> dt.date | None:
    if year.phase == DataYear.Phase.REPORTING and is_running(year.firms_due_on):
        return None
    if extensions_in_force(report.year).filter(firm_id=report.firm_id).exists():
        return None
    return timezone.localdate() + dt.timedelta(days=MENDING_DAYS)


def _cell(
    found: Standing, desk: Desk, code: str, stage: str, before: Mapping[str, Mapping] | None, changed: set[str]
) -> CellView:
    report, metric = found.report, desk.metrics[code]
    cell = report.cells[code]
    figure = figures_of({code: cell}, desk.metrics).get(code)
    last, given = found.last_year.get(code), found.provided.get(code)
    text = told(cell)
    read = shown(figure, metric) if figure is not None and cell.get("state") == "value" else ""
    return CellView(
        code=code,
        name=metric.name,
        unit=metric.unit,
        help=metric.help_text,
        text=text,
        read="" if read == text else read,
        last=shown(last, metric),
        growth=_growth(figure, last, metric),
        given=shown(given.value, metric) if given else "",
        given_by=source_name(given) if given else "",
        peers=_peers(desk, code, stage, figure),
        reason=str(cell.get("reason", "")).strip(),
        findings=[finding.message for finding in found.examined.of(code) if finding.level != "notice"],
        evidence=list(found.evidence.get(code, ())),
        changed=code in changed,
        before=told((before or {}).get(code) or {}) if code in changed else "",
        remark=report.remarks.get(code, ""),
    )


def _growth(figure: float | None, last: float | None, metric: MetricSpec) -> str:
    if figure is None or not last or metric.kind == "flag" or last < 0:
        return ""
    return f"{signed(100 * (figure - last) / last, 1)}%"


def _peers(desk: Desk, code: str, stage: str, figure: float | None) -> PeerView | None:
    peers, year = desk.peers.find(stage, code)
    metric = desk.metrics[code]
    if peers is None or metric.kind == "flag":
        return None
    score = None if figure is None else desk.score(code, figure, stage)
    lower, median, upper = (number(value, most=2) for value in (peers.lower, peers.median, peers.upper))
    return PeerView(
        lower, median, upper, peers.count, year, "" if score is None else number(score, 1), figure is not None and desk.flags(code, figure, stage)
    )  # fmt: skip


def _events(report: FirmReport, names: Mapping[str, str]) -> list[EventView]:
    events: list[ReportEvent] = list(report.events.select_related("by").defer("cells").order_by("-id")[:EVENTS])
    return [
        EventView(
            event.get_kind_display(), event.at, str(event.by) if event.by else _("系统"), event.note,
            [(names.get(code, code) if code else _("整张表"), why) for code, why in event.remarks.items()],
        )
        for event in events
    ]  # fmt: skip
