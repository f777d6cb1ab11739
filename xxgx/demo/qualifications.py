"""Who holds which status when: 高企, 科小, 规上, 专精特新 and the rarer ones; and who failed to keep it (表3第4行)."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from xxgx.demo.economy import ALL_YEARS, BASE_YEAR, PUBLISHED, Economy
from xxgx.demo.ledger import Ledger, some_day, years_later

HIGHTECH = 148  # held at the end of 2022
TECH_SME = {2021: 205, 2022: 248, 2023: 276, 2024: 301}  # put on the national list that year
_NEW_HIGHTECH = {2023: 27, 2024: 29}


@dataclass(frozen=True)
class Holdings:
    """[n, len(ALL_YEARS)] booleans: held on 31 December."""

    hightech: np.ndarray
    tech_sme: np.ndarray


def build_qualifications(rng: np.random.Generator, economy: Economy, ledger: Ledger) -> Holdings:
    """Write every qualification and every failed renewal into ``ledger``."""
    score = economy.quality + 0.4 * np.log(np.nan_to_num(economy.revenue[:, PUBLISHED], nan=15) / 1000)
    score = score + rng.normal(0, 0.5, economy.size)
    _hightech(rng, economy, ledger, score)
    tech_sme = _tech_sme(rng, economy, ledger)
    _above_scale(rng, economy, ledger)
    _distinctions(rng, economy, ledger, score)
    hightech = np.zeros(economy.alive.shape, dtype=bool)
    for entry in ledger.select("qualification", "hightech"):
        for k, year in enumerate(ALL_YEARS):
            if entry.starts_on <= date(year, 12, 31) and (entry.ends_on is None or entry.ends_on >= date(year, 12, 31)):
                hightech[entry.firm, k] = True
    return Holdings(hightech, tech_sme)


def _certify(rng: np.random.Generator, ledger: Ledger, firm: int, year: int) -> None:
    day = some_day(rng, year, 9, 12)
    ends = years_later(day, 3)
    ledger.add(firm, "qualification", "高新技术企业证书", day, ends, category="hightech", level="national")


def _list(ledger: Ledger, firm: int, day: date) -> None:
    ends = date(day.year, 12, 31)
    ledger.add(firm, "qualification", "国家科技型中小企业入库", day, ends, category="tech_sme", level="national")


def _hightech(rng: np.random.Generator, economy: Economy, ledger: Ledger, score: np.ndarray) -> None:
    """Three-year certificates: exactly ``HIGHTECH`` run at the end of 2022; later renewals mostly succeed."""
    registered = economy.registered
    can = economy.alive.all(axis=1) & (registered <= 2019) & (economy.rd_expense[:, PUBLISHED] > 0)
    order = np.argsort(np.where(can, -score, np.inf), kind="stable")
    holders, outside = order[:HIGHTECH], order[HIGHTECH : can.sum()]
    years = rng.choice([2020, 2021, 2022], size=HIGHTECH, p=[0.3, 0.33, 0.37])
    first = dict(zip(holders.tolist(), years.tolist(), strict=True))  # firm → year of its last certificate
    restored = holders[-2:].tolist()  # failed at the end of 2021, certified again in 2022
    first.update(dict.fromkeys(restored, 2022))
    for firm, year in first.items():
        if registered[firm] <= year - 5:
            _certify(rng, ledger, firm, year - (4 if firm in restored else 3))
        _certify(rng, ledger, firm, year)
    for firm in restored:
        _fail(ledger, "hightech", firm, date(2021, 12, 20), date(2022, 11, 30))

    failed: dict[int, date] = {}
    once_certified = outside[registered[outside] <= 2014][:6]
    for firm, year in zip(once_certified.tolist(), [2021, 2021, 2022, 2022, 2022, 2022], strict=True):
        _certify(rng, ledger, firm, year - 3)
        failed[firm] = date(year, 12, 20)
    queue = [firm for firm in outside.tolist() if firm not in failed]
    for year in (2023, 2024):
        returning = [firm for firm, day in failed.items() if day.year <= year - 1][: 2 if year == 2023 else 4]
        for firm in returning:
            _fail(ledger, "hightech", firm, failed.pop(firm), date(year, 12, 10))
            _certify(rng, ledger, firm, year)
        expiring = [firm for firm, last in first.items() if last == year - 3]
        for firm in rng.permutation(expiring).tolist():
            if economy.alive[firm, ALL_YEARS.index(year)] and rng.random() < 0.9:
                _certify(rng, ledger, firm, year)
                first[firm] = year
            else:
                failed[firm] = date(year, 12, 20)
        for firm in queue[: _NEW_HIGHTECH[year]]:
            _certify(rng, ledger, firm, year)
        queue = queue[_NEW_HIGHTECH[year] :]
    for firm, day in failed.items():
        _fail(ledger, "hightech", firm, day, None)


def _fail(ledger: Ledger, category: str, firm: int, day: date, restored_on: date | None) -> None:
    title = "未通过高新技术企业重新认定" if category == "hightech" else "未通过科技型中小企业重新评价入库"
    ledger.add(firm, "requalification", title, day, restored_on, category=category)


def _tech_sme(rng: np.random.Generator, economy: Economy, ledger: Ledger) -> np.ndarray:
    """Yearly listing until 31 December. Some who fall off the list have a recorded failure, a few outgrew it."""
    listed = np.zeros(economy.alive.shape, dtype=bool)
    base = economy.quality + rng.normal(0, 0.8, economy.size)
    small = (economy.revenue <= 20_000) & (economy.headcount <= 500)
    failed: dict[int, date] = {}
    for k, year in enumerate(ALL_YEARS):
        can = economy.alive[:, k] & (economy.registered < year) & small[:, k] & (economy.rd_expense[:, k] > 0)
        order = np.argsort(np.where(can, -(base + rng.normal(0, 0.2, economy.size)), np.inf), kind="stable")
        listed[order[: TECH_SME[year]], k] = True
        for firm in np.flatnonzero(listed[:, k]).tolist():
            day = some_day(rng, year, 3, 11)
            _list(ledger, firm, day)
            if firm in failed:
                _fail(ledger, "tech_sme", firm, failed.pop(firm), day)
        if k == 0:
            continue
        dropped = np.flatnonzero(listed[:, k - 1] & ~listed[:, k] & economy.alive[:, k])
        outgrown = dropped[~small[dropped, k]][:2]
        others = rng.permutation(dropped[small[dropped, k]])[:7]
        for firm in [*outgrown.tolist(), *others.tolist()]:
            failed.setdefault(firm, date(year, 12, 15))
    # "超出评价范围不扣分" must be seen at work whatever the growth paths were.
    large = np.flatnonzero((economy.revenue[:, 1:] > 20_000).all(axis=1) & economy.alive.all(axis=1))[:2]
    for firm in large.tolist():
        _list(ledger, firm, some_day(rng, BASE_YEAR - 1, 3, 11))
        failed.setdefault(firm, date(BASE_YEAR, 12, 15))
    for firm, day in failed.items():
        _fail(ledger, "tech_sme", firm, day, None)
    return listed


def _above_scale(rng: np.random.Generator, economy: Economy, ledger: Ledger) -> None:
    """规上: the published 102 at the end of 2022; later entrants passed 2,000 万元, leavers fell well below it."""
    registered = economy.registered
    held = economy.above_scale.copy()
    since = {}
    for firm in np.flatnonzero(held).tolist():
        first = int(np.clip(registered[firm] + 2 + rng.integers(0, 6), 2005, 2022))
        since[firm] = date(first, 1, 1)
    for k in (2, 3):
        year, before = ALL_YEARS[k], economy.revenue[:, k - 1]
        leaving = held & ((before < 1900) | ~economy.alive[:, k])
        entering = ~held & economy.industrial & economy.alive[:, k] & (before >= 2000)
        for firm in np.flatnonzero(leaving).tolist():
            _above(ledger, firm, since.pop(firm), date(year - 1, 12, 31))
        since.update(dict.fromkeys(np.flatnonzero(entering).tolist(), date(year, 1, 1)))
        held = (held | entering) & ~leaving
    for firm, day in since.items():
        _above(ledger, firm, day, None)


def _above(ledger: Ledger, firm: int, since: date, until: date | None) -> None:
    ledger.add(firm, "qualification", "规模以上工业企业", since, until, category="above_scale")


_DISTINCTIONS = (  # category, title, level, how many, years valid (0 = open)
    ("srdi", "国家级专精特新“小巨人”企业", "national", 11, 3),
    ("srdi", "河南省专精特新中小企业", "provincial", 46, 3),
    ("champion", "河南省制造业单项冠军企业", "provincial", 7, 3),
    ("champion", "国家制造业单项冠军企业", "national", 2, 3),
    ("innovation_leader", "河南省创新龙头企业", "provincial", 8, 3),
    ("listed", "全国中小企业股份转让系统挂牌", "national", 5, 0),
    ("listed", "证券交易所上市", "national", 3, 0),
)


def _distinctions(rng: np.random.Generator, economy: Economy, ledger: Ledger, score: np.ndarray) -> None:
    staying = economy.alive.all(axis=1) & (economy.registered <= 2012)
    revenue = np.nan_to_num(economy.revenue[:, PUBLISHED])
    for category, title, level, many, valid in _DISTINCTIONS:
        floor = {"srdi": 1500, "listed": 6000}.get(category, 8000)
        can = staying & (revenue >= floor)
        if category == "champion":
            can &= economy.industrial
        order = np.argsort(np.where(can, -(score + rng.normal(0, 0.8, economy.size)), np.inf), kind="stable")
        for firm in order[: min(many, int(can.sum()))].tolist():
            day = some_day(rng, int(rng.integers(2019, 2025)))
            if valid == 0:
                day = some_day(rng, int(rng.integers(2014, 2024)))
            ends = years_later(day, valid) if valid else None
            ledger.add(firm, "qualification", title, day, ends, category=category, level=level)
            if ends is not None and ends.year <= 2024 and rng.random() < 0.8:
                day = ends + timedelta(days=1)
                ends = years_later(day, valid)
                ledger.add(firm, "qualification", title, day, ends, category=category, level=level)
