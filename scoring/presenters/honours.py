"""荣誉榜: the best of each stage and industry, read from a published run's ranks; never copied, never of another run.

A band of p % holds the firms ranked up to the p-th per cent of the ranked firms of their stage or industry, rounded up to a
whole firm, and everybody who ties with the last of them; each firm stands in the first band that holds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Count, Q

from firms.models import Industry, Park
from scoring.models import EvaluationPeriod, HonourList, Run, Score
from scoring.policies import band_names
from scoring.presenters.published import published_periods
from scoring.presenters.run_sums import sums_of
from scoring.querysets import ScoreQuerySet

SIZE = 200
RANKS = {"stage": "stage_rank", "cluster": "industry_rank"}


@dataclass(frozen=True)
class Group:
    """A stage or an industry: ``kind`` stage or cluster, ``firms`` ranked in it, ``cuts`` the last rank of each band."""

    kind: str
    code: str
    name: str
    firms: int
    cuts: tuple[int, ...]
    url: str = ""
    current: bool = False


@dataclass(frozen=True)
class HonourRow:
    rank: int
    credit_code: str
    name: str
    stage_name: str
    cluster_name: str
    park_name: str
    total: str


@dataclass(frozen=True)
class Band:
    """``last``: the last rank that is in; ``count`` its firms in all, ``rows`` those on this page."""

    number: int
    name: str
    last: int
    count: int
    rows: list[HonourRow] = field(default_factory=list)


@dataclass(frozen=True)
class HonourPage:
    """``honours`` None: no list is in force. ``bands`` of ``group``; ``count`` firms in all of them."""

    honours: HonourList | None = None
    period: EvaluationPeriod | None = None
    periods: list[EvaluationPeriod] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    group: Group | None = None
    bands: list[Band] = field(default_factory=list)
    count: int = 0
    number: int = 1
    pages: int = 1
    previous: str = ""
    next: str = ""
    decimals: int = 2


@dataclass(frozen=True)
class Preview:
    """What a list with these bands would hold: per group the firms of each band."""

    bands: list[int]
    lines: list[tuple[Group, list[int]]]


def cut(firms: int, percent: int) -> int:
    """The last rank among the best ``percent`` % of ``firms``, rounded up: 5 % of 21 firms are 2."""
    return -(-firms * percent // 100)


def honour_page(year: int | None = None, stage: str = "", cluster: str = "", page: int = 1) -> HonourPage:
    """The list of ``year`` (the latest without one, or when none of that year is in force), one stage or industry of it.

    A stage or industry nobody is ranked in shows the first stage. Constant queries.
    """
    lists = {honours.run_id: honours for honours in HonourList.objects.in_force()}
    periods = [period for period in published_periods() if period.published_run_id in lists]
    if not periods:
        return HonourPage()
    period = next((item for item in periods if item.year_id == year), periods[0])
    honours = lists[period.published_run_id]
    found = groups(period.published_run, honours.bands, year=period.year_id)
    asked = ("stage", stage) if stage else ("cluster", cluster)
    group = next((item for item in found if (item.kind, item.code) == asked), found[0] if found else None)
    if group is None:
        return HonourPage(honours, period, periods)
    return _filled(HonourPage(honours, period, periods, _marked(found, group), group), page)


def groups(run: Run, bands: Sequence[int], year: int = 0) -> list[Group]:
    """Stages, then industries, that have ranked firms; firms of no industry are in none."""
    parts = sums_of([run])[run.pk].parts
    names = {"stage": dict(run.summary["stages"]), "cluster": dict(Industry.Cluster.choices)}
    return [
        Group(
            kind,
            code,
            str(name),
            parts[kind][code].firms,
            tuple(cut(parts[kind][code].firms, band) for band in bands),
            "?" + urlencode({"year": year, kind: code}),
        )
        for kind in RANKS
        for code, name in names[kind].items()
        if code in parts[kind]
    ]


def preview(run: Run, bands: Sequence[int]) -> Preview:
    """Counts as a list with these bands would show them, ties and all; one query."""
    found = groups(run, bands)
    held = _held(Score.objects.filter(run=run, status=Score.Status.SCORED), found)
    lines = [
        (group, [now - before for before, now in pairwise([0, *counts])])
        for group, counts in zip(found, held, strict=True)
    ]
    return Preview(list(bands), lines)


def _held(scores: ScoreQuerySet, found: Sequence[Group]) -> list[list[int]]:
    """Per group, the firms up to each cut, ties and all; one query."""
    counts = {
        f"held_{i}_{j}": Count("pk", filter=_within(group, last))
        for i, group in enumerate(found)
        for j, last in enumerate(group.cuts)
    }
    said = scores.aggregate(**counts) if counts else {}
    return [[said[f"held_{i}_{j}"] for j in range(len(group.cuts))] for i, group in enumerate(found)]


def _within(group: Group, last: int) -> Q:
    return Q(**{group.kind: group.code, f"{RANKS[group.kind]}__lte": last})


def every_row(page: HonourPage) -> Iterator[tuple[Band, HonourRow]]:
    """All firms of the group shown, band after band: for a file."""
    if page.group is None or page.period is None:
        return
    rows = _in_force(page.period.published_run, page.group, page.group.cuts[-1])
    bands = page.bands
    for row in _rows(rows, page, page.period.published_run):
        yield next(band for band in bands if row.rank <= band.last), row


def _marked(found: list[Group], group: Group) -> list[Group]:
    return [replace(item, current=item == group) for item in found]


def _filled(page: HonourPage, number: int) -> HonourPage:
    """With the bands of its group and one page of their firms."""
    assert page.group is not None
    assert page.period is not None
    assert page.honours is not None
    run, group, names = page.period.published_run, page.group, band_names(page.honours.bands)
    rows = _in_force(run, group, group.cuts[-1])
    (held,) = _held(rows.order_by(), [group])
    pages = Paginator(rows, SIZE)
    pages.count = held[-1]  # type: ignore[misc]  # counted already
    shown = pages.get_page(number)
    on_page = list(_rows(shown.object_list, page, run))  # type: ignore[arg-type]
    bands, before, low = [], 0, 0
    for index, (name, last, upto) in enumerate(zip(names, group.cuts, held, strict=True)):
        mine = [row for row in on_page if low < row.rank <= last]
        bands.append(Band(index + 1, name, last, upto - before, mine))
        before, low = upto, last
    return replace(
        page,
        decimals=run.summary["decimals"],
        bands=bands,
        count=pages.count,
        number=shown.number,
        pages=pages.num_pages,
        previous=f"{group.url}&page={shown.previous_page_number()}" if shown.has_previous() else "",
        next=f"{group.url}&page={shown.next_page_number()}" if shown.has_next() else "",
    )


def _in_force(run: Run, group: Group, last: int) -> ScoreQuerySet:
    rows = Score.objects.filter(run=run, status=Score.Status.SCORED, position__isnull=False)
    return rows.filter(_within(group, last)).order_by("position")


def _rows(scores: ScoreQuerySet, page: HonourPage, run: Run) -> Iterator[HonourRow]:
    assert page.group is not None
    stages, clusters = dict(run.summary["stages"]), dict(Industry.Cluster.choices)
    parks = dict(Park.objects.values_list("code", "name"))
    columns = (RANKS[page.group.kind], "credit_code", "name", "stage", "cluster", "park", "total")
    decimals = run.summary["decimals"]
    for rank, code, name, stage, cluster, park, total in scores.values_list(*columns):
        yield HonourRow(
            rank, code, name, stages.get(stage, stage), str(clusters.get(cluster, cluster)),
            parks.get(park, park), f"{total:.{decimals}f}",
        )  # fmt: skip
