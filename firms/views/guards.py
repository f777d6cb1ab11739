"""Who may open a view: sign-in first, then the role; the wrong role is told so, a stranger is sent to sign in."""

from collections.abc import Callable
from functools import wraps

from django.contrib import auth, messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from firms.permissions import role_of
from firms.services import accounts
from firms.services.refusal import Refusal

MISTAKES = "password_mistakes"
ALLOWED = 5


def role_required(*roles: str) -> Callable:
    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if role_of(request.user) not in roles:
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return login_required(guarded)

    return decorate


def mistaken(request: HttpRequest) -> HttpResponse | None:
    """Count one wrong password of the session's owner; the fifth ends the session: one left open is no way to guess it."""
    accounts.password_mistaken(request.user)
    session = request.session
    session[MISTAKES] = session.get(MISTAKES, 0) + 1
    if session[MISTAKES] < ALLOWED:
        return None
    auth.logout(request)
    messages.error(request, _("密码连续输错五次，已退出登录。"))
    return redirect("firms:login")


def guessing_ends_the_session(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For views whose service asks for the password (``accounts.require_password``)."""

    @wraps(view)
    def counted(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except Refusal as refused:
            ended = mistaken(request) if refused.code == "password_wrong" else None
            if ended is None:
                raise
            return ended
        request.session.pop(MISTAKES, None)
        return response

    return counted
