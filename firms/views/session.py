"""What a page's own script may ask about the session, and what it is told when there is none any more."""

import time
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

# What the session keeps, in seconds since 1970, and whether the second factor was shown; see ``xxgx.sessions``.
BEGAN, SEEN, SECOND_FACTOR = "began", "seen", "second_factor"


@never_cache
@require_safe
def session_ping(request: HttpRequest) -> JsonResponse:
    """For scripts that save by themselves: is the session alive, whose is it, how long, and the token to write with.

    200 ``{"signed_in": true, "user", "csrf", "seconds_left"}``, or 401 as ``signed_out``. Asking keeps no session alive.
    After a new sign-in the token is another one: take it from here before sending what was kept, and only if ``user``
    is still the one the page was made for.
    """
    if not request.user.is_authenticated:
        return signed_out(came_from(request))
    now, session = int(time.time()), request.session
    idle = session.get(SEEN, now) + settings.SESSION_COOKIE_AGE - now
    absolute = session.get(BEGAN, now) + settings.SESSION_ABSOLUTE_SECONDS - now
    state = {"signed_in": True, "user": request.user.pk, "csrf": get_token(request)}
    return JsonResponse(state | {"seconds_left": max(0, min(idle, absolute))})


def signed_out(page: str) -> JsonResponse:
    """401 for a script: ``code`` signed_out, words for the person, and ``login``, the way back to ``page``."""
    body = {
        "code": "signed_out",
        "message": _("登录已失效。"),
        "place": "",
        "hint": _("请重新登录；未保存的内容请勿关闭本页。"),
        "login": sign_in_page(page),
    }
    return JsonResponse(body, status=401, json_dumps_params={"ensure_ascii": False})


def came_from(request: HttpRequest) -> str:
    """The page of ours, path and query, on which a person sent this; "" when the browser did not say."""
    here = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(here, {request.get_host()}, require_https=request.is_secure()):
        return ""
    parts = urlsplit(here)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def sign_in_page(page: str) -> str:
    """The sign-in page, leading to ``page`` afterwards."""
    login = reverse(settings.LOGIN_URL)
    return f"{login}?{urlencode({'next': page})}" if page else login
