"""完整率: by department and metric, the firms missing under each, and firm by firm."""

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from firms import exports
from firms.models import Metric, Role
from firms.presenters import coverage as present
from firms.services import audit
from firms.views.guards import role_required

readers_only = role_required(Role.OFFICE, Role.LEADER, Role.DEPARTMENT)


def _code(text: str) -> str:
    """A credit code to go on from; anything else is the beginning."""
    return text if text.isascii() and text.isalnum() and len(text) == 18 else ""


@readers_only
def coverage(request: HttpRequest) -> HttpResponse:
    page = present.coverage_page(request.user, request.GET.get("year", ""))
    return render(request, "coverage/overview.html", {"page": page})


@readers_only
def coverage_metric(request: HttpRequest, year: int, metric: str) -> HttpResponse:
    q, after = request.GET.get("q", "").strip()[:64], _code(request.GET.get("after", ""))
    try:
        page = present.missing_page(request.user, year, metric, q=q, after=after)
    except Metric.DoesNotExist:
        raise Http404 from None
    return render(request, "coverage/metric.html", {"page": page})


@readers_only
def coverage_export(request: HttpRequest, year: int, metric: str) -> FileResponse:
    """The firms still missing, to be asked for: with the metric's column empty, the file can be filled in and sent back."""
    try:
        wanted = present.own_metrics(request.user).get(code=metric)
    except Metric.DoesNotExist:
        raise Http404 from None
    table = exports.missing(wanted, year, present.missing_rows(year, metric, request.GET.get("q", "").strip()[:64]))
    response, rows = exports.download(table, table.title, "xlsx")
    audit.record(
        "coverage.export", _("导出缺报企业：%(title)s") % {"title": table.title}, by=request.user, target=wanted,
        after={"year": year, "rows": rows},
    )  # fmt: skip
    return response


@readers_only
def coverage_firms(request: HttpRequest) -> HttpResponse:
    q, after = request.GET.get("q", "").strip()[:64], _code(request.GET.get("after", ""))
    page = present.firms_page(request.user, request.GET.get("year", ""), q=q, after=after)
    return render(request, "coverage/firms.html", {"page": page})
