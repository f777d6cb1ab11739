"""Extensions and reminders as the office's pages show them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from firms.models import AuditEntry, DataYear, Extension, User
from firms.presenters.coverage import chosen_year, years

PAGE = 50


@dataclass(frozen=True)
class ExtensionLine:
    extension: Extension
    state: str
    tone: str
    running: bool


@dataclass(frozen=True)
class ExtensionPage:
    lines: list[ExtensionLine]
    q: str
    older: int | None
    year: int | None


def extension_page(user: User, *, q: str = "", before: int = 0) -> ExtensionPage:
    """The newest extensions; ``before`` is the id to go on from."""
    rows = Extension.objects.visible_to(user).select_related("firm", "approved_by", "revoked_by")
    if q:
        rows = rows.filter(
            Q(firm__name__icontains=q)
            | Q(firm__name_initials__startswith=q.lower())
            | Q(firm__credit_code__startswith=q.upper())
        )
    if before:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: PAGE + 1])
    today = timezone.localdate()
    lines = []
    for row in found[:PAGE]:
        running = row.revoked_at is None and row.due_on >= today
        state, tone = ("有效", "good") if running else ("已撤销", "muted") if row.revoked_at else ("已到期", "muted")
        lines.append(ExtensionLine(row, state, tone, running))
    return ExtensionPage(lines, q, found[PAGE - 1].pk if len(found) > PAGE else None, chosen_year("", years()))


@dataclass(frozen=True)
class ReminderLog:
    year: int | None
    years: list[int]
    open: bool
    entries: list[AuditEntry]


def reminder_log(text: str = "") -> ReminderLog:
    """The year the page is about and the last reminders sent, whoever sent them."""
    known = years()
    year = chosen_year(text, known)
    row = DataYear.objects.filter(year=year).first() if year else None
    collecting = (
        row is not None and not row.is_locked and row.phase in (DataYear.Phase.REPORTING, DataYear.Phase.REVIEWING)
    )
    entries = AuditEntry.objects.filter(action="reminder.send").select_related("actor").order_by("-sequence")[:20]
    return ReminderLog(year, known[:8], collecting, list(entries))
