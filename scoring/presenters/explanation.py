"""The engine's explanation of a score as rows for a page: figures with their origin, words with Chinese typography."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from scoring.engine.explain import AdjustmentLine, Explanation, Fact, IndicatorLine
from scoring.engine.nodes import RegisterQuery
from scoring.engine.scheme import Scheme
from scoring.engine.words import input_name
from scoring.presenters.evidence import Entry, Evidence, Origin
from scoring.presenters.formatting import brief, briefly, chinese_date, number, signed, typeset
from scoring.presenters.method import anchor, our_reading
from scoring.presenters.wording import register_name

# How a state is shown: a plain figure needs no badge.
TONES = {"value": "", "zero": "muted", "missing": "accent", "cannot": "bad", "no_reference": "muted", "absent": "muted"}
Asked = dict[str, RegisterQuery]  # the engine's name of a question to the registers → the question
# Amounts there are kept in 万元; levels are worth points where no indicator turns them into a share of its own.
REGISTER_UNITS = {"amount": "万元", "best_level": "分", "level_sum": "分", "weighted": "分"}
COLOURS = {"deductions": "bad", "floor": "grey", "decay": "bad", "bonus": "good", "cap": "bad"}


@dataclass(frozen=True)
class Figure:
    """One input of an indicator: its name, its number in words (``exact``: all its digits), and who stated it."""

    name: str
    text: str
    known: bool
    origin: Origin | None
    exact: str = ""


@dataclass(frozen=True)
class Indicator:
    anchor: str
    code: str
    name: str
    unit: str
    figures: list[Figure]
    value: str
    value_exact: str
    state: str
    state_text: str
    tone: str
    rule: str
    reference: str
    article: str
    reading: int | None
    points: str
    points_value: float
    max_points: str
    max_value: float
    at_stake: str
    winsorised: bool


@dataclass(frozen=True)
class Dimension:
    code: str
    name: str
    points: str
    points_value: float
    max_points: str
    max_value: float
    weight: str
    weighted: str
    indicators: list[Indicator]


@dataclass(frozen=True)
class Adjustment:
    kind: str
    kind_text: str
    name: str
    applies: bool
    amount: str
    article: str
    reading: int | None
    figures: list[Figure]
    entries: list[Entry]


@dataclass(frozen=True)
class Step:
    """One bar from the dimensions to the total: texts at the total's precision, numbers for the chart."""

    code: str
    name: str
    change: str
    after: str
    before: float
    after_value: float
    colour: str
    moves: bool


def steps(scheme: Scheme, found: Explanation) -> list[Step]:
    """The waterfall; each change and running total exactly as the engine rounded them."""
    factors = [line.amount for line in found.adjustments if line.kind == "decay" and line.applies]
    smallest = scheme.settings["decay_stacking"] == "smallest"
    factor = min(factors, default=1.0) if smallest else math.prod(factors)
    walk, before = [], Decimal(0)
    for step in found.steps:
        change, after = Decimal(step.change), Decimal(step.after)
        name = step.name
        if step.code == "decay" and factor != 1:
            name = f"{name} × {number(factor)}"
        decimals = max(-int(change.as_tuple().exponent), 0)
        walk.append(
            Step(
                code=step.code,
                name=name,
                change=signed(change, decimals),
                after=step.after,
                before=float(before),
                after_value=float(after),
                colour=COLOURS.get(step.code, "mid"),
                moves=bool(change) or step.code not in COLOURS,
            )
        )
        before = after
    return walk


def dimensions(scheme: Scheme, found: Explanation, evidence: Evidence) -> list[Dimension]:
    """The dimensions that hold indicators, each with its indicators in the order of the scheme."""
    percent = {
        stage.code: sum(item.weight[i] for item in scheme.dimensions if not item.parent) == 100
        for i, stage in enumerate(scheme.stages)
    }
    asked = _questions(scheme)
    rows = []
    for line in found.dimensions:
        own = [item for item in found.indicators if item.dimension == line.code]
        if not own:
            continue
        most = sum(Decimal(str(item.max_points)) for item in own if item.state != "absent")
        sign = "%" if percent.get(found.stage or "", False) else ""
        rows.append(
            Dimension(
                code=line.code,
                name=line.name,
                points=number(line.points, 2),
                points_value=line.points,
                max_points=number(most),
                max_value=float(most),
                weight=f"{number(line.weight)}{sign}",
                weighted=number(line.weighted, 2),
                indicators=[_indicator(scheme, item, evidence, asked) for item in own],
            )
        )
    return rows


def _indicator(scheme: Scheme, line: IndicatorLine, evidence: Evidence, asked: Asked) -> Indicator:
    levels = scheme.indicator(line.code).rule.type == "level_map"
    state_text = _state_text(scheme, line)
    return Indicator(
        anchor=anchor(line.code),
        code=line.code,
        name=typeset(line.name),
        unit=line.unit,
        figures=[_figure(scheme, fact, evidence, asked, levels) for fact in _telling(line.facts)],
        value=_value(scheme, line),
        value_exact="" if line.value is None else number(line.value, most=12),
        state=line.state,
        state_text=state_text,
        tone=TONES.get(line.state, "muted") if state_text else "",
        rule=briefly(typeset(line.rule)),
        reference=_reference(line),
        article=typeset(line.article),
        reading=our_reading(scheme, line.reading),
        points=number(line.points, 2),
        points_value=max(line.points, 0),
        max_points=number(line.max_points),
        max_value=line.max_points,
        at_stake=number(line.at_stake, 2) if line.at_stake else "",
        winsorised=line.winsorised,
    )


def _state_text(scheme: Scheme, line: IndicatorLine) -> str:
    """The badge. A zero is 确认为零 only where somebody stated one; where no entry makes it, the registers said nothing.

    A plain no needs no badge, nor does a growth of 0%: the value says it.
    """
    if line.state != "zero":
        return line.state_text
    if scheme.indicator(line.code).rule.type == "flag":
        return ""
    stated = [fact for fact in line.facts if not fact.key.startswith("register|") and fact.value is not None]
    if stated:
        return line.state_text if any(fact.value == 0 for fact in stated) else ""
    return _("台账无登记")


def _value(scheme: Scheme, line: IndicatorLine) -> str:
    """The indicator's value, nothing where it has none: the badge says why."""
    if line.value is None:
        return ""
    if scheme.indicator(line.code).rule.type == "flag":
        return typeset(line.value_text)
    return brief(line.value) + ("%" if line.unit == "级别" else line.unit)


def _telling(facts: Iterable[Fact]) -> list[Fact]:
    """Without the yes/no question whether there are entries, where their number or sum is asked for as well."""
    facts = list(facts)
    counted = {fact.key for fact in facts if fact.text not in ("是", "否")}
    return [fact for fact in facts if fact.text not in ("是", "否") or fact.key not in counted]


def _figure(scheme: Scheme, fact: Fact, evidence: Evidence, asked: Asked, levels: bool = False) -> Figure:
    """``levels``: the indicator is scored by levels, so its answer from the registers is a percentage."""
    name, origin = typeset(fact.name), evidence.origin(fact.key, fact.value)
    kind, _bar, code = fact.key.partition("|")
    if fact.value is None or fact.text in ("是", "否"):
        return Figure(name, fact.text, fact.value is not None, origin)
    if kind == "date":
        return Figure(name, chinese_date(date.fromisoformat(fact.text)), True, origin)
    if kind in ("metric", "previous"):
        unit = scheme.metrics[code].unit
        if unit == "是/否":
            return Figure(name, _("是") if fact.value else _("否"), True, origin)
    elif kind == "register":
        query = asked[fact.name]
        name = register_name(scheme, query) if levels else name
        unit = "%" if levels else REGISTER_UNITS.get(query.function, "")
    else:
        return Figure(name, fact.text, True, origin)
    return Figure(name, brief(fact.value) + unit, True, origin, number(fact.value, most=12) + unit)


def _reference(line: IndicatorLine) -> str:
    """Where the full marks named in the rule came from; nothing for a number the scheme itself fixes."""
    parts = []
    for item in line.reference:
        if item["value"] is None:
            continue
        peers = _("全体参评企业") if item["peers"] == "全体参评企业" else _("同类型企业")
        words = {"peers": peers, "statistic": item["statistic"], "count": item["count"]}
        parts.append(_("满分值取%(peers)s%(statistic)s，%(count)s家有数") % words)
    return "；".join(dict.fromkeys(parts))


def adjustments(scheme: Scheme, lines: Iterable[AdjustmentLine], evidence: Evidence) -> list[Adjustment]:
    kinds = {"exclusion": _("不纳入"), "deduction": _("扣分"), "decay": _("衰减系数"), "bonus": _("附加分")}
    asked = _questions(scheme)
    rows = []
    for line in lines:
        amount = {
            "deduction": f"−{number(line.amount)}" if line.amount else "0",
            "bonus": f"+{number(line.amount)}" if line.amount else "0",
            "decay": f"× {number(line.amount)}",
        }.get(line.kind, "")
        rows.append(
            Adjustment(
                kind=line.kind,
                kind_text=kinds.get(line.kind, ""),
                name=typeset(line.name),
                applies=line.applies,
                amount=amount,
                article=typeset(line.article),
                reading=our_reading(scheme, line.reading),
                figures=[_figure(scheme, fact, evidence, asked) for fact in line.facts],
                entries=evidence.counted(_counting(asked, line.facts)) if line.applies else [],
            )
        )
    return rows


def _questions(scheme: Scheme) -> Asked:
    return {input_name(scheme, key): key[1] for key in scheme.inputs if key[0] == "register"}


def _counting(asked: Asked, facts: Iterable[Fact]) -> list[RegisterQuery]:
    """The questions to the registers whose answers these facts are, where the answer was not nothing."""
    return [asked[fact.name] for fact in facts if fact.value and fact.name in asked]
