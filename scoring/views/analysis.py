"""多维检索: the page, the buttons of its builder, files, and what is kept under a name."""

from dataclasses import replace
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from firms.views.guards import role_required
from scoring.analysis.grouping import TOTAL
from scoring.analysis.query import Query
from scoring.exports_analysis import analysis_file
from scoring.models import SavedView
from scoring.presenters.analysis import draft as drafts
from scoring.presenters.analysis.edits import banded, changed, quartiles
from scoring.presenters.analysis.page import AnalysisPage, analysis_page, builder_page, kept, start_page, too_long
from scoring.presenters.analysis.tables import link_maker, opened
from scoring.services import saved_views
from scoring.services.analysis import ask, fields_for, understood

readers = role_required("office", "leader", "department")


@readers
@require_safe
def analysis(request: HttpRequest) -> HttpResponse:
    """``q``: the question's address, or ``view``: one that was saved; ``cell``: of its table, whose firms are asked for;
    ``draft``: only being put together."""
    view = _opened(request)
    query = _question(request, view)
    behind = opened(understood(request.user, query), request.GET["cell"]) if query and "cell" in request.GET else None
    if behind is not None:
        return redirect(link_maker()(behind))
    if query is None:
        views = [kept(one, mine=one.owner_id == request.user.pk) for one in saved_views.listing(request.user)]
        page = start_page(understood(request.user, Query()), views)
    elif "draft" in request.GET:
        page = analysis_page(understood(request.user, query), asked=False, view=_as_kept(request, view, query))
    else:
        found = ask(request.user, query, page=_number(request, "page", 1))
        drawn = {"measure": _number(request, "chart", 0), "look": request.GET.get("look", "")}
        page = analysis_page(found, view=_as_kept(request, view, query), **drawn)
    return render(request, "analysis/page.html", {"page": page, "tab": "analysis"})


@readers
@require_POST
def edit(request: HttpRequest) -> HttpResponse:
    """A button of the builder: the next state, as the builder alone for htmx, else as a page of its own address."""
    kinds = {code: field.kind for code, field in fields_for(request.user).items()}
    deed, view = request.POST.get("do", ""), request.POST.get("view", "")
    draft, focus = changed(drafts.from_form(request.POST, kinds), deed)
    if deed.startswith("quartiles:"):
        draft = _banded(request, draft, deed.partition(":")[2])
    query = Query.from_json(draft)
    told = [said] if (said := too_long(query)) else []
    where = {"q": query.address()} | ({"view": view} if view.isascii() and view.isdigit() else {})
    if not told and (deed == "ask" or not request.htmx):
        url = f"{reverse('scoring:analysis')}?{urlencode(where if deed == 'ask' else where | {'draft': '1'})}"
        return gone_to(request, url if deed == "ask" else f"{url}#{focus.replace('.', '-') or 'builder'}")
    found = understood(request.user, query)
    builder = builder_page(found, draft, asked=deed == "ask", focus=focus, told=told)
    if not request.htmx:  # too much for an address: the page itself holds what was typed
        page = AnalysisPage(builder, found.available, address="", query_string="")
        return render(request, "analysis/page.html", {"page": page, "tab": "analysis"})
    response = render(request, "analysis/_edited.html", {"builder": builder, "around": {"view_id": where.get("view")}})
    if not told:
        response["HX-Replace-Url"] = f"{reverse('scoring:analysis')}?{urlencode(where | {'draft': '1'})}"
    return response


@readers
@require_GET
def export(request: HttpRequest, format: str) -> HttpResponseBase:
    """The file of what the page shows: all rows."""
    return analysis_file(request.user, _question(request, _opened(request)) or Query(), format)


@readers
@require_safe
def views(request: HttpRequest) -> HttpResponse:
    """常用查询: one's own and what colleagues share."""
    everything = saved_views.listing(request.user)
    mine = [view for view in everything if view.owner_id == request.user.pk]
    page = {"mine": mine, "shared": [view for view in everything if view.owner_id != request.user.pk]}
    return render(request, "analysis/views.html", {"page": page, "tab": "views"})


@readers
@require_POST
def save_view(request: HttpRequest) -> HttpResponse:
    """Keep the question under a new name, or put it under the name of the view it was opened from."""
    query = drafts.named(Query.from_address(request.POST.get("q", "")))
    if request.POST.get("view"):
        held = _view(request, request.POST["view"])
        view = saved_views.revise(held, query=query, version=_version(request), by=request.user)
    else:
        title, shared = request.POST.get("title", ""), request.POST.get("shared") == "1"
        view = saved_views.save(title=title, query=query, shared=shared, by=request.user)
    messages.success(request, _("已保存为常用查询“%s”。") % view.title)
    return redirect(f"{reverse('scoring:analysis')}?view={view.pk}")


@readers
@require_POST
def rename_view(request: HttpRequest, pk: int) -> HttpResponse:
    view = saved_views.rename(
        _view(request, str(pk)), title=request.POST.get("title", ""), version=_version(request), by=request.user
    )
    messages.success(request, _("已改名为“%s”。") % view.title)
    return redirect("scoring:saved_views")


@readers
@require_POST
def share_view(request: HttpRequest, pk: int) -> HttpResponse:
    shared = request.POST.get("shared") == "1"
    view = saved_views.share(_view(request, str(pk)), shared=shared, version=_version(request), by=request.user)
    said = _("“%s”已共享，可检索的同事都能打开。") if shared else _("“%s”不再共享。")
    messages.success(request, said % view.title)
    return redirect("scoring:saved_views")


@readers
@require_POST
def delete_view(request: HttpRequest, pk: int) -> HttpResponse:
    view = _view(request, str(pk))
    saved_views.delete(view, version=_version(request), by=request.user)
    messages.success(request, _("常用查询“%s”已删除。") % view.title)
    return redirect("scoring:saved_views")


def _banded(request: HttpRequest, draft: drafts.Draft, axis: str) -> drafts.Draft:
    """Bands at the quartiles of the firms asked about."""
    wanted = quartiles(draft, axis)
    if wanted is None:
        return draft
    found = ask(request.user, wanted, size=1)
    cell = found.cells.get((found.periods[0].year, TOTAL, TOTAL)) if found.answered else None
    return banded(draft, axis, cell.values) if cell else draft


def _question(request: HttpRequest, view: SavedView | None) -> Query | None:
    """What the address asks, else what the view holds; None where it names neither."""
    if "q" in request.GET:
        return drafts.named(Query.from_address(request.GET["q"]))
    return drafts.named(saved_views.question(view)) if view else None


def _opened(request: HttpRequest) -> SavedView | None:
    return _view(request, request.GET["view"]) if request.GET.get("view") else None


def _view(request: HttpRequest, text: str) -> SavedView:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0
    return saved_views.opened(request.user, number)


def _as_kept(request: HttpRequest, view: SavedView | None, query: Query):
    if view is None:
        return None
    changed_since = replace(query, problems=()).to_json() != drafts.named(saved_views.question(view)).to_json()
    return kept(view, mine=view.owner_id == request.user.pk, changed=changed_since)


def _version(request: HttpRequest) -> int:
    return _whole(request.POST.get("version", ""), -1)


def _number(request: HttpRequest, name: str, otherwise: int) -> int:
    return _whole(request.GET.get(name, ""), otherwise)


def _whole(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else otherwise


def gone_to(request: HttpRequest, url: str) -> HttpResponse:
    """A redirect, in the words htmx follows as a whole page."""
    if not request.htmx:
        return redirect(url)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = url
    return response
