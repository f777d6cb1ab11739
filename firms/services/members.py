"""Who speaks for a firm, and as what: 管理员 submits and invites, 报送员 fills in. A firm that has a manager keeps one."""

from __future__ import annotations

import secrets

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from firms.models import Firm, Invitation, Membership, Role, User
from firms.permissions import may_manage_members
from firms.services import accounts, audit, messages
from firms.services.refusal import Refusal

MANAGER = Membership.Kind.MANAGER


def account_for(email: str, *, name: str, phone: str = "", password: str = "") -> tuple[User, bool]:
    """The firm account of this address, or a new one; whether it is new. A new one without a password has none that fits.

    Part of the caller's transaction. Raises Refusal (409) where the address is of an account that speaks for no firm.
    """
    email = email.strip().lower()
    found = list(User.objects.filter(email__iexact=email)[:2])
    if len(found) == 1 and found[0].role == Role.FIRM and found[0].is_active:
        return found[0], False
    if found or User.objects.filter(username__iexact=email).exists():
        raise Refusal(
            "email_taken", _("这个邮箱已用于其他账号，不能用来开设企业账号。"), place=email,
            hint=_("请改用另一个邮箱；账号已停用的，请联系安全管理员。"),
        )  # fmt: skip
    user = User(username=email, email=email, name=name.strip()[:64], phone=phone.strip()[:32], role=Role.FIRM)
    if password:
        user.set_password(password)
    else:
        user.set_unusable_password()
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError:  # opened a moment ago by another request
        return account_for(email, name=name, phone=phone)
    return user, True


def join(user: User, firm: Firm, kind: str) -> Membership:
    """Let ``user`` speak for ``firm`` as at least ``kind``. Part of the caller's transaction, which leaves the trace."""
    membership, _created = Membership.objects.get_or_create(user=user, firm=firm, defaults={"kind": kind})
    if membership.kind != kind and kind == MANAGER:
        membership.kind = kind
        membership.save(update_fields=["kind"])
    return membership


@transaction.atomic
def change_kind(membership: Membership, *, kind: str, by: User) -> None:
    """Make a member 管理员 or 报送员. Raises Refusal: may not (403), the last manager (409)."""
    row = _take(membership, by)
    if kind not in Membership.Kind.values:
        raise Refusal("bad_kind", _("没有这种身份。"), place=_("身份"), hint=_("请选择管理员或报送员。"), status=400)
    if row.kind == kind:
        return
    if row.kind == MANAGER:
        _refuse_last_manager(row)
    before, row.kind = row.kind, kind
    row.save(update_fields=["kind"])
    revoke_sent(row, by)
    audit.record(
        "member.kind", f"变更企业账号身份：{row}", by=by, target=row, before={"kind": before}, after={"kind": kind}
    )
    if row.user_id != by.pk:
        messages.tell(
            [row.user], key=f"member.kind:{row.pk}:{secrets.token_hex(6)}", mail=False,
            title=_("您的企业账号身份已变更"),
            body=_("您现在是%(firm)s的%(kind)s。") % {"firm": row.firm, "kind": row.get_kind_display()},
        )  # fmt: skip


@transaction.atomic
def remove(membership: Membership, *, by: User) -> None:
    """Let somebody speak for the firm no longer; their sessions end at once. Raises Refusal as ``change_kind``."""
    row = _take(membership, by)
    if row.kind == MANAGER:
        _refuse_last_manager(row)
    audit.record(
        "member.remove", f"移除企业账号：{row}", by=by, target=row,
        before={"user": row.user.username, "firm": row.firm.credit_code, "kind": row.kind},
    )  # fmt: skip
    messages.tell(
        [row.user], key=f"member.removed:{row.pk}", title=_("您已不再代表该企业"),
        body=_("您的账号与%(firm)s的关联已解除。如有疑问，请联系该企业管理员或积分办。") % {"firm": row.firm},
    )  # fmt: skip
    revoke_sent(row, by)
    row.delete()
    accounts.end_sessions(row.user)


def _take(membership: Membership, by: User) -> Membership:
    """The membership as it is now, its firm locked: two managers who remove each other take turns."""
    firm = Firm.objects.select_for_update().get(pk=membership.firm_id)
    if not may_manage_members(by, firm):
        raise Refusal("forbidden", _("只有本企业管理员和积分办可以管理企业账号。"), status=403)
    row = Membership.objects.select_related("user", "firm").filter(pk=membership.pk, firm=firm).first()
    if row is None:
        raise Refusal("member_gone", _("该成员已被移除。"), place=firm.name, hint=_("请刷新页面查看。"))
    return row


def revoke_sent(row: Membership, by: User) -> None:
    """Whoever manages a firm no longer has no invitation out either: one to an address of their own would be the way back.

    Part of the caller's transaction, which takes the membership away.
    """
    sent = Invitation.objects.filter(
        firm=row.firm, invited_by=row.user, accepted_at__isnull=True, revoked_at__isnull=True
    )
    for invitation in sent.select_related("firm"):
        Invitation.objects.filter(pk=invitation.pk).update(revoked_at=timezone.now())
        audit.record("invitation.revoke", f"撤回邀请：{invitation}", by=by, target=invitation)


def _refuse_last_manager(row: Membership) -> None:
    others = row.firm.memberships.filter(kind=MANAGER, user__is_active=True).exclude(pk=row.pk)
    if not others.exists():
        raise Refusal(
            "last_manager", _("这是企业唯一的管理员，不能移除或改为报送员。"), place=str(row.user),
            hint=_("请先把另一名成员设为管理员。"),
        )  # fmt: skip
