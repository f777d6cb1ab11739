"""A small scheme and zones for the modules beside the core."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from scoring.engine import Cohort, Evaluation, evaluate, parse_scheme
from tests.oracle_cases import as_cohort, zone

REGULATION = parse_scheme((Path(__file__).parents[3] / "scoring/schemes/xinkai-2022-110.toml").read_text())
TIERED = """format = 1
[scheme]
code = "t"
version = "1"
title = "分档"
document = ""
issued_on = ""
total = 100
[metrics]
a = { name = "甲", unit = "" }
b = { name = "乙", unit = "" }
c = { name = "丙", unit = "" }
d = { name = "丁", unit = "" }
[[stages]]
code = "small"
name = "小"
when = "d < 100"
[[stages]]
code = "large"
name = "大"
when = "d >= 100"
[aggregate]
method = "arithmetic"
[[dimensions]]
code = "x"
name = "x"
weight = { small = 60, large = 30 }
[[dimensions]]
code = "y"
name = "y"
weight = { small = 40, large = 70 }
[[indicators]]
code = "x1"
name = "x1"
dimension = "x"
max_points = 60
value = "a"
rule = { type = "tiers", tiers = [["[1, 10)", 20], ["[10, 50)", 45], ["[50, inf)", 60]] }
[[indicators]]
code = "x2"
name = "x2"
dimension = "x"
max_points = 40
value = "b"
rule = { type = "linear", full = 20 }
[[indicators]]
code = "y1"
name = "y1"
dimension = "y"
max_points = 50
value = "ratio(b, c)"
rule = { type = "two_thresholds", base = 20, full = 80 }
[[indicators]]
code = "y2"
name = "y2"
dimension = "y"
max_points = 50
value = "d"
rule = { type = "steps", points = 10, per = 40 }
[[decays]]
code = "idle"
name = "无甲"
when = "a == 0"
factor = 0.8
"""
SMALL = parse_scheme(TIERED)


def cohort(**columns: list[float]) -> Cohort:
    """A cohort of the tiered scheme from columns of metrics; firms are named F0, F1, …"""
    size = len(next(iter(columns.values())))
    arrays = {name: np.array(column, dtype=float) for name, column in columns.items()}
    return Cohort(keys=[f"F{i}" for i in range(size)], year=2023, as_of=zone(0, 0)["as_of"], current=arrays)


def crowd(n: int, seed: int = 1) -> Cohort:
    """n random firms of the tiered scheme."""
    draw = np.random.default_rng(seed)
    return cohort(
        a=draw.integers(0, 80, n),
        b=np.round(draw.gamma(2, 6, n), 2),
        c=draw.integers(1, 60, n),
        d=draw.integers(0, 250, n),
    )


@lru_cache
def judged(seed: int = 5, size: int = 60) -> tuple[Cohort, Evaluation]:
    """A zone under the regulation."""
    columns = as_cohort(REGULATION, zone(seed, size, trouble=0.1))
    return columns, evaluate(REGULATION, columns)
