"""Stages stated by people: the years before the system, and startups the office placed by hand (readings 1 and 7)."""

from typing import NamedTuple

import numpy as np

from xxgx.demo.economy import BASE_YEAR, YEARS, Economy

_EVIDENCE = "系统启用前历史，依据企业历年所得税汇算清缴申报表补录"
_CONFIRMED = "成立未满4年但营业收入已达2000万元，积分办核定为扩张期"
_LONG_STANDING = 45
_FELL = 6


class StageRow(NamedTuple):
    firm: int
    year: int
    stage: str
    reason: str


def build_history(rng: np.random.Generator, economy: Economy) -> list[StageRow]:
    """Long runs in 扩张期 (decay after 5 and 10 years), falls out of 成熟期 into 2022, and a few overrides."""
    registered = economy.registered
    first, second = economy.revenue[:, 0], economy.revenue[:, 1]
    old = economy.alive.all(axis=1) & (registered <= BASE_YEAR - 5)

    def expanding(revenue: np.ndarray) -> np.ndarray:
        return (revenue >= 2000) & (revenue < 10_000)

    rows = []
    stayed = np.flatnonzero(old & (registered <= 2013) & expanding(first) & expanding(second))
    for firm in np.sort(rng.permutation(stayed)[:_LONG_STANDING]).tolist():
        since = int(rng.integers(max(registered[firm] + 5, 2010), 2019))
        rows += [StageRow(firm, year, "expansion", _EVIDENCE) for year in range(since, BASE_YEAR + 1)]
    fell = np.flatnonzero(old & (first >= 10_000) & expanding(second))[:_FELL]
    rows += [StageRow(firm, BASE_YEAR, "mature", _EVIDENCE) for firm in fell.tolist()]
    slipped = np.flatnonzero(old & expanding(first) & (second < 2000))[:_FELL]
    rows += [StageRow(firm, BASE_YEAR, "expansion", _EVIDENCE) for firm in slipped.tolist()]
    quick = (registered == 2020) & (np.nan_to_num(economy.revenue[:, 1:]) >= 2000).all(axis=1)
    for firm in np.flatnonzero(quick)[:2].tolist():
        below = economy.revenue[firm, 1:] < 10_000
        years = [year for year, fits in zip(YEARS, below, strict=True) if fits]
        rows += [StageRow(firm, year, "expansion", _CONFIRMED) for year in years]
    return rows
