"""动态口令: the second factor at sign-in. django-otp keeps the devices and takes each code once; the rules are here.

A device counts from the moment its owner has shown one code of it. Recovery codes are kept as digests: whoever reads
the table can use none of them.
"""

from __future__ import annotations

import re
import secrets
import unicodedata

from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from firms.models import User
from firms.permissions import owes_second_factor
from firms.services import accounts, audit
from firms.services.refusal import Refusal

CODES = 10
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that is misread on paper
_NAME = "动态口令"


def is_on(user: User) -> bool:
    """Whether this account signs in with a second factor. One query."""
    return TOTPDevice.objects.filter(user=user, confirmed=True).exists()


def codes_left(user: User) -> int:
    """How many recovery codes are not used yet."""
    return StaticToken.objects.filter(device__user=user).count()


@transaction.atomic
def begin(*, by: User) -> TOTPDevice:
    """A new device of one's own, not counting yet; a former one that was never confirmed makes room."""
    _refuse_if_on(by)
    TOTPDevice.objects.filter(user=by, confirmed=False).delete()
    return TOTPDevice.objects.create(user=by, name=_NAME, confirmed=False)


def pending(user: User) -> TOTPDevice | None:
    """The device being set up, if any."""
    return TOTPDevice.objects.filter(user=user, confirmed=False).order_by("-id").first()


@transaction.atomic
def confirm(code: str, *, by: User, session_key: str | None = None) -> list[str]:
    """``by`` shows a code of the device being set up: from now on it counts. Returns the recovery codes, to show once.

    Other sessions of the account, opened without it, end; ``session_key`` is the one that stays.
    """
    _lock(by)
    _refuse_if_on(by)
    device = TOTPDevice.objects.select_for_update().filter(user=by, confirmed=False).order_by("-id").first()
    if device is None:
        raise Refusal("totp_not_begun", _("还没有开始设置动态口令。"), hint=_("请从账号设置重新开始。"))
    if not device.verify_token(_digits(code)):
        raise Refusal(
            "totp_wrong", _("动态口令不正确。"), place=_("动态口令"),
            hint=_("请核对手机时间是否准确，输入应用中当前显示的6位数字。"), status=400,
        )  # fmt: skip
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    audit.record("totp.enable", "启用动态口令", by=by, target=by)
    accounts.end_sessions(by, but=session_key)
    return _issue(by)


def verify(user: User, code: str) -> bool:
    """Whether ``code`` is the current one of the device, or a recovery code; either is good once, also for two at once."""
    digits = _digits(code)
    with transaction.atomic():
        if digits:
            device = _locked_device(user)
            return device is not None and device.verify_token(digits)
        # One DELETE decides: of two who show the same recovery code, one finds it gone.
        used, _counts = StaticToken.objects.filter(device__user=user, token=_digest(user, code)).delete()
        if used:
            audit.record("totp.recovery", f"使用恢复码登录，余{codes_left(user)}个", by=user, target=user)
        return bool(used)


@transaction.atomic
def renew_codes(password: str, *, by: User) -> list[str]:
    """Fresh recovery codes in place of the old ones, to show once. Needs the password: the session may be left open."""
    accounts.require_password(by, password)
    if not is_on(by):
        raise Refusal("totp_off", _("动态口令没有启用。"), hint=_("请先启用。"))
    audit.record("totp.codes", "重新生成恢复码", by=by, target=by)
    return _issue(by)


@transaction.atomic
def disable(password: str, *, by: User) -> None:
    """Back to the password alone, where that is allowed."""
    accounts.require_password(by, password)
    if owes_second_factor(by):
        raise Refusal(
            "totp_required", _("您的账号必须使用动态口令。"), hint=_("更换手机的，请联系安全管理员重置。"), status=403
        )
    _lock(by)
    if not is_on(by):
        raise Refusal("totp_off", _("动态口令没有启用。"), hint=_("无需停用。"))
    _forget(by)
    audit.record("totp.disable", "停用动态口令", by=by, target=by)


@transaction.atomic
def reset(user: User, *, by: User) -> None:
    """The security administrator takes the factor of somebody who lost it away, and every session with it."""
    _lock(user)
    if user.pk == by.pk:
        raise Refusal("totp_own", _("不能重置本人的动态口令。"), hint=_("请由另一位安全管理员办理。"), status=403)
    if not is_on(user):
        raise Refusal("totp_off", _("该账号没有启用动态口令。"), place=str(user), hint=_("无需重置。"))
    _forget(user)
    accounts.end_sessions(user)
    audit.record("totp.reset", f"重置动态口令：{user}", by=by, target=user)


def _issue(user: User) -> list[str]:
    device, _created = StaticDevice.objects.get_or_create(user=user, name=_NAME)
    device.token_set.all().delete()
    codes = ["-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(2)) for _ in range(CODES)]
    StaticToken.objects.bulk_create([StaticToken(device=device, token=_digest(user, code)) for code in codes])
    return codes


def _forget(user: User) -> None:
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()


def _lock(user: User) -> None:
    """Two requests about one account's devices take turns."""
    User.objects.select_for_update().only("pk").get(pk=user.pk)


def _refuse_if_on(user: User) -> None:
    if is_on(user):
        raise Refusal("totp_on", _("动态口令已经启用。"), hint=_("更换手机的，请先停用，或联系安全管理员重置。"))


def _locked_device(user: User) -> TOTPDevice | None:
    """The device in force, nobody else's to read until this transaction ends: a code shown twice at once passes once."""
    return TOTPDevice.objects.select_for_update().filter(user=user, confirmed=True).first()


def _digits(code: str) -> str:
    """Six digits as an app shows them, also in twos or full width; "" when it is something else."""
    text = re.sub(r"\s", "", unicodedata.normalize("NFKC", code))
    return text if re.fullmatch(r"[0-9]{6}", text) else ""


def _digest(user: User, code: str) -> str:
    text = re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKC", code).lower())
    return salted_hmac("firms.recovery", f"{user.pk}:{text}", algorithm="sha256").hexdigest()[:16]
