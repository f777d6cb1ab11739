"""变更记录: who changed what of the firm's facts, and when, from the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import CharField, Model, Q
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from firms.models import (
    AuditEntry,
    Decision,
    Department,
    Extension,
    Firm,
    FirmReport,
    ImportRow,
    Metric,
    Objection,
    RegisterClaim,
    RegisterEntry,
    Role,
    User,
)
from scoring.models import Certificate, StageRecord
from scoring.models.budget import Payment
from scoring.presenters.firm_file.blocks import Asked, Block, Cell, Section, heads, minute, texts

OF_FIRM: tuple[type[Model], ...] = (
    RegisterClaim, RegisterEntry, Objection, Decision, FirmReport, Extension, StageRecord, Payment, Certificate,
)  # fmt: skip
LONGEST = 120  # characters of one value
DETAILS = 12  # members of one entry


def section(firm: Firm, user: User, asked: Asked) -> Section:
    """Four queries at most. A department reads what its own accounts did."""
    about = Q(target_type="firms.firm", target_id=str(firm.pk))
    for model in OF_FIRM:
        ids = model._default_manager.filter(firm=firm).values(text=Cast("pk", CharField()))
        about |= Q(target_type=model._meta.label_lower, target_id__in=ids)
    batches = ImportRow.objects.filter(firm=firm).values(text=Cast("batch_id", CharField()))
    about |= Q(target_type="firms.importbatch", target_id__in=batches)
    entries = AuditEntry.objects.filter(about).select_related("actor__department")
    if user.role == Role.DEPARTMENT:
        entries = entries.filter(actor__department=user.department_id)
    found, pager = asked.cut("trail", entries.order_by("-sequence"))
    words = _Words.read() if found else _Words({}, {})
    lines = [
        [
            *texts(minute(entry.at), _who(entry)),
            Cell(entry.summary, tuple(_changes(entry, words))),
        ]
        for entry in found
    ]
    note = _("只列本部门账号的操作。") if user.role == Role.DEPARTMENT else ""
    block = Block(
        "", heads(_("时间"), _("操作人"), _("操作与变更"), days=(0,)), lines, empty=_("还没有变更记录。"), pager=pager
    )
    return Section("trail", _("变更记录"), [block], note=note)


def _who(entry: AuditEntry) -> str:
    if entry.actor is None:
        return entry.actor_name or _("系统")
    department = entry.actor.department
    return f"{entry.actor}（{department.short_name}）" if department else str(entry.actor)


@dataclass(frozen=True)
class _Words:
    """What codes in an entry are called."""

    metrics: Mapping[str, str]
    departments: Mapping[str, str]

    @classmethod
    def read(cls) -> _Words:
        departments = dict(Department.objects.values_list("code", "name"))
        return cls(dict(Metric.objects.values_list("code", "name")), departments)


def _changes(entry: AuditEntry, words: _Words) -> list[str]:
    """Each member that differs, in words: 名称：甲 → 乙. Batches name their rows elsewhere, and keys of other rows say nothing."""
    if entry.target_type == "firms.importbatch":
        return []
    before, after = (value if isinstance(value, dict) else {} for value in (entry.before, entry.after))
    fields = _fields(entry.target_type)
    found = []
    for key in dict.fromkeys((*before, *after)):
        field = fields.get(key)
        if field is None and key not in words.metrics:
            continue
        old, new = _plain(before.get(key), field, words), _plain(after.get(key), field, words)
        if old == new:
            continue
        said = {"name": str(field.verbose_name) if field else words.metrics[key], "old": old or "—", "new": new or "—"}
        found.append((_("%(name)s：%(old)s → %(new)s") if old else _("%(name)s：%(new)s")) % said)
    return found[:DETAILS]


def _plain(value: Any, field: Any, words: _Words) -> str:
    if value in (None, "", [], {}):
        return ""
    if field is not None and field.is_relation:
        return words.departments.get(str(value), str(value))
    if field is not None and field.choices:
        return str(dict(field.flatchoices).get(value, value))
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _fields(target_type: str) -> dict[str, Any]:
    """The columns an entry may speak of: not what points to other rows, but for departments, which have names."""
    try:
        model = apps.get_model(target_type)
    except (LookupError, ValueError):
        return {}
    return {
        field.name: field
        for field in model._meta.concrete_fields
        if not field.primary_key and (not field.is_relation or field.name == "department")
    }
