"""An import, or its undo, done by the very code that would do it, in a transaction that is rolled back afterwards."""

from __future__ import annotations

from django.db import connection

from firms.importing.plan import ACCEPTED
from firms.models import ImportBatch
from firms.services import import_rows
from firms.services.import_planning import replanned
from firms.services.import_targets import target_of
from firms.services.refusal import Refusal

State = ImportBatch.State
AHEAD = {State.PLANNED: State.APPLIED, State.APPLIED: State.UNDONE}


def refuse_without_future(batch: ImportBatch) -> None:
    """Refusal unless the batch is waiting to be confirmed, or could be undone."""
    if batch.state not in AHEAD:
        raise Refusal(
            "wrong_state", f"该批次{batch.get_state_display()}，没有可测算的影响。", place=f"第{batch.pk}批",
            hint="待确认的批次测算写入的影响，已生效的批次测算撤销的影响。",
        )  # fmt: skip


def rehearse(batch: ImportBatch) -> None:
    """Write what confirming this planned batch, or undoing this applied one, would write. Leaves no audit entry.

    For the caller's own transaction, which must be rolled back (outside one this raises): whoever reads the facts meanwhile
    sees them as they would be. Holds the same mutexes as the deed itself.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a rehearsal needs a transaction to be rolled back")
    current = ImportBatch.objects.select_related("department", "uploaded_by").get(pk=batch.pk)
    refuse_without_future(current)
    target = target_of(current)
    target.lock()
    undoing = current.state == State.APPLIED
    current.state = AHEAD[State(current.state)]
    ImportBatch.objects.filter(pk=batch.pk).update(state=current.state)  # in force are filings of applied batches
    if undoing:
        for chunk in import_rows.staged(current, verdicts=ACCEPTED):
            target.undo(chunk)
        return
    for chunk in replanned(current, target):
        target.apply([(pk, row) for pk, row in chunk if row.verdict in ACCEPTED])
