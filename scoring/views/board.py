"""数据大屏: the page, and the small JSON it refreshes itself from. Both say the same to everybody, signed in or not."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from scoring.presenters.board import Board
from scoring.presenters.board import board as present
from scoring.views.caching import look


@require_safe
def board(request: HttpRequest) -> HttpResponse:
    found = present()
    context = {"board": found.values, "etag": _tag(request, found), "version": _version(request)}
    response = render(request, "board/board.html", context)
    response.headers["Cache-Control"] = "no-cache"
    return response


@require_safe
def data(request: HttpRequest) -> HttpResponse:
    """``version``: another one than the page was made with tells it to load itself anew."""
    found = present()
    tag = _tag(request, found)
    response = JsonResponse({"version": _version(request), **found.values}, json_dumps_params={"ensure_ascii": False})
    for name, value in {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Cookie"}.items():
        response.headers[name] = value
    return get_conditional_response(request, etag=tag, response=response) or response  # type: ignore[return-value]


def _version(request: HttpRequest) -> str:
    return f"{look()[:16]}.{getattr(request, 'LANGUAGE_CODE', '')}"


def _tag(request: HttpRequest, found: Board) -> str:
    return f'"{found.etag}.{_version(request)}"'
