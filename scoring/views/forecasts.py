"""What an import, or its undo, would move: a page of its own and a part of the import's page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from firms.models import ImportBatch
from firms.views.guards import role_required
from scoring.presenters import forecasts as present
from scoring.services import forecast

BRIEFLY = 15  # firms named on the import's own page
importers_only = role_required("office", "department")


def _batch(request: HttpRequest, pk: int) -> ImportBatch:
    return get_object_or_404(ImportBatch.objects.visible_to(request.user), pk=pk)


@importers_only
def batch_forecast(request: HttpRequest, pk: int) -> HttpResponse:
    batch = _batch(request, pk)
    if request.htmx:  # a part of the import's page
        page = present.forecast_page(batch, forecast.latest(batch), named=BRIEFLY)
        return render(request, "imports/_moves.html", {"page": page})
    return render(request, "imports/forecast.html", {"page": present.forecast_page(batch, forecast.latest(batch))})


@importers_only
@require_POST
def batch_forecast_ask(request: HttpRequest, pk: int) -> HttpResponse:
    batch = _batch(request, pk)
    job = forecast.ask(batch, by=request.user)
    if request.htmx:
        return render(request, "imports/_moves.html", {"page": present.forecast_page(batch, job, named=BRIEFLY)})
    return redirect("scoring:batch_forecast", pk=pk)
