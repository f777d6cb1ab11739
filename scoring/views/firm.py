"""A firm's own pages of analysis, for the firm and for who may see its facts. They read, and store nothing of what is typed."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from scoring.presenters.own.peers import comparison
from scoring.presenters.own.portrait import portrait as portrait_page
from scoring.presenters.own.simulate import simulation
from scoring.presenters.own.target import way
from scoring.presenters.profile import own_firms
from scoring.views.public import whole_number


@require_safe
@login_required
def mine(request: HttpRequest, page: str) -> HttpResponse:
    """Straight to the account's firm, or a choice where it speaks for several."""
    if request.user.role != "firm":
        raise PermissionDenied
    firms = own_firms(request.user)
    if len(firms) == 1:
        return redirect(f"scoring:{page}", credit_code=firms[0].credit_code)
    choices = [(firm, reverse(f"scoring:{page}", args=[firm.credit_code])) for firm in firms]
    return render(request, "own/choose.html", {"choices": choices})


@require_safe
@never_cache
@login_required
def portrait(request: HttpRequest, credit_code: str) -> HttpResponse:
    """能力画像."""
    return render(request, "own/portrait.html", {"page": portrait_page(request.user, credit_code, *asked(request))})


@require_safe
@never_cache
@login_required
def peers(request: HttpRequest, credit_code: str) -> HttpResponse:
    """同类型对比."""
    page = comparison(request.user, credit_code, *asked(request), narrow=request.GET.get("group") == "industry")
    return render(request, "own/peers.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def simulate(request: HttpRequest, credit_code: str) -> HttpResponse:
    """提升模拟. Figures travel in the form's body, so that no address and no log holds them."""
    page = simulation(request.user, credit_code, *asked(request), typed=request.POST.dict())
    return render(request, _template(request, "own/simulate.html", "own/_simulated.html"), {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def target(request: HttpRequest, credit_code: str) -> HttpResponse:
    """达到目标的最省途径."""
    posted = request.POST
    fixed = posted.getlist("fixed")
    page = way(request.user, credit_code, *asked(request), asked=posted.dict(), fixed=fixed)
    return render(request, _template(request, "own/target.html", "own/_way.html"), {"page": page})


def asked(request: HttpRequest) -> tuple[int | None, bool]:
    """Which period, and whether its newest run instead of the published one."""
    return whole_number(request.GET.get("year", "")), request.GET.get("run") == "trial"


def _template(request: HttpRequest, whole: str, part: str) -> str:
    return part if request.htmx and request.method == "POST" else whole
