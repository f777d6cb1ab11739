"""Which firms of a table meet the conditions: one mask each, put together by and, or and nor."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from scoring.analysis.arrays import Codes, Column, Floats, Mask, Numbers, Table, Texts
from scoring.analysis.memory import remembered
from scoring.analysis.query import ALL, NONE, Condition, Group, Query, Scalar, Value

_EPOCH = dt.date(1970, 1, 1)
# NaN compares false with everything but by ne.
_COMPARE: dict[str, Callable[[Floats, float], Mask]] = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}


def mask(group: Group, table: Table) -> Mask:
    """bool[n]. Of unknown values every condition but ``unknown`` is false; a group of nothing is true of all."""
    result = np.ones(len(table), dtype=bool)
    if not group.children:
        return result
    if group.how == ALL:
        for child in group.children:
            result &= _node(child, table)
        return result
    result[:] = False
    for child in group.children:
        result |= _node(child, table)
    return ~result if group.how == NONE else result


def steps(query: Query) -> tuple[Condition | Group, ...]:
    """The question's conditions as they narrow it down, one after the other: what all must hold, each for itself."""
    where = query.where
    alone = where.children if where.how == ALL else ((where,) if where.children else ())
    return (*query.within, *alone)


def narrowed(query: Query, table: Table) -> tuple[Mask, tuple[int, ...]]:
    """The firms that meet everything, and how many were left after each of ``steps``."""
    result = np.ones(len(table), dtype=bool)
    left = []
    for one in steps(query):
        result &= _node(one, table)
        left.append(int(np.count_nonzero(result)))
    return result, tuple(left)


def met(condition: Condition, table: Table) -> Mask:
    """The firms for which one condition holds. ``condition`` as ``check`` leaves it."""
    column, op, value = table.column(condition.field), condition.op, condition.value
    if op == "unknown":
        return column.unknown
    if op == "known":
        return ~column.unknown
    if op == "contains" and isinstance(column, Texts):
        return column.contains(table.normalised(str(value)))
    if op in ("in", "not_in"):
        return _listed(column, op, _several(value), table)
    if not isinstance(column, Numbers):
        return np.zeros(len(table), dtype=bool)
    return _measured(column, op, value)


def number_of(value: Scalar) -> float:
    """A bound as the arrays have it: a day as days since 1970, a bool as 1 or 0."""
    if isinstance(value, str):
        return float((dt.date.fromisoformat(value) - _EPOCH).days)
    return float(value)


def _node(node: Condition | Group, table: Table) -> Mask:
    """One condition's answer is remembered, a bit a firm: the next question mostly differs by one."""
    if isinstance(node, Group):
        return mask(node, table)
    key = (table.key, "met", node)
    bits = remembered(key, lambda: np.packbits(met(node, table)), lambda made: made.nbytes + 200)
    return np.unpackbits(bits, count=len(table)).view(np.bool_)


def _several(value: Value) -> Sequence[Scalar]:
    return value if isinstance(value, tuple) else () if value is None else (value,)


def _listed(column: Column, op: str, wanted: Sequence[Scalar], table: Table) -> Mask:
    if isinstance(column, Texts):
        return column.is_in(table.normalised(str(text)) for text in wanted)
    if not isinstance(column, Codes):
        return np.zeros(len(table), dtype=bool)
    found = column.is_in(wanted)
    return ~found & ~column.unknown if op == "not_in" else found


def _measured(column: Numbers, op: str, value: Value) -> Mask:
    x, bounds = column.values, _several(value)
    if op == "between":
        low, high = (number_of(bound) for bound in bounds)
        return (x >= low) & (x <= high)
    if op in ("top", "bottom"):
        return _extreme(x, op, *bounds)
    wanted = number_of(bounds[0])
    if op == "is":
        return x == wanted
    found = _COMPARE[op](x, wanted)
    return found & ~column.unknown if op == "ne" else found


def _extreme(x: Floats, op: str, amount: Any, unit: Any) -> Mask:
    """The largest or smallest among all firms of the table of which the figure is known; who ties with the last one is in."""
    known = x[~np.isnan(x)]
    wanted = math.ceil(Fraction(str(amount)) * len(known) / 100) if unit == "percent" else int(amount)
    if wanted >= len(known):
        return ~np.isnan(x)
    at = len(known) - wanted if op == "top" else wanted - 1
    bound = np.partition(known, at)[at]
    return x >= bound if op == "top" else x <= bound
