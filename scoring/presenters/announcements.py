"""公告公示: what everybody reads, and what the office works on."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Count, Prefetch, Q
from django.http import Http404
from django.utils.translation import gettext as _

from firms.services.uploads import kind_name
from scoring.models import Announcement, AnnouncementFile
from scoring.querysets import AnnouncementQuerySet

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from firms.models import User
    from scoring.models import EvaluationPeriod

SIZE = 20
LATEST = 5
LONGEST_QUERY = 64


@dataclass(frozen=True)
class Tab:
    """One choice of a list, with how many it would show under the search as it is."""

    label: str
    url: str
    count: int
    current: bool


@dataclass(frozen=True)
class AnnouncementList:
    """``previous``, ``next``: addresses of the pages beside this one, "" where there is none; ``any``: without conditions."""

    rows: list[Announcement]
    count: int
    tabs: list[Tab]
    q: str = ""
    kind: str = ""
    number: int = 1
    pages: int = 1
    previous: str = ""
    next: str = ""
    any: bool = True


@dataclass(frozen=True)
class Attachment:
    """A file of an announcement; ``kind``: what a reader calls it."""

    row: AnnouncementFile
    kind: str


@dataclass(frozen=True)
class AnnouncementPage:
    """``period``: the evaluation it belongs to, None also where that is not published. ``paragraphs`` of plain text."""

    row: Announcement
    paragraphs: list[str]
    period: EvaluationPeriod | None
    public: bool
    files: list[Attachment] = field(default_factory=list)


@dataclass(frozen=True)
class OfficePage:
    """One announcement as the office works on it; ``history``: what was done to it, the latest first."""

    row: Announcement
    page: AnnouncementPage
    history: list[str] = field(default_factory=list)


def latest() -> list[Announcement]:
    """What the front page shows: pinned ones first, then the newest."""
    return list(Announcement.objects.published().only("kind", "title", "pinned", "published_at")[:LATEST])


def public_list(*, kind: str = "", q: str = "", page: int = 1, bodies: bool = False) -> AnnouncementList:
    """Published ones, pinned first. ``kind`` as in the model, anything else shows all; ``q``: words of title or text.

    ``bodies``: the texts are read too, and what hangs on them (``with_files``).
    """
    rows = Announcement.objects.published()
    return _list(
        with_files(rows) if bodies else rows.defer("body"), "kind", dict(Announcement.Kind.choices), kind, q, page
    )


def office_list(user: User, *, state: str = "", q: str = "", page: int = 1) -> AnnouncementList:
    """All of them, the last changed first."""
    rows = Announcement.objects.visible_to(user).select_related("author").defer("body").order_by("-updated_at", "-pk")
    return _list(rows, "state", dict(Announcement.State.choices), state, q, page)


def announcement_page(user: User | AnonymousUser, pk: int) -> AnnouncementPage:
    """One announcement; to the office drafts and those taken down too. Raises Http404 for what is not the reader's."""
    row = Announcement.objects.visible_to(user).select_related("period", "author").filter(pk=pk).first()
    if row is None:
        raise Http404
    period = row.period if row.period is not None and row.period.published_run_id is not None else None
    files = [Attachment(file, kind_name(file.media_type)) for file in row.files.attached()]
    return AnnouncementPage(row, paragraphs(row.body), period, row.state == Announcement.State.PUBLISHED, files)


def with_files(rows: AnnouncementQuerySet) -> AnnouncementQuerySet:
    """Each with ``attached``: the files that hang on it, read for all of them at once."""
    return rows.prefetch_related(Prefetch("files", AnnouncementFile.objects.attached(), to_attr="attached"))


def paragraphs(text: str) -> list[str]:
    """A blank line parts paragraphs."""
    return [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]


def _list(
    rows: AnnouncementQuerySet, key: str, names: dict[str, str], chosen: str, q: str, page: int
) -> AnnouncementList:
    q = " ".join(unicodedata.normalize("NFKC", q).split())[:LONGEST_QUERY]
    chosen = chosen if chosen in names else ""
    for word in q.split():
        rows = rows.filter(Q(title__icontains=word) | Q(body__icontains=word))
    counts = dict(rows.order_by().values_list(key).annotate(n=Count("pk")))
    found = rows.filter(**{key: chosen}) if chosen else rows
    pages = Paginator(found, SIZE)
    pages.count = counts.get(chosen, 0) if chosen else sum(counts.values())  # type: ignore[misc]  # counted already
    shown = pages.get_page(page)

    def address(**changed: str | int) -> str:
        asked = {key: chosen, "q": q, **changed}
        return "?" + urlencode({name: value for name, value in asked.items() if value})

    tabs = [Tab(_("全部"), address(**{key: ""}), sum(counts.values()), not chosen)]
    tabs += [
        Tab(str(label), address(**{key: code}), counts.get(code, 0), code == chosen) for code, label in names.items()
    ]
    return AnnouncementList(
        rows=list(shown),
        count=pages.count,
        tabs=tabs,
        q=q,
        kind=chosen,
        number=shown.number,
        pages=pages.num_pages,
        previous=address(page=shown.previous_page_number()) if shown.has_previous() else "",
        next=address(page=shown.next_page_number()) if shown.has_next() else "",
        any=not (q or chosen),
    )
