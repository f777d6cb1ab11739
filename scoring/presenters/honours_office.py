"""The office's desk for 荣誉榜: whom a list would hold before it is shown, what is in force, what was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from firms.services.refusal import Refusal
from scoring.models import EvaluationPeriod, HonourList
from scoring.policies import band_names, honour_bands
from scoring.policies import bands_in_words as in_words
from scoring.presenters.honours import Group, preview
from scoring.presenters.published import published_periods


@dataclass(frozen=True)
class Past:
    """One list that was issued: ``state`` is in force, withdrawn, or of a run that is published no more."""

    row: HonourList
    bands: str
    state: str


@dataclass(frozen=True)
class HonoursDesk:
    """``period`` None: nothing is published. ``honours``: the list in force. ``refusal``: why the bands asked for are none."""

    period: EvaluationPeriod | None = None
    periods: list[EvaluationPeriod] = field(default_factory=list)
    honours: HonourList | None = None
    words: str = ""
    bands: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    lines: list[tuple[Group, list[int]]] = field(default_factory=list)
    past: list[Past] = field(default_factory=list)
    refusal: Refusal | None = None


def honours_desk(year: int | None, bands: Sequence[int]) -> HonoursDesk:
    """Of the published period of ``year``, else the latest. Constant queries but for the bands: each group's are counted."""
    periods = published_periods()
    if not periods:
        return HonoursDesk()
    period = next((item for item in periods if item.year_id == year), periods[0])
    rows = list(HonourList.objects.filter(run__period=period.pk).select_related("issued_by", "run"))
    in_force = next((row for row in rows if row.withdrawn_at is None and row.run_id == period.published_run_id), None)
    refusal, wanted = None, list(bands)
    try:
        honour_bands(wanted)
    except Refusal as refused:
        refusal, wanted = refused, []
    return HonoursDesk(
        period=period,
        periods=periods,
        honours=in_force,
        words=in_words(in_force.bands) if in_force else "",
        bands=wanted,
        names=band_names(wanted),
        lines=preview(period.published_run, wanted).lines if wanted and period.published_run else [],
        past=[Past(row, in_words(row.bands), _state(row, in_force)) for row in rows],
        refusal=refusal,
    )


def _state(row: HonourList, in_force: HonourList | None) -> str:
    if row.withdrawn_at is not None:
        return "withdrawn"
    return "in_force" if row == in_force else "superseded"
