"""A firm in the middle of reporting, as small as a test needs."""

from __future__ import annotations

import hashlib
import io
from datetime import timedelta
from typing import Any

import openpyxl
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from firms import catalogue
from firms.models import DataYear, Department, Evidence, Firm, FirmReport, Membership, Role, User
from firms.services import filings, reports
from firms.services.catalogue import load_catalogue
from tests.factories import FirmFactory

YEAR = 2022
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
OWN = ("standards", "invested_firms", "venture_capital", "foreign_returnees")  # what is left to the firm in ``make``


def make(kind: str = "manager", year: int = YEAR, firm: Firm | None = None, days: int = 10) -> tuple[Firm, User]:
    """A firm whose year is open, everything but ``OWN`` stated by departments, with one account."""
    if not Department.objects.filter(code="market").exists():
        load_catalogue(by=None)
    due = timezone.localdate() + timedelta(days=days)
    DataYear.objects.update_or_create(
        year=year, defaults={"phase": DataYear.Phase.REPORTING, "opened_at": timezone.now(), "firms_due_on": due}
    )
    firm = firm or FirmFactory()
    user = User.objects.create_user(f"{kind}-{firm.credit_code}-{year}", password="x", role=Role.FIRM, name="张会计")
    Membership.objects.create(user=user, firm=firm, kind=kind)
    known = dict.fromkeys(_others(), 0.0) | {"revenue": 8000.0, "headcount": 60.0, "total_assets": 9000.0}
    state(firm, known, year=year)
    state(firm, {"venture_capital": 500.0, "standards": 1.0, "foreign_returnees": 3.0}, year=year - 1)
    return firm, user


def _others() -> list[str]:
    return [code for code in catalogue.load().metrics if code not in OWN]


def state(
    firm: Firm, values: dict[str, float], *, year: int = YEAR, source: str = "government", code: str = "tax"
) -> int:
    """What a department says about a firm, in force at once; the filing's id."""
    department = Department.objects.get(code=code) if source == "government" else None
    ids = filings.append(
        [filings.NewFiling(firm.pk, values)], year=year, source=source, by_id=None,
        department_id=department.pk if department else None,
    )  # fmt: skip
    filings.refold(year, [firm.pk])
    return ids[0]


def typed(code: str, text: str = "", *, state: str = "value", reason: str = "", edition: int = 0) -> reports.Change:
    return reports.Change(code, state, text, reason, edition)


def filled() -> list[reports.Change]:
    """Everything ``OWN`` answered so that nothing stands in the way."""
    return [
        typed("standards", state="zero"),
        typed("invested_firms", "2"),
        typed("venture_capital", state="none"),
        typed("foreign_returnees", "4"),
    ]


def ready(firm: Firm, user: User, year: int = YEAR) -> FirmReport:
    report = reports.open_for(firm, year, by=user)
    assert not reports.save_cells(report, filled(), by=user).refused
    return report


def upload(name: str = "凭证.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def mended(workbook: bytes, cells: dict[str, tuple[Any, Any, Any]], **told: str) -> SimpleUploadedFile:
    """The firm's own workbook with (state, value, reason) of some codes filled in; ``told`` replaces lines above."""
    book = openpyxl.load_workbook(io.BytesIO(workbook))
    sheet = book.active
    for row in sheet.iter_rows():
        if row[0].value in cells:
            for at, value in zip((5, 6, 7), cells[row[0].value], strict=True):
                row[at].value = value
        for name, label in (("code", "统一社会信用代码"), ("year", "年度")):
            if row[0].value == label and name in told:
                row[1].value = told[name]
    out = io.BytesIO()
    book.save(out)
    return SimpleUploadedFile("填报表.xlsx", out.getvalue())


def world(own: Firm, users: dict[str, User]) -> dict[str, Any]:
    """For the table of access: a report of the firm ``own``, its account a manager, a file behind a science department's metric."""
    load_catalogue(by=None)
    Membership.objects.filter(user=users["firm"], firm=own).update(kind=Membership.Kind.MANAGER)
    report = FirmReport.objects.create(
        firm=own, year=YEAR, state="submitted", submitted_by=users["firm"], submitted_at=timezone.now(),
        first_submitted_at=timezone.now(),
    )  # fmt: skip
    evidence = Evidence.objects.create(
        firm=own, year=report.year, metric="hightech_revenue", file=ContentFile(PDF, "x.pdf"), file_name="凭证.pdf",
        media_type="application/pdf", uploaded_by=users["firm"], size=len(PDF),
        sha256=hashlib.sha256(PDF).hexdigest(),
    )  # fmt: skip
    return {"evidence": evidence.pk}
