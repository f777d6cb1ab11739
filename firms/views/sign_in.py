"""Signing in: the password first; where the account has a second factor, there is no session until that was shown too."""

import time
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.contrib import auth, messages
from django.contrib.auth.signals import user_login_failed
from django.contrib.auth.views import LoginView, RedirectURLMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from firms.forms.accounts import CodeForm
from firms.models import User
from firms.services import totp
from firms.views.session import SECOND_FACTOR, sign_in_page

HALFWAY = "halfway"  # who has shown the password: account, backend, hash of the account's session, when
MINUTES = 5


class SignIn(LoginView):
    template_name = "accounts/login.html"

    def form_valid(self, form: Any) -> HttpResponse:
        user: User = form.get_user()
        if not totp.is_on(user):
            return super().form_valid(form)
        self.request.session[HALFWAY] = {
            "user": user.pk, "backend": user.backend, "hash": user.get_session_auth_hash(),  # type: ignore[attr-defined]
            "at": int(time.time()), "next": self.get_redirect_url(),
        }  # fmt: skip
        return redirect("firms:login_code")


@method_decorator([never_cache, sensitive_post_parameters("code")], name="dispatch")
class SecondStep(RedirectURLMixin, FormView):
    """The code after the password. Wrong codes count with wrong passwords and lock like them."""

    template_name = "accounts/login_code.html"
    form_class = CodeForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        halfway = request.session.get(HALFWAY)
        user = _who(halfway) if halfway else None
        if user is None or halfway is None:
            request.session.pop(HALFWAY, None)
            if halfway:
                messages.info(request, _("验证已超时，请重新登录。"))
            return HttpResponseRedirect(sign_in_page(""))
        self.user, self.backend, self.next = user, halfway["backend"], halfway["next"]
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: CodeForm) -> HttpResponse:
        request, credentials = self.request, {"username": self.user.get_username()}
        if not AxesProxyHandler.is_allowed(request, credentials):
            request.axes_locked_out = True  # axes' middleware puts its own page in place of this one
            request.axes_credentials = credentials
            return self.form_invalid(form)
        if not totp.verify(self.user, form.cleaned_data["code"]):
            user_login_failed.send(sender=__name__, credentials=credentials, request=request)
            form.add_error("code", _("动态口令不正确或已用过，请等待新的一组数字后再输入。"))
            return self.form_invalid(form)
        del request.session[HALFWAY]
        auth.login(request, self.user, self.backend)
        request.session[SECOND_FACTOR] = True
        return HttpResponseRedirect(self.next or self.get_default_redirect_url())

    def get_default_redirect_url(self) -> str:
        return LoginView.get_default_redirect_url(self)  # type: ignore[arg-type]


def _who(halfway: dict[str, Any]) -> User | None:
    """The account that has shown its password, if that is not long ago and nothing about it changed since."""
    if time.time() - halfway["at"] > MINUTES * 60:
        return None
    user = User.objects.filter(pk=halfway["user"], is_active=True).first()
    return user if user and constant_time_compare(user.get_session_auth_hash(), halfway["hash"]) else None
