"""Two evaluations side by side: who moved, who crosses a list boundary, and why each total changed.

The why is exact. A total depends on three things: the firm's own data, the rules, and the other firms (through the
references their values set). Between two evaluations each was the old or the new one; averaging a thing's effect over
the six orders in which the three could have been swapped (Shapley) gives three parts that add up exactly to the change.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.engine.cohort import Cohort
from scoring.engine.evaluate import Evaluation, evaluate
from scoring.engine.scheme import Scheme

Integers = NDArray[np.int64]
CAUSES = ("data", "rules", "others")
ORDERS = 6


@dataclass(frozen=True)
class Shift:
    """Firms in both evaluations (keys, n), as [n] columns; rank 0 = unranked.

    Totals are whole units of the last decimal (hundredths when totals have two decimals). entered, left: keys in one
    evaluation only. joined and dropped are the firms that crossed the boundary `top` of the overall list.
    """

    keys: tuple[str, ...]
    before: Integers
    after: Integers
    rank_before: Integers
    rank_after: Integers
    stage_before: Integers
    stage_after: Integers
    entered: tuple[str, ...]
    left: tuple[str, ...]
    joined: tuple[str, ...]
    dropped: tuple[str, ...]

    @property
    def moved(self) -> Integers:
        """Places won (positive) or lost, for firms ranked both times; 0 for the others."""
        both = (self.rank_before > 0) & (self.rank_after > 0)
        return np.where(both, self.rank_before - self.rank_after, 0)


def shift(before: Evaluation, after: Evaluation, *, top: int = 100, within: str = "overall") -> Shift:
    """Who moved between two evaluations. within: "overall" or "stage", which ranking `top` and ranks refer to."""
    places = {key: place for place, key in enumerate(before.cohort.keys)}
    pairs = [(places[key], place) for place, key in enumerate(after.cohort.keys) if key in places]
    old = np.array([pair[0] for pair in pairs], dtype=np.intp)
    new = np.array([pair[1] for pair in pairs], dtype=np.intp)
    keys = tuple(after.cohort.keys[place] for place in new)
    name = "rank_overall" if within == "overall" else "rank_stage"
    rank_before = getattr(before, name)[old].astype(np.int64)
    rank_after = getattr(after, name)[new].astype(np.int64)
    was, listed = _listed(rank_before, top), _listed(rank_after, top)
    known = set(after.cohort.keys)
    return Shift(
        keys=keys,
        before=before.total_cents[old],
        after=after.total_cents[new],
        rank_before=rank_before,
        rank_after=rank_after,
        stage_before=before.stage[old].astype(np.int64),
        stage_after=after.stage[new].astype(np.int64),
        entered=tuple(key for key in after.cohort.keys if key not in places),
        left=tuple(key for key in before.cohort.keys if key not in known),
        joined=tuple(key for key, a, b in zip(keys, was, listed, strict=True) if b and not a),
        dropped=tuple(key for key, a, b in zip(keys, was, listed, strict=True) if a and not b),
    )


def _listed(ranks: Integers, top: int) -> NDArray[np.bool_]:
    return (ranks > 0) & (ranks <= top)


@dataclass(frozen=True)
class Split:
    """Each firm's change of total, in whole units of the last decimal, and its three parts.

    sixths: cause → int64[n], sixths of a unit; the three add up to 6 × change, exactly. parts: the same rounded to whole
    units by largest remainder, so that what is printed adds up to `change` too.
    """

    keys: tuple[str, ...]
    change: Integers
    sixths: dict[str, Integers]
    parts: dict[str, Integers]


def split(before: tuple[Scheme, Cohort], after: tuple[Scheme, Cohort]) -> Split:
    """Why totals changed, for the firms of both cohorts.

    "others" is the change of the references as the whole cohort sets them; a firm's own share in them counts there.
    A firm that is not scored has a total of 0. Both schemes must round to the same decimals. Eight evaluations.
    """
    schemes, cohorts = (before[0], after[0]), (before[1], after[1])
    if schemes[0].settings["decimals"] != schemes[1].settings["decimals"]:
        raise ValueError("两个方案的小数位数不同")
    places = [{key: place for place, key in enumerate(cohort.keys)} for cohort in cohorts]
    keys = tuple(key for key in cohorts[1].keys if key in places[0])
    rows = [np.array([where[key] for key in keys], dtype=np.intp) for where in places]
    totals = {}
    for rules in (0, 1):
        for others in (0, 1):
            whole = evaluate(schemes[rules], cohorts[others])
            for data in (0, 1):
                same = data == others
                one = whole if same else evaluate(schemes[rules], cohorts[data], references=whole.references)
                totals[data, rules, others] = one.total_cents[rows[data]].astype(np.int64)
    change = totals[1, 1, 1] - totals[0, 0, 0]
    sixths = shapley(totals)
    return Split(keys, change, sixths, apportion(sixths, change))


def shapley(totals: dict[tuple[int, int, int], Integers]) -> dict[str, Integers]:
    """Six times each cause's average effect over all orders; `totals` by (data, rules, others), 0 old and 1 new."""
    parts = {cause: np.zeros_like(totals[0, 0, 0]) for cause in CAUSES}
    for order in permutations(range(3)):
        at = [0, 0, 0]
        for cause in order:
            start = totals[at[0], at[1], at[2]]
            at[cause] = 1
            parts[CAUSES[cause]] += totals[at[0], at[1], at[2]] - start
    return parts


def apportion(sixths: dict[str, Integers], change: Integers) -> dict[str, Integers]:
    """Whole units that add up to the change: each part rounded down, what is left to the largest remainders in turn."""
    table = np.stack([sixths[cause] for cause in CAUSES], axis=1)
    whole, remainder = np.floor_divide(table, ORDERS), np.mod(table, ORDERS)
    left = change - whole.sum(axis=1)
    order = np.argsort(-remainder, axis=1, kind="stable")
    turn: NDArray[Any] = np.empty_like(order)
    np.put_along_axis(turn, order, np.arange(len(CAUSES))[None, :].repeat(len(table), axis=0), axis=1)
    whole = whole + (turn < left[:, None])
    return {cause: whole[:, column] for column, cause in enumerate(CAUSES)}
