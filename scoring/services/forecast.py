"""Which totals and ranks an import, or its undo, would move: both evaluated, by the same rules and references, nothing kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from django.db import connection, transaction

from firms.models import ImportBatch, Job, User
from firms.services import jobs
from firms.services.import_rehearsal import refuse_without_future, rehearse
from firms.services.import_scope import permit_handling
from firms.services.jobs import Claim
from scoring.assembly import Loaded, load_cohort
from scoring.engine import STATUSES, Evaluation, evaluate, parse_scheme
from scoring.models import EvaluationPeriod
from scoring.services import runs

KIND = "forecast"
LISTED = 300  # firms named, those that move most first; all are counted


@dataclass(frozen=True)
class _Judged:
    """A period judged once: the place of each firm (by credit code) among the ranked, if it is among them."""

    loaded: Loaded
    evaluation: Evaluation

    def places(self) -> dict[str, tuple[str, int, int, int]]:
        """Credit code → (status, total in the scheme's smallest unit, rank, rank in its stage); zeros where not ranked."""
        e = self.evaluation
        columns = zip(
            e.status.tolist(), e.total_cents.tolist(), e.rank_overall.tolist(), e.rank_stage.tolist(), strict=True
        )
        return {
            key: (STATUSES[status], *((total, rank, stage) if status == 0 else (0, 0, 0)))
            for key, (status, total, rank, stage) in zip(self.loaded.cohort.keys, columns, strict=True)
        }


def key_of(batch: ImportBatch) -> str:
    """What a forecast is of: this plan, or the undo of this batch."""
    return f"{batch.pk}:{'undo' if batch.state == ImportBatch.State.APPLIED else batch.plan_digest[:32]}"


def latest(batch: ImportBatch) -> Job | None:
    """The newest forecast of what the batch's page offers now."""
    return Job.objects.filter(kind=KIND, key=key_of(batch)).order_by("-pk").first()


def ask(batch: ImportBatch, *, by: User) -> Job:
    """Ask for a forecast; an unfinished one of the same is returned. Raises Refusal where there is nothing to foresee."""
    permit_handling(batch, by)
    refuse_without_future(batch)
    return jobs.enqueue(KIND, key_of(batch), {"batch": batch.pk}, by=by)


def foresee(batch: ImportBatch, *, claim: Claim | None = None) -> dict[str, Any]:
    """What would move if a planned batch were confirmed, or an applied one undone; a JSON-able account a period.

    Exact: the import's own code writes into a transaction that is rolled back, and the engine judges what stands there, by
    the period's own references where they are frozen, as a rescore would. Locked periods cannot move. A later period looks
    back on runs: it is foreseen as it would be judged before the earlier ones are judged anew.
    """
    periods = _periods(batch)
    before: list[_Judged] = []
    after: list[_Judged] = []
    current = []
    if not periods:
        return {
            "undo": batch.state == ImportBatch.State.APPLIED,
            "periods": [],
            "message": "没有未锁定的评价期会受影响。",
            "link": ["scoring:batch_forecast", batch.pk],
        }
    _say(claim, 10, "读取现有数据")
    with _rolled_back():
        for period in periods:
            before.append(_judged(period))
            run = runs.run_of(period, before[-1].evaluation.scheme, before[-1].loaded)
            current.append(run.number if run else None)
        rehearse(batch)
        after.extend(_judged(period) for period in periods)
    _say(claim, 80, "比较变化")
    found: list[dict[str, Any]] = [
        {"year": period.year_id, "name": period.name, "run": run} | _compared(old, new)
        for period, run, old, new in zip(periods, current, before, after, strict=True)
    ]
    moved = "、".join(f"{account['year']}年度{account['moved']}家" for account in found if account["moved"])
    return {
        "undo": batch.state == ImportBatch.State.APPLIED,
        "periods": found,
        "message": f"{moved}企业的积分或名次会变化。" if moved else "没有企业的积分或名次会变化。",
        "link": ["scoring:batch_forecast", batch.pk],
    }


def _periods(batch: ImportBatch) -> list[EvaluationPeriod]:
    """The periods that may still move, newest first: a year's figures speak in its own period and in the next one's growth."""
    periods = EvaluationPeriod.objects.filter(year__locked_at__isnull=True).select_related("scheme")
    if batch.year is not None:
        periods = periods.filter(year_id__in=[batch.year, batch.year + 1])
    return list(periods.order_by("-year_id"))


def _judged(period: EvaluationPeriod) -> _Judged:
    scheme = parse_scheme(period.scheme.text)
    loaded = load_cohort(period, scheme)
    return _Judged(loaded, evaluate(scheme, loaded.cohort, period.references))


@contextmanager
def _rolled_back() -> Iterator[None]:
    """A transaction that sees one instant and leaves nothing. What it may not do is wait: a writer that was quicker makes
    it fail, and the job is done again."""
    with transaction.atomic():
        if connection.vendor == "postgresql" and len(connection.atomic_blocks) == 1:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        try:
            yield
        finally:
            transaction.set_rollback(True)


def _compared(old: _Judged, new: _Judged) -> dict[str, Any]:
    before, after = old.places(), new.places()
    names = dict(zip(old.loaded.cohort.keys, old.loaded.names, strict=True)) | dict(
        zip(new.loaded.cohort.keys, new.loaded.names, strict=True)
    )
    nowhere = ("", 0, 0, 0)
    moved = [
        (code, before.get(code, nowhere), after.get(code, nowhere))
        for code in names
        if before.get(code, nowhere) != after.get(code, nowhere)
    ]
    moved.sort(key=lambda row: (-abs(row[2][1] - row[1][1]), -abs(row[2][2] - row[1][2]), row[0]))
    ranked = [(was, will) for _, was, will in moved if was[0] == will[0] == "scored"]
    decimals = new.evaluation.scheme.settings["decimals"]
    return {
        "firms": len(after),
        "ranked": int(np.count_nonzero(new.evaluation.status == 0)),
        "moved": len(moved),
        "totals": sum(was[1] != will[1] for was, will in ranked),
        "ranks": sum(was[2] != will[2] for was, will in ranked),
        "entering": sum(was[0] != "scored" and will[0] == "scored" for _, was, will in moved),
        "leaving": sum(was[0] == "scored" and will[0] != "scored" for _, was, will in moved),
        "largest": [
            {"code": code, "name": names[code], "before": _shown(was, decimals), "after": _shown(will, decimals)}
            for code, was, will in moved[:LISTED]
        ],
    }


def _shown(place: tuple[str, int, int, int], decimals: int) -> dict[str, Any]:
    status, total, rank, stage_rank = place
    if status != "scored":
        return {"status": status}
    return {"status": status, "total": str(Decimal(total).scaleb(-decimals)), "rank": rank, "stage_rank": stage_rank}


def _say(claim: Claim | None, percent: int, message: str) -> None:
    if claim is not None:
        claim.progress(percent, message)
