"""计分说明: asked for by the firm, checked by anybody, taken back by the office."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from firms.models import Role
from firms.services.refusal import Refusal
from firms.views.guards import role_required
from firms.views.throttle import FormThrottle
from scoring.models import Certificate
from scoring.paper import statement_pdf
from scoring.presenters.own import statement as presenters
from scoring.presenters.own.standing import standing
from scoring.services import certificates
from scoring.views.public import whole_number

office_only = role_required(Role.OFFICE)


@require_safe
@never_cache
@login_required
def statement(request: HttpRequest, credit_code: str) -> HttpResponse:
    """计分说明: whether it is issued, its code, and the paper itself."""
    page = presenters.statement_page(request.user, credit_code, whole_number(request.GET.get("year", "")))
    return render(request, "own/statement.html", {"page": page})


@require_POST
@login_required
def issue(request: HttpRequest, credit_code: str) -> HttpResponse:
    found = standing(request.user, credit_code)
    year = whole_number(request.POST.get("year", "")) or 0
    certificates.issue(found.firm, year, by=request.user)
    messages.success(request, _("计分说明已开具。"))
    return redirect(f"{reverse('scoring:statement', args=[credit_code])}?year={year}")


@require_safe
@never_cache
@login_required
def pdf(request: HttpRequest, credit_code: str) -> HttpResponse:
    """The paper of the certificate in force."""
    paper = presenters.paper(request.user, credit_code, whole_number(request.GET.get("year", "")))
    name = _("计分说明-%(firm)s-%(year)s.pdf") % {"firm": paper.said["firm"], "year": paper.said["year"]}
    response = HttpResponse(statement_pdf(paper), content_type="application/pdf")
    response.headers["Content-Disposition"] = content_disposition_header(True, name)
    return response


@require_safe
@never_cache
def verify(request: HttpRequest) -> HttpResponse:
    """The form for a code; a code typed leads to its own address, the one in the square code."""
    text = request.GET.get("code", "").strip()
    if text:
        return _checked(request, text)
    return render(request, "own/verify.html", {"found": presenters.verification("")})


@require_safe
@never_cache
def verified(request: HttpRequest, code: str) -> HttpResponse:
    """What a code stands for."""
    return _checked(request, code)


def _checked(request: HttpRequest, text: str) -> HttpResponse:
    """Wrong codes count against the address, right ones never: who checks many papers is not a guesser."""
    if Misses(request).spent():
        raise Refusal("too_many", _("查验不存在的校验码过于频繁。"), hint=_("请一小时后再试。"), status=429)
    found = presenters.verification(text)
    if found.state in ("unknown", "malformed"):
        Misses(request).count()
    return render(request, "own/verify.html", {"found": found}, status=404 if found.state == "unknown" else 200)


class Misses(FormThrottle):
    """The throttle of the forms, asked and counted apart."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__("verify")
        self.key = self.get_cache_key(request, None)
        self.now = self.timer()
        self.history = [at for at in self.cache.get(self.key, []) if at > self.now - self.duration]

    def spent(self) -> bool:
        return len(self.history) >= self.num_requests

    def count(self) -> None:
        self.throttle_success()


@require_safe
@never_cache
@office_only
def listed(request: HttpRequest) -> HttpResponse:
    asked = (request.GET.get(name, "") for name in ("q", "state", "page"))
    return render(request, "own/certificates.html", {"page": presenters.certificates(*asked)})


@require_POST
@office_only
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Certificate, pk=pk)
    certificates.revoke(row, reason=request.POST.get("reason", ""), by=request.user)
    messages.success(request, _("计分说明已作废，查验时会显示“已作废”。"))
    return redirect("scoring:certificates")
