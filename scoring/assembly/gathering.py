"""Every field of a run's firms as arrays: out of its archived records, and out of today's facts what it never read.

The records are decoded many at a time. What comes from today's facts (registers, data items outside the scheme, the
industry's class) is named in ``Gathered.now``, so that a page can say as of when it holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from firms.models import Industry, Metric, Park, RegisterEntry
from scoring.analysis.arrays import Codes, Column, Numbers, Texts
from scoring.assembly.cube import HAPPENS
from scoring.assembly.loading import _AS_TEXT, CHUNK, _chunks, _decoded, _Index, normalised, uncollected
from scoring.engine import STATUSES, parse_scheme
from scoring.engine.indicators import ABSENT
from scoring.engine.record import layout
from scoring.engine.scheme import Scheme
from scoring.models import Run

AMOUNTS = ("contract", "project", "award")  # registers of which sums of money are asked
SCORED = STATUSES.index("scored")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Gathered:
    """``ids``: the firms, rising; every column stands in their order. ``now``: codes of what is as of today, not of the run."""

    ids: NDArray[np.int64]
    columns: dict[str, Column]
    now: list[str]


@uncollected()
def from_scores(run: Run) -> Gathered:
    """Firms, scores, points, indicator values and the scheme's own data items (one query)."""
    scheme = parse_scheme(run.scheme.text)
    reader = _Records(scheme, run.firms)
    with transaction.atomic():
        for rows in _rows_in_bytes(_SCORES, [run.pk]):
            reader.add(rows)
    return reader.gathered()


@uncollected()
def from_facts(run: Run, ids: NDArray[np.int64]) -> dict[str, Column]:
    """Data items that the run's scheme does not read, as they are now (two queries)."""
    read = {key[1] for key in parse_scheme(run.scheme.text).inputs if key[0] == "metric"}
    codes = [code for code in Metric.objects.order_by().values_list("code", flat=True) if code not in read]
    if not codes:
        return {}
    index, columns = _Index(ids), {code: np.full(len(ids), np.nan) for code in codes}
    sql = f'SELECT firm_id, "values"{_AS_TEXT[connection.vendor]} FROM firms_factsheet WHERE year = %s'  # noqa: S608
    for rows in _chunks(sql, [run.period.year_id]):
        firm_ids, texts = zip(*rows, strict=True)
        at = index.rows(firm_ids)
        for column, chunk in zip(columns.values(), _decoded(list(texts), codes), strict=True):
            column[at[at >= 0]] = chunk[at >= 0]
    return {f"metric.{code}": Numbers(column) for code, column in columns.items()}


def from_registers(run: Run, ids: NDArray[np.int64]) -> dict[str, Column]:
    """Entries that count for the run's year, as they are now (one query); only of what some firm has."""
    index = _Index(ids)
    year, as_of = run.period.year_id, run.period.as_of.isoformat()
    happens = sorted(HAPPENS)
    marks = ", ".join(["%s"] * len(happens))
    sql = f"""
        SELECT firm_id, kind, category, level, COUNT(*), SUM(amount) FROM firms_registerentry
        WHERE voided_at IS NULL AND (
            (kind IN ({marks}) AND starts_on BETWEEN %s AND %s)
            OR (kind NOT IN ({marks}) AND starts_on <= %s AND (ends_on IS NULL OR ends_on >= %s)))
        GROUP BY firm_id, kind, category, level
    """  # noqa: S608
    columns: dict[str, Floats] = {}
    params = [*happens, f"{year}-01-01", f"{year}-12-31", *happens, as_of, as_of]
    for rows in _chunks(sql, params):
        firm_ids, kinds, categories, levels, counts, amounts = zip(*rows, strict=True)
        at = index.rows(firm_ids)
        number = np.array(counts, dtype=np.float64)
        money = np.array([0 if amount is None else amount for amount in amounts], dtype=np.float64)
        for which, code in _sorts(kinds, categories, levels):
            there = which[at[which] >= 0]
            if not len(there):
                continue
            np.add.at(columns.setdefault(code, np.zeros(len(ids))), at[there], number[there])
            if code.endswith(AMOUNTS) and code.count(".") == 1:
                np.add.at(columns.setdefault(f"{code}.amount", np.zeros(len(ids))), at[there], money[there])
    held: dict[str, Column] = {
        f"qualification.{code.rpartition('.')[2]}": Numbers((column > 0).astype(np.float64))
        for code, column in columns.items()
        if code.startswith("register.qualification.") and code.rpartition(".")[2] not in RegisterEntry.Level.values
    }
    return held | {code: Numbers(column) for code, column in columns.items()}


def _sorts(
    kinds: Sequence[str], categories: Sequence[str], levels: Sequence[str]
) -> Iterator[tuple[NDArray[np.int64], str]]:
    """The rows of each register, of each of its categories and of each of its levels, with the field's code."""
    kind, category, level = np.array(kinds), np.array(categories), np.array(levels)
    for one in np.unique(kind).tolist():
        rows = np.flatnonzero(kind == one)
        yield rows, f"register.{one}"
        for parts in (category, level):
            for part in np.unique(parts[rows]).tolist():
                if part:
                    yield rows[parts[rows] == part], f"register.{one}.{part}"


_SCORES = """
    SELECT s.firm_id, s.name, s.credit_code, s.search, s.cluster, s.park, s.detail,
           COALESCE(f.name_pinyin, ''), COALESCE(i.code, '')
    FROM scoring_score s JOIN firms_firm f ON f.id = s.firm_id LEFT JOIN firms_industry i ON i.id = f.industry_id
    WHERE s.run_id = %s
"""


def _rows_in_bytes(sql: str, params: Sequence[Any]) -> Iterator[list[tuple[Any, ...]]]:
    """Rows a chunk at a time. On PostgreSQL in its binary form: as text, every byte of a record is two letters."""
    if connection.vendor != "postgresql":
        yield from _chunks(sql, params)
        return
    connection.ensure_connection()
    with connection.connection.cursor(name="run_columns", binary=True) as cursor:
        cursor.itersize = CHUNK
        cursor.execute(sql, params)
        while rows := cursor.fetchmany(CHUNK):
            yield rows


class _Records:
    """Records of one run as they come, spread out into columns."""

    def __init__(self, scheme: Scheme, firms: int) -> None:
        self.scheme, self.kind = scheme, layout(scheme)
        self.texts: list[list[Any]] = [[] for _ in range(8)]
        self.numbers: dict[str, Floats] = {}
        self.firms, self.filled = firms, 0

    def add(self, rows: list[tuple[Any, ...]]) -> None:
        ids, names, codes, searches, clusters, parks, details, pinyin, industries = zip(*rows, strict=True)
        for kept, more in zip(
            self.texts, (ids, names, codes, searches, clusters, parks, pinyin, industries), strict=True
        ):
            kept.extend(more)
        table = np.frombuffer(b"".join(map(bytes, details)), dtype=self.kind)
        part = slice(self.filled, self.filled + len(table))
        for code, values in self.columns(table):
            self.numbers.setdefault(code, np.full(self.firms, np.nan))[part] = values
        self.filled += len(table)

    def columns(self, table: NDArray[Any]) -> Iterator[tuple[str, Any]]:
        """Each number of the records under its field's code; unknown where the firm is not scored or it does not exist."""
        scheme, head = self.scheme, table["head"]
        scored = head[:, 0] == SCORED
        yield "firm.status", head[:, 0]
        yield "firm.stage", head[:, 1]
        yield "score.grade", head[:, 4]
        yield "score.total", np.where(scored, table["total_cents"][:, 0] / 10 ** scheme.settings["decimals"], np.nan)
        for j, name in enumerate(("score.rank", "score.stage_rank", "score.industry_rank")):
            rank = table["ranks"][:, j]
            yield name, np.where(rank > 0, rank, np.nan)
        for name, cap in (("deductions", scheme.deduction_cap), ("bonuses", scheme.bonus_cap)):
            points = table[name].sum(axis=1)
            points = points if cap is None else np.minimum(points, float(cap))
            yield ("score.deductions" if name == "deductions" else "score.bonus"), np.where(scored, points, np.nan)
        for j, dimension in enumerate(scheme.dimensions):
            yield f"dimension.{dimension.code}", np.where(scored, table["dimensions"][:, j], np.nan)
        for j, indicator in enumerate(scheme.indicators):
            there = scored & (table["state"][:, j] != ABSENT)
            yield f"points.{indicator.code}", np.where(there, table["points"][:, j], np.nan)
            yield f"value.{indicator.code}", np.where(there, table["value"][:, j], np.nan)
        for j, key in enumerate(scheme.inputs):
            if key[0] == "metric":
                yield f"metric.{key[1]}", table[f"in{j}"]
            elif key == ("date", "registered_on"):
                days = table[f"in{j}"].astype(np.float64)
                yield "firm.founded", np.where(days <= -(2**31), np.nan, days)

    def gathered(self) -> Gathered:
        ids = np.array(self.texts[0], dtype=np.int64)
        order = np.argsort(ids)
        columns: dict[str, Column] = {}
        for code in list(self.numbers):  # one at a time: twice all of them would be the most this ever holds
            columns[code] = Numbers(self.numbers.pop(code)[: self.filled][order])
        scheme = self.scheme
        for code, known in (
            ("firm.status", STATUSES),
            ("firm.stage", tuple(stage.code for stage in scheme.stages)),
            ("score.grade", tuple(grade.name for grade in scheme.grades)),
        ):
            found = columns.get(code, Numbers(np.full(0, np.nan)))
            columns[code] = Codes(found.values.astype(np.int32), known)  # type: ignore[union-attr]
        texts = [[kept[row] for row in order.tolist()] for kept in self.texts[1:]]
        names, codes, searches, clusters, parks, pinyin, industries = texts
        parks_known = list(Park.objects.order_by("position", "code").values_list("code", flat=True))
        industries_known = list(Industry.objects.order_by("code").values_list("code", flat=True))
        columns |= {
            "firm.name": _names_of(names, codes, searches, pinyin),
            "firm.credit_code": Texts.of(codes, [(code,) for code in codes], _places(codes)),
            "firm.cluster": _coded(clusters, Industry.Cluster.values),
            "firm.park": _coded(parks, parks_known),
            "firm.industry": _coded(industries, industries_known),
        }
        return Gathered(ids[order], columns, ["firm.industry"])


def _names_of(names: list[str], codes: list[str], searches: list[str], pinyin: list[str]) -> Texts:
    """Searched as the rankings are (``Score.search``: the name in one form, its pinyin initials), sorted by pinyin."""
    parts = [(normalised(name), search.rpartition("|")[2]) for name, search in zip(names, searches, strict=True)]
    keys = [(key or name, code) for key, name, code in zip(pinyin, names, codes, strict=True)]
    return Texts.of(names, parts, _places(keys))


def _places(keys: Sequence[Any]) -> NDArray[np.int32]:
    places = np.empty(len(keys), dtype=np.int32)
    places[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys), dtype=np.int32)
    return places


def _coded(texts: Sequence[str], known: Sequence[str]) -> Codes:
    """In the order of ``known``, what it does not know behind; an empty text is unknown."""
    there = dict.fromkeys(text for text in texts if text)
    names = [name for name in known if name in there]
    names += [name for name in there if name not in set(names)]
    number: Mapping[str, int] = {name: i for i, name in enumerate(names)}
    return Codes(np.fromiter((number.get(text, -1) for text in texts), np.int32, len(texts)), tuple(names))
