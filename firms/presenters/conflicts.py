"""冲突: what the sources disagree on, for whoever owns the metric; what was decided; how often each source was found wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from firms.importing.fold import contenders, fingerprint
from firms.models import (
    DataYear,
    Decision,
    Evidence,
    FactSheet,
    Filing,
    Firm,
    FirmReport,
    ImportBatch,
    Metric,
    Role,
    Source,
    User,
)  # fmt: skip
from firms.presenters.figures import Origin, difference, filings_of, origin, shown

PAGE = 20
HANDED_IN = (FirmReport.State.SUBMITTED, FirmReport.State.ACCEPTED)


@dataclass(frozen=True)
class Side:
    """One of the disagreeing statements. ``counts``: scoring uses it now. A firm's own comes with what it said of the
    figure and the files behind it."""

    filing: int
    value: str
    origin: Origin
    counts: bool
    said: str = ""
    files: list[Evidence] = field(default_factory=list)


@dataclass(frozen=True)
class Conflict:
    firm: Firm
    year: int
    metric: Metric
    sides: list[Side]
    difference: str
    seen: str
    anchor: str


@dataclass(frozen=True)
class Rule:
    """What a rule would decide: ``count`` cells of the metric chosen to one source."""

    source: str
    label: str
    count: int


@dataclass(frozen=True)
class ConflictPage:
    conflicts: list[Conflict]
    metrics: list[tuple[str, str, int, bool]]
    years: list[tuple[int, bool]]
    year: int | None
    metric: Metric | None
    q: str
    total: int
    locked: bool
    rules: list[Rule]
    next_after: int | None


def metrics_of(user: User) -> dict[str, Metric]:
    """The metrics whose conflicts this person reads: a department its own, the office all; code → metric (one query)."""
    metrics = Metric.objects.select_related("owner")
    if user.role == Role.DEPARTMENT:
        metrics = metrics.filter(owner=user.department_id)
    elif user.role != Role.OFFICE:
        metrics = metrics.none()
    return {metric.code: metric for metric in metrics}


def conflict_page(
    user: User, *, year: int | None = None, metric: str = "", q: str = "", after: int = 0
) -> ConflictPage:
    """Open conflicts of one year (default: the latest that has any), a page of firms at a time."""
    metrics = metrics_of(user)
    disputed = FactSheet.objects.disputed(metrics)
    years = sorted(disputed.order_by().values_list("year", flat=True).distinct(), reverse=True)
    year = year if year in years else (years[0] if years else None)
    chosen = metrics.get(metric)
    sheets = disputed.filter(year=year or 0)
    if q:
        sheets = sheets.filter(firm__in=Firm.objects.matching(q).values("pk"))
    counts = _counts(sheets, metrics)
    narrowed = sheets.disputed([chosen.code]) if chosen else sheets
    found = list(narrowed.filter(pk__gt=after).select_related("firm").order_by("pk")[: PAGE + 1])
    shown_metrics = {chosen.code: chosen} if chosen else metrics
    locked = DataYear.objects.filter(year=year or 0, locked_at__isnull=False).exists()
    return ConflictPage(
        conflicts=_conflicts(found[:PAGE], shown_metrics, user),
        metrics=[
            (m.code, m.name, counts[m.code], m == chosen) for m in metrics.values() if counts[m.code] or m == chosen
        ],
        years=[(one, one == year) for one in years],
        year=year,
        metric=chosen,
        q=q,
        total=counts[chosen.code] if chosen else sum(counts.values()),
        locked=locked,
        rules=_rules(narrowed, chosen) if chosen and not locked else [],
        next_after=found[PAGE - 1].pk if len(found) > PAGE else None,
    )


def _counts(sheets, metrics: dict[str, Metric]) -> dict[str, int]:
    """Conflicts by metric (one query, however many metrics)."""
    if not metrics:
        return {}
    return sheets.aggregate(**{code: Count("pk", filter=Q(conflicts__has_key=code)) for code in metrics})


def _conflicts(sheets: list[FactSheet], metrics: dict[str, Metric], user: User) -> list[Conflict]:
    cells = [
        (sheet, metrics[code], contenders(code, sheet.values, sheet.winners, sheet.conflicts))
        for sheet in sheets
        for code in sheet.conflicts
        if code in metrics
    ]
    filings = filings_of({filing for _sheet, _metric, cell in cells for filing, _value in cell})
    own = _OwnWords(sheets)
    return [
        Conflict(
            firm=sheet.firm,
            year=sheet.year,
            metric=metric,
            sides=[
                Side(
                    filing,
                    shown(value, metric),
                    origin(filings[filing], user),
                    at == 0,
                    *(own.of(sheet.firm_id, metric.code) if filings[filing].source == Source.FIRM else ()),
                )
                for at, (filing, value) in enumerate(cell)
            ],
            difference=difference(min(v for _f, v in cell), max(v for _f, v in cell)),
            seen=fingerprint(cell),
            anchor=f"c{sheet.pk}-{metric.code}",
        )
        for sheet, metric, cell in cells
    ]


class _OwnWords:
    """What firms said of their figures in the form they handed in, and the files behind them (two queries)."""

    def __init__(self, sheets: list[FactSheet]) -> None:
        firms, years = {sheet.firm_id for sheet in sheets}, {sheet.year for sheet in sheets}
        forms = FirmReport.objects.filter(firm__in=firms, year__in=years, first_submitted_at__isnull=False)
        # What is being mended is nobody else's to read until it is handed in again.
        self.cells: dict[int, dict] = {
            firm: cells if state in HANDED_IN else {}
            for firm, state, cells in forms.values_list("firm_id", "state", "cells")
        }
        self.files: dict[tuple[int, str], list[Evidence]] = {}
        behind = Evidence.objects.filter(firm__in=self.cells, year__in=years, removed_at__isnull=True)
        for file in behind.exclude(metric="").order_by("pk"):
            self.files.setdefault((file.firm_id, file.metric), []).append(file)

    def of(self, firm: int, metric: str) -> tuple[str, list[Evidence]]:
        cell = self.cells.get(firm, {}).get(metric) or {}
        return str(cell.get("reason", "")), self.files.get((firm, metric), [])


def _rules(sheets, metric: Metric) -> list[Rule]:
    """For each source, how many of these conflicts it has a figure in: what a rule for it would decide (two queries)."""
    cells = [cell for _code, cell in sheets.disputants([metric.code])]
    ids = {filing for cell in cells for filing in cell}
    sources = dict(Filing.objects.with_ids(ids).values_list("pk", "source"))
    counts = dict.fromkeys(Source.values, 0)
    for cell in cells:
        for filing in cell:
            counts[sources[filing]] += 1
    return [Rule(source, str(Source(source).label), count) for source, count in counts.items() if count]


STATES = {"holds": (lazy("生效中"), "good"), "lapsed": (lazy("已失效"), "accent"), "revoked": (lazy("已撤销"), "muted")}


@dataclass(frozen=True)
class DecisionLine:
    """``why`` says what ended a decision that no longer holds."""

    decision: Decision
    metric: Metric
    source: str
    value: str
    against: list[tuple[str, str]]
    state: str
    tone: str
    why: str
    may_revoke: bool


@dataclass(frozen=True)
class DecisionPage:
    lines: list[DecisionLine]
    q: str
    older: int | None


def decision_page(user: User, *, q: str = "", before: int = 0) -> DecisionPage:
    """What was decided on this person's metrics, newest first, and whether each still holds (five queries)."""
    metrics = metrics_of(user)
    decisions = Decision.objects.visible_to(user).select_related("firm", "decided_by", "revoked_by", "filing__batch")
    if q:
        decisions = decisions.filter(firm__in=Firm.objects.matching(q).values("pk"))
    if before:
        decisions = decisions.filter(pk__lt=before)
    found = list(decisions.order_by("-pk")[: PAGE + 1])
    sheets = _sheets(found[:PAGE])
    locked = set(DataYear.objects.filter(locked_at__isnull=False).values_list("year", flat=True))
    lines = [_decision(row, metrics[row.metric], sheets.get((row.firm_id, row.year)), locked)
             for row in found[:PAGE] if row.metric in metrics]  # fmt: skip
    return DecisionPage(lines=lines, q=q, older=found[PAGE - 1].pk if len(found) > PAGE else None)


def _sheets(decisions: list[Decision]) -> dict[tuple[int, int], FactSheet]:
    """The sheets these decisions speak of, by firm and year (one query)."""
    about = {(row.firm_id, row.year) for row in decisions}
    rows = FactSheet.objects.filter(firm__in={firm for firm, _y in about}, year__in={year for _f, year in about})
    return {(row.firm_id, row.year): row for row in rows.only("firm_id", "year", "values", "winners", "conflicts")}


def _decision(row: Decision, metric: Metric, sheet: FactSheet | None, locked: set[int]) -> DecisionLine:
    state, why = "holds", ""
    if row.revoked_at is not None:
        state = "revoked"
        why = _("由%(who)s于%(at)s撤销") % {"who": row.revoked_by, "at": _day(row.revoked_at)}
    elif sheet is None or row.metric in sheet.conflicts or sheet.winners.get(row.metric) != row.filing_id:
        state = "lapsed"
        gone = row.filing.batch is not None and row.filing.batch.state != ImportBatch.State.APPLIED
        why = _("所采用的报送已随批次撤销") if gone else _("之后又报送了新的数值")
    label, tone = STATES[state]
    return DecisionLine(
        decision=row,
        metric=metric,
        source=str(Source(row.source).label),
        value=shown(row.value, metric),
        against=[(str(Source(source).label), shown(value, metric)) for _pk, source, value in row.against],
        state=str(label),
        tone=tone,
        why=why,
        may_revoke=row.revoked_at is None and row.year not in locked,
    )


def _day(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d}"
