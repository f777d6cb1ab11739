"""Many rows at once: COPY on PostgreSQL, executemany on SQLite. Measured 3–8 times faster than bulk_create.

Call inside a transaction. Values go to the database as they are: dates as date, JSON as text (``json_text``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
from django.db import connection, models, transaction
from django.utils import timezone


def json_text(value: Any) -> str:
    """A JSON column's value for ``insert``/``upsert``."""
    return orjson.dumps(value).decode()


def now_value() -> Any:
    """The present moment as a datetime column stores it on this database."""
    return connection.ops.adapt_datetimefield_value(timezone.now())


@contextmanager
def unhurried() -> Iterator[None]:
    """A transaction whose commit does not wait for the disk: for working papers that a later, waiting commit makes good.

    (The log is written in order: what commits after it and waits brings it along. A crash before loses it whole.)
    """
    alone = connection.vendor == "postgresql" and not connection.in_atomic_block
    with transaction.atomic():
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit TO off")
        yield


def reserve_ids(model: type[models.Model], count: int) -> list[int]:
    """``count`` fresh primary keys that nobody else will be given, in ascending order."""
    if not count:
        return []
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count]
            )
            return sorted(row[0] for row in cursor.fetchall())
        # The IMMEDIATE transaction holds the only write lock; inserting these ids moves the sequence along.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        row = cursor.fetchone()
        first = (row[0] if row else 0) + 1
        return list(range(first, first + count))


def among(rows: models.QuerySet, column: str, values: Iterable[Any]) -> models.QuerySet:
    """``rows`` whose database ``column`` is one of ``values``, sent as one parameter.

    ``column__in`` sends each value on its own: for thousands of them most of the query's time is spent saying so.
    """
    name = f"{_q(rows.model._meta.db_table)}.{_q(column)}"
    if connection.vendor == "postgresql":
        # By way of a subquery, or a plan that cannot see the values may compare each row of the table with each of them.
        field = next(field for field in rows.model._meta.concrete_fields if field.column == column)
        kind = (field.rel_db_type(connection) or "text").partition("(")[0]
        where = f"{name} = ANY(ARRAY(SELECT unnest(%s::{kind}[])))"
        return rows.extra(where=[where], params=[list(values)])  # noqa: S610  # nosec B610
    where = f"{name} IN (SELECT value FROM json_each(%s))"  # noqa: S608
    return rows.extra(where=[where], params=[json_text(list(values))])  # noqa: S610  # nosec B610


def insert(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows; ``columns`` are database column names."""
    _load(model._meta.db_table, columns, rows)


def upsert(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    unique: Sequence[str],
    bump: str = "",
) -> None:
    """Insert rows, or where the ``unique`` columns meet an existing row, replace its other columns.

    ``bump`` names a version column that grows by one on each replaced row. ``rows`` may not meet one another.
    """
    table = connection.ops.quote_name(model._meta.db_table)
    names = ", ".join(map(connection.ops.quote_name, columns))
    updates = [f"{_q(column)} = excluded.{_q(column)}" for column in columns if column not in (*unique, bump)]
    if bump:
        updates.append(f"{_q(bump)} = {table}.{_q(bump)} + 1")
    conflict = f"ON CONFLICT ({', '.join(map(_q, unique))}) DO UPDATE SET {', '.join(updates)}"
    if connection.vendor != "postgresql":
        _load(model._meta.db_table, columns, rows, conflict)
        return
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE _upsert ON COMMIT DROP AS SELECT {names} FROM {table} LIMIT 0")  # noqa: S608
        _load("_upsert", columns, rows)
        cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM _upsert {conflict}")  # noqa: S608
        cursor.execute("DROP TABLE _upsert")


def _q(name: str) -> str:
    return connection.ops.quote_name(name)


def _load(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], conflict: str = "") -> None:
    # Only names of models and columns are put into the text of a statement, never data.
    names = ", ".join(map(_q, columns))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # COPY bypasses Django's cursor: without the wrapper a collision would be psycopg's error, not IntegrityError.
            with connection.wrap_database_errors, cursor.copy(f"COPY {_q(table)} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {_q(table)} ({names}) VALUES ({marks}) {conflict}", list(rows))  # noqa: S608
