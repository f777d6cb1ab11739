"""Two groups of firms to be compared, as they are put together: the posted form ⇄ an address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from scoring.analysis.fields import EARLIEST, TEXT, base, earlier
from scoring.analysis.query import ALL, Condition, Group, Query
from scoring.presenters.analysis.draft import Node, Posted, conditions, one_period
from scoring.presenters.analysis.edits import changed_lists, changed_tree

SIDES = ("a", "b")
MOST_FIELDS = 12
LONGEST_NAME = 30
FIRST_FIELDS = ("score.total", "metric.revenue", "metric.rd_expense", "value.1.3")


@dataclass(frozen=True)
class Cohort:
    """``query``: the firms, of one period; ``name`` as the reader calls them, "" for 甲组 or 乙组."""

    query: Query
    name: str = ""


@dataclass(frozen=True)
class Comparison:
    """``trial`` stands in both questions: two groups are of the same runs."""

    a: Cohort
    b: Cohort
    fields: tuple[str, ...] = ()

    def side(self, name: str) -> Cohort:
        return self.a if name == "a" else self.b

    def address(self) -> str:
        pairs = [("a", self.a.query.address()), ("b", self.b.query.address())]
        pairs += [(f"name_{side}", self.side(side).name) for side in SIDES if self.side(side).name]
        return urlencode(pairs + [("f", code) for code in self.fields])


def with_side(comparison: Comparison, side: str, cohort: Cohort) -> Comparison:
    """The comparison with another group in one place; both stay of the same runs."""
    query = cohort.query.but(trial=comparison.side(side).query.trial)
    periods = cohort.query.periods or comparison.side(side).query.periods
    return replace(comparison, **{side: Cohort(replace(query, periods=periods), cohort.name)})


def population(query: Query) -> Query:
    """The firms of a question and nothing else of it: its conditions, its newest period, its runs."""
    where = query.where
    if query.within:
        where = Group(ALL, (*query.within, *((where,) if where.children else ())))
    return Query(periods=query.periods[:1], where=where, trial=query.trial, problems=query.problems)


def of_address(data: Any) -> Comparison:
    """The comparison of an address; what stands in it as somebody typed it is cut to what fits, and both groups are of the same
    runs: who is in both is asked of one of them."""
    asked = Posted(data)
    queries = [population(Query.from_address(asked.one(side))) for side in SIDES]
    trial = any(query.trial for query in queries)
    found = [
        Cohort(replace(query, trial=trial), asked.one(f"name_{side}").strip()[:LONGEST_NAME])
        for side, query in zip(SIDES, queries, strict=True)
    ]
    return Comparison(found[0], found[1], tuple(dict.fromkeys(asked.all("f")))[:MOST_FIELDS])


def of_form(data: Any, kinds: Mapping[str, str]) -> tuple[Comparison, dict[str, Node]]:
    """The comparison a posted form stands for, and both trees of conditions as they were typed."""
    posted = Posted(data)
    trees = {side: conditions(posted, kinds, side) for side in SIDES}
    return _compared(posted, trees), trees


def edited(data: Any, kinds: Mapping[str, str], deed: str) -> tuple[Comparison, dict[str, Node], str]:
    """The same after a button, and the path the reader goes on at."""
    comparison, trees = of_form(data, kinds)
    verb, _colon, where = deed.partition(":")
    side = where[:1]
    if side in SIDES and (where == side or where.startswith(f"{side}.")):
        trees[side], focus = changed_tree(trees[side], verb, where, side)
        return _compared(Posted(data), trees), trees, focus
    chosen = changed_lists({"columns": list(comparison.fields)}, verb, where)
    if verb == "swap":
        comparison, trees = replace(comparison, a=comparison.b, b=comparison.a), {"a": trees["b"], "b": trees["a"]}
    return replace(comparison, fields=tuple(chosen["columns"])[:MOST_FIELDS]), trees, ""


def _compared(posted: Posted, trees: Mapping[str, Node]) -> Comparison:
    trial = posted.one("trial") == "1"
    sides = []
    for side in SIDES:
        said = {"periods": one_period(posted.one(f"period_{side}")), "where": trees[side], "trial": trial}
        sides.append(Cohort(Query.from_json(said), posted.one(f"name_{side}").strip()[:LONGEST_NAME]))
    picked = list(dict.fromkeys(posted.all("pick")))
    standing = [code for code in posted.all("column") if code in set(picked)]
    fields = standing + [code for code in picked if code not in set(standing)]
    return Comparison(sides[0], sides[1], tuple(fields)[:MOST_FIELDS])


def both(newer: Query, older: Query, back: int, kinds: Mapping[str, str]) -> Query | None:
    """The firms in both groups, asked of the newer period; ``back``: how many periods the older one lies before it.

    None where a condition of the older group cannot be asked from there: a text, the first of a ranking, too far back.
    """
    parts: list[Condition | Group] = [newer.where] if newer.where.children else []
    if back > EARLIEST:
        return None
    if back:
        shifted = _shifted(older.where, back, kinds)
        if shifted is None:
            return None
        parts.append(Condition(earlier("firm.status", back), "known"))
        older = replace(older, where=shifted)
    parts += [older.where] if older.where.children else []
    return Query(periods=newer.periods, where=Group(ALL, tuple(parts)), trial=newer.trial)


def _shifted(group: Group, back: int, kinds: Mapping[str, str]) -> Group | None:
    children: list[Condition | Group] = []
    for child in group.children:
        if isinstance(child, Group):
            inner = _shifted(child, back, kinds)
            if inner is None:
                return None
            children.append(inner)
            continue
        code, already = base(child.field)
        if kinds.get(code, TEXT) == TEXT or child.op in ("top", "bottom") or already + back > EARLIEST:
            return None
        children.append(replace(child, field=earlier(code, already + back)))
    return Group(group.how, tuple(children))


def starting(fields: Sequence[str], year: int | None, kept: Cohort | None = None) -> Comparison:
    """Nothing compared yet; ``kept``: the group a reader came with."""
    periods = (year,) if year else ()
    first = kept or Cohort(Query(periods=periods))
    second = Cohort(Query(periods=first.query.periods, trial=first.query.trial))
    return Comparison(first, second, tuple(code for code in FIRST_FIELDS if code in fields))
