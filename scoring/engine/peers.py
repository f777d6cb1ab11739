"""Peer groups and the references taken from them: exact statistics, rounded once to what gets published.

References are a JSON-able dict: indicator code → cell → field → {value, statistic, peers, count}. A cell is a stage
code, or "stage|group" where peers are split by a group. value is a decimal text, a list of them, or None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.engine import exact
from scoring.engine.exact import decimal_text, significant, to_fraction
from scoring.engine.rules import twelve
from scoring.engine.scheme import Indicator, Scheme, peer_group
from scoring.engine.vector import Number

Rows = NDArray[np.intp]
References = dict[str, dict[str, dict[str, dict[str, Any]]]]
ExactAt = Callable[[int], Fraction]


def wanted(indicator: Indicator) -> dict[str, tuple[Fraction | str, ...]]:
    """Every reference of an indicator by field, per stage: numbers, or names of statistics."""
    stages = len(indicator.exists)
    fields: dict[str, tuple[Fraction | str, ...]] = {}
    if indicator.winsorise is not None:
        for field, percentile in zip(("winsor_low", "winsor_high"), indicator.winsorise, strict=True):
            fields[field] = (f"p{decimal_text(percentile)}",) * stages
    fields.update(indicator.rule.references)
    if indicator.missing.method == "mean":
        fields["imputed"] = ("mean",) * stages
    return fields


@dataclass(frozen=True)
class Cells:
    """The cells of one way to group: per firm the index of its cell (-1 = none), and each cell's key and stage."""

    index: NDArray[np.int64]
    keys: tuple[str, ...]
    stages: tuple[int, ...]


class Peers:
    """The scored firms of a cohort, by every grouping a scheme asks for."""

    def __init__(
        self, scheme: Scheme, stage: NDArray[np.int8], scored: NDArray[np.bool_], groups: Mapping[str, NDArray[Any]]
    ) -> None:
        self.scheme, self.groups = scheme, groups
        self.stage = np.where(scored, stage, -1)
        self.n = len(stage)
        self._cells: dict[str, Cells] = {}
        self._rows: dict[tuple[Any, ...], Rows] = {}

    def cells(self, peers: str) -> Cells:
        """The cells of a grouping."""
        name = "stage" if peers in ("stage", "all") else peer_group(peers)
        if name not in self._cells:
            codes = tuple(stage.code for stage in self.scheme.stages)
            if name == "stage":
                self._cells[name] = Cells(self.stage.astype(np.int64), codes, tuple(range(len(codes))))
            else:
                values = self.groups.get(name, np.full(self.n, "")).astype(str)
                unique, inverse = np.unique(values, return_inverse=True)
                raw = self.stage.astype(np.int64) * len(unique) + inverse
                used, index = np.unique(np.where(self.stage < 0, -1, raw), return_inverse=True)
                shift = int(len(used) > 0 and used[0] < 0)
                pairs = [divmod(int(cell), len(unique)) for cell in used[shift:]]
                keys = tuple(f"{codes[stage]}|{unique[group]}" for stage, group in pairs)
                self._cells[name] = Cells(index.astype(np.int64) - shift, keys, tuple(stage for stage, _ in pairs))
        return self._cells[name]

    def members(self, peers: str, key: str, exists: tuple[bool, ...]) -> Rows:
        """The firms a cell is measured against ("*" for everyone), among the stages where the indicator exists."""
        stage_code, _, group = key.partition("|")
        which: tuple[Any, ...] = (peers, exists)
        if peers == "stage" or peers.startswith("stage_"):
            which = (*which, stage_code)
        if peers not in ("stage", "all"):
            which = (*which, group)
        if key == "*":
            which = ("*", exists)
        if which not in self._rows:
            chosen = (self.stage >= 0) & np.array([*exists, False])[self.stage]
            if key != "*":
                if peers == "stage" or peers.startswith("stage_"):
                    codes = [stage.code for stage in self.scheme.stages]
                    chosen &= self.stage == codes.index(stage_code)
                if peers not in ("stage", "all"):
                    values = self.groups.get(peer_group(peers), np.full(self.n, ""))
                    chosen &= values.astype(str) == group
            self._rows[which] = np.flatnonzero(chosen)
        return self._rows[which]


class Statistics:
    """Exact statistics of one indicator's values over chosen firms; `exact_at(i)` gives a firm's exact value."""

    def __init__(self, value: Number, exact_at: ExactAt) -> None:
        self.value, self.exact_at = value, exact_at

    def at(self, rows: Rows) -> list[Fraction]:
        """The exact values of these firms."""
        if self.value.atom:
            return [to_fraction(v) for v in self.value.x[rows].tolist()]
        return [self.exact_at(int(i)) for i in rows]

    def known(self, rows: Rows, above: Fraction | None = None) -> Rows:
        """Those whose value is known (and greater than a floor)."""
        x = self.value.x[rows]
        if above is None:
            return rows[~np.isnan(x)]
        with np.errstate(invalid="ignore"):
            return rows[x > float(above)]

    def compute(self, statistic: str, rows: Rows) -> Fraction | list[Fraction] | None:
        """A statistic over known values: pNN, min, max, mean, sd or the sorted sample; None over nothing."""
        if not len(rows):
            return None
        if statistic == "sample":
            return [to_fraction(v) for v in np.sort(twelve(self.value.x[rows])).tolist()]
        if statistic in ("mean", "sd"):
            return self.moments(statistic, rows)
        share = {"min": Fraction(0), "max": Fraction(100)}.get(statistic)
        return significant(self.percentile(Fraction(statistic[1:]) if share is None else share, rows))

    def percentile(self, share: Fraction, rows: Rows) -> Fraction:
        """Linear interpolation between the two neighbouring ordered values."""
        h = (len(rows) - 1) * share / 100
        k = h.__floor__()
        ranks = [k] if h == k else [k, k + 1]
        values = self.ordered(rows, ranks)
        return values[0] if h == k else values[0] + (h - k) * (values[1] - values[0])

    def ordered(self, rows: Rows, ranks: list[int]) -> list[Fraction]:
        """The exact values at these positions of the sorted order, from neighbours float64 cannot tell apart."""
        x = self.value.x[rows]
        if self.value.atom:
            return [to_fraction(float(v)) for v in np.partition(x, ranks)[ranks]]
        error = self.value.error()[rows]
        low, high = x - error, x + error
        lows, highs = np.partition(low, ranks)[ranks], np.partition(high, ranks)[ranks]
        found = []
        for rank, bottom, top in zip(ranks, lows, highs, strict=True):
            near = (high >= bottom) & (low <= top)
            below = int(np.count_nonzero(high < bottom))
            found.append(sorted(self.at(rows[near]))[rank - below])
        return found

    def moments(self, statistic: str, rows: Rows) -> Fraction:
        """Mean or population standard deviation to 60 digits, then rounded like every reference."""
        with localcontext(exact._WIDE):
            values = [Decimal(v.numerator) / Decimal(v.denominator) for v in self.at(rows)]
            mean = sum(values, Decimal(0)) / len(values)
            if statistic == "mean":
                return significant(Fraction(mean))
            return significant(Fraction((sum(((v - mean) ** 2 for v in values), Decimal(0)) / len(values)).sqrt()))


def measure(
    scheme: Scheme, indicator: Indicator, field: str, peers: Peers, statistics: Statistics
) -> dict[str, dict[str, Any]]:
    """The cohort references of one field, by cell."""
    specs = wanted(indicator)[field]
    grouping = indicator.rule.peers
    cells = peers.cells(grouping)
    found: dict[str, dict[str, Any]] = {}
    cache: dict[tuple[int, str], tuple[Any, int]] = {}
    keys = list(zip(cells.keys, cells.stages, strict=True))
    if grouping not in ("stage", "all"):  # a group that appears after the lock is measured against everyone
        keys += [(f"{code.code}|*", i) for i, code in enumerate(scheme.stages)]
    above = indicator.rule.floor if field in indicator.rule.kind.references else None
    for key, stage in keys:
        statistic = specs[stage]
        if not isinstance(statistic, str) or not indicator.exists[stage]:
            continue
        value, count, where = None, 0, key
        candidates = [key] if not key.endswith("|*") else []
        if scheme.settings["peer_fallback"] == "all_stages":
            candidates.append("*")
        for candidate in candidates:
            rows = peers.members(grouping, candidate, indicator.exists)
            name = (id(rows), statistic)
            if name not in cache:
                cache[name] = _usable(statistics, statistic, rows, above)
            value, count = cache[name]
            where = candidate
            if value is not None and (candidate == "*" or count >= scheme.settings["peer_minimum"]):
                break
            value = None
        found[key] = {"value": _text(value), "statistic": statistic, "peers": where, "count": count}
    return found


def _usable(statistics: Statistics, statistic: str, rows: Rows, above: Fraction | None) -> tuple[Any, int]:
    """A statistic over the known values, over those above the floor if it does not exceed it; and their number."""
    known = statistics.known(rows)
    value = statistics.compute(statistic, known)
    if above is not None and isinstance(value, Fraction) and value <= above:
        value = statistics.compute(statistic, statistics.known(rows, above))
        if isinstance(value, Fraction) and value <= above:  # rounding of a value a hair above the floor
            value = None
    return value, len(known)


def _text(value: Fraction | list[Fraction] | None) -> Any:
    if isinstance(value, list):
        return [decimal_text(v) for v in value]
    return None if value is None else decimal_text(value)


def look_up(
    scheme: Scheme, indicator: Indicator, references: Mapping[str, Any], key: str, stage: int
) -> dict[str, Any]:
    """One cell's references in exact numbers: field → Fraction, list of Fractions, or None."""
    cells = references.get(indicator.code, {})
    cell = cells.get(key) or cells.get(f"{scheme.stages[stage].code}|*") or {}
    result: dict[str, Any] = {}
    for field, specs in wanted(indicator).items():
        spec = specs[stage]
        if isinstance(spec, Fraction):
            result[field] = spec
            continue
        value = cell.get(field, {}).get("value")
        if isinstance(value, Sequence) and not isinstance(value, str):
            result[field] = [Fraction(text) for text in value]
        else:
            result[field] = None if value is None else Fraction(value)
    return result
