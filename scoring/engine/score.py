"""One firm's whole score in exact arithmetic, from its inputs and the references: the measure of the fast path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from scoring.engine import exact
from scoring.engine.adjust import ExactAdjusted, adjust_exactly
from scoring.engine.aggregate import ExactTree, aggregate_exactly
from scoring.engine.indicators import ExactIndicator, score_exactly
from scoring.engine.peers import look_up
from scoring.engine.scheme import Indicator, Scheme

CellOf = Callable[[Indicator], Mapping[str, Any]]


@dataclass(frozen=True)
class ExactScore:
    """Everything between a scored firm's inputs and its total, as fractions."""

    indicators: dict[str, ExactIndicator]
    tree: ExactTree
    adjusted: ExactAdjusted
    total: Fraction

    def results(self) -> dict[tuple[str, str], Fraction]:
        """As input columns for conditions on results."""
        found = {("result", "base"): self.tree.base, ("result", "total"): self.total}
        found.update({("result", code): item.points for code, item in self.indicators.items()})
        found.update({("result", code): value for code, value in self.tree.dimensions.items()})
        return found


def score_firm(scheme: Scheme, row: exact.Row, cell_of: CellOf) -> ExactScore:
    """Score one firm exactly; row.stage must be a stage, cell_of gives each indicator's references."""
    indicators = {i.code: score_exactly(i, row, cell_of(i)) for i in scheme.indicators}
    tree = aggregate_exactly(scheme, indicators, row.stage)
    adjusted = adjust_exactly(scheme, row, tree.base)
    total = exact.round_half_up(adjusted.unrounded, scheme.settings["decimals"])
    return ExactScore(indicators, tree, adjusted, total)


class CellCache:
    """References in exact numbers, parsed once a cell."""

    def __init__(self, scheme: Scheme, references: Mapping[str, Any]) -> None:
        self.scheme, self.references = scheme, references
        self.found: dict[tuple[str, str, int], dict[str, Any]] = {}

    def get(self, indicator: Indicator, key: str, stage: int) -> dict[str, Any]:
        """The references of an indicator in a cell."""
        name = (indicator.code, key, stage)
        if name not in self.found:
            self.found[name] = look_up(self.scheme, indicator, self.references, key, stage)
        return self.found[name]
