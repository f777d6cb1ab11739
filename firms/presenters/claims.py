"""台账申报: what a firm has in each register and what it claims; what waits for a department to verify."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count
from django.utils.translation import gettext as _

from firms import catalogue
from firms.importing.claims import CLAIMABLE, alike
from firms.importing.plan import ENTRY_KEY, NUMBER_KEY, locked_years_touched
from firms.models import DataYear, Department, Evidence, Firm, Membership, RegisterClaim, RegisterEntry, Role, User
from firms.models.register import DatedFact
from firms.permissions import may_write_for
from firms.presenters.figures import shown

PAGE = 30
SHOWN_ENTRIES = 100
State = RegisterClaim.State
TONES = {"draft": "muted", "submitted": "accent", "verified": "good", "refused": "bad", "withdrawn": "muted"}


@dataclass(frozen=True)
class FactView:
    """A dated fact as people read it; empty where nothing was said."""

    title: str
    category: str
    level: str
    span: str
    amount: str
    quantity: str
    number: str


def fact_view(fact: DatedFact) -> FactView:
    ends = f"{fact.ends_on:%Y-%m-%d}" if fact.ends_on else ""
    return FactView(
        title=fact.title,
        category=fact.get_category_display() if fact.category else "",
        level=fact.get_level_display() if fact.level else "",
        span=f"{fact.starts_on:%Y-%m-%d}" + (_(" 至 %s") % ends if ends else ""),
        amount=_("%s万元") % shown(float(fact.amount)) if fact.amount is not None else "",
        quantity=str(fact.quantity) if fact.quantity != 1 else "",
        number=fact.document_number,
    )


@dataclass(frozen=True)
class ClaimLine:
    claim: RegisterClaim
    fact: FactView
    kind: str
    state: str
    tone: str
    files: list[Evidence]


@dataclass(frozen=True)
class RegisterView:
    """One register of a firm. ``more``: entries not shown."""

    kind: str
    name: str
    entries: list[tuple[FactView, str]]
    more: int
    claims: list[ClaimLine]


@dataclass(frozen=True)
class ClaimsPage:
    firm: Firm | None
    firms: list[Firm]
    registers: list[RegisterView]
    counts: dict[str, int]


def claims_page(user: User, credit_code: str = "") -> ClaimsPage:
    """The registers of one of the account's firms (the one asked for, else the first), in a constant number of queries."""
    firms = list(Firm.objects.visible_to(user).order_by("name"))
    firm = next((one for one in firms if one.credit_code == credit_code), firms[0] if firms else None)
    if firm is None:
        return ClaimsPage(None, [], [], {})
    entries: dict[str, list[RegisterEntry]] = {}
    rows = RegisterEntry.objects.in_force().filter(firm=firm, kind__in=CLAIMABLE).select_related("department")
    for entry in rows.order_by("-starts_on", "-pk"):
        entries.setdefault(entry.kind, []).append(entry)
    # Drafts given up were never handed in; they are out of sight.
    claims = RegisterClaim.objects.visible_to(user).filter(firm=firm)
    claims = claims.exclude(state=State.WITHDRAWN, submitted_at__isnull=True)
    lines = _lines(list(claims.select_related("department", "decided_by").order_by("-pk")))
    registers = catalogue.load().registers
    return ClaimsPage(
        firm=firm,
        firms=firms if len(firms) > 1 else [],
        registers=[
            RegisterView(
                kind=kind,
                name=registers[kind].name,
                entries=[
                    (fact_view(row), row.department.short_name if row.department else "")
                    for row in entries.get(kind, [])[:SHOWN_ENTRIES]
                ],
                more=max(0, len(entries.get(kind, [])) - SHOWN_ENTRIES),
                claims=[line for line in lines if line.claim.kind == kind],
            )
            for kind in CLAIMABLE
        ],
        counts={state: sum(line.claim.state == state for line in lines) for state in State.values},
    )


def _lines(claims: Sequence[RegisterClaim]) -> list[ClaimLine]:
    """Claims with their files (one query)."""
    files: dict[int, list[Evidence]] = {}
    for file in Evidence.objects.filter(claim__in=[row.pk for row in claims], removed_at__isnull=True).order_by("pk"):
        files.setdefault(file.claim_id or 0, []).append(file)
    return [
        ClaimLine(
            row, fact_view(row), row.get_kind_display(), row.get_state_display(), TONES[row.state], files.get(row.pk, [])
        )
        for row in claims
    ]  # fmt: skip


@dataclass(frozen=True)
class Twin:
    """An entry already in the register that may be the same fact. ``same``: it is, by the register's own key."""

    fact: FactView
    department: str
    same: bool


@dataclass(frozen=True)
class QueueLine:
    line: ClaimLine
    twins: list[Twin]
    locked: str
    may_verify: bool


@dataclass(frozen=True)
class QueuePage:
    lines: list[QueueLine]
    states: list[tuple[str, str, int, bool]]
    kinds: list[tuple[str, str, bool]]
    state: str
    kind: str
    q: str
    older: int | None


def queue_page(user: User, *, state: str = "", kind: str = "", q: str = "", before: int = 0) -> QueuePage:
    """What was handed in to this person's department (the office: to all), waiting first come first; decided ones newest
    first. A constant number of queries."""
    claims = RegisterClaim.objects.visible_to(user)
    if q:
        claims = claims.filter(firm__in=Firm.objects.matching(q).values("pk"))
    if kind in CLAIMABLE:
        claims = claims.filter(kind=kind)
    counts = dict(claims.order_by().values_list("state").annotate(many=Count("pk")))
    state = state if state in State.values and state != State.DRAFT else State.SUBMITTED
    found = claims.filter(state=state).select_related("firm", "department", "decided_by")
    if state == State.SUBMITTED:
        rows = list(found.filter(pk__gt=before).order_by("pk")[: PAGE + 1])
    else:
        found = found.filter(pk__lt=before) if before else found
        rows = list(found.order_by("-pk")[: PAGE + 1])
    registers = catalogue.load().registers
    return QueuePage(
        lines=_queue(rows[:PAGE], user),
        states=[(one.value, str(one.label), counts.get(one, 0), one == state) for one in State if one != State.DRAFT],
        kinds=[(one, registers[one].name, one == kind) for one in CLAIMABLE],
        state=state,
        kind=kind,
        q=q,
        older=rows[PAGE - 1].pk if len(rows) > PAGE else None,
    )


def _queue(rows: list[RegisterClaim], user: User) -> list[QueueLine]:
    locked = list(DataYear.objects.filter(locked_at__isnull=False).values_list("year", flat=True))
    near: dict[tuple[int, str], list[RegisterEntry]] = {}
    entries = RegisterEntry.objects.in_force().filter(
        firm__in={row.firm_id for row in rows}, kind__in={row.kind for row in rows}
    )
    for entry in entries.select_related("department"):
        near.setdefault((entry.firm_id, entry.kind), []).append(entry)
    return [
        QueueLine(
            line=line,
            twins=_twins(line.claim, near.get((line.claim.firm_id, line.claim.kind), [])),
            locked="、".join(map(str, _touched(line.claim, locked))),
            may_verify=line.claim.state == State.SUBMITTED and may_write_for(user, line.claim.department),
        )
        for line in _lines(rows)
    ]


def _twins(claim: RegisterClaim, entries: list[RegisterEntry]) -> list[Twin]:
    """Entries of the same fact, or so like it that an officer should look: its title, or its number, or its day and category."""
    numbered = catalogue.load().registers[claim.kind].numbered
    key = NUMBER_KEY if numbered else ENTRY_KEY
    found = []
    for entry in entries:
        same = all(getattr(entry, name) == getattr(claim, name) for name in key)
        if same or alike(entry, claim):
            found.append(Twin(fact_view(entry), entry.department.short_name if entry.department else "", same))
    return sorted(found, key=lambda twin: not twin.same)[:3]


def _touched(claim: RegisterClaim, locked: list[int]) -> list[int]:
    """The locked years that would be judged otherwise with this fact."""
    if claim.state != State.SUBMITTED:
        return []
    fact = {"kind": claim.kind, "category": claim.category, "level": claim.level, "title": claim.title}
    days = {"starts_on": claim.starts_on.isoformat(), "ends_on": claim.ends_on.isoformat() if claim.ends_on else None}
    return locked_years_touched(None, fact | days, locked)


@dataclass(frozen=True)
class ClaimPage:
    """One claim, for its firm or its department, and what this person may do about it."""

    queued: QueueLine
    own: bool
    may_edit: bool
    may_submit: bool
    may_withdraw: bool
    missing: str
    others: list[Department]

    @property
    def claim(self) -> RegisterClaim:
        return self.queued.line.claim


def claim_page(user: User, pk: int) -> ClaimPage:
    """Raises RegisterClaim.DoesNotExist for one this person may not see."""
    claim = (
        RegisterClaim.objects.visible_to(user)
        .select_related("firm", "department", "decided_by", "claimed_by", "entry")
        .get(pk=pk)
    )
    [queued] = _queue([claim], user)
    own = user.role == Role.FIRM
    manages = own and Membership.objects.filter(user=user, firm=claim.firm, kind=Membership.Kind.MANAGER).exists()
    owners = catalogue.load().registers[claim.kind].owners
    others = Department.objects.filter(code__in=owners).exclude(pk=claim.department_id) if queued.may_verify else []
    draft = claim.state == State.DRAFT
    return ClaimPage(
        queued=queued,
        own=own,
        may_edit=own and claim.state in (State.DRAFT, State.REFUSED, State.WITHDRAWN),
        may_submit=manages and draft and bool(queued.line.files),
        may_withdraw=manages and claim.state == State.SUBMITTED,
        missing=_missing(own, draft, manages, bool(queued.line.files)),
        others=list(others),
    )


def _missing(own: bool, draft: bool, manages: bool, files: bool) -> str:
    """Why a draft cannot be handed in by this person now."""
    if not (own and draft):
        return ""
    if not files:
        return _("还没有佐证材料，请点“修改”上传后再提交。")
    return "" if manages else _("由企业管理员提交，请告知本企业的管理员。")
