"""Signing in, out and failing to leaves its trace: one audit entry each."""

from typing import Any

from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from firms.models import User
from firms.services import audit


@receiver(user_logged_in)
def signed_in(request: HttpRequest, user: User, **kwargs: Any) -> None:
    audit.record("session.begin", "登录", by=user, target=user)


@receiver(user_logged_out)
def signed_out(request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        audit.record("session.end", "退出登录", by=user, target=user)


@receiver(user_login_failed)
def failed(credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any) -> None:
    """The name as typed, whether such an account exists or not: the answer to the visitor is the same too."""
    if getattr(request, "axes_locked_out", False):
        return  # said once, by ``locked_out``
    audit.record("session.refuse", f"登录失败：{_printable(credentials.get('username'))}", by=None)


@receiver(user_locked_out)
def locked_out(request: HttpRequest, username: str | None, **kwargs: Any) -> None:
    audit.record("session.lock", f"连续登录失败，已锁定：{_printable(username)}", by=None)


def _printable(name: Any) -> str:
    return "".join(character for character in str(name or "") if character.isprintable())[:150]
