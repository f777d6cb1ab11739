"""A period's way from opening to trial: each view is one call to a service."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from firms.models import DataYear
from firms.services import collection
from firms.views.guards import role_required
from scoring.forms import DeadlinesForm, MoveForm
from scoring.models import EvaluationPeriod
from scoring.views.office import valid

office_only = role_required("office")
MOVES: dict[str, Callable[..., DataYear]] = {
    "close": collection.close_reporting,
    "trial": collection.to_trial,
    "back": collection.step_back,
}


@office_only
@require_POST
def open_reporting(request: HttpRequest, year: int) -> HttpResponse:
    get_object_or_404(EvaluationPeriod, year_id=year)
    opened = collection.open_reporting(year, by=request.user, **valid(DeadlinesForm(request.POST)))
    messages.success(request, _("%s已开放填报，企业和部门已收到通知。") % opened)
    return redirect("scoring:period", year=year)


@office_only
@require_POST
def deadlines(request: HttpRequest, year: int) -> HttpResponse:
    get_object_or_404(EvaluationPeriod, year_id=year)
    collection.set_deadlines(year, by=request.user, **valid(DeadlinesForm(request.POST)))
    messages.success(request, _("截止日已更新。"))
    return redirect("scoring:period", year=year)


@office_only
@require_POST
def move(request: HttpRequest, year: int) -> HttpResponse:
    get_object_or_404(EvaluationPeriod, year_id=year)
    data = valid(MoveForm(request.POST))
    moved = MOVES[data["move"]](year, by=request.user, version=data["version"], reason=data["reason"])
    messages.success(request, _("%(year)s现在是%(phase)s阶段。") % {"year": moved, "phase": moved.get_phase_display()})
    return redirect("scoring:period", year=year)
