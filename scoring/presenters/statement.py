"""A query the ORM writes once and a page asks many times: building its SQL anew costs more than its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection, models
from django.db.models.sql.compiler import SQLCompiler


class Slot(models.Value):
    """Where a value goes that each asking brings along: ``filter(run_id=Slot("run"))``."""

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        return "%s", [self]


@dataclass(frozen=True)
class Statement:
    """``queryset.values_list(…)`` as SQL. Only values differ between askings: whatever changes the SQL makes another."""

    sql: str
    parameters: tuple[Any, ...]
    converters: tuple[tuple[int, tuple[Callable, ...], Any], ...]

    @classmethod
    def of(cls, queryset: models.QuerySet) -> Statement:
        compiler = queryset.query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        shown = [selected[0] for selected in compiler.select]
        converters = compiler.get_converters(shown)
        return cls(
            sql,
            tuple(parameters),
            tuple((at, tuple(converts), expression) for at, (converts, expression) in converters.items()),
        )

    def rows(self, **values: Any) -> list[tuple]:
        """The answer's rows, as ``values_list`` would give them."""
        with connection.cursor() as cursor:
            cursor.execute(self.sql, [values[p.value] if isinstance(p, Slot) else p for p in self.parameters])
            rows = cursor.fetchall()
        for at, converts, expression in self.converters:
            for convert in converts:
                rows = [(*row[:at], convert(row[at], expression, connection), *row[at + 1 :]) for row in rows]
        return rows
