"""One's own account: password, contact details, address; and a password forgotten."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import PasswordChangeView, PasswordResetConfirmView
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from firms.forms.accounts import ContactForm, ForgottenForm, NewEmailForm
from firms.presenters import accounts as presenters
from firms.services import accounts
from firms.views.guards import MISTAKES, guessing_ends_the_session, mistaken
from firms.views.throttle import throttled


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
        wrong = form.has_error("old_password", "password_incorrect")
        return (wrong and mistaken(self.request)) or super().form_invalid(form)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """账号设置: who one is, what one may change oneself."""
    form = ContactForm(request.POST or None, user=request.user)
    if form.is_valid():
        accounts.change_contact(by=request.user, **form.cleaned_data)
        messages.success(request, _("联系方式已保存。"))
        return redirect("firms:account")
    context = {"page": presenters.account(request.user), "form": form, "email_form": NewEmailForm()}
    return render(request, "accounts/account.html", context, status=400 if form.is_bound else 200)


@require_POST
@login_required
@sensitive_post_parameters("password")
@guessing_ends_the_session
def email_change(request: HttpRequest) -> HttpResponse:
    form = NewEmailForm(request.POST)
    if not form.is_valid():
        context = {
            "page": presenters.account(request.user), "form": ContactForm(user=request.user), "email_form": form
        }  # fmt: skip
        return render(request, "accounts/account.html", context, status=400)
    accounts.ask_new_email(**form.cleaned_data, by=request.user)
    messages.info(request, _("确认邮件已发往新邮箱，请在24小时内打开其中的链接；确认之前仍用原邮箱。"))
    return redirect("firms:account")


@never_cache
@login_required
def email_confirm(request: HttpRequest, seal: str) -> HttpResponse:
    """The page behind the link asks once more: a mail scanner that follows links changes nothing."""
    if request.method == "POST":
        email = accounts.confirm_new_email(seal, by=request.user)
        messages.success(request, _("电子邮箱已改为%(email)s。") % {"email": email})
        return redirect("firms:account")
    return render(request, "accounts/email_confirm.html")


@never_cache
@throttled("reset")
def forgotten(request: HttpRequest) -> HttpResponse:
    """The same answer whether the address is known or not."""
    form = ForgottenForm(request.POST or None)
    if form.is_valid():
        accounts.ask_reset(form.cleaned_data["email"])
        return redirect("firms:password_forgotten_done")
    return render(request, "accounts/forgotten.html", {"form": form}, status=400 if form.is_bound else 200)


def forgotten_done(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/forgotten_done.html")


@method_decorator(never_cache, name="dispatch")
class PasswordSet(PasswordResetConfirmView):
    """Where the link in a mail leads, of an account just opened or a password forgotten. Signs nobody in."""

    template_name = "accounts/password_set.html"
    success_url = reverse_lazy("firms:login")

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        accounts.password_set_by_mail(form.user)
        messages.success(self.request, _("密码已设置，请用用户名“%(name)s”登录。") % {"name": form.user.username})
        return response
