"""The firms behind a number of 领导驾驶舱 as a file: what the page lists, on all its pages, with what was asked printed above."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from firms.exports import Cell, Column, Table
from scoring.assembly.strengths import strengths
from scoring.presenters.formatting import chinese_date
from scoring.presenters.leader import Shown, shown_to
from scoring.presenters.leader_moves import Behind, behind_number, names_of, read_lines
from scoring.presenters.leader_risks import Asked, every_line, labels

if TYPE_CHECKING:
    from firms.models import User

CHUNK = 2000


@dataclass(frozen=True)
class LeaderExport:
    """``conditions``: what was asked for in words, as printed above the rows and kept in the audit trail."""

    table: Table
    file_name: str
    conditions: str
    run_id: int


def leader_export(user: User, query: Mapping[str, str]) -> LeaderExport:
    """``query`` as ``leader_firms`` takes it; where a page begins counts for nothing.

    Raises EvaluationPeriod.DoesNotExist where nothing was judged yet.
    """
    shown = shown_to(user, query.get("year", ""))
    return _risks(shown, Asked.of(query)) if "risk" in query else _moves(shown, query)


def _risks(shown: Shown, asked: Asked) -> LeaderExport:
    found = strengths(shown.run, shown.scheme)
    count, lines = every_line(shown.year, shown.run, shown.before, shown.scheme, found, asked)
    conditions = _("原因：%s") % (labels()[asked.reason] if asked.reason else _("全部"))
    if shown.before is not None:
        conditions = _("%(reason)s；得分下降%(score)d分以上、名次下降%(rank)d位以上的列入") % {
            "reason": conditions, "score": asked.score, "rank": asked.rank,
        }  # fmt: skip
    columns = [
        Column(_("统一社会信用代码"), width=22),
        Column(_("企业名称"), width=40),
        Column(_("企业类型")),
        Column(_("得分"), "number", _("分"), 2),
        Column(_("名次"), "integer"),
        Column(_("原因"), width=80),
    ]
    rows = ([line.credit_code, line.name, line.stage, line.total, line.rank, "；".join(line.why)] for line in lines)
    name = _("%d年度风险提示企业名单") % shown.year
    return _export(shown, name, conditions, count, Table(name, columns, rows, sheet=_("风险提示")))


def _moves(shown: Shown, query: Mapping[str, str]) -> LeaderExport:
    names = names_of(shown.stages_before | shown.stages)
    asked = {"was": query.get("from", ""), "is_now": query.get("to", ""), "move": query.get("move", "")}
    behind = behind_number(names, shown.grades, shown.run, shown.before, **asked)
    columns = [
        Column(_("统一社会信用代码"), width=22),
        Column(_("企业名称"), width=40),
        Column(_("上期")),
        Column(_("本期")),
        Column(_("上期得分"), "number", _("分"), 2),
        Column(_("本期得分"), "number", _("分"), 2),
        Column(_("上期名次"), "integer"),
        Column(_("本期名次"), "integer"),
    ]
    name = _("%d年度企业名单") % shown.year
    table = Table(name, columns, _rows(shown, names, behind), sheet=_("企业名单"))
    return _export(shown, name, behind.words, len(behind.ids), table)


def _rows(shown: Shown, names: Mapping[str, str], behind: Behind) -> Iterator[list[Cell]]:
    for start in range(0, len(behind.ids), CHUNK):
        for line in read_lines(names, shown.run, shown.before, behind.ids[start : start + CHUNK]):
            yield [
                line.credit_code, line.name, line.was, line.is_now,
                line.total_before, line.total_now, line.rank_before, line.rank_now,
            ]  # fmt: skip


def _export(shown: Shown, name: str, conditions: str, count: int, table: Table) -> LeaderExport:
    state = _("试算，未公布") if shown.trial else _("%s公布") % chinese_date(shown.period.published_at)
    lines = [
        _("评价期：%(name)s（第%(number)s次计算，%(state)s）")
        % {"name": shown.period.name, "number": shown.run.number, "state": state}
    ]
    if shown.previous is not None:
        lines.append(_("上期：%s") % shown.previous.name)
    lines += [_("条件：%s") % conditions, _("共%d家企业") % count]
    return LeaderExport(
        Table(table.title, table.columns, table.rows, lines, table.sheet), name, conditions, shown.run.pk
    )
