"""企业账号: who speaks for a firm, invitations out, and the page an invitation leads to."""

from django.contrib import auth, messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from firms.forms.enrolments import AcceptForm, InvitationForm
from firms.models import Firm, Invitation, Role
from firms.presenters import enrolments as presenters
from firms.services import invitations, members
from firms.services.refusal import Refusal
from firms.views.guards import role_required

concerned = role_required(Role.FIRM, Role.OFFICE)


def _firm(request: HttpRequest, credit_code: str) -> Firm:
    return get_object_or_404(Firm.objects.visible_to(request.user), credit_code=credit_code)


@require_safe
@concerned
def own(request: HttpRequest) -> HttpResponse:
    """Straight to the firm, an account's own or the one the office looks for, or a choice where there are several."""
    asked = request.GET.get("firm", "")
    firms, empty = presenters.choice(request.user, asked)
    if len(firms) == 1:
        return redirect("firms:firm_members", credit_code=firms[0].credit_code)
    return render(request, "accounts/members_choose.html", {"firms": firms, "empty": empty, "asked": asked[:100]})


@never_cache
@require_safe
@concerned
def firm_members(request: HttpRequest, credit_code: str) -> HttpResponse:
    page = presenters.members(request.user, _firm(request, credit_code))
    return render(request, "accounts/members.html", {"page": page, "form": InvitationForm()})


@require_POST
@concerned
def invite(request: HttpRequest, credit_code: str) -> HttpResponse:
    firm, form, refusal = _firm(request, credit_code), InvitationForm(request.POST), None
    if form.is_valid():
        try:
            invitations.invite(firm=firm, by=request.user, **form.cleaned_data)
        except Refusal as refused:
            refusal = refused
        else:
            messages.success(request, _("邀请已发往%(email)s，7天内有效。") % {"email": form.cleaned_data["email"]})
            return redirect("firms:firm_members", credit_code=credit_code)
    context = {"page": presenters.members(request.user, firm), "form": form, "refusal": refusal}
    return render(request, "accounts/members.html", context, status=refusal.status if refusal else 400)


@require_POST
@concerned
def change_kind(request: HttpRequest, credit_code: str, pk: int) -> HttpResponse:
    membership = get_object_or_404(_firm(request, credit_code).memberships, pk=pk)
    members.change_kind(membership, kind=request.POST.get("kind", ""), by=request.user)
    messages.success(request, _("身份已变更。"))
    return redirect("firms:firm_members", credit_code=credit_code)


@require_POST
@concerned
def remove(request: HttpRequest, credit_code: str, pk: int) -> HttpResponse:
    membership = get_object_or_404(_firm(request, credit_code).memberships.select_related("user"), pk=pk)
    members.remove(membership, by=request.user)
    if membership.user_id == request.user.pk:
        auth.logout(request)
        return redirect("firms:login")
    messages.success(request, _("已移除%(name)s，其登录随即失效。") % {"name": membership.user})
    return redirect("firms:firm_members", credit_code=credit_code)


@require_POST
@concerned
def revoke(request: HttpRequest, credit_code: str, pk: int) -> HttpResponse:
    invitation = get_object_or_404(Invitation.objects.visible_to(request.user), pk=pk, firm__credit_code=credit_code)
    invitations.revoke(invitation, by=request.user)
    messages.info(request, _("邀请已撤回。"))
    return redirect("firms:firm_members", credit_code=credit_code)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password1", "password2")
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Where the link in the mail leads: a new account, or one's own account joins."""
    found = invitations.found(token)
    if found is None:
        raise invitations.gone()
    form = AcceptForm(request.POST or None, initial={"name": found.name})
    if form.is_valid():
        try:
            user = invitations.accept_new(
                token, name=form.cleaned_data["name"], password=form.cleaned_data["password1"]
            )
        except ValidationError as weak:
            form.add_error("password1", weak)
        else:
            messages.success(request, _("账号已开设，请用用户名“%(name)s”登录。") % {"name": user.username})
            return redirect("firms:login")
    page = presenters.invitation(request.user, found)
    context = {"page": page, "form": form, "token": token}
    return render(request, "accounts/invitation.html", context, status=400 if form.is_bound else 200)


@require_POST
@login_required
def join(request: HttpRequest, token: str) -> HttpResponse:
    invitations.accept_as(token, by=request.user)
    messages.success(request, _("已加入，可以为该企业填报。"))
    return redirect("home")
