"""Who the demo zone's firms are and how they grew: identity, revenue, staff and R&D, one column a year.

Figures are lognormal and hang together through two hidden traits: size (the log of revenue) and ``quality``
(how innovative a firm is). Amounts are 万元 with two decimals.
"""

from dataclasses import dataclass

import numpy as np

from xxgx.demo.places import INDUSTRIES, PARKS

BASE_YEAR = 2021  # facts only, so that the first period has growth rates
YEARS = (2022, 2023, 2024)
ALL_YEARS = (BASE_YEAR, *YEARS)
PUBLISHED = ALL_YEARS.index(2022)  # the column whose totals the zone has published

ABOVE_SCALE = 102  # 规上工业企业 at the end of 2022 …
ABOVE_SCALE_WITH_RD = 81  # … of which do R&D …
ABOVE_SCALE_RD = 62_300.00  # … and spend this on it, 万元

OLD_FIRMS = 386  # registered before 2018
YOUNG_FIRMS = {2018: 25, 2019: 26, 2020: 25, 2021: 24, 2022: 20, 2023: 14, 2024: 10}


@dataclass(frozen=True)
class Economy:
    """Columns of n firms; two-dimensional ones are [n, len(ALL_YEARS)], NaN where the firm had no figures yet."""

    registered_on: np.ndarray  # datetime64[D]
    industry: np.ndarray  # index into INDUSTRIES
    park: np.ndarray  # index into PARKS
    quality: np.ndarray
    industrial: np.ndarray
    alive: np.ndarray
    revenue: np.ndarray
    headcount: np.ndarray
    rd_expense: np.ndarray
    above_scale: np.ndarray  # at the end of 2022

    @property
    def size(self) -> int:
        return len(self.industry)

    @property
    def registered(self) -> np.ndarray:
        """The year of registration."""
        return _year_of(self.registered_on)


def _year_of(dates: np.ndarray) -> np.ndarray:
    return dates.astype("datetime64[Y]").astype(int) + 1970


def build_economy(rng: np.random.Generator) -> Economy:
    registered_on = _registrations(rng)
    n = len(registered_on)
    registered = _year_of(registered_on)
    shares = np.array([row.share for row in INDUSTRIES], dtype=float)
    industry = rng.choice(len(INDUSTRIES), size=n, p=shares / shares.sum())
    industrial = np.array([row.code.startswith("C") for row in INDUSTRIES])[industry]
    park = rng.choice(len(PARKS), size=n, p=[row.share for row in PARKS])
    quality = rng.normal(size=n) + 0.15 * ~industrial

    alive = np.array(ALL_YEARS)[None, :] >= registered[:, None]
    moved_away = rng.choice(np.flatnonzero(registered < 2018), size=8, replace=False)
    alive[moved_away[:3], 2:] = False
    alive[moved_away[3:], 3:] = False
    stays = alive.all(axis=1)

    log_revenue = _growth_paths(rng, registered, quality)
    revenue = np.round(np.exp(log_revenue), 2)
    _edge_cases(revenue, registered_on, stays & ~industrial)

    above_scale = _above_scale(revenue, industrial & stays)
    _falls(rng, revenue, stays & ~above_scale & (registered < 2016))
    rd_expense = _rd(rng, revenue, quality, above_scale)
    per_head = 58 * (revenue / 2000) ** 0.16 * np.exp(rng.normal(0, 0.3, n))[:, None]
    headcount = np.maximum(3, np.rint(revenue / per_head * np.exp(rng.normal(0, 0.05, revenue.shape)) + 3))

    for column in (revenue, headcount, rd_expense):
        column[~alive] = np.nan
    return Economy(
        registered_on, industry, park, quality, industrial, alive, revenue, headcount, rd_expense, above_scale
    )


def _registrations(rng: np.random.Generator) -> np.ndarray:
    """Old firms mostly from 2003–2017, a few from the 1990s; then the young ones, year by year."""
    old = np.clip(np.rint(2017.4 - rng.gamma(2.0, 4.2, OLD_FIRMS)), 1992, 2017).astype(int)
    young = np.repeat(list(YOUNG_FIRMS), list(YOUNG_FIRMS.values()))
    years = np.concatenate([old, young])
    days = rng.integers(0, 365, len(years))
    dates = (years - 1970).astype("datetime64[Y]").astype("datetime64[D]") + days
    # The dates lawyers ask about: a fourth anniversary on the reference day, and the leap day.
    dates[OLD_FIRMS] = np.datetime64("2018-12-31")
    dates[np.flatnonzero(years == 2020)[0]] = np.datetime64("2020-02-29")
    dates[np.flatnonzero(years == 2012)[0]] = np.datetime64("2012-02-29")
    return dates


def _growth_paths(rng: np.random.Generator, registered: np.ndarray, quality: np.ndarray) -> np.ndarray:
    n, years = len(registered), len(ALL_YEARS)
    young = registered >= 2018
    level = np.where(young, rng.normal(np.log(260), 1.0, n), rng.normal(np.log(1080), 1.75, n) + 0.12 * quality)
    quick = young & (rng.random(n) < 0.06)  # startups in years, expansion firms in revenue: for the office to confirm
    quick[np.flatnonzero(registered == 2020)[:2]] = True
    level[quick] = rng.normal(np.log(3600), 0.4, quick.sum())
    level = np.clip(level, np.log(15), np.log(260_000))
    growth = rng.normal(0.07, 0.13, (n, years)) + 0.03 * quality[:, None] + 0.22 * young[:, None]
    shocks = rng.random((n, years))
    growth[shocks < 0.03] -= rng.uniform(0.5, 1.1, (n, years))[shocks < 0.03]
    growth[shocks > 0.965] += rng.uniform(0.35, 0.8, (n, years))[shocks > 0.965]
    growth[:, 0] = 0
    return level[:, None] + growth.cumsum(axis=1)


def _edge_cases(revenue: np.ndarray, registered_on: np.ndarray, candidates: np.ndarray) -> None:
    """Revenue of exactly 2000 and 10000 万元, the stage boundaries (reading 3)."""
    old = candidates & (registered_on < np.datetime64("2016-01-01"))
    near = np.flatnonzero(old & (np.abs(revenue[:, 1] - 2000) < 1200))
    revenue[near[0], 1] = 2000.00
    far = np.flatnonzero(old & (revenue[:, 1] > 5000) & (np.arange(len(old)) != near[0]))
    revenue[far[0], 2] = 10000.00


def _above_scale(revenue: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """The ``ABOVE_SCALE`` industrial firms with the largest revenue of the year before: what 规上 status follows."""
    order = np.argsort(np.where(candidates, -revenue[:, 0], np.inf), kind="stable")
    chosen = np.zeros(len(revenue), dtype=bool)
    chosen[order[:ABOVE_SCALE]] = True
    return chosen


def _falls(rng: np.random.Generator, revenue: np.ndarray, candidates: np.ndarray) -> None:
    """Two grades at once, and one grade in each of two years running (reading 8); rare, so made rather than awaited."""
    pool = np.flatnonzero(candidates & (revenue[:, 1] > 2500))
    pool = pool[np.argsort(-revenue[pool, 1], kind="stable")][:8]
    at_once, running = pool[:3], pool[3:6]
    revenue[at_once, 1] = np.round(rng.uniform(10_400, 13_000, 3), 2)
    revenue[at_once, 2] = np.round(rng.uniform(1_150, 1_900, 3), 2)
    revenue[at_once, 3] = np.round(revenue[at_once, 2] * 1.1, 2)
    revenue[running, 1] = np.round(rng.uniform(10_200, 12_500, 3), 2)
    revenue[running, 2] = np.round(rng.uniform(3_000, 5_200, 3), 2)
    revenue[running, 3] = np.round(rng.uniform(1_100, 1_850, 3), 2)


def _rd(rng: np.random.Generator, revenue: np.ndarray, quality: np.ndarray, above_scale: np.ndarray) -> np.ndarray:
    """R&D expense; the 规上 firms' sum of 2022 is exactly the published one, their other years keep its scale."""
    n = len(revenue)
    trait = quality + rng.normal(0, 0.6, n)
    does = trait > np.quantile(trait, 0.1)
    ranked = np.flatnonzero(above_scale)[np.argsort(-trait[above_scale], kind="stable")]
    does[ranked] = False
    does[ranked[:ABOVE_SCALE_WITH_RD]] = True
    does = np.repeat(does[:, None], revenue.shape[1], axis=1)
    late = ranked[ABOVE_SCALE_WITH_RD:][:9]
    does[late[:4], 2:] = True
    does[late[4:], 3:] = True

    usual = np.log(0.052) + 0.24 * quality - 0.13 * np.log(revenue[:, 1] / 1500)
    share = np.exp(usual + rng.normal(0, 0.35, n))[:, None] * np.exp(rng.normal(0.02, 0.16, revenue.shape))
    share *= np.exp(0.04 * np.arange(revenue.shape[1]))  # intensity creeps up over the years
    rd = np.where(does, np.clip(share, 0.004, 0.55) * revenue, 0.0)
    rd[above_scale] *= ABOVE_SCALE_RD / rd[above_scale, PUBLISHED].sum()
    rd = np.round(rd, 2)
    # Cents left over by rounding go to the largest spender.
    largest = np.flatnonzero(above_scale)[rd[above_scale, PUBLISHED].argmax()]
    left_over = round(ABOVE_SCALE_RD - float(np.round(rd[above_scale, PUBLISHED].sum(), 2)), 2)
    rd[largest, PUBLISHED] = round(float(rd[largest, PUBLISHED]) + left_over, 2)
    return rd
