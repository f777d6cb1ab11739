"""The builder as its template draws it: every row with its inputs, its buttons and what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from scoring.analysis.fields import CHOICE, EARLIEST, FLAG, base
from scoring.presenters.analysis import words
from scoring.presenters.analysis.draft import GROUP, LIST, OPS, PIVOT, UNCHOSEN, Draft, count, shape_of
from scoring.presenters.analysis.parts import Branch, Line, Pair, Row, Topic

if TYPE_CHECKING:
    from scoring.analysis.fields import Field


@dataclass(frozen=True)
class Builder:
    root: Branch
    shape: str
    shapes: list[tuple[str, str, str]]
    periods: list[tuple[int, str, bool, bool]]  # year, name, chosen, published
    columns: list[Line]
    sorts: list[Line]
    measures: list[Line]
    rows: str
    across: str
    bands: dict[str, str]  # axis → edges as typed, only where the axis is a number or a date
    band_problems: dict[str, str]
    measured_axes: frozenset[str]  # axes that have quartiles
    topics: tuple[Topic, ...]
    axes: tuple[Topic, ...]
    numbers: tuple[Topic, ...]
    statistics: list[Pair]
    hows: list[Pair]
    within: list[tuple[str, str]]  # (JSON, words) of the cell a list was opened from
    trial: bool
    may_trial: bool
    general: list[str]  # problems no row has
    conditions: int
    is_list: bool

    @property
    def problems(self) -> int:
        """How many places need mending."""
        lines = sum(bool(line.problem) for line in (*self.columns, *self.sorts, *self.measures))
        return len(self.general) + len(self.band_problems) + sum(1 for _row in _wrong(self.root)) + lines


def _wrong(branch: Branch) -> Iterable[Row | Branch]:
    for child in branch.children:
        if child.problem:
            yield child
        if isinstance(child, Branch):
            yield from _wrong(child)


def topics(fields: Iterable[Field]) -> tuple[Topic, ...]:
    """The fields by topic, in the order they come in."""
    found: dict[str, list[Field]] = {}
    for item in fields:
        found.setdefault(item.topic, []).append(item)
    return tuple(Topic(name, tuple(items)) for name, items in found.items())


def build(
    draft: Draft,
    fields: Mapping[str, Field],
    periods: Sequence[tuple[int, str, bool]],
    problems: Iterable[tuple[str, str]],
    *,
    within: Sequence[str] = (),
    may_trial: bool = False,
    focus: str = "",
    root: str = "w",
) -> Builder:
    """``problems``: (path of a query's part, what to tell); ``within``: the cell a list was opened from, in words; ``focus``:
    the path the reader goes on at."""
    told: dict[str, str] = {}
    for path, message in problems:
        told[path] = f"{told[path]} {message}" if path in told else message
    tree = _branch(draft["where"], fields, told, "where", root, 0, focus)
    shape = shape_of(draft)
    columns = [_line(code, fields, _take(told, f"columns[{i}]")) for i, code in enumerate(draft["columns"])]
    sorts = [_line(code, fields, _take(told, f"sort[{i}]"), way) for i, (code, way) in enumerate(draft["sort"])]
    measures = [
        _line(item["field"], fields, _take(told, f"measures[{i}]"), item["statistic"])
        for i, item in enumerate(draft["measures"])
    ]
    everything = list(fields.values())
    return Builder(
        root=tree,
        shape=shape,
        shapes=[
            (LIST, _("企业清单"), _("符合条件的企业，一家一行")),
            (GROUP, _("分组统计"), _("按一个维度分组，每组一行")),
            (PIVOT, _("透视表"), _("两个维度交叉，逐评价期列出")),
        ],
        periods=[(year, name, year in draft["periods"], published) for year, name, published in periods],
        columns=columns,
        sorts=sorts,
        measures=measures,
        rows=draft["rows"],
        across=draft["across"],
        bands={
            axis: _edges(draft["bands"].get(draft[axis], []))
            for axis in ("rows", "across")
            if draft[axis] in fields and fields[draft[axis]].needs_bands
        },
        measured_axes=frozenset(
            axis for axis in ("rows", "across") if draft[axis] in fields and fields[draft[axis]].measurable
        ),
        band_problems={
            axis: said for axis in ("rows", "across") if draft[axis] and (said := _take(told, f"bands.{draft[axis]}"))
        }
        | {axis: said for axis in ("rows", "across") if (said := _take(told, axis))},
        topics=topics(everything),
        axes=topics(item for item in everything if item.groupable),
        numbers=topics(item for item in everything if item.measurable),
        statistics=list(words.STATISTICS.items()),
        hows=list(words.HOWS.items()),
        within=[
            (json.dumps(cell, ensure_ascii=False), said)
            for cell, said in zip_longest(draft["within"], within[: len(draft["within"])], fillvalue=_("统计表的一格"))
        ],
        trial=bool(draft["trial"]),
        may_trial=may_trial,
        general=list(dict.fromkeys(told.values())),
        conditions=count(draft["where"]),
        is_list=shape == LIST,
    )


def _take(told: dict[str, str], path: str) -> str:
    """The problem of this part or of anything inside it, told here and nowhere else."""
    inside = [key for key in told if key == path or key.startswith((f"{path}.", f"{path}["))]
    return " ".join(dict.fromkeys(told.pop(key) for key in inside))


def _line(code: str, fields: Mapping[str, Field], problem: str, how: str = "") -> Line:
    plain, back = base(code)
    found = fields.get(plain)
    if found is None:
        missing = _("没有这个数据项，或您无权查看。") if code else ""
        return Line(code, code, how, "", problem or missing)
    return Line(code, words.earlier_words(found.label, back), how, found.unit, problem)


def _edges(edges: Iterable[Any]) -> str:
    return _("，").join(_typed(edge) for edge in edges)


def _branch(
    node: Mapping[str, Any], fields: Mapping[str, Field], told: dict[str, str], path: str, name: str, depth: int,
    focus: str, first: bool = True, last: bool = True,
) -> Branch:  # fmt: skip
    children: list[Row | Branch] = []
    below = node.get("children", [])
    for index, child in enumerate(below):
        place = {"first": index == 0, "last": index == len(below) - 1}
        here, there = f"{path}.children[{index}]", f"{name}.{index}"
        if "children" in child:
            children.append(_branch(child, fields, told, here, there, depth + 1, focus, **place))
        else:
            children.append(_row(child, fields, _take(told, here), there, depth + 1, focus == there, **place))
    return Branch(
        name, node.get("how", "all"), depth, told.pop(path, "") if depth else "", first, last, children, focus == name
    )


def _row(
    node: Mapping[str, Any], fields: Mapping[str, Field], problem: str, name: str, depth: int, focus: bool,
    first: bool, last: bool,
) -> Row:  # fmt: skip
    code, back = base(node["field"])
    code = "" if code == UNCHOSEN else code
    found = fields.get(code)
    kind = found.kind if found else ""
    op, value = node["op"], node.get("value")
    value_text, to, of = _inputs(kind, op, value)
    chosen = {str(item) for item in value} if kind == CHOICE and isinstance(value, list | tuple) else set()
    if code and found is None:
        problem = _("没有这个数据项，或您无权查看。请另选一项或删除这个条件。")
    elif not code and problem:
        problem = _("请选择数据项，或删除这个条件。")
    return Row(
        name=name,
        number=".".join(str(int(part) + 1) for part in name.split(".")[1:]),
        field=code,
        back=str(back),
        backs=[(str(k), words.which_period(k)) for k in range(EARLIEST + 1)] if found else [],
        kind=kind,
        unit=found.unit if found else "",
        op=op,
        ops=[(code, words.OPS[kind][code]) for code in OPS[kind]] if kind in OPS else [],
        value=value_text,
        to=to,
        of=of,
        choices=[(code, label, code in chosen) for code, label in found.choices] if found else [],
        problem=problem,
        hint=found.hint if found else "",
        depth=depth,
        first=first,
        last=last,
        unknown=bool(code) and found is None,
        focus=focus,
    )


def _inputs(kind: str, op: str, value: Any) -> tuple[str, str, str]:
    """What stands in the row's inputs: the value, the upper end, firms or percent."""
    several = list(value) if isinstance(value, list | tuple) else [value, ""]
    if kind == CHOICE:
        return "", "", ""
    if kind == FLAG:
        return ("no" if value is False else "yes"), "", ""
    if op == "in":
        return "\n".join(_typed(item) for item in several), "", ""
    if op in ("top", "bottom"):
        return _typed(several[0] if several else ""), "", "percent" if several[1:] == ["percent"] else "firms"
    if op == "between":
        low, high = [*several, "", ""][:2]
        return _typed(low), _typed(high), ""
    return _typed(value), "", ""


def _typed(value: Any) -> str:
    """A value as it stands in an input: 1200.0 → 1200; lists and objects never get that far."""
    if value is None or isinstance(value, bool | list | tuple | Mapping):
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)
