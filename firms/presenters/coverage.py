"""完整率 as pages show it: by department and metric from the counts kept, by firm a page at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from firms.models import Coverage, DataYear, Department, FactSheet, Filing, Firm, Metric, User

PAGE = 50


@dataclass(frozen=True)
class MetricLine:
    """``share`` and ``on_time_share`` in whole percent, rounded down: 100 means nobody is missing."""

    code: str
    name: str
    department: str
    expected: int
    provided: int
    missing: int
    share: int
    on_time: int | None
    on_time_share: int | None
    conflicts: int


@dataclass(frozen=True)
class DepartmentLine:
    name: str
    code: str
    metrics: list[MetricLine]
    expected: int
    provided: int
    share: int
    on_time_share: int | None
    complete: int


@dataclass(frozen=True)
class CoveragePage:
    year: int
    years: list[int]
    due_on: dt.date | None
    days_left: int | None
    counted_at: datetime | None
    expected: int
    departments: list[DepartmentLine]


def years() -> list[int]:
    """Data years, newest first."""
    return list(DataYear.objects.order_by("-year").values_list("year", flat=True))


def chosen_year(text: str, known: list[int]) -> int | None:
    """The year an address names, else the newest one open for reporting, else the newest."""
    if text.isascii() and text.isdigit() and int(text[:4]) in known:
        return int(text[:4])
    reporting = DataYear.objects.filter(phase=DataYear.Phase.REPORTING).order_by("-year").values_list("year", flat=True)
    return reporting.first() or (known[0] if known else None)


def coverage_page(user: User, text: str = "") -> CoveragePage | None:
    """Departments this person answers for, each with its metrics (a constant number of queries); None before any data year."""
    known = years()
    year = chosen_year(text, known)
    if year is None:
        return None
    row = DataYear.objects.get(year=year)
    counted = {found.metric_id: found for found in Coverage.objects.filter(year=year)}
    by_owner: dict[Any, list[MetricLine]] = {}
    for metric in own_metrics(user).select_related("owner"):
        by_owner.setdefault(metric.owner, []).append(_metric_line(metric, counted.get(metric.pk)))
    departments = [_department_line(owner, lines) for owner, lines in by_owner.items()]
    departments.sort(key=lambda line: (line.share, line.name))
    return CoveragePage(
        year=year,
        years=known[:8],
        due_on=row.departments_due_on,
        days_left=(row.departments_due_on - timezone.localdate()).days if row.departments_due_on else None,
        counted_at=max((found.counted_at for found in counted.values()), default=None),
        expected=max((found.expected for found in counted.values()), default=0),
        departments=departments,
    )


def own_metrics(user: User) -> QuerySet[Metric]:
    """The metrics whose completeness this person looks after: a department its own, the office and leaders all that have an owner."""
    metrics = Metric.objects.exclude(owner=None)
    return metrics.filter(owner=user.department) if user.role == "department" else metrics


def percent(part: int, whole: int) -> int:
    """Rounded down, so that only all is 100."""
    return 100 * part // whole if whole else 0


def _metric_line(metric: Metric, found: Coverage | None) -> MetricLine:
    expected, provided = (found.expected, found.provided) if found else (0, 0)
    on_time = found.on_time if found else None
    return MetricLine(
        code=metric.code,
        name=metric.name,
        department=metric.owner.short_name if metric.owner else "",
        expected=expected,
        provided=provided,
        missing=expected - provided,
        share=percent(provided, expected),
        on_time=on_time,
        on_time_share=None if on_time is None else percent(on_time, expected),
        conflicts=found.conflicts if found else 0,
    )


def _department_line(owner: Department, lines: list[MetricLine]) -> DepartmentLine:
    expected, provided = sum(line.expected for line in lines), sum(line.provided for line in lines)
    timed = [line.on_time for line in lines if line.on_time is not None]
    return DepartmentLine(
        name=owner.name,
        code=owner.code,
        metrics=sorted(lines, key=lambda line: line.share),
        expected=expected,
        provided=provided,
        share=percent(provided, expected),
        on_time_share=percent(sum(timed), expected) if timed else None,
        complete=sum(line.expected > 0 and not line.missing for line in lines),
    )


@dataclass(frozen=True)
class MissingPage:
    year: int
    metric: Metric
    line: MetricLine
    firms: list[Firm]
    q: str
    after: str
    next: str


def missing_page(user: User, year: int, code: str, *, q: str = "", after: str = "") -> MissingPage:
    """Firms expected to have this metric and without it, by credit code. Raises Metric.DoesNotExist for another's metric."""
    metric = own_metrics(user).select_related("owner").get(code=code)
    firms = searched(missing_firms(year, code), q)
    found = list(firms.filter(credit_code__gt=after).select_related("park", "industry")[: PAGE + 1])
    counted = Coverage.objects.filter(year=year, metric=metric).first()
    more = len(found) > PAGE
    return MissingPage(
        year, metric, _metric_line(metric, counted), found[:PAGE], q, after, found[PAGE - 1].credit_code if more else ""
    )


def missing_firms(year: int, code: str) -> QuerySet[Firm]:
    """Firms of which something is known for the year or the one before, but not this metric for the year, by credit code."""
    return (
        expected_firms(year)
        .exclude(Exists(FactSheet.objects.filter(firm=OuterRef("pk"), year=year, values__has_key=code)))
        .order_by("credit_code")
    )


def expected_firms(year: int) -> QuerySet[Firm]:
    return Firm.objects.filter(Exists(FactSheet.objects.filter(firm=OuterRef("pk"), year__in=[year - 1, year])))


def searched(firms: QuerySet[Firm], q: str) -> QuerySet[Firm]:
    """By part of the name, by pinyin initials or by credit code."""
    text = q.strip()[:64]
    if not text:
        return firms
    return firms.filter(
        Q(name__icontains=text) | Q(name_initials__startswith=text.lower()) | Q(credit_code__startswith=text.upper())
    )


def missing_rows(year: int, code: str, q: str = "") -> Iterator[tuple[Any, ...]]:
    """The same list for a file: code and name."""
    firms = searched(missing_firms(year, code), q)
    return firms.values_list("credit_code", "name").iterator(chunk_size=2000)


@dataclass(frozen=True)
class FirmLine:
    credit_code: str
    name: str
    provided: int
    expected: int
    share: int
    late: int | None
    missing: list[str]


@dataclass(frozen=True)
class FirmsPage:
    year: int
    years: list[int]
    due_on: dt.date | None
    lines: list[FirmLine]
    q: str
    next: str


def firms_page(user: User, text: str = "", *, q: str = "", after: str = "") -> FirmsPage | None:
    """Firm by firm: which of the metrics this person looks after are there and which came late (a constant number of queries)."""
    known = years()
    year = chosen_year(text, known)
    if year is None:
        return None
    metrics = list(own_metrics(user))
    codes = {metric.code: metric.name for metric in metrics}
    due = DataYear.objects.get(year=year).departments_due_on
    found = list(searched(expected_firms(year), q).filter(credit_code__gt=after).order_by("credit_code")[: PAGE + 1])
    shown = found[:PAGE]
    ids = [firm.pk for firm in shown]
    sheets = dict(FactSheet.objects.filter(year=year, firm__in=ids).values_list("firm_id", "values"))
    first = _first_filed(year, ids)
    lines = []
    for firm in shown:
        values = sheets.get(firm.pk, {})
        there = [code for code in codes if code in values]
        late = None if due is None else sum(first.get((firm.pk, code), due) > due for code in there)
        missing = [name for code, name in codes.items() if code not in values]
        lines.append(
            FirmLine(
                firm.credit_code, firm.name, len(there), len(codes), percent(len(there), len(codes)), late, missing
            )
        )
    return FirmsPage(year, known[:8], due, lines, q, found[PAGE - 1].credit_code if len(found) > PAGE else "")


def _first_filed(year: int, firms: list[int]) -> dict[tuple[int, str], dt.date]:
    """(firm, metric) → the day a filing in force first stated it."""
    first: dict[tuple[int, str], dt.date] = {}
    rows = Filing.objects.in_force().filter(year=year, firm__in=firms).order_by("filed_at")
    for firm, values, at in rows.values_list("firm_id", "values", "filed_at"):
        for code in values:
            first.setdefault((firm, code), timezone.localdate(at))
    return first
