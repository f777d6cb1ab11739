"""From a file's rows to a staged plan, and the same plan judged again by what is known later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils import timezone

from firms.importing import spool
from firms.importing.ahead import ahead
from firms.importing.header import heading
from firms.importing.plan import ACCEPTED, LEFT_OUT, REFUSED, UNMATCHED, PlannedRow, match, planned, settle_duplicates
from firms.importing.problem import Reason
from firms.importing.reading import Account, Reading
from firms.importing.rows import ReadRow
from firms.models import ColumnMapping, Department, ImportBatch, ImportRow, Source
from firms.services import bulk, catalogue, import_rows
from firms.services.firms_registry import registry
from firms.services.import_headings import remembered
from firms.services.import_rows import CHUNK
from firms.services.import_targets import Kind, Target, table_of, target_of
from firms.services.refusal import Refusal

State = ImportBatch.State
Progress = Callable[[int, str], None]
_LINES = ("lines", "heading", "elsewhere", "rows", "blank")


def stage_plan(batch: ImportBatch, child: spool.Child, progress: Progress) -> None:
    """Match, judge and stage every row, chunk by chunk; the batch is 待确认 only when all of it stands.

    Where the file is refused, ``batch.mapping`` still says what its columns seem to be, for a person to say better.
    """
    ImportRow.objects.filter(batch=batch).delete()
    # A connector's own map says what its fields mean; what the department remembers is about its own files.
    theirs = batch.source != Source.PUBLIC
    said = remembered(batch.department, batch.kind, batch.register_kind) if theirs else {}
    table = table_of(batch.kind, batch.register_kind, {row.heading: row.column for row in said.values()})
    target = target_of(batch)
    rows = spool.Spool(child)
    reading = Reading(
        rows, table, year=batch.year if batch.kind == Kind.METRICS else None, file_name=batch.file_name,
        checks=catalogue.in_force().checks if batch.kind == Kind.METRICS else (),
    )  # fmt: skip
    try:
        tally = _staged(batch, target, reading, rows, progress)
    finally:
        batch.mapping = _mapping(reading.account)
    reading.account.problems += _as_said(reading.account, said)
    with transaction.atomic():
        _finish_plan(batch, reading.account, tally)


def _staged(
    batch: ImportBatch, target: Target, reading: Reading, rows: spool.Spool, progress: Progress
) -> import_rows.Tally:
    tally = import_rows.Tally()
    seen: dict[Hashable, tuple[str, int]] = {}
    repeated: set[Hashable] = set()
    stream, done, permitted = iter(reading), 0, False
    for chunk in ahead(
        iter(lambda: list(islice(stream, CHUNK)), [])
    ):  # the next is read while the database takes this one
        if not permitted:
            _permit_columns(batch, reading)
            permitted = True
        judged = prepared(batch, target, chunk)
        for row in judged:
            if row.verdict in ACCEPTED or (row.verdict == REFUSED and row.firm):
                place = (row.sheet, row.number)
                if seen.setdefault(target.key(row), place) != place:
                    repeated.add(target.key(row))
        with bulk.unhurried():
            import_rows.stage(batch, judged, tally)
        done += len(chunk)
        progress(min(95, 100 * done // rows.expected) if rows.expected else 0, f"已读取{done}行")
    _permit_columns(batch, reading)
    if repeated:
        with transaction.atomic():
            _settle_repeated(batch, target, repeated)
        tally = import_rows.tally(batch)
    return tally


def _mapping(account: Account) -> dict[str, dict[str, Any]]:
    """Each sheet's header: what its columns were taken for, and those not read. ``sketch``: the sheet was not read at all."""
    found = account.sketches | account.headers
    return {
        sheet: {
            "row": head.row, "texts": list(head.texts), "title": head.title,
            "columns": [
                {"letter": column.letter, "header": column.header, "field": column.field.code, "name": column.field.name, "unit": column.unit}
                for column in head.columns
            ],
            "others": [{"letter": letter, "header": label} for letter, label in head.others],
        } | ({} if sheet in account.headers else {"sketch": True})
        for sheet, head in found.items()
    }  # fmt: skip


def _as_said(account: Account, said: dict[str, ColumnMapping]) -> list[Reason]:
    """One notice of the columns read, or not read, because somebody once said so."""
    spoken = []
    for head in account.headers.values():
        read = [(column.letter, column.header, f"读作“{column.field.name}”") for column in head.columns]
        for letter, label, what in (*read, *((letter, label, "不导入") for letter, label in head.others)):
            if found := said.get(heading(label)):
                spoken.append(f"{letter}列“{label[:40]}”按{timezone.localdate(found.set_at)}的指定{what}")
    return (
        [Reason("said_columns", f"{'；'.join(spoken)}。", "如需改变，见“列的对应”。", level="notice")] if spoken else []
    )


def _permit_columns(batch: ImportBatch, reading: Reading) -> None:
    """A department's file may hold the department's own metrics only; the office may bring in anyone's."""
    user = batch.uploaded_by
    if user is None or user.role != "department" or batch.kind != Kind.METRICS:
        return
    own = batch.department.code if batch.department else ""
    names = dict(Department.objects.values_list("code", "name"))
    foreign = [
        f"{column.place}（{names.get(column.field.owner, '未定部门')}）"
        for found in list(reading.account.headers.values()) for column in found.columns
        if column.field.kind in ("amount", "count", "flag") and column.field.owner != own
    ]  # fmt: skip
    if foreign:
        raise Refusal(
            "foreign_column", f"以下数据项不归{names.get(own, '本部门')}填报：{'、'.join(foreign[:8])}。",
            place=f"文件“{batch.file_name}”", hint="请删除这些列后重新上传，或请积分办导入。", status=403,
        )  # fmt: skip


def prepared(batch: ImportBatch, target: Target, chunk: list[ReadRow]) -> list[PlannedRow]:
    """The chunk matched to firms and judged."""
    rows = [planned(read) for read in chunk]
    to_judge: list[PlannedRow] = []
    if target.matches_firms:
        known = registry([(read.code, read.name) for read in chunk])
        for read, row in zip(chunk, rows, strict=True):
            if row.verdict == LEFT_OUT:
                continue
            found, reason = match(read.code, read.name, known) if read.code or read.name else (None, None)
            row.firm = found.id if found else None
            if row.verdict == REFUSED:
                continue
            if reason is not None:
                row.reasons.append(reason.as_dict())
            if found is not None:
                to_judge.append(row)
            else:
                row.verdict = REFUSED if reason is not None and reason.level == "error" else UNMATCHED
    else:
        for read, row in zip(chunk, rows, strict=True):
            row.values |= {"credit_code": read.code, "name": read.name}
            if not row.verdict:
                to_judge.append(row)
    target.plan(to_judge)
    return rows


def _settle_repeated(batch: ImportBatch, target: Target, repeated: set[Hashable]) -> None:
    groups: dict[Hashable, list[tuple[int, PlannedRow]]] = defaultdict(list)
    for chunk in import_rows.staged(batch, verdicts=(*ACCEPTED, REFUSED)):
        for pk, row in chunk:
            if (key := target.key(row)) in repeated:
                groups[key].append((pk, row))
    keys = {id(row): pk for group in groups.values() for pk, row in group}
    changed = settle_duplicates([row for _, row in group] for group in groups.values())
    import_rows.restate((keys[id(row)], row) for row in changed)


def _finish_plan(batch: ImportBatch, account: Account, tally: import_rows.Tally) -> None:
    batch.counts = _counts({name: getattr(account, name) for name in _LINES}, tally)
    batch.problems = [problem.as_dict() for problem in account.problems]
    batch.plan_digest, batch.state = tally.hexdigest(), State.PLANNED
    # Somebody may have given the batch up while it was read: then it stays given up.
    planned = ImportBatch.objects.filter(pk=batch.pk, state=State.READING).update(
        counts=batch.counts,
        problems=batch.problems,
        mapping=batch.mapping,
        plan_digest=batch.plan_digest,
        state=batch.state,
    )
    if not planned:
        raise Refusal(
            "batch_gone", "读取期间该批次已被放弃。", place=f"第{batch.pk}批", hint="需要导入的，请重新上传。"
        )


def _counts(lines: dict[str, int], tally: import_rows.Tally) -> dict[str, int]:
    """lines = heading + elsewhere + rows; rows = accepted + unmatched + refused + left_out (blank rows among them)."""
    of = tally.counts
    return {
        **{name: lines[name] for name in _LINES},
        "accepted": sum(of[verdict] for verdict in ACCEPTED),
        **{verdict: of[verdict] for verdict in (*ACCEPTED, UNMATCHED, REFUSED)},
        "left_out": of[LEFT_OUT] + lines["blank"],
        "warnings": of["warnings"],
    }


def recount(batch: ImportBatch) -> None:
    """Counts and digest of a plan after some of its rows were judged anew."""
    tally = import_rows.tally(batch)
    batch.counts = _counts(batch.counts, tally)
    batch.plan_digest = tally.hexdigest()
    batch.save(update_fields=["counts", "plan_digest"])


class PlanChanged(Exception):  # noqa: N818
    """The facts moved since the plan was shown; everything written so far is rolled back."""


def carry_out(batch: ImportBatch, target: Target, progress: Progress = lambda percent, message: None) -> None:
    """Write what the plan says, under the target's lock. Raises PlanChanged where it would no longer be planned so.

    First, inside the database, the rows that cannot have come to mean anything else; the others are judged again.
    """
    done, total = target.apply_staged(), batch.counts["accepted"]
    progress(min(90, 90 * done // total), f"已写入{done}行")
    if done < total:
        for chunk in replanned(batch, target, unfiled=True, as_shown=True):
            target.apply(chunk)
            done += len(chunk)
            progress(min(95, 100 * done // total), f"已写入{done}行")
    if done != total:  # not the rows that were counted when it was shown
        raise PlanChanged


def replanned(
    batch: ImportBatch, target: Target, *, unfiled: bool = False, as_shown: bool = False
) -> Iterator[list[tuple[int, PlannedRow]]]:
    """The accepted rows judged again by what is known now; warnings already given are not repeated.

    ``unfiled``: only those not filed yet. ``as_shown``: raise PlanChanged for a row that differs from what was staged.
    """
    for chunk in import_rows.staged(batch, verdicts=ACCEPTED, unfiled=unfiled):
        rows = [row for _, row in chunk]
        shown = [(row.verdict, row.firm, row.before) for row in rows]
        said = [row.reasons for row in rows]
        for row in rows:
            row.reasons = []
        target.plan(rows)
        if as_shown and shown != [(row.verdict, row.firm, row.before) for row in rows]:
            raise PlanChanged
        for row, old in zip(rows, said, strict=True):
            row.reasons = old + [reason for reason in row.reasons if reason not in old]
        yield chunk
