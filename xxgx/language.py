"""Who reads in English: those who asked for it here, and nobody else.

Chinese is the language of the house whatever a browser says it prefers; the switch in a page's head is remembered in a
cookie. The request itself goes on in Chinese (``xxgx.english``): only what is written for the reader is turned, pages by the
template engine, the JSON a page's scripts ask for here.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django.views.i18n import JavaScriptCatalog

from xxgx.english.sentences import in_english, of_json

ENGLISH = "en"
CHINESE = settings.LANGUAGE_CODE
OFFICIAL = "/api/"  # programs read what the record says
BACK_OFFICE = "/admin/"  # Django's own texts are made while it works; it has them in both languages
# What somebody typed and a script puts back into a form, and markup, which a template has read already.
AS_IT_IS = frozenset({"theirs", "html"})
View = Callable[[HttpRequest], HttpResponse]


def of_reader(get_response: View) -> View:
    """Middleware: ``request.LANGUAGE_CODE``. For a reader of Chinese it costs one look at the cookies."""

    def answer(request: HttpRequest) -> HttpResponse:
        if request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME) != ENGLISH or request.path.startswith(OFFICIAL + "v"):
            request.LANGUAGE_CODE = CHINESE
            return get_response(request)
        request.LANGUAGE_CODE = ENGLISH
        if request.path.startswith(BACK_OFFICE):
            with translation.override(ENGLISH):
                response = get_response(request)
        else:
            response = get_response(request)
        return _for_scripts(response)

    return answer


def _for_scripts(response: HttpResponse) -> HttpResponse:
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    if (
        kind not in {"application/json", "text/plain"}
        or response.streaming
        or "Content-Disposition" in response.headers
    ):
        return response
    if kind == "text/plain":
        response.content = in_english(response.text)
    elif response.content:
        response.content = json.dumps(_read(json.loads(response.content)), ensure_ascii=False)
    if "Content-Length" in response.headers:
        response.headers["Content-Length"] = str(len(response.content))
    return response


def _read(value: object) -> object:
    if isinstance(value, dict):
        return {key: item if key in AS_IT_IS else _read(item) for key, item in value.items()}
    return [_read(item) for item in value] if isinstance(value, list) else of_json(value)


@require_safe
def choose(request: HttpRequest, language: str) -> HttpResponse:
    """The switch: remembers the language and goes back to the page one came from, its query kept.

    Only a cookie of the reader's own is written, so a link does it, without a script and without a form's token, which a
    page kept for everybody cannot carry.
    """
    if language not in dict(settings.LANGUAGES):
        raise Http404
    response = HttpResponseRedirect(_came_from(request))
    if language == CHINESE:
        response.delete_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            path=settings.LANGUAGE_COOKIE_PATH,
            samesite="Lax",
        )
    else:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            path=settings.LANGUAGE_COOKIE_PATH,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite="Lax",
        )
    response.headers["Cache-Control"] = "no-store"
    return response


def _came_from(request: HttpRequest) -> str:
    came = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(came, {request.get_host()}, require_https=request.is_secure())
    return came if came and ours else "/"


@require_safe
@cache_control(public=True, max_age=600)
def script(request: HttpRequest) -> HttpResponseBase:
    """``gettext`` for the scripts of an English page; a Chinese one has none, and its scripts say what they are written with."""
    with translation.override(ENGLISH):
        return JavaScriptCatalog.as_view(domain="djangojs", packages=["xxgx"])(request)
