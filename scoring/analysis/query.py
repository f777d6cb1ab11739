"""A question of 多维检索 as a value: hashable, with an exact JSON form and a short text for addresses.

Reading never raises: what cannot be understood is left out and told in ``Query.problems`` by its path; what is merely
unfit (a word where a number belongs) is kept as typed, and ``scoring.analysis.check`` tells of it.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, cast

ALL, ANY, NONE = "all", "any", "none"
HOWS = (ALL, ANY, NONE)
DIRECTIONS = ("asc", "desc")

MAX_DEPTH = 5  # groups inside groups, the outermost counted
MAX_CONDITIONS = 50
MAX_COLUMNS = 40
MAX_PERIODS = 12
MAX_SORTS = 5
MAX_MEASURES = 12
MAX_EDGES = 30
MAX_VALUES = 500  # codes in one list
MAX_TEXT = 200  # letters of one text
MAX_WITHIN = 20
_MAX_ADDRESS = 8_000
_MAX_JSON = 200_000

NOWHERE = 1_000  # the place of what says no place: behind every list

Scalar = str | int | float | bool
Value = Scalar | tuple[Scalar, ...] | None


@dataclass(frozen=True)
class Problem:
    """``path``: where in the JSON, such as ``where.children[0].value``; ``code``: what is wrong; ``about``: with what.

    ``message`` is empty here and filled in, in words, by whoever shows it.
    """

    path: str
    code: str
    about: str = ""
    message: str = ""


@dataclass(frozen=True)
class Condition:
    """``value`` by ``op``: one scalar; for ``between`` (low, high), both included; for ``in``/``not_in`` the codes; for ``is`` a
    bool; for ``top``/``bottom`` (amount, "firms" | "percent"); None for ``known``/``unknown``."""

    field: str
    op: str
    value: Value = None

    def to_json(self) -> dict[str, Any]:
        said: dict[str, Any] = {"field": self.field, "op": self.op}
        if self.value is not None:
            said["value"] = list(self.value) if isinstance(self.value, tuple) else self.value
        return said


@dataclass(frozen=True)
class Group:
    """``how``: all (and), any (or), none (nor). A group of nothing asks for nothing, whichever its ``how``."""

    how: str = ALL
    children: tuple[Condition | Group, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"how": self.how, "children": [child.to_json() for child in self.children]}

    def conditions(self) -> Iterator[Condition]:
        for child in self.children:
            if isinstance(child, Condition):
                yield child
            else:
                yield from child.conditions()


@dataclass(frozen=True)
class Measure:
    """``field`` "" with ``count`` or ``share`` is of firms; ``count`` of a field is of the firms that have it."""

    field: str = ""
    statistic: str = "count"

    def to_json(self) -> dict[str, Any]:
        return {"field": self.field, "statistic": self.statistic}


@dataclass(frozen=True)
class Query:
    """Without ``rows`` a list of firms, with ``rows`` a table of groups, with ``across`` too a pivot of both.

    Every period is answered by itself: ``top`` counts within it, shares are of its whole. ``trial``: of each period the
    latest run, published or not. ``within``: the cell of a table that a list was opened from, conditions that must all
    hold beside ``where``. ``bands``: (field, rising edges); firms below the first edge are a band, each band includes
    its lower edge.
    """

    periods: tuple[int, ...] = ()
    where: Group = Group()
    columns: tuple[str, ...] = ()
    sort: tuple[tuple[str, str], ...] = ()
    rows: str = ""
    across: str = ""
    measures: tuple[Measure, ...] = ()
    bands: tuple[tuple[str, tuple[Scalar, ...]], ...] = ()
    within: tuple[Condition, ...] = ()
    trial: bool = False
    problems: tuple[Problem, ...] = field(default=(), compare=False)

    @property
    def mode(self) -> str:
        """list | groups | pivot."""
        return ("pivot" if self.across else "groups") if self.rows else "list"

    def edges(self, code: str) -> tuple[Scalar, ...]:
        return dict(self.bands).get(code, ())

    def conditions(self) -> Iterator[Condition]:
        yield from self.where.conditions()
        yield from self.within

    def fields(self) -> Iterator[tuple[str, str]]:
        """(path, code) of every field the question names, wherever; a field named twice comes twice."""
        yield from _fields_of(self.where, "where")
        yield from ((f"within[{i}].field", one.field) for i, one in enumerate(self.within))
        yield from ((f"columns[{i}]", code) for i, code in enumerate(self.columns))
        # Groups are sorted by measure.0 and so on, which is no field.
        yield from ((f"sort[{i}]", code) for i, (code, _) in enumerate(self.sort) if not code.startswith("measure."))
        yield from ((name, code) for name, code in (("rows", self.rows), ("across", self.across)) if code)
        yield from ((f"measures[{i}].field", one.field) for i, one in enumerate(self.measures) if one.field)
        yield from ((f"bands.{code}", code) for code, _ in self.bands)

    def but(self, **changed: Any) -> Query:
        """The same question otherwise asked: what was wrong with this one is forgotten."""
        return replace(self, problems=(), **changed)

    def to_json(self) -> dict[str, Any]:
        """All of it but ``problems``; ``from_json`` gives back an equal question."""
        return {
            "periods": list(self.periods),
            "where": self.where.to_json(),
            "columns": list(self.columns),
            "sort": [list(pair) for pair in self.sort],
            "rows": self.rows,
            "across": self.across,
            "measures": [measure.to_json() for measure in self.measures],
            "bands": {code: list(edges) for code, edges in self.bands},
            "within": [condition.to_json() for condition in self.within],
            "trial": self.trial,
        }

    @classmethod
    def from_json(cls, said: Any) -> Query:
        """From what ``to_json`` gives, as text or parsed; parts left out are as in an empty question."""
        from scoring.analysis.reading import read

        if isinstance(said, str | bytes):
            if len(said) > _MAX_JSON:
                return cls(problems=(Problem("", "too_long", str(_MAX_JSON)),))
            try:
                said = json.loads(said)
            except (ValueError, RecursionError):
                return cls(problems=(Problem("", "not_json"),))
        return read(said)

    def address(self) -> str:
        """The question in the letters an address may hold: a version, then its JSON without defaults, deflated."""
        empty = Query().to_json()
        said = {name: value for name, value in self.to_json().items() if value != empty[name]}
        text = json.dumps(said, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
        packed = zlib.compressobj(9, zlib.DEFLATED, -15)
        return "1" + base64.urlsafe_b64encode(packed.compress(text) + packed.flush()).decode().rstrip("=")

    @classmethod
    def from_address(cls, text: str) -> Query:
        """The question of an address; an empty text is the empty question."""
        if not text:
            return cls()
        bad = cls(problems=(Problem("", "bad_address"),))
        if text[0] != "1" or len(text) > _MAX_ADDRESS:
            return bad
        body = text[1:]
        try:
            packed = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
            reader = zlib.decompressobj(-15)
            # Bounded: a few bytes can stand for very many.
            said = reader.decompress(packed, _MAX_JSON)
            return bad if reader.unconsumed_tail or not reader.eof else cls.from_json(said.decode())
        except (ValueError, binascii.Error, zlib.error):
            return bad


def place(text: str) -> int:
    """A place in a list as a form or an address names it; ``NOWHERE`` for what names none (``²``, five thousand digits)."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else NOWHERE


def finite(value: Any) -> bool:
    """Whether JSON's number is one: no infinity, no NaN, and no bool, which Python takes for a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(cast("float", value))
    except OverflowError:  # an integer longer than any float
        return False


def _fields_of(group: Group, path: str) -> Iterator[tuple[str, str]]:
    for i, child in enumerate(group.children):
        at = f"{path}.children[{i}]"
        if isinstance(child, Condition):
            yield f"{at}.field", child.field
        else:
            yield from _fields_of(child, at)
