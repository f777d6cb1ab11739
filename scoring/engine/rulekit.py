"""What every rule is made of: the shape of a rule, and the straight line most of them draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring.engine.vector import EPS, Number

Floats = NDArray[np.float64]
Params = Mapping[str, Any]
ONE, HALF = Fraction(1), Fraction(1, 2)


class Scored(NamedTuple):
    """Fraction of the points per firm, its error bound (number or array), and the firms to decide exactly."""

    fraction: Floats
    error: Any
    doubt: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class RuleType:
    """One entry of the registry. fields: name → default (REQUIRED if it must be given); references: which of them are
    references; hidden: statistics the rule always needs, by name; above: a statistic must exceed `floor` to serve."""

    name: str
    title: str
    vector: Callable[[Number, Params, Params], Scored]
    exact: Callable[[Fraction, Params, Params], Fraction | None]
    fields: Mapping[str, Any] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    hidden: Mapping[str, str] = field(default_factory=dict)
    above: bool = False


REQUIRED = object()


def clip(x: Fraction) -> Fraction:
    """Into [0, 1]."""
    return min(max(x, Fraction(0)), ONE)


def line(value: Number, low: Any, high: Any) -> tuple[Floats, Any]:
    """(x − low) ÷ (high − low) and its error; NaN where high = low."""
    span = high - low
    span = np.where(span == 0, np.nan, span)
    if value.absolute is None and np.ndim(low) == 0 and low == 0:
        x = value.x / span
        return x, np.minimum(np.abs(x), 1.01) * (value.relative + 4 * EPS)
    x = (value.x - low) / span
    error = (value.error() + 2 * EPS * (np.abs(value.x) + np.abs(low))) / np.abs(span) + 4 * EPS * np.abs(x)
    return x, np.where(np.isnan(error), np.inf, error)


def flipped(value: Any, p: Params) -> Any:
    """1 − value where the rule is reversed."""
    return 1 - value if p.get("reverse") else value
