"""公告公示: for readers, and the office's desk for them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from firms.models import Role
from firms.services.refusal import Refusal
from firms.services.uploads import refuse_if_damaged
from firms.views.guards import role_required
from firms.views.originals import original
from firms.views.paging import number
from scoring.forms import AnnouncementForm, LockForm, WithdrawForm
from scoring.models import Announcement, AnnouncementFile
from scoring.presenters import announcements as present
from scoring.services import announcements
from scoring.views.caching import published_page
from scoring.views.office import valid

office_only = role_required(Role.OFFICE)


@require_safe
@published_page("kind", "q", "page")
def public_list(request: HttpRequest) -> HttpResponse:
    asked = request.GET
    page = present.public_list(
        kind=asked.get("kind", ""), q=asked.get("q", ""), page=number(asked.get("page", "")) or 1
    )
    return render(request, "announcements/list.html", {"page": page})


@require_safe
@published_page()
def public_page(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "announcements/page.html", {"page": present.announcement_page(request.user, pk)})


@require_safe
def attachment(request: HttpRequest, pk: int, file: int) -> HttpResponseBase:
    """A file of an announcement, to whoever may read that."""
    found = AnnouncementFile.objects.visible_to(request.user).select_related("announcement")
    row = get_object_or_404(found, announcement=pk, pk=file)
    tag = f'"{row.sha256}"'
    public = row.removed_at is None and row.announcement.state == Announcement.State.PUBLISHED
    response: HttpResponseBase | None = get_conditional_response(request, etag=tag) if public else None
    if response is None:
        refuse_if_damaged(row.file, row.file_name, row.sha256)
        response = original(row.file, name=row.file_name, media_type=row.media_type)
    if public:  # keep it, but ask each time: one taken down is gone at once
        response["Cache-Control"], response["ETag"] = "public, no-cache", tag
    return response


@office_only
@require_safe
def office_list(request: HttpRequest) -> HttpResponse:
    asked = request.GET
    page = present.office_list(
        request.user, state=asked.get("state", ""), q=asked.get("q", ""), page=number(asked.get("page", "")) or 1
    )
    return render(request, "announcements/office.html", {"page": page})


@office_only
def new(request: HttpRequest) -> HttpResponse:
    """The form; what the service refuses is said above it, nothing typed is lost."""
    return _written(
        request, AnnouncementForm(request.POST or None, request.FILES or None, initial={"kind": "notice"}), None
    )


@office_only
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Announcement.objects.visible_to(request.user), pk=pk)
    form = AnnouncementForm(request.POST or None, request.FILES or None, instance=row, initial={"version": row.version})
    return _written(request, form, row)


def _written(request: HttpRequest, form: AnnouncementForm, row: Announcement | None) -> HttpResponse:
    refusal, theirs = None, None
    if request.method == "POST" and form.is_valid():
        try:
            saved = _save(request, form, row)
        except announcements.FileRefused as refused:
            form.add_error("added", str(refused))
        except Refusal as refused:
            refusal = refused
            if row is not None and refused.code == "stale_version":
                theirs = form.take_up(Announcement.objects.visible_to(request.user).get(pk=row.pk))
        else:
            messages.success(request, _("已保存。"))
            return redirect("scoring:announcement", pk=saved.pk)
    status = refusal.status if refusal else 400 if form.is_bound else 200
    context = {"form": form, "refusal": refusal, "row": row, "theirs": theirs}
    return render(request, "announcements/edit.html", context, status=status)


def _save(request: HttpRequest, form: AnnouncementForm, row: Announcement | None) -> Announcement:
    data = dict(form.cleaned_data)
    version = data.pop("version", None)
    if row is None:
        data.pop("removed")  # nothing hangs on it yet
        return announcements.draft(**data, by=request.user)
    return announcements.edit(row, version=-1 if version is None else version, **data, by=request.user)


@office_only
@require_POST
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Announcement.objects.visible_to(request.user), pk=pk)
    announcements.publish(row, **valid(LockForm(request.POST)), by=request.user)
    messages.success(request, _("已发布，公众现在可以看到。"))
    return redirect("scoring:announcement", pk=pk)


@office_only
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Announcement.objects.visible_to(request.user), pk=pk)
    announcements.withdraw(row, **valid(WithdrawForm(request.POST)), by=request.user)
    messages.success(request, _("已撤下，公众不再看到。"))
    return redirect("scoring:announcement", pk=pk)
