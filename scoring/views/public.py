"""Pages anybody may open. What a reader may see is decided by the presenters' ``visible_to``, not here."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from scoring.presenters.method import method_page
from scoring.presenters.overview import overview as overview_page
from scoring.views.caching import published_page


@require_safe
@published_page("year")
def overview(request: HttpRequest) -> HttpResponse:
    """首页总览."""
    page = overview_page(request.user, whole_number(request.GET.get("year", "")))
    return render(request, "public/overview.html", {"page": page})


@require_safe
@published_page()
def method(request: HttpRequest) -> HttpResponse:
    """积分办法."""
    page, full_marks = method_page()
    return render(request, "public/method.html", {"method": page, "full_marks": full_marks})


def whole_number(text: str) -> int | None:
    """A year from an address; anything else is none, and the page shows the latest."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None
