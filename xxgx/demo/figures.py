"""The true figures of every firm and year: all metrics of the catalogue, part never larger than whole."""

import numpy as np

from xxgx.demo.achievements import EntryRow
from xxgx.demo.economy import ALL_YEARS, Economy
from xxgx.demo.places import INDUSTRIES
from xxgx.demo.qualifications import Holdings

Figures = dict[str, np.ndarray]  # metric code → float64[n, len(ALL_YEARS)], NaN where the firm had no figures


def build_figures(rng: np.random.Generator, economy: Economy, holdings: Holdings, contracts: list[EntryRow]) -> Figures:
    """Every metric. Amounts have two decimals, counts none; contract values are the sums of the contract register."""
    figures: Figures = {
        "revenue": economy.revenue.copy(),
        "headcount": economy.headcount.copy(),
        "rd_expense": economy.rd_expense.copy(),
        "torch_reported": np.ones(economy.alive.shape),
    }
    figures |= _people(rng, economy)
    figures |= _patents(rng, economy)
    figures |= _money(rng, economy, holdings)
    figures |= _contract_values(economy, contracts)
    for values in figures.values():
        values[~economy.alive] = np.nan
    return figures


def _people(rng: np.random.Generator, economy: Economy) -> Figures:
    n, staff = economy.size, np.nan_to_num(economy.headcount)
    quality = economy.quality[:, None]
    soft = (~economy.industrial)[:, None]
    own = rng.normal(0, 0.08, (n, 1))
    technologists = np.clip(0.15 + 0.055 * quality + 0.22 * soft + own, 0.02, 0.9)
    bachelors = np.clip(0.28 + 0.06 * quality + 0.25 * soft + 1.2 * own, 0.03, 0.97)
    postgraduates = np.clip(0.11 + 0.05 * quality + rng.normal(0, 0.06, (n, 1)), 0.0, 0.7)
    drift = np.clip(1 + 0.03 * np.arange(len(ALL_YEARS)) + rng.normal(0, 0.05, staff.shape), 0.7, 1.25)
    holders = np.minimum(staff, np.rint(staff * np.minimum(bachelors * drift, 0.98)))
    hired = np.minimum(rng.poisson(staff * np.clip(0.028 + 0.012 * quality, 0.004, 0.09)), np.floor(staff / 3))
    returnees = rng.poisson(np.clip(np.exp(-2.4 + 0.6 * quality) * (staff / 60) ** 0.5, 0, 12))
    return {
        "technologists": np.minimum(staff, np.rint(staff * np.minimum(technologists * drift, 0.98))),
        "bachelors": holders,
        "postgraduates": np.minimum(holders, np.rint(holders * postgraduates)),
        "graduates_hired": hired.astype(float),
        "foreign_returnees": np.minimum(returnees, np.floor(staff / 3)).astype(float),
    }


def _patents(rng: np.random.Generator, economy: Economy) -> Figures:
    rd, revenue = np.nan_to_num(economy.rd_expense), np.nan_to_num(economy.revenue)
    # One invention application for roughly each 120 万元 of R&D, less than in proportion for the large.
    mean = np.where(rd > 0, 0.9 * (rd / 120) ** 0.62 * np.exp(0.35 * economy.quality)[:, None], 0.0)
    mean = mean * np.exp(rng.normal(0, 0.45, economy.size))[:, None]
    # Who does no R&D is in the zone's list for what it filed: 有知识产权申报或授权的企业 (三(一)).
    applications = np.where(rd > 0, rng.poisson(np.minimum(mean, 80)), 1 + rng.poisson(0.3, rd.shape))
    before = np.concatenate([mean[:, :1], mean[:, :-1]], axis=1)
    drafting = 0.05 * (revenue / 2000) ** 0.5 * np.exp(0.5 * economy.quality)[:, None]
    return {
        "invention_applications": applications.astype(float),
        "invention_grants": rng.poisson(np.minimum(0.45 * before, 40)).astype(float),
        "pct_applications": rng.poisson(np.minimum(0.05 * mean * (economy.quality > 0.3)[:, None], 6)).astype(float),
        "standards": rng.poisson(np.minimum(drafting, 4)).astype(float),
    }


def _money(rng: np.random.Generator, economy: Economy, holdings: Holdings) -> Figures:
    n, shape = economy.size, economy.alive.shape
    revenue, rd = np.nan_to_num(economy.revenue), np.nan_to_num(economy.rd_expense)
    quality = economy.quality
    margin = rng.normal(0.055, 0.05, n) + 0.015 * quality
    margin = margin[:, None] + rng.normal(0, 0.035, shape)
    age = np.array(ALL_YEARS)[None, :] - economy.registered[:, None]
    margin = np.clip(margin - 0.12 * (age <= 2), -0.6, 0.38)
    total_profit = margin * revenue
    rate = np.where(holdings.hightech, 0.15, 0.25)
    net_profit = np.where(total_profit > 0, total_profit * (1 - rate), total_profit)

    assets = revenue * np.exp(rng.normal(0.15, 0.4, n))[:, None] * np.exp(rng.normal(0, 0.07, shape)) + 20
    equity = np.clip(rng.normal(0.48, 0.2, n)[:, None] + rng.normal(0, 0.04, shape), -0.35, 0.92)

    share = np.clip(rng.normal(0.66, 0.14, n)[:, None] + rng.normal(0, 0.04, shape), 0.05, 0.98)
    hightech_revenue = np.where(holdings.hightech, share, share * 0.6 * (rd > 0)) * revenue

    extra = np.array([0.75 if year < 2022 else 1.0 for year in ALL_YEARS])  # 75 % until 2021, then 100 %
    relief = rd * extra * rate * rng.uniform(0.6, 0.92, shape) * (total_profit > 0)

    exporter = economy.industrial & (rng.random(n) < 0.24)
    export_share = np.clip(rng.lognormal(np.log(0.13), 0.8, n), 0.005, 0.85)[:, None]
    exports = exporter[:, None] * export_share * revenue / 6.9 * np.exp(rng.normal(0, 0.15, shape))
    exports = np.minimum(exports, 0.9 * revenue / 6.9)

    cluster = np.array([row.cluster for row in INDUSTRIES])[economy.industry]
    hot = np.isin(cluster, ["biomedicine", "hydrogen"])
    chance = np.clip(0.018 + 0.018 * quality + 0.02 * hot, 0.002, 0.12)[:, None] * np.where(age <= 8, 1.6, 0.6)
    venture = (rng.random(shape) < chance) * np.rint(np.exp(rng.normal(np.log(800), 0.8, shape)) / 50) * 50
    invested = rng.poisson(np.clip(0.05 * (revenue / 1000) ** 0.55, 0, 9))
    return {
        "total_profit": np.round(total_profit, 2),
        "net_profit": np.round(net_profit, 2),
        "total_assets": np.round(assets, 2),
        "net_assets": np.round(assets * equity, 2),
        "hightech_revenue": np.minimum(np.round(hightech_revenue, 2), revenue),
        "rd_tax_relief": np.minimum(np.round(relief, 2), rd),
        "exports": np.round(exports, 2),
        "venture_capital": np.round(venture, 2),
        "invested_firms": np.maximum.accumulate(invested, axis=1).astype(float),
    }


def _contract_values(economy: Economy, contracts: list[EntryRow]) -> Figures:
    """Sums over the register in whole hundredths, so that metric and register agree to the last digit."""
    codes = ("tech_contract_value", "university_contract_value")
    cents = {code: np.zeros(economy.alive.shape) for code in codes}
    for row in contracts:
        if row.starts_on.year not in ALL_YEARS or row.amount is None:
            continue
        k = ALL_YEARS.index(row.starts_on.year)
        cents["tech_contract_value"][row.firm, k] += round(row.amount * 100)
        if row.category == "university":
            cents["university_contract_value"][row.firm, k] += round(row.amount * 100)
    return {code: np.round(values / 100, 2) for code, values in cents.items()}
