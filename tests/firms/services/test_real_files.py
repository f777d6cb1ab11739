"""The departments' own files, unchanged: every row is accounted for, exactly."""

from pathlib import Path

import pytest
from django.core.files import File

from firms.models import AuditEntry, Department, FactSheet, Filing, Firm, ImportBatch, ImportRow
from firms.services import imports
from firms.services.catalogue import load_catalogue
from tests.factories import workbook

pytestmark = pytest.mark.django_db
REAL = Path(__file__).parents[2] / "data" / "real"
# (file, kind, department, year) → lines, heading, rows, accepted, unmatched, refused, left out
FILES = [
    ("市场监管局-企业名录.xlsx", "firms", "market", None, (158, 1, 157, 157, 0, 0, 0)),
    ("税务局-营业收入-1987.xlsx", "metrics", "tax", 1987, (123, 3, 120, 119, 0, 0, 1)),
    ("税务局-营业收入-1988.xlsx", "metrics", "tax", 1988, (130, 3, 127, 126, 0, 0, 1)),
    ("税务局-营业收入-1989.xlsx", "metrics", "tax", 1989, (132, 3, 129, 128, 0, 0, 1)),
    ("人社局-职工人数-1987.csv", "metrics", "hr", 1987, (145, 1, 144, 144, 0, 0, 0)),
    ("人社局-职工人数-1988.csv", "metrics", "hr", 1988, (147, 1, 146, 146, 0, 0, 0)),
    ("人社局-职工人数-1989.csv", "metrics", "hr", 1989, (151, 1, 150, 150, 0, 0, 0)),
]


def take(name: str, kind: str, department: str, year: int | None) -> ImportBatch:
    with open(REAL / name, "rb") as file:
        batch = imports.upload(
            File(file, name=name), kind=kind, department=Department.objects.get(code=department), year=year, by=None
        )
    imports.plan(batch)
    return imports.confirm(batch, digest=batch.plan_digest, by=None)


@pytest.fixture
def batches() -> dict[str, ImportBatch]:
    load_catalogue(by=None)
    return {name: take(name, kind, department, year) for name, kind, department, year, _ in FILES}


def test_every_row_of_every_file_is_accounted_for(batches):
    names = ("lines", "heading", "rows", "accepted", "unmatched", "refused", "left_out")
    for name, *_, expected in FILES:
        counts = batches[name].counts
        assert tuple(counts[key] for key in names) == expected, name
        assert counts["lines"] == counts["heading"] + counts["elsewhere"] + counts["rows"]
        assert counts["rows"] == counts["accepted"] + counts["unmatched"] + counts["refused"] + counts["left_out"]
        staged = ImportRow.objects.filter(batch=batches[name]).count()
        assert staged == counts["rows"] - counts["blank"]


def test_the_facts_are_those_of_the_files(batches):
    assert Firm.objects.count() == 157
    firm = Firm.objects.get(credit_code="91410700MA04100325")
    assert (firm.name, firm.registered_on.isoformat(), firm.name_initials) == (
        "样本企业410032",
        "1960-05-01",
        "ybqy410032",
    )
    sheet = FactSheet.objects.get(firm=firm, year=1987)
    assert sheet.values == {"revenue": 4700, "headcount": 100}
    assert FactSheet.objects.filter(values__has_key="revenue", year=1987).count() == 119
    total = sum(
        values["revenue"]
        for values in FactSheet.objects.filter(year=1987, values__has_key="revenue").values_list("values", flat=True)
    )
    assert total == pytest.approx(63559.99)


def test_a_row_without_a_code_is_found_by_its_exact_name_and_says_so(batches):
    row = ImportRow.objects.get(batch=batches["人社局-职工人数-1987.csv"], row_number=7)
    assert row.firm.name == "样本企业410517"
    assert [reason["code"] for reason in row.reasons] == ["matched_by_name"]
    assert FactSheet.objects.get(firm=row.firm, year=1987).values["headcount"] == 24


def test_the_total_row_is_named(batches):
    row = ImportRow.objects.get(batch=batches["税务局-营业收入-1987.xlsx"], verdict="left_out")
    assert (row.row_number, row.reasons[0]["code"]) == (123, "total_row")
    assert not batches["税务局-营业收入-1987.xlsx"].problems  # its stated sum is the sum of its rows


def test_each_filing_says_where_it_came_from(batches):
    filing = Filing.objects.get(firm__credit_code="91410700MA04100325", year=1987, department__code="tax")
    assert (filing.batch.file_name, filing.sheet, filing.row_number) == ("税务局-营业收入-1987.xlsx", "1987年", 4)
    sheet = FactSheet.objects.get(firm=filing.firm, year=1987)
    assert sheet.winners["revenue"] == filing.pk
    assert AuditEntry.objects.filter(action="batch.apply").count() == len(FILES)


def test_the_same_figures_in_another_file_change_nothing(batches):
    before = list(FactSheet.objects.order_by("id").values_list("id", "version", "values", "winners"))
    filings = Filing.objects.count()
    rows = [["企业名称", "统一社会信用代码", "营业收入（元）"]]
    rows += [
        [filing.firm.name, filing.firm.credit_code, round(filing.values["revenue"] * 10000, 2)]
        for filing in Filing.objects.filter(year=1987, department__code="tax").select_related("firm")
    ]
    batch = imports.upload(
        workbook(rows), kind="metrics", department=Department.objects.get(code="tax"), year=1987, by=None
    )
    imports.plan(batch)
    assert (batch.counts["same"], batch.counts["accepted"]) == (119, 119)
    imports.confirm(batch, digest=batch.plan_digest, by=None)
    assert Filing.objects.count() == filings
    assert list(FactSheet.objects.order_by("id").values_list("id", "version", "values", "winners")) == before
