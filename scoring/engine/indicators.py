"""One indicator for all firms: value, state, fraction, points, with an error bound; and the same exactly for one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.engine import exact, vector
from scoring.engine.exact import State, to_float
from scoring.engine.peers import Peers, References, Statistics, look_up, measure, wanted
from scoring.engine.scheme import Indicator, Scheme
from scoring.engine.vector import EPS, Frame, Number

Floats = NDArray[np.float64]
STATES = ("absent", "value", "zero", "missing", "cannot", "no_reference")
ABSENT, VALUE, ZERO, MISSING, CANNOT, NO_REFERENCE = range(6)


@dataclass
class Column:
    """One indicator over n firms. error: bound on the points' error (number or array); doubt: decide exactly;
    present: False where the indicator leaves its parent's weights (None = present everywhere)."""

    value: Floats
    state: NDArray[np.int8]
    fraction: Floats
    points: Floats
    error: Any
    doubt: NDArray[np.bool_] | None
    present: NDArray[np.bool_] | None


@dataclass(frozen=True)
class ExactIndicator:
    """One indicator of one firm, exactly. value None unless known; fraction of the points; present as above."""

    value: Fraction | None
    state: int
    fraction: Fraction
    points: Fraction
    present: bool
    winsorised: bool = False


def score_column(
    scheme: Scheme, indicator: Indicator, frame: Frame, peers: Peers, references: References, frozen: bool
) -> Column:
    """Score one indicator. Unless frozen, the references it needs are measured and added to `references`."""
    with np.errstate(all="ignore"):
        raw = vector.number(indicator.value.node, frame)
        exact_values: dict[int, Fraction] = {}
        bounds: dict[int, dict[str, Any]] = {}
        cells = peers.cells(indicator.rule.peers)

        def exact_at(i: int) -> Fraction:
            if i not in exact_values:
                value = exact.number(indicator.value.node, frame.row(i))
                assert isinstance(value, Fraction)
                cell = int(cells.index[i])
                exact_values[i] = winsorise(value, bounds.get(cell, {}))
            return exact_values[i]

        value, store = raw, references.setdefault(indicator.code, {})
        for field in wanted(indicator):
            if not frozen:
                for key, found in measure(scheme, indicator, field, peers, Statistics(value, exact_at)).items():
                    store.setdefault(key, {})[field] = found
            if field == "winsor_high":
                bounds = {
                    c: look_up(scheme, indicator, references, key, stage)
                    for c, (key, stage) in enumerate(zip(cells.keys, cells.stages, strict=True))
                }
                exact_values.clear()
                value = _winsorised(raw, cells.index, bounds)
        if not store:
            del references[indicator.code]
        found_cells = [
            look_up(scheme, indicator, references, key, stage)
            for key, stage in zip(cells.keys, cells.stages, strict=True)
        ]
        return _finish(indicator, frame, raw, value, cells.index, found_cells, peers.stage >= 0)


def _finish(
    indicator: Indicator, frame: Frame, raw: Number, value: Number, index: Any, cells: list[dict[str, Any]],
    scored_firms: NDArray[np.bool_],
) -> Column:  # fmt: skip
    n, gone = frame.n, np.isnan(raw.x)
    exists = np.array([*indicator.exists, True])[frame.stage]  # without a stage, show what was given
    cannot = np.zeros(n, dtype=bool) if raw.cannot is None else raw.cannot
    missing = gone & ~cannot
    used = value
    if indicator.missing.method == "mean":
        imputed = _per_firm([cell["imputed"] for cell in cells], index)
        error = np.where(missing, EPS * np.abs(imputed), value.error())
        used = Number(np.where(missing, imputed, value.x), None, absolute=error)
    per_firm = {field: _field(indicator, field, cells, index) for field in indicator.rule.references}
    scored = indicator.rule.kind.vector(used, indicator.rule.params, per_firm)
    fraction = scored.fraction
    lost = np.isnan(fraction) | np.isnan(used.x)
    state = np.full(n, VALUE, dtype=np.int8)
    state[value.x == 0] = ZERO
    state[lost & ~gone & scored_firms] = NO_REFERENCE
    state[missing] = MISSING
    state[gone & cannot] = CANNOT
    state[~exists] = ABSENT
    nothing = lost | ~exists | ~scored_firms
    fraction = np.where(nothing, 0.0, fraction)
    points = fraction * to_float(indicator.max_points)
    if indicator.missing.method == "penalty":
        points = np.where(missing & exists & scored_firms, -to_float(indicator.missing.points), points)
    present = exists & ~gone if indicator.missing.method == "rescale" else (None if all(indicator.exists) else exists)
    error = scored.error * to_float(indicator.max_points)
    if np.ndim(error):
        error = np.where(nothing, 0.0, np.where(np.isnan(error), np.inf, error))
    doubt = None if scored.doubt is None else scored.doubt & ~gone
    return Column(value.x, state, fraction, points, error, doubt, present)


def _per_firm(values: list[Fraction | None], index: Any) -> Floats:
    table = np.array([*(np.nan if v is None else to_float(v) for v in values), np.nan])
    return table[index]


def _field(indicator: Indicator, field: str, cells: list[dict[str, Any]], index: Any) -> Any:
    if field != "sample":
        return _per_firm([cell[field] for cell in cells], index)
    samples = [None if not cell[field] else np.array([to_float(v) for v in cell[field]]) for cell in cells]
    return index, samples


def _winsorised(raw: Number, index: Any, bounds: Mapping[int, dict[str, Any]]) -> Number:
    low, high = (
        _per_firm([bounds[c][field] for c in range(len(bounds))], index) for field in ("winsor_low", "winsor_high")
    )
    x = np.where(raw.x < low, low, np.where(raw.x > high, high, raw.x))
    return Number(x, raw.cannot, absolute=raw.error() + EPS * np.abs(x))


def winsorise(value: Fraction, cell: Mapping[str, Any]) -> Fraction:
    """The value clipped into the cell's bounds, if it has any."""
    low, high = cell.get("winsor_low"), cell.get("winsor_high")
    if low is not None and value < low:
        return Fraction(low)
    return Fraction(high) if high is not None and value > high else value


def score_exactly(indicator: Indicator, row: exact.Row, cell: Mapping[str, Any]) -> ExactIndicator:
    """One firm's indicator in exact arithmetic, given its cell's references."""
    none = Fraction(0)
    if row.stage < 0 or not indicator.exists[row.stage]:
        return ExactIndicator(None, ABSENT, none, none, False)
    method = indicator.missing.method
    value = exact.number(indicator.value.node, row)
    if isinstance(value, State):
        state = MISSING if value is State.MISSING else CANNOT
        if method == "rescale":
            return ExactIndicator(None, state, none, none, False)
        if state == MISSING and method == "penalty":
            return ExactIndicator(None, state, none, -indicator.missing.points, True)
        imputed = cell.get("imputed") if state == MISSING and method == "mean" else None
        if imputed is None:
            return ExactIndicator(None, state, none, none, True)
        fraction = indicator.rule.kind.exact(imputed, indicator.rule.params, cell)
        return ExactIndicator(None, state, fraction or none, (fraction or none) * indicator.max_points, True)
    clipped = winsorise(value, cell)
    fraction = indicator.rule.kind.exact(clipped, indicator.rule.params, cell)
    if fraction is None:
        return ExactIndicator(clipped, NO_REFERENCE, none, none, True, clipped != value)
    state = ZERO if clipped == 0 else VALUE
    return ExactIndicator(clipped, state, fraction, fraction * indicator.max_points, True, clipped != value)
