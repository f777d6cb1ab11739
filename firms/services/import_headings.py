"""What a department once said the headings of its files mean: remembered, used for its next file, and forgotten on request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from firms.importing.fields import Table
from firms.importing.header import heading, meaning
from firms.models import ColumnMapping, Department, ImportBatch, Source, User
from firms.services import audit
from firms.services.import_scope import permit_handling, refuse_repeated
from firms.services.import_targets import table_of
from firms.services.refusal import Refusal

State = ImportBatch.State
AUTOMATIC, LEFT_OUT = "auto", "-"  # beside a field's code: by the heading's own name; not read at all


def remembered(department: Department | None, kind: str, register_kind: str = "") -> dict[str, ColumnMapping]:
    """What was said, by heading (one query). The office's own files have no department."""
    rows = ColumnMapping.objects.filter(department=department, kind=kind, register_kind=register_kind)
    return {row.heading: row for row in rows}


def choices(batch: ImportBatch, by: User) -> list[tuple[str, str]]:
    """(code, name) of the columns this person may say a heading of the file is: a department only what it owns."""
    own = batch.department.code if batch.department else ""
    return [
        (item.code, item.name)
        for item in table_of(batch.kind, batch.register_kind).fields.values()
        if item.kind != "ignored" and (not item.owner or by.role != "department" or item.owner == own)
    ]


@dataclass(frozen=True)
class Offer:
    """``choices`` as ``choices()``, empty where nothing may be said any more; ``said`` what was said, by heading."""

    choices: list[tuple[str, str]]
    said: dict[str, ColumnMapping]


def offer(batch: ImportBatch, *, by: User) -> Offer:
    """What this person may say of the batch's headings, and what was said; of public data its source's own map speaks."""
    if batch.source == Source.PUBLIC:
        return Offer([], {})
    still = batch.state in (State.PLANNED, State.REFUSED)
    said = remembered(batch.department, batch.kind, batch.register_kind)
    return Offer(choices(batch, by) if still else [], said)


@transaction.atomic
def assign(batch: ImportBatch, said: Mapping[str, str], *, by: User) -> bool:
    """Remember what headings of this file mean: heading → field code, ``LEFT_OUT`` or ``AUTOMATIC``. True if that changes anything.

    The file has to be read anew afterwards. Raises Refusal: not this department's batch or not its column (403), a heading
    that the file has not (400), two columns of one sheet for the same thing, a batch past its preview (409).
    """
    permit_handling(batch, by)
    locked = ImportBatch.objects.select_for_update(no_key=True, of=("self",)).get(pk=batch.pk)
    place = f"第{batch.pk}批"
    if locked.state not in (State.PLANNED, State.REFUSED):
        raise Refusal(
            "wrong_state", f"该批次{locked.get_state_display()}，不能再指定列的对应。", place=place,
            hint="指定在确认之前进行；请刷新页面查看最新状态。",
        )  # fmt: skip
    if locked.source == Source.PUBLIC:
        raise Refusal(
            "public_data",
            "公开数据的列由数据源的字段对应决定。",
            place=place,
            hint="请在公开数据源中修改字段对应后重新采集。",
        )
    if locked.state == State.REFUSED:
        refuse_repeated(locked)
    known = {heading(text) for sheet in locked.mapping.values() for text in sheet["texts"] if text}
    allowed = {AUTOMATIC, LEFT_OUT, *(code for code, _ in choices(batch, by))}
    for name, column in said.items():
        if name not in known:
            raise Refusal(
                "unknown_heading", "文件里没有这个列标题。", place=name[:40], hint="请刷新页面后重新选择。", status=400
            )
        if column not in allowed:
            raise Refusal(
                "foreign_column",
                "该数据项不归本部门填报。",
                place=name[:40],
                hint="请从列表中选择，或请积分办导入。",
                status=403,
            )
    before = remembered(batch.department, batch.kind, batch.register_kind)
    after = {name: row.column for name, row in before.items()}
    for name, column in said.items():
        after.pop(name, None)
        if column != AUTOMATIC:
            after[name] = "" if column == LEFT_OUT else column
    _refuse_twice(locked, table_of(batch.kind, batch.register_kind, after))
    changed = {name for name in said if after.get(name) != (before[name].column if name in before else None)}
    for name in changed:
        key: dict[str, Any] = {
            "department": batch.department,
            "kind": batch.kind,
            "register_kind": batch.register_kind,
            "heading": name,
        }
        if name in after:
            ColumnMapping.objects.update_or_create(**key, defaults={"column": after[name], "set_by": by})
        else:
            ColumnMapping.objects.filter(**key).delete()
    if changed:
        audit.record(
            "mapping.set", f"指定列的对应：{'、'.join(sorted(changed))[:200]}", by=by, target=batch,
            before={name: before[name].column for name in changed if name in before},
            after={name: after[name] for name in changed if name in after},
        )  # fmt: skip
    return bool(changed)


def _refuse_twice(batch: ImportBatch, table: Table) -> None:
    for name, sheet in batch.mapping.items():
        taken: dict[str, str] = {}
        for text in filter(None, sheet["texts"]):
            found = meaning(text, table)
            if found is None or found.kind == "ignored":
                continue
            if found.code in taken:
                raise Refusal(
                    "duplicate_column", f"“{taken[found.code]}”和“{text}”都对应“{found.name}”。",
                    place=f"工作表“{name}”" if name else "表头", hint="请把其中一列改为不导入。",
                )  # fmt: skip
            taken[found.code] = text


@transaction.atomic
def forget(mapping: ColumnMapping, *, by: User) -> None:
    """The next file with this heading is read by its name again. Files read already stay as they are."""
    if by.role == "department" and mapping.department_id != by.department_id:
        raise Refusal(
            "not_your_mapping", "这不是本部门的指定。", place=mapping.heading, hint="请联系该部门。", status=403
        )
    audit.record(
        "mapping.forget", f"取消列的对应：{mapping.heading}", by=by, target=mapping,
        before={"heading": mapping.heading, "column": mapping.column, "kind": mapping.kind},
    )  # fmt: skip
    mapping.delete()
