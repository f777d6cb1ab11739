"""群组对比: two groups of firms side by side."""

from functools import partial

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from scoring.analysis.query import Query
from scoring.exports_compare import compare_file
from scoring.presenters.analysis import cohorts
from scoring.presenters.analysis.compare import compared
from scoring.presenters.analysis.compare_page import compare_page, ready_made
from scoring.presenters.analysis.page import LONGEST
from scoring.services import saved_views
from scoring.services.analysis import ask, fields_for, understood
from scoring.views.analysis import gone_to, readers

SEVERAL = cohorts.SIDES


@readers
@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """``a`` and ``b``: each group's question; ``f``: what is compared; ``draft``: only being put together."""
    comparison = cohorts.of_address(request.GET)
    if "a" in request.GET and "b" in request.GET and "draft" not in request.GET:
        found, results = compared(comparison, partial(ask, request.user, size=1))
        page = compare_page(comparison, results, asked=True, found=found)
    else:
        page = _put_together(request, comparison)
    views = saved_views.listing(request.user)
    return render(request, "analysis/compare.html", {"page": page, "tab": "compare", "views": views})


@readers
@require_POST
def edit(request: HttpRequest) -> HttpResponse:
    """A button of the two builders: the next state, as the form alone for htmx, else as a page of its own address."""
    kinds = {code: field.kind for code, field in fields_for(request.user).items()}
    deed = request.POST.get("do", "")
    comparison, trees, focus = cohorts.edited(request.POST, kinds, deed)
    if deed.startswith("load:"):
        comparison, trees = _loaded(request, comparison, trees, deed.removeprefix("load:"))
    address = comparison.address()
    told = [_("条件过多，地址放不下。请减少粘贴的名单或条件。")] if len(address) > LONGEST else []
    where = f"{reverse('scoring:compare')}?{address}"
    if not told and (deed == "ask" or not request.htmx):
        return gone_to(request, where if deed == "ask" else f"{where}&draft=1#{focus.replace('.', '-') or 'builder'}")
    results = {side: understood(request.user, comparison.side(side).query) for side in SEVERAL}
    page = compare_page(comparison, results, asked=deed == "ask", trees=trees, focus=focus, told=told)
    views = saved_views.listing(request.user)
    if not request.htmx:  # too much for an address: the page itself holds what was typed
        return render(request, "analysis/compare.html", {"page": page, "tab": "compare", "views": views})
    response = render(request, "analysis/_compare_form.html", {"page": page, "views": views})
    if not told:
        response["HX-Replace-Url"] = f"{where}&draft=1"
    return response


@readers
@require_GET
def export(request: HttpRequest, format: str) -> HttpResponseBase:
    """The comparison as a file."""
    return compare_file(request.user, cohorts.of_address(request.GET), format)


def _put_together(request: HttpRequest, comparison: cohorts.Comparison):
    """The page before anything is compared; a reader who came with one group finds it in the first place."""
    first = understood(request.user, comparison.a.query)
    years = [period.year for period in first.available if period.published] or [p.year for p in first.available]
    examples = []
    if "draft" not in request.GET:
        kept = comparison.a if "a" in request.GET else None
        comparison = cohorts.starting(first.fields, years[0] if years else None, kept)
        examples = [] if kept else ready_made(first.fields, years)
    results = {side: understood(request.user, comparison.side(side).query) for side in SEVERAL}
    return compare_page(comparison, results, asked=False, examples=examples)


def _loaded(request: HttpRequest, comparison: cohorts.Comparison, trees: dict, side: str):
    """A saved view in the place of one group."""
    chosen = request.POST.get(f"view_{side}", "")
    if side not in SEVERAL or not (chosen.isascii() and chosen.isdigit() and len(chosen) <= 18):
        return comparison, trees
    view = saved_views.opened(request.user, int(chosen))
    query: Query = cohorts.population(saved_views.question(view))
    comparison = cohorts.with_side(comparison, side, cohorts.Cohort(query, view.title[: cohorts.LONGEST_NAME]))
    return comparison, trees | {side: query.to_json()["where"]}
