"""The big zone that ranking pages are measured on: loaded, scored and published once for all modules that share it."""

import time
from dataclasses import dataclass
from pathlib import Path

YEARS = (2021, 2022, 2023)


@dataclass(frozen=True)
class Zone:
    firms: int
    years: tuple[int, ...]


def ready(quick: bool = False) -> Zone:
    """500,000 firms × 3 published periods (quick: 20,000 × 2) in the current database; nothing to do if they are there."""
    from firms.models import Firm
    from firms.services.catalogue import load_catalogue
    from scoring import schemes
    from scoring.services import load_scheme, open_period, publish, rescore
    from xxgx.demo.scale import load_scale

    zone = Zone(20_000, YEARS[1:]) if quick else Zone(500_000, YEARS)
    if Firm.objects.count() == zone.firms:
        return zone
    start = time.perf_counter()
    load_catalogue(by=None)
    text = (Path(schemes.__file__).parent / "xinkai-2022-110.toml").read_text(encoding="utf-8")
    scheme = load_scheme(text, by=None)
    load_scale(zone.firms, zone.years, entries=1)
    _say(f"{zone.firms:,} firms × {len(zone.years)} years loaded", start)
    for year in zone.years:
        period = open_period(year, scheme, by=None)
        result = rescore(period, by=None)
        period.refresh_from_db()
        publish(period, result.run, by=None)
        _say(f"{year} scored and published", start)
    _settle()
    return zone


def _settle() -> None:
    """Statistics and visibility as a database that has been up for a night would have them."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def _say(text: str, start: float) -> None:
    print(f"  {text} ({time.perf_counter() - start:.0f} s)", flush=True)
