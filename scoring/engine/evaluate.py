"""The evaluation of a cohort by a scheme: every firm, every intermediate, in one pass over columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.engine import exact, outcome, vector
from scoring.engine.adjust import Adjusted, adjust
from scoring.engine.aggregate import Tree, aggregate
from scoring.engine.cohort import Cohort
from scoring.engine.exact import to_float
from scoring.engine.indicators import MISSING, Column, score_column
from scoring.engine.inputs import digest_columns, gather
from scoring.engine.nodes import InputKey
from scoring.engine.peers import Peers, References
from scoring.engine.rank import competition
from scoring.engine.scheme import Scheme
from scoring.engine.score import CellCache, ExactScore, score_firm
from scoring.engine.vector import Frame

Floats = NDArray[np.float64]
STATUSES = ("scored", "excluded", "unclassified", "not_evaluated")
SCORED, EXCLUDED, UNCLASSIFIED, NOT_EVALUATED = range(4)
REACH = 1e-7  # of a unit of the last digit: nearer to a rounding boundary than this is decided exactly


@dataclass
class Evaluation:
    """What came out, for n firms in the order of the cohort; I indicators, D dimensions, K, L, B adjustments.

    status: index into STATUSES; stage: index into scheme.stages, -1 none. state: index into indicators.STATES. points
    and so on are 0 for firms that are not scored. total_cents: the rounded total in units of 10**-decimals.
    ranks: 0 = unranked. passed: 1, 0, or -1 where there is nothing to pass. grade: index into scheme.grades, -1 none.
    decays: the factor of each row, 1 where it does not apply. references: what a period freezes.
    """

    scheme: Scheme
    cohort: Cohort
    inputs: Mapping[InputKey, Floats] = field(repr=False)
    status: NDArray[np.int8]
    stage: NDArray[np.int8]
    needs_confirmation: NDArray[np.bool_]
    exclusions: NDArray[np.bool_]
    value: Floats
    state: NDArray[np.int8]
    fraction: Floats
    points: Floats
    at_stake: Floats
    dimensions: Floats
    weighted: Floats
    base: Floats
    deductions: Floats
    decays: Floats
    factor: Floats
    bonuses: Floats
    unrounded: Floats
    total_cents: NDArray[np.int64]
    total: Floats
    rank_overall: NDArray[np.int32]
    rank_stage: NDArray[np.int32]
    rank_industry: NDArray[np.int32]
    passed: NDArray[np.int8]
    grade: NDArray[np.int8]
    references: References
    recomputed: int = 0

    def __len__(self) -> int:
        return len(self.status)

    def records(
        self, start: int = 0, stop: int | None = None, rows: NDArray[np.int64] | None = None
    ) -> NDArray[np.uint8]:
        """Firms start…stop, or those of `rows`, as fixed-layout bytes, uint8[m, itemsize] (see record.layout)."""
        from scoring.engine.record import pack

        return pack(self, slice(start, len(self) if stop is None else stop) if rows is None else rows)

    @property
    def input_digest(self) -> str:
        """SHA-256 of the inputs, whatever the order of the firms."""
        return digest_columns(self.cohort, self.scheme, self.inputs)


def evaluate(
    scheme: Scheme,
    cohort: Cohort,
    references: Mapping[str, Any] | None = None,
    columns: Mapping[InputKey, Floats] | None = None,
) -> Evaluation:
    """Evaluate a cohort. `references` = the frozen ones of a locked period; without them they are measured.

    `columns` = inputs gathered before or archived in records: then of the cohort only keys, dates and groups are read.
    """
    columns = dict(gather(scheme, cohort) if columns is None else columns)
    frame = Frame(len(cohort), cohort.year, cohort.as_of, columns, scheme.grade_order)
    frame.stage, by_hand = classify(scheme, frame)
    status, exclusions = judge(scheme, frame)
    scored = status == SCORED
    asked = (
        vector.condition(scheme.confirmation.when.node, frame).true & ~by_hand & (frame.stage >= 0)
        if scheme.confirmation
        else np.zeros(frame.n, dtype=bool)
    )
    peers = Peers(scheme, frame.stage, scored, cohort.groups)
    frozen = references is not None
    used: References = {code: dict(cells) for code, cells in references.items()} if references is not None else {}
    found = [score_column(scheme, indicator, frame, peers, used, frozen) for indicator in scheme.indicators]
    with np.errstate(all="ignore"):
        tree = aggregate(scheme, found, frame.stage)
        adjusted = adjust(scheme, frame, tree.base)
    cells = CellCache(scheme, used)

    def exactly(i: int) -> ExactScore:
        def cell_of(indicator: Any) -> Mapping[str, Any]:
            split = peers.cells(indicator.rule.peers)
            cell = int(split.index[i])
            return cells.get(indicator, split.keys[cell], split.stages[cell])

        return score_firm(scheme, frame.row(i), cell_of)

    cents, redone = settle(scheme, scored, found, tree, adjusted, exactly)
    total = cents / 10.0 ** scheme.settings["decimals"]
    rank_overall, rank_stage, rank_industry = ranks(scheme, cohort, frame, scored, cents, found, tree, adjusted)
    passed = outcome.passes(scheme, frame, scored, found, tree, total, exactly)
    grade = outcome.grades(scheme, scored & (passed != 0), frame.stage, scored, cents, rank_stage)
    points = _collect(found, "points", frame.n)
    state = _collect(found, "state", frame.n)
    at_stake = _at_stake(scheme, state, points, scored)
    keep = scored.astype(np.float64)
    return Evaluation(
        scheme, cohort, columns, status, frame.stage, asked, exclusions,
        _collect(found, "value", frame.n), state,
        _collect(found, "fraction", frame.n), points, at_stake,
        _stack(tree.dimensions, frame.n, keep=keep), _stack(tree.weighted, frame.n, keep=keep), _kept(tree.base, keep),
        _stack(adjusted.deductions, frame.n, keep=keep), _stack(adjusted.decays, frame.n),
        adjusted.factor, _stack(adjusted.bonuses, frame.n, keep=keep), _kept(adjusted.unrounded, keep), cents, total,
        rank_overall, rank_stage, rank_industry, passed, grade, used, redone,
    )  # fmt: skip


def _kept(x: Floats, keep: Floats) -> Floats:
    return np.where(keep > 0, x, 0.0)


def _collect(found: list[Column], name: str, n: int) -> Any:
    """One figure of every indicator as [n, I]; the columns become views of it, so that it is held once."""
    block = np.empty((len(found), n), dtype=np.int8 if name == "state" else np.float64)
    for j, column in enumerate(found):
        block[j] = getattr(column, name)
        setattr(column, name, block[j])
    return block.T


def _stack(columns: list[Any], n: int, keep: Floats | None = None) -> Any:
    """Columns as [n, k]; each column is contiguous in memory."""
    block = np.empty((len(columns), n))
    for j, column in enumerate(columns):
        block[j] = column if keep is None else _kept(column, keep)
    return block.T


def _at_stake(scheme: Scheme, state: Any, points: Floats, scored: NDArray[np.bool_]) -> Floats:
    full = np.array([to_float(indicator.max_points) for indicator in scheme.indicators])
    block = np.zeros((len(full), len(state)))
    for j in range(len(full)):
        gone = (state[:, j] == MISSING) & scored
        block[j][gone] = full[j] - points[:, j][gone]
    return block.T


def classify(scheme: Scheme, frame: Frame) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Each firm's stage (first rule that holds, before any that is unknown; -1 none) and whether set by hand."""
    stage = np.full(frame.n, -1, dtype=np.int8)
    open_ = np.ones(frame.n, dtype=bool)
    for index, rule in enumerate(scheme.stages):
        if rule.when is None:
            stage[open_] = index
            continue
        truth = vector.condition(rule.when.node, frame)
        stage[open_ & truth.true] = index
        open_ &= truth.false
    manual = frame.columns[("history", "override_stage")]
    by_hand = manual >= 0
    stage[by_hand] = manual[by_hand].astype(np.int8)
    return stage, by_hand


def judge(scheme: Scheme, frame: Frame) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Each firm's status, and which exclusions hold, bool[n, X]."""
    status = np.full(frame.n, SCORED, dtype=np.int8)
    assert frame.stage is not None
    status[frame.stage < 0] = UNCLASSIFIED
    held = np.zeros((frame.n, len(scheme.exclusions)), dtype=bool)
    for j, exclusion in enumerate(scheme.exclusions):
        held[:, j] = vector.condition(exclusion.when.node, frame).true
    status[held.any(axis=1)] = EXCLUDED
    if scheme.eligibility is not None:
        status[vector.condition(scheme.eligibility.when.node, frame).false] = NOT_EVALUATED
    return status, held


def settle(
    scheme: Scheme, scored: Any, found: list[Column], tree: Tree, adjusted: Adjusted, exactly: Any
) -> tuple[NDArray[np.int64], int]:
    """Round the totals, half away from zero; whatever float64 cannot decide is computed exactly and put in its place."""
    scale = 10.0 ** scheme.settings["decimals"]
    with np.errstate(all="ignore"):
        units = np.abs(adjusted.unrounded) * scale
        error = 4 * scale * tree.error * np.ones(len(units)) + 1e-14 * units
        far = np.abs(units - np.floor(units) - 0.5) > np.maximum(error, REACH)
        doubt = scored & ~(far & (units < 2**52) & (error < 0.25))
        for mask in [tree.doubt, *(column.doubt for column in found)]:
            if mask is not None:
                doubt |= mask & scored
        cents = np.floor(np.where(scored & ~doubt, units, 0.0) + 0.5) * np.sign(adjusted.unrounded)
    result: NDArray[np.int64] = np.where(scored & ~doubt, cents, 0.0).astype(np.int64)
    rows = np.flatnonzero(doubt)
    for column in found:
        if len(rows) and not column.value.flags.writeable:  # an input column passed on as it is
            column.value = column.value.copy()
    for i in rows:
        score: ExactScore = exactly(int(i))
        result[i] = max(min(int(score.total * Fraction(10) ** scheme.settings["decimals"]), 2**63 - 1), -(2**63))
        adjusted.unrounded[i] = to_float(score.adjusted.unrounded)
        tree.base[i] = to_float(score.tree.base)
        for column, item in zip(found, score.indicators.values(), strict=True):
            column.points[i], column.fraction[i] = to_float(item.points), to_float(item.fraction)
            column.value[i] = np.nan if item.value is None else to_float(item.value)
            column.state[i] = item.state
        for j, dimension in enumerate(scheme.dimensions):
            tree.dimensions[j][i] = to_float(score.tree.dimensions[dimension.code])
            tree.weighted[j][i] = to_float(score.tree.weighted[dimension.code])
    return result, len(rows)


def ranks(
    scheme: Scheme, cohort: Cohort, frame: Frame, scored: Any, cents: Any, found: list[Column], tree: Tree,
    adjusted: Adjusted,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Rank overall, within the stage and within the industry."""
    named = {"unrounded": adjusted.unrounded}
    named.update({i.code: column.points for i, column in zip(scheme.indicators, found, strict=True)})
    named.update({d.code: column for d, column in zip(scheme.dimensions, tree.dimensions, strict=True)})
    breakers = [named[name] for name in scheme.settings["tie_breakers"]]
    industry = cohort.groups.get("industry")
    if industry is None:
        in_industry, industry = np.zeros(frame.n, dtype=bool), np.zeros(frame.n, dtype=np.int32)
    else:
        in_industry = industry >= 0 if industry.dtype.kind in "iu" else industry.astype(str) != ""
    return (
        competition(cents, scored, None, breakers),
        competition(cents, scored, frame.stage, breakers),
        competition(cents, scored & in_industry, industry, breakers),
    )


__all__ = ["STATUSES", "Evaluation", "evaluate", "exact"]
