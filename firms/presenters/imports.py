"""What the import pages show: batches on their way in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from firms.models import Firm, ImportBatch, ImportRow, Job, Metric, RegisterEntry, Source, User
from firms.permissions import may_confirm_batch
from firms.presenters.figures import shown as figure

PAGE = 50
TONES = {"planned": "accent", "applied": "good", "refused": "bad", "undone": "muted", "discarded": "muted"}


@dataclass(frozen=True)
class BatchLine:
    pk: int
    file_name: str
    kind: str
    department: str
    year: int | None
    state: str
    tone: str
    uploaded_by: str
    uploaded_at: datetime
    rows: int
    accepted: int
    refused: int
    left_out: int
    unmatched: int


@dataclass(frozen=True)
class BatchList:
    lines: list[BatchLine]
    filters: list[tuple[str, str, bool]]
    older: int | None
    filtered: bool


def _line(batch: ImportBatch) -> BatchLine:
    counts = batch.counts
    register = dict(RegisterEntry.Kind.choices).get(batch.register_kind, "")
    public = batch.get_source_display() if batch.source == Source.PUBLIC else ""
    return BatchLine(
        pk=batch.pk,
        file_name=batch.file_name,
        kind=" · ".join(filter(None, (batch.get_kind_display(), register, public))),
        department=batch.department.name if batch.department_id else "",
        year=batch.year,
        state=batch.get_state_display(),
        tone=TONES.get(batch.state, ""),
        uploaded_by=str(batch.uploaded_by) if batch.uploaded_by_id else _("系统"),
        uploaded_at=batch.uploaded_at,
        rows=counts.get("rows", 0),
        accepted=counts.get("accepted", 0),
        refused=counts.get("refused", 0),
        left_out=counts.get("left_out", 0),
        unmatched=counts.get("unmatched", 0),
    )


def batch_list(user: User, *, state: str = "", q: str = "", before: int | None = None) -> BatchList:
    """The newest batches this person may see; ``before`` is the id to go on from."""
    batches = ImportBatch.objects.visible_to(user).select_related("department", "uploaded_by")
    if state == "unmatched":
        batches = batches.unmatched()
    elif state in ImportBatch.State.values:
        batches = batches.filter(state=state)
    if q:
        batches = batches.filter(file_name__icontains=q)
    if before:
        batches = batches.filter(pk__lt=before)
    found = list(batches.order_by("-pk")[: PAGE + 1])
    choices = [
        ("", _("全部")),
        ("planned", _("待确认")),
        ("applied", _("已生效")),
        ("unmatched", _("有待匹配")),
        ("refused", _("已拒收")),
    ]
    return BatchList(
        lines=[_line(batch) for batch in found[:PAGE]],
        filters=[(code, label, code == state) for code, label in choices],
        older=found[PAGE - 1].pk if len(found) > PAGE else None,
        filtered=bool(state or q),
    )


@dataclass(frozen=True)
class Cell:
    label: str
    before: str
    after: str
    changed: bool


@dataclass(frozen=True)
class RowView:
    pk: int
    place: str
    firm: str
    verdict: str
    tone: str
    cells: list[Cell]
    reasons: list[dict[str, str]]
    raw: str
    unmatched: bool
    candidates: list[Firm]


@dataclass(frozen=True)
class BatchPage:
    batch: ImportBatch
    line: BatchLine
    verdicts: list[tuple[str, str, int, bool]]
    rows: list[RowView]
    verdict: str
    next_row: int | None
    problems: list[dict[str, str]]
    job: Job | None
    can_confirm: bool
    can_undo: bool
    can_discard: bool
    can_match: bool
    busy: bool


VERDICT_TONES = {"create": "good", "change": "accent", "unmatched": "accent", "refused": "bad", "left_out": "muted"}


def batch_page(user: User, pk: int, *, verdict: str = "", after: int = 0) -> BatchPage:
    """One batch: the account of its rows, and one verdict's rows a page. Raises ImportBatch.DoesNotExist."""
    batch = (
        ImportBatch.objects.visible_to(user)
        .select_related("department", "uploaded_by", "applied_by", "undone_by")
        .get(pk=pk)
    )
    counts = batch.counts
    if verdict not in ImportRow.Verdict.values:
        verdict = ""
    rows = batch.rows.select_related("firm").filter(pk__gt=after).order_by("pk")
    if verdict:
        rows = rows.filter(verdict=verdict)
    found = list(rows[: PAGE + 1])
    labels = _labels(batch)
    can_match = batch.state in {ImportBatch.State.PLANNED, ImportBatch.State.APPLIED}
    candidates = _candidates(found[:PAGE]) if can_match else {}
    shown = [_row(row, labels, candidates.get(row.pk, [])) for row in found[:PAGE]]
    job = Job.objects.filter(kind__startswith="import.", key=str(batch.pk)).order_by("-pk").first()
    running = job is not None and job.state in {Job.State.QUEUED, Job.State.RUNNING}
    reading = batch.state in {ImportBatch.State.UPLOADED, ImportBatch.State.READING}
    planned = batch.state == ImportBatch.State.PLANNED and not running
    return BatchPage(
        batch=batch,
        line=_line(batch),
        verdicts=[
            (code, str(label), counts.get(code, 0), code == verdict) for code, label in ImportRow.Verdict.choices
        ],
        rows=shown,
        verdict=verdict,
        next_row=found[PAGE - 1].pk if len(found) > PAGE else None,
        problems=batch.problems,
        job=job if job is not None and (running or job.state == Job.State.FAILED) else None,
        can_confirm=planned and counts.get("accepted", 0) > 0 and may_confirm_batch(user, batch),
        can_undo=batch.state == ImportBatch.State.APPLIED,
        can_discard=planned or (reading and not running),
        can_match=can_match,
        busy=running,
    )


def _labels(batch: ImportBatch) -> dict[str, str]:
    """Field code → the name people know it by."""
    if batch.kind == ImportBatch.Kind.METRICS:
        return {metric.code: str(metric) for metric in Metric.objects.all()}
    model = RegisterEntry if batch.kind == ImportBatch.Kind.REGISTERS else Firm
    return {field.name: str(field.verbose_name) for field in model._meta.concrete_fields}


def _row(row: ImportRow, labels: dict[str, str], candidates: list[Firm]) -> RowView:
    changed = row.before
    shown = row.values if row.verdict != ImportRow.Verdict.CHANGE else {code: row.values.get(code) for code in changed}
    shown = {code: shown[code] for code in (*(c for c in labels if c in shown), *(c for c in shown if c not in labels))}
    cells = [
        Cell(labels.get(code, code), _said(code, changed.get(code)), _said(code, value), changed.get(code) is not None)
        for code, value in shown.items()
    ]
    unmatched = row.verdict == ImportRow.Verdict.UNMATCHED
    raw = "　".join(str(cell) for cell in row.cells if cell not in ("", None))
    return RowView(
        pk=row.pk,
        place=_("第%d行") % row.row_number
        if not row.sheet
        else _("%(sheet)s 第%(n)d行") % {"sheet": row.sheet, "n": row.row_number},
        firm=row.firm.name if row.firm_id else str(row.values.get("name", "")),
        verdict=row.get_verdict_display(),
        tone=VERDICT_TONES.get(row.verdict, ""),
        cells=cells,
        reasons=row.reasons,
        raw=raw[:300],
        unmatched=unmatched,
        candidates=candidates,
    )


# What most firms' names share, so that it tells none of them apart.
_COMMON = re.compile(r"新乡市?|河南省?|高新区|有限责任公司|股份有限公司|有限公司|公司|科技|[（）()\s]")


def _candidates(rows: list[ImportRow]) -> dict[int, list[Firm]]:
    """Registered firms whose names resemble the unmatched rows' (one query for all of them)."""
    cores: dict[int, str] = {}
    for row in rows:
        if row.verdict == ImportRow.Verdict.UNMATCHED:
            texts = [_COMMON.sub("", str(cell)) for cell in row.cells if isinstance(cell, str) and not cell.isascii()]
            core = max(texts, key=len, default="")[:4]
            if len(core) >= 2:
                cores[row.pk] = core
    if not cores:
        return {}
    wanted = Q()
    for core in set(cores.values()):
        wanted |= Q(name__contains=core)
    near = list(Firm.objects.filter(wanted).order_by("name")[:500])
    return {pk: [firm for firm in near if core in firm.name][:8] for pk, core in cores.items()}


_TERMS = {"category": dict(RegisterEntry.Category.choices), "level": dict(RegisterEntry.Level.choices)}


def _said(code: str, value: Any) -> str:
    """A register's categories and levels by their names; everything else as it is."""
    return _plain(_TERMS.get(code, {}).get(value, value) if isinstance(value, str) else value)


def _plain(value: Any) -> str:
    """A figure as people write it: thousands separated, no trailing zeros; nothing is a dash."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, int | float):
        return figure(value)
    return str(value)
