"""邀请: a link by mail, good once and for a week, by which somebody gets an account of a firm. Only its digest is kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from firms.models import Firm, Invitation, Role, User
from firms.permissions import may_manage_members, role_of
from firms.services import audit, links, mail, messages
from firms.services.members import account_for, join
from firms.services.refusal import Refusal

DAYS = 7
A_DAY = 20  # invitations of one firm; who needs more asks the office


@transaction.atomic
def invite(*, firm: Firm, email: str, kind: str, by: User, name: str = "") -> Invitation:
    """Write to ``email`` how to join ``firm`` as ``kind``; an earlier open invitation of the same address ends.

    Raises Refusal: may not (403), a member already (409), too many in a day (429).
    """
    firm = Firm.objects.select_for_update().get(pk=firm.pk)
    if not may_manage_members(by, firm):
        raise Refusal("forbidden", _("只有本企业管理员和积分办可以邀请。"), status=403)
    email, now = email.strip().lower(), timezone.now()
    if firm.memberships.filter(user__email__iexact=email).exists():
        raise Refusal("member_already", _("这个邮箱的账号已经代表本企业。"), place=email, hint=_("无需再邀请。"))
    lately = Invitation.objects.filter(firm=firm, created_at__gt=now - timedelta(days=1))
    if role_of(by) == Role.FIRM and lately.count() >= A_DAY:
        raise Refusal("too_many", _("今天的邀请已达上限。"), hint=_("请明天再试，或联系积分办。"), status=429)
    open_invitations(firm).filter(email=email).update(revoked_at=now)
    row = Invitation.objects.create(
        firm=firm, kind=kind, name=name.strip()[:64], email=email, invited_by=by,
        token_digest=secrets.token_hex(32), expires_at=now + timedelta(days=DAYS),
    )  # fmt: skip
    row.token_digest = _digest(_token(row.pk))
    row.save(update_fields=["token_digest"])
    audit.record("invitation.send", f"邀请加入企业：{firm}", by=by, target=row, after={"email": email, "kind": kind})
    greeting = f"{row.name}：\n\n" if row.name else "您好：\n\n"
    body = (
        f"{greeting}{by}邀请您作为{row.get_kind_display()}，为“{firm}”（{firm.credit_code}）填报企业创新积分数据。"
        f"请打开以下链接接受邀请：\n\n{links.marker('invitation', row.pk)}\n\n链接{DAYS}天内有效，只能使用一次。\n\n{mail.SIGNATURE}"
    )
    mail.queue(email, _("邀请您加入企业创新积分填报"), body, key=f"invitation:{row.pk}")
    return row


@transaction.atomic
def revoke(invitation: Invitation, *, by: User) -> None:
    """Make the link worthless. Raises Refusal: may not (403), it was accepted (409)."""
    if not may_manage_members(by, invitation.firm):
        raise Refusal("forbidden", _("只有本企业管理员和积分办可以撤回邀请。"), status=403)
    changed = Invitation.objects.filter(pk=invitation.pk, accepted_at__isnull=True, revoked_at__isnull=True).update(
        revoked_at=timezone.now()
    )
    if changed:
        audit.record("invitation.revoke", f"撤回邀请：{invitation}", by=by, target=invitation)
    elif Invitation.objects.filter(pk=invitation.pk, accepted_at__isnull=False).exists():
        raise Refusal(
            "invitation_used", _("邀请已被接受，不能撤回。"), place=invitation.email, hint=_("可在成员列表中移除。")
        )


def found(token: str) -> Invitation | None:
    """The invitation this link is good for now; None whether it is unknown, used, revoked or past its week."""
    return (
        Invitation.objects.select_related("firm", "invited_by")
        .filter(token_digest=_digest(token), accepted_at__isnull=True, revoked_at__isnull=True)
        .filter(expires_at__gt=timezone.now())
        .first()
    )


@transaction.atomic
def accept_new(token: str, *, name: str, password: str) -> User:
    """Open the account and use the invitation up. Raises Refusal (409, 410), ValidationError of the password's policy."""
    row = _use(token)
    validate_password(password, User(username=row.email, email=row.email, name=name))
    user, new = account_for(row.email, name=name, password=password)
    if not new:
        raise Refusal("account_exists", _("这个邮箱已有账号。"), place=row.email, hint=_("请先登录，再打开邀请链接。"))
    return _joined(row, user)


@transaction.atomic
def accept_as(token: str, *, by: User) -> User:
    """The account of the invited address, signed in, joins. Raises Refusal (403, 410)."""
    row = _use(token)
    if role_of(by) != Role.FIRM or by.email.lower() != row.email:
        raise Refusal(
            "other_account",
            _("邀请是发给另一个邮箱的。"),
            place=str(by),
            hint=_("请用收到邀请的邮箱所登记的企业账号登录。"),
            status=403,
        )
    return _joined(row, by)


def open_invitations(firm: Firm) -> models.QuerySet[Invitation]:
    """Invitations of a firm that can still be accepted."""
    return Invitation.objects.filter(
        firm=firm, accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=timezone.now()
    )


def _use(token: str) -> Invitation:
    """Take the invitation by one conditional UPDATE: of two who open the link at once, one joins."""
    row = found(token)
    used = row and Invitation.objects.filter(pk=row.pk, accepted_at__isnull=True, revoked_at__isnull=True).update(
        accepted_at=timezone.now()
    )
    if not row or not used:
        raise gone()
    return row


def gone() -> Refusal:
    return Refusal(
        "invitation_gone", _("邀请链接已失效：已用过、已撤回、超过7天，或不完整。"),
        hint=_("请联系邀请人重新发送。"), status=410,
    )  # fmt: skip


def _joined(row: Invitation, user: User) -> User:
    join(user, row.firm, row.kind)
    Invitation.objects.filter(pk=row.pk).update(user=user)
    audit.record(
        "invitation.accept",
        f"接受邀请：{row.firm}",
        by=user,
        target=row,
        after={"user": user.username, "kind": row.kind},
    )
    messages.tell(
        [row.invited_by] if row.invited_by.is_active else [], key=f"invitation.accepted:{row.pk}", mail=False,
        link=f"/members/{row.firm.credit_code}/", title=_("邀请已被接受"),
        body=_("%(name)s已作为%(kind)s加入%(firm)s。") % {"name": user, "kind": row.get_kind_display(), "firm": row.firm},
    )  # fmt: skip
    return user


def _token(pk: int) -> str:
    """Derived from our secret each time it is needed: the database, or a copy of it, holds nothing to join by."""
    return salted_hmac("firms.invitation", str(pk), algorithm="sha256").hexdigest()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@links.maker("invitation")
def _link(pk: int) -> str:
    open_ = Invitation.objects.filter(pk=pk, accepted_at__isnull=True, revoked_at__isnull=True).exists()
    return reverse("firms:invitation", kwargs={"token": _token(pk)}) if open_ else ""
