"""A forecast as its page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from firms.models import ImportBatch, Job
from scoring.engine.explain import STATUS_WORDS
from scoring.presenters.formatting import number, signed


@dataclass(frozen=True)
class Move:
    """One firm: what it has and what it would have, and by how much that differs ("" where it is not ranked on both sides)."""

    code: str
    name: str
    before: str
    after: str
    change: str
    rank_before: str
    rank_after: str
    rank_change: str
    tone: str


@dataclass(frozen=True)
class PeriodMoves:
    year: int
    name: str
    run: int | None
    ranked: int
    moved: int
    totals: int
    ranks: int
    entering: int
    leaving: int
    moves: list[Move]
    unnamed: int  # named on the forecast's own page
    more: int  # counted only


@dataclass(frozen=True)
class ForecastPage:
    batch: ImportBatch
    possible: bool
    undo: bool
    state: str
    running: bool
    failed: str
    progress: int
    message: str
    at: datetime | None
    periods: list[PeriodMoves]


def forecast_page(batch: ImportBatch, job: Job | None, *, named: int | None = None) -> ForecastPage:
    """``job``: the newest forecast of what this batch offers now, if there is one; ``named``: so many firms a period."""
    undo = batch.state == ImportBatch.State.APPLIED
    running = job is not None and job.state in {Job.State.QUEUED, Job.State.RUNNING}
    done = job is not None and job.state == Job.State.SUCCEEDED
    return ForecastPage(
        batch=batch,
        possible=undo or (batch.state == ImportBatch.State.PLANNED and batch.counts.get("accepted", 0) > 0),
        undo=undo,
        state="running" if running else "done" if done else "failed" if job is not None else "",
        running=running,
        failed=job.error if job is not None and not running and not done else "",
        progress=job.progress if job is not None else 0,
        message=(job.message if running else str(job.result.get("message", ""))) if job is not None else "",
        at=job.finished_at if done else None,
        periods=[_period(found, named) for found in job.result.get("periods", ())] if done else [],
    )


def _period(found: dict[str, Any], named: int | None) -> PeriodMoves:
    moves = [_move(row) for row in found["largest"][:named]]
    counts = {
        name: found[name]
        for name in ("year", "name", "run", "ranked", "moved", "totals", "ranks", "entering", "leaving")
    }
    return PeriodMoves(
        **counts, moves=moves, unnamed=len(found["largest"]) - len(moves), more=found["moved"] - len(found["largest"])
    )


def _move(row: dict[str, Any]) -> Move:
    before, after = row["before"], row["after"]
    both = before["status"] == after["status"] == "scored"
    change = Decimal(after["total"]) - Decimal(before["total"]) if both else Decimal(0)
    steps = before["rank"] - after["rank"] if both else 0
    rises = change > 0 or (change == 0 and steps > 0)
    falls = change < 0 or (change == 0 and steps < 0)
    return Move(
        code=row["code"],
        name=row["name"],
        before=_total(before),
        after=_total(after),
        change=signed(change) if change else "",
        rank_before=_rank(before),
        rank_after=_rank(after),
        rank_change=(_("升%d位") if steps > 0 else _("降%d位")) % abs(steps) if steps else "",
        tone="up" if rises else "down" if falls else "",
    )


def _total(place: dict[str, Any]) -> str:
    return number(place["total"]) if "total" in place else str(STATUS_WORDS.get(place["status"], _("不在评价范围")))


def _rank(place: dict[str, Any]) -> str:
    return str(place["rank"]) if "rank" in place else "—"
