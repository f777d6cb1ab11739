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

_ROW = (
    '<tr><td class="rank{top}" data-label="{rank_label}"><span>{rank}</span></td>{move}'
    '<td class="name card-title"><a href="{url}">{name}</a></td>'
    '<td data-label="{stage_label}" class="nowrap">{stage}</td>'
    '<td class="num" data-label="{stage_rank_label}">{stage_rank}</td>'
    '<td data-label="{cluster_label}">{cluster}</td><td data-label="{park_label}">{park}</td>{dimensions}'
    '<td class="num total" data-label="{total_label}">{total}</td></tr>\n'
)
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
    labels = {
        "rank_label": escape(_("名次")),
        "stage_label": escape(_("企业类型")),
        "stage_rank_label": escape(_("同类型名次")),
        "cluster_label": escape(_("主导产业")),
        "park_label": escape(_("园区")),
        "total_label": escape(_("最终得分")),
    }
    moved = escape(_("较%(year)s年") % {"year": page.previous_period.year_id}) if page.previous_period else ""
    names = [escape(name) for name in page.dimensions]
    said = cache(escape)  # a dozen names of stages, clusters and parks on fifty rows
    return mark_safe(  # noqa: S308  (every value is a number or escaped)  # nosec B308 B703
        "".join(
            _ROW.format(
                **labels,
                top=" rank-top" if line.row.rank <= 3 else "",
                rank=line.row.rank,
                move=f'<td class="move" data-label="{moved}">{_move(line)}</td>' if moved else "",
                url=before + escape(line.row.credit_code) + after,
                name=escape(line.row.name),
                stage=said(line.row.stage_name),
                stage_rank=line.row.stage_rank,
                cluster=said(line.row.cluster_name) or "—",
                park=said(line.row.park_name) or "—",
                dimensions="".join(
                    f'<td class="num" data-label="{name}">{points}</td>'
                    for name, (_name, points) in zip(names, line.dimensions, strict=False)
                ),
                total=line.row.total,
            )
            for line in table.lines
        )
    )


def _move(line: Line) -> str:
    return _MOVES[line.direction].format(escape(line.move))
