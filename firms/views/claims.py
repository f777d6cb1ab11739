"""台账申报: a firm's pages, and the department's queue. Each view is one call to a service or presenter."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from firms.forms.answers import cleaned
from firms.forms.claims import AnswerForm, ClaimForm, PicksForm
from firms.importing.claims import CLAIMABLE, FIELDS
from firms.models import Department, Firm, RegisterClaim, Role
from firms.presenters import claims as presenters
from firms.services import claims
from firms.services.refusal import Refusal
from firms.views.guards import role_required
from firms.views.paging import number

firm_only = role_required(Role.FIRM)
verifiers_only = role_required(Role.OFFICE, Role.DEPARTMENT)
concerned_only = role_required(Role.FIRM, Role.OFFICE, Role.DEPARTMENT)


def _claim(request: HttpRequest, pk: int) -> RegisterClaim:
    return get_object_or_404(RegisterClaim.objects.visible_to(request.user).select_related("firm"), pk=pk)


@firm_only
@require_safe
def claim_list(request: HttpRequest) -> HttpResponse:
    page = presenters.claims_page(request.user, request.GET.get("firm", ""))
    return render(request, "claims/list.html", {"page": page})


@firm_only
def claim_new(request: HttpRequest, credit_code: str, kind: str) -> HttpResponse:
    firm = get_object_or_404(Firm.objects.visible_to(request.user), credit_code=credit_code)
    if kind not in CLAIMABLE:
        raise Http404
    form = ClaimForm(request.POST or None, request.FILES or None, kind=kind)

    def save() -> RegisterClaim:
        return claims.draft(firm, kind, form.fact, files=form.cleaned_data["evidence"], by=request.user)

    return _saved(request, form, save, {"firm": firm, "kind": form.spec.name})


@firm_only
def claim_edit(request: HttpRequest, pk: int) -> HttpResponse:
    claim = _claim(request, pk)
    if claim.state not in claims.EDITABLE:
        return redirect("firms:claim", pk=pk)
    initial = {name: getattr(claim, name) for name in FIELDS} | {"version": claim.version}
    form = ClaimForm(request.POST or None, request.FILES or None, kind=claim.kind, initial=initial)

    def save() -> RegisterClaim:
        data = form.cleaned_data
        return claims.edit(claim, form.fact, version=data["version"] or 0, files=data["evidence"], by=request.user)

    return _saved(request, form, save, {"firm": claim.firm, "kind": form.spec.name, "claim": claim})


def _saved(request: HttpRequest, form: ClaimForm, save: Callable[[], RegisterClaim], shown: dict) -> HttpResponse:
    """The form's page again with what is wrong with it, or on to the claim."""
    refusal = None
    if request.method == "POST" and form.is_valid():
        try:
            claim = save()
        except Refusal as refused:
            refusal = refused
        else:
            messages.success(request, _("已保存。核对无误后由企业管理员提交。"))
            return redirect("firms:claim", pk=claim.pk)
    status = refusal.status if refusal else 400 if form.is_bound else 200
    return render(request, "claims/form.html", shown | {"form": form, "refusal": refusal}, status=status)


@concerned_only
@require_safe
def claim_detail(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        page = presenters.claim_page(request.user, pk)
    except RegisterClaim.DoesNotExist:
        raise Http404 from None
    return render(request, "claims/detail.html", {"page": page})


@firm_only
@require_POST
def claim_submit(request: HttpRequest, pk: int) -> HttpResponse:
    claims.submit(_claim(request, pk), version=_version(request), by=request.user)
    messages.success(request, _("已提交，等待部门核验。"))
    return redirect("firms:claim", pk=pk)


@firm_only
@require_POST
def claim_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    claims.withdraw(_claim(request, pk), version=_version(request), by=request.user)
    messages.info(request, _("已撤回，可以修改后重新提交。"))
    return redirect("firms:claim", pk=pk)


@firm_only
@require_POST
def claim_discard(request: HttpRequest, pk: int) -> HttpResponse:
    claim = claims.discard(_claim(request, pk), version=_version(request), by=request.user)
    messages.info(request, _("已删除这份没有提交的申报。"))
    return redirect(f"{reverse('firms:claims')}?firm={claim.firm.credit_code}")


def _version(request: HttpRequest) -> int:
    return cleaned(AnswerForm(request.POST))["version"]


@verifiers_only
@require_safe
def claim_queue(request: HttpRequest) -> HttpResponse:
    asked = request.GET
    page = presenters.queue_page(
        request.user, state=asked.get("state", ""), kind=asked.get("kind", ""),
        q=asked.get("q", "").strip()[:100], before=number(asked.get("before", "")),
    )  # fmt: skip
    return render(request, "claims/queue.html", {"page": page})


@verifiers_only
@require_POST
def claim_verify(request: HttpRequest, pk: int) -> HttpResponse:
    claim, data = _claim(request, pk), cleaned(AnswerForm(request.POST))
    claims.verify(claim, version=data["version"], answer=data["answer"], by=request.user)
    messages.success(request, _("已核验“%s”，计入台账。") % claim.title)
    return redirect("firms:claim_queue")


@verifiers_only
@require_POST
def claim_refuse(request: HttpRequest, pk: int) -> HttpResponse:
    claim, data = _claim(request, pk), cleaned(AnswerForm(request.POST))
    claims.refuse(claim, version=data["version"], answer=data["answer"], by=request.user)
    messages.success(request, _("已答复“%s”不予认定。") % claim.title)
    return redirect("firms:claim_queue")


@verifiers_only
@require_POST
def claim_hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    claim, data = _claim(request, pk), cleaned(AnswerForm(request.POST))
    to = get_object_or_404(Department, code=data["department"])
    claims.hand_over(claim, to, version=data["version"], by=request.user)
    messages.success(request, _("“%(title)s”已转%(to)s核验。") % {"title": claim.title, "to": to.name})
    return redirect("firms:claim_queue")


@verifiers_only
@require_POST
def claim_verify_many(request: HttpRequest) -> HttpResponse:
    picked = cleaned(PicksForm(request.POST))["picks"]
    rows = RegisterClaim.objects.visible_to(request.user).select_related("firm").filter(pk__in=picked)
    outcome = claims.verify_many([(row, picked[row.pk]) for row in rows], by=request.user)
    if outcome.done:
        messages.success(request, _("已核验%d条，计入台账。") % outcome.done)
    for claim, refusal in outcome.refused[:10]:
        messages.warning(request, _("“%(title)s”没有核验：%(why)s") % {"title": claim.title, "why": refusal})
    found = {name: request.POST.get(name, "")[:100] for name in ("kind", "q")}
    return redirect(
        f"{reverse('firms:claim_queue')}?{urlencode(found)}" if any(found.values()) else "firms:claim_queue"
    )
