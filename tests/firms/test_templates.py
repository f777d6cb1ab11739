"""The workbook a department fills in: its own items, its own words, nothing of what others stated."""

import pytest
from python_calamine import CalamineWorkbook

from firms.exports import template, write_xlsx
from firms.models import DataYear, Department, Filing, Firm, ImportBatch, Metric
from firms.services.catalogue import load_catalogue

CODES = ("91410700MA0000000P", "91410700MA00000019", "91410700MA0000002H")


@pytest.fixture
def filed(db):
    load_catalogue(by=None)
    DataYear.objects.create(year=2022)
    firms = [Firm.objects.create(credit_code=code, name=f"新乡市第{n}号公司") for n, code in enumerate(CODES)]
    tax, hr = (Department.objects.get(code=code) for code in ("tax", "hr"))

    def file(firm, values, department=tax, year=2022, **kwargs):
        source = "government" if department else "firm"
        Filing.objects.create(firm=firm, year=year, source=source, department=department, values=values, **kwargs)

    file(firms[0], {"revenue": 100.5, "net_profit": 3})
    file(firms[0], {"revenue": 120.25})  # said again later: the later word stands
    file(firms[2], {"revenue": 0})
    file(firms[1], {"revenue": 7}, year=2021)
    file(firms[1], {"headcount": 5}, department=hr)
    file(firms[1], {"revenue": 99}, department=None)
    undone = ImportBatch.objects.create(kind="metrics", state="undone", file_name="x", sha256="0", size=1)
    file(firms[1], {"revenue": 55}, batch=undone)
    return firms


def read(department, tmp_path):
    path = tmp_path / "template.xlsx"
    table = template(department, 2022)
    count = write_xlsx(table, path)
    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    heading = rows[1 + len(table.lines)]
    return heading, [dict(zip(heading, row, strict=True)) for row in rows[2 + len(table.lines) :]], count


def test_it_holds_every_firm_and_the_department_s_own_last_words(filed, tmp_path):
    heading, rows, count = read(Department.objects.get(code="tax"), tmp_path)
    assert count == len(filed)
    own = set(Metric.objects.filter(owner__code="tax").values_list("name", flat=True))
    assert {title.split("（")[0] for title in heading[2:]} == own
    assert [row["统一社会信用代码"] for row in rows] == sorted(CODES)
    assert [row["营业收入（万元）"] for row in rows] == [120.25, "", 0.0]
    assert rows[0]["净利润（万元）"] == 3.0


def test_the_office_gets_every_item(filed, tmp_path):
    heading, rows, _ = read(None, tmp_path)
    assert len(heading) == 2 + Metric.objects.count()
    assert rows[1]["营业收入（万元）"] == 99.0


def test_its_queries_do_not_grow_with_the_firms(filed, tmp_path, django_assert_num_queries):
    with django_assert_num_queries(4):
        read(Department.objects.get(code="tax"), tmp_path)
