"""Pages anybody may open. What a reader may see is decided by the presenters' ``visible_to``, not here."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from scoring.presenters.method import method_page
from scoring.views.caching import published_page


@require_safe
@published_page()
def method(request: HttpRequest) -> HttpResponse:
    """积分办法."""
    page, full_marks = method_page()
    return render(request, "public/method.html", {"method": page, "full_marks": full_marks})
