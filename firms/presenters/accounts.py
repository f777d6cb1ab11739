"""What the pages of one's own account show."""

from __future__ import annotations

from base64 import b32encode
from dataclasses import dataclass

import segno
from django.utils.safestring import SafeString, mark_safe
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from firms.models import Role, User
from firms.permissions import owes_second_factor


@dataclass(frozen=True)
class SecondFactor:
    """``required``: the account may not do without it. ``codes_left``: recovery codes not used yet."""

    on: bool
    required: bool
    codes_left: int
    few: bool


@dataclass(frozen=True)
class SettingUp:
    """The key of a device being set up: as a picture for a camera (SVG, no script, no style) and as text to type."""

    qr: SafeString
    secret: str


def second_factor(user: User) -> SecondFactor:
    on = TOTPDevice.objects.filter(user=user, confirmed=True).exists()
    left = StaticToken.objects.filter(device__user=user).count() if on else 0
    return SecondFactor(on, owes_second_factor(user), left, on and left <= 2)


def setting_up(device: TOTPDevice) -> SettingUp:
    picture = segno.make(device.config_url, error="m").svg_inline(
        scale=5, border=4, dark="#1b2735", light="#fff", svgclass="qr", omitsize=True, title="动态口令二维码"
    )
    # Made by segno from our own text: nothing in it was typed by anybody.
    key = b32encode(device.bin_key).decode()
    return SettingUp(mark_safe(picture), " ".join(key[at : at + 4] for at in range(0, len(key), 4)))  # noqa: S308  # nosec B308, B703


@dataclass(frozen=True)
class Account:
    """``firms``: (name, as what) of those a firm's account speaks for."""

    username: str
    name: str
    email: str
    role: str
    department: str
    firms: list[tuple[str, str]]
    second_factor: SecondFactor


def account(user: User) -> Account:
    memberships = user.memberships.select_related("firm") if user.role == Role.FIRM else []
    return Account(
        user.username,
        user.name,
        user.email,
        user.get_role_display(),
        user.department.name if user.department else "",
        [(membership.firm.name, membership.get_kind_display()) for membership in memberships],
        second_factor(user),
    )
