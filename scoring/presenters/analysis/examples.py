"""Ready-made questions for who comes to 多维检索 with none: each runs on the data there is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from scoring.analysis.fields import base
from scoring.analysis.query import Condition, Group, Measure, Query

INTENSITY = "value.1.3"  # 研发费用占营业收入的比例
RD, REVENUE, TOTAL, MOVED = "metric.rd_expense", "metric.revenue", "score.total", "change.total"
STAGE, CLUSTER, PARK = "firm.stage", "firm.cluster", "firm.park"


@dataclass(frozen=True)
class Example:
    title: str | Promise
    hint: str | Promise
    query: Query


def _list(columns: Sequence[str], sort: tuple[str, str], *conditions: Condition) -> Query:
    return Query(where=Group("all", tuple(conditions)), columns=tuple(columns), sort=(sort,))


def _strong_but_unrecognised() -> Query:
    return _list(
        (STAGE, CLUSTER, INTENSITY, RD, REVENUE, TOTAL),
        (INTENSITY, "desc"),
        Condition(STAGE, "in", ("growth",)),
        Condition(INTENSITY, "ge", 5),
        Condition("qualification.hightech", "is", False),
    )


def _falling_twice() -> Query:
    return _list(
        (STAGE, CLUSTER, TOTAL, MOVED, f"{MOVED}@-1", REVENUE),
        (MOVED, "asc"),
        Condition("qualification.above_scale", "is", True),
        Condition(MOVED, "lt", 0),
        Condition(f"{MOVED}@-1", "lt", 0),
    )


def _falling() -> Query:
    return _list(
        (STAGE, CLUSTER, TOTAL, MOVED, REVENUE),
        (MOVED, "asc"),
        Condition("qualification.above_scale", "is", True),
        Condition(MOVED, "lt", 0),
    )


def _climbers() -> Query:
    return _list(
        (STAGE, CLUSTER, PARK, "score.rank", "change.rank", TOTAL, MOVED),
        ("change.rank", "desc"),
        Condition("change.rank", "top", (20, "firms")),
    )


def _silent_on_research() -> Query:
    return _list(
        (STAGE, CLUSTER, PARK, REVENUE, RD, TOTAL),
        (REVENUE, "desc"),
        Condition(REVENUE, "ge", 2000),
        Condition(RD, "unknown"),
    )


def _research_by_park_and_stage() -> Query:
    return Query(rows=PARK, across=STAGE, measures=(Measure(RD, "sum"), Measure("", "count")))


def _scores_by_cluster() -> Query:
    statistics = ("median", "p25", "p75", "max")
    return Query(rows=CLUSTER, measures=(Measure("", "count"), *(Measure(TOTAL, how) for how in statistics)))


def _revenue_by_intensity() -> Query:
    measures = (Measure("", "count"), Measure("", "share"), Measure(REVENUE, "median"), Measure(TOTAL, "median"))
    return Query(rows=INTENSITY, measures=measures, bands=((INTENSITY, (1, 3, 5, 10)),))


# Title, hint, question, how many periods it is asked of, and how many there must be (at least, at most).
_EXAMPLES: tuple[tuple[Promise, Promise, Callable[[], Query], int, tuple[int, int]], ...] = (
    (lazy("研发强度高、尚未认定高企的成长期企业"), lazy("研发费用占营业收入5%以上，可作为高企培育对象"),
     _strong_but_unrecognised, 1, (1, 99)),
    (lazy("连续两期得分下滑的规上工业企业"), lazy("本期和上期得分都比前一期低"), _falling_twice, 1, (3, 99)),
    (lazy("得分下滑的规上工业企业"), lazy("本期得分比上一期低"), _falling, 1, (2, 2)),
    (lazy("名次上升最快的20家企业"), lazy("与上一评价期相比"), _climbers, 1, (2, 99)),
    (lazy("营业收入2000万元以上、未报研发费用的企业"), lazy("宜提醒补报或核实"), _silent_on_research, 1, (1, 99)),
    (lazy("各园区、各企业类型的研发费用"), lazy("园区与企业类型交叉，逐期合计"), _research_by_park_and_stage, 3, (1, 99)),
    (lazy("各主导产业的得分分布"), lazy("中位数、四分位数和最高分，逐期比较"), _scores_by_cluster, 3, (1, 99)),
    (lazy("研发强度与营业收入"), lazy("按研发费用占比分段，看各段企业的收入与得分"), _revenue_by_intensity, 1, (1, 99)),
)  # fmt: skip


def examples(known: Collection[str], years: Sequence[int]) -> list[Example]:
    """Those whose every field this reader may ask about; ``years``: the periods there are, latest first."""
    found = []
    for title, hint, make, periods, (least, most) in _EXAMPLES:
        query = make()
        if least <= len(years) <= most and all(base(code)[0] in known for _path, code in query.fields()):
            found.append(Example(title, hint, query.but(periods=tuple(years[:periods]))))
    return found
