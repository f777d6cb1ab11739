"""The three kinds of file an import may be: what columns each has, and what it writes to."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from typing import Protocol

from firms.importing import fields
from firms.importing.fields import Table
from firms.importing.plan import PlannedRow
from firms.models import ImportBatch
from firms.services import catalogue
from firms.services.firms_registry import FirmsTarget
from firms.services.metrics import MetricsTarget
from firms.services.registers import RegistersTarget

Kind = ImportBatch.Kind


class Target(Protocol):
    """What a kind of file writes to. ``lock`` takes its mutex; ``plan`` judges rows; ``apply`` follows a plan under the lock;
    ``apply_staged`` comes before it and applies the rows whose plan cannot have changed, in the database (how many).

    ``undo`` returns in words what it left as it is because it was changed or stated since; ``kept`` says so beforehand."""

    matches_firms: bool

    def lock(self) -> None: ...
    def key(self, row: PlannedRow) -> Hashable: ...
    def plan(self, rows: list[PlannedRow]) -> None: ...
    def apply_staged(self) -> int: ...
    def apply(self, rows: list[tuple[int, PlannedRow]]) -> None: ...
    def kept(self, chunk: list[tuple[int, PlannedRow]]) -> list[str]: ...
    def undo(self, chunk: list[tuple[int, PlannedRow]]) -> list[str]: ...


def target_of(batch: ImportBatch) -> Target:
    targets: dict[str, Callable[[ImportBatch], Target]] = {
        Kind.FIRMS: FirmsTarget, Kind.METRICS: MetricsTarget, Kind.REGISTERS: RegistersTarget,
    }  # fmt: skip
    return targets[batch.kind](batch)


def table_of(kind: str, register_kind: str = "", said: Mapping[str, str] | None = None) -> Table:
    """The columns a file of this kind may have, by the catalogue in force; ``said``: what people said of its headings."""
    if kind == Kind.FIRMS:
        table = fields.firms_table()
    else:
        current = catalogue.in_force()
        registers = kind == Kind.REGISTERS
        table = fields.register_table(current, register_kind) if registers else fields.metrics_table(current)
    return replace(table, said=said) if said else table
