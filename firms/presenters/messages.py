"""Messages to oneself, and the mails that went out, as pages show them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet

from firms.models import Mail, Message, User

SIZE = 30


@dataclass(frozen=True)
class Inbox:
    messages: list[Message]
    unread: int
    only_unread: bool
    older: int | None


def inbox(user: User, *, only_unread: bool, before: int) -> Inbox:
    rows = Message.objects.visible_to(user)
    if only_unread:
        rows = rows.filter(read_at__isnull=True)
    if before:
        rows = rows.filter(pk__lt=before)
    page = list(rows.order_by("-pk")[: SIZE + 1])
    older = page[SIZE - 1].pk if len(page) > SIZE else None
    return Inbox(page[:SIZE], Message.objects.visible_to(user).filter(read_at__isnull=True).count(), only_unread, older)


@dataclass(frozen=True)
class Letter:
    """One mail. ``body`` is "" but in the demo: a mail may hold what is its reader's alone."""

    pk: int
    to: str
    subject: str
    at: datetime
    state: str
    tone: str
    attempts: int
    error: str
    body: str
    may_retry: bool


@dataclass(frozen=True)
class Outbox:
    letters: list[Letter]
    filters: list[tuple[str, str, bool]]
    older: int | None
    state: str
    kept: bool


STATES = {"waiting": "待发送", "sent": "已发送", "kept": "仅存于本系统", "failed": "已放弃"}
TONES = {"waiting": "accent", "sent": "good", "kept": "muted", "failed": "bad"}


def outbox(
    rows: QuerySet[Mail], *, state: str, before: int, state_of: Callable[[Mail], str], text_of: Callable[[Mail], str]
) -> Outbox:
    """Mails of one state, the newest first. ``state_of`` and ``text_of`` say what a mail's row amounts to; the text is
    asked for in the demo only."""
    rows = rows.order_by("-pk")
    if before:
        rows = rows.filter(pk__lt=before)
    page = list(rows[: SIZE + 1])
    older = page[SIZE - 1].pk if len(page) > SIZE else None
    filters = [("", "全部", not state), *((code, label, code == state) for code, label in STATES.items())]
    letters = [_letter(row, state_of(row), text_of(row) if settings.DEMO else "") for row in page[:SIZE]]
    return Outbox(letters, filters, older, state, not settings.EMAIL_URL)


def _letter(row: Mail, state: str, body: str) -> Letter:
    error = "" if state == "kept" else row.error
    return Letter(
        row.pk, row.to, row.subject, row.created_at, STATES[state], TONES[state], row.attempts, error, body, state == "failed"
    )  # fmt: skip
