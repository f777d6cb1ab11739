"""Passwords of accounts: changed by their owners, given anew by the system administrator, each time with its trace."""

from django.db import transaction

from firms.models import User
from firms.services import audit


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
