"""Who may bring in what: departments what they own, the office everything, and no file twice."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any

from django.utils import timezone

from firms import permissions
from firms.importing.problem import Unreadable
from firms.models import Department, ImportBatch, Source, User
from firms.services import catalogue
from firms.services.import_targets import Kind
from firms.services.refusal import Refusal

State = ImportBatch.State


# Control, zero-width and direction marks, by which a name looks like another one; halves of surrogate pairs.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def refusal_of(bad: Unreadable, name: str) -> Refusal:
    """A file's problem as the answer a page, the API or a command gives."""
    return Refusal(
        bad.code,
        bad.message,
        place=f"文件“{name}”" + (f"，{bad.place}" if bad.place else ""),
        hint=bad.hint,
        status=400,
    )


def clean_name(name: str | None) -> str:
    """A file's name without folders, control and direction marks."""
    base = PurePath((name or "").replace("\\", "/")).name
    return _UNSEEN.sub("", base).strip()[:200] or "未命名文件"


def described(batch: ImportBatch) -> dict[str, Any]:
    """A batch as the audit trail keeps it."""
    department = batch.department.code if batch.department else None
    return {
        "kind": batch.kind, "department": department, "year": batch.year, "register": batch.register_kind,
        "file": batch.file_name, "sha256": batch.sha256,
    }  # fmt: skip


def permit_scope(
    kind: str, department: Department | None, year: int | None, register_kind: str, by: User | None
) -> None:
    """Refusal unless this kind of file exists and the person may write it in the department's name."""
    if kind not in Kind.values:
        raise Refusal("unknown_kind", "没有这种导入类型。", place="类型", hint="请从列表中选择。", status=400)
    if kind == Kind.METRICS and not (isinstance(year, int) and 1949 <= year <= 2100):
        raise Refusal(
            "year_required", "请选择指标数据的年度。", place="年度", hint="年度在1949至2100之间。", status=400
        )
    registers = catalogue.in_force().registers
    if kind == Kind.REGISTERS and register_kind not in registers:
        raise Refusal("register_required", "请选择台账。", place="台账", hint="请从列表中选择。", status=400)
    if by is None:
        return
    if not permissions.may_import(by) or not permissions.may_write_for(by, department):
        raise Refusal(
            "not_your_department",
            "您不能以该部门的名义导入数据。",
            place="部门",
            hint="请选择您所在的部门，或联系积分办。",
            status=403,
        )
    owners: tuple[str, ...] = ()
    if kind == Kind.FIRMS:
        owners = ("market",)
    elif kind == Kind.REGISTERS:
        owners = registers[register_kind].owners
    if owners and by.role == "department" and (department is None or department.code not in owners):
        raise Refusal(
            "not_your_register",
            "该名录或台账不归您的部门登记。",
            place="台账",
            hint="请联系责任部门或积分办导入。",
            status=403,
        )


def kept_by(user: User) -> list[tuple[str, str]]:
    """(kind, name) of 企业名录 and the registers this person may bring in."""
    own = user.department.code if user.department else ""
    kinds: list[tuple[str, str, tuple[str, ...]]] = [("firms", "企业名录", ("market",))]
    kinds += [(kind, spec.name, spec.owners) for kind, spec in catalogue.in_force().registers.items()]
    return [(kind, name) for kind, name, owners in kinds if user.role != "department" or own in owners]


def refuse_repeated(batch: ImportBatch) -> None:
    """Refusal naming the earlier batch when the same bytes are already planned or applied for the same purpose.

    Not of what a connector fetched: a site may well say again today what it said before yesterday's change, and whether its answer
    is the last one's is asked where it is fetched.
    """
    if batch.source == Source.PUBLIC:
        return
    same = ImportBatch.objects.filter(
        sha256=batch.sha256, kind=batch.kind, department=batch.department, year=batch.year, register_kind=batch.register_kind,
        state__in=[State.UPLOADED, State.READING, State.PLANNED, State.APPLYING, State.APPLIED],
    ).exclude(pk=batch.pk).select_related("uploaded_by").order_by("-id").first()  # fmt: skip
    if same is not None:
        when = timezone.localtime(same.uploaded_at).strftime("%Y-%m-%d %H:%M")
        refusal = Refusal(
            "repeated_file",
            f"同一文件已于 {when} 由{same.uploaded_by or '系统'}上传，为第{same.pk}批（{same.get_state_display()}）。",
            place=f"文件“{batch.file_name}”",
            hint="请到该批次查看；需要重新导入的，先撤销或放弃该批次。",
        )
        refusal.batch = same.pk  # for the page's link
        raise refusal


def permit_handling(batch: ImportBatch, by: User | None) -> None:
    """Refusal (403) unless the person may act for the batch's department."""
    if by is not None and not permissions.may_handle_batch(by, batch):
        raise Refusal(
            "not_your_batch",
            "您不能处理其他部门的批次。",
            place=f"第{batch.pk}批",
            hint="请联系该部门或积分办。",
            status=403,
        )
