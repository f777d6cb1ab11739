"""台账申报: a firm states a dated fact with evidence; it counts once the owning department has verified it.

A reporter fills in, a manager submits and withdraws. A claim's row is its mutex; its version tells whether what a person
decides is what that person saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from firms import catalogue, permissions
from firms.catalogue import RegisterSpec
from firms.importing.claims import CLAIMABLE, FIELDS, completed, faults
from firms.models import DataYear, Department, Evidence, Firm, Membership, RegisterClaim, User
from firms.services import audit, evidence, messages, register_entries
from firms.services.collection import refuse_if_closed
from firms.services.refusal import Refusal
from firms.services.reports import permit

State = RegisterClaim.State
EDITABLE = (State.DRAFT, State.REFUSED, State.WITHDRAWN)


def spec_of(kind: str) -> RegisterSpec:
    """The register's rules. Raises Refusal for one that firms do not fill."""
    if kind not in CLAIMABLE:
        raise Refusal(
            "not_claimable", "该台账由部门登记，企业不能申报。", place="台账", hint="请从列表中选择。", status=400
        )
    return catalogue.load().registers[kind]


def owners_of(kind: str) -> list[Department]:
    """The departments that keep a register, the first one first."""
    order = spec_of(kind).owners
    found = {row.code: row for row in Department.objects.filter(code__in=order)}
    return [found[code] for code in order if code in found]


@transaction.atomic
def draft(firm: Firm, kind: str, fact: Mapping[str, Any], *, files: Iterable[File] = (), by: User) -> RegisterClaim:
    """A new claim with its evidence, not handed in. Raises Refusal: not the firm's account (403), no such register, a file
    we do not take (400), too many drafts (409)."""
    permit(firm, by)
    spec = spec_of(kind)
    owners = owners_of(kind)
    if not owners:
        raise Refusal("no_owner", "该台账没有登记部门。", place=spec.name, hint="请联系积分办。")
    _refuse_one_more_draft(firm, spec)
    claim = RegisterClaim(firm=firm, kind=kind, department=owners[0], claimed_by=by)
    _put(claim, completed(spec, fact))
    claim.save(force_insert=True)
    evidence.attach_all(files, firm=firm, claim=claim, by=by)
    return claim


@transaction.atomic
def edit(
    claim: RegisterClaim, fact: Mapping[str, Any], *, version: int, files: Iterable[File] = (), by: User
) -> RegisterClaim:
    """Change a claim that is not being verified; a refused or withdrawn one is a draft again. Raises Refusal as ``draft``
    does, and where somebody changed or submitted it meanwhile (409)."""
    permit(claim.firm, by)
    row = _locked(claim, EDITABLE, version)
    if row.state != State.DRAFT:  # one taken up again is a draft more
        _refuse_one_more_draft(row.firm, spec_of(row.kind))
    row.state = State.DRAFT
    _put(row, completed(spec_of(row.kind), fact))
    _save(row)
    evidence.attach_all(files, firm=row.firm, claim=row, by=by)
    return row


@transaction.atomic
def discard(claim: RegisterClaim, *, version: int, by: User) -> RegisterClaim:
    """Give up a claim not handed in; the row and its files stay, out of sight."""
    permit(claim.firm, by)
    row = _locked(claim, (State.DRAFT,), version)
    row.state, row.submitted_at = State.WITHDRAWN, None
    _save(row)
    audit.record("claim.discard", f"删除台账申报草稿 {row}", by=by, target=row)
    return row


@transaction.atomic
def submit(claim: RegisterClaim, *, version: int, by: User) -> RegisterClaim:
    """Hand a claim in to the owning department. Raises Refusal: not a manager (403); incomplete, no evidence (400); no year
    is open for this firm, submitted already (409)."""
    _permit_manager(claim.firm, by)
    row = _locked(claim, (State.DRAFT,), version)
    _refuse_unless_collecting(row.firm_id)
    fact = {name: getattr(row, name) for name in FIELDS}
    if found := faults(spec_of(row.kind), fact, timezone.localdate()):
        raise Refusal("incomplete", found[0].message + "。", place=str(row), hint=found[0].hint, status=400)
    if not Evidence.objects.filter(claim=row, removed_at__isnull=True).exists():
        raise Refusal(
            "no_evidence", "没有佐证材料。", place=str(row), hint="请上传证书、批文或合同等，再提交。", status=400
        )
    row.state, row.submitted_at = State.SUBMITTED, timezone.now()
    row.decided_by = row.decided_at = None
    row.answer = ""
    _save(row)
    audit.record("claim.submit", f"{row.firm.name}申报 {row}", by=by, target=row, after=_described(row))
    _tell_department(row, f"{row.firm.name}申报{row.get_kind_display()}")
    return row


@transaction.atomic
def withdraw(claim: RegisterClaim, *, version: int, by: User) -> RegisterClaim:
    """Take back what has not been verified yet. Raises Refusal: not a manager (403), decided meanwhile (409)."""
    _permit_manager(claim.firm, by)
    row = _locked(claim, (State.SUBMITTED,), version)
    row.state = State.WITHDRAWN
    _save(row)
    audit.record("claim.withdraw", f"{row.firm.name}撤回申报 {row}", by=by, target=row)
    return row


@transaction.atomic
def verify(claim: RegisterClaim, *, version: int, answer: str = "", by: User, singly: bool = True) -> RegisterClaim:
    """The department finds it true: a register entry is made, or the one that states the same fact already is linked.

    ``singly``: the officer had its page and what it resembles before them; else what resembles an entry is left to that.
    Raises Refusal: not the department's officer (403); changed or decided meanwhile, a locked year judged by it (409).
    """
    row = _locked(claim, (State.SUBMITTED,), version)
    _permit_department(row, by)
    if not singly and (other := register_entries.look_alike(row, firm=row.firm)):
        raise Refusal(
            "look_alike", f"台账中已有相近条目“{other.title}”，可能是同一事项。", place=str(row), hint="请点开该条核对后单独办理。"
        )  # fmt: skip
    row.entry, made = register_entries.enter(row, firm=row.firm, department=row.department, by=by)
    return _decide(row, State.VERIFIED, answer.strip() or ("" if made else "台账中已有同一事项，已对应。"), by)


@transaction.atomic
def refuse(claim: RegisterClaim, *, version: int, answer: str, by: User) -> RegisterClaim:
    """The department does not accept it, for a reason the firm is told. Raises Refusal as ``verify`` does."""
    row = _locked(claim, (State.SUBMITTED,), version)
    _permit_department(row, by)
    if not answer.strip():
        raise Refusal(
            "reason_required", "请写明不予认定的理由。", place=str(row), hint="企业会看到这段理由。", status=400
        )
    return _decide(row, State.REFUSED, answer.strip(), by)


@transaction.atomic
def hand_over(claim: RegisterClaim, to: Department, *, version: int, by: User) -> RegisterClaim:
    """Another department that keeps the same register verifies it. Raises Refusal: not the officer's (403), not one of the
    register's departments (400), changed meanwhile (409)."""
    row = _locked(claim, (State.SUBMITTED,), version)
    _permit_department(row, by)
    if to == row.department or to not in owners_of(row.kind):
        raise Refusal(
            "not_an_owner",
            f"{to.name}不登记该台账，或已由其核验。",
            place=str(row),
            hint="请从列表中选择。",
            status=400,
        )
    before, row.department = row.department, to
    _save(row)
    audit.record(
        "claim.hand_over", f"{row}由{before.short_name}转{to.short_name}核验", by=by, target=row,
        before={"department": before.code}, after={"department": to.code},
    )  # fmt: skip
    _tell_department(row, f"{before.short_name}转来台账申报")
    return row


@dataclass(slots=True)
class Outcome:
    """What became of many: how many were verified, and of the others which and why."""

    done: int = 0
    refused: list[tuple[RegisterClaim, Refusal]] = field(default_factory=list)


def verify_many(picks: Sequence[tuple[RegisterClaim, int]], *, by: User) -> Outcome:
    """Verify each of these (claim, version seen), each by itself: one that cannot be leaves the others done.

    What resembles an entry, also one just made here, is not: two claims of one contract would count it twice.
    """
    outcome = Outcome()
    for claim, version in sorted(picks, key=lambda pick: pick[0].pk):
        try:
            verify(claim, version=version, by=by, singly=False)
            outcome.done += 1
        except Refusal as refusal:
            outcome.refused.append((claim, refusal))
    return outcome


def _locked(claim: RegisterClaim, states: Sequence[str], version: int) -> RegisterClaim:
    """The row held until the transaction ends. Raises Refusal unless it is in one of ``states`` and as it was seen."""
    row = (
        RegisterClaim.objects.select_for_update(no_key=True, of=("self",))
        .select_related("firm", "department", "decided_by")
        .get(pk=claim.pk)
    )
    if row.state not in states:
        who = f"（{row.decided_by}）" if row.decided_by else ""
        raise Refusal(
            "wrong_state", f"该申报现在是“{row.get_state_display()}”{who}，不能这样办理。", place=str(row),
            hint="请刷新页面查看。",
        )  # fmt: skip
    if row.version != version:
        raise Refusal("changed", "该申报刚被他人修改。", place=str(row), hint="请刷新页面，核对后再办理。")
    return row


def _refuse_one_more_draft(firm: Firm, spec: RegisterSpec) -> None:
    if RegisterClaim.objects.filter(firm=firm, state=State.DRAFT).count() >= settings.CLAIM_MAX_DRAFTS:
        raise Refusal(
            "too_many_drafts",
            f"未提交的申报已有{settings.CLAIM_MAX_DRAFTS}条。",
            place=spec.name,
            hint="请先提交或删除已有的草稿，再新建。",
        )


def _put(claim: RegisterClaim, fact: Mapping[str, Any]) -> None:
    for name in FIELDS:
        setattr(claim, name, fact[name])


def _save(row: RegisterClaim) -> None:
    row.version += 1
    row.save()


def _permit_manager(firm: Firm, by: User) -> None:
    if permit(firm, by) != Membership.Kind.MANAGER:
        raise Refusal(
            "manager_only", "申报由企业管理员提交和撤回。", place=firm.name, hint="请告知本企业的管理员。", status=403
        )


def _permit_department(row: RegisterClaim, by: User) -> None:
    if not permissions.may_write_for(by, row.department):
        raise Refusal(
            "not_your_claim", f"该申报由{row.department.name}核验。", place=str(row), hint=f"请联系{row.department.name}。",
            status=403,
        )  # fmt: skip


def _refuse_unless_collecting(firm_id: int) -> None:
    """A fact belongs to no one year: any year open for this firm will do."""
    phases = (DataYear.Phase.REPORTING, DataYear.Phase.REVIEWING)
    years = DataYear.objects.filter(phase__in=phases, locked_at__isnull=True).order_by("-year")
    last: Refusal | None = None
    for year in years.values_list("year", flat=True):
        try:
            refuse_if_closed(firm_id, year, hold=True)
        except Refusal as refusal:
            last = last or refusal
        else:
            return
    raise last or Refusal(
        "not_open", "目前没有开放填报的年度。", place="台账申报", hint="可以先保存，开放填报后再提交。"
    )


def _decide(row: RegisterClaim, state: str, answer: str, by: User) -> RegisterClaim:
    row.state, row.answer, row.decided_by, row.decided_at = state, answer[:500], by, timezone.now()
    _save(row)
    verb = State(state).label
    audit.record(
        f"claim.{'verify' if state == State.VERIFIED else 'refuse'}", f"{row.firm.name} {row} {verb}", by=by, target=row,
        after=_described(row) | {"answer": row.answer, "entry": row.entry_id},
    )  # fmt: skip
    messages.tell(
        messages.people_of_firm(row.firm),
        key=f"claim:{row.pk}:{row.version}",
        title=f"{row.get_kind_display()}申报{verb}",
        body=f"{row.title}，{row.department.name}{verb}。{row.answer}",
        link=reverse("firms:claim", args=[row.pk]),
    )
    return row


def _tell_department(row: RegisterClaim, title: str) -> None:
    """The department's officers; the office where it has none. No mail: it is a queue, not an errand."""
    people = messages.people_of_department(row.department)
    messages.tell(
        people if people.exists() else messages.people_of_office(),
        key=f"claim:{row.pk}:{row.version}",
        title=title,
        body=row.title,
        link=reverse("firms:claim", args=[row.pk]),
        mail=False,
    )


def _described(row: RegisterClaim) -> dict[str, Any]:
    return {"firm": row.firm.credit_code, "kind": row.kind, "department": row.department.code} | {
        name: str(value) for name in FIELDS if (value := getattr(row, name)) not in ("", None)
    }
