"""E-mail as rows: written in the transaction of the deed it tells of, sent afterwards by a job.

Nothing is sent for what was rolled back, nothing is lost with a worker. A row is taken by one conditional UPDATE of its
``attempts``, and one job alone holds the queue, so no mail goes out twice but where the power fails between the
server's "250 OK" and our own note of it; the Message-ID is made of the key, by which a mailbox can tell the two.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.core import mail as django_mail
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import models, transaction
from django.utils import timezone

from firms.models import Job, Mail, User
from firms.services import audit, jobs, links

logger = logging.getLogger(__name__)

# Seven tries within a day and a half, each counted from when the mail was written: 0, 2, 8 and 32 minutes, 2, 8.5, 34 hours.
WAITS = (timedelta(), *(timedelta(minutes=2 * 4**k) for k in range(6)))
PAUSE = timedelta(minutes=5)  # between two calls at a server that does not answer
KIND = "mail.send"
KEPT = "没有配置发信服务器，仅保存于本系统"
SIGNATURE = "新乡高新区企业创新积分制工作领导小组办公室\n（本邮件由系统发出，请勿回复）"
_PASS = 500  # mails looked up at once


def queue(to: str, subject: str, body: str, *, key: str) -> bool:
    """Write one mail to send, in the caller's transaction; False when ``key`` was used before. ``body`` may hold ``links``."""
    return queue_many([(to, subject, body, key)]) == 1


def queue_many(mails: list[tuple[str, str, str, str]]) -> int:
    """Like ``queue`` for several: (to, subject, body, key) each, in two queries. The number that were new."""
    keys = {key for _to, _subject, _body, key in mails}
    known = set(Mail.objects.filter(key__in=keys).values_list("key", flat=True)) if mails else set()
    rows = {
        key: Mail(key=key, to=to, subject=_line(subject), body=body)
        for to, subject, body, key in mails
        if to and key not in known
    }
    if rows:
        Mail.objects.bulk_create(rows.values(), ignore_conflicts=True, batch_size=500)
        # After the commit, not within it: two deeds at once would otherwise wait for each other's job row.
        transaction.on_commit(_ask, robust=True)
    return len(rows)


def due(now: datetime | None = None) -> models.QuerySet[Mail]:
    """Mails to try now, oldest first: unsent, not given up, and past the wait their failures have earned."""
    now = now or timezone.now()
    ripe = models.Q()
    for attempts, wait in enumerate(WAITS):
        ripe |= models.Q(attempts=attempts, created_at__lte=now - wait)
    return Mail.objects.filter(ripe, sent_at__isnull=True).order_by("id")


def state_of(row: Mail) -> str:
    """waiting, failed (given up), sent, or kept (written where there is no server to send it)."""
    if row.sent_at is None:
        return "failed" if row.attempts >= len(WAITS) else "waiting"
    return "kept" if row.error == KEPT else "sent"


def in_state(state: str) -> models.QuerySet[Mail]:
    """Mails of which ``state_of`` says this; all of them for anything else."""
    unsent, given_up = models.Q(sent_at__isnull=True), models.Q(attempts__gte=len(WAITS))
    kinds = {
        "waiting": unsent & ~given_up, "failed": unsent & given_up,
        "sent": ~unsent & ~models.Q(error=KEPT), "kept": ~unsent & models.Q(error=KEPT),
    }  # fmt: skip
    return Mail.objects.filter(kinds.get(state, models.Q()))


def send_due(claim: jobs.Claim) -> dict[str, object]:
    """The job: send what is due, oldest first. Runs again and again without sending anything twice."""
    sent = failed = last = 0
    connection = django_mail.get_connection()
    while ids := list(due().filter(pk__gt=last).values_list("pk", flat=True)[:_PASS]):
        try:
            for at, pk in enumerate(ids):
                claim.progress(at * 100 // len(ids), f"已发送{sent}封")
                if unreachable := _opened(connection):
                    # The server's fault, not the mails': none of their tries is spent.
                    Mail.objects.filter(pk__in=ids[at:], sent_at__isnull=True).update(error=unreachable)
                    return {"sent": sent, "failed": failed, "unreachable": unreachable}
                outcome = _send(pk, connection)
                sent, failed = sent + (outcome is True), failed + (outcome is False)
                if outcome is False:
                    connection.close()  # it may be what failed: the next mail gets a fresh one
        finally:
            connection.close()
        last = ids[-1]
    return {"sent": sent, "failed": failed}


def _opened(connection: BaseEmailBackend) -> str:
    """Open the connection unless it is; "" or why it cannot be."""
    try:
        connection.open()
    except Exception as error:
        logger.warning("mail server does not answer: %s", type(error).__name__)
        return _reason(error)
    return ""


def ask_when_due() -> None:
    """On every sweep: what failed before, or what was written when no message could be sent, gets its job."""
    if not due().exists():
        return
    latest = Job.objects.filter(kind=KIND, finished_at__isnull=False).order_by("-id").first()
    paused = latest is not None and "unreachable" in latest.result
    if not (paused and latest.finished_at > timezone.now() - PAUSE):  # type: ignore[union-attr, operator]
        _ask()


@transaction.atomic
def retry(row: Mail, *, by: User) -> bool:
    """Try a given-up mail again, from the first attempt. False when it has gone out."""
    asked = Mail.objects.filter(pk=row.pk, sent_at__isnull=True).update(attempts=0)
    if asked:
        audit.record("mail.retry", f"重新发送邮件：{row}", by=by, target=row)
        transaction.on_commit(_ask, robust=True)
    return bool(asked)


def _ask() -> None:
    jobs.enqueue(KIND, "queue", by=None)


def _send(pk: int, connection: BaseEmailBackend) -> bool | None:
    """One mail: True sent, False failed, None somebody else's or already gone."""
    row = Mail.objects.get(pk=pk)
    if not _take(row):
        return None
    try:
        _message(row, connection).send()
    except Exception as error:
        logger.warning("mail %s: %s", pk, type(error).__name__)
        Mail.objects.filter(pk=pk).update(error=_reason(error))
        return False
    kept = getattr(connection, "keeps", False)  # the project's own sink: see ``xxgx.mailbox``
    Mail.objects.filter(pk=pk).update(sent_at=timezone.now(), error=KEPT if kept else "")
    return True


def _take(row: Mail) -> bool:
    return bool(
        Mail.objects.filter(pk=row.pk, sent_at__isnull=True, attempts=row.attempts).update(attempts=row.attempts + 1)
    )


def _message(row: Mail, connection: BaseEmailBackend) -> EmailMessage:
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">") or "localhost"
    # Addresses of one's own make a mailbox show one copy where a crash made two.
    own = hashlib.sha256(row.key.encode()).hexdigest()[:40]
    return EmailMessage(
        row.subject,
        links.resolved(row.body),
        to=[row.to],
        headers={"Message-ID": f"<{own}@{domain}>", "Auto-Submitted": "auto-generated"},
        connection=connection,
    )


def _reason(error: Exception) -> str:
    """The kind of the failure and the server's answer; never the message's own text."""
    code = getattr(error, "smtp_code", None)
    return f"{type(error).__name__}{f' {code}' if code else ''}"[:300]


def _line(text: str) -> str:
    """A subject is one line: a line break in it would begin a header of its own."""
    return " ".join(text.split())[:200]
