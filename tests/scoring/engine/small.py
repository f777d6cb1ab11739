"""Small schemes and cohorts for unit tests."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from scoring.engine import Cohort, Evaluation, History, Registers, Scheme, evaluate, parse_scheme

HEAD = """format = 1
[scheme]
code = "small"
version = "1"
title = "小方案"
[metrics]
a = { name = "甲", unit = "万元" }
b = { name = "乙", unit = "人" }
c = { name = "丙", unit = "件" }
[levels]
municipal = "市级"
provincial = "省级"
national = "国家级"
[registers.platform]
name = "平台"
[registers.project]
name = "项目"
categories = { plan = "计划", major = "重大" }
"""
TAIL = """
[[dimensions]]
code = "d"
name = "一级"
"""


def text(
    rule: str = '{ type = "linear", full = 100 }', value: str = "a", points: str = "10", more: str = "", top: str = ""
) -> str:
    """A scheme of one indicator; `more` is appended, `top` follows the head."""
    return (
        HEAD + top + TAIL + f'[[indicators]]\ncode = "1"\nname = "指标"\ndimension = "d"\nmax_points = {points}\n'
        f'value = "{value}"\nrule = {rule}\n' + more
    )


def scheme(*args: Any, **kwargs: Any) -> Scheme:
    return parse_scheme(text(*args, **kwargs))


def cohort(
    a: Any, b: Any = None, c: Any = None, *, before: dict[str, Any] | None = None, entries: Any = (), **kwargs: Any
) -> Cohort:
    """Firms f0, f1, …; None in a column = not provided."""

    def column(values: Any) -> np.ndarray:
        return np.array([np.nan if v is None else v for v in values], dtype=float)

    keys = [f"f{i}" for i in range(len(a))]
    current = {"a": column(a)}
    for code, values in (("b", b), ("c", c)):
        if values is not None:
            current[code] = column(values)
    return Cohort(
        keys, kwargs.pop("year", 2022), kwargs.pop("as_of", dt.date(2022, 12, 31)), current,
        {code: column(values) for code, values in (before or {}).items()},
        registers=Registers.build(keys, entries), **kwargs,
    )  # fmt: skip


def value(expression: str, firms: Cohort, top: str = "") -> Evaluation:
    """Evaluate one expression as an indicator's value (an uncapped ratio to 1)."""
    rules = scheme('{ type = "reference_ratio", full = 1, capped = false }', expression, "1", top=top)
    return evaluate(rules, firms)


def history(n: int, **columns: Any) -> History:
    unknown = History.unknown(n)
    fields = {name: np.asarray(columns.get(name, getattr(unknown, name))) for name in unknown.__dataclass_fields__}
    return History(**fields)
