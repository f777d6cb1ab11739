"""How long a sign-in lasts (等保2.0): half an hour idle, half a day in all, and not past a change of password or role.
A sign-in by a password that somebody else has set leads to changing it and nowhere else; one that owes its second
factor, to setting that up. What a script asks after the end gets a 401 that says so, not the sign-in page.

The change of password or role needs no code here: ``User`` puts both into the session's hash.
"""

import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.contrib import auth, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from firms.permissions import owes_second_factor
from firms.services.refusal import Refusal
from firms.views.session import BEGAN, SECOND_FACTOR, SEEN, came_from, sign_in_page, signed_out
from xxgx import errors

REFRESH_SECONDS = 60


class SessionLimitMiddleware:
    """Ends a session past its absolute age; moves its idle limit on at most once a minute, not at every read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.open = {reverse("firms:password_change"), reverse("firms:logout")}
        self.enrolling = self.open | {reverse("firms:totp"), reverse("firms:totp_begin"), reverse("firms:totp_confirm")}
        # What a page asks for by itself says nothing of a person being there.
        self.silent = {reverse("firms:session_ping"), reverse("scoring:board_data")}
        self.login = reverse(settings.LOGIN_URL)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Without a cookie nothing is touched: public pages stay the same for everybody and cacheable whole.
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            now = int(time.time())
            session = request.session
            if now - session.setdefault(BEGAN, now) >= settings.SESSION_ABSOLUTE_SECONDS:
                auth.logout(request)
                messages.info(request, _("登录已超过时限，请重新登录。"))
            elif now - session.get(SEEN, 0) >= REFRESH_SECONDS and request.path not in self.silent:
                session[SEEN] = now
            if getattr(request.user, "must_change_password", False) and request.path not in self.open:
                return self._change_first(request)
            owes = owes_second_factor(request.user) and not session.get(SECOND_FACTOR)
            if owes and request.path not in self.enrolling:
                return self._set_up_first(request)
        response = self.get_response(request)
        if response.status_code == 302 and self._asks_to_sign_in(response):
            return self._signed_out(request, response)
        return response

    def _asks_to_sign_in(self, response: HttpResponse) -> bool:
        parts = urlsplit(response.headers["Location"])
        return parts.path == self.login and "next" in parse_qs(parts.query)

    def _change_first(self, request: HttpRequest) -> HttpResponse:
        """A password somebody else knows opens one page: the one that replaces it."""
        if errors.wants_json(request):
            words = {"hint": _("请先在网页上登录并修改密码。"), "status": 403}
            return errors.answer(request, Refusal("password_expired", _("须先修改密码。"), **words))  # type: ignore[arg-type]
        messages.warning(request, _("您的密码由他人设置，须修改后方可使用。"))
        return redirect("firms:password_change")

    def _set_up_first(self, request: HttpRequest) -> HttpResponse:
        """An account that must have a second factor and has none yet opens one page: the one that sets it up."""
        if errors.wants_json(request):
            words = {"hint": _("请先在网页上登录并启用动态口令。"), "status": 403}
            return errors.answer(request, Refusal("second_factor", _("须先启用动态口令。"), **words))  # type: ignore[arg-type]
        messages.warning(request, _("按安全规定，您的账号须启用动态口令后方可使用。"))
        return redirect("firms:totp")

    def _signed_out(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """The way to sign in, told so that whoever asked can use it: a script, htmx, or a form that was sent too late."""
        reads = request.method in {"GET", "HEAD"}
        if not _by_script(request):
            if reads or request.user.is_authenticated:
                return response
            messages.warning(request, _("登录已失效，刚才提交的内容没有保存。请登录后重新提交。"))
            return redirect(sign_in_page(came_from(request)))
        page = came_from(request)
        answer = signed_out(page)
        if request.headers.get("HX-Request"):
            # Only what reads may leave the page: what writes has somebody's typing behind it.
            name, value = ("HX-Redirect", sign_in_page(page)) if reads else ("HX-Trigger", "session-ended")
            answer.headers[name] = value
        return answer


def _by_script(request: HttpRequest) -> bool:
    """``fetch`` and XMLHttpRequest say so themselves (Sec-Fetch-Dest), where the browser does not, by what they accept."""
    return (
        request.headers.get("Sec-Fetch-Dest") == "empty"
        or request.headers.get("X-Requested-With") == "XMLHttpRequest"
        or bool(request.headers.get("HX-Request"))
        or errors.wants_json(request)
    )
