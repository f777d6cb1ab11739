"""Pages anybody may open. What a reader may see is decided by the presenters' ``visible_to``, not here."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from firms.permissions import may_export
from scoring.models import EvaluationPeriod
from scoring.presenters.method import method_page
from scoring.presenters.overview import overview as overview_page
from scoring.presenters.profile import own_firms
from scoring.presenters.profile import profile as profile_page
from scoring.presenters.ranking import ranking_page
from scoring.presenters.ranking_table import CONDITIONS, conditions, ranking_table
from scoring.views.caching import published_page


@require_safe
@published_page("year", "measure")
def overview(request: HttpRequest) -> HttpResponse:
    """首页总览."""
    page = overview_page(request.user, whole_number(request.GET.get("year", "")), request.GET.get("measure", ""))
    return render(request, "public/overview.html", {"page": page})


@require_safe
@published_page(*CONDITIONS, "cursor")
def rankings(request: HttpRequest) -> HttpResponse:
    """积分榜单."""
    try:
        page = ranking_page(request.user, **conditions(request.GET))
    except EvaluationPeriod.DoesNotExist as error:
        raise Http404 from error
    context = {"page": page, "table": ranking_table(page), "may_export": may_export(request.user)}
    return render(request, "public/rankings.html", context)


@require_safe
@published_page("year")
def method(request: HttpRequest) -> HttpResponse:
    """积分办法, of the period asked for: an older one keeps its own scheme and full marks."""
    found = method_page(whole_number(request.GET.get("year", "")))
    return render(request, "public/method.html", {"found": found, "method": found.page, "full_marks": found.full_marks})


@require_safe
@published_page("year")
def profile(request: HttpRequest, credit_code: str) -> HttpResponse:
    """企业画像: the public part for everybody, the explanation for who may see the firm's facts."""
    page = profile_page(request.user, credit_code, whole_number(request.GET.get("year", "")))
    return render(request, "profile/profile.html", {"page": page})


@require_safe
@login_required
def my_score(request: HttpRequest) -> HttpResponse:
    """我的积分: straight to the account's firm, or a choice where it speaks for several."""
    if request.user.role != "firm":
        raise PermissionDenied
    firms = own_firms(request.user)
    if len(firms) == 1:
        return redirect("scoring:profile", credit_code=firms[0].credit_code)
    return render(request, "profile/choose.html", {"firms": firms})


def whole_number(text: str) -> int | None:
    """A year from an address; anything else is none, and the page shows the latest."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None
