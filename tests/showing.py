"""What the office shows the public, for tests: announcements in every state, an honour list."""

from django.utils import timezone

from scoring.models import Announcement, AnnouncementFile
from scoring.services import announcements, honours
from tests.reporting import upload

OFFICE = {"office"}
EVERYBODY = {
    "anonymous", "office", "leader", "department", "other_department", "firm", "other_firm", "bank", "system",
    "security", "audit",
}  # fmt: skip
TABLE = {
    "scoring:announcements": (EVERYBODY, "get", {}),
    "scoring:announcements_feed": (EVERYBODY, "get", {}),
    "scoring:announcement": (EVERYBODY, "get", {"pk": "announcement"}),
    "scoring:announcement_file": (EVERYBODY, "get", {"pk": "announcement", "file": "announcement_file"}),
    "scoring:office_announcements": (OFFICE, "get", {}),
    "scoring:announcement_new": (OFFICE, "get", {}),
    "scoring:announcement_edit": (OFFICE, "get", {"pk": "announcement"}),
    "scoring:announcement_publish": (OFFICE, "post", {"pk": "announcement"}),
    "scoring:announcement_withdraw": (OFFICE, "post", {"pk": "announcement"}),
    "scoring:honours": (EVERYBODY, "get", {}),
    "scoring:honours_export": ({"office", "leader", "department", "other_department"}, "get", {"format": "csv"}),
    "scoring:office_honours": (OFFICE, "get", {}),
    "scoring:honours_issue": (OFFICE, "post", {}),
    "scoring:honours_withdraw": (OFFICE, "post", {"pk": "honours"}),
    "scoring:api-announcements": (EVERYBODY, "get", {}),
}


def text(**changed):
    return {"kind": "notice", "title": "关于填报的通知", "body": "第一段。\n\n第二段。", "pinned": False, **changed}


def published(author, **changed):
    made = announcements.draft(**text(**changed), by=author)
    return announcements.publish(made, version=made.version, by=author)


def hung(row, author, name="名单.pdf", *content):
    """A file on ``row``; returned as it is kept."""
    announcements.attach(row, upload(name, *content), by=author)
    return row.files.latest("pk")


def many(author, count, start=0):
    """``count`` published ones and as many drafts, each with two files, written in bulk."""
    now = timezone.now()
    rows = Announcement.objects.bulk_create(
        Announcement(
            **text(title=f"第{start + number}号"), author=author, state=state,
            published_at=now if state == "published" else None,
        )
        for number in range(count)
        for state in ("published", "draft")
    )  # fmt: skip
    AnnouncementFile.objects.bulk_create(
        AnnouncementFile(
            announcement=row, file=f"{row.pk}.{part}", file_name=f"{part}.pdf", sha256=str(part), size=1,
            media_type="application/pdf", added_by=author,
        )
        for row in rows
        for part in range(2)
    )  # fmt: skip


def world(office, period):
    issued = honours.issue(period, (5, 10, 20), version=period.version, by=office)
    shown = published(office)
    return {"announcement": shown.pk, "announcement_file": hung(shown, office).pk, "honours": issued.pk}
