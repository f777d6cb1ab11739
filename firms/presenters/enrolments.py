"""注册审批 and 企业账号 as pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from firms.models import Enrolment, Firm, Invitation, Membership, Role, User
from firms.permissions import may_manage_members, role_of

SIZE = 30
TONES = {Enrolment.State.PENDING: "accent", Enrolment.State.APPROVED: "good", Enrolment.State.REFUSED: "muted"}


@dataclass(frozen=True)
class Application:
    """One line of the queue. ``firm_name`` as typed; ``known_as``: the register's own, "" where the code is in no register."""

    pk: int
    credit_code: str
    firm_name: str
    known_as: str
    managers: int
    name: str
    phone: str
    email: str
    at: datetime
    state: str
    tone: str
    pending: bool
    decided_by: str
    decided_at: datetime | None
    reason: str

    @property
    def agrees(self) -> bool:
        return self.known_as == self.firm_name


@dataclass(frozen=True)
class Queue:
    lines: list[Application]
    filters: list[tuple[str, str, int, bool]]
    older: int | None
    state: str


def queue(user: User, *, state: str, before: int) -> Queue:
    """Applications of one state, the newest first; of those waiting, the oldest first. For the office alone."""
    state = state if state in Enrolment.State.values else Enrolment.State.PENDING
    rows = Enrolment.objects.filter(state=state).select_related("decided_by")
    if state == Enrolment.State.PENDING:
        rows = rows.order_by("id").filter(id__gt=before) if before else rows.order_by("id")
    elif before:
        rows = rows.filter(id__lt=before)
    page = list(rows[: SIZE + 1])
    known = {
        firm.credit_code: firm
        for firm in Firm.objects.visible_to(user)
        .filter(credit_code__in=[row.credit_code for row in page])
        .annotate(managers=Count("memberships", filter=Q(memberships__kind=Membership.Kind.MANAGER)))
    }
    counts = dict(Enrolment.objects.values_list("state").annotate(n=Count("pk")).order_by())
    return Queue(
        [_application(row, known.get(row.credit_code)) for row in page[:SIZE]],
        [(code, str(label), counts.get(code, 0), code == state) for code, label in Enrolment.State.choices],
        page[SIZE - 1].pk if len(page) > SIZE else None,
        state,
    )


def _application(row: Enrolment, firm: Firm | None) -> Application:
    return Application(
        row.pk, row.credit_code, row.firm_name, firm.name if firm else "", firm.managers if firm else 0,  # type: ignore[attr-defined]
        row.name, row.phone, row.email, row.created_at, row.get_state_display(), TONES[Enrolment.State(row.state)],
        row.state == Enrolment.State.PENDING, str(row.decided_by or ""), row.decided_at, row.reason,
    )  # fmt: skip


@dataclass(frozen=True)
class Member:
    pk: int
    name: str
    username: str
    phone: str
    kind: str
    kind_code: str
    active: bool
    last_login: datetime | None
    me: bool


@dataclass(frozen=True)
class Members:
    """A firm's accounts and open invitations; ``may_manage``: whether the reader may change anything here."""

    firm: Firm
    members: list[Member]
    invitations: list[Invitation]
    may_manage: bool
    office: bool
    kinds: list[tuple[str, str]]


def members(user: User, firm: Firm) -> Members:
    rows = firm.memberships.select_related("user").order_by("kind", "user__username")  # managers first
    lines = [
        Member(
            row.pk, row.user.name or row.user.username, row.user.username, row.user.phone, row.get_kind_display(), row.kind,
            row.user.is_active, row.user.last_login, row.user_id == user.pk,
        )
        for row in rows
    ]  # fmt: skip
    manage = may_manage_members(user, firm)
    still_open = firm.invitations.filter(accepted_at=None, revoked_at=None, expires_at__gt=timezone.now())
    waiting = list(still_open.select_related("invited_by")) if manage else []
    kinds = [(code, str(label)) for code, label in Membership.Kind.choices]
    return Members(firm, lines, waiting, manage, role_of(user) == "office", kinds)


def choice(user: User, text: str) -> tuple[list[Firm], tuple[str, str]]:
    """Firms whose accounts the reader may look at: an account's own, or those the office looks for; and what to say of none."""
    firms, text = Firm.objects.visible_to(user), text.strip()[:128]
    if role_of(user) == Role.FIRM:
        return list(firms), (_("您的账号还没有关联企业"), _("请联系所在企业的管理员邀请您，或联系积分办。"))
    if not text:
        return [], (_("请先填写企业名称或代码"), _("返回上一页填写后查看。"))
    exact = list(firms.filter(Q(credit_code=text.upper()) | Q(name=text))[:1])
    named = Q(name__contains=text) | Q(name_initials__contains=text.lower())
    found = exact or list(firms.filter(named).order_by("name")[:30])
    return found, (_("名录中没有符合的企业"), _("请核对企业名称或代码，或先导入企业名录。"))


@dataclass(frozen=True)
class Invited:
    """What the page behind an invitation's link offers. ``way``: "new" account, "join" with the one signed in, "sign_in"
    with the one this address has, "other" (signed in as somebody else), "taken" (the address is of no firm's account)."""

    firm: str
    credit_code: str
    kind: str
    by: str
    email: str
    way: str


def invitation(user: User | AnonymousUser, found: Invitation) -> Invited:
    # An account that has the address already joins after signing in; nobody opens a second one.
    account = User.objects.filter(email__iexact=found.email).order_by("-is_active", "pk").first()
    if user.is_authenticated:
        mine = role_of(user) == Role.FIRM and user.email.lower() == found.email
        way = "join" if mine else "other"
    elif account is None:
        way = "new"
    else:
        way = "sign_in" if account.is_active and account.role == Role.FIRM else "taken"
    by = found.firm.name if found.invited_by.role == Role.FIRM else "积分办"
    by = f"{by}（{found.invited_by}）" if found.invited_by.role == Role.FIRM else by
    return Invited(found.firm.name, found.firm.credit_code, found.get_kind_display(), by, found.email, way)
