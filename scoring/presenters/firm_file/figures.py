"""数据: every figure of every year with who stated it, when and where, and what other sources said instead."""

from __future__ import annotations

from django.utils.translation import gettext as _

from firms.models import Decision, FactSheet, Filing, Firm, Metric, User
from firms.presenters.figures import filings_of, origin, shown
from scoring.presenters.firm_file.blocks import Asked, Block, Cell, Head, Section, day

YEARS = 6  # columns side by side


def section(firm: Firm, user: User, asked: Asked) -> Section:
    """Four queries, whatever the number of years: sheets, metrics, the filings they name, decisions."""
    sheets = {sheet.year: sheet for sheet in FactSheet.objects.filter(firm=firm).order_by("-year")}
    metrics = list(Metric.objects.select_related("owner").order_by("position", "code"))
    years = list(sheets)
    if not asked.whole:
        page = asked.pages.get("figures", 1)
        years = years[(page - 1) * YEARS : page * YEARS]
    wanted = {pk for year in years for pk in sheets[year].winners.values()}
    wanted |= {pk for year in years for losers in sheets[year].conflicts.values() for pk, _value in losers}
    filings = filings_of(wanted)
    ruled = Decision.objects.in_force().filter(firm=firm, year__in=years).select_related("decided_by")
    decisions = {(row.year, row.metric): row for row in ruled}

    def cell(metric: Metric, year: int) -> Cell:
        sheet = sheets[year]
        if metric.code not in sheet.values:
            return Cell()
        value, winner = sheet.values[metric.code], filings.get(sheet.winners.get(metric.code, 0))
        notes = [_told(winner, user)] if winner else []
        losers = sheet.conflicts.get(metric.code, [])
        for pk, other in losers:
            said = {
                "figure": shown(other, metric, unit=False),
                "who": _told(filings[pk], user) if pk in filings else "—",
            }
            notes.append(_("未采用 %(figure)s：%(who)s") % said)
        decision = decisions.get((year, metric.code))
        if decision is not None and sheet.winners.get(metric.code) == decision.filing_id:
            said = {"who": str(decision.decided_by), "day": day(decision.decided_at), "why": decision.reason}
            notes.append(_("%(who)s于%(day)s裁定：%(why)s") % said)
        flag = metric.kind == Metric.Kind.FLAG
        url = origin(winner, user).url if winner else ""
        return Cell(
            shown(value, metric, unit=False),
            tuple(notes),
            url,
            "accent" if losers else "",
            None if flag else float(value),
        )

    topics: dict[str, list[Metric]] = {}
    for metric in metrics:
        topics.setdefault(metric.topic, []).append(metric)
    head = [Head(_("数据项")), *(Head(_("%s年度") % year, "num") for year in years)]
    blocks = [
        Block(
            topic,
            head,
            [
                [
                    Cell(str(metric), (metric.owner.short_name,) if metric.owner else ()),
                    *(cell(metric, year) for year in years),
                ]
                for metric in of_topic
            ],
        )
        for topic, of_topic in topics.items()
    ]
    pager = asked.pager("figures", more=len(sheets) > asked.pages.get("figures", 1) * YEARS)
    if not years:
        blocks = [Block("", head, [], empty=_("还没有任何来源报送过数据。部门导入或企业填报后，这里按年度列出。"))]
    elif pager:
        blocks[-1] = Block(blocks[-1].title, head, blocks[-1].rows, pager=pager)
    note = _("橙色为各来源有差异、尚未裁定的数值。") if years else ""
    return Section("figures", _("历年数据"), blocks, note=note)


def _told(filing: Filing, user: User) -> str:
    found = origin(filing, user)
    who = filing.department.short_name if filing.department else found.who
    return _("%(who)s %(day)s %(place)s") % {"who": who, "day": day(found.filed_at), "place": found.place}
