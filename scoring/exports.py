"""The ranking as a file: what the page shows, all of its rows, of one run throughout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from firms.exports import Cell, Column, Table
from firms.models import FirmReport
from firms.services.refusal import Refusal
from scoring.models import HonourList
from scoring.presenters.formatting import chinese_date
from scoring.presenters.honours import HonourPage, every_row
from scoring.presenters.ranking import RankingPage, RankingRow, ranking_chunks
from scoring.presenters.review import every_line
from scoring.presenters.review_lines import Line

if TYPE_CHECKING:
    from firms.models import User

CHUNK = 2000


@dataclass(frozen=True)
class RankingExport:
    """``conditions``: what was asked for, in words, as printed above the rows and kept in the audit trail."""

    table: Table
    file_name: str
    conditions: str
    run_id: int


def ranking_export(user: User, asked: Mapping[str, Any]) -> RankingExport:
    """All rows of the page a reader is looking at; ``asked`` as ``ranking_page`` takes it, a cursor counts for nothing.

    Raises what ``ranking_page`` raises, and Refusal where there is no ranking yet.
    """
    page, chunks = ranking_chunks(
        user, size=CHUNK, **{name: value for name, value in asked.items() if name != "cursor"}
    )
    if page.period is None or page.run_id is None:
        raise Refusal("nothing_to_export", _("还没有可以导出的榜单。"), hint=_("请在评价期公布后再试。"), status=404)
    conditions = in_words(page)
    state = _("%s公布") % chinese_date(page.period.published_at) if page.published else _("试算，未公布")
    table = Table(
        title=_("%s榜单") % page.period.name,
        lines=[
            _("评价期：%(name)s（第%(number)s次计算，%(state)s）")
            % {"name": page.period.name, "number": page.run_number, "state": state},
            _("条件：%s") % conditions,
        ],
        columns=ranking_columns(page),
        rows=_rows(chunks, len(page.dimensions)),
        sheet=_("榜单"),
    )
    return RankingExport(table, _("%s年度企业创新积分榜单") % page.period.year_id, conditions, page.run_id)


def ranking_columns(page: RankingPage) -> list[Column]:
    before = page.previous_period
    return [
        Column(_("名次"), "integer"),
        Column(_("较%s年升降") % before.year_id if before else _("升降"), "integer"),
        Column(_("统一社会信用代码"), width=22),
        Column(_("企业名称"), width=40),
        Column(_("企业类型")),
        Column(_("同类型名次"), "integer"),
        Column(_("主导产业")),
        Column(_("产业名次"), "integer"),
        Column(_("园区")),
        *(Column(name, "number", _("分"), 2) for name in page.dimensions),
        Column(_("最终得分"), "number", _("分"), page.decimals),
    ]


def in_words(page: RankingPage) -> str:
    """The conditions of the page as one line, none as 全部."""
    said = [
        f"{name}：{choice.label}"
        for name, choices in ((_("企业类型"), page.stages), (_("主导产业"), page.clusters), (_("园区"), page.parks))
        for choice in choices
        if choice.selected and choice.value
    ]
    if page.q:
        said.append(_("检索：%s") % page.q)
    if page.sort != "rank":
        label = next((choice.label for choice in page.sorts if choice.selected), page.sort)
        said.append(_("排序：%(label)s%(order)s") % {"label": label, "order": _("倒序") if page.sort[0] == "-" else ""})
    return "；".join(said) or _("全部")


def _rows(chunks: Iterator[list[RankingRow]], dimensions: int) -> Iterator[list[Cell]]:
    for chunk in chunks:
        for row in chunk:
            yield [
                row.rank,
                row.movement,
                row.credit_code,
                row.name,
                row.stage_name,
                row.stage_rank,
                row.cluster_name,
                row.industry_rank,
                row.park_name,
                *(_points(points) for points in row.dimension_points[:dimensions]),
                row.total,
            ]


def _points(points: float) -> Decimal:
    """At the two decimals of the heading in every format: a workbook would otherwise hold all digits behind them."""
    return Decimal(str(points)).quantize(Decimal("0.01"), ROUND_HALF_UP)


@dataclass(frozen=True)
class ReviewExport:
    table: Table
    file_name: str
    conditions: str


def review_export(user: User, query: Mapping[str, str]) -> ReviewExport:
    """All forms of the review queue that the page's conditions select. Raises Refusal where no year was ever opened."""
    found = every_line(user, query)
    if found is None:
        raise Refusal("nothing_to_export", _("还没有填报表。"), hint=_("开放填报之后再试。"), status=404)
    asked, lines = found
    said = [
        _("状态：%s") % dict(FirmReport.State.choices).get(asked.state, _("全部")),
        *([_("主题：%s") % asked.topic] if asked.topic else []),
        *([_("只看有异常值的")] if asked.outliers else []),
        *([_("只看重报的")] if asked.again else []),
        *([_("检索：%s") % asked.q] if asked.q else []),
    ]
    columns = [
        Column(_("统一社会信用代码"), width=22),
        Column(_("企业名称"), width=40),
        Column(_("企业类型")),
        Column(_("状态")),
        Column(_("提交日期"), "date"),
        Column(_("已答"), "integer", _("项")),
        Column(_("有说明"), "integer", _("项")),
        Column(_("异常值"), "integer", _("项")),
        Column(_("异常值内容"), width=50),
        Column(_("较上次审核改动"), "integer", _("项")),
    ]
    title = _("%d年度企业填报审核清单") % asked.year
    conditions = "；".join(said)
    table = Table(
        title=title,
        lines=[_("条件：%s") % conditions],
        columns=columns,
        rows=map(_review_row, lines),
        sheet=_("填报表"),
    )
    return ReviewExport(table, title, conditions)


def _review_row(line: Line) -> list[Cell]:
    return [
        line.credit_code,
        line.firm,
        line.stage,
        line.state,
        localdate(line.submitted_at) if line.submitted_at else None,
        line.answered,
        line.explained,
        len(line.flagged),
        "；".join(f"{name} {figure}" for name, figure in line.flagged),
        line.changed,
    ]


@dataclass(frozen=True)
class HonoursExport:
    """``group``: kind and code of the stage or industry, as kept in the audit trail."""

    table: Table
    file_name: str
    honours: HonourList
    group: str


def honours_export(page: HonourPage) -> HonoursExport:
    """All firms of the stage or industry shown. Raises Refusal where no list is in force."""
    if page.honours is None or page.group is None or page.period is None:
        raise Refusal("nothing_to_export", _("还没有公布荣誉榜。"), hint=_("请在积分办公布荣誉榜后再试。"), status=404)
    columns = [
        Column(_("档次")),
        Column(_("名次"), "integer"),
        Column(_("统一社会信用代码"), width=22),
        Column(_("企业名称"), width=40),
        Column(_("企业类型")),
        Column(_("主导产业")),
        Column(_("园区")),
        Column(_("最终得分"), "number", _("分"), page.decimals),
    ]
    title = _("%(period)s荣誉榜（%(group)s）") % {"period": page.period.name, "group": page.group.name}
    rule = _("%(group)s参加排名%(firms)d家；各档取到名次不超过该比例家数（向上取整）的企业，并列的一并列入。") % {
        "group": page.group.name,
        "firms": page.group.firms,
    }
    table = Table(title=title, lines=[rule], columns=columns, rows=_honour_rows(page), sheet=_("荣誉榜"))
    return HonoursExport(table, title, page.honours, f"{page.group.kind}={page.group.code}")


def _honour_rows(page: HonourPage) -> Iterator[list[Cell]]:
    for band, row in every_row(page):
        where = (row.stage_name, row.cluster_name, row.park_name)
        yield [band.name, row.rank, row.credit_code, row.name, *where, Decimal(row.total)]
