"""The patents behind the demo's figures: of some firms every one is in the register, of the others only their number is known."""

from datetime import date, timedelta

import numpy as np

from firms.importing.patents import check_digit
from xxgx.demo.economy import ALL_YEARS, YEARS, Economy
from xxgx.demo.figures import Figures
from xxgx.demo.ledger import Ledger
from xxgx.demo.places import INDUSTRIES

_EVERY = 4  # of the firms that have patents, one in so many lists them all
_SHORT = (
    9  # of these, one in so many lists one less in the latest year than the department stated: a conflict to decide
)
_WORDS = ("装置", "方法", "系统", "设备", "工艺", "结构")
_PARTS = ("密封", "传动", "控制", "检测", "焊接", "冷却", "储运", "装配", "过滤", "供料")
_CODES = {
    "invention_application": "invention_applications",
    "invention_grant": "invention_grants",
    "pct_application": "pct_applications",
}


def build_patents(rng: np.random.Generator, economy: Economy, figures: Figures, ledger: Ledger) -> None:
    """Enter as many patents as the true figures say; every number valid and visibly made up (serials from 9 million)."""
    holders = np.flatnonzero(sum(figures[code].sum(axis=1) for code in _CODES.values()))
    listed = sorted({*holders[::_EVERY].tolist(), *(row.firm for row in ledger.select("project", "major"))})
    serial = iter(range(1, 999_999))
    for place, firm in enumerate(listed):
        for k, year in enumerate(ALL_YEARS):
            if not economy.alive[firm, k]:
                continue
            for category, code in _CODES.items():
                many = int(figures[code][firm, k])
                if category == "invention_grant" and year == YEARS[-1] and place % _SHORT == 0:
                    many = max(0, many - 1)
                for _ in range(many):
                    day = _day(rng, year, economy.registered_on[firm].astype(object))
                    number = _number(category, day.year, next(serial))
                    ledger.add(firm, "patent", _title(rng, economy, firm), day, category=category, number=number)


def _day(rng: np.random.Generator, year: int, registered: date) -> date:
    first = max(date(year, 1, 5), registered)
    return first + timedelta(days=int(rng.integers(0, max((date(year, 12, 28) - first).days, 0) + 1)))


def _number(category: str, year: int, serial: int) -> str:
    if category == "pct_application":
        return f"PCT/CN{year}/{900_000 + serial % 100_000:06d}"
    digits = f"{year - (2 if category == 'invention_grant' else 0)}1{9_000_000 + serial:07d}"
    return f"{digits}.{check_digit(digits)}"


def _title(rng: np.random.Generator, economy: Economy, firm: int) -> str:
    fields = INDUSTRIES[economy.industry[firm]].fields
    return f"一种{fields[rng.integers(len(fields))]}用{_PARTS[rng.integers(len(_PARTS))]}{_WORDS[rng.integers(len(_WORDS))]}"
