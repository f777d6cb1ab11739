"""Folding: from all that the sources stated about one firm and year to the values in force, and who disagrees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from firms.catalogue import MetricSpec

# Where the catalogue does not know a metric (any more): as for all by default.
_UNKNOWN = MetricSpec("", "", "amount")


@dataclass(frozen=True, slots=True)
class Statement:
    """A filing in force: ``values`` maps metric code → number; a later one (larger id) of a source replaces an earlier one."""

    filing: int
    source: str
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Ruling:
    """A person's decision on one cell: the figure of ``filing`` counts. ``latest``: the newest filing known when it was made."""

    filing: int
    latest: int


@dataclass(slots=True)
class Folded:
    """``values`` code → number; ``winners`` code → filing id; ``conflicts`` code → [[filing id, value], …] beyond tolerance."""

    values: dict[str, float] = field(default_factory=dict)
    winners: dict[str, int] = field(default_factory=dict)
    conflicts: dict[str, list[list[Any]]] = field(default_factory=dict)


def fold(
    statements: Iterable[Statement], metrics: Mapping[str, MetricSpec], rulings: Mapping[str, Ruling] | None = None
) -> Folded:
    """The values in force for one firm and year.

    Within a source the latest statement of a metric counts: a correction, not a conflict. Between sources the metric's
    ``source_priority`` decides; a loser that differs by more than the ``tolerance`` (relative to the winner) is kept as a conflict.
    A ruling (metric → Ruling) that still holds overrides both: its figure counts, and the cell is no conflict.
    """
    ordered = sorted(statements, key=lambda statement: statement.filing)
    if len(ordered) == 1:
        only = ordered[0]
        return Folded(dict(only.values), dict.fromkeys(only.values, only.filing))
    latest: dict[str, dict[str, tuple[float, int]]] = {}
    for statement in ordered:
        for code, value in statement.values.items():
            latest.setdefault(code, {})[statement.source] = (value, statement.filing)
    folded = Folded()
    for code, by_source in latest.items():
        spec = metrics.get(code, _UNKNOWN)
        ranked = sorted(by_source, key=lambda source: _rank(source, spec))
        value, winner = by_source[ranked[0]]
        folded.values[code], folded.winners[code] = value, winner
        losers = [by_source[source] for source in ranked[1:]]
        against = [[filing, other] for other, filing in losers if differs(value, other, spec.tolerance)]
        if against:
            folded.conflicts[code] = against
    for code, ruling in (rulings or {}).items():
        ruled = ruled_value(code, ruling, ordered)
        if ruled is not None:
            folded.values[code], folded.winners[code] = ruled, ruling.filing
            folded.conflicts.pop(code, None)
    return folded


def ruled_value(code: str, ruling: Ruling, statements: Iterable[Statement]) -> float | None:
    """The figure a ruling puts in force, or None where it no longer holds.

    It holds while its filing is in force and no source has since stated anything new: neither the figure ruled nor the one
    that source was known by. So a form sent again with the same figures reopens nothing, and a correction does.
    """
    chosen: float | None = None
    known: dict[str, float] = {}
    now: dict[str, float] = {}
    for statement in sorted(statements, key=lambda statement: statement.filing):
        if code not in statement.values:
            continue
        value = now[statement.source] = statement.values[code]
        if statement.filing <= ruling.latest:
            known[statement.source] = value
        if statement.filing == ruling.filing:
            chosen = value
    if chosen is None:
        return None
    news = any(value not in (chosen, known.get(source)) for source, value in now.items())
    return None if news else chosen


def contenders(
    code: str, values: Mapping[str, float], winners: Mapping[str, int], conflicts: Mapping[str, list[list[Any]]]
) -> list[tuple[int, float]]:
    """The disagreeing statements about one cell of a sheet, as (filing, value), the one that counts first; [] where none do."""
    losers = conflicts.get(code)
    return [(winners[code], values[code]), *((filing, value) for filing, value in losers)] if losers else []


def fingerprint(cell: Iterable[tuple[int, float]]) -> str:
    """What a person saw when deciding: equal only while the same statements disagree."""
    return "-".join(str(filing) for filing in sorted(filing for filing, _ in cell))


def _rank(source: str, spec: MetricSpec) -> float:
    """A register, unless the metric's order names it, comes just after its department's own word (docs/adr/0011)."""
    order = spec.source_priority
    if source in order:
        return order.index(source)
    return order.index("government") + 0.5 if source == "register" and "government" in order else len(order)


def differs(value: float, other: float, tolerance: float) -> bool:
    """Whether two figures differ by more than ``tolerance`` of the larger magnitude of the two."""
    return abs(value - other) > tolerance * max(abs(value), abs(other))
