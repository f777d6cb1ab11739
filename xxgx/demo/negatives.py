"""The negative list (表3第1—3行): listings, environmental credit and incidents, lifted ones too."""

from datetime import date, timedelta

import numpy as np

from xxgx.demo.economy import ALL_YEARS, Economy
from xxgx.demo.ledger import Ledger, some_day

# kind, category, title, cases a year, days until it is lifted (0 = never is)
_CASES = (
    ("listing", "abnormal_operation", "未按期公示年度报告，列入经营异常名录", 3, 150),
    ("listing", "abnormal_operation", "通过登记的住所无法联系，列入经营异常名录", 1, 0),
    ("listing", "serious_dishonesty", "列入严重违法失信企业名单", 1, 0),
    ("listing", "serious_dishonesty", "列入严重违法失信企业名单（已修复）", 1, 400),
    ("environment", "warning", "企业环境信用等级评定：警示", 6, 0),
    ("environment", "bad", "企业环境信用等级评定：不良", 2, 0),
    ("incident", "safety_major", "较大生产安全事故", 1, 0),
    ("incident", "mass", "群体性事件", 1, 0),
)


def build_negatives(rng: np.random.Generator, economy: Economy, ledger: Ledger) -> None:
    """Every case of the list several times a period, each year on firms not hit before."""
    industrial = economy.industrial & economy.alive.all(axis=1)
    ordinary = economy.alive.all(axis=1) & (economy.registered < 2021) & ~_largest(economy)
    pool = rng.permutation(np.flatnonzero(ordinary)).tolist()
    for year in ALL_YEARS:
        for kind, category, title, many, lifted_after in _CASES:
            for _ in range(many):
                needs_works = kind in {"environment", "incident"}
                firm = next(f for f in pool if industrial[f] or not needs_works)
                pool.remove(firm)
                day = some_day(rng, year, 2, 11)
                ends = day + timedelta(days=lifted_after) if lifted_after else None
                if kind == "environment":  # a yearly grade
                    day, ends = date(year, 6, 30), date(year + 1, 6, 29)
                if kind == "incident":
                    ends = None
                ledger.add(firm, kind, title, day, ends, category=category)


def _largest(economy: Economy) -> np.ndarray:
    """The zone's flagships: published sums stand on them, and a demo without them would mislead."""
    revenue = np.nan_to_num(economy.revenue[:, 1])
    return revenue >= np.sort(revenue)[-30]
