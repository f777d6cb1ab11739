"""佐证材料: files behind a cell, a claim or an objection. Kept by content under a name of ours; removed from sight, never from disk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.db import models, transaction
from django.utils import timezone

from firms.models import Evidence, Firm, FirmReport, Metric, Objection, RegisterClaim, Role, User
from firms.permissions import role_of
from firms.services import audit
from firms.services.collection import refuse_if_closed
from firms.services.refusal import Refusal
from firms.services.report_standing import provided
from firms.services.reports import EDITABLE, permit
from firms.services.uploads import examined, refuse_if_damaged

# While a claim or an objection can still be added to.
_OPEN_CLAIMS = (RegisterClaim.State.DRAFT, RegisterClaim.State.SUBMITTED)


def readable_by(user: User) -> models.QuerySet[Evidence]:
    """Files this person may open: a firm its own, a department those behind its metrics, claims and objections, the office all."""
    role, found = role_of(user), Evidence.objects.select_related("firm")
    if role == Role.OFFICE:
        return found
    found = found.filter(removed_at__isnull=True)
    if role == Role.FIRM:
        return found.filter(firm__memberships__user=user)
    if role == Role.DEPARTMENT and user.department_id:
        own = Metric.objects.filter(owner=user.department_id).values("code")
        # What a firm has not handed in yet is nobody else's to read.
        handed_in = FirmReport.objects.filter(
            firm=models.OuterRef("firm"), year=models.OuterRef("year"), first_submitted_at__isnull=False
        )
        return found.filter(
            models.Q(models.Exists(handed_in), metric__in=own)
            | models.Q(claim__in=RegisterClaim.objects.visible_to(user).values("pk"))
            | models.Q(objection__department=user.department_id)
        )
    return found.none()


@transaction.atomic
def attach(
    file: File,
    *,
    firm: Firm,
    by: User,
    year: int | None = None,
    metric: str = "",
    claim: RegisterClaim | None = None,
    objection: Objection | None = None,
) -> Evidence:
    """Keep one file behind exactly one of: a cell (``year`` and ``metric``), a claim, an objection.

    The same bytes behind the same thing once more are the file that is there. Raises Refusal: not the firm's account (403),
    not a file we take (400), too many or too much in all, or the form, claim or objection is no longer open (409).
    """
    return _attached(file, firm, by, {"year": year, "metric": metric, "claim": claim, "objection": objection})[0]


@transaction.atomic
def attach_all(
    files: Iterable[File],
    *,
    firm: Firm,
    by: User,
    claim: RegisterClaim | None = None,
    objection: Objection | None = None,
) -> list[Evidence]:
    """Keep several files behind one claim or objection, all or none. Raises Refusal as ``attach`` does."""
    whose: dict[str, Any] = {"year": None, "metric": "", "claim": claim, "objection": objection}
    kept, new = [], []
    try:
        for file in files:
            evidence, made = _attached(file, firm, by, whose)
            kept.append(evidence)
            if made:
                new.append(evidence)
    except BaseException:
        # Their rows are undone with the transaction; the bytes would stay on the disk, counted by nobody.
        for evidence in new:
            evidence.file.delete(save=False)
        raise
    return kept


def _attached(file: File, firm: Firm, by: User, whose: dict[str, Any]) -> tuple[Evidence, bool]:
    """The file as it is kept, and whether it was not there before."""
    permit(firm, by)
    _refuse_unless_open(firm, **whose)
    upload = examined(file, settings.EVIDENCE_MAX_BYTES)
    there = Evidence.objects.filter(firm=firm, removed_at__isnull=True, **whose)
    if same := there.filter(sha256=upload.sha256).first():
        return same, False
    if there.count() >= settings.EVIDENCE_MAX_FILES:
        raise Refusal(
            "too_many_files",
            f"每项最多{settings.EVIDENCE_MAX_FILES}个文件。",
            place=f"文件“{upload.name}”",
            hint="请合并后上传，或先移除不用的。",
        )
    kept = Evidence.objects.filter(firm=firm).aggregate(total=models.Sum("size"))["total"] or 0
    if kept + upload.size > settings.EVIDENCE_FIRM_BYTES:  # what was removed is still on disk
        raise Refusal(
            "evidence_full",
            f"贵企业的佐证材料合计已达上限{settings.EVIDENCE_FIRM_BYTES // 1024**2}MB。",
            place=f"文件“{upload.name}”",
            hint="请压缩后上传；仍不够的，请联系积分办。",
        )
    evidence = Evidence(
        firm=firm,
        file_name=upload.name,
        media_type=upload.media_type,
        sha256=upload.sha256,
        size=upload.size,
        uploaded_by=by,
        **whose,
    )
    evidence.file.save(upload.stored_as, file, save=False)
    try:
        evidence.save(force_insert=True)
        audit.record(
            "evidence.attach", f"上传佐证材料 {upload.name}", by=by, target=evidence, after=_described(evidence)
        )  # fmt: skip
    except BaseException:
        evidence.file.delete(save=False)
        raise
    return evidence, True


@transaction.atomic
def remove(evidence: Evidence, *, by: User) -> Evidence:
    """Take a file out of sight while what it stands behind is open; removing it again changes nothing."""
    permit(evidence.firm, by)
    row = (
        Evidence.objects.select_for_update(no_key=True, of=("self",))
        .select_related("claim", "objection", "firm")
        .get(pk=evidence.pk)
    )
    if row.removed_at is None:
        _refuse_unless_open(row.firm, year=row.year, metric=row.metric, claim=row.claim, objection=row.objection)
        row.removed_at = timezone.now()
        row.save(update_fields=["removed_at"])
        audit.record("evidence.remove", f"移除佐证材料 {row.file_name}", by=by, target=row, before=_described(row))
    evidence.removed_at = row.removed_at
    return row


def opened(evidence: Evidence, *, by: User) -> Evidence:
    """Check that the bytes are still those uploaded, and note who of the staff read a firm's file. Raises Refusal (409) if damaged."""
    refuse_if_damaged(evidence.file, evidence.file_name, evidence.sha256)
    if role_of(by) != Role.FIRM:
        audit.record("evidence.read", f"下载佐证材料 {evidence.file_name}", by=by, target=evidence)
    return evidence


def _refuse_unless_open(
    firm: Firm, *, year: int | None, metric: str, claim: RegisterClaim | None, objection: Objection | None
) -> None:
    if metric and year is not None and claim is None and objection is None:
        _refuse_unless_cell_open(firm, year, metric)
        return
    thing = claim if objection is None else objection
    if metric or year is not None or thing is None or (claim and objection) or thing.firm_id != firm.pk:
        raise Refusal(
            "malformed", "没有说明文件是哪一项的佐证。", place="佐证材料", hint="请刷新页面后重试。", status=400
        )
    is_open = claim.state in _OPEN_CLAIMS if claim else thing.state == Objection.State.OPEN
    if not is_open:
        raise Refusal(
            "closed_matter",
            f"该事项{thing.get_state_display()}，不能再增减材料。",
            place=str(thing)[:80],
            hint="请刷新页面查看。",
        )


def _refuse_unless_cell_open(firm: Firm, year: int, metric: str) -> None:
    if not Metric.objects.filter(code=metric).exists() or metric in provided(firm, year):
        raise Refusal("not_yours", "该项不由企业填报，不需要佐证。", place=metric[:48], hint="请刷新页面。", status=400)
    refuse_if_closed(firm.pk, year)
    report = FirmReport.objects.select_for_update(no_key=True).filter(firm=firm, year=year).first()
    if report is not None and report.state not in EDITABLE:
        raise Refusal(
            "submitted",
            f"本表{report.get_state_display()}，不能再增减材料。",
            place=f"{year}年度填报表",
            hint="管理员可先撤回提交。",
        )


def _described(row: Evidence) -> dict[str, object]:
    return {
        "firm": row.firm.credit_code, "year": row.year, "metric": row.metric, "claim": row.claim_id,
        "objection": row.objection_id, "file": row.file_name, "sha256": row.sha256, "size": row.size,
    }  # fmt: skip
