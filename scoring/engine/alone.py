"""One firm judged again from its record: with changed figures, by other rules, or beside another cohort.

A record holds every input that was used, so no cohort has to be read. What the others do to a firm's score are the
references of a run; what they do to its rank are their totals.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.engine.aggregate import children, exists_in
from scoring.engine.cohort import Cohort
from scoring.engine.compare import apportion, shapley
from scoring.engine.evaluate import SCORED, Evaluation, classify, evaluate
from scoring.engine.nodes import InputKey
from scoring.engine.record import archived_inputs, layout
from scoring.engine.scheme import Indicator, Scheme
from scoring.engine.vector import Frame
from scoring.engine.whatif import Changes, Firm, unknown_metrics

Units = NDArray[np.int64]
Columns = dict[InputKey, NDArray[np.float64]]
SINCE: InputKey = ("date", "stage_since")
BEFORE: InputKey = ("history", "previous_stage")


@dataclass(frozen=True)
class Case:
    """One firm's inputs of one period. inputs: NaN = not provided; since: day its unbroken run in the stage it had in its last
    scored period began, in days since 1970, NaN unknown (a change of figures may lead back into that stage)."""

    key: str
    year: int
    as_of: dt.date
    inputs: Mapping[InputKey, float]
    groups: Mapping[str, str]
    since: float


@dataclass(frozen=True)
class Totals:
    """The totals of a run's scored firms in units of the last decimal, ascending: by stage index, and of all."""

    by_stage: tuple[Units, ...]
    everyone: Units


def case(scheme: Scheme, record: bytes, *, key: str, year: int, as_of: dt.date, since: float = np.nan) -> Case:
    """Read a record. since: taken where the record itself does not say. Raises ValueError for another scheme's record."""
    if len(record) != layout(scheme).itemsize:
        raise ValueError("积分记录与方案不符")
    columns, groups = archived_inputs(scheme, record)
    inputs = {name: float(column[0]) for name, column in columns.items()}
    stated = inputs.get(SINCE, np.nan)
    return Case(
        key, year, as_of, inputs, {name: str(column[0]) for name, column in groups.items()},
        since if np.isnan(stated) else stated,
    )  # fmt: skip


def judge(scheme: Scheme, references: Mapping[str, Any], one: Case, variants: Sequence[Changes] = ({},)) -> Evaluation:
    """The engine's verdict on each variant of a firm (row i = variant i), by these rules and references.

    An input the scheme reads and the record does not hold counts as not provided.
    """
    n = len(variants)
    columns: Columns = {
        name: np.full(n, one.inputs.get(name, 0.0 if name[0] == "manual" else np.nan)) for name in scheme.inputs
    }
    for row, changes in enumerate(variants):
        for metric, value in changes.items():
            if ("metric", metric) in columns:
                columns["metric", metric][row] = value
    columns = settled(scheme, one.year, one.as_of, columns, np.full(n, one.since))
    cohort = Cohort(
        [f"{one.key}#{row}" for row in range(n)], one.year, one.as_of, {},
        groups={name: np.full(n, text) for name, text in one.groups.items()},
    )  # fmt: skip
    return evaluate(scheme, cohort, references, columns)


def settled(scheme: Scheme, year: int, as_of: dt.date, columns: Columns, since: NDArray[np.float64]) -> Columns:
    """The columns with the beginning of the present run in a stage only where the firm is in that stage: judged by other
    figures or rules it may be in another one, of which a run that it has left says nothing."""
    if SINCE not in columns:
        return columns
    n = len(since)
    stage, _ = classify(scheme, Frame(n, year, as_of, columns, scheme.grade_order))
    same = stage == columns[BEFORE] if BEFORE in columns else np.ones(n, dtype=bool)
    return {**columns, SINCE: np.where(same, since, np.nan)}


class Alone(Firm):
    """A firm to try changes on, knowing of the others only their totals and the references they set."""

    def __init__(self, scheme: Scheme, references: Mapping[str, Any], one: Case, totals: Totals) -> None:
        self.case, self.references, self.key, self.place = one, references, one.key, 0
        self.evaluation = judge(scheme, references, one)
        self.cohort = self.evaluation.cohort
        own = int(self.evaluation.total_cents[0]) if self.evaluation.status[0] == SCORED else None
        stage = int(self.evaluation.stage[0])
        self._others = without(totals.everyone, own)
        self._by_stage = [
            without(units, own if place == stage else None) for place, units in enumerate(totals.by_stage)
        ]

    def figures(self) -> dict[str, float]:
        """This year's metrics of the firm, those that are known."""
        return {key[1]: v for key, v in self.case.inputs.items() if key[0] == "metric" and not np.isnan(v)}

    def judge(self, variants: Sequence[Changes]) -> Evaluation:
        """As Firm.judge, from the record."""
        unknown_metrics(self.evaluation.scheme, variants)
        return judge(self.evaluation.scheme, self.references, self.case, variants)

    def others(self, stage: int | None = None) -> Units:
        """The others' totals, ascending: of everyone or of one stage."""
        return self._others if stage is None else self._by_stage[stage]


def without(units: Units, one: int | None) -> Units:
    """The sorted totals without one firm's own; all of them where it is not among them."""
    if one is None:
        return units
    place = int(np.searchsorted(units, one))
    return np.delete(units, place) if place < len(units) and units[place] == one else units


def under(totals: Totals, own: Evaluation | None, judged: Evaluation) -> tuple[int, int, int]:
    """Total in units, rank overall and rank in its stage of a judged firm among the firms of `totals`; zeros if not scored.

    own: the firm as it stands in `totals` itself (not its own competitor), None where it is not among them.
    """
    if judged.status[0] != SCORED:
        return 0, 0, 0
    units, stage = int(judged.total_cents[0]), int(judged.stage[0])
    there = int(own.total_cents[0]) if own is not None and own.status[0] == SCORED else None
    its = int(own.stage[0]) if own is not None else -1
    everyone = without(totals.everyone, there)
    same = without(totals.by_stage[stage], there if its == stage else None)
    return units, _place(everyone, units), _place(same, units)


def _place(others: Units, units: int) -> int:
    return 1 + len(others) - int(np.searchsorted(others, units, side="right"))


@dataclass(frozen=True)
class World:
    """The firms of one period by one period's rules: the references they set, and their totals."""

    references: Mapping[str, Any]
    totals: Totals


@dataclass(frozen=True)
class Causes:
    """A change from one period to the next and its three parts (compare.CAUSES), in whole units that add up to it exactly."""

    before: int
    after: int
    parts: Mapping[str, int]

    @property
    def change(self) -> int:
        return self.after - self.before


def causes(
    schemes: tuple[Scheme, Scheme], cases: tuple[Case, Case], worlds: Mapping[tuple[int, int], World]
) -> tuple[Causes, Causes, Causes] | None:
    """Why a firm's total (in units), rank overall and rank in its stage changed between two periods (0 and 1).

    worlds: (whose rules, whose firms) → World; all four. As compare.split averages over the six orders in which the firm's own
    data, the rules and the other firms could have been swapped; others are here both the references and the competitors.
    None where the firm was not scored in every combination: it then has no rank to speak of.
    """
    found: dict[tuple[int, int, int], tuple[int, int, int]] = {}
    for (rules, others), world in sorted(worlds.items(), key=lambda item: item[0]):
        if rules and schemes[0].sha256 == schemes[1].sha256:  # the same rules twice: nothing to judge anew
            found |= {(data, 1, others): found[data, 0, others] for data in (0, 1)}
            continue
        judged = [judge(schemes[rules], world.references, one) for one in cases]
        for data in (0, 1):
            if judged[data].status[0] != SCORED:
                return None
            found[data, rules, others] = under(world.totals, judged[others], judged[data])
    parts = []
    for place in range(3):
        table = {key: np.array([value[place]]) for key, value in found.items()}
        change = table[1, 1, 1] - table[0, 0, 0]
        whole = apportion(shapley(table), change)
        parts.append(
            Causes(int(table[0, 0, 0][0]), int(table[1, 1, 1][0]), {name: int(v[0]) for name, v in whole.items()})
        )
    return parts[0], parts[1], parts[2]


def worth(scheme: Scheme, stage: int) -> dict[str, float] | None:
    """What one point of each indicator is worth in the base score of a stage; None where scores do not add up linearly."""
    found: dict[str, float] = {}

    def walk(code: str, method: str, share: float) -> bool:
        if method not in ("sum", "arithmetic"):
            return False
        below = [node for node in children(scheme, code) if exists_in(scheme, node, stage)]
        whole = float(sum(node.weight[stage] for node in below)) if method == "arithmetic" else 1.0
        for node in below:
            part = share * float(node.weight[stage]) / whole if whole else 0.0
            if isinstance(node, Indicator):
                found[node.code] = part
            elif not walk(node.code, node.method, part):
                return False
        return True

    return found if walk("", scheme.method, 1.0) else None
