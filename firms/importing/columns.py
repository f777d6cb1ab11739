"""Many cells of one column at once. What is usual in a numeric column is taken whole; only the rest is looked at cell by cell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from firms.importing.cells import DECIMALS, scaled
from firms.importing.header import Column
from firms.importing.problem import BadCell

Bad = dict[int, BadCell]
_ONE = 10.0**DECIMALS
_SURE = 1e9  # below it the decimals kept are far coarser than what a float can tell apart


def taken(column: Column, cells: Sequence[Any]) -> tuple[list[Any], Bad]:
    """The value of each cell, None where nothing was provided, and by position what cannot be taken (None there too).

    The same as ``one_by_one``, which says what each cell is; only faster.
    """
    if column.field.kind in ("amount", "count"):
        numbers = _as_they_are(column, cells)
        if numbers is not None:
            return numbers, {}
    elif column.field.kind == "flag" and set(map(type, cells)) == {float} and set(cells) <= {0.0, 1.0}:
        return list(cells), {}
    return one_by_one(column, cells)


def one_by_one(column: Column, cells: Sequence[Any]) -> tuple[list[Any], Bad]:
    """Each cell parsed."""
    values: list[Any] = []
    bad: Bad = {}
    parse = column.parse
    for at, cell in enumerate(cells):
        value = None
        if cell != "":
            try:
                value = parse(cell)
            except BadCell as error:
                bad[at] = error
        values.append(None if value == "" else value)
    return values, bad


def _as_they_are(column: Column, cells: Sequence[Any]) -> list[Any] | None:
    """A column of numbers and blanks, all of them within bounds; None where anything needs a closer look."""
    kinds = set(map(type, cells))
    if kinds == {float}:
        given: Sequence[Any] = cells
    elif kinds <= {float, str}:
        given = [cell for cell in cells if type(cell) is float]
        if len(given) + cells.count("") < len(cells):  # a number written as text, or a word
            return None
    else:
        return None
    if not given:
        return [None] * len(cells)
    low, high = column.bounds()
    values = given if column.factor == 1 else [scaled(cell, column.factor) for cell in given]
    if not (low <= min(values) and max(values) <= high and math.isfinite(sum(values))):
        return None
    if column.field.kind == "count":
        if not all(map(float.is_integer, values)):
            return None
    else:
        values = _rounded(values)
    if given is cells:
        return list(values)
    numbers = iter(values)
    return [next(numbers) if type(cell) is float else None for cell in cells]


def _rounded(values: Sequence[float]) -> Sequence[float]:
    """Each rounded to DECIMALS. A column that has no more of them already is left alone: ten times faster to see than to do."""
    column = np.array(values)
    if np.abs(column).max() < _SURE and bool((np.rint(column * _ONE) / _ONE == column).all()):
        return values
    return [round(value, DECIMALS) for value in values]
