"""领导驾驶舱: one period at a glance and what it moved, with the firms behind every number one step away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.models import F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _

from firms.models import DataYear
from firms.presenters.coverage import CoveragePage, coverage_page
from scoring.assembly.strengths import strengths
from scoring.engine.scheme import Scheme
from scoring.models import EvaluationPeriod, Run, RunSlice, Score
from scoring.presenters.budgets import Use, use_of
from scoring.presenters.charts import Chart
from scoring.presenters.formatting import number, rounded, signed
from scoring.presenters.leader_moves import FirmList, Movement, firm_list, movement
from scoring.presenters.leader_risks import PAGE, Asked, Risks, risks
from scoring.presenters.leader_strengths import Industries, industries
from scoring.presenters.leader_structure import Cell, Structure, counted, ranking, structure
from scoring.presenters.method import parsed
from scoring.presenters.office import PeriodLine, period_lines
from scoring.presenters.run_sums import Part, RunSums, sums_of

if TYPE_CHECKING:
    from firms.models import User

COURSE = 6  # periods in the chart of stages


@dataclass(frozen=True)
class Shown:
    """A period with the run shown of it and the one it is compared with."""

    period: EvaluationPeriod
    run: Run
    scheme: Scheme
    previous: EvaluationPeriod | None
    before: Run | None

    @property
    def year(self) -> int:
        return self.period.year_id

    @property
    def trial(self) -> bool:
        return self.period.published_run_id != self.run.pk

    @property
    def stages(self) -> dict[str, str]:
        return {stage.code: stage.name for stage in self.scheme.stages}

    @cached_property
    def stages_before(self) -> dict[str, str]:
        """Another scheme may have had other stages."""
        if self.before is None:
            return {}
        scheme = parsed(self.before.scheme_sha256, self.before.scheme.text)
        return {stage.code: stage.name for stage in scheme.stages}

    @property
    def grades(self) -> dict[str, int]:
        """Of the stages that both periods know: between others nobody rises or falls."""
        return {stage.code: stage.grade for stage in self.scheme.stages if stage.code in self.stages_before}


@dataclass(frozen=True)
class Figure:
    label: str
    unit: str
    cell: Cell


@dataclass(frozen=True)
class PeriodChoice:
    year: int
    url: str
    selected: bool
    trial: bool


@dataclass(frozen=True)
class Leader:
    """``shown`` None: nothing was judged yet. ``movement`` None: there is no period before."""

    shown: Shown | None
    choices: list[PeriodChoice] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    structure: Structure | None = None
    charts: dict[str, Chart] = field(default_factory=dict)
    movement: Movement | None = None
    industries: Industries | None = None
    risks: Risks | None = None
    open_period: PeriodLine | None = None
    coverage: CoveragePage | None = None
    budgets: Use | None = None


def leader(user: User, query: Mapping[str, str]) -> Leader:
    """The dashboard; ``query``: year, park, cluster, and the thresholds of the risks. Constant queries."""
    periods = _periods(user)
    shown = _shown(periods, query.get("year", ""))
    common: dict[str, Any] = {"open_period": _open_period(), "budgets": use_of()}
    if shown is None:
        return Leader(None, coverage=coverage_page(user), **common)
    runs = [shown.run, *([shown.before] if shown.before else [])]
    found = sums_of(runs)
    now, old = found[shown.run.pk], found[shown.before.pk] if shown.before else None
    details = strengths(shown.run, shown.scheme)
    moved = None
    if shown.before is not None:
        moved = movement(shown.year, shown.stages, shown.stages_before, shown.grades, shown.run, shown.before)
    return Leader(
        shown=shown,
        choices=_choices(periods, shown),
        figures=_figures(shown, now, old),
        structure=structure(
            shown.year, shown.stages, now, old, park=query.get("park", ""), cluster=query.get("cluster", "")
        ),
        charts={chart.id: chart for chart in [_course(periods, shown)]},
        movement=moved,
        industries=industries(shown.year, shown.scheme, now, details),
        risks=risks(shown.year, shown.run, shown.before, shown.scheme, details, Asked.of(query)),
        coverage=coverage_page(user, str(common["open_period"].year if common["open_period"] else shown.year)),
        **common,
    )


@dataclass(frozen=True)
class LeaderFirms:
    """The firms behind one number: of a movement (``moves``) or of the risks (``risks``), one of both."""

    shown: Shown
    moves: FirmList | None
    risks: Risks | None
    next: str
    back: str
    export: str  # the same question


def shown_to(user: User, year: str) -> Shown:
    """The period behind a list. Raises EvaluationPeriod.DoesNotExist where nothing was judged yet."""
    shown = _shown(_periods(user), year)
    if shown is None:
        raise EvaluationPeriod.DoesNotExist
    return shown


def leader_firms(user: User, query: Mapping[str, str]) -> LeaderFirms:
    """Raises EvaluationPeriod.DoesNotExist where nothing was judged yet."""
    shown = shown_to(user, query.get("year", ""))
    back = f"{reverse('scoring:leader')}?year={shown.year}"
    if "risk" in query:
        asked, start = Asked.of(query), _start(query.get("start", ""))
        details = strengths(shown.run, shown.scheme)
        found = risks(
            shown.year, shown.run, shown.before, shown.scheme, details, asked,
            start=start, size=PAGE, page="scoring:leader_firms",
        )  # fmt: skip
        following = asked.address(shown.year, start=str(found.next), risk=asked.reason or "all") if found.next else ""
        same = asked.address(shown.year, risk=asked.reason or "all")
        return LeaderFirms(shown, None, found, following, f"{back}#risks", same)
    asked_for = {name: query.get(name, "") for name in ("from", "to", "move")}
    listed = firm_list(
        shown.stages_before | shown.stages, shown.grades, shown.run, shown.before,
        was=asked_for["from"], is_now=asked_for["to"], move=asked_for["move"], after=query.get("after", "")[:18],
    )  # fmt: skip
    said = {"year": shown.year, **{name: value for name, value in asked_for.items() if value}}
    more = f"?{urlencode(said | {'after': listed.next})}" if listed.next else ""
    return LeaderFirms(shown, listed, None, more, f"{back}#moves", f"?{urlencode(said)}")


def _periods(user: User) -> list[EvaluationPeriod]:
    """Periods with a run to show, latest first; ``shown_run``: the published one, else the latest."""
    newest = Run.objects.complete().filter(period=OuterRef("pk")).order_by("-number").values("pk")[:1]
    rows = EvaluationPeriod.objects.visible_to(user).annotate(shown_run=Coalesce(F("published_run"), Subquery(newest)))
    return list(rows.filter(shown_run__isnull=False).order_by("-year_id"))


def _shown(periods: list[EvaluationPeriod], text: str) -> Shown | None:
    """The year asked for, else the latest published one, else the latest."""
    if not periods:
        return None
    first = next((i for i, period in enumerate(periods) if period.published_run_id), 0)
    at = next((i for i, period in enumerate(periods) if str(period.year_id) == text), first)
    period, older = periods[at], periods[at + 1 :]
    # As the ranking compares: with what was published last; what was withdrawn is nobody's measure. Where nothing
    # is published yet, one trial with the other.
    trials = older[0] if older and not period.published_run_id else None
    previous = next((item for item in older if item.published_run_id), trials)
    ids = [item.shown_run for item in (period, previous) if item]  # type: ignore[attr-defined]
    runs = {run.pk: run for run in Run.objects.filter(pk__in=ids).select_related("scheme").defer("references")}
    run = runs[ids[0]]
    before = runs[ids[1]] if previous else None
    return Shown(period, run, parsed(run.scheme_sha256, run.scheme.text), previous, before)


def _choices(periods: list[EvaluationPeriod], shown: Shown) -> list[PeriodChoice]:
    return [
        PeriodChoice(p.year_id, f"?year={p.year_id}", p.pk == shown.period.pk, not p.published_run_id) for p in periods
    ]


def _figures(shown: Shown, now: RunSums, old: RunSums | None) -> list[Figure]:
    year, whole, before = shown.year, now.whole, old.whole if old else Part()

    def status(code: str) -> Cell:
        url = f"{reverse('scoring:leader_firms')}?year={year}&to={code}"
        return counted(now.statuses.get(code, 0), old.statuses.get(code, 0) if old else None, url)

    ranked = counted(now.firms(), old.firms() if old else None, ranking(year))
    return [
        Figure(_("参评企业"), _("家"), ranked),
        Figure(_("平均得分"), _("分"), _measured(whole.mean, before.mean, 2, ranking(year))),
        Figure(
            _("研发费用"),
            _("亿元"),
            _measured(whole.summed("rd_expense", 1e4), before.summed("rd_expense", 1e4), 2, ranking(year)),
        ),
        Figure(_("研发强度"), "%", _measured(whole.intensity, before.intensity, 2, ranking(year), _("%s个百分点"))),
        Figure(_("不纳入"), _("家"), status(Score.Status.EXCLUDED)),
        Figure(_("待补数据"), _("家"), status(Score.Status.UNCLASSIFIED)),
    ]


def _measured(value: float | None, before: float | None, decimals: int, url: str, words: str = "%s") -> Cell:
    """``words``: how a change is told, where its unit is not the figure's own."""
    if value is None or before is None:
        return Cell(number(value, decimals), url if value is not None else "")
    # The difference of what is shown: 12.35 after 12.30 reads +0.05, whatever the digits behind.
    difference = rounded(value, decimals) - rounded(before, decimals)
    direction = "up" if difference > 0 else "down" if difference < 0 else "flat"
    change = words % signed(difference, decimals) if difference else ""
    return Cell(number(value, decimals), url, change, direction)


def _course(periods: list[EvaluationPeriod], shown: Shown) -> Chart:
    """Ranked firms of each stage, period by period up to the one shown (one query)."""
    until = [period for period in periods if period.year_id <= shown.year][:COURSE][::-1]
    runs = {period.shown_run: i for i, period in enumerate(until)}  # type: ignore[attr-defined]
    rows = RunSlice.objects.filter(run__in=runs, status=Score.Status.SCORED).order_by()
    counted_rows = rows.values_list("run_id", "stage").annotate(n=Sum("firms"))
    counts = {(stage, runs[run]): n for run, stage, n in counted_rows}
    labels = [_("%s年") % period.year_id for period in until]
    data = {code: [counts.get((code, i), 0) for i in range(len(until))] for code in shown.stages}
    return Chart(
        "stages",
        _("各类企业数量变化"),
        {
            "kind": "stacked",
            "unit": _("家"),
            "labels": labels,
            "decimals": 0,
            "series": [{"name": name, "data": data[code], "colour": code} for code, name in shown.stages.items()],
        },
        [_("年度"), *shown.stages.values(), _("合计")],
        [
            [label, *(number(data[code][i]) for code in data), number(sum(data[code][i] for code in data))]
            for i, label in enumerate(labels)
        ],
        links={
            (i, j): ranking(period.year_id, code)
            for i, period in enumerate(until)
            for j, code in enumerate(data, 1)
            if data[code][i]
        },
    )


def _open_period() -> PeriodLine | None:
    """The newest period whose facts are being collected."""
    collecting = EvaluationPeriod.objects.filter(year__locked_at__isnull=True).exclude(
        year__phase=DataYear.Phase.PREPARING
    )
    newest = collecting.filter(published_run__isnull=True).order_by("-year_id")[:1]
    lines = period_lines(newest)
    return lines[0] if lines else None


def _start(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0
