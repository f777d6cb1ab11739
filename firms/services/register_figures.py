"""Figures counted from a register (docs/adr/0011): the patents of a year become that year's figures of the register's owner.

They are stated like any source's, as filings of ``Source.REGISTER``, and stated anew whenever the entries behind them change;
so the form, the fold, conflicts, coverage and the engine know them without a second path.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Count

from firms import catalogue
from firms.models import DataYear, Department, Filing, Firm, RegisterEntry, Source
from firms.services import bulk, filings
from firms.services.refusal import Refusal

CHUNK = 2000


def is_counted(kind: str) -> bool:
    """Whether entries of this register are counted into figures."""
    return bool(catalogue.load().registers[kind].figures)


def restate(kind: str, touched: Iterable[tuple[int, int]], *, by_id: int | None) -> int:
    """State anew what the register says of these (firm id, year), where that changed; how many filings were appended.

    In the caller's transaction, under the register's mutex, after its entries were written. A year nobody has opened is
    left until it is (``catch_up``). Raises Refusal where a figure of a locked year would change.
    """
    if not is_counted(kind):
        return 0
    years: dict[int, set[int]] = defaultdict(set)
    for firm, year in touched:
        years[year].add(firm)
    held = DataYear.objects.select_for_update(no_key=True).filter(year__in=years).order_by("year")
    written = 0
    for row in list(held):
        firms = sorted(years[row.year])
        for start in range(0, len(firms), CHUNK):
            written += _restate(kind, row, firms[start : start + CHUNK], by_id)
    return written


def hold() -> None:
    """The counted register's mutex, for whoever is about to open a year: taken before the year's row, as imports take it."""
    owners = Department.objects.filter(code__in=catalogue.load().counted.owners).order_by("id")
    list(owners.select_for_update(no_key=True))


def catch_up(year: int, *, by_id: int | None) -> int:
    """State what the register says of a year that has just been opened: its entries may be older than its row. Under ``hold``.

    What a locked year was judged by stays as it was.
    """
    if DataYear.objects.filter(year=year, locked_at__isnull=False).exists():
        return 0
    kind = catalogue.load().counted.kind
    entries = RegisterEntry.objects.in_force().filter(kind=kind, starts_on__year=year).order_by()
    firms = entries.values_list("firm_id", flat=True).distinct()
    return restate(kind, [(firm, year) for firm in firms], by_id=by_id)


def refuse_elsewhere(kind: str, category: str, number: str, firm_id: int) -> None:
    """Refuse a number that is another firm's entry: one patent counts once, for its first applicant.

    In the caller's transaction, under the register's mutex.
    """
    if holder := holders(kind, [(category, number)], but=firm_id).get((category, number)):
        raise Refusal(
            "number_elsewhere", f"{number}已登记在“{holder.name}”名下，一件专利只计一次。", place=number,
            hint="请核对第一申请人；登记有误的，先作废原条目。",
        )  # fmt: skip


def holders(kind: str, keys: Iterable[tuple[str, str]], *, but: int | None = None) -> dict[tuple[str, str], Firm]:
    """(category, number) → the firm whose entry in force it is, of any firm ``but`` this one (one query)."""
    wanted = set(keys)
    rows = RegisterEntry.objects.in_force().filter(kind=kind, document_number__in={number for _, number in wanted})
    rows = rows.exclude(firm=but) if but is not None else rows
    found = {(row.category, row.document_number): row.firm for row in rows.select_related("firm").order_by("pk")}
    return {key: firm for key, firm in found.items() if key in wanted}


def _restate(kind: str, row: DataYear, firms: list[int], by_id: int | None) -> int:
    spec = catalogue.load().registers[kind]
    counted = _counted(kind, row.year, firms)
    stated = _stated(kind, row.year, firms)
    new = [
        filings.NewFiling(firm, counted.get(firm, {}))
        for firm in firms
        if counted.get(firm, {}) != stated.get(firm, {})
    ]
    if not new:
        return 0
    filings.refuse_if_locked(row)
    owner = Department.objects.filter(code=spec.owners[0]).values_list("pk", flat=True).first()
    filings.append(new, year=row.year, source=Source.REGISTER, by_id=by_id, department_id=owner)
    filings.refold(row.year, [one.firm for one in new])
    return len(new)


def _counted(kind: str, year: int, firms: list[int]) -> dict[int, dict[str, float]]:
    """Firm id → metric → how many entries of the year there are; of nothing there is no zero: who has none said nothing."""
    spec = catalogue.load().registers[kind]
    entries = RegisterEntry.objects.in_force().filter(kind=kind, starts_on__year=year, category__in=spec.figures)
    found: dict[int, dict[str, float]] = defaultdict(dict)
    what = Count("document_number", distinct=True) if spec.numbered else Count("pk")
    rows = bulk.among(entries, "firm_id", firms).order_by().values_list("firm_id", "category").annotate(many=what)
    for firm, category, many in rows:
        found[firm][spec.figures[category]] = float(many)
    return found


def _stated(kind: str, year: int, firms: list[int]) -> dict[int, dict[str, float]]:
    """Firm id → what the register last stated of the year."""
    metrics = set(catalogue.load().registers[kind].figures.values())
    rows = bulk.among(Filing.objects.filter(year=year, source=Source.REGISTER), "firm_id", firms)
    found: dict[int, dict[str, float]] = {}
    for firm, values in rows.order_by("id").values_list("firm_id", "values"):
        found[firm] = {code: float(value) for code, value in values.items() if code in metrics}
    return found
