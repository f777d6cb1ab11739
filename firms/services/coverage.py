"""完整率: how far each metric of a year has come in, counted by a job whenever facts changed, so that a page reads 26 rows and not
every sheet."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from firms.models import Coverage, DataYear, FactSheet, Metric
from firms.services import jobs
from firms.services.jobs import Claim

KIND, NIGHTLY = "coverage", "coverage.nightly"
PAUSE = 20  # seconds: an import of many chunks, or many officers at once, ask for one count

_KEYS = {"postgresql": "jsonb_object_keys({}) AS stated(metric)", "sqlite": "json_each({}) AS stated"}
_METRIC = {"postgresql": "stated.metric", "sqlite": "stated.key"}


def soon(year: int) -> None:
    """Facts of a year are changing in this transaction: once it is committed, have them counted within half a minute.

    One job a slot of time, due when the slot is over: whoever changed facts in it is counted, and nobody's change falls
    between a count that has begun and a request that was merged into it.
    """
    transaction.on_commit(lambda: _ask(year), robust=True)


def _ask(year: int) -> None:
    slot = int(timezone.now().timestamp()) // PAUSE + 1
    due = dt.datetime.fromtimestamp(slot * PAUSE, tz=dt.UTC)
    jobs.enqueue(KIND, f"{year}:{slot}", {"year": year}, by=None, due=due, once=True)


def ask_for_tonight() -> None:
    """Once a date: what no import asks for, such as a firm that was expected and is not any more."""
    jobs.enqueue(NIGHTLY, f"{NIGHTLY}-{timezone.localdate()}", by=None, once=True)


def run(claim: Claim) -> dict[str, Any]:
    """args: {"year": the one to count}."""
    return {"metrics": count(claim.args["year"])}


def run_nightly(claim: Claim) -> dict[str, Any]:
    """Every year that may still change."""
    years = DataYear.objects.filter(locked_at__isnull=True).values_list("year", flat=True)
    for number, year in enumerate(years):
        claim.progress(100 * number // max(len(years), 1), f"统计{year}年度")
        count(year)
    return {"years": len(years)}


def expected_firms(year: int) -> Any:
    """Firms from which figures are expected: those of which anything is known for the year or the one before."""
    return FactSheet.objects.filter(year__in=[year - 1, year])


@transaction.atomic
def count(year: int) -> int:
    """Count every metric of the year anew; how many metrics there are. Four statements over the year's rows.

    Expected: ``expected_firms``. Provided: the sheet in force has a value (a confirmed zero is one). On time: a filing in force
    stated it on or before the departments' deadline; None while there is no deadline.
    """
    row = DataYear.objects.filter(year=year).first()
    due = row.departments_due_on if row else None
    expected = expected_firms(year).order_by().values("firm_id").distinct().count()
    provided = _sheets(year, "values")
    conflicts = _sheets(year, "conflicts")
    on_time = _filed_before(year, due) if due else None
    now = timezone.now()
    rows = [
        Coverage(
            year=year, metric_id=pk, expected=expected, provided=provided.get(code, 0), conflicts=conflicts.get(code, 0),
            on_time=None if on_time is None else on_time.get(code, 0), counted_at=now,
        )
        for pk, code in Metric.objects.values_list("pk", "code")
    ]  # fmt: skip
    Coverage.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["year", "metric"],
        update_fields=["expected", "provided", "on_time", "conflicts", "counted_at"],
    )  # fmt: skip
    return len(rows)


def _sheets(year: int, column: str) -> dict[str, int]:
    """Metric → sheets of the year that have it in this JSON column."""
    condition = " AND s.has_conflicts" if column == "conflicts" else ""
    keys = _KEYS[connection.vendor].format(f's."{column}"')
    metric = _METRIC[connection.vendor]
    sql = f"SELECT {metric}, COUNT(*) FROM firms_factsheet s, {keys} WHERE s.year = %s{condition} GROUP BY 1"  # noqa: S608
    return _counted(sql, [year])


def _filed_before(year: int, due: dt.date) -> dict[str, int]:
    """Metric → firms of which some filing in force stated it by the end of this day."""
    end = timezone.make_aware(dt.datetime.combine(due + dt.timedelta(days=1), dt.time()))
    keys = _KEYS[connection.vendor].format('f."values"')
    metric = _METRIC[connection.vendor]
    sql = f"""
        SELECT {metric}, COUNT(DISTINCT f.firm_id)
        FROM firms_filing f LEFT JOIN firms_importbatch b ON b.id = f.batch_id, {keys}
        WHERE f.year = %s AND f.filed_at < %s AND (f.batch_id IS NULL OR b.state = 'applied') GROUP BY 1
    """  # noqa: S608
    return _counted(sql, [year, connection.ops.adapt_datetimefield_value(end)])


def _counted(sql: str, params: list[Any]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return dict(cursor.fetchall())
