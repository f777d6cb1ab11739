"""The office's review desk: each view is one call to a presenter or a service."""

from urllib.parse import parse_qsl, urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from firms.exports import download
from firms.models import FirmReport, Reopening
from firms.services import audit, reopenings, reviews
from firms.views.guards import role_required
from scoring.exports import review_export
from scoring.forms import DecideReopeningForm, EditionForm, ManyForm, ReopenForm, ReturnForm
from scoring.presenters.review import queue_page
from scoring.presenters.review_report import report_page
from scoring.views.office import valid

office_only = role_required("office")
TOLD = 5  # failures named one by one


@office_only
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    return render(request, "review/queue.html", {"page": queue_page(request.user, request.GET.dict())})


@office_only
@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """The queue as seen: the page's own conditions, all rows."""
    found = review_export(request.user, request.GET.dict())
    response, count = download(found.table, found.file_name, "xlsx")
    said = _("导出%(title)s，%(n)d行（%(conditions)s）") % {
        "title": found.table.title, "n": count, "conditions": found.conditions,
    }  # fmt: skip
    audit.record("report.export", said, by=request.user, after={"rows": count, "conditions": found.conditions})
    return response


@office_only
@require_POST
def decide_many(request: HttpRequest) -> HttpResponse:
    if not request.POST.getlist("chosen"):
        messages.warning(request, _("没有勾选任何一份。请先在表格左侧勾选要处理的填报表。"))
        return _back_to_queue(request)
    form = ManyForm(request.POST)
    data = valid(form)
    if data["verb"] == "accept":
        outcomes = reviews.accept_many(form.editions(), by=request.user)
    else:
        outcomes = reviews.return_many(form.editions(), reason=data["reason"], by=request.user)
    _tell_outcomes(request, outcomes, _("通过") if data["verb"] == "accept" else _("退回"))
    return _back_to_queue(request)


def _tell_outcomes(request: HttpRequest, outcomes: list[reviews.Outcome], verb: str) -> None:
    done = sum(outcome.done for outcome in outcomes)
    failed = [outcome for outcome in outcomes if not outcome.done]
    if done:
        messages.success(request, _("已%(verb)s%(n)d份填报表。") % {"verb": verb, "n": done})
    for outcome in failed[:TOLD]:
        messages.warning(request, f"{outcome.firm}：{outcome.message}")
    if len(failed) > TOLD:
        messages.warning(request, _("另有%d份没有处理，请刷新后查看。") % (len(failed) - TOLD))


@office_only
@require_GET
def report(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        page = report_page(request.user, pk)
    except FirmReport.DoesNotExist:
        raise Http404 from None
    # The queue's own conditions travel along, so that sixty forms can be gone through without setting them again.
    query = urlencode(parse_qsl(request.GET.urlencode())) or urlencode({"year": page.report.year})
    return render(request, "review/report.html", {"page": page, "query": query})


@office_only
@require_POST
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    chosen = _report(request, pk)
    reviews.accept(chosen, edition=valid(EditionForm(request.POST))["edition"], by=request.user)
    messages.success(request, _("“%s”的填报表已通过，所填数据已生效。") % chosen.firm.name)
    return _back_to_queue(request, chosen)


@office_only
@require_POST
def return_(request: HttpRequest, pk: int) -> HttpResponse:
    chosen, form = _report(request, pk), ReturnForm(request.POST)
    data = valid(form)
    reviews.return_(chosen, edition=data["edition"], remarks=form.remarks(), by=request.user, due_on=data["due_on"])
    messages.success(request, _("“%s”的填报表已退回，原因已告知企业。") % chosen.firm.name)
    return _back_to_queue(request, chosen)


@office_only
@require_POST
def ask_reopening(request: HttpRequest, pk: int) -> HttpResponse:
    chosen = _report(request, pk)
    reopenings.ask(chosen, reason=valid(ReopenForm(request.POST))["reason"], by=request.user)
    messages.success(request, _("已申请重新开放，请另一位工作人员复核。"))
    return redirect("scoring:review_report", pk=pk)


@office_only
@require_POST
def decide_reopening(request: HttpRequest, pk: int) -> HttpResponse:
    seen = FirmReport.objects.visible_to(request.user)
    asked = get_object_or_404(Reopening.objects.select_related("report"), pk=pk, report__in=seen)
    data = valid(DecideReopeningForm(request.POST))
    reopenings.decide(asked, granted=data["granted"] == "1", by=request.user, note=data["note"])
    messages.success(
        request,
        _("已同意重新开放，企业可以修改。")
        if data["granted"] == "1"
        else _("没有同意重新开放，已通过的数据继续有效。"),
    )
    return redirect("scoring:review_report", pk=asked.report_id)


def _report(request: HttpRequest, pk: int) -> FirmReport:
    return get_object_or_404(FirmReport.objects.visible_to(request.user).select_related("firm"), pk=pk)


def _back_to_queue(request: HttpRequest, chosen: FirmReport | None = None) -> HttpResponse:
    """As it was left: the conditions come with the form."""
    query = parse_qsl(request.POST.get("query", "")[:1000]) or ([("year", str(chosen.year))] if chosen else [])
    return redirect(f"{reverse('scoring:review')}?{urlencode(query)}")
