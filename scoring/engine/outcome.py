"""合格 and grades: conditions on the results themselves."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.engine import vector
from scoring.engine.aggregate import Tree
from scoring.engine.indicators import Column
from scoring.engine.nodes import Node, constant
from scoring.engine.scheme import Scheme
from scoring.engine.score import ExactScore
from scoring.engine.vector import Frame

Floats = NDArray[np.float64]


def passes(
    scheme: Scheme, frame: Frame, scored: NDArray[np.bool_], found: list[Column], tree: Tree, total: Floats,
    exactly: Callable[[int], ExactScore],
) -> NDArray[np.int8]:  # fmt: skip
    """1 passes, 0 does not, -1 not scored or nothing to pass; int8[n]."""
    minimums = [d for d in scheme.dimensions if d.minimum is not None]
    goal = scheme.outcome
    result = np.full(frame.n, -1, dtype=np.int8)
    if not (minimums or goal.passes or goal.direct_pass or goal.vetoes):
        return result
    judged = _with_results(scheme, frame, found, tree, total, scored, exactly)
    ok = np.ones(frame.n, dtype=bool)
    if goal.passes is not None:
        ok = vector.condition(goal.passes.node, judged).true
    for dimension in minimums:
        assert dimension.minimum is not None
        score = Node("input", "number", data=("result", dimension.code))
        ok &= ~vector.condition(Node("compare", "bool", (score, constant(dimension.minimum)), "<"), judged).true
    if goal.direct_pass is not None:
        ok |= vector.condition(goal.direct_pass.node, judged).true
    for veto in goal.vetoes:
        ok &= ~vector.condition(veto.when.node, judged).true
    result[scored] = ok[scored]
    return result


def _with_results(
    scheme: Scheme, frame: Frame, found: list[Column], tree: Tree, total: Floats, scored: NDArray[np.bool_],
    exactly: Callable[[int], ExactScore],
) -> Frame:  # fmt: skip
    """The frame with base, total and every score as further inputs."""
    columns: dict[Any, Floats] = {("result", "base"): tree.base, ("result", "total"): total}
    columns.update({("result", i.code): c.points for i, c in zip(scheme.indicators, found, strict=True)})
    columns.update({("result", d.code): x for d, x in zip(scheme.dimensions, tree.dimensions, strict=True)})
    bound = np.maximum(tree.error, 1e-9) * np.ones(frame.n)
    columns = {key: np.where(scored, column, np.nan) for key, column in columns.items()}
    errors = {key: bound for key in columns if key != ("result", "total")}
    for indicator, column in zip(scheme.indicators, found, strict=True):
        errors[("result", indicator.code)] = np.maximum(column.error, 1e-12) * np.ones(frame.n)
    return Frame(
        frame.n, frame.year, frame.as_of, {**frame.columns, **columns}, frame.grades, frame.stage,
        lambda i: exactly(i).results(), errors,
    )  # fmt: skip


def grades(
    scheme: Scheme, allowed: NDArray[np.bool_], stage: NDArray[np.int8], scored: NDArray[np.bool_],
    cents: NDArray[np.int64], rank_stage: NDArray[np.int32],
) -> NDArray[np.int8]:  # fmt: skip
    """The first grade of the file whose band or share a firm reaches; -1 none."""
    result = np.full(len(stage), -1, dtype=np.int8)
    if not scheme.grades:
        return result
    sizes = np.bincount(stage[scored].astype(np.int64), minlength=len(scheme.stages))
    unit = Fraction(10) ** scheme.settings["decimals"]
    for index, grade in enumerate(scheme.grades):
        if grade.lowest is not None:
            reached = cents >= -((-grade.lowest * unit).__floor__())
        else:
            assert grade.top is not None
            places = [-((-int(size) * grade.top / 100).__floor__()) for size in sizes]
            reached = rank_stage <= np.array([*places, 0])[stage]
        result[allowed & (result < 0) & reached] = index
    return result
