"""Whether a question fits the fields there are; values are brought into their one form, forgivingly."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import pairwise

from scoring.analysis import fields as f
from scoring.analysis.fields import Field
from scoring.analysis.query import (
    MAX_COLUMNS,
    Condition,
    Group,
    Measure,
    Problem,
    Query,
    Scalar,
    Value,
    finite,
)

_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?%?")
_TRUE, _FALSE = frozenset({"1", "true", "是"}), frozenset({"0", "false", "否"})
PER_MEASURE = "measure."  # sorting groups: measure.0 is the first measure


class Misfit(ValueError):  # noqa: N818  (a fact about what was typed)
    """A value that does not fit; ``args``: (code, about)."""


def checked(query: Query, fields: Mapping[str, Field], hidden: Collection[str] = ()) -> tuple[Query, list[Problem]]:
    """The question with its values in order, and what is wrong with it (``query.problems`` included).

    ``fields``: by code, those this person may ask about; ``hidden``: codes that exist for others.
    """
    return _Checker(fields, hidden).query(query)


def field_of(code: str, fields: Mapping[str, Field]) -> Field | None:
    """The field behind a code, which may look back (``@-1``)."""
    plain, back = f.base(code)
    found = fields.get(plain)
    if found is None or back > f.EARLIEST or (back and found.kind == f.TEXT):
        return None
    return found


def number(text: Scalar) -> float:
    """``５,000`` → 5000.0. Raises Misfit."""
    if finite(text):
        return float(text)
    said = "".join(unicodedata.normalize("NFKC", str(text)).replace(",", "").replace("−", "-").split())
    if isinstance(text, bool) or not _NUMBER.fullmatch(said):
        raise Misfit("no_value" if not said else "not_number", str(text))
    value = float(said.rstrip("%"))
    if not finite(value):
        raise Misfit("not_number", str(text))
    return value


def day(text: Scalar) -> str:
    """``2021年5月3日`` → ``2021-05-03``. Raises Misfit."""
    said = "".join(unicodedata.normalize("NFKC", str(text)).split())
    found = _DAY.fullmatch(said)
    if found is None:
        raise Misfit("no_value" if not said else "not_day", str(text))
    try:
        return dt.date(int(found[1]), int(found[2]), int(found[3])).isoformat()
    except ValueError:
        raise Misfit("not_day", str(text)) from None


class _Checker:
    def __init__(self, fields: Mapping[str, Field], hidden: Collection[str]) -> None:
        self.fields, self.hidden = fields, hidden
        self.problems: list[Problem] = []

    def query(self, query: Query) -> tuple[Query, list[Problem]]:
        self.problems = list(query.problems)
        for path, code in query.fields():
            if self.field(code) is None:
                self.wrong(path, "hidden_field" if f.base(code)[0] in self.hidden else "unknown_field", code)
        bands = tuple(self.bands(code, edges) for code, edges in query.bands)
        done = replace(
            query,
            where=self.group(query.where, "where"),
            within=tuple(self.condition(one, f"within[{i}]") for i, one in enumerate(query.within)),
            bands=bands,
        )
        self.grouping(done)
        for i, measure in enumerate(query.measures):
            self.measure(measure, f"measures[{i}]")
        if len(query.columns) > MAX_COLUMNS:
            self.wrong("columns", "too_many", MAX_COLUMNS)
        return done, self.problems

    def wrong(self, path: str, code: str, about: object = "") -> None:
        self.problems.append(Problem(path, code, str(about)[:80]))

    def field(self, code: str) -> Field | None:
        return field_of(code, self.fields)

    def group(self, group: Group, path: str) -> Group:
        children = []
        for i, child in enumerate(group.children):
            at = f"{path}.children[{i}]"
            children.append(self.group(child, at) if isinstance(child, Group) else self.condition(child, at))
        return Group(group.how, tuple(children))

    def condition(self, condition: Condition, path: str) -> Condition:
        field = self.field(condition.field)
        if field is None:
            return condition
        if condition.op not in field.ops:
            self.wrong(f"{path}.op", "unfit_op", condition.op)
            return condition
        try:
            return replace(condition, value=_value(field, condition.op, condition.value))
        except Misfit as misfit:
            code, about = misfit.args
            self.wrong(f"{path}.value", code, about)
            return condition

    def grouping(self, query: Query) -> None:
        if query.across and not query.rows:
            self.wrong("across", "across_without_rows")
        if query.rows and query.rows == query.across:
            self.wrong("across", "same_twice", query.across)
        for path, code in (("rows", query.rows), ("across", query.across)):
            field = self.field(code) if code else None
            if field is None:
                continue
            if not field.groupable:
                self.wrong(path, "not_groupable", code)
            elif field.needs_bands and not query.edges(code):
                self.wrong(path, "no_bands", code)

    def bands(self, code: str, edges: tuple[Scalar, ...]) -> tuple[str, tuple[Scalar, ...]]:
        field, path = self.field(code), f"bands.{code}"
        if field is None:
            return code, edges
        if not field.needs_bands:
            self.wrong(path, "unfit_bands", code)
            return code, edges
        found: list[Scalar] = []
        for i, edge in enumerate(edges):
            try:
                found.append(_scalar(field, edge))
            except Misfit as misfit:
                self.wrong(f"{path}[{i}]", *misfit.args)
        if any(low >= high for low, high in pairwise(found)):  # type: ignore[operator]
            self.wrong(path, "not_rising")
        return code, tuple(found)

    def measure(self, measure: Measure, path: str) -> None:
        if measure.statistic not in f.STATISTICS:
            self.wrong(f"{path}.statistic", "unknown_statistic", measure.statistic)
        elif not measure.field and measure.statistic not in ("count", "share"):
            self.wrong(f"{path}.field", "no_field")
        field = self.field(measure.field) if measure.field else None
        if field is not None and not field.measurable and measure.statistic != "count":
            self.wrong(f"{path}.field", "not_measurable", measure.field)


def _scalar(field: Field, value: Scalar) -> Scalar:
    return day(value) if field.kind == f.DATE else number(value)


def _value(field: Field, op: str, value: Value) -> Value:
    """The value in its one form. Raises Misfit."""
    if op in ("known", "unknown"):
        return None
    if value is None or value == () or value == "":
        raise Misfit("no_value", "")
    if op in ("in", "not_in"):
        return _listed(field, value if isinstance(value, tuple) else (value,))
    if op in ("top", "bottom"):
        return _amount(value if isinstance(value, tuple) else (value, "firms"))
    if op == "between":
        if not isinstance(value, tuple) or len(value) != 2:
            raise Misfit("not_pair", "")
        low, high = (_scalar(field, end) for end in value)
        if low > high:  # type: ignore[operator]
            raise Misfit("not_rising", "")
        return (low, high)
    if isinstance(value, tuple):
        raise Misfit("not_one", "")
    if op == "is":
        said = str(value).strip().lower()
        if said not in _TRUE | _FALSE:
            raise Misfit("not_bool", str(value))
        return said in _TRUE
    if op == "contains":
        if not str(value).strip():
            raise Misfit("no_value", "")
        return str(value).strip()
    return _scalar(field, value)


def _listed(field: Field, values: tuple[Scalar, ...]) -> tuple[Scalar, ...]:
    said = tuple(dict.fromkeys(str(value).strip() for value in values if str(value).strip()))
    if not said:
        raise Misfit("no_value", "")
    if field.kind == f.CHOICE:
        known = {code for code, _ in field.choices}
        for code in said:
            if code not in known:
                raise Misfit("unknown_choice", code)
    return said


def _amount(value: tuple[Scalar, ...]) -> tuple[Scalar, ...]:
    if len(value) != 2 or value[1] not in ("firms", "percent"):
        raise Misfit("not_amount", "")
    amount = number(value[0])
    if amount <= 0 or (value[1] == "percent" and amount > 100) or (value[1] == "firms" and amount != int(amount)):
        raise Misfit("not_amount", str(value[0]))
    return (amount, value[1])
