"""How long a sign-in lasts (等保2.0): half an hour idle, half a day in all, and not past a change of password or role.

The change of password or role needs no code here: ``User`` puts both into the session's hash.
"""

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib import auth, messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

BEGAN = "began"
SEEN = "seen"
REFRESH_SECONDS = 60


class SessionLimitMiddleware:
    """Ends a session past its absolute age; moves its idle limit on at most once a minute, not at every read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

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
        return self.get_response(request)
