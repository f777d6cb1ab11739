"""多维检索: the builder with its question, the answer below it, what was kept, and where to begin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scoring.analysis.query import Query
from scoring.presenters.analysis import draft as drafts
from scoring.presenters.analysis.builder import Builder, build
from scoring.presenters.analysis.charts import chart, looks
from scoring.presenters.analysis.cohorts import population
from scoring.presenters.analysis.examples import Example, examples
from scoring.presenters.analysis.tables import Table, link_maker, tables
from scoring.presenters.charts import Chart

if TYPE_CHECKING:
    from scoring.analysis.query import Problem
    from scoring.models import SavedView
    from scoring.presenters.analysis.tables import Address
    from scoring.services.analysis import PeriodView, Preparing, Result

# What is told only once the question is asked: a row just added is not wrong yet.
_UNFINISHED = frozenset({"no_value", "not_pair", "no_bands", "not_amount", "no_field"})
LOOKS = {
    "columns": gettext_lazy("柱形图"), "rows": gettext_lazy("条形图"), "stacked": gettext_lazy("堆积图"),
    "trend": gettext_lazy("折线图"),
}  # fmt: skip
LONGEST = 3_800  # letters of a question's address: servers take lines of about 4,000


@dataclass(frozen=True)
class RunLine:
    """Which run a period was answered from, and how many firms match in it."""

    year: int
    name: str
    number: int
    state: str
    published: bool
    matched: int
    firms: int
    as_of: str
    ranked: int = 0


@dataclass(frozen=True)
class Pages:
    here: str
    first: str
    previous: str
    next: str
    last: str


@dataclass(frozen=True)
class Shown:
    """The answer as its template draws it; ``steps``: (condition, firms left in each period)."""

    words: list[str]
    runs: list[RunLine]
    notes: list[str]
    tables: list[Table]
    empty: str
    steps: list[tuple[str, str]]
    pages: Pages | None


@dataclass(frozen=True)
class Kept:
    """A saved view as the pages name it. ``changed``: the question on the page is not the one that was saved."""

    pk: int
    title: str
    owner: str
    mine: bool
    shared: bool
    version: int
    changed: bool = False


@dataclass(frozen=True)
class AnalysisPage:
    builder: Builder
    periods: Sequence[PeriodView]
    address: str
    query_string: str
    population: str = ""  # the address of these firms, for comparing them with others
    result: Shown | None = None
    preparing: list[str] = field(default_factory=list)
    chart: Chart | None = None
    measures: list[tuple[str, str, bool]] = field(default_factory=list)
    looks: list[tuple[str, str, bool]] = field(default_factory=list)
    view: Kept | None = None
    build_open: bool = True
    start: bool = False
    examples: list[Example] = field(default_factory=list)
    views: list[Kept] = field(default_factory=list)

    @property
    def view_id(self) -> int | None:
        return self.view.pk if self.view else None


def kept(view: SavedView, *, mine: bool, changed: bool = False) -> Kept:
    return Kept(view.pk, view.title, view.owner.get_full_name() or view.owner.username, mine, view.shared, view.version, changed)  # fmt: skip


def problems_of(problems: Iterable[Problem], *, asked: bool) -> list[tuple[str, str]]:
    """(path, what to tell); of a question still being put together, nothing about what is merely not filled in yet."""
    return [
        (problem.path, problem.message)
        for problem in problems
        if asked or not (problem.code in _UNFINISHED or problem.about == drafts.UNCHOSEN)
    ]


def builder_page(
    result: Result, draft: drafts.Draft, *, asked: bool, focus: str = "", told: Sequence[str] = ()
) -> Builder:
    """The builder of a draft. ``result``: the answer to it, for its fields, periods and problems; ``told``: what else is wrong."""
    return build(
        draft,
        result.fields,
        [(period.year, period.name, period.published) for period in result.available],
        [*problems_of(result.problems, asked=asked), *(("", message) for message in told)],
        within=result.conditions_in_words if not result.problems else (),
        may_trial=any(not period.published for period in result.available) or draft["trial"],
        focus=focus,
    )


def start_page(result: Result, views: Sequence[Kept]) -> AnalysisPage:
    """Nothing asked yet: the builder for all firms, examples and what was saved."""
    years = [period.year for period in result.available if period.published] or [p.year for p in result.available]
    draft = drafts.empty(result.query.periods)
    return AnalysisPage(
        builder=builder_page(result, draft, asked=False),
        periods=result.available,
        address="",
        query_string="",
        start=True,
        examples=examples(result.fields, years),
        views=list(views),
    )


def analysis_page(
    result: Result, *, asked: bool = True, view: Kept | None = None, measure: int = 0, look: str = "", focus: str = ""
) -> AnalysisPage:
    """A question and, where it was ``asked``, its answer; ``measure`` and ``look``: which one the chart draws,
    and how."""
    query = result.query
    string = {"q": query.address()} | ({"view": str(view.pk)} if view else {})
    here = link_maker(view=view.pk if view else "")
    shown = asked and result.answered
    return AnalysisPage(
        builder=builder_page(result, drafts.of(query), asked=asked, focus=focus),
        periods=result.available,
        address=string["q"],
        query_string=urlencode(string),
        population=population(query).address() if shown else "",
        result=_shown(result, here) if shown else None,
        preparing=[waiting(one) for one in result.preparing] if asked else [],
        chart=chart(result, measure, look) if shown else None,
        measures=_chart_choices(result, here, measure, look) if shown else [],
        looks=_look_choices(result, here, measure, look) if shown else [],
        view=view,
        build_open=not shown,
    )


def _chart_choices(result: Result, here: Address, chosen: int, look: str) -> list[tuple[str, str, bool]]:
    if len(result.measures) < 2:
        return []
    base = here(result.query)
    kept_look = f"&look={look}" if look in looks(result, chosen) else ""
    return [(m.label, f"{base}&chart={i}{kept_look}", i == chosen) for i, m in enumerate(result.measures)]


def _look_choices(result: Result, here: Address, measure: int, look: str) -> list[tuple[str, str, bool]]:
    possible = looks(result, measure)
    if len(possible) < 2:
        return []
    chosen = look if look in possible else possible[0]
    base = here(result.query)
    return [(str(LOOKS[one]), f"{base}&chart={measure}&look={one}", one == chosen) for one in possible]


def waiting(one: Preparing) -> str:
    if one.failed:
        return _("%(year)s年度：整理失败，请告知系统管理员（任务%(job)d）。") % {"year": one.year, "job": one.job_id}
    return _("%(year)s年度：已完成%(progress)d%%") % {"year": one.year, "progress": one.progress}


def _shown(result: Result, here: Address) -> Shown:
    nothing = not any(result.matched.values())
    return Shown(
        words=list(result.conditions_in_words),
        runs=[run_line(period) for period in result.periods],
        notes=_notes(result),
        tables=[] if nothing else tables(result, here),
        empty=_why_empty(result) if nothing else "",
        steps=_steps(result) if nothing else [],
        pages=_pages(result, here),
    )


def run_line(period: PeriodView) -> RunLine:
    at = date_format(timezone.localtime(period.computed_at), "SHORT_DATETIME_FORMAT")
    state = _("第%(n)d次计算，已公布") if period.published else _("第%(n)d次计算，试算，未公布")
    return RunLine(
        period.year,
        period.name,
        period.run_number,
        state % {"n": period.run_number},
        period.published,
        period.matched,
        period.firms,
        _("计算于%(at)s") % {"at": at},
        period.ranked,
    )


def _notes(result: Result) -> list[str]:
    """Figures that are not the run's own but of a later day."""
    said = []
    for period in result.periods:
        names = [result.fields[code].label for code in period.now_fields if code in result.fields]
        if names and period.as_of:
            at = date_format(timezone.localtime(period.as_of), "SHORT_DATETIME_FORMAT")
            said.append(
                _("%(period)s的%(names)s按%(at)s的台账和数据统计，不是计算当时的。")
                % {"period": period.name, "names": _("、").join(names), "at": at}
            )
    return said


def _why_empty(result: Result) -> str:
    """Which condition left nobody, and what to do."""
    if not result.steps:
        return _("所选评价期的这次计算中没有企业。请改选评价期。")
    for step in result.steps:
        if not any(step.left.values()):
            return _("加上“%(condition)s”之后没有企业。可放宽或删除这个条件。") % {"condition": step.words}
    return ""


def _steps(result: Result) -> list[tuple[str, str]]:
    several = len(result.periods) > 1
    said = []
    for step in result.steps:
        left = [(period.year, step.left.get(period.year, 0)) for period in result.periods]
        text = _("；").join(_("%(year)s年%(n)d") % {"year": year, "n": n} for year, n in left)
        said.append((step.words, text if several else str(left[0][1])))
    return said


def _pages(result: Result, here: Address) -> Pages | None:
    if result.query.rows or result.pages < 2:
        return None
    base = here(result.query)

    def to(page: int) -> str:
        return f"{base}&page={page}" if page > 1 else base

    return Pages(
        _("第 %(page)d 页，共 %(pages)d 页") % {"page": result.page, "pages": result.pages},
        to(1) if result.page > 2 else "",
        to(result.page - 1) if result.page > 1 else "",
        to(result.page + 1) if result.page < result.pages else "",
        to(result.pages) if result.page < result.pages - 1 else "",
    )


def too_long(query: Query) -> str:
    """What to tell of a question no address can hold; "" of one that fits."""
    if len(query.address()) <= LONGEST:
        return ""
    return _("条件过多，地址放不下。请减少粘贴的名单或条件。")
