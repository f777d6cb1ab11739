"""Arrays laid out as rows and cells: a page of a list, a table of groups."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firms.models import User
from scoring.analysis import conditions as c
from scoring.analysis.arrays import Codes, Texts
from scoring.analysis.check import PER_MEASURE, field_of
from scoring.analysis.fields import CHOICE, DATE, FLAG, Field
from scoring.analysis.grouping import NO, TOTAL, UNKNOWN, YES, Grouped
from scoring.analysis.query import Query, place
from scoring.analysis.run import Matched
from scoring.assembly.columns import RunTable
from scoring.models import Score
from scoring.services.analysis.result import Cell, Head, Result, Row, Step
from scoring.services.analysis.words import Fields, Raw, group_label, in_words, measure_field, shown

__all__ = ["OF_ROWS", "Matched", "conditions", "every", "grouped", "page", "steps"]

OF_ROWS = ("firm.name", "firm.credit_code")  # of a page's firms: read from their scores, not from whole columns
_EPOCH = dt.date(1970, 1, 1)
Places = Mapping[int, NDArray[np.int32]]


def conditions(query: Query, fields: Fields) -> tuple[str, ...]:
    """The conditions as they narrow down, one line each; none as an empty tuple."""
    return tuple(in_words(one, fields) for one in c.steps(query))


def steps(query: Query, fields: Fields, matched: Mapping[int, Matched]) -> tuple[Step, ...]:
    return tuple(
        Step(words, {year: found.left[i] for year, found in matched.items()})
        for i, words in enumerate(conditions(query, fields))
    )


def page(user: User, result: Result, tables: Mapping[int, RunTable], places: Places, number: int, size: int) -> Result:
    """The rows of one page; beyond the last page it is the last one (one query)."""
    pages = max(1, -(-result.total // size))
    number = max(1, min(number, pages))
    start, stop = (number - 1) * size, number * size
    rows: list[Row] = []
    part: list[tuple[int, list[int]]] = []
    for year, found in places.items():
        part.append((year, found[max(start, 0) : max(stop, 0)].tolist()))
        start, stop = start - len(found), stop - len(found)
    firms = {(tables[year].run_id, int(tables[year].ids[place])) for year, some in part for place in some}
    named = _named(user, firms)
    for year, some in part:
        table = tables[year]
        names = [named.get((table.run_id, int(table.ids[place])), ("", "")) for place in some]
        rows += _rows(result, table, year, some, names)
    return replace(result, rows=tuple(rows), page=number, pages=pages, size=size)


def every(result: Result, tables: Mapping[int, RunTable], places: Places, size: int) -> Iterator[Sequence[Row]]:
    """All rows, ``size`` at a time (no query: names and codes are at hand)."""
    for year, found in places.items():
        table = tables[year]
        names, codes = table.column("firm.name"), table.column("firm.credit_code")
        if not isinstance(names, Texts) or not isinstance(codes, Texts):
            raise TypeError("names are texts")
        for start in range(0, len(found), size):
            some = found[start : start + size].tolist()
            yield _rows(result, table, year, some, list(zip(codes.texts(some), names.texts(some), strict=True)))


def _named(user: User, firms: set[tuple[int, int]]) -> dict[tuple[int, int], tuple[str, str]]:
    """(run, firm) → (credit code, name) as they were in that run."""
    if not firms:
        return {}
    runs, ids = {run for run, _ in firms}, {firm for _, firm in firms}
    scores = Score.objects.visible_to(user).filter(run_id__in=runs, firm_id__in=ids).order_by()
    return {
        (run, firm): (code, name)
        for run, firm, code, name in scores.values_list("run_id", "firm_id", "credit_code", "name")
    }


def _rows(
    result: Result, table: RunTable, year: int, places: Sequence[int], names: Sequence[tuple[str, str]]
) -> list[Row]:
    columns = [_values(table, field, places, names) for field in result.columns]
    texts = [[shown(value, field) for value in column] for field, column in zip(result.columns, columns, strict=True)]
    return [
        Row(
            year,
            int(table.ids[place]),
            *names[i],
            tuple(column[i] for column in columns),
            tuple(text[i] for text in texts),
        )
        for i, place in enumerate(places)
    ]


def _values(table: RunTable, field: Field, places: Sequence[int], names: Sequence[tuple[str, str]]) -> list[Raw]:
    if field.code in OF_ROWS:
        at = 1 if field.code == "firm.name" else 0
        return [pair[at] for pair in names]
    column = table.column(field.code)
    if isinstance(column, Texts):
        return list(column.texts(places))
    if isinstance(column, Codes):
        known = (*column.names, None)
        return [known[code] for code in column.codes[list(places)].tolist()]
    return [_raw(value, field) for value in column.values[list(places)].tolist()]


def _raw(value: float, field: Field) -> Raw:
    if value != value or field.kind == CHOICE:  # a choice this period does not know
        return None
    if field.kind == DATE:
        return _EPOCH + dt.timedelta(days=int(value))
    return bool(value) if field.kind == FLAG else value


def grouped(result: Result, found: Mapping[int, Grouped]) -> Result:
    """The table of groups, its totals last in each direction."""
    query, fields = result.query, result.fields
    measures = tuple(measure_field(measure, fields) for measure in query.measures)
    rows = _keys(query.rows, query, fields, [one.rows for one in found.values()])
    across = _keys(query.across, query, fields, [one.across for one in found.values()]) if query.across else []
    cells = {(year, row, column): cell for year, one in found.items() for row, column, cell in _cells(one, measures)}
    rows = _in_order(rows, query, cells)
    return replace(
        result,
        measures=measures,
        heads=_heads(rows, query.rows, query, fields),
        across=_heads(across, query.across, query, fields)
        if query.across
        else (Head(TOTAL, group_label(TOTAL, measures[0], ())),),
        cells=cells,
    )


def _cells(one: Grouped, measures: Sequence[Field]) -> Iterator[tuple[str, str, Cell]]:
    rows, across = (*one.rows, TOTAL), (*one.across, TOTAL)
    counts = one.counts.tolist()
    values: list[Any] = [array.tolist() for array in one.values]
    for i, row in enumerate(rows):
        for j, column in enumerate(across):
            if not counts[i][j] and (row, column) != (TOTAL, TOTAL):
                continue
            raw = tuple(None if figure[i][j] != figure[i][j] else figure[i][j] for figure in values)
            texts = tuple(shown(value, field) for value, field in zip(raw, measures, strict=True))
            yield row, column, Cell(counts[i][j], raw, texts)


def _keys(code: str, query: Query, fields: Fields, found: Sequence[Sequence[str]]) -> list[str]:
    """The keys of all periods in the order of the field's choices or bands, the unknown last."""
    field = field_of(code, fields)
    there = dict.fromkeys(key for keys in found for key in keys)
    order = {key: i for i, (key, _) in enumerate(field.choices)} if field else {}
    order |= {YES: 0, NO: 1} if field and field.kind == FLAG else {}
    order |= {f"b{i}": i for i in range(len(query.edges(code)) + 1)}
    return sorted(there, key=lambda key: (key == UNKNOWN, order.get(key, len(order))))


def _in_order(rows: list[str], query: Query, cells: Mapping[tuple[int, str, str], Cell]) -> list[str]:
    """Sorted by a measure of the newest period's totals where that is asked for; who has none comes last."""
    asked = [(code, direction) for code, direction in query.sort if code.startswith(PER_MEASURE)]
    for code, direction in reversed(asked):
        at = place(code.removeprefix(PER_MEASURE))
        if at >= len(query.measures):
            continue
        figures = {
            row: cells[query.periods[0], row, TOTAL].values[at]
            for row in rows
            if (query.periods[0], row, TOTAL) in cells
        }
        sign = -1 if direction == "desc" else 1
        rows = sorted(rows, key=lambda row: (figures.get(row) is None, sign * (figures.get(row) or 0)))
    return rows


def _heads(keys: Sequence[str], code: str, query: Query, fields: Fields) -> tuple[Head, ...]:
    field = field_of(code, fields)
    if field is None:
        return ()
    return tuple(Head(key, group_label(key, field, query.edges(code))) for key in (*keys, TOTAL))
