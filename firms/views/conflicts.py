"""冲突: the queue, decisions one by one or by rule, taking back, and the sources' error record."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from firms.forms.answers import cleaned
from firms.forms.conflicts import REASONS, DecideForm, RuleForm
from firms.models import Decision, Firm, Metric, Role
from firms.permissions import may_write_metric
from firms.presenters import conflicts as presenters
from firms.presenters.sources import source_page
from firms.services import decisions
from firms.views.guards import role_required
from firms.views.paging import number

deciders_only = role_required(Role.OFFICE, Role.DEPARTMENT)


def _metric(request: HttpRequest, code: str) -> Metric:
    metric = get_object_or_404(Metric.objects.select_related("owner"), code=code)
    if not may_write_metric(request.user, metric):
        raise PermissionDenied
    return metric


def _back(**conditions: object) -> HttpResponse:
    told = urlencode({name: value for name, value in conditions.items() if value})
    return redirect(f"{reverse('firms:conflicts')}?{told}" if told else reverse("firms:conflicts"))


@deciders_only
@require_safe
def conflict_list(request: HttpRequest) -> HttpResponse:
    asked = request.GET
    page = presenters.conflict_page(
        request.user, year=number(asked.get("year", "")), metric=asked.get("metric", ""),
        q=asked.get("q", "").strip()[:100], after=number(asked.get("after", "")),
    )  # fmt: skip
    context = {"page": page, "reasons": REASONS, "why": asked.get("why", ""), "after": asked.get("after", "")}
    return render(request, "conflicts/list.html", context)


@deciders_only
@require_POST
def conflict_decide(request: HttpRequest, year: int, credit_code: str, metric: str) -> HttpResponse:
    firm = get_object_or_404(Firm.objects.visible_to(request.user), credit_code=credit_code)
    chosen = _metric(request, metric)
    data = cleaned(DecideForm(request.POST))
    decisions.decide(
        firm, year, chosen, filing=data["filing"], seen=data["seen"], reason=data["reason"], by=request.user
    )
    messages.success(request, _("已裁定“%(firm)s”的%(metric)s。") % {"firm": firm.name, "metric": chosen.name})
    # The reason just chosen is offered for the next one.
    kept = {name: request.POST.get(name, "")[:100] for name in ("metric", "q", "after", "why")}
    return _back(year=year, **kept)


@deciders_only
@require_POST
def conflict_rule(request: HttpRequest, year: int, metric: str) -> HttpResponse:
    chosen = _metric(request, metric)
    data = cleaned(RuleForm(request.POST))
    q = data["q"].strip()
    firms = Firm.objects.matching(q).values_list("pk", flat=True) if q else None
    done = decisions.decide_all(
        chosen, year, data["source"], expected=data["expected"], reason=data["reason"], by=request.user, firms=firms
    )
    messages.success(request, _("已按规则裁定%d条冲突。") % done)
    return _back(year=year)


@deciders_only
@require_safe
def decision_list(request: HttpRequest) -> HttpResponse:
    q, before = request.GET.get("q", "").strip()[:100], number(request.GET.get("before", ""))
    return render(
        request, "conflicts/decisions.html", {"page": presenters.decision_page(request.user, q=q, before=before)}
    )


@deciders_only
@require_POST
def decision_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    decision = get_object_or_404(Decision.objects.visible_to(request.user), pk=pk)
    decisions.revoke(decision, by=request.user)
    messages.success(request, _("裁定已撤销，恢复按来源优先级采用。"))
    return redirect("firms:decisions")


@deciders_only
@require_safe
def source_record(request: HttpRequest) -> HttpResponse:
    page = source_page(request.user, year=number(request.GET.get("year", "")), metric=request.GET.get("metric", ""))
    return render(request, "conflicts/sources.html", {"page": page})
