"""历年评价: stage, points and ranks of every period, what was taken off and added, and stages stated by a person."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from firms.models import Firm
from scoring.engine.explain import AdjustmentLine, explain
from scoring.models import EvaluationPeriod, Run, Score, StageRecord
from scoring.presenters.charts import Chart
from scoring.presenters.firm_file.blocks import Block, Cell, Section, day, heads, texts
from scoring.presenters.formatting import number, points, signed
from scoring.presenters.method import parsed


def scores_of(firm: Firm) -> list[Score]:
    """The firm's score of each period, latest first: of what was published, else of the newest run (two queries)."""
    newest = Run.objects.complete().filter(period=OuterRef("pk")).order_by("-number").values("pk")[:1]
    periods = EvaluationPeriod.objects.annotate(shown=Coalesce("published_run_id", Subquery(newest)))
    runs = [run for run in periods.values_list("shown", flat=True) if run]
    scores = Score.objects.filter(firm=firm, run__in=runs).select_related("run__period", "run__scheme")
    return list(scores.order_by("-run__period__year_id"))


def section(firm: Firm, scores: list[Score]) -> Section:
    """One query more than ``scores_of``."""
    names = _stage_names(scores)
    stated = StageRecord.objects.filter(firm=firm).select_related("stated_by").order_by("-year")
    periods = [_period(score, names) for score in scores]
    lines = [(score, line) for score in scores for line in _adjustments(score)]
    return Section(
        code="results",
        title=_("历年评价"),
        chart=_trend([score for score in reversed(scores) if score.position], names),
        blocks=[
            Block(
                "",
                heads(_("评价期"), _("结果"), _("企业类型"), _("最终得分"), _("等级"), _("全区名次"), _("同类型名次"),
                      _("产业名次"), _("一级指标得分"), numbers=(3, 5, 6, 7), days=(1, 2)),
                periods,
                empty=_("还没有评价结果。导入数据并完成计算后，这里按评价期列出。"),
            ),
            Block(
                _("负面清单与调整"),
                heads(_("评价期"), _("项目"), _("内容"), _("影响"), _("依据"), numbers=(3,), days=(1,)),
                [_adjustment(score, line) for score, line in lines],
                empty=_("各评价期都没有不纳入、扣分、衰减和附加分。"),
            ),
            Block(
                _("企业类型认定"),
                heads(_("年度"), _("企业类型"), _("理由与证据"), _("认定人"), _("认定时间"), days=(1, 4)),
                [
                    texts(row.year, names.get(row.stage, row.stage), row.reason, row.stated_by or _("系统"), day(row.stated_at))
                    for row in stated
                ],
                empty=_("没有人工认定的企业类型。"),
            ),
        ],
    )  # fmt: skip


def _stage_names(scores: list[Score]) -> dict[str, str]:
    names: dict[str, str] = {}
    for score in reversed(scores):
        names |= {stage.code: stage.name for stage in _scheme(score).stages}
    return names


def _scheme(score: Score) -> Any:
    return parsed(score.run.scheme_sha256, score.run.scheme.text)


def _period(score: Score, names: dict[str, str]) -> list[Cell]:
    period, ranked = score.run.period, bool(score.position)
    state = _("已公布") if period.published_run_id == score.run_id else _("试算，未公布")
    shown = [dimension for dimension in _scheme(score).dimensions if not dimension.parent]
    of_dimensions = _("，").join(
        f"{dimension.name} {number(value, 2)}" for dimension, value in zip(shown, score.dimension_points, strict=False)
    )
    return [
        Cell(period.name, (_("第%(number)s次计算，%(state)s") % {"number": score.run.number, "state": state},)),
        Cell(score.get_status_display(), tone="" if score.status == Score.Status.SCORED else "accent"),
        *texts(names.get(score.stage, "")),
        Cell(points(score.total), value=float(score.total)) if ranked and score.total is not None else Cell(),
        *texts(score.grade),
        *(Cell(number(rank), value=rank) for rank in (score.rank, score.stage_rank, score.industry_rank)),
        *texts(of_dimensions if ranked else ""),
    ]


def _adjustments(score: Score) -> list[AdjustmentLine]:
    if not score.detail:
        return []
    found = explain(_scheme(score), score.run.references, bytes(score.detail), score.run.period.as_of)
    return [line for line in found.adjustments if line.applies]


def _adjustment(score: Score, line: AdjustmentLine) -> list[Cell]:
    kinds = {"exclusion": _("不纳入"), "deduction": _("扣分"), "decay": _("衰减系数"), "bonus": _("附加分")}
    effect = {
        "exclusion": _("不纳入评价"),
        "decay": f"× {number(line.amount)}",
        "deduction": _("%s分") % number(-abs(line.amount)),
        "bonus": _("%s分") % signed(line.amount),
    }.get(line.kind, number(line.amount))
    return texts(score.run.period.name, kinds.get(line.kind, line.kind), line.name, effect, line.article)


def _trend(scores: list[Score], names: dict[str, str]) -> Chart | None:
    if len(scores) < 2:
        return None
    labels = [_("%s年") % score.run.period.year_id for score in scores]
    spec = {
        "kind": "trend", "unit": _("分"), "labels": labels, "decimals": 2,
        "series": [{"name": _("最终得分"), "data": [float(score.total or 0) for score in scores], "colour": "blue"}],
    }  # fmt: skip
    head = [_("年度"), _("企业类型"), _("最终得分"), _("全区名次")]
    rows = [
        [label, names.get(score.stage, ""), points(score.total), number(score.rank)]
        for label, score in zip(labels, scores, strict=True)
    ]
    return Chart("file-trend", _("历年得分"), spec, head, rows)
