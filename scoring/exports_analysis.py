"""What 多维检索 shows as a file: all rows of the list, or the whole table of groups, with the question printed above."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal

from django.http import FileResponse, Http404
from django.utils import formats
from django.utils.timezone import localtime, now
from django.utils.translation import gettext as _

from firms.exports import FORMATS, Cell, Column, Table, download
from firms.models import User
from firms.services import audit
from firms.services.refusal import Refusal
from scoring.analysis.fields import CHOICE, DATE, FLAG, NUMBER, Field
from scoring.analysis.query import Query
from scoring.models import Run
from scoring.services.analysis import Result, Row, ask, whole
from scoring.services.analysis.words import label_of, shown


@dataclass(frozen=True)
class AnalysisExport:
    """``conditions``: in words, as printed above the rows and kept in the audit trail."""

    table: Table
    file_name: str
    conditions: str
    result: Result


def analysis_file(user: User, query: Query, file_format: str) -> FileResponse:
    """The file of a question and its entry in the audit trail. Raises as ``analysis_export``, Http404 for another format."""
    if file_format not in FORMATS:
        raise Http404
    export = analysis_export(user, query)
    response, rows = download(export.table, export.file_name, file_format)
    audit.record(
        "analysis.export",
        _("导出%(title)s，%(count)d行（%(conditions)s）")
        % {"title": export.table.title, "count": rows, "conditions": export.conditions},
        by=user,
        target=Run(pk=export.result.periods[0].run_id),
        after={
            "format": file_format,
            "rows": rows,
            "runs": [period.run_id for period in export.result.periods],
            "query": export.result.query.to_json(),
        },
    )
    return response


def analysis_export(user: User, query: Query) -> AnalysisExport:
    """What the page of ``query`` shows, all of it. Raises PermissionDenied, and Refusal where there is nothing to show: a question
    with problems (400), runs still being prepared (409)."""
    chunks: Iterator[Sequence[Row]] = iter(())
    if query.rows:
        result = ask(user, query)
    else:
        result, chunks = whole(user, query)
    _refuse_unanswered(result)
    title = _("多维检索结果")
    table = Table(
        title=title,
        lines=_lines(user, result),
        columns=_unique(_group_columns(result) if query.rows else _list_columns(result)),
        rows=_group_rows(result) if query.rows else _list_rows(result, chunks),
        sheet=_("检索结果"),
    )
    years = "-".join(str(year) for year in sorted({result.periods[-1].year, result.periods[0].year}))
    name = _("%(title)s%(years)s") % {"title": title, "years": years}
    return AnalysisExport(table, name, _conditions(result), result)


def _refuse_unanswered(result: Result) -> None:
    if result.problems:
        problem = result.problems[0]
        raise Refusal(
            "bad_query", problem.message, place=problem.path, hint=_("请在检索页面更正后再导出。"), status=400
        )
    if result.preparing:
        raise Refusal(
            "preparing", _("检索数据正在准备。"), place=_("多维检索"), hint=_("请稍候再导出，进度见检索页面。")
        )


def _conditions(result: Result) -> str:
    return _("；").join(result.conditions_in_words) or _("全部企业")


def _lines(user: User, result: Result) -> list[str]:
    """Periods and runs, conditions, grouping, since when today's facts hold, who and when."""
    fields, query = result.fields, result.query
    lines = []
    for period in result.periods:
        said = {
            "name": period.name, "number": period.run_number, "at": _moment(period.computed_at),
            "matched": period.matched, "firms": period.firms, "ranked": period.ranked,
        }  # fmt: skip
        pattern = (
            _(
                "评价期：%(name)s（第%(number)d次计算，已公布，计算于%(at)s），符合条件%(matched)d家，共%(firms)d家（其中%(ranked)d家参加排名）"
            )
            if period.published
            else _(
                "评价期：%(name)s（第%(number)d次计算，试算，计算于%(at)s），符合条件%(matched)d家，共%(firms)d家（其中%(ranked)d家参加排名）"
            )
        )
        lines.append(pattern % said)
    lines.append(_("条件：%(conditions)s") % {"conditions": _conditions(result)})
    if query.across:
        said = {"rows": label_of(query.rows, fields), "across": label_of(query.across, fields)}
        lines.append(_("行：%(rows)s；列：%(across)s") % said)
    elif query.rows:
        lines.append(_("分组：%(rows)s") % {"rows": label_of(query.rows, fields)})
    for period in result.periods:
        if period.now_fields and period.as_of:
            names = _("、").join(label_of(code, fields) for code in period.now_fields)
            said = {"name": period.name, "at": _moment(period.as_of), "fields": names}
            lines.append(_("%(name)s中，%(fields)s按%(at)s的台账和数据统计") % said)
    lines.append(_("导出：%(who)s，%(at)s") % {"who": str(user), "at": _moment(now())})
    return lines


def _moment(at: dt.datetime) -> str:
    return formats.date_format(localtime(at), "SHORT_DATETIME_FORMAT")


def _column(field: Field) -> Column:
    kinds: dict[str, Literal["text", "number", "date"]] = {NUMBER: "number", DATE: "date"}
    if field.kind == NUMBER and not field.decimals:
        return Column(field.label, "integer", field.unit)
    width = {"firm.name": 40.0, "firm.credit_code": 22.0}.get(field.code, 0.0)
    return Column(field.label, kinds.get(field.kind, "text"), field.unit, field.decimals, width)


def _list_columns(result: Result) -> list[Column]:
    return [Column(_("评价期"), width=24), *(_column(field) for field in result.columns)]


def _list_rows(result: Result, chunks: Iterator[Sequence[Row]]) -> Iterator[list[Cell]]:
    names = {period.year: period.name for period in result.periods}
    for chunk in chunks:
        for row in chunk:
            yield [
                names[row.year],
                *(_cell(value, field) for value, field in zip(row.values, result.columns, strict=True)),
            ]


def _cell(value: Any, field: Field) -> Cell:
    if value is None or field.kind == NUMBER:
        return int(value) if value is not None and not field.decimals and float(value).is_integer() else value
    return shown(value, field) if field.kind in (CHOICE, FLAG) else value


def _group_columns(result: Result) -> list[Column]:
    columns = [Column(_("评价期"), width=24), Column(label_of(result.query.rows, result.fields), width=24)]
    if not result.query.across:
        return [*columns, *(_column(field) for field in result.measures)]
    for head in result.across:
        for field in result.measures:
            label = _("%(column)s：%(measure)s") % {"column": head.label, "measure": field.label}
            columns.append(_column(Field(field.code, label, field.kind, field.unit, decimals=field.decimals)))
    return columns


def _group_rows(result: Result) -> Iterator[list[Cell]]:
    for period in result.periods:
        for head in result.heads:
            cells = [result.cells.get((period.year, head.key, across.key)) for across in result.across]
            if not any(cells):
                continue
            figures = [
                _cell(cell.values[i], field) if cell else None
                for cell in cells
                for i, field in enumerate(result.measures)
            ]
            yield [period.name, head.label, *figures]


def _unique(columns: list[Column]) -> list[Column]:
    """Two fields of one name are told apart by a number: a table needs a heading each."""
    seen: set[str] = set()
    told = []
    for column in columns:
        title = column.title
        for i in count(2):
            if column.heading not in seen:
                break
            column = Column(f"{title} {i}", column.kind, column.unit, column.decimals, column.width)
        seen.add(column.heading)
        told.append(column)
    return told
