"""A synthetic zone of any size as data frames: what both pipelines of benchmarks/engine.py start from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

YEAR = 2023
AS_OF = pd.Timestamp(YEAR, 12, 31)
STAGES = ["startup", "growth", "expansion", "mature"]
LEVELS = ["municipal", "provincial", "national"]
KINDS = {
    "qualification": ["hightech", "tech_sme", "srdi", "champion", "innovation_leader", "listed"],
    "platform": [""],
    "award": [""],
    "project": ["plan", "major"],
    "contest": [""],
    "talent": [""],
    "contract": ["general", "university"],
    "requalification": ["hightech", "tech_sme"],
    "delisting": [""],
    "environment": ["warning", "bad"],
    "incident": ["safety_major", "mass"],
    "listing": ["abnormal_operation", "serious_dishonesty"],
}
# How often an entry is of each kind: qualifications are common, incidents rare.
ODDS = np.array([0.28, 0.14, 0.08, 0.14, 0.08, 0.08, 0.15, 0.02, 0.01, 0.012, 0.004, 0.004])


@dataclass(frozen=True)
class Zone:
    """firms, current and previous are indexed alike; entries has a `firm` column of positions."""

    firms: pd.DataFrame
    current: pd.DataFrame
    previous: pd.DataFrame
    entries: pd.DataFrame


def zone(n: int, seed: int = 20221230) -> Zone:
    """n firms, all 24 metrics of two years with 3 % of the cells missing, four register entries a firm."""
    draw = np.random.default_rng(seed)
    index = pd.Index([f"F{place:07d}" for place in range(n)], name="key")
    size = draw.lognormal(7.8, 1.5, n)
    firms = pd.DataFrame(
        {
            "registered_on": AS_OF - pd.to_timedelta(draw.integers(0, 365 * 22, n), unit="D"),
            "industry": draw.choice(["bio", "equipment", "hydrogen", "other"], n),
            "previous_stage": draw.integers(-1, 4, n).astype(np.int8),
            "previous2_stage": draw.integers(-1, 4, n).astype(np.int8),
            "demoted_before": draw.random(n) < 0.05,
            "stage_since": AS_OF - pd.to_timedelta(draw.integers(0, 365 * 14, n), unit="D"),
        },
        index=index,
    )
    current = books(draw, size, index)
    previous = books(draw, size * draw.lognormal(-0.1, 0.25, n), index)
    return Zone(firms, current, previous, register(draw, n))


def books(draw: np.random.Generator, size: np.ndarray, index: pd.Index) -> pd.DataFrame:
    n = len(size)

    def amount(scale: float, often: float = 1.0) -> np.ndarray:
        return np.where(draw.random(n) < often, np.round(size * scale * draw.lognormal(0, 0.4, n), 2), 0.0)

    def count(mean: np.ndarray | float) -> np.ndarray:
        return draw.poisson(np.minimum(mean, 1e6), n).astype(float)

    headcount = 3 + count(size / 60)
    bachelors = np.floor(headcount * draw.beta(3, 5, n))
    columns = {
        "rd_expense": amount(0.05, 0.9),
        "revenue": np.round(size, 2),
        "hightech_revenue": np.round(size * draw.beta(2, 3, n), 2),
        "headcount": headcount,
        "technologists": np.floor(headcount * draw.beta(2, 8, n)),
        "postgraduates": np.floor(bachelors * draw.beta(1, 8, n)),
        "bachelors": bachelors,
        "invention_applications": count(size / 3000),
        "pct_applications": count(0.05),
        "invention_grants": count(size / 6000),
        "tech_contract_value": amount(0.02, 0.5),
        "university_contract_value": amount(0.005, 0.3),
        "standards": count(0.2),
        "rd_tax_relief": amount(0.01, 0.6),
        "net_profit": np.round(size * draw.normal(0.06, 0.08, n), 2),
        "total_profit": np.round(size * draw.normal(0.08, 0.09, n), 2),
        "net_assets": np.round(size * draw.normal(0.8, 0.3, n), 2),
        "total_assets": amount(1.6),
        "exports": amount(0.01, 0.2),
        "graduates_hired": count(headcount / 40),
        "venture_capital": amount(0.2, 0.05),
        "invested_firms": count(0.3),
        "foreign_returnees": count(0.2),
        "torch_reported": np.ones(n),
    }
    frame = pd.DataFrame(columns, index=index)
    return frame.mask(draw.random(frame.shape) < 0.03)


def register(draw: np.random.Generator, n: int) -> pd.DataFrame:
    m = 4 * n
    kinds = list(KINDS)
    kind = draw.choice(len(kinds), m, p=ODDS / ODDS.sum())
    pick = draw.integers(0, 6, m)
    table = np.array([[names[place % len(names)] for place in range(6)] for names in KINDS.values()])
    starts = AS_OF - pd.to_timedelta(draw.integers(0, 365 * 4, m), unit="D")
    return pd.DataFrame(
        {
            "firm": draw.integers(0, n, m),
            "kind": np.array(kinds)[kind],
            "category": table[kind, pick],
            "level": draw.choice(LEVELS, m, p=[0.5, 0.35, 0.15]),
            "starts": starts,
            "ends": (starts + pd.to_timedelta(draw.integers(200, 1500, m), unit="D")).where(draw.random(m) < 0.6),
            "amount": np.round(draw.lognormal(3, 1, m), 2),
        }
    )
