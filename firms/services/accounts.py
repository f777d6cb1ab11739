"""Accounts: passwords, addresses, sessions; changed by their owners, given anew by the administrators, each with its trace."""

from __future__ import annotations

import hashlib
from importlib import import_module

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.contrib.sessions.models import Session
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from firms.models import ADMINISTRATORS, Role, User
from firms.services import audit, links, mail
from firms.services.refusal import Refusal

_EMAIL = "firms.email"


@transaction.atomic
def password_changed(user: User) -> None:
    """The owner has just set a password that nobody else knows."""
    user.must_change_password = False
    user.save(update_fields=["must_change_password"])
    audit.record("user.password", "修改本人密码", by=user, target=user)


def password_mistaken(user: User) -> None:
    """Somebody in the owner's session did not know the password."""
    audit.record("user.password_refused", "修改本人密码时，原密码不正确", by=user, target=user)


@transaction.atomic
def given_by_another(user: User, *, by: User, opened: bool = False) -> None:
    """``by`` has set this account's password and knows it: it is of no use until two others have acted.

    The security administrator enables the account after asking its owner; the owner replaces the password at the
    first sign-in, before anything else. ``opened``: the account is new, which leaves a trace of its own.
    """
    user.is_active, user.must_change_password = False, True
    user.save(update_fields=["is_active", "must_change_password"])
    if not opened:
        audit.record(
            "user.reset_password", f"重置密码并停用账号：{user}", by=by, target=user, after={"is_active": False}
        )


def require_password(user: User, password: str) -> None:
    """Raise ``password_wrong`` unless it is the account's: what follows is not for a session left open."""
    if not user.check_password(password):
        raise Refusal(
            "password_wrong", _("密码不正确，没有改动。"), place=_("密码"), hint=_("请重新输入登录密码。"), status=400
        )


def end_sessions(user: User, *, but: str | None = None) -> int:
    """Sign the account out wherever it is signed in, but for the session ``but``. The number that ended.

    Reads every session alive: for rare deeds, not for each request.
    """
    store = import_module(settings.SESSION_ENGINE).SessionStore
    alive = Session.objects.filter(expire_date__gt=timezone.now()).exclude(session_key=but)
    mine = [
        key
        for key, data in alive.values_list("session_key", "session_data").iterator()
        if store().decode(data).get("_auth_user_id") == str(user.pk)
    ]
    return Session.objects.filter(session_key__in=mine).delete()[0]


# ---- one's own details


@transaction.atomic
def change_contact(*, by: User, name: str, phone: str) -> None:
    """One's own telephone, and a firm's account its name too; staff names are the system administrator's."""
    user = User.objects.select_for_update().get(pk=by.pk)
    before = {"name": user.name, "phone": user.phone}
    after = {"name": name.strip() if user.role == Role.FIRM and name.strip() else user.name, "phone": phone.strip()}
    if before == after:
        return
    user.name, user.phone = after["name"], after["phone"]
    user.save(update_fields=["name", "phone"])
    audit.record("user.contact", "修改本人联系方式", by=by, target=user, before=before, after=after)


@transaction.atomic
def ask_new_email(email: str, password: str, *, by: User) -> None:
    """Write to the new address; the account keeps its old one until the link in that mail was opened by its owner."""
    require_password(by, password)
    email = email.strip().lower()
    if email == by.email.lower():
        raise Refusal("email_same", _("这就是当前的邮箱。"), place=_("新邮箱"), hint=_("无需修改。"), status=400)
    seal = signing.dumps([by.pk, by.email, email], salt=_EMAIL)
    path = reverse("firms:email_confirm", kwargs={"seal": seal})
    minute = timezone.now().strftime("%Y%m%d%H%M")
    mail.queue(
        email,
        "确认新的电子邮箱",
        f"{by}：\n\n请在登录状态下打开以下链接，确认将账号“{by.username}”的电子邮箱改为本邮箱：\n\n"
        f"{links.page(path)}\n\n链接24小时内有效。不是您本人操作的，请不必理会。\n\n{mail.SIGNATURE}",
        key=f"email.confirm:{by.pk}:{hashlib.sha256(email.encode()).hexdigest()[:20]}:{minute}",
    )
    audit.record("user.email_asked", "申请更换本人邮箱", by=by, target=by)


@transaction.atomic
def confirm_new_email(seal: str, *, by: User) -> str:
    """The link in the mail was opened by the account it was written for: the new address counts. Returns it."""
    try:
        pk, before, email = signing.loads(seal, salt=_EMAIL, max_age=24 * 3600)
    except (signing.BadSignature, ValueError):
        pk = before = email = None
    user = User.objects.select_for_update().get(pk=by.pk)
    if pk != by.pk or before != user.email:
        raise Refusal(
            "link_gone",
            _("确认链接已失效，或不是当前账号的。"),
            hint=_("请用申请更换的账号登录后打开，或重新申请。"),
            status=410,
        )
    user.email = email
    user.save(update_fields=["email"])
    audit.record("user.email", "更换本人邮箱", by=by, target=user, before={"email": before}, after={"email": email})
    if before:
        mail.queue(
            before,
            "您的电子邮箱已更换",
            f"{user}：\n\n账号“{user.username}”的电子邮箱已改为另一地址。不是您本人操作的，请立即联系安全管理员。\n\n{mail.SIGNATURE}",
            key=f"email.changed:{user.pk}:{hashlib.sha256(seal.encode()).hexdigest()[:20]}",
        )
    return email


@transaction.atomic
def email_given_by_another(user: User, *, by: User) -> None:
    """``by`` has set the address of this account, and could have its password written there: see ``given_by_another``."""
    user.is_active = False
    user.save(update_fields=["is_active"])
    audit.record("user.email_given", f"更换他人邮箱并停用账号：{user}", by=by, target=user, after={"is_active": False})


# ---- a password forgotten


@transaction.atomic
def ask_reset(email: str) -> None:
    """Write to every account of this address how to set a new password. Nobody is told whether there is one.

    Not to the three administrators: theirs are given at the console, in sight of another. At most once in ten minutes.
    """
    email = email.strip()
    found = (
        User.objects.filter(email__iexact=email, is_active=True).exclude(role__in=ADMINISTRATORS)[:5] if email else []
    )
    slot = int(timezone.now().timestamp()) // 600
    for user in found:
        body = (
            f"{user}：\n\n有人申请重新设置账号“{user.username}”的密码。请打开以下链接设置新密码：\n\n"
            f"{links.marker('password', user.pk)}\n\n链接24小时内有效，用过即失效。不是您本人操作的，请不必理会，密码不会改变。\n\n"
            f"{mail.SIGNATURE}"
        )
        if mail.queue(user.email, "重新设置密码", body, key=f"password.reset:{user.pk}:{slot}"):
            audit.record("user.reset_asked", f"申请通过邮件重设密码：{user}", by=None, target=user)


@transaction.atomic
def password_set_by_mail(user: User) -> None:
    """The owner has set a password through the link in a mail; every session of the old one ends by itself."""
    user.must_change_password = False
    user.save(update_fields=["must_change_password"])
    audit.record("user.password_by_mail", "通过邮件链接设置密码", by=user, target=user)
    if user.email:
        mail.queue(
            user.email,
            "密码已重新设置",
            f"{user}：\n\n账号“{user.username}”的密码刚刚通过邮件链接重新设置。不是您本人操作的，请立即联系安全管理员。\n\n{mail.SIGNATURE}",
            key=f"password.set:{user.pk}:{int(timezone.now().timestamp())}",
        )


@links.maker("password")
def _password_link(pk: int) -> str:
    """Where the account sets a password: Django's own link, good once and until the password or a sign-in changes."""
    user = User.objects.filter(pk=pk, is_active=True).first()
    if user is None:
        return ""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("firms:password_set", kwargs={"uidb64": uid, "token": default_token_generator.make_token(user)})
