"""提升模拟: what a firm's score would be with other figures of its own, the other firms as published. Reads; stores nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils.translation import gettext as _

from firms.catalogue import load as catalogue
from firms.importing.checks import figure
from firms.importing.problem import BadCell
from firms.models import Metric
from scoring.engine.evaluate import STATUSES
from scoring.engine.explain import Explanation, explain_firm
from scoring.engine.scheme import Scheme
from scoring.engine.whatif import Outcome
from scoring.engine.words import input_name
from scoring.presenters.formatting import brief, briefly, number, rounded, signed, typeset
from scoring.presenters.method import anchor
from scoring.presenters.own.standing import Page, Standing, standing

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from firms.models import User

LONGEST = 40  # characters of a figure
PREFIX = "m-"


@dataclass(frozen=True)
class Entry:
    """One figure of the form: ``now`` as text (— where not provided), ``typed`` as the reader left it."""

    code: str
    name: str
    unit: str
    now: str
    typed: str
    help: str
    bounds: str
    problem: str = ""

    @property
    def field(self) -> str:
        return PREFIX + self.code


@dataclass(frozen=True)
class Topic:
    name: str
    entries: list[Entry]


@dataclass(frozen=True)
class Fixed:
    name: str
    text: str
    why: str


@dataclass(frozen=True)
class Moved:
    """An indicator whose points change, and the rule they follow."""

    code: str
    name: str
    anchor: str
    value_before: str
    value_after: str
    points_before: str
    points_after: str
    change: str
    rule: str
    up: bool


@dataclass(frozen=True)
class Pair:
    """One figure before and after, and the difference in words; "" where there is none."""

    name: str
    before: str
    after: str
    change: str = ""


@dataclass(frozen=True)
class Result:
    status: str
    pairs: list[Pair]
    dimensions: list[Pair]
    moved: list[Moved]
    adjustments: list[Pair]
    stage_changed: bool


@dataclass(frozen=True)
class Simulation(Page):
    topics: list[Topic] = field(default_factory=list)
    fixed: list[Fixed] = field(default_factory=list)
    result: Result | None = None
    problems: list[str] = field(default_factory=list)
    empty: bool = False


def simulation(
    user: User | AnonymousUser,
    credit_code: str,
    year: int | None = None,
    trial: bool = False,
    typed: Mapping[str, str] | None = None,
) -> Simulation:
    """The form, and with ``typed`` (field → text, fields as in ``Entry.field``; empty ones stay as they are) what comes out.

    Raises Http404 for who may not see the firm's facts.
    """
    found = standing(user, credit_code, year, trial)
    if found.score is None:
        return Simulation(found)
    figures = found.alone.figures()
    metrics = changeable(found.scheme)
    typed = typed or {}
    changes, problems = _read(metrics, figures, typed)
    topics = _topics(metrics, figures, typed, problems)
    across = [] if problems else contradictions({**figures, **changes}, set(changes))
    result = None
    if changes and not problems and not across:
        result = _result(found, changes)
    asked = any(text.strip() for name, text in typed.items() if name.startswith(PREFIX))
    return Simulation(
        found, topics, fixed(found), result, across or ([_("有填写不正确的数，见各项说明。")] if problems else []),
        empty=typed != {} and not asked,
    )  # fmt: skip


def changeable(scheme: Scheme) -> list[Metric]:
    """This year's figures of the scheme that a firm may try out, as the catalogue describes them; yes/no facts are not figures."""
    codes = [key[1] for key in scheme.inputs if key[0] == "metric" and scheme.metrics[key[1]].unit != "是/否"]
    known = {metric.code: metric for metric in Metric.objects.filter(code__in=codes)}
    missing = (
        Metric(code=code, name=scheme.metrics[code].name, unit=scheme.metrics[code].unit, kind=Metric.Kind.AMOUNT)
        for code in codes
        if code not in known
    )
    return sorted([*known.values(), *missing], key=lambda metric: (metric.position, codes.index(metric.code)))


def _read(
    metrics: Iterable[Metric], figures: Mapping[str, float], typed: Mapping[str, str]
) -> tuple[dict[str, float], dict[str, str]]:
    """The figures that differ from the present ones, and what is wrong with the others."""
    changes: dict[str, float] = {}
    problems: dict[str, str] = {}
    for metric in metrics:
        text = typed.get(PREFIX + metric.code, "").strip()
        if not text:
            continue
        try:
            value = None if len(text) > LONGEST else figure(text, metric)  # type: ignore[arg-type]
        except BadCell as bad:
            problems[metric.code] = _("%(message)s。%(hint)s") % {"message": bad.message, "hint": bad.hint}
            continue
        if value is None:
            problems[metric.code] = _("请填一个数；留空表示不变。")
        elif value != figures.get(metric.code):
            changes[metric.code] = value
    return changes, problems


def contradictions(figures: Mapping[str, float], changed: set[str]) -> list[str]:
    """A part larger than its whole, where one of the two was changed."""
    names = catalogue().metrics
    return [
        _("%(part)s（%(a)s）大于%(whole)s（%(b)s），请一并调整这两项。")
        % {
            "part": names[check.part].name,
            "a": f"{brief(figures[check.part])}{names[check.part].unit}",
            "whole": names[check.whole].name,
            "b": f"{brief(figures[check.whole])}{names[check.whole].unit}",
        }
        for check in catalogue().checks
        if {check.part, check.whole} & changed
        and check.part in figures
        and check.whole in figures
        and figures[check.part] > figures[check.whole]
    ]


def _topics(
    metrics: Iterable[Metric], figures: Mapping[str, float], typed: Mapping[str, str], problems: Mapping[str, str]
) -> list[Topic]:
    topics: dict[str, list[Entry]] = {}
    for metric in metrics:
        entry = Entry(
            code=metric.code,
            name=metric.name,
            unit=metric.unit,
            now=number(figures[metric.code]) if metric.code in figures else _("未提供"),
            typed=typed.get(PREFIX + metric.code, "")[:LONGEST],
            help=metric.help_text,
            bounds=_bounds(metric),
            problem=problems.get(metric.code, ""),
        )
        topics.setdefault(metric.topic or _("数据项"), []).append(entry)
    return [Topic(name, entries) for name, entries in topics.items()]


def _bounds(metric: Metric) -> str:
    if metric.minimum is not None and metric.maximum is not None:
        return _("%(low)s至%(high)s") % {"low": number(metric.minimum), "high": number(metric.maximum)}
    return _("不小于%(low)s") % {"low": number(metric.minimum)} if metric.minimum is not None else ""


def fixed(found: Standing) -> list[Fixed]:
    """What counts in the score and cannot be changed by the firm's figures of this year, with the reason."""
    why = {
        "date": _("既成事实"),
        "history": _("由以往评价期决定"),
        "previous": _("上年数已经确定"),
        "register": _("由主管部门登记，凭证书、批文等变动"),
        "manual": _("由积分办认定"),
        "metric": _("由主管部门认定"),
        "group": _("由登记信息决定"),
    }
    explained = explain_firm(found.alone.evaluation, 0)
    facts = {fact.name: fact for line in explained.indicators for fact in line.facts}
    facts |= {fact.name: fact for line in explained.adjustments for fact in line.facts}
    registers = [key for key in found.scheme.inputs if key[0] == "register"]
    amounts = {input_name(found.scheme, key) for key in registers if key[1].function == "amount"}
    rows = [Fixed(_("企业类型"), explained.stage_text, _("由成立年限和营业收入决定，营业收入可以模拟"))]
    for fact in facts.values():
        kind, _bar, code = fact.key.partition("|")
        if kind == "metric" and found.scheme.metrics[code].unit != "是/否":
            continue
        if fact.value is None and kind != "previous":
            continue
        unit = _("万元") if fact.name in amounts else ""
        rows.append(Fixed(typeset(fact.name), briefly(fact.text) + unit, why.get(kind, "")))
    return rows


def _result(found: Standing, changes: Mapping[str, float]) -> Result:
    firm = found.alone
    e = firm.judge([{}, changes])
    now, then = firm.what_if([{}, changes])
    before, after = (explain_firm(e, row) for row in (0, 1))
    decimals = found.scheme.settings["decimals"]
    return Result(
        status=STATUSES[e.status[1]],
        pairs=_pairs(found, before, after, now, then, decimals),
        dimensions=[
            Pair(was.name, number(was.weighted, 2), number(will.weighted, 2), _signed(will.weighted - was.weighted, 2))
            for was, will in zip(before.dimensions, after.dimensions, strict=False)
        ],
        moved=_moved(before, after),
        adjustments=_adjusted(before, after),
        stage_changed=now.stage != then.stage,
    )


def _pairs(
    found: Standing, before: Explanation, after: Explanation, now: Outcome, then: Outcome, decimals: int
) -> list[Pair]:
    scored = now.status == then.status == "scored"
    total = lambda o: number(Decimal(o.units).scaleb(-decimals), decimals) if o.status == "scored" else "—"  # noqa: E731
    pairs = [
        Pair(_("最终得分"), total(now), total(then), _signed((then.units - now.units) / 10**decimals, decimals) if scored else ""),
        Pair(_("企业类型"), before.stage_text, after.stage_text),
    ]  # fmt: skip
    for name, a, b in (
        (_("全区排名"), now.rank_overall, then.rank_overall),
        (_("同类型排名"), now.rank_stage, then.rank_stage),
    ):
        pairs.append(Pair(name, str(a or "—"), str(b or "—"), places(a - b) if a and b else ""))
    return pairs


def places(won: int) -> str:
    if not won:
        return _("不变")
    return (_("上升%(n)s名") if won > 0 else _("下降%(n)s名")) % {"n": abs(won)}


def _signed(value: float, decimals: int) -> str:
    return signed(value, decimals) if rounded(value, decimals) else ""


def _moved(before: Explanation, after: Explanation) -> list[Moved]:
    was = {line.code: line for line in before.indicators}
    rows = []
    for line in after.indicators:
        old = was.get(line.code)
        if old is None or np.isclose(old.points, line.points, rtol=0, atol=5e-3):
            continue
        gain = line.points - old.points
        rows.append(
            (
                -abs(gain),
                Moved(
                    code=line.code,
                    name=typeset(line.name),
                    anchor=anchor(line.code),
                    value_before=briefly(typeset(old.value_text)),
                    value_after=briefly(typeset(line.value_text)),
                    points_before=number(old.points, 2),
                    points_after=number(line.points, 2),
                    change=signed(gain, 2),
                    rule=briefly(typeset(line.rule)),
                    up=gain > 0,
                ),
            )
        )
    return [row for _order, row in sorted(rows, key=lambda item: item[0])]


def _adjusted(before: Explanation, after: Explanation) -> list[Pair]:
    """Deductions, decays and bonuses that come or go."""
    was: dict[Any, Any] = {(line.kind, line.code): line for line in before.adjustments}
    rows = []
    for line in after.adjustments:
        old = was.get((line.kind, line.code))
        if old is not None and (old.applies, old.amount) != (line.applies, line.amount):
            rows.append(Pair(typeset(line.name), _effect(old), _effect(line)))
    return rows


def _effect(line: Any) -> str:
    if not line.applies:
        return _("不适用")
    if line.kind == "decay":
        return f"× {number(line.amount)}"
    if line.kind == "exclusion":
        return _("不纳入")
    return signed(line.amount if line.kind == "bonus" else -line.amount)
