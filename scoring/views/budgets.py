"""资金预算: each view is one call to a presenter or a service."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from firms.exports import FORMATS, download
from firms.services import audit
from firms.services.refusal import Refusal
from firms.views.guards import role_required
from scoring.forms import BudgetForm, PaymentForm, VoidForm
from scoring.models import Payment
from scoring.presenters import budgets as present
from scoring.services import budgets
from scoring.views.office import valid

office_only = role_required("office")


@office_only
def budget_list(request: HttpRequest) -> HttpResponse:
    """The budgets, the payments, and the form for one more: what is refused is said above the form, nothing typed is lost."""
    page = present.budget_page(request.GET)
    form, refusal = PaymentForm(request.POST or None, year=page.asked.year), None
    if request.method == "POST" and form.is_valid():
        try:
            payment, made = budgets.record_payment(**form.cleaned_data, by=request.user)
        except Refusal as refused:
            refusal = refused
        else:
            _say(request, payment, made)
            return redirect(f"{reverse('scoring:budgets')}?year={payment.budget.year}")
    status = refusal.status if refusal else 400 if form.is_bound else 200
    context = {"page": page, "form": form, "refusal": refusal, "purposes": present.Budget.Purpose.choices}
    return render(request, "budgets/list.html", context, status=status)


@office_only
@require_POST
def budget_set(request: HttpRequest) -> HttpResponse:
    budget = budgets.set_budget(**valid(BudgetForm(request.POST)), by=request.user)
    messages.success(request, _("%s的预算已保存。") % budget)
    return redirect(f"{reverse('scoring:budgets')}?year={budget.year}")


@office_only
@require_POST
def payment_void(request: HttpRequest, pk: int) -> HttpResponse:
    payment = budgets.void_payment(get_object_or_404(Payment, pk=pk), **valid(VoidForm(request.POST)), by=request.user)
    messages.success(request, _("“%s”已作废，不再计入支出。") % payment.title)
    return redirect(f"{reverse('scoring:budgets')}?year={payment.budget.year}")


@office_only
@require_GET
def budget_export(request: HttpRequest, format: str) -> HttpResponseBase:
    if format not in FORMATS:
        raise Http404
    export = present.payment_export(request.GET)
    response, count = download(export.table, export.file_name, format)
    audit.record(
        "payment.export",
        f"导出{export.file_name}，{count}行（{export.conditions}）",
        by=request.user,  # type: ignore[arg-type]
        after={"format": format, "rows": count, "conditions": export.conditions},
    )
    return response


def _say(request: HttpRequest, payment: Payment, made: bool) -> None:
    if made:
        messages.success(request, _("已登记支出“%s”。") % payment.title)
    else:
        messages.info(request, _("这笔支出已经登记过，没有重复登记。"))
