"""群组对比 as a file: the table of the page, with both groups' conditions printed above it."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import FileResponse, Http404
from django.utils import formats
from django.utils.timezone import localtime, now
from django.utils.translation import gettext as _

from firms.exports import FORMATS, Cell, Column, Table, download
from firms.models import User
from firms.services import audit
from firms.services.refusal import Refusal
from scoring.presenters.analysis.cohorts import SIDES, Comparison
from scoring.presenters.analysis.compare import STATISTICS, Compared, compared
from scoring.presenters.analysis.words import STATISTICS as SAID
from scoring.services.analysis import ask


def compare_file(user: User, comparison: Comparison, file_format: str) -> FileResponse:
    """The file and its entry in the audit trail. Raises PermissionDenied, Http404 for another format, and Refusal where there is
    nothing to show: a group that cannot be asked (400), runs still being prepared (409)."""
    if file_format not in FORMATS:
        raise Http404
    found, results = compared(comparison, lambda query: ask(user, query))
    if found is None:
        problems = [problem for result in results.values() for problem in result.problems]
        if problems:
            raise Refusal(
                "bad_query",
                problems[0].message,
                place=problems[0].path,
                hint=_("请在对比页面更正后再导出。"),
                status=400,
            )
        raise Refusal("preparing", _("检索数据正在准备。"), place=_("群组对比"), hint=_("请稍候再导出。"))
    table = Table(
        title=_("群组对比"),
        lines=_lines(user, found),
        columns=_columns(found),
        rows=_rows(found),
        sheet=_("群组对比"),
    )
    response, rows = download(table, _("群组对比"), file_format)
    audit.record(
        "analysis.compare_export",
        _("导出群组对比，%(count)d行（%(a)s与%(b)s）")
        % {"count": rows, "a": found.groups["a"].name, "b": found.groups["b"].name},
        by=user,
        after={"format": file_format, "rows": rows, "address": comparison.address()},
    )
    return response


def _lines(user: User, found: Compared) -> list[str]:
    lines = []
    for side in SIDES:
        group = found.groups[side]
        conditions = _("；").join(group.words) or _("全部企业")
        lines.append(
            _("%(name)s：%(period)s（%(state)s），%(n)d家；条件：%(conditions)s")
            % {
                "name": group.name, "period": group.run.name, "state": group.run.state, "n": group.matched,
                "conditions": conditions,
            }
        )  # fmt: skip
    if found.overlap is not None:
        lines.append(_("同在两组的企业：%d家") % found.overlap)
    elif found.overlap_note:
        lines.append(found.overlap_note)
    at = formats.date_format(localtime(now()), "SHORT_DATETIME_FORMAT")
    lines.append(_("导出：%(who)s，%(at)s") % {"who": str(user), "at": at})
    return lines


def _columns(found: Compared) -> list[Column]:
    columns = [Column(_("数据项"), width=36), Column(_("单位"))]
    for side in SIDES:
        for statistic in STATISTICS:
            said = _("已提供企业数") if statistic == "count" else str(SAID[statistic])
            label = _("%(group)s：%(statistic)s") % {"group": _told_apart(found, side), "statistic": said}
            columns.append(Column(label, "integer") if statistic == "count" else Column(label, "number", "", 4))
    return [*columns, Column(_("中位数相差"), "number", "", 4), Column(_("中位数之比"), "number", "", 4)]


def _told_apart(found: Compared, side: str) -> str:
    """The group's name; two groups of one name are told apart by their place."""
    name = found.groups[side].name
    if found.groups["a"].name != found.groups["b"].name:
        return name
    return _("%(name)s（前）") % {"name": name} if side == "a" else _("%(name)s（后）") % {"name": name}


def _rows(found: Compared) -> Iterator[list[Cell]]:
    for figures in found.figures:
        sides = [figures.side(side)[statistic][0] for side in SIDES for statistic in STATISTICS]
        cells: list[Cell] = [
            None if value is None else round(value, 4) if i % len(STATISTICS) else int(value)
            for i, value in enumerate(sides)
        ]
        apart = [None if value is None else round(value, 4) for value in (figures.difference, figures.ratio)]
        yield [figures.field.label, figures.field.unit, *cells, *apart]
