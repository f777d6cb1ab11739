"""Messages to oneself, and the mails that went out, as pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from firms.models import Mail, Message, User
from firms.services import links, mail
from firms.services import messages as service

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
    return Inbox(page[:SIZE], service.unread(user), only_unread, older)


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


STATES = (("", "全部"), ("waiting", "待发送"), ("sent", "已发送"), ("failed", "已放弃"))


def outbox(*, state: str, before: int, origin: str) -> Outbox:
    """Mails, the newest first. ``origin``: how the reader's browser calls the site, for links that work in the demo."""
    rows = Mail.objects.order_by("-pk")
    given_up = len(mail.WAITS)
    if state == "waiting":
        rows = rows.filter(sent_at__isnull=True, attempts__lt=given_up)
    elif state == "failed":
        rows = rows.filter(sent_at__isnull=True, attempts__gte=given_up)
    elif state == "sent":
        rows = rows.filter(sent_at__isnull=False)
    if before:
        rows = rows.filter(pk__lt=before)
    page = list(rows[: SIZE + 1])
    older = page[SIZE - 1].pk if len(page) > SIZE else None
    filters = [(code, label, code == state) for code, label in STATES]
    return Outbox(
        [_letter(row, given_up, origin) for row in page[:SIZE]], filters, older, state, not settings.EMAIL_URL
    )


def _letter(row: Mail, given_up: int, origin: str) -> Letter:
    failed = row.sent_at is None and row.attempts >= given_up
    if row.sent_at:
        state, tone = ("仅存于本系统", "muted") if row.error == mail.KEPT else ("已发送", "good")
    else:
        state, tone = ("已放弃", "bad") if failed else ("待发送", "accent")
    body = links.resolved(row.body.replace(settings.SITE_URL, origin), origin=origin) if settings.DEMO else ""
    error = "" if row.error == mail.KEPT else row.error
    return Letter(row.pk, row.to, row.subject, row.created_at, state, tone, row.attempts, error, body, failed)
