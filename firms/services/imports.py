"""Staged import: upload → plan → preview → confirm (or discard) → undo. What was shown is what is applied, or it is shown again."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.utils import timezone

from firms import permissions
from firms.importing import sniff, spool
from firms.importing.plan import ACCEPTED, UNMATCHED, PlannedRow
from firms.importing.problem import Unreadable
from firms.models import DataYear, Department, Firm, ImportBatch, ImportRow, Source, User
from firms.services import audit, import_rows
from firms.services.filings import refuse_if_locked
from firms.services.import_planning import PlanChanged, Progress, carry_out, recount, replanned, stage_plan
from firms.services.import_report import in_words, refused_rows
from firms.services.import_scope import (
    clean_name,
    described,
    permit_handling,
    permit_scope,
    refusal_of,
    refuse_repeated,
)
from firms.services.import_targets import Target, target_of
from firms.services.refusal import Refusal

__all__ = ["confirm", "discard", "in_words", "match_row", "plan", "refusal_of", "refused_rows", "undo", "upload"]

State = ImportBatch.State


def upload(
    file: File,
    *,
    kind: str,
    department: Department | None = None,
    year: int | None = None,
    register_kind: str = "",
    source: str = Source.GOVERNMENT,
    by: User | None,
) -> ImportBatch:
    """Keep the original and open a batch for it. Nothing is read yet but what kind of file it is.

    Raises Refusal: may not write for the department or the register (403), not a workbook (400), the same file is already
    planned or applied, the year is locked (409). ``by`` None is the system itself (a command).
    """
    name = clean_name(file.name)
    permit_scope(kind, department, year, register_kind, by)
    limits = sniff.Limits(size=settings.IMPORT_MAX_BYTES, unpacked=settings.IMPORT_MAX_UNPACKED_BYTES)
    try:
        form = sniff.identify(file, limits)  # type: ignore[arg-type]
    except Unreadable as bad:
        raise refusal_of(bad, name) from bad
    sha = hashlib.sha256()
    for block in file.chunks():
        sha.update(block)
    batch = ImportBatch(
        kind=kind, department=department, year=year, register_kind=register_kind, file_name=name, sha256=sha.hexdigest(),
        size=file.size, source=source, uploaded_by=by,
    )  # fmt: skip
    with transaction.atomic():
        refuse_if_locked(DataYear.objects.filter(year=year or 0).first())
        refuse_repeated(batch)
        # Stored under a name of ours: the uploader's may be anything.
        batch.file.save(f"{batch.sha256[:16]}.{form.partition(':')[0]}", file, save=False)
        try:
            batch.save(force_insert=True)
            audit.record("batch.upload", f"上传导入文件 {name}", by=by, target=batch, after=described(batch))
        except BaseException:
            batch.file.delete(save=False)
            raise
    return batch


def plan(batch: ImportBatch, *, progress: Progress | None = None, again: bool = False) -> ImportBatch:
    """Read the file and stage what each row would do. May be called again before the batch is applied.

    ``again``: also a file that was refused, now that somebody has said what its columns are.

    Raises Refusal (and leaves the batch 已拒收, with its problems) when the file as a whole cannot be taken.
    """
    states = [State.UPLOADED, State.READING, State.PLANNED, *([State.REFUSED] if again else [])]
    started = ImportBatch.objects.filter(pk=batch.pk, state__in=states).update(state=State.READING)
    if not started:
        batch.refresh_from_db()
        raise _wrong_state(batch, "重新读取")
    try:
        with spool.start(batch.file.path) as child:
            stage_plan(batch, child, progress or (lambda percent, message: None))
    except Unreadable as bad:
        _refuse_batch(batch, refusal := refusal_of(bad, batch.file_name))
        raise refusal from bad
    except Refusal as refusal:
        _refuse_batch(batch, refusal)
        raise
    except IntegrityError as error:  # the same batch read twice at once: the other one's rows stand
        raise Refusal("already_reading", "该批次正在读取。", place=f"第{batch.pk}批", hint="请稍候刷新。") from error
    batch.refresh_from_db()
    return batch


def _refuse_batch(batch: ImportBatch, refusal: Refusal) -> None:
    problem = {
        "code": refusal.code, "message": refusal.message, "hint": refusal.hint, "column": refusal.place, "level": "error"
    }  # fmt: skip
    with transaction.atomic():
        ImportRow.objects.filter(batch=batch).delete()
        ImportBatch.objects.filter(pk=batch.pk, state=State.READING).update(
            state=State.REFUSED, problems=[problem], counts={}, mapping=batch.mapping
        )
        audit.record(
            "batch.refuse", f"拒收导入文件 {batch.file_name}：{refusal.message}", by=batch.uploaded_by, target=batch
        )
    batch.refresh_from_db()


def _wrong_state(batch: ImportBatch, verb: str) -> Refusal:
    return Refusal(
        "wrong_state",
        f"该批次{batch.get_state_display()}，不能{verb}。",
        place=f"第{batch.pk}批",
        hint="请刷新页面查看最新状态。",
    )


def confirm(batch: ImportBatch, *, digest: str, by: User | None, progress: Progress | None = None) -> ImportBatch:
    """Apply exactly the plan that was shown: once, by the person who uploaded it, all rows or none.

    The facts are read again under the lock. If they changed, nothing is written, the batch is planned anew and Refusal
    (plan_changed) asks to look again.
    """
    try:
        with transaction.atomic():
            locked = _locked(batch)
            permit_confirm(locked, digest, by)
            target = target_of(locked)
            target.lock()
            carry_out(locked, target, progress or (lambda percent, message: None))
            locked.state, locked.applied_by, locked.applied_at = State.APPLIED, by, timezone.now()
            locked.save(update_fields=["state", "applied_by", "applied_at"])
            audit.record(
                "batch.apply", f"导入生效：{locked.file_name}，{locked.counts['accepted']}行", by=by, target=locked,
                after=described(locked) | {"counts": locked.counts, "digest": digest},
            )  # fmt: skip
    except PlanChanged as changed:
        _replan(batch)
        raise Refusal(
            "plan_changed", "预览之后数据已有变化，没有写入任何内容。", place=f"第{batch.pk}批",
            hint="已按最新数据重新比对，请再次核对后确认。",
        ) from changed  # fmt: skip
    except IntegrityError as error:
        raise Refusal(
            "collision",
            "同时有人写入了相同的企业或条目，没有写入任何内容。",
            place=f"第{batch.pk}批",
            hint="请重新预览后再确认。",
        ) from error
    batch.refresh_from_db()
    return batch


def _locked(batch: ImportBatch) -> ImportBatch:
    return (
        ImportBatch.objects.select_for_update(no_key=True, of=("self",))
        .select_related("department", "uploaded_by")
        .get(pk=batch.pk)
    )


def permit_confirm(batch: ImportBatch, digest: str, by: User | None) -> None:
    if batch.state != State.PLANNED:
        raise _wrong_state(batch, "确认")
    if batch.uploaded_by_id is not None if by is None else not permissions.may_confirm_batch(by, batch):
        raise Refusal(
            "not_your_batch",
            "只有上传人可以确认该批次。",
            place=f"第{batch.pk}批",
            hint=f"请{batch.uploaded_by or '系统'}确认，或自行上传。",
            status=403,
        )
    if by is not None:
        permit_scope(batch.kind, batch.department, batch.year, batch.register_kind, by)
    if digest != batch.plan_digest:
        raise Refusal(
            "digest_mismatch",
            "确认的内容与最新的预览不一致。",
            place=f"第{batch.pk}批",
            hint="请刷新预览，核对后再确认。",
        )
    if not batch.counts.get("accepted"):
        raise Refusal(
            "nothing_to_apply", "没有可以写入的行。", place=f"第{batch.pk}批", hint="请按拒收原因修改后重新上传。"
        )


def _replan(batch: ImportBatch) -> None:
    with transaction.atomic():
        locked = _locked(batch)
        if locked.state != State.PLANNED:
            return
        for chunk in replanned(locked, target_of(locked)):
            import_rows.restate(chunk)
        recount(locked)
    batch.refresh_from_db()


@transaction.atomic
def discard(batch: ImportBatch, *, by: User | None) -> ImportBatch:
    """Give up a batch that has not been applied; its file and rows stay as evidence."""
    locked = _locked(batch)
    permit_handling(locked, by)
    if locked.state not in (State.UPLOADED, State.READING, State.PLANNED, State.REFUSED):
        raise _wrong_state(locked, "放弃")
    locked.state = State.DISCARDED
    locked.save(update_fields=["state"])
    audit.record("batch.discard", f"放弃导入 {locked.file_name}", by=by, target=locked)
    batch.refresh_from_db()
    return batch


@transaction.atomic
def undo(batch: ImportBatch, *, by: User | None, reason: str) -> ImportBatch:
    """Take an applied batch back: facts are folded again without it, entries and firms restored.

    What has been changed or used since is kept and named in ``batch.problems``. Refused for a locked year.
    """
    locked = _locked(batch)
    permit_handling(locked, by)
    if locked.state != State.APPLIED:
        raise _wrong_state(locked, "撤销")
    if not reason.strip():
        raise Refusal("reason_required", "请写明撤销原因。", place="撤销原因", hint="例如：文件用错年度。", status=400)
    target = target_of(locked)
    target.lock()
    locked.state, locked.undone_by, locked.undone_at, locked.undo_reason = (
        State.UNDONE,
        by,
        timezone.now(),
        reason.strip()[:200],
    )
    locked.save(update_fields=["state", "undone_by", "undone_at", "undo_reason"])
    kept = [name for chunk in import_rows.staged(locked, verdicts=ACCEPTED) for name in target.undo(chunk)]
    if kept:
        locked.problems = [
            *locked.problems,
            *({"code": "kept", "message": name, "level": "warning"} for name in kept[:200]),
        ]
        locked.save(update_fields=["problems"])
    audit.record(
        "batch.undo",
        f"撤销导入 {locked.file_name}：{reason.strip()}",
        by=by,
        target=locked,
        after={"kept": kept[:200], "kept_count": len(kept)},
    )
    batch.refresh_from_db()
    return batch


def kept_on_undo(batch: ImportBatch) -> list[str]:
    """What an undo of this applied batch would leave as it is, in words: shown before anybody confirms (reads only)."""
    target = target_of(batch)
    return [name for chunk in import_rows.staged(batch, verdicts=ACCEPTED) for name in target.kept(chunk)]


@transaction.atomic
def match_row(row: ImportRow, firm: Firm, *, by: User | None) -> ImportRow:
    """A person says which firm an unmatched row speaks of; the row is judged again and the plan has a new digest.

    The queue outlives the confirmation: in an applied batch the row takes effect at once, and is undone with the batch.
    """
    batch = _locked(row.batch)
    permit_handling(batch, by)
    if batch.state not in (State.PLANNED, State.APPLIED):
        raise _wrong_state(batch, "匹配")
    row = ImportRow.objects.select_for_update(no_key=True, of=("self",)).get(pk=row.pk)
    if row.verdict != UNMATCHED:
        raise Refusal("already_matched", "该行已经处理。", place=str(row), hint="请刷新页面查看。")
    target = target_of(batch)
    if batch.state == State.APPLIED:
        target.lock()
    item = PlannedRow(row.sheet, row.row_number, "", firm.pk, row.values, {}, [], row.cells)
    twin = _twin(batch, target, item)
    if twin is not None:
        raise Refusal(
            "same_firm_twice",
            f"{firm.name}在第{twin}行已有数据。",
            place=str(row),
            hint="同一企业只能保留一行，请改选或放弃本行。",
        )
    target.plan([item])
    said = {
        "code": "matched_by_person",
        "message": f"由{by or '系统'}指定为 {firm.name}（{firm.credit_code}）",
        "level": "notice",
    }
    item.reasons = [said, *item.reasons]
    if batch.state == State.APPLIED and item.verdict in ACCEPTED:
        target.apply([(row.pk, item)])
    import_rows.restate([(row.pk, item)])
    recount(batch)
    audit.record(
        "batch.match",
        f"第{batch.pk}批第{row.row_number}行指定为 {firm.name}",
        by=by,
        target=batch,
        after={"row": row.row_number, "firm": firm.credit_code},
    )
    row.refresh_from_db()
    return row


def _twin(batch: ImportBatch, target: Target, item: PlannedRow) -> int | None:
    others = ImportRow.objects.filter(batch=batch, firm=item.firm or 0, verdict__in=ACCEPTED)
    for number, sheet, values in others.values_list("row_number", "sheet", "values"):
        if target.key(PlannedRow(sheet, number, "", item.firm, values)) == target.key(item):
            return number
    return None
