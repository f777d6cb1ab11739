"""The office about deadlines: extensions for one firm, reminders to whoever is behind."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from firms.forms.deadlines import ExtensionForm, RemindForm
from firms.models import Extension, Role
from firms.presenters import deadlines as present
from firms.services import extensions, reminders
from firms.services.refusal import Refusal
from firms.views.guards import role_required
from firms.views.paging import number

office_only = role_required(Role.OFFICE)


@office_only
def extension_list(request: HttpRequest) -> HttpResponse:
    """The list, and the form for one more: what the service refuses is said above the form, nothing typed is lost."""
    page = present.extension_page(
        request.user, q=request.GET.get("q", "").strip()[:64], before=number(request.GET.get("before", ""))
    )
    form, refusal = ExtensionForm(request.POST or None, initial={"year": page.year}), None
    if request.method == "POST" and form.is_valid():
        try:
            made = extensions.grant(**form.cleaned_data, by=request.user)
        except Refusal as refused:
            refusal = refused
        else:
            messages.success(request, _("%(firm)s已延至%(day)s。") % {"firm": made.firm.name, "day": made.due_on})
            return redirect("firms:extensions")
    status = refusal.status if refusal else 400 if form.is_bound else 200
    return render(request, "deadlines/extensions.html", {"page": page, "form": form, "refusal": refusal}, status=status)


@office_only
@require_POST
def extension_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    extension = get_object_or_404(Extension.objects.visible_to(request.user), pk=pk)
    extensions.revoke(extension, by=request.user)
    messages.success(request, _("已撤销延期。"))
    return redirect("firms:extensions")


@office_only
def reminder_page(request: HttpRequest) -> HttpResponse:
    log = present.reminder_log(request.GET.get("year", ""))
    survey = reminders.survey(log.year) if log.open else None
    return render(request, "deadlines/reminders.html", {"log": log, "survey": survey})


@office_only
@require_POST
def remind(request: HttpRequest) -> HttpResponse:
    form = RemindForm(request.POST)
    if not form.is_valid():
        raise Refusal("bad_form", _("请选择年度。"), place=_("催报"), hint=_("请返回页面重新提交。"), status=400)
    told = reminders.remind_now(**form.cleaned_data, by=request.user)
    if told:
        messages.success(request, _("已提醒%d人。") % told)
    else:
        messages.info(request, _("没有需要提醒的人，或今天都已提醒过。"))
    return redirect(f"{reverse('firms:reminders')}?year={form.cleaned_data['year']}")
