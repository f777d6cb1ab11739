"""A question as it is being put together: the posted builder ⇄ the JSON of a query, right or wrong.

A draft is the JSON of ``scoring.analysis.query.Query``. What is typed wrong stays in it as typed, and a row without a
field stands in it under ``UNCHOSEN``: nothing is lost when a row is added, and the core says what is wrong, by path.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from scoring.analysis.fields import CHOICE, DATE, EARLIEST, FLAG, NUMBER, TEXT, base, earlier
from scoring.analysis.query import NOWHERE, Query, place

Draft = dict[str, Any]
Node = dict[str, Any]

LIST, GROUP, PIVOT = "list", "group", "pivot"
SHAPES = (LIST, GROUP, PIVOT)
HOWS = ("all", "any", "none")
NAME = "firm.name"  # a list always begins with it: it is no column to choose
UNCHOSEN = "?"  # the field and the operator of a row in which nothing is chosen yet
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_MULTIPLES = {"万": 1e4, "亿": 1e8}
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")


class Posted:
    """What a form sent; ``getlist`` as Django's QueryDict has it, or a plain mapping of lists."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def all(self, name: str) -> list[str]:
        found = self.data.getlist(name) if hasattr(self.data, "getlist") else self.data.get(name, [])
        return [str(item) for item in found]

    def one(self, name: str, default: str = "") -> str:
        found = self.all(name)
        return found[-1] if found else default

    def names(self) -> Iterable[str]:
        return self.data.keys()


def empty(periods: Iterable[int]) -> Draft:
    """A question nobody has put yet: all firms of the periods given."""
    return {
        "periods": list(periods),
        "where": {"how": "all", "children": []},
        "columns": ["firm.stage", "firm.cluster", "score.total", "score.rank"],
        "sort": [["score.total", "desc"]],
        "rows": "",
        "across": "",
        "measures": [],
        "bands": {},
        "within": [],
        "trial": False,
    }


def of(query: Query) -> Draft:
    """The draft of a question somebody put."""
    said = query.to_json()
    return said | {"columns": [code for code in said["columns"] if code != NAME]}


def named(query: Query) -> Query:
    """The question as it is asked: a list begins with the firm's name."""
    if query.rows or not query.columns:
        return query
    return replace(query, columns=(NAME, *(code for code in query.columns if code != NAME)))


def shape_of(draft: Draft) -> str:
    if not draft.get("rows"):
        return LIST
    return PIVOT if draft.get("across") else GROUP


def count(tree: Node) -> int:
    """How many conditions stand in a tree."""
    return sum(count(child) if "children" in child else 1 for child in tree["children"])


def from_form(data: Any, kinds: Mapping[str, str], *, root: str = "w") -> Draft:
    """The draft a posted builder stands for. ``kinds``: field code → number, choice, flag, text or date."""
    posted = Posted(data)
    draft: Draft = {
        "periods": [year for text in posted.all("periods") for year in one_period(text)],
        "where": conditions(posted, kinds, root),
        "columns": _columns(posted),
        "sort": [
            [field, "asc" if way == "asc" else "desc"]
            for field, way in zip(posted.all("sort"), posted.all("way"), strict=False)
            if field
        ],
        "rows": posted.one("rows"),
        "across": posted.one("across"),
        "measures": [
            {"field": field, "statistic": statistic}
            for field, statistic in zip(posted.all("measure"), posted.all("statistic"), strict=False)
        ],
        "bands": {},
        "within": list(_kept(posted.all("within"))),
        "trial": posted.one("trial") == "1",
    }
    for axis in ("rows", "across"):
        field, edges = draft[axis], posted.one(f"bands.{axis}").strip()
        read = _READ.get(kinds.get(base(field)[0], ""))
        if read and edges:
            draft["bands"][field] = [read(part) for part in re.split(r"[，、;；\s]+|,(?!\d{3}(?!\d))", edges) if part]
    return draft


def one_period(text: str) -> list[int]:
    """The year of a period's box; none of anything else."""
    return [int(text)] if text.isascii() and text.isdigit() and len(text) <= 4 else []


def _kept(texts: Iterable[str]) -> Iterable[Node]:
    """The cells a list was opened from, as they were sent along; what is none is left out."""
    for text in texts:
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):  # nested deeper than anything this page sends
            continue
        if isinstance(said, dict):
            yield said


def _columns(posted: Posted) -> list[str]:
    """The chosen ones in the order they stand, what was unticked gone, what was ticked behind."""
    picked = list(dict.fromkeys(posted.all("pick")))
    standing = [code for code in posted.all("column") if code in set(picked)]
    return standing + [code for code in picked if code not in set(standing)]


def conditions(data: Any, kinds: Mapping[str, str], root: str = "w") -> Node:
    """The tree of conditions under ``root``; a root that was not posted is an empty 同时满足."""
    posted = data if isinstance(data, Posted) else Posted(data)
    children: dict[str, set[int]] = {}
    for name in posted.names():
        path, _, last = name.rpartition(".")
        while path and last and (path == root or path.startswith(f"{root}.")):
            if place(last) != NOWHERE:
                children.setdefault(path, set()).add(place(last))
            path, _, last = path.rpartition(".")
    return _group(posted, kinds, root, children, 0)


def _group(posted: Posted, kinds: Mapping[str, str], path: str, children: dict[str, set[int]], depth: int) -> Node:
    how = posted.one(f"{path}.how", "all")
    found = []
    for index in sorted(children.get(path, ()))[:200]:
        here = f"{path}.{index}"
        if f"{here}.how" in posted.data and depth < 20:
            found.append(_group(posted, kinds, here, children, depth + 1))
        elif f"{here}.field" in posted.data:
            found.append(_condition(posted, kinds, here))
    return {"how": how if how in HOWS else "all", "children": found}


def _condition(posted: Posted, kinds: Mapping[str, str], path: str) -> Node:
    field = base(posted.one(f"{path}.field"))[0]
    kind = kinds.get(field, "")
    op = posted.one(f"{path}.op")
    if op not in OPS.get(kind, ()):
        op = OPS[kind][0] if kind in OPS else UNCHOSEN
    node = {"field": field or UNCHOSEN, "op": op}
    back = place(posted.one(f"{path}.back", "0"))
    if field and 0 < back <= EARLIEST:
        node["field"] = earlier(field, back)
    value = _value(posted, kind, op, path)
    return node if value is None else node | {"value": value}


# What may be asked of each kind of field, the likeliest first.
_MEASURED = ("ge", "gt", "le", "lt", "between", "eq", "ne", "top", "bottom", "known", "unknown")
OPS: dict[str, tuple[str, ...]] = {
    NUMBER: _MEASURED,
    DATE: _MEASURED,
    CHOICE: ("in", "not_in", "known", "unknown"),
    FLAG: ("is", "known", "unknown"),
    TEXT: ("contains", "in", "known", "unknown"),
}


def _value(posted: Posted, kind: str, op: str, path: str) -> Any:
    """What stands in the row's inputs, as the kind's value where it reads as one, else as it was typed."""
    typed = posted.all(f"{path}.value")
    first = typed[0].strip() if typed else ""
    if op in ("known", "unknown", UNCHOSEN):
        return None
    if kind == CHOICE:
        return [item for item in typed if item]
    if kind == FLAG:
        return first != "no"
    if kind == TEXT:
        return [part.strip() for part in re.split(r"[\n,，;；]", first) if part.strip()] if op == "in" else first
    if op in ("top", "bottom"):
        return [number(first), "percent" if posted.one(f"{path}.of") == "percent" else "firms"]
    read = _READ[kind]
    if op == "between":
        return [read(first), read(posted.one(f"{path}.to").strip())]
    return read(first)


def number(text: str) -> float | int | str:
    """``１,200`` → 1200, ``1.5万`` → 15000, ``５%`` → 5; what is no number stays as it was typed."""
    plain = unicodedata.normalize("NFKC", text).strip().replace(",", "").replace("−", "-").removesuffix("%")
    factor = _MULTIPLES.get(plain[-1:], 1.0)
    plain = plain[:-1].strip() if factor != 1.0 else plain
    if not _NUMBER.fullmatch(plain):
        return text
    value = float(plain) * factor
    if value in (float("inf"), float("-inf")):
        return text
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def date(text: str) -> str:
    """``2018年3月1日``, ``2018/3/1`` → ``2018-03-01``; anything else stays as it was typed."""
    found = _DATE.fullmatch(unicodedata.normalize("NFKC", text).strip())
    return f"{found[1]}-{int(found[2]):02d}-{int(found[3]):02d}" if found else text


_READ: dict[str, Callable[[str], Any]] = {NUMBER: number, DATE: date}
