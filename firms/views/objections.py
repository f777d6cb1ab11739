"""异议: raised by a firm on one cell, answered by whoever supplied it."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from firms.forms.answers import cleaned
from firms.forms.objections import ObjectionForm, RejectForm, UpholdForm
from firms.models import Firm, Metric, Objection, Role
from firms.presenters import objections as presenters
from firms.services import objections
from firms.services.refusal import Refusal
from firms.views.guards import role_required
from firms.views.paging import number

firm_only = role_required(Role.FIRM)
answerers_only = role_required(Role.OFFICE, Role.DEPARTMENT)
concerned_only = role_required(Role.FIRM, Role.OFFICE, Role.DEPARTMENT)


def _objection(request: HttpRequest, pk: int) -> Objection:
    return get_object_or_404(Objection.objects.visible_to(request.user).select_related("firm", "department"), pk=pk)


@concerned_only
@require_safe
def objection_list(request: HttpRequest) -> HttpResponse:
    asked = request.GET
    page = presenters.objection_list(
        request.user, state=asked.get("state", ""), q=asked.get("q", "").strip()[:100],
        before=number(asked.get("before", "")),
    )  # fmt: skip
    return render(request, "objections/list.html", {"page": page})


@concerned_only
@require_safe
def objection_detail(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        page = presenters.objection_page(request.user, pk)
    except Objection.DoesNotExist:
        raise Http404 from None
    return render(request, "objections/detail.html", {"page": page})


@firm_only
def objection_new(request: HttpRequest) -> HttpResponse:
    """``?firm=&year=&metric=``: the cell objected to."""
    asked = request.GET
    year = asked.get("year", "")
    try:
        cell = presenters.cell_view(
            request.user, asked.get("firm", ""), number(year[:4]) if len(year) == 4 else 0, asked.get("metric", "")
        )
    except Firm.DoesNotExist:
        raise Http404 from None
    except Metric.DoesNotExist:
        raise Refusal(
            "which_cell", _("没有说明对哪个数据项提出异议。"), hint=_("请在填报表中该项旁点“有异议”。"), status=400
        ) from None
    form, refusal = ObjectionForm(request.POST or None, request.FILES or None, metric=cell.metric), None
    if request.method == "POST" and form.is_valid():
        try:
            data = form.cleaned_data
            made = objections.raise_objection(
                cell.firm, cell.year, cell.metric, claimed=data["claimed"], reason=data["reason"], files=data["evidence"],
                by=request.user,
            )  # fmt: skip
        except Refusal as refused:
            refusal = refused
        else:
            messages.success(request, _("异议已提出，答复后会通知您。"))
            return redirect("firms:objection", pk=made.pk)
    status = refusal.status if refusal else 400 if form.is_bound else 200
    return render(request, "objections/new.html", {"cell": cell, "form": form, "refusal": refusal}, status=status)


@firm_only
@require_POST
def objection_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    objections.withdraw(_objection(request, pk), by=request.user)
    messages.info(request, _("异议已撤回。"))
    return redirect("firms:objection", pk=pk)


@answerers_only
@require_POST
def objection_uphold(request: HttpRequest, pk: int) -> HttpResponse:
    objection = _objection(request, pk)
    objections.uphold(objection, by=request.user, **cleaned(UpholdForm(request.POST)))
    messages.success(request, _("已采纳，更正的数值已生效并通知企业。"))
    return redirect("firms:objection", pk=pk)


@answerers_only
@require_POST
def objection_reject(request: HttpRequest, pk: int) -> HttpResponse:
    objection = _objection(request, pk)
    objections.reject(objection, by=request.user, **cleaned(RejectForm(request.POST)))
    messages.success(request, _("已答复不采纳并通知企业。"))
    return redirect("firms:objection", pk=pk)
