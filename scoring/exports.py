"""The ranking as a file: what the page shows, all of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from firms.exports import Cell, Column, Table


@dataclass(frozen=True)
class RankingHeading:
    """What is printed above: period, conditions in words, names of the dimensions, decimals of a score."""

    period: str
    conditions: str
    dimensions: tuple[str, ...]
    decimals: int = 2


def ranking_table(heading: RankingHeading, rows: Iterable[Sequence[Cell]]) -> Table:
    """``rows``: 总排名, code, name, stage, cluster, park, points by dimension…, total, two ranks, movement."""
    return Table(
        title=f"{heading.period}企业创新积分榜单",
        lines=[f"条件：{heading.conditions}", "名次变化为与上一评价期总排名相比，正数为上升，空白为上期未参加排名。"],
        columns=[
            Column("总排名", "integer"),
            Column("统一社会信用代码", width=22),
            Column("企业名称", width=40),
            Column("企业类型"),
            Column("主导产业"),
            Column("园区"),
            *(Column(name, "number", "分", heading.decimals) for name in heading.dimensions),
            Column("最终得分", "number", "分", heading.decimals),
            Column("同类型排名", "integer"),
            Column("产业排名", "integer"),
            Column("名次变化", "integer"),
        ],
        rows=rows,
        sheet="榜单",
    )
