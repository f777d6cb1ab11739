"""Which sources are due: asked on every sweep, answered once each time."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from firms.connecting import schedule
from firms.models import Connector, ImportBatch
from firms.services import connectors, jobs
from firms.services.connector_runs import KIND


def ask_when_due(now: datetime | None = None) -> int:
    """Enqueue a fetch for every enabled source that is due; how many. A job each time one is due: two clocks find each other's there."""
    now = now or timezone.now()
    years: list[int] | None = None
    asked = 0
    for connector in Connector.objects.filter(enabled=True).with_record():
        due = schedule.due_at(connector.every_hours, connector.last_started, connector.failures, now)
        if due > now:
            continue
        year = None
        if connector.batch_kind == ImportBatch.Kind.METRICS:
            years = connectors.open_years() if years is None else years
            if not years:  # everything is locked: there is nothing to ask for
                continue
            year = years[0]
        key = f"{connector.pk}@{schedule.names(due, connector.every_hours, now)}"
        jobs.enqueue(KIND, key, {"connector": connector.pk, "year": year}, by=None, once=True)
        asked += 1
    return asked
