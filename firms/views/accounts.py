"""One's own password."""

from typing import Any

from django.contrib import auth, messages
from django.contrib.auth.views import PasswordChangeView
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.translation import gettext as _

from firms.services import accounts

MISTAKES = "password_mistakes"
ALLOWED = 5


class PasswordChange(PasswordChangeView):
    """A session left open is not a way to guess its owner's password: after five wrong ones it ends."""

    template_name = "accounts/password_change.html"
    success_url = reverse_lazy("firms:password_changed")

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        accounts.password_changed(form.user)
        self.request.session.pop(MISTAKES, None)
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        if not form.has_error("old_password", "password_incorrect"):
            return super().form_invalid(form)
        accounts.password_mistaken(form.user)
        session = self.request.session
        session[MISTAKES] = session.get(MISTAKES, 0) + 1
        if session[MISTAKES] < ALLOWED:
            return super().form_invalid(form)
        auth.logout(self.request)
        messages.error(self.request, _("原密码连续输错五次，已退出登录。"))
        return redirect("firms:login")
