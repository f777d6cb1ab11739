"""后台: who may enter it, through which door, and what becomes of an address nobody can read."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from firms.permissions import may_enter_back_office
from firms.services.refusal import Refusal

log = logging.getLogger(__name__)

OURS = frozenset({"firms", "scoring", "xxgx"})


def readable(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """``view``, with what cannot be read in its address or its form refused as malformed.

    Django's admin hands filters and initial values to the database as they came (``?park=x``, thirty digits for a
    key), some only while the page is rendered. What a page does with data it has accepted stays a fault of ours.
    """

    @wraps(view)
    def reading(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        asked = request.method in {"GET", "HEAD"} and bool(request.GET)
        try:
            response = view(request, *args, **kwargs)
        except (ValueError, OverflowError) as error:
            if not asked:
                raise
            raise _malformed(request, error) from error
        if (asked or request.method == "POST") and hasattr(response, "render") and not response.is_rendered:
            try:
                response.render()
            except (ValueError, OverflowError) as error:
                raise _malformed(request, error) from error
        return response

    return reading


def _malformed(request: HttpRequest, error: Exception) -> Refusal:
    log.warning("malformed request %s: %s", request.path, error, exc_info=error)
    return Refusal(
        "bad_value",
        gettext("条件或内容无法识别。"),
        place=gettext("地址或表单"),
        hint=gettext("请检查后重试。"),
        status=400,
    )


class BackOffice(admin.AdminSite):
    site_header = _("企业创新积分系统后台")
    site_title = _("后台")
    index_title = _("数据与管理")
    empty_value_display = "—"
    enable_nav_sidebar = True

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Only what we present ourselves: a library's own admin knows neither our roles nor our trail."""
        if admin_class is not None and admin_class.__module__.partition(".")[0] in OURS:
            super().register(model_or_iterable, admin_class, **options)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        return super().admin_view(readable(view), cacheable)

    def has_permission(self, request: HttpRequest) -> bool:
        return may_enter_back_office(request.user)

    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """One front door: the lock-out and the audit of sign-ins stand there, not here."""
        if request.user.is_authenticated:
            if self.has_permission(request):
                return HttpResponse(status=302, headers={"Location": resolve_url("admin:index")})
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next", resolve_url("admin:index")), resolve_url(settings.LOGIN_URL))
