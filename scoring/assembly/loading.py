"""Rows to arrays: one period's cohort in a constant number of queries, read in chunks.

Every firm with a fact sheet for the year is in the cohort (应评尽评, reading 30); the scheme decides what becomes of it.
"""

from __future__ import annotations

import datetime as dt
import gc
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np
import orjson
from django.db import connection
from numpy.typing import NDArray

from firms.models import Industry, Park
from scoring.assembly.history import UNKNOWN, fold
from scoring.engine.cohort import Coded, Cohort, History, Registers
from scoring.engine.evaluate import classify
from scoring.engine.inputs import gather
from scoring.engine.scheme import Scheme
from scoring.engine.vector import Frame
from scoring.models import EvaluationPeriod, Run

CHUNK = 10_000


@dataclass(frozen=True)
class Loaded:
    """A cohort and what its rows show beside it; every list runs parallel to ``cohort.keys`` (the credit codes)."""

    cohort: Cohort
    firm_ids: NDArray[np.int64]
    names: list[str]
    searches: list[str]
    name_keys: list[str]
    clusters: Coded
    parks: Coded


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the cyclic collector: rows by the hundred thousand make no cycles, and looking for some took a third of
    the time (measured)."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@uncollected()
def load_cohort(period: EvaluationPeriod, scheme: Scheme) -> Loaded:
    """The period's firms with this year's and last year's metrics, registers and stage history.

    The same number of queries for one firm and for half a million. Call it inside a read snapshot, or an import that
    commits meanwhile may be seen by half.
    """
    year = period.year_id
    metrics = scheme.metrics_used
    firms = _firms(year, metrics)
    n = len(firms.ids)
    index = _Index(firms.ids)
    cohort = Cohort(
        keys=firms.credit_codes,
        year=year,
        as_of=period.as_of,
        current=firms.metrics,
        previous=_previous(year - 1, scheme.previous_used, index, n),
        dates={"registered_on": firms.registered_on},
        # 产业 of the rankings is the local "2+1" cluster; a firm without an industry is in none.
        groups={
            "industry": np.array(firms.clusters.names or ("",))[firms.clusters.codes],
            "park": np.array(firms.parks.names or ("",))[firms.parks.codes],
        },
        registers=_registers(year, scheme, index),
        history=_history(period, scheme, index, n),
    )
    cohort = replace(cohort, history=_unbroken(scheme, cohort))
    return Loaded(cohort, firms.ids, firms.names, firms.searches, firms.name_keys, firms.clusters, firms.parks)


def search_text(name: str, initials: str) -> str:
    """What a search looks into: width, case and spaces made alike, then the pinyin initials.

    ``firm_bigrams`` of the database (firms migration) normalises the same way.
    """
    return f"{normalised(name)}|{initials.upper()}"


def normalised(text: str) -> str:
    """Full-width and half-width, upper and lower case, with and without spaces: one form."""
    return "".join(unicodedata.normalize("NFKC", text).upper().split())


class _Index:
    """Firm ids to rows of the cohort, by binary search."""

    def __init__(self, ids: NDArray[np.int64]) -> None:
        self.order = np.argsort(ids, kind="stable")
        self.sorted = ids[self.order]

    def rows(self, ids: Sequence[int]) -> NDArray[np.int64]:
        """Row of each firm id, -1 where the firm is not in the cohort."""
        wanted = np.asarray(ids, dtype=np.int64)
        if not len(self.sorted) or not len(wanted):
            return np.full(len(wanted), -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(self.sorted, wanted), len(self.sorted) - 1)
        return np.where(self.sorted[at] == wanted, self.order[at], -1)


def _chunks(sql: str, params: Sequence[Any]) -> Iterator[list[tuple[Any, ...]]]:
    """Rows of a query, a chunk at a time: from a server-side cursor where there is one."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, params)
        while rows := cursor.fetchmany(CHUNK):
            yield rows


def _decoded(texts: list[str], codes: Sequence[str]) -> list[NDArray[np.float64]]:
    """One float64 column per code from JSON documents; NaN where a document has no such key."""
    documents = orjson.loads(f"[{','.join(texts)}]")
    return [np.array([document.get(code) for document in documents], dtype=np.float64) for code in codes]


@dataclass
class _Firms:
    ids: NDArray[np.int64]
    credit_codes: list[str]
    names: list[str]
    searches: list[str]
    name_keys: list[str]
    registered_on: NDArray[Any]
    clusters: Coded
    parks: Coded
    metrics: dict[str, NDArray[np.float64]]


_AS_TEXT = {"postgresql": "::text", "sqlite": ""}


def _firms(year: int, codes: Sequence[str]) -> _Firms:
    clusters = dict(Industry.objects.values_list("id", "cluster"))
    parks = dict(Park.objects.values_list("id", "code"))
    ids: list[NDArray[np.int64]] = []
    columns: list[list[NDArray[np.float64]]] = [[] for _ in codes]
    registered: list[NDArray[Any]] = []
    credit_codes: list[str] = []
    names: list[str] = []
    searches: list[str] = []
    name_keys: list[str] = []
    cluster_of: list[str] = []
    park_of: list[str] = []
    sql = f"""
        SELECT s.firm_id, s."values"{_AS_TEXT[connection.vendor]}, f.credit_code, f.name, f.name_initials,
               f.name_pinyin, f.registered_on, f.industry_id, f.park_id
        FROM firms_factsheet s JOIN firms_firm f ON f.id = s.firm_id WHERE s.year = %s
    """  # noqa: S608  (nothing of a caller goes into the text)
    for rows in _chunks(sql, [year]):
        firm_ids, texts, codes_, names_, initials, pinyin, dates, industry_ids, park_ids = zip(*rows, strict=True)
        ids.append(np.array(firm_ids, dtype=np.int64))
        for column, chunk in zip(columns, _decoded(list(texts), codes), strict=True):
            column.append(chunk)
        registered.append(np.array(dates, dtype="datetime64[D]"))
        credit_codes.extend(codes_)
        names.extend(names_)
        searches.extend(map(search_text, names_, initials))
        name_keys.extend(pinyin)
        cluster_of.extend(clusters.get(i, "") for i in industry_ids)
        park_of.extend(parks.get(i, "") for i in park_ids)
    return _Firms(
        ids=_joined(ids, np.int64),
        credit_codes=credit_codes,
        names=names,
        searches=searches,
        name_keys=name_keys,
        registered_on=_joined(registered, "datetime64[D]"),
        clusters=Coded.of(cluster_of),
        parks=Coded.of(park_of),
        metrics={code: _joined(column, np.float64) for code, column in zip(codes, columns, strict=True)},
    )


def _joined(parts: list[NDArray[Any]], dtype: Any) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0, dtype=dtype)


def _previous(year: int, codes: Sequence[str], index: _Index, n: int) -> dict[str, NDArray[np.float64]]:
    columns = {code: np.full(n, np.nan) for code in codes}
    sql = f'SELECT firm_id, "values"{_AS_TEXT[connection.vendor]} FROM firms_factsheet WHERE year = %s'  # noqa: S608
    for rows in _chunks(sql, [year]):
        firm_ids, texts = zip(*rows, strict=True)
        at = index.rows(firm_ids)
        ours = at >= 0
        for column, chunk in zip(columns.values(), _decoded(list(texts), codes), strict=True):
            column[at[ours]] = chunk[ours]
    return columns


# Days since 1970 and float64 instead of date and Decimal objects: half the time and a fifth of the memory.
_REGISTER_SQL = {
    "postgresql": "(r.starts_on - DATE '1970-01-01'), (r.ends_on - DATE '1970-01-01'), r.amount::float8",
    "sqlite": "julianday(r.starts_on) - 2440587.5, julianday(r.ends_on) - 2440587.5, CAST(r.amount AS REAL)",
}


def _registers(year: int, scheme: Scheme, index: _Index) -> Registers:
    kinds = list(scheme.registers_used)
    if not kinds:
        return Registers.empty()
    sql = f"""
        SELECT r.firm_id, r.kind, r.category, r.level, {_REGISTER_SQL[connection.vendor]}, r.quantity
        FROM firms_registerentry r JOIN firms_factsheet s ON s.firm_id = r.firm_id AND s.year = %s
        WHERE r.voided_at IS NULL AND r.kind IN ({", ".join(["%s"] * len(kinds))})
    """  # noqa: S608
    parts: list[tuple[NDArray[Any], ...]] = []
    which: defaultdict[tuple[str, str, str], int] = defaultdict(count().__next__)  # few among many rows: numbered
    for rows in _chunks(sql, [year, *kinds]):
        firm_ids, kind, category, level, starts, ends, amounts, quantities = zip(*rows, strict=True)
        sorts = map(which.__getitem__, zip(kind, category, level, strict=True))
        parts.append(
            (
                index.rows(firm_ids).astype(np.int32),
                np.fromiter(sorts, np.int16, len(rows)),
                _days(starts),
                _days(ends),
                np.array(amounts, dtype=np.float64),
                np.array(quantities, dtype=np.float64),
            )
        )
    if not parts:
        return Registers.empty()
    firm, sort, starts_on, ends_on, amount, quantity = map(np.concatenate, zip(*parts, strict=True))
    names = [Coded.of(texts) for texts in zip(*which, strict=True)]
    kind_of, category_of, level_of = (Coded(coded.codes[sort], coded.names) for coded in names)
    return Registers(firm, kind_of, category_of, level_of, starts_on, ends_on, amount, quantity)


def _days(values: Sequence[float | None]) -> NDArray[Any]:
    days = np.array(values, dtype=np.float64)
    unknown = np.isnan(days)
    result = np.where(unknown, 0, days).astype(np.int64).astype("datetime64[D]")
    result[unknown] = np.datetime64("NaT")
    return result


def _history(period: EvaluationPeriod, scheme: Scheme, index: _Index, n: int) -> History:
    """Stages of earlier years: what was published, else the latest run, else what a person stated with evidence."""
    number = {stage.code: i for i, stage in enumerate(scheme.stages)}
    years: dict[int, tuple[dt.date, NDArray[np.int8]]] = {}
    overrides = np.full(n, UNKNOWN, dtype=np.int8)

    def year_of(year: int, as_of: dt.date) -> NDArray[np.int8]:
        return years.setdefault(year, (as_of, np.full(n, UNKNOWN, dtype=np.int8)))[1]

    stated = "SELECT firm_id, year, stage FROM scoring_stagerecord WHERE year <= %s"
    for rows in _chunks(stated, [period.year_id]):
        for at, (_, year, stage) in zip(index.rows([row[0] for row in rows]), rows, strict=True):
            if at >= 0 and stage in number:
                column = overrides if year == period.year_id else year_of(year, dt.date(year, 12, 31))
                column[at] = number[stage]
    runs = _runs_before(period)
    if runs:
        sql = f"""
            SELECT firm_id, run_id, stage FROM scoring_score
            WHERE run_id IN ({", ".join(["%s"] * len(runs))}) AND status = 'scored'
        """  # noqa: S608
        for rows in _chunks(sql, list(runs)):
            firm_ids, run_ids, stages = zip(*rows, strict=True)
            at = index.rows(firm_ids)
            stage_of = np.array([number.get(stage, UNKNOWN) for stage in stages], dtype=np.int8)
            run_of = np.array(run_ids, dtype=np.int64)
            for run_id, (year, as_of) in runs.items():
                rows_of = (run_of == run_id) & (at >= 0) & (stage_of != UNKNOWN)
                year_of(year, as_of)[at[rows_of]] = stage_of[rows_of]
    grades = tuple(stage.grade for stage in scheme.stages)
    return fold(n, grades, (years[year] for year in sorted(years)), overrides)


def _unbroken(scheme: Scheme, cohort: Cohort) -> History:
    """The history with ``stage_since`` only where the firm is still in that stage: a run it has left says nothing."""
    history = cohort.history
    if history is None or np.isnat(history.stage_since).all():
        return history or History.unknown(len(cohort))
    frame = Frame(len(cohort), cohort.year, cohort.as_of, gather(scheme, cohort), scheme.grade_order)
    present, _ = classify(scheme, frame)
    since = np.where(present == history.previous_stage, history.stage_since, np.datetime64("NaT"))
    return replace(history, stage_since=since)


def _runs_before(period: EvaluationPeriod) -> dict[int, tuple[int, dt.date]]:
    """Run id → (year, as-of date) of each earlier period: its published run, or, if none, its latest complete one."""
    earlier = EvaluationPeriod.objects.filter(year_id__lt=period.year_id)
    runs = {}
    for run in Run.objects.complete().filter(period__in=earlier).select_related("period").order_by("number"):
        chosen = run.period.published_run_id
        if chosen is None or chosen == run.pk:
            runs[run.period_id] = (run.pk, (run.period.year_id, run.period.as_of))
    return dict(runs.values())
