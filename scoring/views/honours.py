"""荣誉榜: for readers, and the office's desk for it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from firms.exports import FORMATS, download
from firms.models import Role
from firms.permissions import may_export
from firms.services import audit
from firms.views.guards import role_required
from firms.views.paging import number
from scoring.exports import honours_export
from scoring.forms import HonoursForm, WithdrawForm, bands_of
from scoring.models import EvaluationPeriod, HonourList
from scoring.policies import USUAL_BANDS
from scoring.presenters.honours import HonourPage, honour_page
from scoring.presenters.honours_office import honours_desk
from scoring.services import honours
from scoring.views.caching import published_page
from scoring.views.office import valid
from scoring.views.public import whole_number

office_only = role_required(Role.OFFICE)


def _asked(request: HttpRequest) -> HonourPage:
    asked = request.GET
    year, page = whole_number(asked.get("year", "")), number(asked.get("page", "")) or 1
    return honour_page(year, asked.get("stage", ""), asked.get("cluster", ""), page)


@require_safe
@published_page("year", "stage", "cluster", "page")
def public_page(request: HttpRequest) -> HttpResponse:
    context = {"page": _asked(request), "may_export": may_export(request.user)}
    return render(request, "honours/page.html", context)


@require_GET
@login_required
def export(request: HttpRequest, format: str) -> HttpResponseBase:
    """The stage or industry as seen: all its bands, all their firms."""
    if not may_export(request.user):
        raise PermissionDenied
    if format not in FORMATS:
        raise Http404
    made = honours_export(_asked(request))
    response, count = download(made.table, made.file_name, format)
    audit.record(
        "honours.export", f"导出{made.table.title}，{count}行", by=request.user, target=made.honours,
        after={"format": format, "rows": count, "group": made.group},
    )  # fmt: skip
    return response


@office_only
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("bands", "")
    page = honours_desk(whole_number(request.GET.get("year", "")), bands_of(text) if text else USUAL_BANDS)
    context = {"page": page, "text": text or "、".join(map(str, page.bands)), "withdraw_form": WithdrawForm()}
    return render(request, "honours/office.html", context, status=400 if page.refusal else 200)


@office_only
@require_POST
def issue(request: HttpRequest) -> HttpResponse:
    data = valid(HonoursForm(request.POST))
    period = get_object_or_404(EvaluationPeriod.objects.visible_to(request.user), year_id=data["year"])
    honours.issue(period, bands_of(data["bands"]), version=data["version"], by=request.user)
    messages.success(request, _("荣誉榜已公布，公众现在可以看到。"))
    return redirect(f"{reverse('scoring:office_honours')}?year={period.year_id}")


@office_only
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(HonourList.objects.select_related("run__period"), pk=pk)
    honours.withdraw(row, **valid(WithdrawForm(request.POST)), by=request.user)
    messages.success(request, _("荣誉榜已撤下，公众不再看到。"))
    return redirect(f"{reverse('scoring:office_honours')}?year={row.run.period.year_id}")
