"""后台: who may enter it, and through which door."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.translation import gettext_lazy as _

from firms.permissions import may_enter_back_office

OURS = frozenset({"firms", "scoring", "xxgx"})


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

    def has_permission(self, request: HttpRequest) -> bool:
        return may_enter_back_office(request.user)

    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """One front door: the lock-out and the audit of sign-ins stand there, not here."""
        if request.user.is_authenticated:
            if self.has_permission(request):
                return HttpResponse(status=302, headers={"Location": resolve_url("admin:index")})
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next", resolve_url("admin:index")), resolve_url(settings.LOGIN_URL))
