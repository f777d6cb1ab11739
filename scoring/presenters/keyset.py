"""Pages by seek: a numbered column tells where a page begins, so the last page costs what the first one does."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils.translation import gettext as _

from firms.services.refusal import Refusal
from scoring.assembly import normalised
from scoring.models import Run, Score
from scoring.presenters.statement import Slot, Statement
from scoring.querysets import ScoreQuerySet

LAST = "last"
_CURSOR = re.compile(r"([ab])([0-9]{1,9})\.([0-9]{1,9})", re.ASCII)
# Rows read in order when looking for a common word, before the index is asked for a rare one (measured: benchmarks/ranking).
STRETCH = 40_000
TOO_MANY = 20_000
PUBLIC = AnonymousUser()


class Listed(NamedTuple):
    """What a page reads of a ``Score``; ``rank_before``: the firm's rank in the run compared with."""

    id: int
    firm_id: int
    credit_code: str
    name: str
    stage: str
    cluster: str
    park: str
    total: Decimal
    grade: str
    dimension_points: list[float]
    rank: int
    stage_rank: int | None
    industry_rank: int | None
    position: int
    by_name: int
    by_dimension_1: int
    by_dimension_2: int
    by_dimension_3: int
    rank_before: int | None


@dataclass(frozen=True)
class Window:
    """A page's rows in display order; ``first``: the number of the first among ``count``; "" where there is no page."""

    rows: list[Listed]
    count: int | None
    first: int | None
    next: str
    previous: str


@dataclass(frozen=True)
class _Cursor:
    """``direction``: "a" rows after ``value``, "b" rows before it, "" the first page, "last". ``offset``: rows before it."""

    direction: str = ""
    value: int = 0
    offset: int = 0

    @classmethod
    def read(cls, text: str) -> _Cursor:
        if text in ("", LAST):
            return cls(text)
        found = _CURSOR.fullmatch(text)
        if found is None:
            raise Refusal(
                "bad_cursor", _("翻页位置无效。"), place="cursor", hint=_("请回到第一页重新翻页。"), status=400
            )
        return cls(found[1], int(found[2]), int(found[3]))

    @property
    def backwards(self) -> bool:
        return self.direction in ("b", LAST)


@dataclass(frozen=True)
class Keyset:
    """The ranked rows of ``run`` with the values ``chosen``, in the order of ``column`` (numbers from 1).

    ``run``, ``before`` (the run that ranks are compared with): runs this request already got from what its reader may
    see. ``count``: how many rows there are.
    """

    run: Run
    before: Run | None
    chosen: Mapping[str, str]
    column: str
    descending: bool
    count: int

    def window(self, cursor: str, size: int, q: str = "") -> Window:
        """The page at a cursor; with ``q`` only the firms it names. Raises Refusal (400) for a cursor that is none."""
        at = _Cursor.read(cursor)
        text = normalised(q)
        if not text:
            return self._window(at, size, None, self.count)
        if self.run.ranked > STRETCH:
            common = self._common(at, size, text)
            if common is not None:
                return common
        return self._rare(at, size, text)

    @property
    def scores(self) -> ScoreQuerySet:
        return _scores(self.run, self.before, self.chosen)

    def _window(self, at: _Cursor, size: int, scores: ScoreQuerySet | None, count: int | None) -> Window:
        """One page of ``scores``; None: all of them, by a statement written before."""
        wanted = size
        if at.direction == LAST and count:
            wanted = count % size or size  # the same rows as paging there from the first page
        if scores is None:
            rows = self._seek(at, wanted + 1)
        else:
            rows = list(map(Listed._make, self._ahead(at, scores).values_list(*Listed._fields)[: wanted + 1]))
        more = len(rows) > wanted
        rows = rows[:wanted]
        if at.backwards:
            rows.reverse()
        return self._framed(at, rows, more, count)

    def _seek(self, at: _Cursor, limit: int) -> list[Listed]:
        up, start = self._from(at)
        statement = _statement(self.column, up, limit, self.before is not None, tuple(self.chosen))
        before = self.before.pk if self.before else None
        return list(map(Listed._make, statement.rows(run=self.run.pk, before=before, start=start, **self.chosen)))

    def _from(self, at: _Cursor) -> tuple[bool, int]:
        """Whether reading goes towards higher numbers, and the number it begins behind."""
        up = at.backwards == self.descending
        return up, at.value if at.direction in ("a", "b") else (0 if up else self.run.ranked + 1)

    def _ahead(self, at: _Cursor, scores: ScoreQuerySet, stretch: int | None = None) -> ScoreQuerySet:
        """Rows from the cursor on, in the direction of reading; within ``stretch`` numbers of it, if given."""
        up, start = self._from(at)
        ahead = _behind(scores, self.column, up, start)
        if stretch is None:
            return ahead
        limit = {"lte": start + stretch} if up else {"gte": max(1, start - stretch)}
        return ahead.filter(**{f"{self.column}__{bound}": number for bound, number in limit.items()})

    def _framed(self, at: _Cursor, rows: list[Listed], more: bool, count: int | None) -> Window:
        """Cursors and numbers around rows in display order; ``more``: whether reading on would find another."""
        if not rows:
            return Window([], count, None, "", "")
        if at.direction == "":
            before: int | None = 0
        elif at.direction == LAST:
            before = None if count is None else count - len(rows)
        else:
            before = at.offset if at.direction == "a" else max(0, at.offset - len(rows))
        if count is not None and before is not None:
            before = min(before, count - len(rows)) if count >= len(rows) else 0
        has_next = more if not at.backwards else at.direction == "b"
        has_previous = more if at.backwards else at.direction == "a"
        known = before or 0
        return Window(
            rows,
            count,
            None if before is None else before + 1,
            f"a{getattr(rows[-1], self.column)}.{known + len(rows)}" if has_next else "",
            f"b{getattr(rows[0], self.column)}.{known}" if has_previous else "",
        )

    def _common(self, at: _Cursor, size: int, text: str) -> Window | None:
        """The page of a word so common that a stretch of the ranking fills it; None if it does not."""
        ahead = self._ahead(at, self.scores.matching(text), STRETCH)
        # Only what the covering index holds (scoring migration 0005); the rows themselves are read for one page.
        found = list(ahead.values_list(self.column, "pk")[: size + 1])
        if len(found) <= size:
            return None
        rows = self._rows(found[:size])
        if at.backwards:
            rows.reverse()
        return self._framed(at, rows, True, None)

    def _rows(self, found: list[tuple[int, int]]) -> list[Listed]:
        rows = self.scores.filter(pk__in=[pk for _number, pk in found]).values_list(*Listed._fields)
        by_pk = {row[0]: Listed._make(row) for row in rows}
        return [by_pk[pk] for _number, pk in found]

    def _rare(self, at: _Cursor, size: int, text: str) -> Window:
        """The page of a word few firms have: all of them are found, so they are counted as well."""
        matches = self.scores.of_candidates(text).matching(text).filter(**{f"{self.column}__gte": 1})
        # Unordered on purpose: an ORDER BY would tempt the planner to walk the whole ranking instead of the index.
        found = list(matches.order_by().values_list(self.column, "pk")[: TOO_MANY + 1])
        if len(found) > TOO_MANY:
            return self._window(at, size, self.scores.matching(text), None)
        found.sort(reverse=self.descending)
        numbers = [number if not self.descending else -number for number, _pk in found]
        value = -at.value if self.descending else at.value
        start, stop = 0, min(size, len(found))
        if at.direction == LAST:
            start, stop = max(0, len(found) - (len(found) % size or size)), len(found)
        elif at.direction == "a":
            start = bisect_right(numbers, value)
            stop = start + size
        elif at.direction == "b":
            stop = bisect_left(numbers, value)
            start = max(0, stop - size)
        chosen = found[start:stop]
        rows = self._rows(chosen)
        if not rows:
            return Window([], len(found), None, "", "")
        return Window(
            rows,
            len(found),
            start + 1,
            f"a{chosen[-1][0]}.{start + len(rows)}" if start + len(rows) < len(found) else "",
            f"b{chosen[0][0]}.{start}" if start else "",
        )


def _scores(run: Run, before: Run | None, chosen: Mapping[str, Any]) -> ScoreQuerySet:
    """The ranked rows of a run that is known to be visible: as everybody may see them, whoever asks."""
    scores = Score.objects.visible_to(PUBLIC, run).filter(**chosen)
    if before is None:
        return scores.annotate(rank_before=models.Value(None, models.PositiveIntegerField()))
    # Looked up for the rows of the page only.
    ranks = Score.objects.visible_to(PUBLIC, before).filter(firm_id=models.OuterRef("firm_id")).order_by()
    return scores.annotate(rank_before=models.Subquery(ranks.values("rank")[:1]))


def _behind(scores: ScoreQuerySet, column: str, up: bool, start: Any) -> ScoreQuerySet:
    bounds = {"gt": start} if up else {"lt": start, "gte": 1}
    conditions = {f"{column}__{bound}": number for bound, number in bounds.items()}
    return scores.filter(**conditions).order_by(column if up else f"-{column}")


@lru_cache(maxsize=256)
def _statement(column: str, up: bool, limit: int, compared: bool, chosen: tuple[str, ...]) -> Statement:
    before = Run(pk=Slot("before")) if compared else None
    scores = _scores(Run(pk=Slot("run")), before, {name: Slot(name) for name in chosen})
    return Statement.of(_behind(scores, column, up, Slot("start")).values_list(*Listed._fields)[:limit])
