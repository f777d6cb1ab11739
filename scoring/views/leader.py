"""领导驾驶舱: each view is one call to a presenter."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from firms.exports import FORMATS, download
from firms.services import audit
from firms.views.guards import role_required
from scoring.exports_leader import leader_export
from scoring.models import EvaluationPeriod
from scoring.presenters import leader as present

leaders = role_required("leader", "office")


@require_safe
@leaders
def leader(request: HttpRequest) -> HttpResponse:
    return render(request, "leader/leader.html", {"page": present.leader(request.user, request.GET)})


@require_safe
@leaders
def firms(request: HttpRequest) -> HttpResponse:
    """The firms behind a number of the dashboard."""
    try:
        page = present.leader_firms(request.user, request.GET)
    except EvaluationPeriod.DoesNotExist:
        raise Http404 from None
    return render(request, "leader/firms.html", {"page": page})


@require_safe
@leaders
def firms_export(request: HttpRequest, format: str) -> HttpResponseBase:
    if format not in FORMATS:
        raise Http404
    try:
        export = leader_export(request.user, request.GET)  # type: ignore[arg-type]
    except EvaluationPeriod.DoesNotExist:
        raise Http404 from None
    response, count = download(export.table, export.file_name, format)
    audit.record(
        "leader_firms.export",
        f"导出{export.file_name}，{count}行（{export.conditions}）",
        by=request.user,  # type: ignore[arg-type]
        after={"format": format, "rows": count, "run": export.run_id, "conditions": export.conditions},
    )
    return response
