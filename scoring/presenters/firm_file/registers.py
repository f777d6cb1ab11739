"""台账: the firm's entries in force, register by register."""

from __future__ import annotations

from django.db.models import Count, F, Q, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

from firms import catalogue
from firms.models import Firm, RegisterEntry
from firms.presenters.claims import fact_view
from scoring.presenters.firm_file.blocks import Asked, Block, Cell, Section, heads, texts, trimmed


def section(firm: Firm, asked: Asked) -> Section:
    """Two queries, whatever the number of registers and entries."""
    entries = RegisterEntry.objects.in_force().filter(firm=firm)
    counts = dict(entries.order_by().values_list("kind").annotate(many=Count("pk")))
    numbered = entries.annotate(
        place=Window(RowNumber(), partition_by=F("kind"), order_by=[F("starts_on").desc(), F("pk").desc()])
    )
    wanted = Q()
    for kind in counts:
        start = asked.start(_code(kind))
        wanted |= Q(kind=kind, place__gt=start, place__lte=start + asked.size)
    found: dict[str, list[RegisterEntry]] = {kind: [] for kind in catalogue.load().registers if kind in counts}
    if counts:
        for entry in numbered.filter(wanted).select_related("department", "batch").order_by("kind", "place"):
            found.setdefault(entry.kind, []).append(entry)
    names = {kind: spec.name for kind, spec in catalogue.load().registers.items()}
    head = heads(
        _("名称"), _("类别"), _("级别"), _("日期"), _("金额"), _("登记部门"), _("来源"), numbers=(4,), days=(2, 3, 5)
    )
    blocks = [
        trimmed(
            Block(
                _("%(register)s（%(count)d条）") % {"register": names.get(kind, kind), "count": counts[kind]},
                head,
                [_row(entry) for entry in rows],
                pager=asked.pager(_code(kind), more=counts[kind] > asked.start(_code(kind)) + asked.size),
                anchor=_code(kind),
            )
        )
        for kind, rows in found.items()
    ]
    nothing = Block("", head, [], empty=_("台账中没有这家企业的条目。部门登记或企业申报核验后，这里列出。"))
    return Section("registers", _("台账"), blocks or [nothing])


def _code(kind: str) -> str:
    return f"register-{kind}"


def _row(entry: RegisterEntry) -> list[Cell]:
    fact = fact_view(entry)
    source = (
        _("第%(batch)d批《%(file)s》") % {"batch": entry.batch.pk, "file": entry.batch.file_name} if entry.batch else ""
    )
    return [
        Cell(fact.title, (fact.number,) if fact.number else ()),
        *texts(fact.category, fact.level, fact.span),
        Cell(fact.amount, value=float(entry.amount)) if entry.amount is not None else Cell(),
        *texts(entry.department.short_name if entry.department else "", source or _("在线登记")),
    ]
