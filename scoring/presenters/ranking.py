"""榜单: one page of a run's ranking, for the page, the export and the API alike.

The run is read once (``_Scope``); every page is an index seek on a numbered column, forwards or backwards; counts come
from the run's cube. The number of queries does not depend on how many firms there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from firms.models import Industry, Park
from firms.services.refusal import Refusal
from scoring.models import EvaluationPeriod, Run, RunSlice
from scoring.presenters.keyset import Keyset, Listed
from scoring.presenters.published import OF_RUN, published_periods
from scoring.presenters.statement import Statement
from scoring.querysets import reads_unpublished

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from firms.models import User

SIZE = 50
MAXIMUM = 500
CHUNK = 2_000
SORTABLE_DIMENSIONS = 3
LONGEST_QUERY = 64


@dataclass(frozen=True)
class Choice:
    """One value of a filter or one order; ``count``: firms it would show with the other filters as they are."""

    value: str
    label: str
    count: int | None = None
    selected: bool = False


class RankingRow(NamedTuple):
    """One firm as ranked. ``movement``: places gained on the previous published period, None if not ranked then."""

    position: int
    rank: int
    stage_rank: int | None
    industry_rank: int | None
    firm_id: int
    credit_code: str
    name: str
    stage: str
    stage_name: str
    cluster: str
    cluster_name: str
    park: str
    park_name: str
    total: Decimal
    grade: str
    dimension_points: list[float]
    previous_rank: int | None = None

    @property
    def movement(self) -> int | None:
        return None if self.previous_rank is None else self.previous_rank - self.rank


@dataclass(frozen=True)
class RankingPage:
    """``period`` None: nothing to show yet. ``count`` None: a search word so common that nobody counted its firms.

    ``first``, ``last``: which of the ``count`` rows are shown (from 1), None where that is not known. Cursors are "" where
    there is no such page; the first page's own cursor is "", the last one's "last".
    """

    period: EvaluationPeriod | None = None
    periods: list[EvaluationPeriod] = field(default_factory=list)
    previous_period: EvaluationPeriod | None = None
    run_id: int | None = None
    run_number: int | None = None
    published: bool = False
    rows: list[RankingRow] = field(default_factory=list)
    count: int | None = 0
    count_exact: bool = True
    first: int | None = None
    last: int | None = None
    next_cursor: str = ""
    previous_cursor: str = ""
    stages: list[Choice] = field(default_factory=list)
    clusters: list[Choice] = field(default_factory=list)
    parks: list[Choice] = field(default_factory=list)
    sorts: list[Choice] = field(default_factory=list)
    dimensions: list[str] = field(default_factory=list)
    stage: str = ""
    cluster: str = ""
    park: str = ""
    q: str = ""
    sort: str = "rank"
    size: int = SIZE
    decimals: int = 2


def ranking_page(
    user: User | AnonymousUser,
    *,
    period: int | None = None,
    stage: str = "",
    cluster: str = "",
    park: str = "",
    q: str = "",
    sort: str = "rank",
    cursor: str = "",
    size: int = SIZE,
) -> RankingPage:
    """One page. ``period``: a data year, by default the latest published one.

    ``sort``: "rank", "name", or a dimension's code (best first), with "-" for the other way round. Raises
    EvaluationPeriod.DoesNotExist for a year this person may not see, Refusal (400) for an unknown filter, order or cursor.
    """
    scope = _Scope.of(user, period, stage, cluster, park, q, sort)
    return RankingPage() if scope is None else scope.page(cursor, max(1, min(size, MAXIMUM)))


def ranking_chunks(
    user: User | AnonymousUser,
    *,
    period: int | None = None,
    stage: str = "",
    cluster: str = "",
    park: str = "",
    q: str = "",
    sort: str = "rank",
    size: int = CHUNK,
) -> tuple[RankingPage, Iterator[list[RankingRow]]]:
    """The first page and all rows of it and the following ones, in chunks, all of one run: for exports."""
    scope = _Scope.of(user, period, stage, cluster, park, q, sort)
    if scope is None:
        return RankingPage(), iter(())
    head = scope.page("", size)

    def chunks() -> Iterator[list[RankingRow]]:
        page = head
        while page.rows:
            yield page.rows
            if not page.next_cursor:
                return
            page = scope.page(page.next_cursor, size)

    return head, chunks()


@dataclass
class _Scope:
    """Everything a request reads once: which run, what it counts, how its codes are called."""

    periods: list[EvaluationPeriod]
    period: EvaluationPeriod
    run: Run
    previous: EvaluationPeriod | None
    chosen: dict[str, str]
    q: str
    sort: str
    offer: _Offer

    @classmethod
    def of(
        cls,
        user: User | AnonymousUser,
        period: int | None,
        stage: str,
        cluster: str,
        park: str,
        q: str,
        sort: str,
    ) -> _Scope | None:
        """Pin the run. None when there is nothing this person may see."""
        periods = _periods(user)
        shown = [p for p in periods if period is None or p.year_id == period]
        if not shown:
            if period is not None:
                raise EvaluationPeriod.DoesNotExist(period)
            return None
        current = next((p for p in shown if p.published_run_id), shown[0])
        run = current.published_run or Run.objects.complete().get(pk=current.latest_run)  # type: ignore[attr-defined]
        made = (run.inputs_digest, run.created_at)
        offer = _offer(run, made, tuple(_parks().rows()), (stage, cluster, park), get_language())
        if len(q) > LONGEST_QUERY:
            raise _bad("q", _("检索词过长。"))
        scope = cls(
            periods=periods,
            period=current,
            run=run,
            previous=next((p for p in periods if p.year_id < current.year_id and p.published_run_id), None),
            chosen={"stage": stage, "cluster": cluster, "park": park},
            q=q.replace("\x00", "").strip(),
            sort=sort or "rank",
            offer=offer,
        )
        if scope.sort.removeprefix("-") not in scope.columns():
            raise _bad("sort", _("不能按“%s”排序。") % sort[:32])
        return scope

    def columns(self) -> dict[str, str]:
        """Order → the column that numbers it."""
        dimensions = self.run.summary["dimensions"][:SORTABLE_DIMENSIONS]
        return {"rank": "position", "name": "by_name"} | {
            code: f"by_dimension_{k}" for k, (code, _name) in enumerate(dimensions, 1)
        }

    def page(self, cursor: str, size: int) -> RankingPage:
        keyset = Keyset(
            self.run,
            self.previous.published_run if self.previous else None,
            {key: value for key, value in self.chosen.items() if value},
            self.columns()[self.sort.removeprefix("-")],
            self.sort.startswith("-"),
            self.offer.count,
        )
        window = keyset.window(cursor, size, self.q)
        return RankingPage(
            period=self.period,
            periods=self.periods,
            previous_period=self.previous,
            run_id=self.run.pk,
            run_number=self.run.number,
            published=self.period.published_run_id == self.run.pk,
            rows=self.rows(window.rows),
            count=window.count,
            count_exact=window.count is not None,
            first=window.first,
            last=None if window.first is None else window.first + len(window.rows) - 1,
            next_cursor=window.next,
            previous_cursor=window.previous,
            **self.offer.choices,
            sorts=self.orders(),
            dimensions=[name for _code, name in self.run.summary["dimensions"]],
            **self.chosen,
            q=self.q,
            sort=self.sort,
            size=size,
            decimals=self.run.summary["decimals"],
        )

    def rows(self, listed: list[Listed]) -> list[RankingRow]:
        names = self.offer.names
        stages, clusters, parks = names["stage"], names["cluster"], names["park"]
        places = Decimal(1).scaleb(-self.run.summary["decimals"])
        return [
            RankingRow(
                position=row.position,
                rank=row.rank,
                stage_rank=row.stage_rank,
                industry_rank=row.industry_rank,
                firm_id=row.firm_id,
                credit_code=row.credit_code,
                name=row.name,
                stage=row.stage,
                stage_name=stages.get(row.stage, row.stage),
                cluster=row.cluster,
                cluster_name=clusters.get(row.cluster, row.cluster),
                park=row.park,
                park_name=parks.get(row.park, row.park),
                total=row.total.quantize(places),
                grade=row.grade,
                dimension_points=row.dimension_points,
                previous_rank=row.rank_before,
            )
            for row in listed
        ]

    def orders(self) -> list[Choice]:
        labels = {"rank": _("总排名"), "name": _("企业名称")} | dict(self.run.summary["dimensions"])
        return [Choice(code, labels[code], None, self.sort.removeprefix("-") == code) for code in self.columns()]


@dataclass(frozen=True)
class _Offer:
    """What a run's ranking can be narrowed by, with the filters chosen: ``count`` firms are left."""

    names: dict[str, dict[str, str]]
    choices: dict[str, list[Choice]]
    count: int


@lru_cache(maxsize=512)
def _offer(
    run: Run,
    made: tuple[str, datetime],
    parks: tuple[tuple[str, str], ...],
    chosen: tuple[str, str, str],
    language: str,
) -> _Offer:
    """Counted and named once a process: a run never changes. Raises Refusal (400) for a value there is not.

    ``made`` (its digest and time) stands beside the run so that a number given anew (a database put back from a backup)
    is never taken for the old one.
    """
    names = {"stage": dict(run.summary["stages"]), "cluster": dict(Industry.Cluster.choices), "park": dict(parks)}
    wanted = dict(zip(names, chosen, strict=True))
    for key, value in wanted.items():
        if value and value not in names[key]:
            raise _bad(key, _("没有“%s”这个选项。") % value[:32])
    counts, left = _counts(run, chosen)
    choices = {f"{key}s": _choices(names[key], counts[key], wanted[key]) for key in names}
    return _Offer(names, choices, left)


def _choices(names: dict[str, str], counts: dict[str, int], chosen: str) -> list[Choice]:
    """The values of a filter that have firms, in the order of their names' list, "" (all) first."""
    every = Choice("", _("全部"), sum(counts.values()), not chosen)
    return [every] + [
        Choice(value, str(label), counts.get(value, 0), chosen == value)
        for value, label in names.items()
        if value in counts or chosen == value
    ]


def _counts(run: Run, chosen: tuple[str, str, str]) -> tuple[dict[str, dict[str, int]], int]:
    """Per filter, value → ranked firms with it under the *other* filters chosen; and how many all of them leave."""
    counts: dict[str, dict[str, int]] = {"stage": {}, "cluster": {}, "park": {}}
    left = 0
    slices = RunSlice.objects.filter(run=run, status="scored").values_list("stage", "cluster", "park", "firms")
    for *where, firms in slices:
        misses = [at for at in range(3) if chosen[at] and chosen[at] != where[at]]
        if not misses:
            left += firms
        for at, key in enumerate(counts):
            if misses in ([], [at]):
                counts[key][where[at]] = counts[key].get(where[at], 0) + firms
    return counts, left


@cache
def _parks() -> Statement:
    return Statement.of(Park.objects.values_list("code", "name"))


def _periods(user: User | AnonymousUser) -> list[EvaluationPeriod]:
    """Periods this person may see that have something to show, latest first, with the pointers as of this request."""
    if not reads_unpublished(user):
        return published_periods()
    runs = Run.objects.complete().filter(period=models.OuterRef("pk")).order_by("-number").values("pk")[:1]
    periods = EvaluationPeriod.objects.visible_to(user).select_related("published_run")
    periods = periods.only("year", "name", "published_at", "version", *(f"published_run__{name}" for name in OF_RUN))
    periods = periods.annotate(latest_run=models.Subquery(runs)).filter(latest_run__isnull=False)
    return list(periods.order_by("-year_id"))


def _bad(place: str, message: str) -> Refusal:
    return Refusal("bad_parameter", message, place=place, hint=_("请从页面上的选项中选择。"), status=400)
