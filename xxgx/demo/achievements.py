"""What firms won, run and signed: platforms, awards, projects, contests, talents and technology contracts."""

from datetime import date

import numpy as np

from xxgx.demo.economy import ALL_YEARS, PUBLISHED, Economy
from xxgx.demo.ledger import EntryRow, Ledger, some_day, years_later
from xxgx.demo.places import INDUSTRIES

PLATFORMS = 296  # held at the end of 2022, all levels
CONTRACTS_TEN_MONTHS = 47_000.00  # 万元, January–October 2022
_PLATFORM_LEVELS = {"national": 9, "provincial": 101, "municipal": PLATFORMS - 110}
_NEW_PLATFORMS = {
    2023: {"national": 1, "provincial": 15, "municipal": 22},
    2024: {"national": 1, "provincial": 17, "municipal": 24},
}
_DELISTED = {  # year → levels of the platforms that lost their status
    2021: ("provincial", "municipal"),
    2022: ("national", "provincial", "municipal", "municipal"),
    2023: ("national", "provincial", "provincial", "municipal", "municipal"),
    2024: ("provincial", "municipal", "municipal"),
}
_PLATFORM_NAMES = {
    "national": ("国家企业技术中心", "国家地方联合工程研究中心", "博士后科研工作站"),
    "provincial": ("河南省工程技术研究中心", "河南省企业技术中心", "河南省中试基地", "河南省新型研发机构"),
    "municipal": ("新乡市工程技术研究中心", "新乡市重点实验室", "新乡市企业技术中心"),
}
_CONTRACT_TOTALS = {2021: 41_800, 2023: 60_500, 2024: 69_300}  # whole years, about; 2022 is fixed by its ten months
_UNIVERSITIES = 0.27  # share of contracts signed with universities and institutes


def build_achievements(rng: np.random.Generator, economy: Economy, ledger: Ledger) -> None:
    """Write platforms (with delistings), awards, projects, contests, talents and contracts into ``ledger``."""
    _platforms(rng, economy, ledger)
    _yearly(rng, economy, ledger)
    for year in ALL_YEARS:
        _contracts(rng, economy, ledger, year)


def _pull(economy: Economy, year: int, quality: float, size: float) -> np.ndarray:
    """Chances of the firms, summing to 1: skewed towards the innovative and the large; none in the first year."""
    k = ALL_YEARS.index(max(year, ALL_YEARS[0]))
    revenue = np.nan_to_num(economy.revenue[:, k], nan=1.0)
    weight = np.exp(quality * economy.quality) * revenue**size * economy.alive[:, k] * (economy.registered < year)
    return weight / weight.sum()


def _field(rng: np.random.Generator, economy: Economy, firm: int) -> str:
    fields = INDUSTRIES[economy.industry[firm]].fields
    return fields[rng.integers(len(fields))]


def _platform(rng: np.random.Generator, economy: Economy, ledger: Ledger, firm: int, level: str, day: date) -> EntryRow:
    name = _PLATFORM_NAMES[level][rng.integers(len(_PLATFORM_NAMES[level]))]
    title = f"{_field(rng, economy, firm)}{name}" if "工作站" not in name else name
    return ledger.add(firm, "platform", title, day, None, level=level)


def _platforms(rng: np.random.Generator, economy: Economy, ledger: Ledger) -> None:
    """Exactly ``PLATFORMS`` stand at the end of 2022; those delisted by then come on top."""
    registered = economy.registered
    staying = economy.alive.all(axis=1) & (registered <= 2019)
    pull = _pull(economy, ALL_YEARS[PUBLISHED], 0.7, 0.45) * staying
    pull /= pull.sum()
    by_level: dict[str, list[EntryRow]] = {level: [] for level in _PLATFORM_LEVELS}
    for level, many in _PLATFORM_LEVELS.items():
        lost_by_then = sum(_DELISTED[year].count(level) for year in (2021, 2022))
        for firm in rng.choice(economy.size, size=many + lost_by_then, p=pull).tolist():
            first = max(2009, int(registered[firm]) + 2)
            skewed = 2023 - int(rng.gamma(1.6, 2.6))
            year = int(np.clip(skewed, first, 2022))
            by_level[level].append(_platform(rng, economy, ledger, firm, level, some_day(rng, year, 3, 11)))
    for year, levels in _DELISTED.items():
        for many_of, level in enumerate(levels):
            _delist(rng, ledger, by_level[level], year, restored=many_of == len(levels) - 1)
    for year, many_by_level in _NEW_PLATFORMS.items():
        chance = _pull(economy, year, 0.7, 0.45)
        for level, many in many_by_level.items():
            for firm in rng.choice(economy.size, size=many, p=chance).tolist():
                _platform(rng, economy, ledger, firm, level, some_day(rng, year, 3, 11))


def _delist(rng: np.random.Generator, ledger: Ledger, platforms: list[EntryRow], year: int, *, restored: bool) -> None:
    """End one platform in ``year``; a restored one stands again, under the same name, two years later."""
    old_enough = [row for row in platforms if row.starts_on.year < year and row.ends_on is None]
    row = old_enough[int(rng.integers(len(old_enough)))]
    platforms.remove(row)
    day = some_day(rng, year, 6, 10)
    back = date(year + 2, 5, 20) if restored and year + 2 > 2022 else None
    ledger.end(row, day)
    ledger.add(row.firm, "delisting", f"{row.title}摘牌", day, back, level=row.level)
    if back is not None and back.year <= 2024:
        ledger.add(row.firm, "platform", row.title, back, None, level=row.level)


# kind, category, level, how many a year, title, years it lasts (0 = a moment), (quality, size) pull
_YEARLY = (
    ("award", "", "national", 1, "国家科学技术进步奖二等奖·{}", 0, (1.0, 0.5)),
    ("award", "", "provincial", 15, "河南省科学技术进步奖·{}", 0, (0.9, 0.4)),
    ("award", "", "municipal", 30, "新乡市科学技术进步奖·{}", 0, (0.7, 0.3)),
    ("project", "plan", "national", 5, "国家重点研发计划课题·{}", 3, (1.0, 0.4)),
    ("project", "plan", "provincial", 26, "河南省科技攻关项目·{}", 2, (0.8, 0.3)),
    ("project", "plan", "municipal", 40, "新乡市科技计划项目·{}", 2, (0.6, 0.2)),
    ("project", "major", "national", 2, "国家科技重大专项·{}", 4, (1.0, 0.5)),
    ("project", "major", "provincial", 8, "河南省重大科技专项·{}", 3, (0.9, 0.5)),
    ("project", "major", "municipal", 12, "新乡市重大科技专项·{}", 2, (0.8, 0.4)),
    ("contest", "", "national", 8, "中国创新创业大赛·{}", 0, (0.6, -0.1)),
    ("contest", "", "provincial", 22, "河南省创新创业大赛·{}", 0, (0.5, -0.1)),
    ("contest", "", "municipal", 38, "新乡市创新创业大赛·{}", 0, (0.4, -0.1)),
    ("talent", "", "national", 3, "国家级高层次人才·{}方向", 5, (0.9, 0.3)),
    ("talent", "", "provincial", 14, "中原英才计划人才·{}方向", 5, (0.8, 0.3)),
    ("talent", "", "municipal", 25, "牧野英才计划人才·{}方向", 5, (0.7, 0.2)),
)


def _yearly(rng: np.random.Generator, economy: Economy, ledger: Ledger) -> None:
    for year in (2020, *ALL_YEARS):  # a year before the base year: 近两年 of 2021 looks back to it
        for kind, category, level, many, title, lasts, (quality, size) in _YEARLY:
            pull = _pull(economy, year, quality, size)
            for firm in rng.choice(economy.size, size=int(rng.poisson(many * 1.06 ** (year - 2022))), p=pull).tolist():
                day = some_day(rng, year, 3, 11)
                amount = None
                if kind == "project":
                    usual = {"national": 600, "provincial": 120, "municipal": 30}[level]
                    usual *= 4 if category == "major" else 1
                    amount = float(np.round(usual * np.exp(rng.normal(0, 0.4)) / 5) * 5)
                ends = years_later(day, lasts) if lasts else None
                text = title.format(_field(rng, economy, firm))
                ledger.add(firm, kind, text, day, ends, category=category, level=level, amount=amount)


def _contracts(rng: np.random.Generator, economy: Economy, ledger: Ledger, year: int) -> None:
    """A year's technology contracts; those of January–October 2022 sum to the published figure exactly."""
    k = ALL_YEARS.index(year)
    many = 330 + 25 * k
    pull = _pull(economy, year, 0.6, 0.35)
    firms = rng.choice(economy.size, size=many, p=pull)
    size = np.nan_to_num(economy.revenue[firms, k], nan=100.0)
    amounts = np.exp(rng.normal(np.log(60), 0.95, many)) * (size / 3000) ** 0.25
    amounts = np.clip(amounts, 3.0, 1500.0)
    days = [some_day(rng, year) for _ in range(many)]
    counted = np.array([day.month <= 10 for day in days])
    if year == ALL_YEARS[PUBLISHED]:
        amounts = np.round(amounts * (CONTRACTS_TEN_MONTHS / amounts[counted].sum()), 2)
        largest = np.flatnonzero(counted)[amounts[counted].argmax()]
        amounts[largest] = round(float(amounts[largest]) + CONTRACTS_TEN_MONTHS - float(amounts[counted].sum()), 2)
    else:
        amounts = np.round(amounts * (_CONTRACT_TOTALS[year] / amounts.sum()), 2)
    kinds = ("技术开发", "技术转让", "技术咨询", "技术服务")
    for firm, amount, day in zip(firms.tolist(), amounts.tolist(), days, strict=True):
        university = rng.random() < _UNIVERSITIES
        title = f"{_field(rng, economy, firm)}{kinds[rng.integers(len(kinds))]}合同"
        title += "（与高校院所）" if university else ""
        category = "university" if university else "general"
        ledger.add(firm, "contract", title, day, None, category=category, amount=amount)
