"""How long a sign-in lasts (等保2.0): half an hour idle, half a day in all, and not past a change of password or role.
A sign-in by a password that somebody else has set leads to changing it and nowhere else.

The change of password or role needs no code here: ``User`` puts both into the session's hash.
"""

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib import auth, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from firms.services.refusal import Refusal
from xxgx import errors

BEGAN = "began"
SEEN = "seen"
REFRESH_SECONDS = 60


class SessionLimitMiddleware:
    """Ends a session past its absolute age; moves its idle limit on at most once a minute, not at every read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.open = {reverse("firms:password_change"), reverse("firms:logout")}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Without a cookie nothing is touched: public pages stay the same for everybody and cacheable whole.
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            now = int(time.time())
            session = request.session
            if now - session.setdefault(BEGAN, now) >= settings.SESSION_ABSOLUTE_SECONDS:
                auth.logout(request)
                messages.info(request, _("登录已超过时限，请重新登录。"))
            elif now - session.get(SEEN, 0) >= REFRESH_SECONDS:
                session[SEEN] = now
            if getattr(request.user, "must_change_password", False) and request.path not in self.open:
                return self._change_first(request)
        return self.get_response(request)

    def _change_first(self, request: HttpRequest) -> HttpResponse:
        """A password somebody else knows opens one page: the one that replaces it."""
        if errors.wants_json(request):
            words = {"hint": _("请先在网页上登录并修改密码。"), "status": 403}
            return errors.answer(request, Refusal("password_expired", _("须先修改密码。"), **words))  # type: ignore[arg-type]
        messages.warning(request, _("您的密码由他人设置，须修改后方可使用。"))
        return redirect("firms:password_change")
