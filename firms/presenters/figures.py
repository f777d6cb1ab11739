"""A figure and a filing as people read them: for every page of `firms` that sets statements side by side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from django.urls import reverse
from django.utils.translation import gettext as _

from firms import catalogue
from firms.models import Filing, Metric, Role, Source, User


def shown(value: float | None, metric: Metric | None = None, *, unit: bool = True) -> str:
    """``1234567.5`` of a metric in 万元 → ``1,234,567.5万元``; a flag 是 or 否; nothing is a dash."""
    if value is None:
        return "—"
    if metric is not None and metric.kind == Metric.Kind.FLAG:
        return _("是") if value else _("否")
    text = f"{Decimal(str(value)).quantize(Decimal('0.0001'), ROUND_HALF_UP):,f}"
    text = text.rstrip("0").rstrip(".")
    text = "0" if text in ("", "-0") else text.replace("-", "−")
    return f"{text}{metric.unit}" if unit and metric is not None else text


def difference(value: float, other: float) -> str:
    """How far two figures are apart, in percent of the larger: what the tolerance is measured in."""
    whole = max(abs(value), abs(other))
    if not whole:
        return "0%"
    share = Decimal(str(abs(value - other))) / Decimal(str(whole)) * 100
    return f"{share.quantize(Decimal('0.1'), ROUND_HALF_UP):f}%"


@dataclass(frozen=True)
class Origin:
    """Who stated a figure, when, and where it is written down. ``url`` is empty where the reader may not go there."""

    source: str
    who: str
    filed_at: datetime
    place: str
    url: str


def origin(filing: Filing, user: User) -> Origin:
    """``filing`` with its department, batch and firm at hand."""
    batch = filing.batch
    place, url = "", ""
    if batch is not None:
        row = _("第%d行") % filing.row_number if filing.row_number else ""
        place = _("第%(batch)d批《%(file)s》%(row)s") % {"batch": batch.pk, "file": batch.file_name, "row": row}
        if user.role == Role.OFFICE or (user.role == Role.DEPARTMENT and batch.department_id == user.department_id):
            url = reverse("firms:import_detail", args=[batch.pk])
    elif filing.source == Source.FIRM:
        place = _("企业填报表")
    elif filing.source == Source.REGISTER:
        place = _("按%s台账计数") % catalogue.load().counted.name
    else:
        place = _("在线更正")
    return Origin(
        source=filing.get_source_display(),
        who=filing.department.name if filing.department else filing.get_source_display(),
        filed_at=filing.filed_at,
        place=place,
        url=url,
    )


def filings_of(ids: set[int]) -> dict[int, Filing]:
    """Filings by id with what ``origin`` reads (one query); their values are left where they are."""
    rows = Filing.objects.with_ids(ids).select_related("department", "batch")
    return {row.pk: row for row in rows.defer("values", "batch__mapping", "batch__problems", "batch__counts")}
