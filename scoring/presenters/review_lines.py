"""One line a form under review: how much it says, what of it is unusual among its peers, what changed since the last decision."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.utils import timezone

from firms.catalogue import MetricSpec
from firms.importing.checks import SMALL, figures_of
from firms.models import FirmReport, ReportEvent
from firms.services import catalogue
from firms.services.reviews import changed_cells
from scoring.assembly.sheet_spreads import Measured, measured, stages_of
from scoring.engine.outliers import distance, is_flagged
from scoring.models import Run
from scoring.presenters.formatting import brief
from scoring.presenters.office import stage_names

State = FirmReport.State
TONES = {State.SUBMITTED: "accent", State.RETURNED: "bad", State.ACCEPTED: "good", State.DRAFT: "muted"}
DECISIONS = (ReportEvent.Kind.RETURNED, ReportEvent.Kind.ACCEPTED)


@dataclass(frozen=True)
class Line:
    """``flagged``: (metric, figure) far from its peers; ``changed``: cells that differ from the last decision's, None before one."""

    pk: int
    edition: int
    firm: str
    credit_code: str
    stage: str
    state: str
    tone: str
    waiting: bool
    submitted_at: dt.datetime | None
    waited: int | None  # days
    answered: int
    explained: int
    flagged: list[tuple[str, str]]
    changed: int | None


class Desk:
    """What every form of a year is looked at with: the catalogue and the peers, read once."""

    def __init__(self, year: int, topic: str = "") -> None:
        self.year = year
        every = catalogue.in_force().metrics
        self.metrics: Mapping[str, MetricSpec] = every
        self.topics = list(dict.fromkeys(metric.topic for metric in every.values() if metric.topic))
        self.codes = [code for code, metric in every.items() if not topic or metric.topic == topic]

    @cached_property
    def peers(self) -> Measured:
        return measured(self.year)

    @cached_property
    def stage_names(self) -> dict[str, str]:
        run = Run.objects.select_related("scheme").filter(pk=self.peers.run or 0).first()
        return stage_names(run.scheme) if run else {}

    def lines(self, reports: Sequence[FirmReport]) -> Iterator[Line]:
        """A line a form; two queries however many."""
        stages = stages_of(self.peers.run, [report.firm_id for report in reports])
        before = last_decided([report.pk for report in reports])
        for report in reports:
            yield self._line(report, stages.get(report.firm_id, ""), before.get(report.pk))

    def _line(self, report: FirmReport, stage: str, before: Mapping[str, Mapping] | None) -> Line:
        cells = {code: report.cells[code] for code in self.codes if code in report.cells}
        figures = figures_of(cells, self.metrics)
        far = [code for code in self.codes if code in figures and self.flags(code, figures[code], stage)]
        changed = None
        if before is not None:
            changed = len(changed_cells(cells, {code: before[code] for code in self.codes if code in before}))
        return Line(
            pk=report.pk,
            edition=report.edition,
            firm=report.firm.name,
            credit_code=report.firm.credit_code,
            stage=self.stage_names.get(stage, ""),
            state=report.get_state_display(),
            tone=TONES[State(report.state)],
            waiting=report.state == State.SUBMITTED,
            submitted_at=report.submitted_at,
            waited=_days_since(report.submitted_at) if report.state == State.SUBMITTED else None,
            answered=sum(bool(cell.get("state")) for cell in cells.values()),
            explained=sum(bool(str(cell.get("reason", "")).strip()) for cell in cells.values()),
            flagged=[(self.metrics[code].name, f"{brief(figures[code])}{self.metrics[code].unit}") for code in far],
            changed=changed,
        )

    def flags(self, code: str, value: float, stage: str) -> bool:
        """Far from its peers, and by more than small change: three patents where others have one are nobody's concern."""
        peers, _year = self.peers.find(stage, code)
        kind = self.metrics[code].kind
        if peers is None or kind == "flag" or abs(value - peers.median) < SMALL.get(kind, 0.0):
            return False
        return is_flagged(value, peers)

    def score(self, code: str, value: float, stage: str) -> float | None:
        peers, _year = self.peers.find(stage, code)
        return None if self.metrics[code].kind == "flag" else distance(value, peers)


def last_decided(reports: Iterable[int]) -> dict[int, Mapping[str, Mapping]]:
    """Report id → its cells when it was last accepted or sent back (one query)."""
    events = ReportEvent.objects.filter(report__in=list(reports), kind__in=DECISIONS).order_by("id")
    return dict(events.values_list("report_id", "cells"))


def _days_since(moment: dt.datetime | None) -> int | None:
    return (timezone.now() - moment).days if moment else None
