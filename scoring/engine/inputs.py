"""From a cohort to the columns a scheme reads: one float64 column per input, registers reduced to answers."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scoring.engine.calendar import to_days
from scoring.engine.cohort import ALWAYS, NEVER, Cohort, CohortError, History
from scoring.engine.exact import to_fraction
from scoring.engine.nodes import InputKey, RegisterQuery

if TYPE_CHECKING:
    from scoring.engine.scheme import Scheme

Floats = NDArray[np.float64]
_SCALE = 10.0**6  # amounts with up to six decimals are summed as whole numbers


def gather(scheme: Scheme, cohort: Cohort) -> dict[InputKey, Floats]:
    """Every input column the scheme reads, in the scheme's order; float64[n], NaN = unknown."""
    registers = _RegisterTables(cohort)
    nothing = np.full(len(cohort), np.nan)
    nothing.flags.writeable = False
    columns: dict[InputKey, Floats] = {}
    for key in scheme.inputs:
        source = key[0]
        if source == "metric":
            columns[key] = cohort.current.get(key[1], nothing)
        elif source == "previous":
            columns[key] = cohort.previous.get(key[1], nothing)
        elif source == "register":
            columns[key] = registers.answer(key[1])
        else:
            columns[key] = _other(key, cohort, len(scheme.stages))
    return columns


def _other(key: InputKey, cohort: Cohort, stages: int) -> Floats:
    source, name = key[0], key[1]
    n = len(cohort)
    history: History = cohort.history  # type: ignore[assignment]
    if source == "date":
        dates = history.stage_since if name == "stage_since" else cohort.dates.get(name)
        if dates is None:
            return np.full(n, np.nan)
        return np.where(np.isnat(dates), np.nan, dates.astype(np.int64).astype(np.float64))
    if source == "history":
        column = getattr(history, "demoted_previous" if name == "demoted_before" else name)
        if column.dtype != np.bool_ and n and column.max(initial=-1) >= stages:
            raise CohortError(f"历史阶段编号{int(column.max())}不在方案里")
        return np.where(column < 0, np.nan, column.astype(np.float64))
    if source == "manual":
        flags = cohort.overrides.get(name)
        return np.zeros(n) if flags is None else flags.astype(np.float64)
    groups = cohort.groups.get(name)
    if groups is None:
        return np.full(n, np.nan)
    return np.isin(groups.astype(str), key[2]).astype(np.float64)


class _RegisterTables:
    """The registers split by kind, with dates as days, so that each question looks only at its own kind."""

    def __init__(self, cohort: Cohort) -> None:
        self.n = len(cohort)
        self.registers = cohort.registers
        self.first = to_days(dt.date(cohort.year, 1, 1))
        self.last = to_days(dt.date(cohort.year, 12, 31))
        self.year = cohort.year
        self.as_of = to_days(cohort.as_of)
        self.kinds: dict[str, NDArray[np.intp]] = {}
        table = cohort.registers
        self.starts = np.where(np.isnat(table.starts), ALWAYS, table.starts.astype(np.int64))
        self.ends = np.where(np.isnat(table.ends), NEVER, table.ends.astype(np.int64))

    def rows(self, query: RegisterQuery) -> NDArray[np.intp]:
        """The entries that meet every selector of the query."""
        table = self.registers
        if query.kind not in self.kinds:
            self.kinds[query.kind] = np.flatnonzero(table.kind.is_in([query.kind]))
        rows = self.kinds[query.kind]
        if query.categories is not None:
            rows = rows[table.category.is_in(query.categories, rows)]
        if query.levels is not None:
            rows = rows[table.level.is_in(query.levels, rows)]
        starts, ends = self.starts[rows], self.ends[rows]
        name, years = query.window or ("", 0)
        if name == "years":
            first = to_days(dt.date(self.year - years + 1, 1, 1))
            return rows[(starts >= first) & (starts <= self.last)]
        if name == "overlaps":
            return rows[(starts <= self.last) & (ends >= self.first)]
        begun = starts <= self.as_of
        if name == "held":
            begun &= ends >= self.as_of
        elif name == "unresolved":
            begun &= ends > self.as_of
        elif name == "expired":
            begun &= ends < self.as_of
        return rows[begun]

    def answer(self, query: RegisterQuery) -> Floats:
        """The query's answer for every firm; float64[n], never NaN."""
        rows = self.rows(query)
        firm = self.registers.firm[rows]
        if query.function == "has":
            return (np.bincount(firm, minlength=self.n) > 0).astype(np.float64)
        if query.function == "count":
            return np.bincount(firm, minlength=self.n).astype(np.float64)
        if query.function in ("amount", "quantity"):
            values = self.registers.amount if query.function == "amount" else self.registers.quantity
            return exact_sums(firm, values[rows], self.n)
        return self.levels(query, rows, firm)

    def levels(self, query: RegisterQuery, rows: NDArray[np.intp], firm: NDArray[Any]) -> Floats:
        # whole numbers over a common denominator, so that 0.1 + 0.2 is 0.3
        denominator = math.lcm(*(weight.denominator for _, weight in query.weights))
        total = np.zeros(self.n, dtype=np.int64)
        for level, weight in sorted(query.weights, key=lambda pair: pair[1]):
            counts = np.bincount(firm[self.registers.level.is_in([level], rows)], minlength=self.n)
            points = int(weight * denominator)
            if query.function == "best_level":
                total = np.where((counts > 0) & (points > total), points, total)
            else:
                total += points * (counts if query.function == "weighted" else (counts > 0))
        return total / denominator


def exact_sums(firm: NDArray[Any], values: Floats, n: int) -> Floats:
    """Sums per firm of decimal values, exact before one rounding to float64; NaN counts 0."""
    values = np.where(np.isnan(values), 0.0, values)
    with np.errstate(all="ignore"):
        whole = np.rint(values * _SCALE)
        easy = (np.abs(whole) < 2**53) & (whole / _SCALE == values)
    result = np.zeros(n)
    hard = np.zeros(n, dtype=bool)
    hard[firm[~easy]] = True
    units = np.zeros(n, dtype=np.int64)
    np.add.at(units, firm[easy], whole[easy].astype(np.int64))
    hard |= np.abs(units) >= 2**53
    result[:] = units / _SCALE
    sums: dict[int, Fraction] = {}
    for i in np.flatnonzero(hard[firm]):
        who = int(firm[i])
        sums[who] = sums.get(who, Fraction(0)) + to_fraction(float(values[i]))
    for who, value in sums.items():
        result[who] = float(value)
    return result


def input_digest(cohort: Cohort, scheme: Scheme) -> str:
    """SHA-256 (hex) of everything that can change the evaluation; the order of the firms does not matter."""
    return digest_columns(cohort, scheme, gather(scheme, cohort))


def digest_columns(cohort: Cohort, scheme: Scheme, columns: Mapping[InputKey, Floats]) -> str:
    """input_digest over columns already gathered."""
    matrix = np.empty((len(cohort), len(columns)))
    for j, column in enumerate(columns.values()):
        matrix[:, j] = column + 0.0  # -0.0 and 0.0 are one number
    matrix[np.isnan(matrix)] = np.nan
    names = sorted(name for name in cohort.groups if name in scheme.groups_used)
    groups = [cohort.groups[name].tolist() for name in names]
    digests = []
    for i, key in enumerate(cohort.keys):
        firm = hashlib.sha256(matrix[i].tobytes())
        firm.update("\x00".join([key, *(str(group[i]) for group in groups)]).encode())
        digests.append(firm.digest())
    whole = hashlib.sha256(f"{scheme.sha256} {cohort.year} {cohort.as_of} {names}".encode())
    for digest in sorted(digests):
        whole.update(digest)
    return whole.hexdigest()
