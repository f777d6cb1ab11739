"""A firm whose three dimensions earn 80, 60 and 40 points under 新开〔2022〕110号, to vary one fact at a time."""

from __future__ import annotations

import datetime as dt
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from scoring.engine import Cohort, History, Registers, Scheme, parse_scheme

TEXT = (Path(__file__).resolve().parents[3] / "scoring" / "schemes" / "xinkai-2022-110.toml").read_text(
    encoding="utf-8"
)
# this year's and last year's figures; what is not here is not provided
CURRENT = {
    "rd_expense": 180, "headcount": 160, "technologists": 128, "invention_applications": 8, "pct_applications": 8,
    "tech_contract_value": 80, "university_contract_value": 80, "standards": 8, "invention_grants": 8,
    "hightech_revenue": 60, "postgraduates": 96, "bachelors": 96, "rd_tax_relief": 60, "net_profit": 60,
    "net_assets": 100, "total_profit": 160, "exports": 60,
}  # fmt: skip
PREVIOUS = {"rd_expense": 100, "revenue": 1000, "headcount": 100, "total_profit": 100}
# 40 points of the support dimension: the five status indicators in full
STATUS_ENTRIES = [
    ["qualification", "hightech", "", "2020-06-01"],
    ["qualification", "champion", "", "2020-06-01"],
    ["qualification", "listed", "", "2020-06-01"],
    ["talent", "", "national", "2019-06-01"],
]


def with_options(options: dict[str, Any], text: str = TEXT) -> str:
    """The scheme with some options set otherwise."""
    for key, value in options.items():
        literal = repr(value).replace("'", '"') if not isinstance(value, bool) else str(value).lower()
        text, count = re.subn(rf"(\[options\.{key}\]\nvalue = ).*", lambda m: m[1] + literal, text)  # noqa: B023
        assert count == 1, key
    return text


def scheme(options: dict[str, Any] | None = None) -> Scheme:
    """The parsed scheme."""
    return parse_scheme(with_options(options or {}))


def figures(case: dict[str, Any]) -> dict[str, float]:
    """This year's figures of a case."""
    named = {key: case[key] for key in ("revenue", "total_assets", "torch_reported") if key in case}
    return {**CURRENT, **named}


def references(case: dict[str, Any]) -> dict[str, Any]:
    """Full-mark values at which the figures earn 80 % and 60 % of the points."""
    now = {key: Fraction(repr(value)) for key, value in figures(case).items()}
    before = {key: Fraction(value) for key, value in PREVIOUS.items()}
    now.setdefault("revenue", Fraction(0))

    def growth(code: str) -> Fraction:
        return (now[code] - before[code]) / before[code] * 100

    def share(a: str, b: str) -> Fraction:
        return now[a] / now[b] * 100 if now[b] else Fraction(1)

    innovation = {
        "1.1": now["rd_expense"], "1.2": growth("rd_expense"), "1.3": share("rd_expense", "revenue"),
        "1.4": share("technologists", "headcount"), "1.5": Fraction(8), "1.6": Fraction(8), "1.7": Fraction(80),
        "1.8": Fraction(80), "1.9": Fraction(8), "1.10": Fraction(8),
    }  # fmt: skip
    performance = {
        "2.1": Fraction(60), "2.2": now["revenue"], "2.3": growth("revenue"), "2.4": share("postgraduates", "headcount"),
        "2.5": Fraction(60), "2.6": share("net_profit", "net_assets"), "2.7": growth("headcount"),
        "2.8": growth("total_profit"), "2.9": Fraction(60), "2.10": share("bachelors", "headcount"),
    }  # fmt: skip
    full = {code: value / Fraction(4, 5) for code, value in innovation.items()}
    full.update({code: value / Fraction(3, 5) for code, value in performance.items()})
    stages = ("startup", "growth", "expansion", "mature")
    return {
        code: {s: {"full": {"value": str(value), "statistic": "p90", "peers": s, "count": 9}} for s in stages}
        for code, value in full.items()
    }


def cohort(case: dict[str, Any], rules: Scheme) -> Cohort:
    """The case as a cohort of one firm."""
    year = case.get("year", 2022)
    codes = [stage.code for stage in rules.stages]

    def stage(key: str) -> np.ndarray:
        return np.array([codes.index(case[key]) if key in case else -1], dtype=np.int8)

    def day(key: str) -> np.ndarray:
        return np.array([str(case[key]) if key in case else "NaT"], dtype="datetime64[D]")

    entries = [*STATUS_ENTRIES, ["contest", "", "national", f"{year}-04-01"], *case.get("entries", [])]
    return Cohort(
        ["甲"],
        year,
        case.get("as_of", dt.date(year, 12, 31)),
        {code: np.array([float(value)]) for code, value in figures(case).items()},
        {code: np.array([float(value)]) for code, value in PREVIOUS.items()},
        {"registered_on": day("registered_on")},
        registers=Registers.build(["甲"], [["甲", *entry] for entry in entries]),
        history=History(
            stage("previous_stage"), stage("previous2_stage"), np.array([case.get("demoted_before", False)]),
            day("stage_since"), stage("override_stage"), stage("peak_stage"),
        ),
        overrides={name: np.array([True]) for name in case.get("manual", [])},
    )  # fmt: skip
