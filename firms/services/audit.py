"""The audit trail: one chained entry per state change and per sensitive read (等保2.0 安全审计)."""

import hashlib
import ipaddress
import json
from contextvars import ContextVar
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from firms.models import AuditEntry, AuditHead, User

# Set for the length of a request by the middleware, so that no caller has to pass the address on.
source_address: ContextVar[str | None] = ContextVar("source_address", default=None)


def _digest(previous: str, entry: dict[str, Any]) -> str:
    text = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


def _content(entry: AuditEntry) -> dict[str, Any]:
    return {
        "sequence": entry.sequence,
        "at": entry.at.isoformat(),
        "actor": entry.actor_id,
        "actor_name": entry.actor_name,
        "address": entry.address,
        "action": entry.action,
        "target": [entry.target_type, entry.target_id],
        "summary": entry.summary,
        "before": entry.before,
        "after": entry.after,
    }


@transaction.atomic
def record(
    action: str,
    summary: str,
    *,
    by: User | None,
    target: models.Model | None = None,
    before: Any = None,
    after: Any = None,
    address: str | None = None,
) -> AuditEntry:
    """Append one entry in the caller's transaction, so that the deed and its trace stand or fall together.

    ``action`` is ``noun.verb`` (``batch.apply``); ``before``/``after`` must be JSON-able. Entries are ordered by the
    lock on the chain's head: two writers never follow the same entry.
    """
    head, _ = AuditHead.objects.select_for_update().get_or_create(pk=1)
    address = address or source_address.get()
    if address is not None:
        try:
            address = str(ipaddress.ip_address(address))
        except ValueError:
            address = None
    entry = AuditEntry(
        sequence=head.sequence + 1,
        at=timezone.now(),
        actor=by,
        actor_name=by.username if by else "系统",
        address=address,
        action=action,
        target_type=target._meta.label_lower if target is not None else "",
        target_id=str(target.pk) if target is not None else "",
        summary=summary[:300],
        before=json.loads(json.dumps(before, default=str)),
        after=json.loads(json.dumps(after, default=str)),
        previous=head.digest,
    )
    entry.digest = _digest(head.digest, _content(entry))
    entry.save(force_insert=True)
    head.sequence, head.digest = entry.sequence, entry.digest
    head.save(update_fields=["sequence", "digest"])
    return entry


def verify() -> int | None:
    """The sequence number of the first entry that does not follow from the one before, or None if the chain holds."""
    previous, expected = "0" * 64, 1
    for entry in AuditEntry.objects.order_by("sequence").iterator():
        follows = entry.sequence == expected and entry.previous == previous
        if not follows or entry.digest != _digest(previous, _content(entry)):
            return expected
        previous, expected = entry.digest, expected + 1
    head = AuditHead.objects.filter(pk=1).first()
    if head is not None and (head.sequence, head.digest) != (expected - 1, previous):
        return expected
    return None
