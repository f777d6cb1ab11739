"""Movement between stages from one period to the next, and the firms behind each number of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import numpy as np
from django.urls import reverse
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from scoring.assembly.outcomes import NONE, Outcomes, outcomes, pairs
from scoring.models import Run, Score
from scoring.presenters.formatting import number
from scoring.presenters.leader_structure import Cell

PAGE = 50


@dataclass(frozen=True)
class Flow:
    """``share``: of all who were in ``was``, in whole per cents; ``tone`` same, up, down or other."""

    was: str
    is_now: str
    firms: int
    cell: Cell
    share: int
    tone: str


@dataclass(frozen=True)
class Movement:
    """A row a place left, a column a place reached; the sums of those who rose, fell, stayed, came and went."""

    head: list[str]
    rows: list[tuple[str, list[Flow], int]]
    risen: Cell
    fallen: Cell
    stayed: Cell
    entered: Cell
    left: Cell


def names_of(stages: Mapping[str, str]) -> dict[str, str]:
    """Every way of standing in a run, stages first."""
    return dict(stages) | {
        "excluded": _("不纳入"),
        "unclassified": _("待补数据"),
        "not_evaluated": _("非评价对象"),
        NONE: _("不在本期"),
    }


def movement(
    year: int,
    stages: Mapping[str, str],
    stages_before: Mapping[str, str],
    grades: Mapping[str, int],
    now: Run,
    before: Run,
) -> Movement:
    """From ``before`` to ``now`` (no query once the process knows both).

    ``grades``: of the stages both periods know.
    """
    names = names_of({**stages_before, **stages})
    counts = pairs(*outcomes([before, now]))
    present = [code for code in names if any(code in pair for pair in counts)]
    left = {was: sum(n for (a, _b), n in counts.items() if a == was) for was in present}

    def flow(was: str, is_now: str) -> Flow:
        firms = counts.get((was, is_now), 0)
        share = _share(firms, left.get(was, 0))
        return Flow(was, is_now, firms, _cell(year, firms, was, is_now), share, _tone(was, is_now, grades))

    rows = [
        (names[was] if was != NONE else _("上期不在"), [flow(was, is_now) for is_now in present], left[was])
        for was in present
    ]

    def total(tone: str) -> Cell:
        firms = sum(n for pair, n in counts.items() if _tone(*pair, grades) == tone)
        return _cell(year, firms, tone=tone)

    entered = sum(n for (was, is_now), n in counts.items() if was not in stages_before and is_now in stages)
    gone = sum(n for (was, is_now), n in counts.items() if was in stages_before and is_now not in stages)
    return Movement(
        [names[code] for code in present],
        rows,
        total("up"),
        total("down"),
        total("same"),
        _cell(year, entered, tone="entered"),
        _cell(year, gone, tone="left"),
    )


def _cell(year: int, firms: int, was: str = "", is_now: str = "", tone: str = "") -> Cell:
    asked = {"year": year, "from": was, "to": is_now, "move": tone}
    query = urlencode({name: value for name, value in asked.items() if value})
    return Cell(number(firms), f"{reverse('scoring:leader_firms')}?{query}" if firms else "")


def _tone(was: str, is_now: str, grades: Mapping[str, int]) -> str:
    if was not in grades or is_now not in grades:
        return "other"
    return "same" if was == is_now else "up" if grades[is_now] > grades[was] else "down"


@dataclass(frozen=True)
class FirmLine:
    credit_code: str
    name: str
    was: str
    is_now: str
    total_before: Decimal | None
    total_now: Decimal | None
    rank_before: int | None
    rank_now: int | None


@dataclass(frozen=True)
class FirmList:
    words: str
    lines: list[FirmLine]
    count: int
    next: str


def firm_list(
    stages: Mapping[str, str],
    grades: Mapping[str, int],
    now: Run,
    before: Run | None,
    *,
    was: str = "",
    is_now: str = "",
    move: str = "",
    after: str = "",
) -> FirmList:
    """Firms by credit code, from the one behind ``after``, fifty a page.

    ``was``, ``is_now``: how they stood and stand (``names_of``); ``move``: up, down, same, entered, left. What is not one of
    these asks for nothing.
    """
    names = names_of(stages)
    behind = behind_number(names, grades, now, before, was=was, is_now=is_now, move=move)
    start = int(np.searchsorted(behind.codes, after.encode(errors="replace"), side="right"))
    part = behind.ids[start : start + PAGE]
    following = behind.codes[start + PAGE - 1].decode() if len(behind.ids) > start + PAGE else ""
    return FirmList(behind.words, read_lines(names, now, before, part), len(behind.ids), following)


MOVES = ("up", "down", "same", "entered", "left")


@dataclass(frozen=True)
class Behind:
    """The firms behind a number by credit code, and what they are in words."""

    words: str
    ids: NDArray[np.int64]
    codes: NDArray[np.bytes_]


def behind_number(
    names: Mapping[str, str],
    grades: Mapping[str, int],
    now: Run,
    before: Run | None,
    *,
    was: str,
    is_now: str,
    move: str,
) -> Behind:
    """As ``firm_list`` takes them; no query once the process knows both runs."""
    was, is_now = was if was in names and before else "", is_now if is_now in names else ""
    move = move if move in MOVES and before else ""
    here, *others = outcomes([run for run in (now, before) if run])
    there = others[0] if others else None
    if there is not None and (is_now == NONE or move == "left"):  # firms of the run before, seen from there
        chosen = _chosen(there, here, is_now, was, "entered" if move == "left" else move, grades, back=True)
        return Behind(_words(names, was, is_now, move), there.ids[chosen], there.codes[chosen])
    chosen = _chosen(here, there, was, is_now, move, grades)
    return Behind(_words(names, was, is_now, move), here.ids[chosen], here.codes[chosen])


def _chosen(
    main: Outcomes,
    other: Outcomes | None,
    there: str,
    here: str,
    move: str,
    grades: Mapping[str, int],
    *,
    back: bool = False,
) -> NDArray[np.bool_]:
    """The firms of ``main`` that stand ``here`` in it and ``there`` in the other, and moved so. ``back``: main is the earlier."""
    rows = other.rows_of(main.ids) if other is not None else np.full(len(main.ids), -1)

    def stand(names: Iterable[str]) -> NDArray[np.bool_]:
        return np.append(other.is_in(names) if other is not None else [], NONE in names).astype(bool)[rows]

    chosen = main.is_in([here]) if here else np.ones(len(main.ids), dtype=bool)
    if there:
        chosen &= stand([there])
    ranked, was_ranked = _stages(main), _stages(other) if other is not None else []
    if move == "entered":
        chosen &= main.is_in(ranked) & ~stand(was_ranked)
    elif move:
        moved = np.zeros(len(main.ids), dtype=bool)
        for was in grades:
            for is_now in grades:
                if _tone(was, is_now, grades) == move:
                    one, two = (was, is_now) if back else (is_now, was)
                    moved |= main.is_in([one]) & stand([two])
        chosen &= moved
    return chosen


def _stages(run: Outcomes) -> list[str]:
    return [name for name in run.names if name not in Score.Status.values]


def read_lines(names: Mapping[str, str], now: Run, before: Run | None, firms: NDArray[np.int64]) -> list[FirmLine]:
    """These firms as they stand in both runs, in their order (one query)."""
    runs = [run.pk for run in (now, before) if run]
    rows = Score.objects.filter(run__in=runs, firm__in=firms.tolist()).order_by()
    found = {
        (run, firm): (code, name, values)
        for run, firm, code, name, *values in rows.values_list("run_id", "firm_id", "credit_code", "name", *STANDING)
    }
    nothing = ("", "", [None] * len(STANDING))
    lines = []
    for firm in firms.tolist():
        new = found.get((now.pk, firm), nothing)
        old = found.get((before.pk, firm), nothing) if before else nothing
        code, name, _values = new if new[0] else old
        lines.append(
            FirmLine(
                code,
                name,
                _standing(old[2], names),
                _standing(new[2], names),
                old[2][2],
                new[2][2],
                old[2][3],
                new[2][3],
            )
        )
    return lines


STANDING = ("status", "stage", "total", "rank")


def _standing(stood: list[Any], names: Mapping[str, str]) -> str:
    status, stage = stood[:2]
    if status is None:
        return "—"
    code = stage if status == Score.Status.SCORED else status
    return names.get(code, code)


def _words(names: Mapping[str, str], was: str, is_now: str, move: str) -> str:
    if move:
        return {
            "up": _("升入更高类型的企业"),
            "down": _("降到更低类型的企业"),
            "same": _("类型没有变化的企业"),
            "entered": _("本期新参评的企业"),
            "left": _("上期参评、本期没有参评的企业"),
        }[move]
    if was and is_now:
        return _("上期“%(was)s”、本期“%(now)s”的企业") % {"was": names[was], "now": names[is_now]}
    if was:
        return _("上期“%s”的企业") % names[was]
    return _("本期“%s”的企业") % names[is_now] if is_now else _("本期全部企业")


def _share(firms: int, of: int) -> int:
    """Whole per cents, half up; 100 only where it is all of them."""
    if not of or firms >= of:
        return 100 if of else 0
    return min((200 * firms + of) // (2 * of), 99)
