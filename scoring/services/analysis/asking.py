"""Asking: whose question, of which runs, whether it may be asked, and the answer page by page."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Subquery
from django.utils.dateparse import parse_datetime

from firms.models import Role, User
from scoring.analysis.check import checked
from scoring.analysis.fields import Field, base
from scoring.analysis.query import Measure, Problem, Query
from scoring.analysis.run import answer_of, listed
from scoring.assembly import columns
from scoring.assembly.columns import RunTable
from scoring.models import EvaluationPeriod, Run
from scoring.services.analysis import laying, ready
from scoring.services.analysis.offer import Offer, offer
from scoring.services.analysis.result import DEFAULT_COLUMNS, PeriodView, Result, Row
from scoring.services.analysis.words import as_asked, told

ASKERS = frozenset({Role.OFFICE, Role.LEADER, Role.DEPARTMENT})
SIZE, LARGEST = 50, 200
CELLS = 6_000  # of one period: more is no table for people
CHUNK = 2_000


def may_ask(user: User) -> bool:
    return user.is_authenticated and user.is_active and user.role in ASKERS


def fields_for(user: User) -> Mapping[str, Field]:
    """By code, what ``user`` may ask about. Raises PermissionDenied."""
    return _Asked.by(user, Query()).offer.fields


def problems_of(user: User, query: Query) -> tuple[Problem, ...]:
    """What keeps ``user`` from asking this, in words; nothing is computed. Raises PermissionDenied."""
    return _Asked.by(user, query).problems


def understood(user: User, query: Query) -> Result:
    """The question as it was understood, with its problems and nothing computed: for who is still putting it together. Raises
    PermissionDenied."""
    return _Asked.by(user, query).result()


def ask(user: User, query: Query, *, page: int = 1, size: int = SIZE) -> Result:
    """The answer to ``query`` as far as ``user`` may see it: a constant number of queries. Raises PermissionDenied.

    A question that does not fit is answered with its ``problems``; one of large runs asked for the first time with what
    is still being prepared.
    """
    start = time.perf_counter()
    asked = _Asked.by(user, query)
    if asked.problems:
        return asked.result()
    tables, waiting = asked.tables()
    if waiting:
        return replace(asked.result(), preparing=tuple(waiting))
    prepared = time.perf_counter()
    answers = {year: answer_of(asked.query, table) for year, table in tables.items()}
    answered = time.perf_counter()
    result = asked.counted(tables, {year: answer.matched for year, answer in answers.items()})
    if asked.query.rows:
        found = {year: answer.grouped for year, answer in answers.items() if answer.grouped}
        cells = sum((len(one.rows) + 1) * (len(one.across) + 1) for one in found.values())
        if cells > CELLS:
            return result.with_problems(tuple(told([Problem("rows", "too_many_groups", str(CELLS))])))
        result = laying.grouped(result, found)
    else:
        places = {year: answer.listed.rows for year, answer in answers.items() if answer.listed}
        result = laying.page(user, result, tables, places, page, max(1, min(size, LARGEST)))
    done = time.perf_counter()
    timings = {"prepare": prepared - start, "answer": answered - prepared, "lay_out": done - answered}
    return replace(result, timings=timings)


def whole(user: User, query: Query) -> tuple[Result, Iterator[Sequence[Row]]]:
    """A list's answer without rows, and all its rows in chunks: what a file holds. Raises PermissionDenied."""
    asked = _Asked.by(user, query)
    if asked.problems or asked.query.rows:
        return asked.result(), iter(())
    tables, waiting = asked.tables(names=True)
    if waiting:
        return replace(asked.result(), preparing=tuple(waiting)), iter(())
    answers = {year: answer_of(asked.query, table) for year, table in tables.items()}
    result = asked.counted(tables, {year: answer.matched for year, answer in answers.items()})
    return result, laying.every(
        result, tables, {year: listed(asked.query, table).rows for year, table in tables.items()}, CHUNK
    )


@dataclass(frozen=True)
class _Asked:
    """A question with its runs. ``runs``: every period's chosen run, oldest first."""

    user: User
    query: Query
    runs: tuple[Run, ...]
    offer: Offer
    problems: tuple[Problem, ...]

    @classmethod
    def by(cls, user: User, query: Query) -> _Asked:
        if not may_ask(user):
            raise PermissionDenied
        runs = _runs(user, query.trial)
        found = offer(user, (run.scheme_sha256 for run in reversed(runs)))
        complete = query.periods or tuple(sorted((run.period.year_id for run in _newest(runs)), reverse=True))
        if query.rows and not query.measures:
            query = replace(query, measures=(Measure(),))
        if not query.rows and not query.columns:
            query = replace(query, columns=DEFAULT_COLUMNS)
        done, problems = checked(
            replace(query, periods=tuple(sorted(complete, reverse=True))), found.fields, found.hidden
        )
        years = {run.period.year_id for run in runs}
        problems += [
            Problem(f"periods[{i}]", "no_period", str(year))
            for i, year in enumerate(done.periods)
            if years and year not in years
        ]
        if not runs:
            problems.append(Problem("periods", "no_periods"))
        return cls(user, done, tuple(runs), found, tuple(told(problems)))

    @property
    def asked_runs(self) -> list[Run]:
        return [run for run in self.runs if run.period.year_id in self.query.periods]

    @property
    def codes(self) -> list[str]:
        """Fields whose arrays the answer needs; names and codes of the page's firms come from their rows."""
        query = self.query
        needed = [code for path, code in query.fields() if not path.startswith("columns")]
        return list(dict.fromkeys([*needed, *self.shown_codes]))

    @property
    def shown_codes(self) -> list[str]:
        return [code for code in self.query.columns if code not in laying.OF_ROWS] if not self.query.rows else []

    def tables(self, *, names: bool = False) -> tuple[dict[int, RunTable], list[ready.Preparing]]:
        """Year → table of the periods asked for, newest first, with all the arrays the answer needs at hand."""
        wanted = self._looked_at()
        found = columns.tables(self.runs)
        lacking = [run for run in wanted if found[run.pk] is None]
        if lacking:
            waiting = ready.prepare(lacking, by=self.user)
            if waiting:
                return {}, waiting
            found = columns.tables(self.runs)
        tables = {run.period.year_id: found[run.pk] for run in reversed(self.asked_runs)}
        there = {year: table for year, table in tables.items() if table is not None}
        columns.fetch(there.values(), [*self.codes, *(laying.OF_ROWS if names else ())])
        return there, []

    def _looked_at(self) -> list[Run]:
        """The runs asked for, and those before them that a figure looks back at."""
        back = 0
        for _path, code in self.query.fields():
            name, steps = base(code)
            back = max(back, steps + (name in columns.CHANGES))
        wanted: set[int] = set()
        for at, run in enumerate(self.runs):
            if run.period.year_id in self.query.periods:
                wanted |= {run.pk, *(earlier.pk for earlier in columns.earlier_runs(self.runs, at)[:back])}
        return [run for run in self.runs if run.pk in wanted]

    def result(self) -> Result:
        """The question in words, before any figure."""
        fields = self.offer.fields
        views = {run.period.year_id: self._view(at) for at, run in enumerate(self.runs)}
        return Result(
            query=self.query,
            fields=fields,
            problems=self.problems,
            available=tuple(views[year] for year in sorted(views, reverse=True)),
            periods=tuple(views[year] for year in self.query.periods if year in views),
            conditions_in_words=() if self.problems else laying.conditions(self.query, fields),
            columns=tuple(filter(None, (as_asked(code, fields) for code in self.query.columns))),
        )

    def _view(self, at: int) -> PeriodView:
        run = self.runs[at]
        return PeriodView(
            year=run.period.year_id,
            name=run.period.name,
            run_id=run.pk,
            run_number=run.number,
            published=run.period.published_run_id == run.pk,
            computed_at=run.created_at,
            firms=run.firms,
            ranked=run.ranked,
            earlier=tuple(earlier.period.year_id for earlier in columns.earlier_runs(self.runs, at)),
        )

    def counted(self, tables: Mapping[int, RunTable], matched: Mapping[int, laying.Matched]) -> Result:
        """With how many firms there are, and how many were left after each condition."""
        result = self.result()
        asked = {base(code)[0] for _, code in self.query.fields()}
        periods = tuple(
            replace(
                period,
                firms=len(tables[period.year]),
                matched=len(matched[period.year]),
                as_of=parse_datetime(tables[period.year].built_at),
                now_fields=tuple(code for code in tables[period.year].now if code in asked),
            )
            for period in result.periods
        )
        return replace(
            result,
            periods=periods,
            total=sum(period.matched for period in periods),
            steps=laying.steps(self.query, self.offer.fields, matched),
        )


def _runs(user: User, trial: bool) -> list[Run]:
    """Of each period that has one the run asked about, oldest first: the published one, or the latest with ``trial`` and where
    nothing is published (two queries)."""
    latest = Run.objects.visible_to(user).filter(period=OuterRef("pk")).order_by("-number").values("pk")[:1]
    periods = EvaluationPeriod.objects.visible_to(user).annotate(latest=Subquery(latest))
    pairs = periods.order_by("year_id").values_list("published_run_id", "latest")
    chosen = [(newest if trial else published or newest) for published, newest in pairs]
    runs = (
        Run.objects.visible_to(user).select_related("period", "scheme").defer("summary", "references", "scheme__text")
    )
    found = runs.in_bulk([pk for pk in chosen if pk is not None])
    return [found[pk] for pk in chosen if pk in found]


def _newest(runs: Sequence[Run]) -> list[Run]:
    """What is asked about when no period is named: the newest published one, else the newest."""
    published = [run for run in runs if run.period.published_run_id == run.pk]
    return (published or list(runs))[-1:]
