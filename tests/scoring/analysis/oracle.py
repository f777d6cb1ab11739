"""The answers of 多维检索 once more, slowly: plain Python over a dict a firm, nothing shared with the code it checks."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from scoring.analysis.arrays import Codes, Numbers, Texts

STAGES = ("startup", "growth", "mature")
CHOICES = {
    "stage": STAGES,
    "large": tuple(f"s{i:02}" for i in range(20)),
    "park": tuple(f"p{i:02}" for i in range(20)),
}
FIELDS = ("x", "y", "stage", "flag", "name")


@dataclass
class Sheet:
    """A table as rows; ``None`` is unknown. It gives its arrays as the code under test wants them."""

    rows: list[dict]
    number: int = 0
    key: object = field(init=False)

    def __post_init__(self):
        self.key = (self.number, tuple(tuple(row.items()) for row in self.rows))

    def __len__(self):
        return len(self.rows)

    def normalised(self, text):
        return text.upper()

    def column(self, code):
        values = [row.get(code) for row in self.rows]
        if code in CHOICES and any(code in row for row in self.rows):
            names = CHOICES[code]
            codes = [-1 if value is None else names.index(value) for value in values]
            return Codes(np.array(codes, dtype=np.int32), names)
        if code == "name":
            texts = [value or "" for value in values]
            order = np.empty(len(texts), dtype=np.int32)
            order[sorted(range(len(texts)), key=texts.__getitem__)] = np.arange(len(texts))
            return Texts.of(texts, [(text.upper(),) for text in texts], order)
        return Numbers(np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64))


def holds(node, row, rows):
    """Whether a firm meets a condition or a group (both as JSON)."""
    if "how" in node:
        told = [holds(child, row, rows) for child in node["children"]]
        if not told:
            return True
        return {"all": all(told), "any": any(told), "none": not any(told)}[node["how"]]
    value, op, wanted = row.get(node["field"]), node["op"], node.get("value")
    if op == "unknown":
        return value is None or value == ""
    if value is None or value == "":
        return False
    if op in ("top", "bottom"):
        return _extreme(node["field"], value, op, wanted, rows)
    return {
        "known": lambda: True,
        "eq": lambda: value == wanted,
        "ne": lambda: value != wanted,
        "lt": lambda: value < wanted,
        "le": lambda: value <= wanted,
        "gt": lambda: value > wanted,
        "ge": lambda: value >= wanted,
        "between": lambda: wanted[0] <= value <= wanted[1],
        "in": lambda: (
            (value.upper() if node["field"] == "name" else value)
            in [one.upper() if node["field"] == "name" else one for one in wanted]
        ),
        "not_in": lambda: value not in wanted,
        "is": lambda: bool(value) == wanted,
        "contains": lambda: wanted.upper() in value.upper(),
    }[op]()


def _extreme(code, value, op, amount, rows):
    known = sorted((row[code] for row in rows if row.get(code) is not None), reverse=op == "top")
    number, unit = amount
    wanted = math.ceil(Fraction(str(number)) * len(known) / 100) if unit == "percent" else int(number)
    bound = known[min(wanted, len(known)) - 1]
    return value >= bound if op == "top" else value <= bound


def matching(where, rows):
    return [i for i, row in enumerate(rows) if holds(where, row, rows)]


def ordered(places, rows, sort):
    """By one key after the other, the last one first, so that each sort keeps the order of the next."""
    for code, direction in reversed(sort):
        known = [i for i in places if rows[i].get(code) not in (None, "")]
        unknown = [i for i in places if rows[i].get(code) in (None, "")]
        rank = CHOICES[code].index if code in CHOICES else lambda value: value
        known.sort(key=lambda i, code=code, rank=rank: rank(rows[i][code]), reverse=direction == "desc")
        if direction == "desc":  # Python turns ties round as well
            known = _ties_back(known, rows, code)
        places = known + unknown
    return places


def _ties_back(places, rows, code):
    out, run = [], []
    for i in places:
        if run and rows[run[-1]][code] != rows[i][code]:
            out += run
            run = []
        run.append(i)
    return out + run


def group_key(row, code, edges):
    value = row.get(code)
    if value is None:
        return ""
    if code in CHOICES:
        return value
    if code == "flag":
        return "1" if value else "0"
    return f"b{sum(value >= edge for edge in edges)}"


def statistic(rows, whole, code, name):
    values = [row[code] for row in rows if code and row.get(code) is not None]
    if name == "count":
        return float(len(values) if code else len(rows))
    if name == "share":
        if not code:
            return 100 * len(rows) / len(whole) if whole else None
        total = sum((Fraction(str(row[code])) for row in whole if row.get(code) is not None), Fraction(0))
        return float(100 * sum(map(_exact, values), Fraction(0)) / total) if values and total else None
    if not values:
        return None
    if name == "sum":
        return float(sum(map(_exact, values), Fraction(0)))
    if name == "mean":
        return float(sum(map(_exact, values), Fraction(0)) / len(values))
    share = {"min": 0, "p10": 10, "p25": 25, "median": 50, "p75": 75, "p90": 90, "max": 100}[name]
    values = sorted(map(_exact, values))
    h = Fraction(share, 100) * (len(values) - 1)
    low = math.floor(h)
    high = min(low + 1, len(values) - 1)
    return float(values[low] + (h - low) * (values[high] - values[low]))


def _exact(value):
    return Fraction(str(value))
