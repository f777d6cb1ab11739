"""Choosers of fields, written out once a page: a builder of twenty rows offers some hundred fields in each."""

import re
from functools import lru_cache
from html import escape

from django import template
from django.template.context import Context
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from scoring.analysis.fields import base
from scoring.presenters.analysis.builder import Builder
from scoring.presenters.analysis.draft import NAME
from scoring.presenters.analysis.parts import Line, Topic
from scoring.presenters.analysis.tables import Cell, Table
from scoring.presenters.analysis.tables import Line as TableLine
from scoring.presenters.analysis.words import HOWS, with_unit

register = template.Library()


@lru_cache(maxsize=64)
def _options(topics: tuple[Topic, ...]) -> str:
    groups = (
        (
            topic.name,
            format_html_join(
                "",
                '<option value="{}">{}</option>',
                ((item.code, with_unit(item.label, item.unit)) for item in topic.fields),
            ),
        )
        for topic in topics
    )
    return format_html_join("", '<optgroup label="{}">{}</optgroup>', groups)


def _chosen(topics: tuple[Topic, ...], selected: str, label: str) -> SafeString:
    """The options with one of them selected. One that is not offered (an earlier period's figure, one this reader may not see)
    stands first under its own name, so that sending the form loses nothing."""
    options, mark = _options(topics), format_html('value="{}"', selected)
    if selected and f"{mark}>" not in options:
        return format_html("<option {} selected>{}</option>{}", mark, label or selected, mark_safe(options))  # noqa: S308  # nosec B308 B703
    # Each was escaped when it was written.
    return mark_safe(options.replace(f"{mark}>", f"{mark} selected>"))  # noqa: S308  # nosec B308 B703


@register.simple_tag(takes_context=True)
def field_options(context: Context, selected: str, label: str = "") -> SafeString:
    """Every field, by topic."""
    return _chosen(context["builder"].topics, selected, label)


@register.simple_tag(takes_context=True)
def axis_options(context: Context, selected: str, label: str = "") -> SafeString:
    """The fields firms can be grouped by."""
    return _chosen(context["builder"].axes, selected, label)


@register.simple_tag(takes_context=True)
def number_options(context: Context, selected: str, label: str = "") -> SafeString:
    """The fields that have sums and quantiles."""
    return _chosen(context["builder"].numbers, selected, label)


@register.simple_tag
def column_picks(builder: Builder) -> SafeString:
    """A box for every field, by topic; those shown are ticked. A column of an earlier period travels by itself."""
    shown = {line.field for line in builder.columns}
    groups = (
        (
            topic.name,
            format_html_join(
                "",
                '<label><input type="checkbox" name="pick" value="{}"{}> {}</label>',
                (
                    (item.code, SafeString(" checked") if item.code in shown else "", with_unit(item.label, item.unit))
                    for item in topic.fields
                    if item.code != NAME
                ),
            ),
        )
        for topic in builder.topics
    )
    return format_html_join("", "<fieldset><legend>{}</legend>{}</fieldset>", groups)


@register.simple_tag
def result_rows(table: Table) -> SafeString:
    """The lines of a result's table, by format strings: a pivot has thousands of cells, and a template takes its time over each
    (measured: 4,800 cells 1.9 s in a template)."""
    # Every text and every address is escaped here.
    return mark_safe("\n".join([_line(line) for line in table.rows]))  # noqa: S308  # nosec B308 B703


def _line(line: TableLine) -> str:
    cells = "".join([_head(cell) if cell.head else _cell(cell) for cell in line.cells])
    return f'<tr class="total">{cells}</tr>' if line.total else f"<tr>{cells}</tr>"


def _cell(cell: Cell) -> str:
    said = f'<a href="{escape(cell.url)}">{escape(cell.text)}</a>' if cell.url else escape(cell.text)
    return f'<td class="num">{said}</td>' if cell.num else f'<td class="text">{said}</td>'


def _head(cell: Cell) -> str:
    said = f'<a href="{escape(cell.url)}">{escape(cell.text)}</a>' if cell.url else escape(cell.text)
    spans = f' rowspan="{cell.down}"' if cell.down > 1 else ""
    return f'<th scope="{cell.scope}"{spans} class="{"period" if cell.minor else "stay"}">{said}</th>'


@register.simple_tag
def hows() -> list[tuple[str, str]]:
    """How the conditions of a group hold together."""
    return [(code, str(name)) for code, name in HOWS.items()]


@register.filter
def idable(text: str) -> str:
    """A field's code as part of an element's id."""
    return re.sub(r"[^0-9A-Za-z_-]", "-", text)


@register.filter
def is_earlier(line: Line) -> bool:
    """Whether a column is of an earlier period than the row."""
    return base(line.field)[1] > 0
