"""What a department says of its headings is remembered for it alone, and used without asking again."""

import pytest
from django.urls import reverse
from django.utils import timezone

from firms.importing import fields, header
from firms.models import AuditEntry, ColumnMapping, Department, FactSheet
from firms.services import catalogue, import_guess, import_headings, import_jobs, imports
from firms.services.catalogue import load_catalogue
from firms.services.refusal import Refusal
from tests.factories import FirmFactory, OfficerFactory, UserFactory, workbook

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _catalogue():
    load_catalogue(by=None)


@pytest.fixture
def officer():
    return OfficerFactory(department=Department.objects.get(code="tax"))


@pytest.fixture
def firm():
    return FirmFactory()


def sent(firm, by, headings, *values, **kwargs):
    rows = [["统一社会信用代码", *headings], [firm.credit_code, *values]]
    batch = imports.upload(workbook(rows), kind="metrics", department=by.department, year=2022, by=by, **kwargs)
    import_jobs.stage(batch, by=by)
    batch.refresh_from_db()
    return batch


def assign(batch, by, **said):
    changed = import_headings.assign(batch, {header.heading(name): code for name, code in said.items()}, by=by)
    if changed:
        import_jobs.stage(batch, by=by, again=True)
    batch.refresh_from_db()
    return changed


def code_of(call, *args, **kwargs):
    with pytest.raises(Refusal) as refused:
        call(*args, **kwargs)
    return refused.value.code


def test_a_file_nobody_could_read_is_read_once_somebody_says_what_its_column_is(firm, officer):
    batch = sent(firm, officer, ["当期销售实绩（元）"], 120_000)
    assert (batch.state, batch.problems[0]["code"]) == ("refused", "no_header")
    [sheet] = batch.mapping.values()
    assert [column["header"] for column in sheet["others"]] == ["当期销售实绩（元）"]
    assert assign(batch, officer, **{"当期销售实绩（元）": "revenue"})
    assert batch.state == "planned"
    imports.confirm(batch, digest=batch.plan_digest, by=officer)
    assert FactSheet.objects.get().values == {"revenue": 12}  # 元 in the heading still counts
    # The next file with that heading, in another unit and with another year before it, needs no asking and says so.
    again = sent(firm, officer, ["2022年 当期销售实绩(万元)"], 15)
    assert again.state == "planned"
    [said] = [problem for problem in again.problems if problem["code"] == "said_columns"]
    assert str(timezone.localdate()) in said["message"]
    assert "营业收入" in said["message"]


def test_another_department_s_word_is_not_ours(firm, officer):
    batch = sent(firm, officer, ["营业收入", "当期实绩"], 1, 2)
    assign(batch, officer, 当期实绩="net_profit")
    hr = OfficerFactory(department=Department.objects.get(code="hr"))
    other = sent(firm, hr, ["职工人数", "当期实绩"], 1, 2)
    assert [column["field"] for column in other.mapping["Sheet1"]["columns"]] == ["credit_code", "headcount"]
    assert not ColumnMapping.objects.visible_to(hr).exists()


def test_a_column_may_be_left_out_and_taken_back(firm, officer):
    batch = sent(firm, officer, ["营业收入（万元）", "净利润（万元）"], 9, 2)
    digest = batch.plan_digest
    assert assign(batch, officer, 净利润="-")
    assert batch.plan_digest != digest
    assert batch.rows.get().values == {"revenue": 9}
    assert not assign(batch, officer, 净利润="-")  # said already
    assert assign(batch, officer, 净利润="auto")
    assert (batch.rows.get().values, batch.plan_digest) == ({"revenue": 9, "net_profit": 2}, digest)
    assert not ColumnMapping.objects.exists()
    assert AuditEntry.objects.filter(action="mapping.set").count() == 2


def test_a_foreign_column_can_be_left_out_but_not_taken(firm, officer):
    batch = sent(firm, officer, ["营业收入", "职工人数"], 9, 2)
    assert (batch.state, batch.problems[0]["code"]) == ("refused", "foreign_column")
    assert code_of(assign, batch, officer, 营业收入="headcount") == "foreign_column"
    assert assign(batch, officer, 职工人数="-")
    assert (batch.state, batch.rows.get().values) == ("planned", {"revenue": 9})


def test_two_columns_for_one_thing_are_settled_by_leaving_one_out(firm, officer):
    batch = sent(firm, officer, ["营业收入", "营业总收入"], 9, 8)
    assert batch.problems[0]["code"] == "duplicate_column"
    assert assign(batch, officer, 营业总收入="-")
    assert batch.rows.get().values == {"revenue": 9}
    assert code_of(assign, batch, officer, 营业总收入="revenue") == "duplicate_column"


def test_who_may_say_and_when(firm, officer):
    batch = sent(firm, officer, ["营业收入"], 9)
    hr = OfficerFactory(department=Department.objects.get(code="hr"))
    assert code_of(assign, batch, hr, 营业收入="-") == "not_your_batch"
    assert code_of(assign, batch, officer, 没有这列="revenue") == "unknown_heading"
    imports.confirm(batch, digest=batch.plan_digest, by=officer)
    assert code_of(assign, batch, officer, 营业收入="-") == "wrong_state"


def test_the_office_s_own_word_has_no_department(firm):
    office = UserFactory()
    batch = sent(firm, office, ["营业收入", "实绩"], 1, 2)
    assign(batch, office, 实绩="net_profit")
    assert ColumnMapping.objects.get().department is None
    assert [c["field"] for c in sent(firm, office, ["实绩", "营业收入"], 1, 2).mapping["Sheet1"]["columns"]] == [
        "credit_code", "net_profit", "revenue"
    ]  # fmt: skip


def test_what_was_said_also_tells_what_kind_of_file_it_is(firm, officer):
    batch = sent(firm, officer, ["营业收入", "实绩"], 1, 2)
    assign(batch, officer, 实绩="net_profit")
    file = workbook([["统一社会信用代码", "2022年实绩"], [firm.credit_code, 3]], name="2022年.xlsx")
    found = import_guess.completed(file, kind="", department=officer.department, year=None, register_kind="")
    assert (found["kind"], found["year"]) == ("metrics", 2022)


def test_headings_compare_without_width_spaces_numbering_year_and_unit():
    assert len({header.heading(label) for label in ("1.产 值（万元）", "产值", "＊产值(元)", "2022年产值")}) == 1
    table = fields.metrics_table(catalogue.in_force())
    assert header.meaning("实绩", table) is None


def test_the_pages(client, firm, officer):
    client.force_login(officer)
    batch = sent(firm, officer, ["营业收入（万元）", "当期实绩"], 1, 2)
    url = reverse("firms:import_detail", args=[batch.pk])
    assert '<option value="headcount"' not in client.get(url).text  # not its own
    client.post(
        reverse("firms:import_columns", args=[batch.pk]),
        {"heading": ["营业收入", "当期实绩"], "column": ["auto", "net_profit"]},
    )
    text = client.get(url).text
    assert '<option value="net_profit" selected>' in text
    assert "的指定" in text
    listed = client.get(reverse("firms:import_mappings")).text
    assert "当期实绩" in listed
    assert "净利润" in listed
    mapping = ColumnMapping.objects.get()
    stranger = OfficerFactory(department=Department.objects.get(code="hr"))
    client.force_login(stranger)
    assert client.post(reverse("firms:import_mapping_forget", args=[mapping.pk])).status_code == 404
    client.force_login(officer)
    client.post(reverse("firms:import_mapping_forget", args=[mapping.pk]))
    assert not ColumnMapping.objects.exists()
