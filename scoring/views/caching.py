"""Public pages kept whole for as long as what is published stays the same.

A published run never changes, so an anonymous page is a pure function of its path, its parameters and the
pointers of publication. Those are read once per request and stand in the key: the moment one moves, every
page is new. Signed-in readers always get their own page.

``published_page`` keeps what a view answers; ``kept_pages``, a middleware, gives it to the next reader before
sessions, forms and addresses are looked at, none of which a kept page has any use for.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import cache as once
from functools import wraps
from pathlib import Path

from django.conf import settings
from django.core.cache.backends.locmem import LocMemCache
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control

from scoring.presenters.published import Pointers, pinned, pointers

SECONDS = 600  # names outside the run (a park renamed in the back office) show after this at the latest
PAGES = 400  # per process, the longest unread go first: made-up addresses cannot fill the memory
# In the process, not in Redis: the pointers in the key keep every process right, and a page costs no second round trip.
pages = LocMemCache("published-pages", {"TIMEOUT": SECONDS, "OPTIONS": {"MAX_ENTRIES": PAGES}})
_VALUE = re.compile(r"[\w.:,=-]{1,64}", re.ASCII)  # what a page of ours puts in its own links
# Path → the parameters that change its page, for the pages kept; as bounded as they are.
_parameters: dict[str, tuple[str, ...]] = {}
View = Callable[..., HttpResponse]


def published_page(*parameters: str) -> Callable[[View], View]:
    """Keep a view's anonymous 200s; ``parameters`` are the query parameters that change the page."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            if not _anonymous(request):
                response = view(request, *args, **kwargs)
                patch_cache_control(response, private=True, no_cache=True)
                return response
            state = pointers()
            key = _key(request, parameters, state)
            kept = pages.get(key) if key else None
            if kept is None:
                with pinned(state):
                    response = view(request, *args, **kwargs)
                if key is None or not _keepable(request, response):
                    return response
                kept = (hashlib.sha256(response.content).hexdigest()[:32], response.content)
                pages.set(key, kept)
                _remember(request.path, parameters)
            return _answer(request, *kept)

        return wrapped

    return decorate


def kept_pages(get_response: View) -> View:
    """Middleware: answer with the page that is kept. Stands behind what guards and marks every answer (see settings)."""

    def answer(request: HttpRequest) -> HttpResponse:
        parameters = _parameters.get(request.path)
        if parameters is None or request.method not in ("GET", "HEAD") or not _anonymous(request):
            return get_response(request)
        request.get_host()  # a host that is not ours is refused here as it is further in
        state = pointers()
        key = _key(request, parameters, state)
        kept = pages.get(key) if key else None
        if kept is not None:
            return _answer(request, *kept)
        with pinned(state):
            return get_response(request)

    return answer


def _remember(path: str, parameters: tuple[str, ...]) -> None:
    for old in list(_parameters)[: 1 - PAGES]:
        _parameters.pop(old, None)
    _parameters[path] = parameters


def _anonymous(request: HttpRequest) -> bool:
    """A visitor without a session. One with a session, even a lapsed one, may be told something of their own."""
    return settings.SESSION_COOKIE_NAME not in request.COOKIES


def _key(request: HttpRequest, parameters: tuple[str, ...], state: Pointers) -> str | None:
    """The page's key, or None for one that is not kept (free text, made-up values, nothing published yet)."""
    if not state:  # before the first publication pages tell what is loaded, and that changes without a pointer
        return None
    asked = request.GET
    query = [(name, asked[name]) for name in parameters if asked.get(name)] if asked else []
    if not all(_VALUE.fullmatch(value) for _, value in query):
        return None
    parts = repr((request.path, getattr(request, "LANGUAGE_CODE", ""), query, state, look()))
    return hashlib.sha256(parts.encode()).hexdigest()


def _keepable(request: HttpRequest, response: HttpResponse) -> bool:
    """Never keep what belongs to one visitor: a form token, a cookie, a pending message."""
    return (
        response.status_code == 200
        and not response.streaming
        and not response.cookies
        and not request.META.get("CSRF_COOKIE_NEEDS_UPDATE")
        and "messages" not in request.COOKIES
    )


def _answer(request: HttpRequest, etag: str, content: bytes) -> HttpResponse:
    tag = f'"{etag}"'
    # Keep it, but ask each time: publication shows at once.
    headers = {"ETag": tag, "Cache-Control": "public, no-cache", "Vary": "Cookie"}
    response = HttpResponse(content, headers=headers)
    response = get_conditional_response(request, etag=tag, response=response) or response
    response.headers["Content-Length"] = str(len(response.content))
    return response


@once
def look() -> str:
    """A digest of what pages are made from, so that an update of the site is not hidden by kept pages."""
    digest = hashlib.sha256(str(settings.DEMO).encode())
    for folder in ("templates", "static", "scoring/presenters", "locale"):
        for path in sorted(Path(settings.BASE_DIR, folder).rglob("*")):
            if path.is_file() and path.suffix in {".html", ".css", ".js", ".svg", ".py", ".mo"}:
                digest.update(f"{path.name} {path.stat().st_mtime_ns} ".encode())
    return digest.hexdigest()
