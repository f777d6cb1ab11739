"""The workbook a department fills in: its own items, its own words, nothing of what others stated."""

import pytest
from django.core.files import File
from python_calamine import CalamineWorkbook

from firms import catalogue
from firms.exports import firms_template, register_template, template, write_xlsx
from firms.models import DataYear, Department, Filing, Firm, ImportBatch, Industry, Metric, Park, RegisterEntry
from firms.services import imports
from firms.services.catalogue import load_catalogue
from tests.factories import credit_code

CODES = tuple(credit_code(number) for number in (990001, 990002, 990003))


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


def sent_back(table, tmp_path, **kwargs):
    """The plan of a template sent back as it is."""
    path = tmp_path / "out.xlsx"
    write_xlsx(table, path)
    batch = imports.upload(File(path.open("rb"), name="回.xlsx"), by=None, **kwargs)
    return imports.plan(batch)


@pytest.mark.parametrize("code", ["tax", "hr", "science", "statistics"])
def test_figures_sent_back_unchanged_change_nothing(filed, tmp_path, code):
    department = Department.objects.get(code=code)
    metric = Metric.objects.filter(owner=department, kind="flag").first() or Metric.objects.filter(owner=department)[0]
    Filing.objects.create(firm=filed[0], year=2022, source="government", department=department, values={metric.code: 1})
    batch = sent_back(template(department, 2022), tmp_path, kind="metrics", year=2022, department=department)
    assert batch.counts["same"] >= 1
    assert batch.counts["accepted"] == batch.counts["same"]
    assert batch.counts["refused"] == 0


def test_every_register_sent_back_unchanged_changes_nothing(filed, tmp_path):
    for kind, spec in catalogue.load().registers.items():
        keeper = Department.objects.get(code=spec.owners[0])
        categories = [term.code for term in spec.categories] or [""]
        numbers = {"pct_application": "PCT/CN2021/000123"} if spec.numbered else {}
        for number, category in enumerate(categories):
            RegisterEntry.objects.create(
                firm=filed[number % 3], kind=kind, category=category, level="provincial", title=f"={spec.name}{number}",
                starts_on="2021-05-01", ends_on="2030-01-31", amount=None if number % 2 and kind != "contract" else "12.3456", quantity=number + 1,
                document_number=numbers.get(category, "200310100002.X" if spec.numbered else "00123"), department=keeper,
            )  # fmt: skip
        RegisterEntry.objects.create(
            firm=filed[0], kind=kind, category=categories[0], level="municipal", title="别的部门的", starts_on="2021-05-01",
            ends_on="2030-01-31", amount=1,
        )  # fmt: skip
        table = register_template(keeper, kind)
        batch = sent_back(table, tmp_path, kind="registers", register_kind=kind, department=keeper)
        assert batch.counts["same"] == batch.counts["accepted"] == len(categories), (kind, batch.problems)
        assert batch.counts["refused"] == 0, kind


def test_the_register_of_firms_sent_back_unchanged_changes_nothing(filed, tmp_path):
    park, industry = Park.objects.create(code="main", name="主园区"), Industry.objects.create(code="C35", name="设备")
    Firm.objects.filter(pk=filed[0].pk).update(park=park, industry=industry, registered_on="2015-03-09")
    batch = sent_back(firms_template(), tmp_path, kind="firms")
    assert (batch.counts["same"], batch.counts["accepted"]) == (3, 3)


def test_a_register_without_entries_still_has_its_headings(filed, tmp_path):
    path = tmp_path / "empty.xlsx"
    assert write_xlsx(register_template(Department.objects.get(code="science"), "platform"), path) == 0
    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python(skip_empty_area=False)
    assert "起始日期" in rows[2]
