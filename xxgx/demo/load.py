"""Put the demo zone into the database: what imports would have left behind, written in bulk in one transaction."""

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from firms import catalogue
from firms.importing.plan import CREATE, PlannedRow
from firms.models import (
    DataYear,
    Department,
    FactSheet,
    Firm,
    ImportBatch,
    Industry,
    Membership,
    Park,
    RegisterEntry,
    User,
)
from firms.models.filing import Source
from firms.services import audit, bulk, filings, import_rows, register_figures
from firms.services.firms_registry import pinyin_of
from scoring.models import Scheme, StageRecord
from scoring.services import open_period
from xxgx.demo.accounts import ACCOUNTS, PASSWORD
from xxgx.demo.batches import BatchFile, batch_files
from xxgx.demo.economy import YEARS
from xxgx.demo.ledger import EntryRow
from xxgx.demo.names import CODE_PREFIX
from xxgx.demo.places import INDUSTRIES, PARKS
from xxgx.demo.statements import Statement
from xxgx.demo.zone import FirmRow, Zone, build_zone

SCHEME = "xinkai-2022-110"
_CHUNK = 2000
_SHEET = "Sheet1"  # what xxgx.demo.workbooks calls the one sheet of a workbook


@dataclass(frozen=True)
class Loaded:
    """What a load wrote; ``created`` is false when the zone was there, ``conflicts`` counts sheets that have any."""

    created: bool
    firms: int = 0
    filings: int = 0
    entries: int = 0
    conflicts: int = 0


def is_loaded() -> bool:
    return Firm.objects.filter(credit_code__startswith=CODE_PREFIX).exists()


def holds_other_firms() -> bool:
    """Whether there are firms that are not the demo's: somebody's real data."""
    return Firm.objects.exclude(credit_code__startswith=CODE_PREFIX).exists()


@transaction.atomic
def load_zone(zone: Zone | None = None) -> Loaded:
    """Write ``zone`` (default: the demo zone) unless it is there. All or nothing; needs the catalogue loaded."""
    if is_loaded():
        return Loaded(created=False)
    zone = zone or build_zone()
    for year in zone.years:
        DataYear.objects.get_or_create(year=year)
    firms = _write_firms(zone)
    departments = {row.code: row for row in Department.objects.all()}
    many = 0
    for file in batch_files(zone):
        batch = _write_batch(file, departments)
        _write_rows(file, batch, firms)
        if file.year is not None:
            many += _write_filings(file, file.year, batch, firms)
        elif file.kind == "registers":
            _write_entries(file, batch, firms)
    for year in zone.years:
        many += _write_own_filings(zone, year, firms)
        filings.refold(year)
    counted = catalogue.load().counted.kind
    patents = {(firms[row.firm].pk, row.starts_on.year) for row in zone.entries if row.kind == counted}
    register_figures.restate(counted, patents, by_id=None)
    conflicts = FactSheet.objects.filter(has_conflicts=True).count()
    StageRecord.objects.bulk_create(
        [StageRecord(firm=firms[r.firm], year=r.year, stage=r.stage, reason=r.reason) for r in zone.stages]
    )
    audit.record("demo.load", f"载入演示园区：{len(firms)} 家企业", by=None, after={"seed": zone.seed})
    return Loaded(True, len(firms), many, len(zone.entries), conflicts)


def open_periods() -> int:
    """Open the evaluation periods of the demo's years that are not open yet; returns how many."""
    scheme = Scheme.objects.filter(code=SCHEME).order_by("-id").first()
    if scheme is None:
        raise Scheme.DoesNotExist(f"没有指标体系 {SCHEME}，请先运行 load_scheme。")
    missing = [year for year in YEARS if not DataYear.objects.filter(year=year, period__isnull=False).exists()]
    for year in missing:
        open_period(year, scheme, by=None)
    return len(missing)


@transaction.atomic
def make_accounts() -> int:
    """Create the demo's accounts that do not exist; an existing one keeps its password. Returns how many were made."""
    present = set(User.objects.filter(username__in=[a.username for a in ACCOUNTS]).values_list("username", flat=True))
    departments = {row.code: row for row in Department.objects.all()}
    missing = [account for account in ACCOUNTS if account.username not in present]
    for account in missing:
        user = User(
            username=account.username,
            name=account.name,
            role=account.role,
            department=departments[account.department] if account.department else None,
            email=f"{account.username}@demo.invalid",  # reaches nobody, whatever server is configured
        )
        user.set_password(PASSWORD)
        user.save(force_insert=True)
        if account.firm:
            Membership.objects.create(user=user, firm=_example_firm(account.firm), kind=account.kind)
    return len(missing)


def _example_firm(example: str) -> Firm:
    """A firm with much to show: certified, with platforms and no blemish; or one excluded in the last public year."""
    zone_firms = Firm.objects.filter(credit_code__startswith=CODE_PREFIX).order_by("credit_code")
    if example == "excluded":
        return zone_firms.filter(
            register_entries__kind="environment", register_entries__category="bad",
            register_entries__starts_on__year=YEARS[-2],
        )[0]  # fmt: skip
    blemished = RegisterEntry.objects.filter(kind__in=["listing", "environment", "incident", "delisting"]).values(
        "firm"
    )
    return (
        zone_firms.filter(register_entries__kind="project", register_entries__category="major")
        .filter(register_entries__kind="platform", register_entries__level="provincial")
        .filter(register_entries__category="hightech", register_entries__starts_on__year=YEARS[-2])
        .exclude(pk__in=blemished)[0]
    )


def _write_firms(zone: Zone) -> list[Firm]:
    for position, park in enumerate(PARKS, start=1):
        Park.objects.get_or_create(code=park.code, defaults={"name": park.name, "position": position * 10})
    for industry in INDUSTRIES:
        defaults = {"name": industry.name, "cluster": industry.cluster}
        Industry.objects.get_or_create(code=industry.code, defaults=defaults)
    parks = {row.code: row for row in Park.objects.all()}
    industries = {row.code: row for row in Industry.objects.all()}
    rows = []
    for row in zone.firms:
        pinyin, initials = pinyin_of(row.name)
        rows.append(
            Firm(
                credit_code=row.credit_code,
                name=row.name,
                name_pinyin=pinyin,
                name_initials=initials,
                registered_on=row.registered_on,
                park=parks[row.park],
                industry=industries[row.industry],
            )
        )
    return Firm.objects.bulk_create(rows, batch_size=_CHUNK)


def _write_batch(file: BatchFile, departments: dict[str, Department]) -> ImportBatch:
    rows = len(file.items)
    batch = ImportBatch(
        kind=file.kind,
        state=ImportBatch.State.APPLIED,
        department=departments.get(file.department),
        year=file.year,
        register_kind=file.register_kind,
        file_name=file.file_name,
        sha256=hashlib.sha256(file.content).hexdigest(),
        size=len(file.content),
        counts={
            "rows": rows,
            "accepted": rows,
            "refused": 0,
            "left_out": 0,
            "create": rows,
            "heading": file.first_row - 1,
            "lines": rows + file.first_row - 1,
        },
        applied_at=timezone.now(),
    )
    batch.file.save(file.file_name, ContentFile(file.content), save=False)
    batch.save(force_insert=True)
    return batch


def _write_rows(file: BatchFile, batch: ImportBatch, firms: list[Firm]) -> None:
    sheet = _SHEET if file.kind == "metrics" else ""
    whose = range(len(firms)) if file.kind == "firms" else (item.firm for item in file.items)
    import_rows.stage(
        batch,
        (
            PlannedRow(sheet, file.first_row + i, CREATE, firms[firm].pk, _told(item))
            for i, (item, firm) in enumerate(zip(file.items, whose, strict=True))
        ),
    )


def _told(item: FirmRow | Statement | EntryRow) -> dict[str, Any]:
    """What a row of the file says, as the import would have staged it."""
    if isinstance(item, Statement):
        return item.values
    fields = item._asdict()
    if isinstance(item, FirmRow):
        fields["park"] = next(park.name for park in PARKS if park.code == item.park)
    for derived in ("firm", "kind"):
        fields.pop(derived, None)
    fields = {name: value for name, value in fields.items() if value not in (None, "")}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in fields.items()}


def _write_filings(file: BatchFile, year: int, batch: ImportBatch, firms: list[Firm]) -> int:
    new = [filings.NewFiling(firms[s.firm].pk, s.values, _SHEET, file.first_row + i) for i, s in enumerate(file.items)]
    ids = filings.append(
        new,
        year=year,
        source=Source.GOVERNMENT,
        by_id=None,
        department_id=batch.department_id,
        batch_id=batch.pk,
    )
    return len(ids)


def _write_own_filings(zone: Zone, year: int, firms: list[Firm]) -> int:
    own = [s for s in zone.statements if s.source == "firm" and s.year == year]
    new = [filings.NewFiling(firms[s.firm].pk, s.values) for s in own]
    return len(filings.append(new, year=year, source=Source.FIRM, by_id=None))


def _write_entries(file: BatchFile, batch: ImportBatch, firms: list[Firm]) -> None:
    now = bulk.now_value()
    bulk.insert(
        RegisterEntry,
        ("firm_id", *EntryRow._fields[1:], "department_id", "batch_id", "version", "created_at", "updated_at"),
        ((firms[entry.firm].pk, *entry[1:], batch.department_id, batch.pk, 0, now, now) for entry in file.items),
    )
