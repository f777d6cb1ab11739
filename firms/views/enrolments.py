"""企业注册 by anybody, 注册审批 by the office."""

from pathlib import PurePath

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from firms.forms.enrolments import EnrolmentForm
from firms.models import Enrolment, Role
from firms.presenters import enrolments as presenters
from firms.services import audit, enrolments
from firms.services.refusal import Refusal
from firms.views.guards import role_required
from firms.views.paging import number
from firms.views.throttle import throttled

office_only = role_required(Role.OFFICE)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@throttled("enrolment")
def enrol(request: HttpRequest) -> HttpResponse:
    """The same answer whether the firm, the person or the address is known."""
    form = EnrolmentForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        try:
            enrolments.apply(**form.cleaned_data)
        except Refusal as refused:
            form.add_error("letter", f"{refused.message}{refused.hint}")
        else:
            return redirect("firms:enrol_done")
    return render(request, "accounts/enrol.html", {"form": form}, status=400 if form.is_bound else 200)


@require_safe
def enrol_done(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/enrol_done.html")


@never_cache
@require_safe
@office_only
def queue(request: HttpRequest) -> HttpResponse:
    page = presenters.queue(
        request.user, state=request.GET.get("state", ""), before=number(request.GET.get("before", ""))
    )
    return render(request, "accounts/enrolments.html", {"page": page})


@office_only
@require_POST
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Enrolment, pk=pk)
    enrolments.approve(row, by=request.user)
    messages.success(request, _("已通过，账号已开设，设置密码的方法已发往%(email)s。") % {"email": row.email})
    return redirect("firms:enrolments")


@office_only
@require_POST
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Enrolment, pk=pk)
    enrolments.refuse(row, reason=request.POST.get("reason", "")[:500], by=request.user)
    messages.info(request, _("已退回，原因已发往%(email)s。") % {"email": row.email})
    return redirect("firms:enrolments")


@require_safe
@office_only
def letter(request: HttpRequest, pk: int) -> FileResponse:
    """The letter as uploaded; never opened by the browser."""
    row = get_object_or_404(Enrolment, pk=pk)
    if not row.letter:
        raise Http404
    audit.record("enrolment.letter", f"下载授权书：{row.firm_name}", by=request.user, target=row)
    name = f"授权书-{row.credit_code}{PurePath(row.letter.name).suffix}"
    response = FileResponse(row.letter.open("rb"), as_attachment=True, filename=name)
    response["Content-Type"] = "application/octet-stream"
    return response
