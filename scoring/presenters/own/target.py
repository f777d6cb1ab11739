"""The least a firm would have to change to reach a score or a place, by the measure of relative increase."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import numpy as np
from django.utils.translation import gettext as _

from firms.catalogue import load as catalogue
from firms.models import Metric
from scoring.engine.alone import Alone
from scoring.engine.cheapest import Move, Plan, cheapest, highest
from scoring.engine.proposals import Range, propose, tightened
from scoring.engine.whatif import Outcome
from scoring.presenters.formatting import brief, number, typeset
from scoring.presenters.own.simulate import PREFIX, changeable, places
from scoring.presenters.own.standing import Page, Standing, standing

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from firms.models import User

FACTORS = (1.2, 1.5, 2.0, 3.0, 5.0)  # how far a figure may be raised, times its present value
SHARES = (5, 10, 20)  # per cent of the stage: what honour lists usually name
COMBINATIONS = 20_000  # the engine is asked about at most
DOUBLINGS = 30


@dataclass(frozen=True)
class Asked:
    """What was asked: kind total, rank, stage or top5/top10/top20; ``problem`` where it cannot be read."""

    kind: str = "total"
    text: str = ""
    factor: float = 2.0
    fixed: frozenset[str] = frozenset()
    value: Decimal | None = None
    problem: str = ""


@dataclass(frozen=True)
class Step:
    """One figure to change; ``field`` and ``value`` put it into the what-if form."""

    field: str
    value: str
    name: str
    unit: str
    now: str
    then: str
    increase: str


@dataclass(frozen=True)
class Found:
    """``reached`` False: out of reach, and the steps lead to the best there is. ``already``: nothing has to change."""

    reached: bool
    already: bool
    goal: str
    total: str
    rank: int
    stage_rank: int
    won: str
    steps: list[Step]


@dataclass(frozen=True)
class Way(Page):
    asked: Asked = Asked()
    metrics: list[Metric] = field(default_factory=list)
    shares: list[tuple[str, str]] = field(default_factory=list)
    factors: tuple[float, ...] = FACTORS
    found: Found | None = None
    problem: str = ""


def way(
    user: User | AnonymousUser,
    credit_code: str,
    year: int | None = None,
    trial: bool = False,
    asked: Mapping[str, str] | None = None,
    fixed: Iterable[str] = (),
) -> Way:
    """The form, and with ``asked`` (kind, goal, factor) the cheapest way there; ``fixed``: codes of figures that stay.

    Raises Http404 for who may not see the firm's facts. Bounded: ``COMBINATIONS``.
    """
    found = standing(user, credit_code, year, trial)
    if not found.ranked:
        return Way(found, Asked())
    metrics = changeable(found.scheme)
    shares = [(f"top{share}", _("进入同类型前%(share)s%%") % {"share": share}) for share in SHARES]
    question = _question(asked or {}, frozenset(fixed))
    if not asked or question.problem:
        return Way(found, question, metrics, shares, problem=question.problem)
    try:
        answer = _answer(found, question, metrics)
    except ValueError:
        return Way(found, question, metrics, shares, problem=_("可选的改动太多，请勾选一些不能变动的项目后再试。"))
    return Way(found, question, metrics, shares, found=answer)


def _question(asked: Mapping[str, str], fixed: frozenset[str]) -> Asked:
    kind, text = asked.get("kind", "total"), asked.get("goal", "").strip()[:20]
    try:
        factor = float(asked.get("factor", "2"))
    except ValueError:
        factor = 0.0
    factor = factor if factor in FACTORS else 2.0
    if kind not in {"total", "rank", "stage", *(f"top{share}" for share in SHARES)}:
        kind = "total"
    if kind.startswith("top") or not asked:
        return Asked(kind, text, factor, fixed)
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value <= 0 or value > 10**6:
        return Asked(kind, text, factor, fixed, problem=_("请填写目标：得分填分数，名次填正整数。"))
    if kind != "total" and value != int(value):
        return Asked(kind, text, factor, fixed, problem=_("名次请填正整数。"))
    return Asked(kind, text, factor, fixed, value)


def _answer(found: Standing, asked: Asked, metrics: list[Metric]) -> Found:
    firm = found.alone
    (now,) = firm.what_if([{}])
    units, goal = _goal(found, firm, asked)
    if now.units >= units:
        plan, reached = Plan((), 0.0, now), True
    else:
        chosen = [metric for metric in metrics if metric.code not in asked.fixed]
        ranges = _ranges(firm, chosen, asked.factor)
        moves = _within_the_stage(firm, propose(firm, ranges))
        best = _cheapest(firm, moves, ranges, units, now.stage)
        reached = best is not None
        plan = best or (highest(firm, moves, limit=COMBINATIONS) if moves else Plan((), 0.0, now))
        if plan.outcome.units < now.units:
            plan = Plan((), 0.0, now)
    decimals = found.scheme.settings["decimals"]
    figures, names = firm.figures(), {metric.code: metric for metric in metrics}
    return Found(
        reached=reached,
        already=reached and not plan.moves,
        goal=goal,
        total=number(Decimal(plan.outcome.units).scaleb(-decimals), decimals),
        rank=plan.outcome.rank_overall,
        stage_rank=plan.outcome.rank_stage,
        won=places(now.rank_overall - plan.outcome.rank_overall),
        steps=[_step(names[move.metric], figures.get(move.metric), move.value) for move in plan.moves],
    )


def _cheapest(firm: Alone, moves: list[Move], ranges: Mapping[str, Range], units: int, stage: str) -> Plan | None:
    """The cheapest of the combinations, each increase then cut down to what still does."""
    if not moves:
        return None
    stays: Callable[[Outcome], bool] = lambda outcome: outcome.stage == stage  # noqa: E731
    target = units / 10 ** firm.evaluation.scheme.settings["decimals"]
    plan = cheapest(firm, moves, target, limit=COMBINATIONS, accept=stays)
    return tightened(firm, plan, ranges, units, stays) if plan is not None else None


def _goal(found: Standing, firm: Alone, asked: Asked) -> tuple[int, str]:
    """The total in units that reaches the goal, and the goal in words."""
    decimals = found.scheme.settings["decimals"]
    if asked.kind == "total":
        units = math.ceil(asked.value * 10**decimals)
        return units, _("最终得分达到%(total)s分") % {"total": number(asked.value, decimals)}
    stage = found.record.stage
    others = firm.others(None if asked.kind == "rank" else stage)
    if asked.kind.startswith("top"):
        share = int(asked.kind.removeprefix("top"))
        place = max(1, math.ceil((len(others) + 1) * share / 100))
        words = _("进入%(stage)s前%(share)s%%（第%(place)s名）") % {
            "stage": typeset(found.stage.name), "share": share, "place": place,
        }  # fmt: skip
    else:
        place = int(asked.value)
        words = (_("全区第%(place)s名") if asked.kind == "rank" else _("同类型第%(place)s名")) % {"place": place}
    # Equal totals share a place: to be the k-th is to have at least what the k-th best of the others has.
    units = int(others[len(others) - place]) if place <= len(others) else int(np.iinfo(np.int64).min)
    return units, words


def _ranges(firm: Alone, metrics: list[Metric], factor: float) -> dict[str, Range]:
    figures = firm.figures()
    wholes: dict[str, list[str]] = {}
    for check in catalogue().checks:
        wholes.setdefault(check.part, []).append(check.whole)
    least = {metric.code: 10.0**-metric.decimals if metric.kind == "amount" else 1.0 for metric in metrics}
    nothing = [metric for metric in metrics if not figures.get(metric.code)]
    full = _full(firm, nothing, least)
    ranges = {}
    for metric in metrics:
        now = figures.get(metric.code, 0.0)
        most = now + abs(now) * (factor - 1) if now else full[metric.code]
        known = [figures[whole] for whole in wholes.get(metric.code, ()) if whole in figures]
        most = min([most, *known, *([metric.maximum] if metric.maximum is not None else [])])
        if most > now:
            ranges[metric.code] = Range(now, most, least[metric.code], 100 / (abs(now) or most))
    return ranges


def _full(firm: Alone, metrics: list[Metric], least: Mapping[str, float]) -> dict[str, float]:
    """For figures that are nothing yet: the least power of two from which raising them further earns nothing more."""
    rows = [{metric.code: least[metric.code] * 2**k} for metric in metrics for k in range(DOUBLINGS)]
    if not rows:
        return {}
    points = firm.judge(rows).points.sum(axis=1).reshape(len(metrics), DOUBLINGS)
    found = {}
    for row, metric in enumerate(metrics):
        enough = np.flatnonzero(points[row] >= points[row].max() - 1e-9)[0]
        found[metric.code] = least[metric.code] * 2.0 ** int(enough)
    return found


def _within_the_stage(firm: Alone, moves: list[Move]) -> list[Move]:
    """Without what would put the firm into another stage: it would stand among other firms, by other full marks."""
    if not moves:
        return []
    stages = firm.judge([{move.metric: move.value} for move in moves]).stage
    return [move for move, stage in zip(moves, stages, strict=True) if stage == firm.evaluation.stage[0]]


def _step(metric: Metric, now: float | None, then: float) -> Step:
    increase = _("增加%(percent)s%%") % {"percent": brief(100 * (then - now) / abs(now))} if now else _("从无到有")
    return Step(
        PREFIX + metric.code, f"{then:.10g}", metric.name, metric.unit,
        _("未提供") if now is None else number(now), number(then), increase,
    )  # fmt: skip
