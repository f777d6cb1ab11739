"""What if a firm's figures were different: its new score and rank, what each figure is worth, the cheapest way up.

The other firms stay as they are and so do the references (those of `evaluation`): a firm asks what it can do, not
what the zone will do. Every variant is judged by the engine itself, many at once as the rows of one small cohort.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.engine.cohort import Cohort, History, Registers
from scoring.engine.evaluate import SCORED, STATUSES, Evaluation, evaluate
from scoring.engine.scheme import Scheme

Floats = NDArray[np.float64]
Changes = Mapping[str, float]


@dataclass(frozen=True)
class Outcome:
    """The firm with its figures changed. total in points, units in whole units of the last decimal; ranks 0 = unranked."""

    changes: dict[str, float]
    status: str
    stage: str
    total: float
    units: int
    rank_overall: int
    rank_stage: int


class Firm:
    """One firm of an evaluated cohort, to try changes on. Raises KeyError for an unknown key."""

    def __init__(self, evaluation: Evaluation, cohort: Cohort, key: str) -> None:
        self.evaluation, self.cohort, self.key = evaluation, cohort, key
        self.place = cohort.keys.index(key) if key in cohort.keys else -1
        if self.place < 0:
            raise KeyError(key)
        others = evaluation.status == SCORED
        others[self.place] = False
        self._others = np.sort(evaluation.total_cents[others])
        self._by_stage = [
            np.sort(evaluation.total_cents[others & (evaluation.stage == place)])
            for place in range(len(evaluation.scheme.stages))
        ]

    def figures(self) -> dict[str, float]:
        """This year's metrics of the firm, those that are known."""
        found = {name: float(column[self.place]) for name, column in self.cohort.current.items()}
        return {name: value for name, value in found.items() if not np.isnan(value)}

    def judge(self, variants: Sequence[Changes]) -> Evaluation:
        """The engine's verdict on each variant (row i = variant i). Raises ValueError for an unknown metric."""
        unknown_metrics(self.evaluation.scheme, variants)
        cohort = repeated(self.cohort, self.place, len(variants))
        current = {name: np.array(column) for name, column in cohort.current.items()}
        for row, changes in enumerate(variants):
            for name, value in changes.items():
                current.setdefault(name, np.full(len(variants), np.nan))[row] = value
        return evaluate(self.evaluation.scheme, replace(cohort, current=current), references=self.evaluation.references)

    def what_if(self, variants: Sequence[Changes]) -> list[Outcome]:
        """Score and rank of each variant, the other firms as published."""
        e = self.judge(variants)
        outcomes = []
        for row, changes in enumerate(variants):
            stage, units = int(e.stage[row]), int(e.total_cents[row])
            ranked = bool(e.status[row] == SCORED)
            outcomes.append(
                Outcome(
                    changes=dict(changes),
                    status=STATUSES[e.status[row]],
                    stage=e.scheme.stages[stage].code if stage >= 0 else "",
                    total=float(e.total[row]),
                    units=units,
                    rank_overall=_rank(self._others, units) if ranked else 0,
                    rank_stage=_rank(self._by_stage[stage], units) if ranked else 0,
                )
            )
        return outcomes


def unknown_metrics(scheme: Scheme, variants: Sequence[Changes]) -> None:
    """Raises ValueError for a metric the scheme does not know."""
    unknown = {name for changes in variants for name in changes} - set(scheme.metrics)
    if unknown:
        raise ValueError(f"没有这样的数据项:{'、'.join(sorted(unknown))}")


def _rank(others: NDArray[Any], units: int) -> int:
    return 1 + len(others) - int(np.searchsorted(others, units, side="right"))


def repeated(cohort: Cohort, place: int, times: int) -> Cohort:
    """A cohort of `times` copies of one firm."""
    rows = np.full(times, place)

    def columns(table: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        return {name: column[rows] for name, column in table.items()}

    r, h = cohort.registers, cohort.history
    assert isinstance(h, History)
    mine = np.flatnonzero(r.firm == place)
    entries = np.tile(mine, times)
    return Cohort(
        keys=[f"{cohort.keys[place]}#{copy}" for copy in range(times)],
        year=cohort.year,
        as_of=cohort.as_of,
        current=columns(cohort.current),
        previous=columns(cohort.previous),
        dates=columns(cohort.dates),
        groups=columns(cohort.groups),
        registers=Registers(
            firm=np.repeat(np.arange(times, dtype=np.int32), len(mine)),
            kind=replace(r.kind, codes=r.kind.codes[entries]),
            category=replace(r.category, codes=r.category.codes[entries]),
            level=replace(r.level, codes=r.level.codes[entries]),
            starts=r.starts[entries],
            ends=r.ends[entries],
            amount=r.amount[entries],
            quantity=r.quantity[entries],
        ),
        history=History(**{name: getattr(h, name)[rows] for name in History.__dataclass_fields__}),
        overrides=columns(cohort.overrides),
    )


@dataclass(frozen=True)
class Gain:
    """What more (or less) of one metric is worth: the step tried, and the change of the total up and down, in points."""

    metric: str
    value: float
    step: float
    up: float
    down: float


def marginal_gains(firm: Firm, steps: Mapping[str, float] | None = None, share: float = 0.1) -> list[Gain]:
    """Change of the unrounded total when each metric alone grows or shrinks by a step; best first.

    steps: metric → step; by default `share` of the value (1 where the value is 0 or not provided). A figure that is not
    provided starts from 0. A step down never makes a positive figure negative.
    """
    figures = firm.figures()
    chosen = dict(steps) if steps is not None else {}
    names = list(chosen or firm.evaluation.scheme.metrics_used)
    rows: list[Changes] = [{}]
    tried = []
    for name in names:
        value = figures.get(name, 0.0)
        step = chosen.get(name) or abs(value) * share or 1.0
        lower = max(0.0, value - step) if value >= 0 else value - step
        tried.append((name, value, step))
        rows += [{name: value + step}, {name: lower}]
    totals = firm.judge(rows).unrounded
    found = [
        Gain(name, value, step, float(totals[1 + 2 * i] - totals[0]), float(totals[2 + 2 * i] - totals[0]))
        for i, (name, value, step) in enumerate(tried)
    ]
    return sorted(found, key=lambda gain: (-gain.up, gain.metric))
