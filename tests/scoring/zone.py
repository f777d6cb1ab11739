"""A zone as small as a test needs: firms whose totals differ, spread over stages, clusters and parks."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path

from firms.models import FactSheet, Firm, Industry, Park
from scoring.models import EvaluationPeriod, Scheme
from scoring.services import load_scheme, open_period
from tests.factories import FirmFactory

TEXT = (Path(__file__).parents[2] / "scoring" / "schemes" / "xinkai-2022-110.toml").read_text(encoding="utf-8")
WORDS = ("智能科技", "机械", "生物医药", "氢能装备", "Ａ（新）材料")


@cache
def revenue(number: int) -> float:
    """Small, middling and large in turn, so that every stage has firms."""
    return (300.0, 5000.0, 40000.0)[number % 3] + number


def scheme() -> Scheme:
    return load_scheme(TEXT, by=None)


def make_firms(count: int) -> list[Firm]:
    clusters = ("equipment", "biomedicine", "hydrogen")
    industries = [
        Industry.objects.get_or_create(code=f"C{k}", defaults={"name": f"行业{k}", "cluster": cluster})[0]
        for k, cluster in enumerate(clusters)
    ]
    parks = [Park.objects.get_or_create(code=code, defaults={"name": f"园区{code}"})[0] for code in ("main", "east")]
    return [
        FirmFactory(
            name=f"新乡第{number}号{WORDS[number % len(WORDS)]}有限公司",
            registered_on=dt.date(2021 if number % 7 == 0 else 2012, 3, 1),
            industry=industries[number % 3],
            park=parks[number % 2],
        )
        for number in range(count)
    ]


def facts(firms: list[Firm], year: int, **changed: float) -> None:
    """Fact sheets of a year; ``changed`` replaces a metric of every firm."""
    FactSheet.objects.bulk_create(
        FactSheet(
            firm=firm,
            year=year,
            values={
                "revenue": revenue(number),
                "rd_expense": 10.0 + 7 * number,
                "headcount": 40 + number % 5,
                "technologists": 5 + number % 9,
                "hightech_revenue": 0,
            }
            | changed,
        )
        for number, firm in enumerate(firms)
    )


def make_period(count: int = 12, year: int = 2022, *, firms: list[Firm] | None = None) -> EvaluationPeriod:
    """A period with facts, not yet evaluated."""
    facts(make_firms(count) if firms is None else firms, year)
    return open_period(year, scheme(), by=None)
