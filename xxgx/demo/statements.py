"""What each source states of the true figures: gaps, and firms that state something else (conflicts)."""

from typing import NamedTuple

import numpy as np

from firms import catalogue
from xxgx.demo.economy import ALL_YEARS, PUBLISHED, Economy
from xxgx.demo.figures import Figures

MISSING = 0.03  # share of cells a department leaves empty
# What departments have hardly begun to deliver for the latest year: there the firms fill it in (xxgx.demo.reports).
LEFT_TO_FIRMS = (
    "hightech_revenue", "postgraduates", "graduates_hired", "foreign_returnees", "standards", "university_contract_value",
    "venture_capital", "invested_firms",
)  # fmt: skip
LEFT = 0.94
NO_REVENUE = 0.018  # share of firms without a revenue: those older than four years stay unclassified
FIRMS_FILING = 0.24  # share of firms that also file themselves
_DISAGREES = 0.28  # share of a filing firm's own cells that differ from the department's beyond the tolerance

# A firm states more revenue or staff than the department, never less: whole stays above part whoever wins.
_FIRM_FILES = ("revenue", "rd_expense", "headcount", "total_profit", "total_assets", "exports", "venture_capital")
_FIRM_ADDS = ("invested_firms", "foreign_returnees", "standards", "venture_capital", "graduates_hired")


class Statement(NamedTuple):
    """One source's figures of one firm and year: a future Filing. ``department`` is empty for a firm's own."""

    firm: int
    year: int
    source: str
    department: str
    values: dict[str, float]


def build_statements(
    rng: np.random.Generator, economy: Economy, figures: Figures, denied: np.ndarray
) -> list[Statement]:
    """Departments' statements by owner of the metric, then firms' own. ``denied``: firms known not to qualify."""
    owners = {code: spec.owner for code, spec in catalogue.load().metrics.items()}
    missing = _missing(rng, economy, figures, denied)
    statements = []
    for department in dict.fromkeys(owners.values()):
        codes = [code for code, owner in owners.items() if owner == department]
        for k, year in enumerate(ALL_YEARS):
            for firm in np.flatnonzero(economy.alive[:, k]).tolist():
                values = {code: _plain(figures[code][firm, k]) for code in codes if not missing[code][firm, k]}
                if values:
                    statements.append(Statement(firm, year, "government", department, values))
    statements.extend(_own(rng, economy, figures, missing))
    return statements


def _plain(value: float) -> float | int:
    number = round(float(value), 2)
    return int(number) if number == int(number) else number


def _missing(rng: np.random.Generator, economy: Economy, figures: Figures, denied: np.ndarray) -> dict[str, np.ndarray]:
    missing = {code: rng.random(values.shape) < MISSING for code, values in figures.items()}
    missing["revenue"] = (rng.random(economy.alive.shape) < NO_REVENUE) & ~economy.above_scale[:, None]
    flagships = economy.above_scale  # their published sums must add up
    missing["rd_expense"][flagships, PUBLISHED] = False
    for code in ("rd_expense", "invention_applications", "pct_applications", "invention_grants"):
        missing[code][denied] = False
    missing["torch_reported"] |= rng.random(economy.alive.shape) < MISSING
    late = rng.spawn(1)[0]  # a stream of its own: everything else stays as it was drawn
    for code in LEFT_TO_FIRMS:
        missing[code][:, -1] |= late.random(len(missing[code])) < LEFT
    return missing


def _own(
    rng: np.random.Generator, economy: Economy, figures: Figures, missing: dict[str, np.ndarray]
) -> list[Statement]:
    tolerances = {code: spec.tolerance for code, spec in catalogue.load().metrics.items()}
    statements = []
    for k, year in enumerate(ALL_YEARS):
        alive = np.flatnonzero(economy.alive[:, k])
        filing = rng.choice(alive, size=round(FIRMS_FILING * len(alive)), replace=False)
        for firm in np.sort(filing).tolist():
            values: dict[str, float] = {}
            for code in _FIRM_FILES:
                if rng.random() > 0.75 or missing[code][firm, k]:
                    continue
                value = float(figures[code][firm, k])
                if rng.random() < _DISAGREES and value > 0:
                    value *= 1 + max(4 * tolerances[code], float(rng.uniform(0.03, 0.2)))
                    value = float(np.ceil(value)) if code == "headcount" else round(value, 2)
                values[code] = _plain(value)
            for code in _FIRM_ADDS:  # what the firm adds where the department had nothing
                if missing[code][firm, k] and rng.random() < 0.5:
                    values[code] = _plain(figures[code][firm, k])
            if values:
                statements.append(Statement(firm, year, "firm", "", values))
    return statements
