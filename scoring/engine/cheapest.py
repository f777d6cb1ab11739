"""The cheapest set of changes that lifts a firm to a target, exact over the moves on offer.

A move sets one metric to one value at a price; a plan takes at most one move a metric. Metrics that meet in one indicator,
or in a stage, an exclusion, a decay and the like that the moves can change, are tried in every combination; the rest add up,
so their best combinations are merged by dynamic programming over (cost, gain). Every plan is confirmed by the engine before
it is returned, and no cheaper one exists among the moves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, product
from typing import Any

import numpy as np

from scoring.engine.evaluate import SCORED, Evaluation
from scoring.engine.nodes import Expression
from scoring.engine.robustness import ADDITIVE, Weights
from scoring.engine.scheme import Indicator, Scheme
from scoring.engine.whatif import Firm, Outcome

LIMIT = 100_000  # combinations the engine may be asked about
FRAMES = 4_000  # of them, to find out what a condition depends on
BATCH = 100  # plans confirmed at a time
SLACK = 1e-6  # points; plans this near the target are left to the engine


@dataclass(frozen=True)
class Move:
    """Set a metric to a value at a cost (≥ 0, any unit)."""

    metric: str
    value: float
    cost: float


@dataclass(frozen=True)
class Plan:
    """Moves, their cost together, and the firm after them."""

    moves: tuple[Move, ...]
    cost: float
    outcome: Outcome


Choice = tuple[Move, ...]
Front = list[tuple[float, float, Choice]]  # cost, gain of the base, moves: both rising


def cheapest(
    firm: Firm,
    moves: Sequence[Move],
    target: float,
    *,
    limit: int = LIMIT,
    accept: Callable[[Outcome], bool] = lambda _: True,
) -> Plan | None:
    """The cheapest plan with a total ≥ target (points) that `accept` takes, or None if no combination is one.

    Raises ValueError when more than `limit` combinations would have to be tried, or for a negative cost. With an `accept`
    that looks at more than the total, a plan passed over for costing more than one that gains as much is not looked at.
    """
    units = math.ceil(Fraction(repr(float(target))) * 10 ** firm.evaluation.scheme.settings["decimals"])
    candidates = _candidates(firm, *_combined(firm, moves, limit), units, limit)
    candidates.sort(key=lambda found: (found[0], len(found[2])))
    for start in range(0, len(candidates), BATCH):
        for plan in _confirmed(firm, candidates[start : start + BATCH]):
            if plan.outcome.units >= units and plan.outcome.status == "scored" and accept(plan.outcome):
                return plan
    return None


def highest(firm: Firm, moves: Sequence[Move], *, limit: int = LIMIT) -> Plan:
    """The highest total any combination of the moves reaches, the cheapest way there. Raises ValueError as `cheapest`."""
    frames, blocks = _combined(firm, moves, limit)
    found = _candidates(firm, frames, blocks, None, limit)
    plans = [plan for start in range(0, len(found), BATCH) for plan in _confirmed(firm, found[start : start + BATCH])]
    return min(plans, key=lambda plan: (plan.outcome.status != "scored", -plan.outcome.units, plan.cost))


def _confirmed(firm: Firm, batch: Front) -> list[Plan]:
    outcomes = firm.what_if([_changes(chosen) for _, _, chosen in batch])
    return [Plan(chosen, cost, outcome) for (cost, _, chosen), outcome in zip(batch, outcomes, strict=True)]


def _combined(firm: Firm, moves: Sequence[Move], limit: int) -> tuple[list[Choice], list[list[Choice]]]:
    """The combinations of the framing metrics, and those of each group of metrics that meet."""
    if any(move.cost < 0 or not math.isfinite(move.cost) for move in moves):
        raise ValueError("改动的成本不能为负")
    options: dict[str, list[Choice]] = {}
    for move in moves:
        options.setdefault(move.metric, [()]).append((move,))
    blocks = _blocks(firm, options, limit)
    combined = [_combinations([options[name] for name in block], limit) for block in blocks]
    return combined[0], combined[1:]


def _changes(moves: Choice) -> dict[str, float]:
    return {move.metric: move.value for move in moves}


def _combinations(options: list[list[Choice]], limit: int) -> list[Choice]:
    if math.prod(len(choices) for choices in options) > limit:
        raise ValueError(f"候选改动的组合超过{limit}种,请减少候选")
    return [tuple(move for moves in chosen for move in moves) for chosen in product(*options)]


def _candidates(firm: Firm, frames: list[Choice], blocks: list[list[Choice]], units: int | None, limit: int) -> Front:
    """For each choice of the framing moves, the undominated choices on top of it that come within reach of the target;
    without a target, only the one that gains most."""
    each = 1 + sum(len(block) for block in blocks)
    if len(frames) * each > limit:
        raise ValueError(f"候选改动的组合超过{limit}种,请减少候选")
    rows = [row for frame in frames for row in (frame, *((*frame, *more) for block in blocks for more in block))]
    e = firm.judge([_changes(row) for row in rows])
    scale = 10 ** e.scheme.settings["decimals"]
    found: Front = []
    for place, frame in enumerate(frames):
        first = place * each
        if e.status[first] != SCORED:
            continue
        gains = e.base[first : first + each] - e.base[first]
        front: Front = [(sum(move.cost for move in frame), 0.0, frame)]
        start = 1
        for block in blocks:
            steps = [(sum(m.cost for m in c), float(gains[start + i]), c) for i, c in enumerate(block)]
            merged = [(a + b, g + h, (*x, *y)) for a, g, x in front for b, h, y in _pruned(steps, limit)]
            front = _pruned(merged, limit)
            start += len(block)
        if units is None:
            found.append(front[-1])
            continue
        bases = np.array([[e.base[first] + gain for _, gain, _ in front]])
        totals = Weights(e, 0).adjusted(bases, np.full(len(front), first))[0]
        near = totals >= (units - 0.5) / scale - SLACK
        found += [item for item, close in zip(front, near, strict=True) if close]
    return found


def _pruned(front: Front, limit: int) -> Front:
    """Without whatever costs as much as something that gains at least as much."""
    kept: Front = []
    for found in sorted(front, key=lambda item: (item[0], -item[1], len(item[2]))):
        if not kept or found[1] > kept[-1][1] + 1e-12:
            kept.append(found)
    if len(kept) > limit:
        raise ValueError(f"候选改动的组合超过{limit}种,请减少候选")
    return kept


# ---- which metrics meet
Options = Mapping[str, list[Choice]]


def _blocks(firm: Firm, options: Options, limit: int) -> list[list[str]]:
    """Metrics that must be tried together; the first block is what decides stage, status and adjustments (maybe empty)."""
    scheme, names = firm.evaluation.scheme, sorted(options)
    methods = {scheme.method, *(dimension.method for dimension in scheme.dimensions)}
    rescaled = any(indicator.missing.method == "rescale" for indicator in scheme.indicators)
    if not methods <= set(ADDITIVE) or rescaled:
        return [list(names)]
    groups: list[set[str]] = [_frame(firm, options, limit)]
    for indicator in scheme.indicators:
        together = _metrics(indicator.value) & set(names)
        if together:
            meeting = [group for group in groups if group & together]
            merged = set(together).union(*meeting)
            first = groups[0] in meeting
            groups = [group for group in groups if group not in meeting]
            groups.insert(0 if first else len(groups), merged)
    found = [[name for name in names if name in group] for group in groups]
    return [found[0], *(block for block in found[1:] if block)]


def _frame(firm: Firm, options: Options, limit: int) -> set[str]:
    """The metrics whose moves change a stage, status or adjustment in some combination: every one that its condition reads is
    tried, together with those that decide the stage. Where that is too much, they count as changing it."""
    found: set[str] = set()
    known: dict[frozenset[str], Evaluation | None] = {}
    for names, outcome in _framing(firm.evaluation.scheme):
        meeting = frozenset((names & set(options)) | found) if names & set(options) else frozenset()
        if not meeting:
            continue
        if meeting not in known:
            tried = [options[name] for name in sorted(meeting)]
            few = math.prod(len(choices) for choices in tried) <= min(limit, FRAMES)
            rows = _combinations(tried, limit) if few else []
            known[meeting] = firm.judge([_changes(row) for row in rows]) if few else None
        e = known[meeting]
        if e is None or len(np.unique(outcome(e))) > 1:
            found |= names & set(options)
    return found


def _framing(scheme: Scheme) -> Iterator[tuple[set[str], Callable[[Evaluation], Any]]]:
    """The metrics of every expression but the indicators' own, and where an evaluation shows what it came to. Stages first:
    the others may ask for the stage."""
    stages = [stage.when for stage in scheme.stages if stage.when]
    yield {name for expression in stages for name in _metrics(expression)}, lambda e: e.stage
    if scheme.eligibility:
        yield _metrics(scheme.eligibility.when), lambda e: e.status
    for j, exclusion in enumerate(scheme.exclusions):
        yield _metrics(exclusion.when), _column("exclusions", j)
    for j, decay in enumerate(scheme.decays):
        yield _metrics(decay.when), _column("decays", j)
    for j, item in enumerate(scheme.deductions):
        yield _metrics(item.points), _column("deductions", j)
    for j, item in enumerate(scheme.bonuses):
        yield _metrics(item.points), _column("bonuses", j)


def _column(name: str, place: int) -> Callable[[Evaluation], Any]:
    return lambda e: getattr(e, name)[:, place]


def _metrics(expression: Expression) -> set[str]:
    return {key[1] for key in expression.node.inputs() if key[0] == "metric"}


# ---- where a rule rewards a step
def suggest(firm: Firm, prices: dict[str, float], *, parts: int = 4, least: float = 0.01, most: int = 12) -> list[Move]:
    """Moves worth offering: for each priced metric that is an indicator by itself, the values where its rule rewards a step.

    prices: metric → cost per unit of increase. Edges of tiers and thresholds are exact; a rising line is cut into
    `parts` equal steps up to its full mark; an open lower edge is passed by `least`. At most `most` moves a metric.
    """
    figures, moves = firm.figures(), []
    for indicator in firm.evaluation.scheme.indicators:
        name = indicator.value.text.strip()
        if name not in prices:
            continue
        now = figures.get(name, 0.0)
        values = sorted({value for value in _rewards(firm, indicator, now, parts, least) if value > now})
        moves += [Move(name, value, (value - now) * prices[name]) for value in islice(values, most)]
    return moves


def _rewards(firm: Firm, indicator: Indicator, now: float, parts: int, least: float) -> Iterator[float]:
    rule = indicator.rule
    for low, closed, *_ in rule.params.get("tiers", ()):
        if low is not None:
            yield float(low) if closed else float(low) + least
    if rule.type == "steps":
        per = float(rule.params["per"])
        whole = math.ceil(float(indicator.max_points / rule.params["points"]))
        yield from (per * count for count in range(1, whole + 1) if per * count > now)
        return
    cells = firm.evaluation.references.get(indicator.code, {})
    stage = firm.evaluation.stage[firm.place]
    cell = cells.get(firm.evaluation.scheme.stages[stage].code, {}) if stage >= 0 else {}
    for field, marks in rule.references.items():
        mark = marks[stage]
        stated = cell.get(field, {}).get("value") if isinstance(mark, str) else mark
        if stated is not None:
            top = float(Fraction(stated))
            yield from (now + (top - now) * part / parts for part in range(1, parts))
            yield top
