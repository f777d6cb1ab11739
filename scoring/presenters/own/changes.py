"""The periods side by side: the total's course with its breaks, and why total and ranks changed since the period before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from scoring.assembly import spreads
from scoring.engine.alone import Causes, causes
from scoring.engine.compare import CAUSES
from scoring.models import Score
from scoring.presenters.charts import Chart
from scoring.presenters.formatting import number, points, signed
from scoring.presenters.own.standing import Standing, scheme_of, segments


@dataclass(frozen=True)
class Cause:
    """One of the three, with its part of each change as signed text; ranks: + is up."""

    name: str
    words: str
    total: str
    overall: str
    stage: str


@dataclass(frozen=True)
class Change:
    """Since the period before. ``sentences``: the same in words. ``stage_rank`` False: the firm is in another stage now.

    ``rules``: the scheme is another one, so that what one period did not ask counts as not provided under its rules.
    """

    before: int
    after: int
    total: str
    overall: str
    stage: str
    stage_rank: bool
    causes: list[Cause]
    sentences: list[str]
    rules: bool
    reason: str = ""


def change(found: Standing) -> Change | None:
    """From the last scored period before the one shown; None where there is none. ``reason`` says why it cannot be split."""
    score = found.score
    if score is None or not found.ranked:
        return None
    last = found.last
    if last is None:
        return None
    years = last.run.period.year_id, score.run.period.year_id
    schemes = scheme_of(last), found.scheme
    rules = schemes[0].sha256 != schemes[1].sha256
    if rules and not _comparable(schemes):
        why = _("两期指标体系的企业类型或小数位数不同，得分不能直接比较，也不能拆分变动原因。")
        return Change(*years, "", "", "", False, [], [], True, why)
    runs = last.run, score.run
    worlds = {
        (r, o): spreads.world(runs[o], schemes[o], schemes[r]) for r in (0, 1) for o in (0, 1)
    }  # fmt: skip
    three = causes(schemes, (found.case_of(last), found.case), worlds)
    if three is None:
        why = _("按其中一期的规则，本企业在另一期不参加排名，因此不能拆分变动原因。")
        return Change(*years, "", "", "", False, [], [], rules, why)
    return _told(years, three, found.scheme.settings["decimals"], last.stage == score.stage, rules)


def _comparable(schemes: tuple[Any, Any]) -> bool:
    one, other = schemes
    same_stages = [stage.code for stage in one.stages] == [stage.code for stage in other.stages]
    return same_stages and one.settings["decimals"] == other.settings["decimals"]


def _told(
    years: tuple[int, int], three: tuple[Causes, Causes, Causes], decimals: int, same_stage: bool, rules: bool
) -> Change:
    total, overall, stage = three
    plus = lambda units: signed(Decimal(units).scaleb(-decimals), decimals)  # noqa: E731
    places = lambda ranks: signed(-ranks)  # noqa: E731
    names = {
        "data": (_("自身数据"), _("本企业两期数据不同（含上年数、台账和企业类型的变化）")),
        "rules": (_("规则"), _("两期指标体系不同") if rules else _("两期指标体系相同，没有影响")),
        "others": (_("其他企业"), _("同类企业的数据改变满分值，也改变名次的先后")),
    }
    rows = [
        Cause(*names[cause], plus(total.parts[cause]), places(overall.parts[cause]), places(stage.parts[cause]))
        for cause in CAUSES
    ]
    return Change(
        *years, plus(total.change), places(overall.change), places(stage.change), same_stage, rows,
        _sentences(years, three, decimals, same_stage), rules,
    )  # fmt: skip


def _sentences(
    years: tuple[int, int], three: tuple[Causes, Causes, Causes], decimals: int, same_stage: bool
) -> list[str]:
    total, overall, stage = three
    said = [
        _("与%(year)s年度相比，最终得分由%(before)s分变为%(after)s分。")
        % {
            "year": years[0],
            "before": number(Decimal(total.before).scaleb(-decimals), decimals),
            "after": number(Decimal(total.after).scaleb(-decimals), decimals),
        },
        _rank(_("全区排名由第%(before)s名升至第%(after)s名，上升%(n)s名。"), _("全区排名由第%(before)s名降至第%(after)s名，下降%(n)s名。"),
              _("全区排名保持第%(after)s名。"), overall),
    ]  # fmt: skip
    if same_stage:
        said.append(
            _rank(_("同类型排名由第%(before)s名升至第%(after)s名，上升%(n)s名。"), _("同类型排名由第%(before)s名降至第%(after)s名，下降%(n)s名。"),
                  _("同类型排名保持第%(after)s名。"), stage)
        )  # fmt: skip
    main = max(CAUSES, key=lambda cause: abs(overall.parts[cause]))
    if overall.parts[main]:
        most = {
            "data": _("名次变动中，自身数据的影响最大。"),
            "rules": _("名次变动中，规则变化的影响最大。"),
            "others": _("名次变动中，其他企业的影响最大。"),
        }
        said.append(most[main])
    return said


def _rank(up: str, down: str, same: str, found: Causes) -> str:
    words = {"before": found.before, "after": found.after, "n": abs(found.change)}
    return (same if not found.change else up if found.change < 0 else down) % words


def trend(scores: Sequence[Score]) -> Chart | None:
    """The total over the periods, oldest first, broken where the scheme is another one; None for fewer than two."""
    ranked = [score for score in reversed(scores) if score.position]
    if len(ranked) < 2:
        return None
    parts = segments([(score.run.scheme_sha256, score) for score in ranked])
    labels = [label(part) for part in parts]
    series = [{"name": _("最终得分"), "data": [part and float(part[1].total) for part in parts], "colour": "blue"}]
    spec: dict[str, Any] = {"kind": "trend", "unit": _("分"), "labels": labels, "decimals": 2, "series": series}
    head = [_("年度"), _("企业类型"), _("最终得分"), _("同类型排名"), _("全区排名"), _("指标体系")]
    rows = []
    for score in ranked:
        scheme = scheme_of(score)
        names = {stage.code: stage.name for stage in scheme.stages}
        rows.append(
            [
                _("%s年") % score.run.period.year_id, names.get(score.stage, ""), points(score.total),
                number(score.stage_rank), number(score.rank), f"{scheme.code} {scheme.version}",
            ]
        )  # fmt: skip
    return Chart("trend", _("历年得分"), spec, head, rows, broken(parts))


def label(part: tuple[str, Score] | None) -> str:
    return _("体系变更") if part is None else _("%s年") % part[1].run.period.year_id


def broken(parts: Sequence[Any]) -> str:
    if None not in parts:
        return ""
    return _("曲线断开处指标体系有变更，前后得分不宜直接比较。")
