"""The office's pages: each view is one call to a presenter or a service."""

from datetime import time

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from firms.models import Firm
from firms.services import jobs
from firms.services.refusal import Refusal
from firms.views.guards import role_required
from scoring.forms import LockPeriodForm, OpenPeriodForm, PublishForm, ScheduleForm, StageForm, WithdrawForm
from scoring.models import EvaluationPeriod, Run
from scoring.presenters import office as present
from scoring.presenters.desk import desk as present_desk
from scoring.services import periods, publication, schedule, stages

office_only = role_required("office")


def valid(form: forms.Form) -> dict:
    """The form's data, or a refusal that names the field."""
    if form.is_valid():
        return form.cleaned_data
    name, errors = next(iter(form.errors.items()))
    label = str(form.fields[name].label) if name in form.fields else ""
    raise Refusal("bad_form", str(errors[0]), place=label, hint=_("请返回上一页更正后重新提交。"), status=400)


@office_only
def desk(request: HttpRequest) -> HttpResponse:
    context = {"desk": present_desk(request.user), "schedule": schedule.get(), "open_form": OpenPeriodForm()}
    return render(request, "office/desk.html", context)


@office_only
def period(request: HttpRequest, year: int) -> HttpResponse:
    try:
        page = present.period_page(request.user, year)
    except EvaluationPeriod.DoesNotExist:
        raise Http404 from None
    return render(request, "office/period.html", {"page": page, "withdraw_form": WithdrawForm()})


@office_only
def run(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        page = present.run_page(request.user, pk)
    except Run.DoesNotExist:
        raise Http404 from None
    return render(request, "office/run.html", {"page": page})


@office_only
@require_POST
def open_period(request: HttpRequest) -> HttpResponse:
    data = valid(OpenPeriodForm(request.POST))
    opened = periods.open_period(data["year"], data["scheme"], by=request.user)
    messages.success(request, _("已建立评价期“%s”。") % opened.name)
    return redirect("scoring:period", year=opened.year_id)


@office_only
@require_POST
def rescore(request: HttpRequest, year: int) -> HttpResponse:
    chosen = get_object_or_404(EvaluationPeriod, year_id=year)
    reason = request.POST.get("reason", "").strip()[:200]
    job = jobs.enqueue("rescore", str(chosen.pk), {"period": chosen.pk, "reason": reason}, by=request.user)
    return redirect("firms:job", pk=job.pk)


@office_only
@require_POST
def publish(request: HttpRequest, year: int) -> HttpResponse:
    chosen = get_object_or_404(EvaluationPeriod, year_id=year)
    data = valid(PublishForm(request.POST))
    run = get_object_or_404(Run, pk=data["run"], period=chosen)
    publication.publish(chosen, run, by=request.user, version=data["version"])
    messages.success(
        request, _("“%(name)s”第%(n)d次计算已发布，公众页面即时生效。") % {"name": chosen.name, "n": run.number}
    )
    return redirect("scoring:period", year=year)


@office_only
@require_POST
def withdraw(request: HttpRequest, year: int) -> HttpResponse:
    chosen = get_object_or_404(EvaluationPeriod, year_id=year)
    data = valid(WithdrawForm(request.POST))
    publication.withdraw(chosen, by=request.user, reason=data["reason"], version=data["version"])
    messages.success(request, _("“%s”已撤回，公众页面不再显示。") % chosen.name)
    return redirect("scoring:period", year=year)


@office_only
@require_POST
def lock(request: HttpRequest, year: int) -> HttpResponse:
    chosen = get_object_or_404(EvaluationPeriod, year_id=year)
    data = valid(LockPeriodForm(request.POST))
    periods.lock(chosen, by=request.user, version=data["version"], reason=data["reason"])
    messages.success(request, _("%d年度数据已锁定，满分值已冻结。") % year)
    return redirect("scoring:period", year=year)


@office_only
@require_POST
def unlock(request: HttpRequest, year: int) -> HttpResponse:
    chosen = get_object_or_404(EvaluationPeriod, year_id=year)
    data = valid(WithdrawForm(request.POST))
    periods.unlock(chosen, by=request.user, reason=data["reason"], version=data["version"])
    messages.success(request, _("%d年度数据已解锁，可以继续修改。") % year)
    return redirect("scoring:period", year=year)


@office_only
@require_POST
def state_stage(request: HttpRequest, year: int) -> HttpResponse:
    chosen = get_object_or_404(EvaluationPeriod.objects.select_related("scheme"), year_id=year)
    data = valid(StageForm(request.POST))
    firm = get_object_or_404(Firm, credit_code=data["credit_code"])
    stages.state_stage(firm, chosen, data["stage"], reason=data["reason"], by=request.user)
    messages.success(request, _("“%s”的企业类型已核定，下次计算时生效。") % firm.name)
    return redirect("scoring:period", year=year)


@office_only
def nightly(request: HttpRequest) -> HttpResponse:
    current = schedule.get()
    form = ScheduleForm(request.POST or None, initial={"at": time(current.hour, current.minute)})
    if request.method == "POST" and form.is_valid():
        at = form.cleaned_data["at"]
        schedule.set(at.hour, at.minute, by=request.user)
        messages.success(request, _("每夜计算时间已改为%s。") % at.strftime("%H:%M"))
        return redirect("scoring:schedule")
    status = 400 if form.is_bound else 200
    return render(request, "office/schedule.html", {"form": form, "schedule": current}, status=status)
