"""A run's small cube, read once: its ranked firms summed as a whole and by stage, cluster and park, and all firms counted.

A run never changes, so its sums are made once a process and remembered: a page of trends costs the same however many
periods it shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from scoring.analysis.memory import Memory
from scoring.models import Run, RunSlice

RANKED = "scored"
RUNS = 64  # remembered a process, the longest unasked go first; each is a few dozen small rows
PARTS = ("stage", "cluster", "park")
NOWHERE = "?"  # asks for the firms that have none
Key = tuple[str, str, str]  # stage, cluster, park


@dataclass
class Part:
    """Ranked firms of one part of the zone: how many, their totals, their summed figures, their histogram.

    ``sums``: metric code → sum in the metric's own unit; a metric nobody stated is not in it. Shared: not to be changed.
    """

    firms: int = 0
    total: float = 0.0
    sums: dict[str, float] = field(default_factory=dict)
    histogram: list[int] = field(default_factory=list)

    def add(self, firms: int, total: float, sums: dict[str, float], histogram: list[int]) -> None:
        self.firms += firms
        self.total += total
        for key, value in sums.items():
            self.sums[key] = self.sums.get(key, 0) + value
        self.histogram.extend([0] * max(len(histogram) - len(self.histogram), 0))
        for i, count in enumerate(histogram):
            self.histogram[i] += count

    @property
    def mean(self) -> float | None:
        """Mean total in points."""
        return self.total / self.firms if self.firms else None

    @property
    def intensity(self) -> float | None:
        """R&D expense per revenue in %; None where either is not known."""
        spent, revenue = self.sums.get("rd_expense"), self.sums.get("revenue", 0)
        return spent / revenue * 100 if spent is not None and revenue > 0 else None

    def summed(self, code: str, unit: float = 1) -> float | None:
        """A metric's sum in so large a unit; None where no firm has a known figure."""
        return self.sums[code] / unit if code in self.sums else None


@dataclass
class RunSums:
    """``parts``: stage, cluster, park → code ("" for firms that have none) → its firms; ``ranked``: (stage, cluster, park) →
    how many; ``statuses``: status → how many of all firms. Shared: not to be changed."""

    whole: Part = field(default_factory=Part)
    parts: dict[str, dict[str, Part]] = field(default_factory=lambda: {key: {} for key in PARTS})
    ranked: dict[Key, int] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)

    def firms(self, stage: str = "", cluster: str = "", park: str = "") -> int:
        """Ranked firms. An empty text asks for all, ``NOWHERE`` for those without."""
        asked = (stage, cluster, park)
        return sum(
            n
            for key, n in self.ranked.items()
            if all(not a or a == (k or NOWHERE) for a, k in zip(asked, key, strict=True))
        )


# A run's number may be given anew (a database put back from a backup): its digest and time stand beside it.
_known = Memory(RUNS)  # each counts for one


def sums_of(runs: Iterable[Run]) -> dict[int, RunSums]:
    """Run id → its sums; one query for all runs not asked for before, none otherwise."""
    keys = {run.pk: (run.pk, run.inputs_digest, str(run.created_at)) for run in runs}
    kept = {pk: sums for pk, key in keys.items() if (sums := _known.get(key)) is not None}
    missing = [pk for pk in keys if pk not in kept]
    made = _made(missing) if missing else {}
    for pk, sums in made.items():
        _known.put(keys[pk], sums, 1)
    return kept | made


def _made(runs: list[int]) -> dict[int, RunSums]:
    found = {pk: RunSums() for pk in runs}
    columns = ("run_id", "status", *PARTS, "firms", "total_sum", "sums", "histogram")
    for run, status, *where, firms, total, sums, histogram in RunSlice.objects.filter(run__in=runs).values_list(
        *columns
    ):
        made = found[run]
        made.statuses[status] = made.statuses.get(status, 0) + firms
        if status != RANKED:
            continue
        stage, cluster, park = where
        made.ranked[stage, cluster, park] = made.ranked.get((stage, cluster, park), 0) + firms
        made.whole.add(firms, total, sums, histogram)
        for key, code in zip(PARTS, where, strict=True):
            made.parts[key].setdefault(code, Part()).add(firms, total, sums, histogram)
    return found
