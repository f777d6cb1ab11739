"""The columns of runs: made once, read a few at a time, as the tables that questions of 多维检索 are answered from."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from numpy.typing import NDArray

from scoring.analysis.arrays import Column, Numbers
from scoring.analysis.fields import base
from scoring.analysis.memory import Memory
from scoring.assembly import spreads
from scoring.assembly.gathering import from_facts, from_registers, from_scores
from scoring.assembly.loading import normalised
from scoring.assembly.packing import packed, unpacked
from scoring.models import EvaluationPeriod, Run, RunColumn

INDEX = "@"  # the row that says the columns are whole: firm ids, when they were made
BATCH = 16  # columns written in one statement
FORMAT = 1  # of what is kept; columns of another one are made anew
CHANGES = {"change.total": "score.total", "change.rank": "score.rank"}
COLUMNS = Memory(settings.ANALYSIS_MEMORY_MB * 2**20)
Say = Callable[[int, str], None]


def build(run: Run, say: Say | None = None, guard: Callable[[], None] | None = None) -> bool:
    """Make the columns of a run, unless they are there; whether it made them. Of two callers one makes them.

    ``say``: told (per cent, words) on the way, outside of any transaction, and then the run is held only for writing;
    ``guard``: called in the transaction that writes.
    """
    if say is not None:
        if is_built(run):
            return False
        made = _made(run, say)
    with transaction.atomic():
        Run.objects.select_for_update(of=("self",), no_key=True).get(pk=run.pk)
        if guard is not None:
            guard()
        if is_built(run):
            return False
        _write(run, made if say is not None else _made(run))
    return True


def is_built(run: Run) -> bool:
    return bool(_stamps([run.pk]))


def prune() -> int:
    """Throw away the columns nobody asks for: of runs neither published nor the latest of their period; their number."""
    wanted = set(EvaluationPeriod.objects.published().values_list("published_run_id", flat=True))
    latest = dict(Run.objects.complete().order_by("number").values_list("period_id", "pk"))
    return RunColumn.objects.exclude(run_id__in=wanted | set(latest.values())).delete()[0]


def tables(runs: Sequence[Run]) -> dict[int, RunTable | None]:
    """Run id → its table, None where its columns are not made; ``runs`` of successive periods, oldest first (two queries)."""
    stamps = _stamps([run.pk for run in runs])
    firms = _firms({run.pk: stamps[run.pk] for run in runs if run.pk in stamps})
    found: dict[int, RunTable | None] = {}
    for at, run in enumerate(runs):
        stamp = stamps.get(run.pk)
        before = tuple(found[earlier.pk] for earlier in earlier_runs(runs, at))
        found[run.pk] = (
            None if stamp is None else RunTable(run.pk, stamp["built_at"], firms[run.pk], before, stamp["now"])
        )
    return found


def earlier_runs(runs: Sequence[Run], at: int) -> list[Run]:
    """What the run at ``at`` looks back at, the nearest first: periods that are published, as the ranking and the cockpit
    compare; before anything is published, every period. ``runs``: with their periods, oldest first.

    What the nearest one looks back at is the rest of it: a table's key names no more than these, and so must every figure of theirs.
    """
    older = runs[:at][::-1]
    known = [run for run in older if run.period.published_run_id is not None]
    return known if known or runs[at].period.published_run_id is not None else list(older)


def fetch(asked: Iterable[RunTable], codes: Iterable[str]) -> None:
    """Have the columns behind these fields at hand in all the tables (one query, none when they are)."""
    wanted: dict[tuple[int, str], RunTable] = {}
    fields = list(codes)
    for table in asked:
        for code in fields:
            for owner, name in table.needs(code):
                if COLUMNS.get(owner.name_of(name)) is None:
                    wanted[owner.run_id, name] = owner
    if not wanted:
        return
    runs, names = {run for run, _ in wanted}, {name for _, name in wanted}
    seen = set()
    for run_id, name, header, data in _rows(runs, names):
        if (run_id, name) in wanted:
            seen.add((run_id, name))
            wanted[run_id, name].keep(name, unpacked(header, data))
    for (run_id, name), owner in wanted.items():
        if (run_id, name) not in seen:
            owner.keep(name, owner.absent(name))


@dataclass(frozen=True)
class RunTable:
    """The firms of a run. ``earlier``: the tables of the periods before, the nearest first, None where there is none yet."""

    run_id: int
    built_at: str
    ids: NDArray[np.int64]
    earlier: tuple[RunTable | None, ...] = ()
    now: tuple[str, ...] = ()
    key: Hashable = field(init=False)

    def __post_init__(self) -> None:
        chain = tuple((table.run_id, table.built_at) if table else None for table in self.earlier)
        object.__setattr__(self, "key", (self.run_id, self.built_at, chain))

    def __len__(self) -> int:
        return len(self.ids)

    def normalised(self, text: str) -> str:
        return normalised(text)

    def column(self, code: str) -> Column:
        """The field's array (no query where ``fetch`` has it at hand)."""
        name, back = base(code)
        if back or name in CHANGES:
            return self._derived(code, name, back)
        found = COLUMNS.get(self.name_of(code))
        if found is None:
            row = next(iter(_rows({self.run_id}, {code})), None)
            found = unpacked(row[2], row[3]) if row else self.absent(code)
            self.keep(code, found)
        return found

    def name_of(self, code: str) -> Hashable:
        return (self.run_id, self.built_at, code)

    def keep(self, code: str, column: Column) -> None:
        COLUMNS.put(self.name_of(code), column, column.nbytes + 200)

    def absent(self, code: str) -> Column:
        """Of a register nobody has an entry in, 0 is known; of anything else nothing is."""
        counted = code.startswith(("register.", "qualification."))
        return Numbers(np.zeros(len(self)) if counted else np.full(len(self), np.nan))

    def needs(self, code: str) -> Iterable[tuple[RunTable, str]]:
        """The stored columns behind a field, with the table each is of."""
        name, back = base(code)
        here = self.before(back)
        if here is None:
            return
        if name not in CHANGES:
            yield here, name
            return
        yield here, CHANGES[name]
        if (last := here.before(1)) is not None:
            yield last, CHANGES[name]

    def before(self, back: int) -> RunTable | None:
        if not back:
            return self
        return self.earlier[back - 1] if back <= len(self.earlier) else None

    def _derived(self, code: str, name: str, back: int) -> Column:
        kept = (self.key, code)
        found = COLUMNS.get(kept)
        if found is None:
            found = self._looked_back(name, back) if back else self._change(name)
            COLUMNS.put(kept, found, found.nbytes + 200)
        return found

    def _looked_back(self, name: str, back: int) -> Column:
        there = self.before(back)
        if there is None:
            return Numbers(np.full(len(self), np.nan))
        column = there.column(name)
        if not hasattr(column, "take"):
            raise TypeError("texts are not looked back at")
        return column.take(self._places_in(there))

    def _change(self, name: str) -> Column:
        """What was gained since the period before: points more, or places nearer to the first."""
        mine, before = self.column(CHANGES[name]), self._looked_back(CHANGES[name], 1)
        if not isinstance(mine, Numbers) or not isinstance(before, Numbers):
            raise TypeError("a change is of numbers")
        change = mine.values - before.values if name == "change.total" else before.values - mine.values
        return Numbers(change.round(4))  # totals have four decimals at most: what is behind them is the float's

    def _places_in(self, other: RunTable) -> NDArray[np.int64]:
        """The place of each of these firms in the other table, -1 where it is not there."""
        kept = (self.name_of(INDEX), other.name_of(INDEX))
        found = COLUMNS.get(kept)
        if found is None:
            if not len(other):
                return np.full(len(self), -1, dtype=np.int64)
            at = np.minimum(np.searchsorted(other.ids, self.ids), len(other) - 1)
            found = np.where(other.ids[at] == self.ids, at, -1)
            COLUMNS.put(kept, found, found.nbytes)
        return found


def _made(run: Run, say: Say | None = None) -> tuple[NDArray[np.int64], dict[str, Column], list[str], str]:
    at = timezone.now().isoformat()
    tell = say or (lambda percent, words: None)
    tell(5, "读取得分明细")
    gathered = from_scores(run)
    tell(40, "读取数据项")
    facts = from_facts(run, gathered.ids)
    tell(55, "统计台账")
    registers = from_registers(run, gathered.ids)
    tell(70, "写入检索列")
    now = [*gathered.now, *facts, *registers]
    return gathered.ids, {**gathered.columns, **facts, **registers}, now, at


def _write(run: Run, made: tuple[NDArray[np.int64], dict[str, Column], list[str], str]) -> None:
    ids, columns, now, at = made
    RunColumn.objects.filter(run=run).exclude(name__startswith=spreads.PREFIX).delete()  # those stay as the run does
    index = {"format": FORMAT, "built_at": at, "now": now, "firms": len(ids)}
    RunColumn.objects.create(run=run, name=INDEX, header=index, data=ids.astype("<i8").tobytes())
    names = list(columns)
    for start in range(0, len(names), BATCH):
        rows = []
        for code in names[start : start + BATCH]:
            header, data = packed(columns.pop(code))  # what is written need not be held any longer
            rows.append(RunColumn(run=run, name=code, header=header, data=data))
        RunColumn.objects.bulk_create(rows)


def _stamps(runs: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Run id → when its columns were made and which of them are as of then; of runs whose columns are whole (one query)."""
    found = RunColumn.objects.filter(run_id__in=runs, name=INDEX).values_list("run_id", "header")
    return {
        pk: {"built_at": header["built_at"], "now": tuple(header["now"])}
        for pk, header in found
        if header.get("format") == FORMAT
    }


def _firms(stamps: Mapping[int, Mapping[str, Any]]) -> dict[int, NDArray[np.int64]]:
    keys = {pk: (pk, stamp["built_at"], INDEX) for pk, stamp in stamps.items()}
    found = {pk: COLUMNS.get(key) for pk, key in keys.items()}
    missing = {pk for pk, ids in found.items() if ids is None}
    if missing:
        for run_id, _, _, data in _rows(missing, {INDEX}):
            ids = np.frombuffer(bytes(data), "<i8").astype(np.int64)
            COLUMNS.put(keys[run_id], ids, ids.nbytes)
            found[run_id] = ids
    return {pk: ids for pk, ids in found.items() if ids is not None}


def _rows(runs: Iterable[int], names: Iterable[str]) -> Iterable[tuple[int, str, dict[str, Any], Any]]:
    """(run, name, header, data). On PostgreSQL in its binary form: as text, every byte is two letters."""
    wanted = RunColumn.objects.filter(run_id__in=sorted(runs), name__in=sorted(names))
    if connection.vendor != "postgresql":
        yield from wanted.values_list("run_id", "name", "header", "data").iterator()
        return
    connection.ensure_connection()
    with connection.connection.cursor(binary=True) as cursor:
        cursor.execute(
            "SELECT run_id, name, header, data FROM scoring_runcolumn WHERE run_id = ANY(%s) AND name = ANY(%s)",
            [sorted(runs), sorted(names)],
        )
        yield from cursor
