"""What the page of a firm's form shows, and what the page is told after each save."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from firms import catalogue
from firms.catalogue import MetricSpec
from firms.importing.checks import Examined, Finding
from firms.importing.figures import plain
from firms.models import Evidence, FirmReport, Source

if TYPE_CHECKING:  # presenters and services do not know one another; a view hands the one's values to the other
    from firms.services.report_desk import Desk
    from firms.services.report_standing import Provided, Standing
    from firms.services.report_workbook import Preview
    from firms.services.reports import Saved

TONES = {"submitted": "accent", "returned": "bad", "accepted": "good"}


@dataclass(frozen=True)
class GivenView:
    """A figure somebody else stated: as written, by whom, when."""

    value: str
    source: str
    at: datetime
    typed: str  # what the firm had typed before it came in


@dataclass(frozen=True)
class RowView:
    code: str
    name: str
    unit: str
    kind: str
    help: str
    owner: str
    bounds: tuple[str, str]
    last: str
    given: GivenView | None
    state: str
    text: str
    reason: str
    edition: int
    choice: str
    findings: list[dict[str, Any]]
    opened: bool  # there is something to say or to show about it
    evidence: list[Evidence]
    needs_evidence: bool
    remark: str
    theirs: str


@dataclass(frozen=True)
class Progress:
    answered: int
    total: int
    errors: int
    warnings: int
    percent: int

    @property
    def ready(self) -> bool:
        return self.answered == self.total and not (self.errors or self.warnings)


@dataclass(frozen=True)
class FormPage:
    firm: str
    credit_code: str
    year: int
    state: str
    state_label: str
    tone: str
    edition: int
    remark: str
    due_on: date | None
    days_left: int | None
    closed: str
    may_edit: bool
    may_submit: bool
    may_withdraw: bool
    submitted_at: datetime | None
    submitted_by: str
    progress: Progress
    topics: list[tuple[str, list[RowView]]]
    own: int
    given: int
    refused: list[str] = field(default_factory=list)


def progress(examined: Examined) -> Progress:
    """Cells answered; errors besides those not answered yet; warnings without a reason."""
    ways = examined.blocking
    return Progress(
        answered=examined.answered,
        total=examined.total,
        errors=sum(finding.level == "error" and finding.code != "unanswered" for finding in ways),
        warnings=sum(finding.level == "warning" for finding in ways),
        percent=100 * examined.answered // examined.total if examined.total else 100,
    )


def form_page(
    desk: Desk, today: date, *, saved: Saved | None = None, typed: Mapping[str, Mapping[str, Any]] | None = None
) -> FormPage:
    """``saved`` and ``typed``: after a save some cells of which were refused, with what was typed into them."""
    standing, report = desk.standing, desk.standing.report
    refused = saved.refused if saved else {}
    topics: dict[str, list[RowView]] = {}
    departments = catalogue.load().departments
    for code, metric in standing.catalogue.metrics.items():
        owner = departments[metric.owner].name if metric.owner in departments else ""
        row = _row(metric, owner, standing, (typed or {}).get(code) if code in refused else None, refused.get(code))
        topics.setdefault(metric.topic or _("其他"), []).append(row)
    due_on = _due(desk)
    return FormPage(
        firm=standing.firm.name,
        credit_code=standing.firm.credit_code,
        year=standing.year,
        state=report.state,
        state_label=report.get_state_display(),
        tone=TONES.get(report.state, ""),
        edition=report.edition,
        remark=report.remarks.get("", "") if report.state == FirmReport.State.RETURNED else "",
        due_on=due_on,
        days_left=(due_on - today).days if due_on else None,
        closed=str(desk.closed) if desk.closed else "",
        may_edit=desk.may_edit,
        may_submit=desk.may_submit,
        may_withdraw=desk.may_withdraw,
        submitted_at=report.submitted_at,
        submitted_by=str(report.submitted_by or ""),
        progress=progress(standing.examined),
        topics=list(topics.items()),
        own=sum(row.given is None for rows in topics.values() for row in rows),
        given=sum(row.given is not None for rows in topics.values() for row in rows),
        refused=[f"{standing.catalogue.metrics[code].name}：{why['message']}" for code, why in refused.items()
                 if code in standing.catalogue.metrics],
    )  # fmt: skip


def _due(desk: Desk) -> date | None:
    days = [desk.data_year.firms_due_on if desk.data_year else None, desk.extension.due_on if desk.extension else None]
    return max((day for day in days if day), default=None)


def _row(
    metric: MetricSpec, owner: str, standing: Standing, typed: Mapping[str, Any] | None, refused: Mapping | None
) -> RowView:
    code, report = metric.code, standing.report
    cell = report.cells.get(code) or {}
    mine = typed or cell
    findings = standing.examined.of(code)
    given = standing.provided.get(code)
    return RowView(
        code=code,
        name=metric.name,
        unit=metric.unit,
        kind=metric.kind,
        help=metric.help_text,
        owner=owner,
        bounds=tuple("" if bound is None else repr(bound) for bound in (metric.minimum, metric.maximum)),  # type: ignore[arg-type]
        last=shown(standing.last_year.get(code), metric),
        given=_given(given, cell, metric) if given else None,
        state=str(mine.get("state", "")),
        text=str(mine.get("text", "")),
        reason=str(mine.get("reason", "")),
        edition=int(cell.get("edition", 0)),
        choice=choice(mine, metric),
        findings=[finding.as_dict() for finding in quiet(findings, cell)],
        opened=bool(mine.get("reason") or standing.evidence.get(code))
        or any(finding.level == "warning" or finding.code == "evidence_required" for finding in findings),
        evidence=list(standing.evidence.get(code, ())),
        needs_evidence=metric.needs_evidence,
        remark=report.remarks.get(code, "") if report.state == FirmReport.State.RETURNED else "",
        theirs=told(refused["theirs"]) if refused and refused.get("theirs") else "",
    )


def quiet(findings: list[Finding], cell: Mapping[str, Any]) -> list[Finding]:
    """A cell nobody has touched is not scolded for being empty; the progress counts it."""
    return [finding for finding in findings if finding.code != "unanswered" or cell]


def choice(cell: Mapping[str, Any], metric: MetricSpec) -> str:
    """Which of the page's choices a cell stands for: value, zero, none; yes, no for a flag; "" for none yet."""
    state = str(cell.get("state", ""))
    if metric.kind != "flag" or state == "none" or not state:
        return state
    return "no" if state == "zero" or str(cell.get("text", "")).strip() in {"否", "0"} else "yes"


def told(cell: Mapping[str, Any]) -> str:
    """A cell in words: its text, or what was confirmed."""
    state = cell.get("state")
    if state == "zero":
        return _("确认为零")
    if state == "none":
        return _("未提供")
    return str(cell.get("text", "")).strip() or _("空")


def shown(value: float | None, metric: MetricSpec) -> str:
    """A figure as pages write it, with a minus sign (a cell's own text stays as typed); a dash for none."""
    if value is None:
        return "—"
    if metric.kind == "flag":
        return _("是") if value else _("否")
    return plain(value).replace("-", "−")


def source_name(given: Provided) -> str:
    return given.department or str(Source(given.source).label)


def _given(given: Provided, cell: Mapping[str, Any], metric: MetricSpec) -> GivenView:
    typed = told(cell) if cell.get("state") else ""
    return GivenView(shown(given.value, metric), source_name(given), given.filed_at, typed)


def after_save(saved: Saved) -> dict[str, Any]:
    """The page's answer to an autosave: new editions, refused cells with the other text, findings of every cell, progress."""
    standing = saved.standing
    return {
        "edition": standing.report.edition,
        "editions": saved.editions,
        "refused": {
            code: why | {"told": told(why["theirs"]) if why["theirs"] else ""} for code, why in saved.refused.items()
        },
        "findings": _findings(standing),
        "progress": _counts(standing),
    }


def state(desk: Desk) -> dict[str, Any]:
    """What the page is told after a file came or went: findings of every cell, progress."""
    return {"findings": _findings(desk.standing), "progress": _counts(desk.standing)}


def _findings(standing: Standing) -> dict[str, list[dict[str, Any]]]:
    cells = standing.report.cells
    return {
        code: [finding.as_dict() for finding in quiet(standing.examined.of(code), cells.get(code) or {})]
        for code in standing.catalogue.metrics
        if code not in standing.provided
    }


def _counts(standing: Standing) -> dict[str, Any]:
    counted = progress(standing.examined)
    return {
        "answered": counted.answered, "total": counted.total, "errors": counted.errors, "warnings": counted.warnings,
        "percent": counted.percent, "ready": counted.ready,
    }  # fmt: skip


@dataclass(frozen=True)
class PreviewRow:
    code: str
    name: str
    before: str
    after: str
    state: str
    text: str
    reason: str
    edition: int
    findings: list[dict[str, Any]]


@dataclass(frozen=True)
class PreviewView:
    """What a workbook would change: rows to look at, rows not taken with their reasons, and how many say nothing new."""

    rows: list[PreviewRow]
    passed_over: list[tuple[str, str]]
    same: int
    progress: Progress


def workbook_preview(preview: Preview, standing: Standing) -> PreviewView:
    metrics = standing.catalogue.metrics
    return PreviewView(
        rows=[
            PreviewRow(
                code=one.change.code,
                name=str(metrics[one.change.code].name),
                before=told({"state": one.before.state, "text": one.before.text}) if one.before.state else "—",
                after=told({"state": one.after.state, "text": one.after.text}),
                state=one.change.state,
                text=one.change.text,
                reason=one.change.reason,
                edition=one.change.edition,
                findings=[finding.as_dict() for finding in preview.examined.of(one.change.code)],
            )
            for one in preview.differences
        ],
        passed_over=preview.passed_over,
        same=preview.same,
        progress=progress(preview.examined),
    )
