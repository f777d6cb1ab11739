"""Zones of any size for benchmarks: columns made by numpy, written by COPY (PostgreSQL) or executemany (SQLite).

Not the demo zone: figures are plausible and skewed, but nothing adds up to anything published.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
import orjson
from django.db import connection, transaction
from django.utils import timezone
from pypinyin import Style, lazy_pinyin

from firms.models import DataYear, FactSheet, Firm, Industry, Park, RegisterEntry
from xxgx.demo import names
from xxgx.demo.places import INDUSTRIES, PARKS

_CHUNK = 20_000
_DIGITS = np.frombuffer(b"0123456789ABCDEFGHJKLMNPQRTUWXY", dtype=np.uint8)  # GB 32100-2015
_X = 29  # the digit's place in that alphabet
_KINDS = (  # kind, category, level, share of entries, years it lasts (0 = open)
    ("qualification", "hightech", "national", 0.20, 3),
    ("qualification", "tech_sme", "national", 0.20, 1),
    ("qualification", "above_scale", "", 0.10, 0),
    ("platform", "", "municipal", 0.12, 0),
    ("platform", "", "provincial", 0.06, 0),
    ("award", "", "provincial", 0.04, 0),
    ("project", "plan", "municipal", 0.05, 2),
    ("project", "major", "provincial", 0.01, 2),
    ("contest", "", "municipal", 0.03, 0),
    ("talent", "", "provincial", 0.03, 5),
    ("contract", "general", "", 0.11, 0),
    ("contract", "university", "", 0.03, 0),
    ("environment", "warning", "", 0.01, 1),
    ("requalification", "hightech", "", 0.005, 0),
    ("listing", "abnormal_operation", "", 0.005, 1),
)


@dataclass(frozen=True)
class ScaleLoaded:
    firms: int
    sheets: int
    entries: int


def credit_codes(numbers: np.ndarray) -> list[str]:
    """Valid credit codes 91410700X0000000… for whole ``numbers`` below 10,000,000, both check digits right."""
    body = np.empty((len(numbers), 17), dtype=np.int64)
    body[:, :9] = [9, 1, 4, 1, 0, 7, 0, 0, _X]
    body[:, 9:16] = numbers[:, None] // 10 ** np.arange(6, -1, -1) % 10
    organisation = body[:, 8:16].copy()
    organisation[:, 0] = 33  # GB 11714 counts all 26 letters: X is 33
    check = 11 - organisation @ np.array([3, 7, 9, 10, 5, 8, 4, 2]) % 11
    body[:, 16] = np.where(check == 10, _X, check % 11)
    last = (31 - body @ (3 ** np.arange(17) % 31) % 31) % 31
    text = _DIGITS[np.concatenate([body, last[:, None]], axis=1)]
    return [row.tobytes().decode() for row in text]


@transaction.atomic
def load_scale(n: int, years: Iterable[int], *, seed: int = 1, entries: int = 4) -> ScaleLoaded:
    """Write ``n`` firms with a fact sheet for each of ``years`` (all metrics, 3 % missing) and ``entries`` × n entries.

    Needs a database without firms, so that nobody's data can be drowned in it; raises ValueError otherwise.
    """
    if Firm.objects.exists():
        raise ValueError("load_scale writes into an empty database only")
    years = sorted(years)
    _trust_ourselves()
    for year in years:
        DataYear.objects.get_or_create(year=year)
    for park in PARKS:
        Park.objects.get_or_create(code=park.code, defaults={"name": park.name})
    for row in INDUSTRIES:
        Industry.objects.get_or_create(code=row.code, defaults={"name": row.name, "cluster": row.cluster})
    rng = np.random.default_rng([seed, n])
    size = rng.normal(np.log(1080), 1.6, n)
    quality = rng.normal(size=n)
    with _indexes_after(Firm):
        _write(Firm, _firm_rows(rng, n))
    with _indexes_after(FactSheet):
        for year in years:
            size = size + rng.normal(0.06, 0.2, n)
            for start in range(0, n, _CHUNK):
                part = slice(start, min(start + _CHUNK, n))
                _write(FactSheet, _sheet_rows(rng, start, year, size[part], quality[part]))
    with _indexes_after(RegisterEntry):
        for start in range(0, n * entries, _CHUNK):
            _write(RegisterEntry, _entry_rows(rng, n, start, min(_CHUNK, n * entries - start), years))
    _settle()
    return ScaleLoaded(n, n * len(years), n * entries)


def _firm_rows(rng: np.random.Generator, n: int) -> Iterator[dict[str, Any]]:
    parks = list(Park.objects.order_by("code").values_list("pk", flat=True))
    industries = list(Industry.objects.order_by("code").values_list("pk", "code"))
    park = rng.integers(0, len(parks), n).tolist()
    industry = rng.integers(0, len(industries), n).tolist()
    days = rng.integers(0, 365 * 22, n).tolist()
    parts = names.syllables(rng, n)
    now = timezone.now()
    trade_draw = rng.integers(0, 1000, n).tolist()
    for i, code in enumerate(credit_codes(np.arange(n))):
        pk, industry_code = industries[industry[i]]
        trades = names.TRADES[industry_code]
        pieces = (*parts[i], trades[trade_draw[i] % len(trades)], "有限公司")
        pinyin = [_spell(piece) for piece in pieces]
        yield {
            "id": i + 1,
            "credit_code": code,
            "name": "".join(pieces),
            "name_pinyin": "".join(full for full, _ in pinyin),
            "name_initials": "".join(initials for _, initials in pinyin),
            "registered_on": date(2024, 12, 31) - timedelta(days=days[i]),
            "park_id": parks[park[i]],
            "industry_id": pk,
            "version": 0,
            "created_at": now,
            "updated_at": now,
        }


@cache
def _spell(text: str) -> tuple[str, str]:
    """Pinyin and initials; names are made of few pieces, and the library is slow."""
    return "".join(lazy_pinyin(text)), "".join(lazy_pinyin(text, style=Style.FIRST_LETTER))


def metric_columns(rng: np.random.Generator, size: np.ndarray, quality: np.ndarray) -> dict[str, np.ndarray]:
    """All metrics of one year for firms of log revenue ``size``; no part larger than its whole, nothing missing."""
    n, revenue = len(size), np.round(np.exp(size), 2)
    staff = np.rint(3 + revenue / 60 * rng.lognormal(0, 0.3, n))
    rd = np.round(revenue * np.clip(0.045 * np.exp(0.4 * quality) * rng.lognormal(0, 0.4, n), 0, 0.5), 2)
    rd[rng.random(n) < 0.12] = 0
    bachelors = np.floor(staff * rng.beta(3, 6, n))
    profit = np.round(revenue * rng.normal(0.06, 0.08, n), 2)
    assets = np.round(revenue * rng.lognormal(0.15, 0.4, n) + 20, 2)
    contracts = np.where(rng.random(n) < 0.3, np.round(rng.lognormal(4.2, 1, n), 2), 0.0)
    return {
        "revenue": revenue,
        "hightech_revenue": np.floor(revenue * rng.beta(3, 3, n) * 100) / 100,
        "rd_expense": rd,
        "rd_tax_relief": np.floor(rd * 0.15 * (profit > 0) * 100) / 100,
        "total_profit": profit,
        "net_profit": np.round(np.where(profit > 0, profit * 0.85, profit), 2),
        "total_assets": assets,
        "net_assets": np.round(assets * np.clip(rng.normal(0.48, 0.2, n), -0.3, 0.95), 2),
        "headcount": staff,
        "technologists": np.floor(staff * rng.beta(2, 8, n)),
        "bachelors": bachelors,
        "postgraduates": np.floor(bachelors * rng.beta(1, 7, n)),
        "graduates_hired": np.minimum(rng.poisson(staff * 0.03), staff // 3).astype(float),
        "foreign_returnees": np.minimum(rng.poisson(0.1, n), staff // 3).astype(float),
        "invention_applications": rng.poisson(np.minimum(rd / 120, 60)).astype(float),
        "pct_applications": rng.poisson(np.minimum(rd / 2400, 5)).astype(float),
        "invention_grants": rng.poisson(np.minimum(rd / 250, 40)).astype(float),
        "standards": rng.poisson(0.08, n).astype(float),
        "tech_contract_value": contracts,
        "university_contract_value": np.floor(contracts * (rng.random(n) < 0.3) * 60) / 100,
        "exports": np.where(rng.random(n) < 0.2, np.round(revenue * 0.02, 2), 0.0),
        "venture_capital": np.where(rng.random(n) < 0.03, np.round(rng.lognormal(6.5, 0.8, n)), 0.0),
        "invested_firms": rng.poisson(0.2, n).astype(float),
        "torch_reported": np.ones(n),
    }


def _sheet_rows(
    rng: np.random.Generator, start: int, year: int, size: np.ndarray, quality: np.ndarray
) -> Iterator[dict[str, Any]]:
    columns = metric_columns(rng, size, quality)
    codes = list(columns)
    table = np.stack(list(columns.values()), axis=1)
    table[rng.random(table.shape) < 0.03] = np.nan
    now = timezone.now()
    for i, row in enumerate(table.tolist()):
        values = {code: value for code, value in zip(codes, row, strict=True) if value == value}
        yield {
            "firm_id": start + i + 1,
            "year": year,
            "values": orjson.dumps(values).decode(),
            "winners": "{}",
            "conflicts": "{}",
            "has_conflicts": False,
            "version": 1,
            "updated_at": now,
        }


def _entry_rows(rng: np.random.Generator, n: int, start: int, many: int, years: list[int]) -> Iterator[dict[str, Any]]:
    odds = np.array([kind[3] for kind in _KINDS])
    kinds = rng.choice(len(_KINDS), many, p=odds / odds.sum()).tolist()
    firms = rng.integers(1, n + 1, many).tolist()
    first = date(years[0] - 1, 1, 1)
    days = rng.integers(0, (years[-1] - years[0] + 2) * 365 - 1, many).tolist()
    amounts = np.round(rng.lognormal(4, 1, many), 2).tolist()
    now = timezone.now()
    for i in range(many):
        kind, category, level, _, lasts = _KINDS[kinds[i]]
        day = first + timedelta(days=days[i])
        yield {
            "firm_id": firms[i],
            "kind": kind,
            "category": category,
            "level": level,
            "title": f"第{start + i + 1}项",
            "starts_on": day,
            "ends_on": day + timedelta(days=365 * lasts) if lasts else None,
            "amount": amounts[i] if kind == "contract" else None,
            "quantity": 1,
            "document_number": "",
            "version": 0,
            "created_at": now,
            "updated_at": now,
        }


def _write(model: Any, rows: Iterable[dict[str, Any]]) -> None:
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return
    quote = connection.ops.quote_name
    columns = ", ".join(quote(name) for name in first)
    table = quote(model._meta.db_table)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                copy.write_row(tuple(first.values()))
                for row in rows:
                    copy.write_row(tuple(row.values()))
            return
        marks = ", ".join(["%s"] * len(first))

        def plain() -> Iterator[list[Any]]:
            for row in (first, *rows):
                yield [v.isoformat(" ") if hasattr(v, "hour") else v for v in row.values()]

        cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(plain()))  # noqa: S608


def _trust_ourselves() -> None:
    """A superuser may skip the check of every foreign key, which is most of the time COPY takes."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT usesuper FROM pg_user WHERE usename = current_user")
        if cursor.fetchone()[0]:
            cursor.execute("SET LOCAL session_replication_role = replica")


@contextmanager
def _indexes_after(model: Any) -> Iterator[None]:
    """Take a table's indexes off while it is filled and build them once; those of constraints stay."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = %s "
            "AND indexname NOT IN (SELECT conname FROM pg_constraint)",
            [model._meta.db_table],
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {connection.ops.quote_name(name)}")
        yield
        for _, definition in indexes:
            cursor.execute(definition)


def _settle() -> None:
    """Firms were given their ids: tell the sequence, and the planner what it now stands before."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('firms_firm', 'id'), (SELECT max(id) FROM firms_firm))")
        for model in (Firm, FactSheet, RegisterEntry):
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")
