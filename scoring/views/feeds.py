"""公告公示 for those who have it brought to them."""

from typing import Any

from django.contrib.syndication.views import Feed
from django.http import HttpRequest
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed, Enclosure
from django.utils.html import escape
from django.utils.translation import gettext_lazy as _

from scoring.models import Announcement
from scoring.presenters.announcements import paragraphs, with_files

ENTRIES = 20


class Announcements(Feed):
    feed_type = Atom1Feed
    title = _("新乡高新区企业创新积分公告公示")
    subtitle = _("通知公告、公示和政策文件")
    author_name = _("新乡高新区企业创新积分制工作领导小组办公室")

    def link(self) -> str:
        return reverse("scoring:announcements")

    def get_object(self, request: HttpRequest) -> HttpRequest:  # type: ignore[override]
        """The request: enclosures are given with their whole addresses, and nothing else knows the site's."""
        return request

    def items(self, request: HttpRequest) -> list[Announcement]:
        rows = list(with_files(Announcement.objects.published()).order_by("-published_at", "-pk")[:ENTRIES])
        for row in rows:
            row.enclosures = [  # type: ignore[attr-defined]
                Enclosure(request.build_absolute_uri(reverse("scoring:announcement_file", args=[row.pk, file.pk])), str(file.size), file.media_type)
                for file in row.attached  # type: ignore[attr-defined]
            ]  # fmt: skip
        return rows

    def item_title(self, item: Any) -> str:
        return item.title

    def item_description(self, item: Any) -> str:
        """Atom's summary is read as HTML; ours is plain text, in which a < is a <."""
        return escape("".join(paragraphs(item.body)[:1]))

    def item_link(self, item: Any) -> str:
        return reverse("scoring:announcement", args=[item.pk])

    def item_pubdate(self, item: Any) -> Any:
        return item.published_at

    def item_updateddate(self, item: Any) -> Any:
        return item.updated_at

    def item_enclosures(self, item: Any) -> list[Enclosure]:
        return item.enclosures

    def item_categories(self, item: Any) -> list[str]:
        return [item.get_kind_display()]
