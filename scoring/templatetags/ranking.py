"""The rows of the ranking table, written out by one format string.

A template spends 90 % of the page on fifty rows of the same dozen cells (measured: benchmarks/pages, 2.7 % of an empty
view's rate with template loops). Everything that came from a person or a file is escaped here.
"""

from functools import cache
from html import escape

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from scoring.presenters.ranking import RankingPage
from scoring.presenters.ranking_table import Line, RankingTable

register = template.Library()

_MOVES = {
    "up": '<span class="up">▲ {}</span>',
    "down": '<span class="down">▼ {}</span>',
    "flat": '<span class="muted">{}</span>',
    "new": '<span class="tag tag-muted">{}</span>',
}
_ANY = "A" * 18


@register.simple_tag
def ranking_rows(page: RankingPage, table: RankingTable) -> SafeString:
    """``<tr>`` after ``<tr>``, one for each line of the table."""
    if page.period is None:
        return SafeString("")
    before, after = escape(reverse("scoring:profile", args=[_ANY])).split(_ANY)
    after += f"?year={page.period.year_id}"
    # What all rows say alike is put together once.
    rank_label = escape(_("名次"))
    stage = f'<td data-label="{escape(_("企业类型"))}" class="nowrap">'
    stage_rank = f'<td class="num" data-label="{escape(_("同类型名次"))}">'
    cluster = f'<td data-label="{escape(_("主导产业"))}">'
    park = f'<td data-label="{escape(_("园区"))}">'
    total = f'<td class="num total" data-label="{escape(_("最终得分"))}">'
    moved = escape(_("较%(year)s年") % {"year": page.previous_period.year_id}) if page.previous_period else ""
    dimensions = [f'<td class="num" data-label="{escape(name)}">' for name in page.dimensions]
    said = cache(escape)  # a dozen names of stages, clusters and parks on fifty rows

    def written(line: Line) -> str:
        row = line.row
        top = " rank-top" if row.rank <= 3 else ""
        move = f'<td class="move" data-label="{moved}">{_move(line)}</td>' if moved else ""
        points = "".join(
            [f"{cell}{points}</td>" for cell, (_name, points) in zip(dimensions, line.dimensions, strict=False)]
        )
        return (
            f'<tr><td class="rank{top}" data-label="{rank_label}"><span>{row.rank}</span></td>{move}'
            f'<td class="name card-title"><a href="{before}{escape(row.credit_code)}{after}">{escape(row.name)}</a></td>'
            f"{stage}{said(row.stage_name)}</td>{stage_rank}{row.stage_rank}</td>"
            f"{cluster}{said(row.cluster_name) or '—'}</td>{park}{said(row.park_name) or '—'}</td>{points}"
            f"{total}{row.total}</td></tr>\n"
        )

    # Every value is a number or escaped.
    return mark_safe("".join([written(line) for line in table.lines]))  # noqa: S308  # nosec B308 B703


def _move(line: Line) -> str:
    return _MOVES[line.direction].format(escape(line.move))
