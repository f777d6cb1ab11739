"""What the import pages show of a file's headings, and of what was once said about headings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.utils.translation import gettext as _

from firms import catalogue
from firms.importing.header import heading
from firms.models import ColumnMapping, ImportBatch, Metric, RegisterEntry, User


class Offer(Protocol):
    """What a person may choose from, and what was said already (``import_headings.offer``)."""

    @property
    def choices(self) -> Sequence[tuple[str, str]]: ...
    @property
    def said(self) -> Mapping[str, ColumnMapping]: ...


@dataclass(frozen=True)
class Heading:
    """``taken`` is what the column was read as ("" where it was not); ``options`` (value, label, chosen)."""

    letter: str
    header: str
    key: str
    taken: str
    unit: str
    said: ColumnMapping | None
    options: list[tuple[str, str, bool]]


@dataclass(frozen=True)
class Sheet:
    name: str
    read: bool
    headings: list[Heading]


def headings(batch: ImportBatch, offer: Offer) -> list[Sheet]:
    """Every heading of the file, what it was taken for, and what may be chosen instead."""
    sheets = []
    for name, found in batch.mapping.items():
        columns = [*found["columns"], *found.get("others", ())]
        columns.sort(key=lambda column: (len(column["letter"]), column["letter"]))
        sheets.append(Sheet(name, not found.get("sketch"), [_heading(column, offer) for column in columns]))
    return [sheet for sheet in sheets if sheet.headings]


def _heading(column: dict[str, Any], offer: Offer) -> Heading:
    key = heading(column["header"])
    said = offer.said.get(key)
    taken = column.get("name", "")
    automatic = _("按列名自动判断")
    if said is None:
        automatic = f"{automatic}（{taken or _('不识别')}）"
    chosen = "auto" if said is None else said.column or "-"
    options = [("auto", automatic), ("-", _("不导入")), *offer.choices] if offer.choices else []
    return Heading(
        column["letter"], column["header"], key, taken, column.get("unit", ""), said,
        [(code, label, code == chosen) for code, label in options],
    )  # fmt: skip


@dataclass(frozen=True)
class Remembered:
    pk: int
    department: str
    content: str
    heading: str
    column: str
    set_by: str
    set_at: datetime


def mapping_list(user: User) -> list[Remembered]:
    """Everything said about headings that this person may see."""
    rows = ColumnMapping.objects.visible_to(user).select_related("department", "set_by")
    metrics = dict(Metric.objects.values_list("code", "name"))
    fields = {column.code: column.name for column in catalogue.load().all_columns}
    fields |= {field.name: str(field.verbose_name) for field in RegisterEntry._meta.concrete_fields}
    identity = {"credit_code": _("统一社会信用代码"), "name": _("企业名称"), "_year": _("年度")}
    kinds = dict(RegisterEntry.Kind.choices)
    return [
        Remembered(
            row.pk,
            row.department.name if row.department else _("积分办"),
            f"{row.get_kind_display()} · {kinds.get(row.register_kind, row.register_kind)}"
            if row.register_kind
            else row.get_kind_display(),
            row.heading,
            identity.get(row.column) or metrics.get(row.column) or fields.get(row.column) or row.column or _("不导入"),
            str(row.set_by or ""),
            row.set_at,
        )
        for row in rows.order_by("department__position", "kind", "register_kind", "heading")
    ]
