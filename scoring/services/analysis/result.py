"""What an answer says: plain values, each figure raw and as shown, each with the question behind it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from scoring.analysis.fields import Field, base
from scoring.analysis.grouping import TOTAL, behind
from scoring.analysis.query import MAX_COLUMNS, Condition, Problem, Query
from scoring.services.analysis.words import Raw

DEFAULT_COLUMNS = (
    "firm.name", "firm.credit_code", "firm.stage", "firm.cluster", "firm.park", "score.total", "score.rank",
)  # fmt: skip


@dataclass(frozen=True)
class PeriodView:
    """One period of the answer. ``published``: whether its run is the one made known, else it is a trial (试算).

    ``firms``: all of the run, ``ranked`` of them with a rank; ``matched``: those that meet the conditions. ``as_of``: when
    today's facts (registers, data items outside the scheme) were read for ``now_fields``, those of the fields asked for that
    are not of the run itself. ``earlier``: the years it looks back at, the nearest first.
    """

    year: int
    name: str
    run_id: int
    run_number: int
    published: bool
    computed_at: dt.datetime
    firms: int
    ranked: int = 0
    matched: int = 0
    as_of: dt.datetime | None = None
    now_fields: tuple[str, ...] = ()
    earlier: tuple[int, ...] = ()


@dataclass(frozen=True)
class Preparing:
    """A run too large to be made ready while somebody waits: the job that does it."""

    year: int
    job_id: int
    progress: int
    message: str
    failed: bool = False


@dataclass(frozen=True)
class Row:
    """A firm in a period. ``values`` and ``texts`` stand as ``Result.columns``; the unit is not in a text."""

    year: int
    firm_id: int
    credit_code: str
    name: str
    values: tuple[Raw, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Head:
    """A row or column of a table of groups: ``key`` names it, "*" is the total, "" those of whom it is unknown."""

    key: str
    label: str


@dataclass(frozen=True)
class Cell:
    """``count`` firms; ``values`` and ``texts`` stand as ``Result.measures``."""

    count: int
    values: tuple[float | None, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """One condition in words and how many firms were left after it, by year: where a search came to nothing."""

    words: str
    left: Mapping[int, int]


@dataclass(frozen=True)
class Result:
    """The answer to ``query`` (its values in order, its periods chosen). With ``problems`` or while ``preparing`` there are no
    figures.

    ``fields``: all that may be asked, by code. ``hidden``: whether the question names what this person may not see.
    A list: ``columns`` and one page of ``rows``, the periods one after the other, newest first, ``total`` in all.
    Groups: ``heads`` down, ``across`` to the right (both end with the total), ``measures``, and ``cells`` by (year, row key,
    column key); without ``across`` the column key is "*". An empty cell is not there.
    """

    query: Query
    fields: Mapping[str, Field]
    problems: tuple[Problem, ...] = ()
    preparing: tuple[Preparing, ...] = ()
    available: tuple[PeriodView, ...] = ()
    periods: tuple[PeriodView, ...] = ()
    conditions_in_words: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    columns: tuple[Field, ...] = ()
    rows: tuple[Row, ...] = ()
    total: int = 0
    page: int = 1
    pages: int = 1
    size: int = 50
    heads: tuple[Head, ...] = ()
    across: tuple[Head, ...] = ()
    measures: tuple[Field, ...] = ()
    cells: Mapping[tuple[int, str, str], Cell] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)

    @property
    def answered(self) -> bool:
        return not self.problems and not self.preparing

    @property
    def matched(self) -> dict[int, int]:
        """Year → firms that meet the conditions."""
        return {period.year: period.matched for period in self.periods}

    @property
    def hidden(self) -> bool:
        return any(problem.code == "hidden_field" for problem in self.problems)

    def drill(self, year: int, row: str = TOTAL, across: str = TOTAL) -> Query:
        """The list of exactly the firms behind a cell, with what the table measures as columns."""
        query = self.query
        conditions = [*query.within]
        for code, key in ((query.rows, row), (query.across, across)):
            if code:
                kind = self.fields[base(code)[0]].kind
                conditions += behind(code, key, query.edges(code), kind)
        named = [code for code in (query.rows, query.across) if code]
        measured = [measure.field for measure in query.measures if measure.field]
        columns = tuple(dict.fromkeys([*(query.columns or DEFAULT_COLUMNS), *named, *measured]))
        sort = ((measured[0], "desc"),) if measured else tuple(pair for pair in query.sort if "measure." not in pair[0])
        return query.but(
            periods=(year,),
            within=tuple(dict.fromkeys(conditions)),
            columns=columns[:MAX_COLUMNS],
            sort=sort,
            rows="",
            across="",
            measures=(),
            bands=(),
        )

    def of_year(self, year: int) -> Query:
        """The same question of one period only."""
        return self.query.but(periods=(year,))

    def without(self, index: int) -> Query:
        """The question without the cell's condition at ``index`` of ``query.within``."""
        kept: list[Condition] = [one for i, one in enumerate(self.query.within) if i != index]
        return self.query.but(within=tuple(kept))

    def with_problems(self, problems: tuple[Problem, ...]) -> Result:
        return replace(self, problems=problems)
