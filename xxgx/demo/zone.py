"""The demo zone as one value, generated from a seed: same seed, same bytes. No Django, no clock, no I/O.

Its totals for 2022 are those the zone published: 148 高新技术企业, 248 国家科技型中小企业, 102 规上工业企业 of which 81
do R&D for 6.23 亿元, technology contracts of 4.7 亿元 from January to October, 296 platforms at the year's end.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from typing import NamedTuple

import numpy as np

from xxgx.demo.achievements import build_achievements
from xxgx.demo.economy import ALL_YEARS, Economy, build_economy
from xxgx.demo.figures import Figures, build_figures
from xxgx.demo.history import StageRow, build_history
from xxgx.demo.ledger import EntryRow, Ledger
from xxgx.demo.names import credit_code, firm_names
from xxgx.demo.negatives import build_negatives
from xxgx.demo.patents import build_patents
from xxgx.demo.places import INDUSTRIES, PARKS
from xxgx.demo.qualifications import build_qualifications
from xxgx.demo.statements import Statement, build_statements

SEED = 202_212_30
NOT_EVALUATED = 5  # firms known to meet none of the five conditions of 三(一)
NOT_REPORTED = 3  # firms confirmed not to be in the Torch statistics


class FirmRow(NamedTuple):
    credit_code: str
    name: str
    registered_on: date
    park: str
    industry: str


@dataclass(frozen=True)
class Zone:
    """Everything a database needs to know; ``firm`` in the rows is an index into ``firms``."""

    seed: int
    years: tuple[int, ...]
    firms: tuple[FirmRow, ...]
    statements: tuple[Statement, ...]
    entries: tuple[EntryRow, ...]
    stages: tuple[StageRow, ...]

    def digest(self) -> str:
        """SHA-256 of the whole content: equal zones are equal to the byte."""
        text = json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


@cache
def build_zone(seed: int = SEED) -> Zone:
    """The zone of ``seed``. Each part draws from a stream of its own, so that one can change without the others."""
    streams = iter(np.random.SeedSequence(seed).spawn(9))

    def stream() -> np.random.Generator:
        return np.random.Generator(np.random.PCG64(next(streams)))

    economy = build_economy(stream())
    ledger = Ledger()
    holdings = build_qualifications(stream(), economy, ledger)
    build_achievements(stream(), economy, ledger)
    build_negatives(stream(), economy, ledger)
    figures = build_figures(stream(), economy, holdings, list(ledger.select("contract")))
    denied = _deny(economy, figures, ledger)
    statements = build_statements(stream(), economy, figures, denied)
    firms = _firms(stream(), economy, ledger)
    stages = build_history(stream(), economy)
    build_patents(stream(), economy, figures, ledger)
    return Zone(seed, ALL_YEARS, firms, tuple(statements), tuple(ledger.rows()), tuple(stages))


def _firms(rng: np.random.Generator, economy: Economy, ledger: Ledger) -> tuple[FirmRow, ...]:
    industries = [INDUSTRIES[i].code for i in economy.industry]
    large = np.nan_to_num(economy.revenue[:, 1]) > 20_000
    large[[row.firm for row in ledger.select("qualification", "listed")]] = True
    names = firm_names(rng, industries, large)
    numbers = rng.permutation(np.arange(1, 10_000))[: economy.size].tolist()  # codes do not betray size or age
    dates = economy.registered_on.astype(object).tolist()
    return tuple(
        FirmRow(credit_code(number), name, day, PARKS[park].code, industry)
        for number, name, day, park, industry in zip(
            numbers, names, dates, economy.park.tolist(), industries, strict=True
        )
    )


def _deny(economy: Economy, figures: Figures, ledger: Ledger) -> np.ndarray:
    """Some firms are confirmed to fall outside 三(一): no status, R&D or patents; some are not in the statistics."""
    held = np.zeros(economy.size, dtype=bool)
    held[[row.firm for row in ledger.rows() if row.kind == "qualification"]] = True
    outside = ~held & economy.alive.all(axis=1)
    idle = np.flatnonzero(outside & (economy.rd_expense == 0).all(axis=1))[:NOT_EVALUATED]
    for code in ("invention_applications", "pct_applications", "invention_grants"):
        figures[code][idle] = 0.0
    denied = np.zeros(economy.size, dtype=bool)
    denied[idle] = True
    figures["torch_reported"][np.flatnonzero(outside & ~denied)[:NOT_REPORTED]] = 0.0
    return denied
