"""站内消息: what people should know, said once each, in the transaction of the deed it tells of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from django.db import models
from django.utils import timezone

from firms.models import Department, Firm, Message, Role, User
from firms.services import links
from firms.services import mail as mails


def tell(
    users: Iterable[User], *, key: str, title: str, body: str = "", link: str = "", mail: bool = True
) -> list[Message]:
    """Write one message to each of ``users`` (a queryset or a list), and a mail to those who have an address.

    Part of the caller's transaction: rolled back with it. ``key`` says what it is about (``report.returned:17:3``); the
    same person is told the same key once, whoever asks again. ``link``: a path of ours, from ``/``. Returns the new ones.
    A constant number of queries for up to 500 people.
    """
    if link and (not link.startswith("/") or link.startswith("//")):
        raise ValueError("a message leads to a page of ours")
    people = {user.pk: user for user in users}
    told = Message.objects.filter(user_id__in=people, key=key).values_list("user_id", flat=True)
    for pk in list(told):
        people.pop(pk, None)
    if not people:
        return []
    rows = [Message(user_id=pk, key=key, title=title[:100], body=body, link=link) for pk in people]
    # Two who tell the same at once: the later one's row is left out by the database.
    Message.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    if mail:
        text = _text(title, body, link)
        mails.queue_many(
            [(user.email, title, f"{user}：\n\n{text}", _mail_key(key, user)) for user in people.values() if user.email]
        )
    return rows


def people_of_firm(firm: Firm) -> models.QuerySet[User]:
    """Active accounts that speak for ``firm``, reporters and managers."""
    return User.objects.filter(memberships__firm=firm, role=Role.FIRM, is_active=True)


def people_of_department(department: Department) -> models.QuerySet[User]:
    """Active accounts of a department."""
    return User.objects.filter(department=department, role=Role.DEPARTMENT, is_active=True)


def people_of_office() -> models.QuerySet[User]:
    """Active accounts of 积分办."""
    return User.objects.filter(role=Role.OFFICE, is_active=True)


def unread(user: User) -> int:
    """How many messages somebody has not read. One query."""
    return Message.objects.visible_to(user).filter(read_at__isnull=True).count()


def read(message: Message, *, by: User) -> Message:
    """Note that its recipient has opened it; the first time stays."""
    Message.objects.visible_to(by).filter(pk=message.pk, read_at__isnull=True).update(read_at=timezone.now())
    return message


def read_all(*, by: User) -> int:
    """Mark everything read; the number there were."""
    return Message.objects.visible_to(by).filter(read_at__isnull=True).update(read_at=timezone.now())


def _mail_key(key: str, user: User) -> str:
    own = f":{user.pk}"
    if len(key) + len(own) > 128:  # as unique, but shorter
        key = hashlib.sha256(key.encode()).hexdigest()
    return key + own


def _text(title: str, body: str, link: str) -> str:
    parts = [title, body, f"详见：{links.page(link)}" if link else "", mails.SIGNATURE]
    return "\n\n".join(part for part in parts if part)
