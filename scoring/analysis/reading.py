"""JSON to a ``Query``: everything understood is kept, everything else is told with its path."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from scoring.analysis import query as q
from scoring.analysis.query import Condition, Group, Measure, Problem, Query, Scalar, Value

MAX_GROUPS = 50  # with the outermost one and those of nothing
MAX_PROBLEMS = 100  # told at once: an address of a few hundred letters can stand for very many

_KEYS = frozenset(Query().to_json())


def read(said: Any) -> Query:
    """The question ``said`` states."""
    return _Reader().query(said)


class _Reader:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.conditions = self.groups = 0

    def query(self, said: Any) -> Query:
        if not isinstance(said, dict):
            return Query(problems=(Problem("", "not_object"),))
        for name in said:
            if name not in _KEYS:
                self.wrong(str(name)[:40], "unknown_key", str(name))
        trial = said.get("trial", False)
        if not isinstance(trial, bool):
            self.wrong("trial", "not_bool")
        return Query(
            periods=tuple(self.periods(said.get("periods", []))),
            where=self.where(said.get("where", {})),
            columns=tuple(dict.fromkeys(self.several(said, "columns", q.MAX_COLUMNS, self.code))),
            sort=tuple(self.several(said, "sort", q.MAX_SORTS, self.sort)),
            rows=self.code(said.get("rows", ""), "rows", empty=True) or "",
            across=self.code(said.get("across", ""), "across", empty=True) or "",
            measures=tuple(dict.fromkeys(self.several(said, "measures", q.MAX_MEASURES, self.measure))),
            bands=tuple(self.bands(said.get("bands", {}))),
            within=tuple(self.several(said, "within", q.MAX_WITHIN, self.condition)),
            trial=trial is True,
            problems=tuple(self.problems),
        )

    def wrong(self, path: str, code: str, about: Any = "") -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(path, code, str(about)[:80]))

    def several(self, said: dict[str, Any], name: str, most: int, read_one: Callable[[Any, str], Any]) -> Iterator[Any]:
        """The entries of a list that can be read, no more than ``most``."""
        given = said.get(name, [])
        if not isinstance(given, list):
            self.wrong(name, "not_list")
            return
        if len(given) > most:
            self.wrong(name, "too_many", most)
        for i, one in enumerate(given[:most]):
            found = read_one(one, f"{name}[{i}]")
            if found is not None:
                yield found

    def periods(self, given: Any) -> Iterator[int]:
        if not isinstance(given, list):
            self.wrong("periods", "not_list")
            return
        if len(given) > q.MAX_PERIODS:
            self.wrong("periods", "too_many", q.MAX_PERIODS)
        seen = set()
        for i, year in enumerate(given[: q.MAX_PERIODS]):
            if isinstance(year, bool) or not isinstance(year, int) or not 1949 <= year <= 2100:
                self.wrong(f"periods[{i}]", "not_year", year)
            elif year not in seen:
                seen.add(year)
                yield year

    def where(self, given: Any) -> Group:
        if not isinstance(given, dict):
            self.wrong("where", "not_object")
            return Group()
        return self.group(given, "where", 1) or Group()

    def node(self, given: Any, path: str, depth: int) -> Condition | Group | None:
        if isinstance(given, dict) and ("how" in given or "children" in given):
            return self.group(given, path, depth)
        return self.condition(given, path)

    def group(self, given: dict[str, Any], path: str, depth: int) -> Group | None:
        if depth > q.MAX_DEPTH:
            self.wrong(path, "too_deep", q.MAX_DEPTH)
            return None
        self.groups += 1
        if self.groups > MAX_GROUPS:
            if self.groups == MAX_GROUPS + 1:
                self.wrong(path, "too_many", MAX_GROUPS)
            return None
        self.unexpected(given, {"how", "children"}, path)
        how, children = given.get("how", q.ALL), given.get("children", [])
        if not isinstance(how, str) or how not in q.HOWS:
            self.wrong(f"{path}.how", "unknown_how", how)
            how = q.ALL
        if not isinstance(children, list):
            self.wrong(f"{path}.children", "not_list")
            children = []
        found = (self.node(child, f"{path}.children[{i}]", depth + 1) for i, child in enumerate(children))
        return Group(how, tuple(child for child in found if child is not None))

    def condition(self, given: Any, path: str) -> Condition | None:
        if not isinstance(given, dict):
            self.wrong(path, "not_object")
            return None
        self.conditions += 1
        if self.conditions > q.MAX_CONDITIONS + q.MAX_WITHIN or (
            self.conditions > q.MAX_CONDITIONS and path.startswith("where")
        ):
            if self.conditions == q.MAX_CONDITIONS + 1:
                self.wrong(path, "too_many_conditions", q.MAX_CONDITIONS)
            return None
        self.unexpected(given, {"field", "op", "value"}, path)
        code, op = self.code(given.get("field"), f"{path}.field"), given.get("op")
        if not isinstance(op, str) or not op:
            self.wrong(f"{path}.op", "no_op")
            return None
        if code is None:
            return None
        return Condition(code, op[:20], self.value(given.get("value"), f"{path}.value"))

    def value(self, given: Any, path: str) -> Value:
        if given is None:
            return None
        if isinstance(given, list):
            if len(given) > q.MAX_VALUES:
                self.wrong(path, "too_many", q.MAX_VALUES)
            kept = [self.scalar(one, f"{path}[{i}]") for i, one in enumerate(given[: q.MAX_VALUES])]
            return tuple(one for one in kept if one is not None)
        return self.scalar(given, path)

    def scalar(self, given: Any, path: str) -> Scalar | None:
        if isinstance(given, bool) or q.finite(given):
            return given
        if isinstance(given, str):
            if len(given) > q.MAX_TEXT:
                self.wrong(path, "too_long", q.MAX_TEXT)
            return given[: q.MAX_TEXT]
        self.wrong(path, "not_value")
        return None

    def code(self, given: Any, path: str, empty: bool = False) -> str | None:
        if isinstance(given, str) and len(given) <= 96 and (given or empty):
            return given
        self.wrong(path, "no_field")
        return None

    def sort(self, given: Any, path: str) -> tuple[str, str] | None:
        if not isinstance(given, list) or len(given) != 2:
            self.wrong(path, "not_sort")
            return None
        code = self.code(given[0], path)
        if given[1] not in q.DIRECTIONS:
            self.wrong(path, "not_sort", given[1])
            return None
        return None if code is None else (code, given[1])

    def measure(self, given: Any, path: str) -> Measure | None:
        if not isinstance(given, dict):
            self.wrong(path, "not_object")
            return None
        self.unexpected(given, {"field", "statistic"}, path)
        code, statistic = (
            self.code(given.get("field", ""), f"{path}.field", empty=True),
            given.get("statistic", "count"),
        )
        if not isinstance(statistic, str):
            self.wrong(f"{path}.statistic", "unknown_statistic")
            return None
        return None if code is None else Measure(code, statistic[:20])

    def bands(self, given: Any) -> Iterator[tuple[str, tuple[Scalar, ...]]]:
        if not isinstance(given, dict):
            self.wrong("bands", "not_object")
            return
        if len(given) > 2:
            self.wrong("bands", "too_many", 2)
        for code, edges in sorted((str(code), edges) for code, edges in list(given.items())[:2]):
            path = f"bands.{code[:96]}"
            if not isinstance(edges, list) or not edges:
                self.wrong(path, "not_list")
                continue
            if len(edges) > q.MAX_EDGES:
                self.wrong(path, "too_many", q.MAX_EDGES)
            kept = [self.scalar(edge, f"{path}[{i}]") for i, edge in enumerate(edges[: q.MAX_EDGES])]
            known = tuple(edge for edge in kept if edge is not None)
            if self.code(code, path) is not None and known:
                yield code, known

    def unexpected(self, given: dict[str, Any], known: set[str], path: str) -> None:
        for name in given:
            if name not in known:
                self.wrong(path, "unknown_key", name)
