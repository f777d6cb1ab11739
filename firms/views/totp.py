"""动态口令: setting it up, new recovery codes, switching it off."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from firms.presenters import accounts as presenters
from firms.services import totp
from firms.services.refusal import Refusal
from firms.views.guards import guessing_ends_the_session
from firms.views.session import SECOND_FACTOR


@never_cache
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/totp.html", {"page": presenters.second_factor(request.user)})


@require_POST
@login_required
def begin(request: HttpRequest) -> HttpResponse:
    totp.begin(by=request.user)
    return redirect("firms:totp_confirm")


@never_cache
@login_required
@sensitive_post_parameters("code")
def confirm(request: HttpRequest) -> HttpResponse:
    refusal = None
    if request.method == "POST":
        try:
            codes = totp.confirm(
                request.POST.get("code", "")[:50], by=request.user, session_key=request.session.session_key
            )
        except Refusal as refused:
            refusal = refused
        else:
            request.session[SECOND_FACTOR] = True
            return render(request, "accounts/totp_codes.html", {"codes": codes})
    device = totp.pending(request.user)
    if device is None:
        return redirect("firms:totp")
    context = {"page": presenters.setting_up(device), "refusal": refusal}
    return render(request, "accounts/totp_confirm.html", context, status=refusal.status if refusal else 200)


@require_POST
@login_required
@sensitive_post_parameters("password")
@guessing_ends_the_session
def renew_codes(request: HttpRequest) -> HttpResponse:
    codes = totp.renew_codes(request.POST.get("password", ""), by=request.user)
    return render(request, "accounts/totp_codes.html", {"codes": codes})


@require_POST
@login_required
@sensitive_post_parameters("password")
@guessing_ends_the_session
def disable(request: HttpRequest) -> HttpResponse:
    totp.disable(request.POST.get("password", ""), by=request.user)
    messages.success(request, _("动态口令已停用。"))
    return redirect("firms:totp")
