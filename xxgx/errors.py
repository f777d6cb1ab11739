"""Refusals: what, where, why and what to do, in Chinese, as a page or as JSON; never a bare 500.

JSON has one shape everywhere: ``{"code", "message", "place", "hint"}`` (plus ``"fields"`` for a form's own errors).
"""

import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import (
    BadRequest,
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import DataError, IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from firms.services.refusal import Refusal

log = logging.getLogger(__name__)

TOO_LARGE = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)

WORDS = {
    "forbidden": ("您的账号无权进行此操作。", "如确需办理，请联系积分办。"),
    "not_found": ("没有找到您要的内容。", "请检查地址，或从首页重新进入。"),
    "bad_request": ("请求的格式不正确。", "请检查输入后重试。"),
}


def refusal_for(error: BaseException) -> Refusal | None:
    """The refusal an exception amounts to; None when it is a fault of ours and must stay a 500."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, IntegrityError):
        return Refusal(
            "conflict",
            _("与已有记录冲突：同样的记录可能刚被他人登记。"),
            hint=_("请刷新页面核对后再提交。"),
            status=409,
        )
    if isinstance(error, DataError):
        return Refusal("bad_value", _("提交的内容含有无法保存的字符或数值。"), hint=_("请检查后重新提交。"), status=400)
    if isinstance(error, TOO_LARGE):
        return Refusal("too_large", _("提交的内容过大或过多。"), hint=_("请分批提交。"), status=413)
    if isinstance(error, PermissionDenied):
        return _refusal("forbidden", 403)
    if isinstance(error, Http404):
        return _refusal("not_found", 404)
    if isinstance(error, BadRequest | SuspiciousOperation):
        return _refusal("bad_request", 400)
    return None


def _refusal(code: str, status: int) -> Refusal:
    message, hint = WORDS[code]
    return Refusal(code, _(message), hint=_(hint), status=status)


def answer(request: HttpRequest, refusal: Refusal, *names: str) -> HttpResponse:
    """``refusal`` as JSON for programs, as a page for people (the first template there is of ``names``)."""
    if wants_json(request):
        return JsonResponse(as_json(refusal), status=refusal.status, json_dumps_params={"ensure_ascii": False})
    context = {"status": refusal.status, "refusal": refusal, "back": _came_from(request)}
    content = loader.select_template([*names, "errors/409.html"]).render(context, request)
    return HttpResponse(content, status=refusal.status)


def _came_from(request: HttpRequest) -> str:
    """The page of ours whose form was refused; nothing for an address typed in, another site's, or the refused one itself."""
    came = request.headers.get("Referer", "")
    if not came:
        return ""
    try:
        host = request.get_host()
    except DisallowedHost:  # this is the answer to it
        return ""
    ours = url_has_allowed_host_and_scheme(came, {host}, require_https=request.is_secure())
    return came if ours and came != request.build_absolute_uri() else ""


def as_json(refusal: Refusal) -> dict[str, Any]:
    body = {"code": refusal.code, "message": refusal.message, "place": refusal.place, "hint": refusal.hint}
    fields = getattr(refusal, "fields", None)
    return body | {"fields": fields} if fields else body


def wants_json(request: HttpRequest) -> bool:
    if request.path.startswith("/api/"):
        return True
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


class RefusalMiddleware:
    """Turns what views and services refuse into an answer, and keeps NUL from everything behind it.

    Stands before the session's middleware: the key in the cookie is the first text that reaches the database.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # A cookie with NUL is none of ours: as good as not sent.
        for name in [name for name, text in request.COOKIES.items() if "\0" in name + text]:
            del request.COOKIES[name]
        # PostgreSQL cannot store NUL and SQLite can: one answer on both, for every parameter there is.
        if "\0" in request.path or any("\0" in text for pair in request.GET.lists() for text in (pair[0], *pair[1])):
            return answer(
                request,
                Refusal(
                    "bad_value", _("地址中含有空字符。"), place=_("地址"), hint=_("请检查地址后重试。"), status=400
                ),
            )
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        # The rest is for Django's own handlers (handler400 and so on, below).
        refusal = refusal_for(error) if isinstance(error, (Refusal, IntegrityError, DataError, *TOO_LARGE)) else None
        if refusal is None:
            return None
        if isinstance(error, IntegrityError | DataError):
            log.warning("refused with %s: %s %s", refusal.status, request.path, type(error).__name__)
        return answer(request, refusal)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    refusal = refusal_for(exception) if exception else None
    return answer(request, refusal or _refusal("bad_request", 400), "errors/400.html")


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, _refusal("forbidden", 403), "errors/403.html")


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, _refusal("not_found", 404), "errors/404.html")


def server_error(request: HttpRequest) -> HttpResponse:
    refusal = Refusal(
        "server_error",
        _("系统发生错误，本次操作没有保存。"),
        hint=_("请稍后重试；仍不行时请联系系统管理员并说明操作时间。"),
        status=500,
    )
    try:
        return answer(request, refusal, "errors/500.html")
    except Exception:  # the page itself needs what has just failed, such as the database
        return HttpResponse(str(refusal), status=500, content_type="text/plain; charset=utf-8")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    refusal = Refusal("csrf", _("页面已过期，或来源不被信任。"), hint=_("请返回上一页，刷新后重新提交。"), status=403)
    return answer(request, refusal, "errors/403_csrf.html", "errors/403.html")


API_WORDS: dict[type[Exception], tuple[str, str]] = {
    exceptions.NotAuthenticated: ("请先登录。", "登录后重试。"),
    exceptions.AuthenticationFailed: ("登录信息无效。", "请重新登录。"),
    exceptions.PermissionDenied: ("您的账号无权访问。", "如确需办理，请联系积分办。"),
    exceptions.NotFound: ("没有找到您要的内容。", "请检查地址和参数。"),
    exceptions.MethodNotAllowed: ("此地址不支持该请求方法。", "请查阅接口文档。"),
    exceptions.NotAcceptable: ("无法按所要求的格式返回。", "请接受 application/json。"),
    exceptions.UnsupportedMediaType: ("不支持的内容类型。", "请提交 application/json。"),
    exceptions.Throttled: ("请求过于频繁。", "请按 Retry-After 指明的秒数等待后重试。"),
}


def api_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's handler: the same four keys for every refusal, the library's own status and headers kept."""
    refusal = refusal_for(error) if not isinstance(error, Http404 | PermissionDenied) else None
    if refusal is not None:
        set_rollback()
        return Response(as_json(refusal), status=refusal.status)
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    response.data = _api_body(error)
    return response


def _api_body(error: Exception) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        detail: Any = error.detail
        fields = detail if isinstance(detail, dict) else {"": detail}
        place = "、".join(str(name) for name in fields if name)
        first = next(iter(fields.values()), "")
        message = str(first[0]) if isinstance(first, list) and first else str(first)
        return {"code": "invalid", "message": message, "place": place, "hint": _("请更正后重试。"), "fields": fields}
    if isinstance(error, exceptions.ParseError):
        detail = error.detail if isinstance(error.detail, dict) else {"message": error.detail}
        return {
            "code": "malformed",
            "message": str(detail.get("message", "")),
            "place": str(detail.get("place", "")),
            "hint": str(detail.get("hint", _("请更正后重试。"))),
        }
    message, hint = API_WORDS.get(type(error), ("请求未能完成。", "请稍后重试。"))
    code = getattr(error, "default_code", "error")
    return {"code": code, "message": _(message), "place": "", "hint": _(hint)}
