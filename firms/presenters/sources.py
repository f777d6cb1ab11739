"""来源差错记录: how much each source stated, how often others disagreed, and how often it was found wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from django.core.cache import cache
from django.db import connection
from django.db.models import Max
from django.utils.translation import gettext as _

from firms.models import (
    Connector,
    DataYear,
    Decision,
    Department,
    FactSheet,
    Filing,
    ImportBatch,
    Metric,
    Objection,
    Source,
    User,
)
from firms.presenters.conflicts import metrics_of

# Who stated it: (source, department or None, connector or None).
Key = tuple[str, int | None, int | None]


@dataclass(slots=True)
class Record:
    """``stated``: figures it stated, corrections among them. ``open``/``decided``: conflicts it was part of. ``against``: decided against it.

    ``upheld``: objections to its figures that were upheld. Errors found are the last two together.
    """

    stated: int = 0
    open: int = 0
    decided: int = 0
    against: int = 0
    upheld: int = 0

    @property
    def conflicts(self) -> int:
        return self.open + self.decided

    @property
    def share(self) -> str:
        """Errors found among what was stated."""
        if not self.stated:
            return "—"
        share = Decimal(self.against + self.upheld) * 100 / Decimal(self.stated)
        return f"{share.quantize(Decimal('0.01'), ROUND_HALF_UP):f}%"

    def add(self, other: Record) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass
class SourceLine:
    name: str
    kind: str
    total: Record = field(default_factory=Record)
    metrics: list[tuple[Metric, Record]] = field(default_factory=list)


@dataclass(frozen=True)
class SourcePage:
    lines: list[SourceLine]
    years: list[tuple[int, bool]]
    year: int | None
    metrics: list[tuple[str, str]]
    metric: Metric | None


def source_page(user: User, *, year: int | None = None, metric: str = "") -> SourcePage:
    """One year's record of every source, on the metrics this person's department owns (a constant number of queries)."""
    metrics = metrics_of(user)
    years = list(DataYear.objects.order_by("-year").values_list("year", flat=True))
    year = year if year in years else _latest(years)
    chosen = metrics.get(metric)
    wanted = {chosen.code: chosen} if chosen else metrics
    records = _records(year, wanted) if year else {}
    return SourcePage(
        lines=_lines(records, wanted),
        years=[(one, one == year) for one in years],
        year=year,
        metrics=[(m.code, m.name) for m in metrics.values()],
        metric=chosen,
    )


def _latest(years: list[int]) -> int | None:
    """The newest year about which anything was stated."""
    told = set(Filing.objects.order_by().values_list("year", flat=True).distinct())
    return next((one for one in years if one in told), years[0] if years else None)


def _records(year: int, metrics: dict[str, Metric]) -> dict[tuple[Key, str], Record]:
    records: dict[tuple[Key, str], Record] = defaultdict(Record)
    for source, department, connector, code, stated in _stated(year):
        if code in metrics:
            records[(source, department, connector), code].stated = stated
    open_cells = list(FactSheet.objects.filter(year=year).disputants(metrics))
    decisions = list(
        Decision.objects.in_force().filter(year=year, metric__in=metrics).values_list("metric", "filing_id", "against")
    )
    upheld = list(
        Objection.objects.filter(year=year, metric__code__in=metrics, state=Objection.State.UPHELD).values_list(
            "metric__code", "filing_id"
        )
    )
    whose = _whose(
        {pk for _code, cell in open_cells for pk in cell}
        | {pk for _code, chosen, against in decisions for pk in (chosen, *(row[0] for row in against))}
        | {pk for _code, pk in upheld}
    )
    for code, cell in open_cells:
        for pk in cell:
            records[whose[pk], code].open += 1
    for code, chosen, against in decisions:
        records[whose[chosen], code].decided += 1
        for pk, _source, _value in against:
            record = records[whose[pk], code]
            record.decided += 1
            record.against += 1
    for (code, pk), number in Counter(upheld).items():
        records[whose[pk], code].upheld += number
    return records


_KEYS = {"postgresql": 'jsonb_object_keys(f."values") AS k(code)', "sqlite": 'json_each(f."values") AS k'}
_CODE = {"postgresql": "k.code", "sqlite": "k.key"}
# Only public filings come through a connector; joining it to all the others would cost most of the time.
_FETCHED = """
    JOIN (SELECT batch_id, MIN(connector_id) AS id FROM firms_fetch WHERE batch_id IS NOT NULL GROUP BY batch_id) c
      ON c.batch_id = f.batch_id
"""


def _stated(year: int) -> list[tuple[str, int | None, int | None, str, int]]:
    """(source, department, connector, metric, times a figure was stated) of the filings in force.

    Two queries over the year's filings: at 100,000 firms they take seconds, so they are asked once until something is filed
    or undone.
    """
    newest = Filing.objects.aggregate(at=Max("pk"))["at"]
    undone = ImportBatch.objects.aggregate(at=Max("undone_at"))["at"]
    key = f"sources:{connection.settings_dict['NAME']}:{year}:{newest}:{undone and undone.timestamp()}"
    found = cache.get(key)
    if found is None:
        found = _counted(year, "NULL", "", "f.source <> 'public'")
        found += _counted(year, "c.id", f"LEFT {_FETCHED.strip()}", "f.source = 'public'")
        cache.set(key, found, 3600)
    return found


def _counted(year: int, connector: str, join: str, which: str) -> list[tuple[str, int | None, int | None, str, int]]:
    code = _CODE[connection.vendor]
    by = f"f.source, f.department_id, {code}" + (f", {connector}" if join else "")
    sql = f"""
        SELECT f.source, f.department_id, {connector}, {code}, COUNT(*)
        FROM firms_filing f LEFT JOIN firms_importbatch b ON b.id = f.batch_id {join}
        CROSS JOIN {_KEYS[connection.vendor]}
        WHERE f.year = %s AND {which} AND (f.batch_id IS NULL OR b.state = 'applied')
        GROUP BY {by}
    """  # noqa: S608  # nosec B608  (nothing of a caller goes into the text)
    with connection.cursor() as cursor:
        cursor.execute(sql, [year])
        return [tuple(row) for row in cursor.fetchall()]


def _whose(ids: Iterable[int]) -> dict[int, Key]:
    """Who stated each of these filings (two queries)."""
    ids = list(ids)
    batches = dict(Filing.objects.with_ids(ids).filter(source=Source.PUBLIC).values_list("pk", "batch_id"))
    connectors = dict(
        Connector.objects.filter(fetches__batch__in=set(batches.values()) - {None}).values_list("fetches__batch", "pk")
    )
    return {
        pk: (source, department, connectors.get(batches.get(pk)))
        for pk, source, department in Filing.objects.with_ids(ids).values_list("pk", "source", "department_id")
    }


def _lines(records: dict[tuple[Key, str], Record], metrics: dict[str, Metric]) -> list[SourceLine]:
    departments = {row.pk: row.name for row in Department.objects.all()}
    connectors = dict(Connector.objects.values_list("pk", "name"))
    lines: dict[Key, SourceLine] = {}
    positions = {code: at for at, code in enumerate(metrics)}
    for (key, code), record in sorted(records.items(), key=lambda item: positions[item[0][1]]):
        source, department, connector = key
        kind = str(Source(source).label)
        name = connectors.get(connector or 0) or departments.get(department or 0) or kind
        line = lines.setdefault(key, SourceLine(name, kind if name != kind else _("各企业")))
        line.total.add(record)
        if record.conflicts or record.upheld:
            line.metrics.append((metrics[code], record))
    return sorted(lines.values(), key=lambda line: (-line.total.against - line.total.upheld, -line.total.conflicts))
