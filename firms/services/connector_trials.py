"""测试采集: what a source would bring, without writing anything."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from django.utils import timezone

from firms.connecting import collecting
from firms.connecting.problem import Unfetched
from firms.importing import spool
from firms.importing.plan import PlannedRow
from firms.importing.problem import Unreadable
from firms.importing.reading import Reading
from firms.models import Connector, Firm, ImportBatch, ImportRow, Job, Source, User
from firms.services import catalogue, connectors, import_planning, jobs
from firms.services.import_targets import table_of, target_of
from firms.services.jobs import Claim

KIND = "connector.trial"
SHOWN = 10


def ask(connector: Connector, *, year: int | None, by: User) -> Job:
    """Have the first page of a source fetched and judged, as a job; its result holds what would become of the first rows."""
    connectors.permit(by)
    year = connectors.year_for(connector, year)
    return jobs.enqueue(KIND, str(connector.pk), {"connector": connector.pk, "year": year}, by=by)


def run(claim: Claim) -> dict[str, Any]:
    """The job. Its result: ``fields``, ``headings``, ``total``, the first rows as they came and as they would be judged."""
    connector = Connector.objects.select_related("department").get(pk=claim.args["connector"])
    year = claim.args["year"]
    claim.progress(10, "正在连接")
    try:
        fieldmap = connectors.usable_map(connector)
        url = connectors.address(connector, year or timezone.localdate().year)
        first = replace(fieldmap, paging="")
        collected = collecting.collect(url, connector.kind, first, connectors.guard())
        claim.progress(60, "正在核对")
        batch = ImportBatch(
            kind=connector.batch_kind, department=connector.department, year=year, register_kind=connector.register_kind,
            source=Source.PUBLIC, file_name=connector.name,
        )  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "collected.xlsx"
            headings = fieldmap.headings(connectors.table(connector))
            collecting.workbook(path, headings, first, collected.rows[:SHOWN])
            judged, problems = _judged(batch, path)
    except Unfetched as problem:
        raise connectors.refusal_of(problem, str(connector)) from problem
    except Unreadable as bad:
        raise connectors.refusal_of(Unfetched(bad.code, bad.message, bad.hint), str(connector)) from bad
    return {
        "link": ["firms:connector_trial_result", connector.pk, claim.job_id],
        "message": f"收到{len(collected.rows)}行、{collected.size}字节，没有写入任何内容。",
        "fields": [pick.field or f"固定值 {pick.value}" for pick in fieldmap.picks],
        "headings": headings,
        "total": len(collected.rows),
        "rows": judged,
        "problems": problems,
    }


def _judged(batch: ImportBatch, path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """The file's rows judged by what is known now, as a plan would; nothing is staged."""
    checks = catalogue.in_force().checks if batch.kind == ImportBatch.Kind.METRICS else ()
    with spool.read(path) as rows:
        reading = Reading(
            rows, table_of(batch.kind, batch.register_kind), year=batch.year, file_name=batch.file_name, checks=checks
        )
        read = list(islice(reading, SHOWN))
        planned = import_planning.prepared(batch, target_of(batch), read)
        problems = [problem.message for problem in reading.account.problems if problem.level != "notice"]
    names = dict(Firm.objects.filter(pk__in={row.firm for row in planned if row.firm}).values_list("pk", "name"))
    return [_shown(row, names) for row in planned], problems


def _shown(row: PlannedRow, names: dict[int, str]) -> dict[str, Any]:
    return {
        "number": row.number - 1,
        "firm": names.get(row.firm or 0, ""),
        "verdict": row.verdict,
        "label": str(ImportRow.Verdict(row.verdict).label),
        "cells": row.cells,
        "values": row.values,
        "before": row.before,
        "reasons": row.reasons,
    }
