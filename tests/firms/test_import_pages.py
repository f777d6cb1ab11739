"""The pages of a file's way in, as a department's officer meets them."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from python_calamine import CalamineWorkbook

from firms.models import FactSheet, Firm, ImportBatch, ImportRow, Job, RegisterEntry, Role
from firms.services import catalogue, import_jobs, imports, jobs
from tests.factories import FirmFactory, OfficerFactory, UserFactory, csv_file, workbook

pytestmark = pytest.mark.django_db


@pytest.fixture
def firm(db) -> Firm:
    catalogue.load_catalogue(by=None)
    return FirmFactory(name="新乡试样一号机械有限公司")


@pytest.fixture
def officer(firm):
    return OfficerFactory(department__code="tax", department__name="税务局")


@pytest.fixture
def page(client, officer):
    client.force_login(officer)
    return client


def upload(client, file, **fields):
    data = {"kind": "metrics", "year": "2022", "file": file} | fields
    return client.post(reverse("firms:import_new"), data)


def sheet_of(firm: Firm, revenue: object = 1200.5, name: str = "税务局-营业收入-2022.xlsx"):
    return workbook(
        [["统一社会信用代码", "企业名称", "营业收入(万元)"], [firm.credit_code, firm.name, revenue]], name=name
    )


def test_upload_preview_confirm_undo(page, firm):
    response = upload(page, sheet_of(firm))
    batch = ImportBatch.objects.get()
    assert response.url == reverse("firms:import_detail", args=[batch.pk])
    shown = page.get(response.url).content.decode()
    assert "待确认" in shown
    assert firm.name in shown
    assert "1,200.5" in shown
    assert not FactSheet.objects.exists()
    page.post(reverse("firms:import_confirm", args=[batch.pk]), {"digest": batch.plan_digest})
    assert FactSheet.objects.get().values["revenue"] == 1200.5
    page.post(reverse("firms:import_undo", args=[batch.pk]), {"reason": "文件取错年度"})
    assert not FactSheet.objects.filter(values__has_key="revenue").exists()
    assert "文件取错年度" in page.get(response.url).content.decode()


def test_a_change_shows_old_and_new(page, firm):
    for number, revenue in enumerate([100, 250]):
        upload(page, sheet_of(firm, revenue, name=f"{number}.xlsx"))
        batch = ImportBatch.objects.first()
        if number == 0:
            page.post(reverse("firms:import_confirm", args=[batch.pk]), {"digest": batch.plan_digest})
    shown = page.get(reverse("firms:import_detail", args=[batch.pk]) + "?verdict=change").content.decode()
    assert "<del>100</del> → <ins>250</ins>" in shown


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (lambda: workbook([]), "没有"),
        (lambda: csv_file("", name="空.csv"), "空"),
        (lambda: csv_file("PK\x03\x04broken", name="坏.xlsx"), ""),
    ],
)
def test_a_bad_file_is_refused_in_words_and_nothing_is_written(page, file, said):
    response = upload(page, file())
    body = (page.get(response.url) if response.status_code == 302 else response).content.decode()
    assert response.status_code in {302, 400}
    assert said in body
    assert "拒收" in body or 'role="alert"' in body or "field-error" in body
    assert not FactSheet.objects.exists()
    assert not ImportRow.objects.exists()


def test_the_same_file_twice_names_the_first_batch(page, firm):
    upload(page, sheet_of(firm))
    first = ImportBatch.objects.get()
    with first.file.open("rb") as stored:
        again = SimpleUploadedFile("另存.xlsx", stored.read())
    response = upload(page, again)
    assert response.status_code == 409
    assert f"第{first.pk}批" in response.content.decode()
    assert f'href="{reverse("firms:import_detail", args=[first.pk])}"' in response.content.decode()
    assert ImportBatch.objects.count() == 1


def test_the_queue_of_unmatched_rows_outlives_the_confirmation(page, firm):
    other = FirmFactory(name="新乡试样二号机械有限公司")
    rows = [["企业名称", "营业收入(万元)"], [firm.name, 10], ["试样二号机械厂", 20]]
    upload(page, workbook(rows))
    batch = ImportBatch.objects.get()
    assert batch.counts["unmatched"] == 1
    page.post(reverse("firms:import_confirm", args=[batch.pk]), {"digest": batch.plan_digest})
    shown = page.get(reverse("firms:import_detail", args=[batch.pk])).content.decode()
    assert other.credit_code in shown  # proposed, because the names resemble
    row = batch.rows.get(verdict="unmatched")
    page.post(reverse("firms:import_match", args=[batch.pk]), {"row": row.pk, "firm": "试样二号"})
    assert FactSheet.objects.get(firm=other).values["revenue"] == 20
    page.post(reverse("firms:import_undo", args=[batch.pk]), {"reason": "测试"})
    assert not FactSheet.objects.filter(values__has_key="revenue").exists()


def test_refused_rows_come_back_with_reasons_and_can_be_sent_again(page, firm, tmp_path):
    rows = [["统一社会信用代码", "企业名称", "营业收入(万元)"], [firm.credit_code, firm.name, "很多"]]
    upload(page, workbook(rows))
    batch = ImportBatch.objects.get()
    response = page.get(reverse("firms:import_refused", args=[batch.pk]))
    content = b"".join(response.streaming_content)
    (tmp_path / "refused.xlsx").write_bytes(content)
    returned = CalamineWorkbook.from_path(tmp_path / "refused.xlsx").get_sheet_by_index(0).to_python()
    assert any("很多" in row for row in returned)
    assert any("营业收入" in str(cell) and "很多" in str(cell) for row in returned for cell in row)
    mended = SimpleUploadedFile("改好.xlsx", content)
    upload(page, mended)
    again = ImportBatch.objects.first()
    assert again.pk != batch.pk
    assert again.counts["refused"] == 1  # the same row, read from our own workbook: still text in a number


def test_another_departments_batch_is_not_there(client, page, firm):
    upload(page, sheet_of(firm))
    batch = ImportBatch.objects.get()
    client.force_login(OfficerFactory(department__code="hr"))
    for name in ("import_detail", "import_file", "import_refused"):
        assert client.get(reverse(f"firms:{name}", args=[batch.pk])).status_code == 404
    for name in ("import_confirm", "import_discard", "import_undo", "import_match"):
        assert client.post(reverse(f"firms:{name}", args=[batch.pk])).status_code in {400, 404}
    batch.refresh_from_db()
    assert batch.state == "planned"


def test_only_the_uploader_confirms(client, page, firm):
    upload(page, sheet_of(firm))
    batch = ImportBatch.objects.get()
    client.force_login(UserFactory(role=Role.OFFICE))
    response = client.post(reverse("firms:import_confirm", args=[batch.pk]), {"digest": batch.plan_digest})
    assert response.status_code == 403
    assert not FactSheet.objects.exists()


def test_a_large_file_goes_through_jobs(page, firm, officer, monkeypatch):
    monkeypatch.setattr(import_jobs, "INLINE_BYTES", 10)
    monkeypatch.setattr(import_jobs, "INLINE_ROWS", 0)
    response = upload(page, sheet_of(firm))
    batch = ImportBatch.objects.get()
    assert batch.state == "uploaded"
    assert "自动刷新" in page.get(response.url).content.decode()
    assert jobs.run(Job.objects.get(kind="import.plan").pk)
    batch.refresh_from_db()
    assert batch.state == "planned"
    page.post(reverse("firms:import_confirm", args=[batch.pk]), {"digest": batch.plan_digest})
    assert not FactSheet.objects.exists()
    assert jobs.run(Job.objects.get(kind="import.apply").pk)
    assert FactSheet.objects.get().values["revenue"] == 1200.5
    job = Job.objects.get(kind="import.apply")
    shown = page.get(reverse("firms:job", args=[job.pk])).content.decode()
    assert "已完成" in shown
    assert reverse("firms:import_detail", args=[batch.pk]) in shown


def test_a_refused_large_file_says_so_on_its_page(page, firm, monkeypatch):
    monkeypatch.setattr(import_jobs, "INLINE_BYTES", 0)
    upload(page, workbook([["甲", "乙"], ["1", "2"]]))
    jobs.run_due()
    batch = ImportBatch.objects.get()
    assert batch.state == "refused"
    assert "已拒收" in page.get(reverse("firms:import_detail", args=[batch.pk])).content.decode()


def test_hostile_text_stays_text(page, firm):
    rows = [["企业名称", "营业收入(万元)"], ["<script>alert(1)</script>公司", 5]]
    response = upload(page, workbook(rows))
    body = page.get(response.url).content.decode()
    assert "<script>alert" not in body
    assert "&lt;script&gt;" in body


def test_lists_take_constant_queries(page, firm, officer):
    def batches(count: int) -> None:
        ImportBatch.objects.bulk_create(
            ImportBatch(kind="metrics", year=2022, department=officer.department, file_name=f"{n}.xlsx", sha256=f"{n:064d}",
                        size=1, uploaded_by=officer, state="planned") for n in range(count)
        )  # fmt: skip

    page.get(reverse("firms:imports"))  # the session is written on the first visit
    batches(2)
    with CaptureQueriesContext(connection) as few:
        page.get(reverse("firms:imports"))
    ImportBatch.objects.all().delete()
    batches(40)
    with CaptureQueriesContext(connection) as many:
        page.get(reverse("firms:imports"))
    assert len(many) == len(few)


def test_a_batch_given_up_while_it_is_read_stays_given_up(page, firm, officer, monkeypatch):
    monkeypatch.setattr(import_jobs, "INLINE_BYTES", 0)
    upload(page, sheet_of(firm))
    batch = ImportBatch.objects.get()
    stage_plan = imports.stage_plan

    def discarded_meanwhile(*args):
        ImportBatch.objects.filter(pk=batch.pk).update(state="discarded")
        return stage_plan(*args)

    monkeypatch.setattr(imports, "stage_plan", discarded_meanwhile)
    jobs.run(Job.objects.get(kind="import.plan").pk)
    batch.refresh_from_db()
    assert batch.state == "discarded"
    assert not batch.plan_digest


def test_departments_that_share_a_register_do_not_correct_each_other(client, firm):
    head = ["统一社会信用代码", "企业名称", "类别", "证书编号", "发证日期", "有效期至"]

    def entry(ends: str):
        return workbook([head, [firm.credit_code, firm.name, "高新技术企业", "GR1", "2022-01-01", ends]])

    def sent_by(code: str, ends: str) -> ImportBatch:
        client.force_login(OfficerFactory(department__code=code))
        upload(client, entry(ends), kind="registers", register_kind="qualification", year="")
        batch = ImportBatch.objects.first()
        client.post(reverse("firms:import_confirm", args=[batch.pk]), {"digest": batch.plan_digest})
        batch.refresh_from_db()
        return batch

    assert sent_by("science", "2024-12-31").state == "applied"
    refused = sent_by("statistics", "2023-01-01")
    assert refused.counts["refused"] == 1
    assert "登记，不能由本部门更改" in refused.rows.get().reasons[-1]["message"]
    assert str(RegisterEntry.objects.get().ends_on) == "2024-12-31"
    assert sent_by("science", "2025-12-31").state == "applied"


def test_undo_keeps_a_firm_somebody_edited_since(client, db):
    catalogue.load_catalogue(by=None)
    client.force_login(UserFactory(role=Role.OFFICE))
    code = FirmFactory.build().credit_code
    rows = [["统一社会信用代码", "企业名称", "注册成立日期"], [code, "新乡试样九号有限公司", "2020-01-01"]]
    upload(client, workbook(rows), kind="firms", year="")
    batch = ImportBatch.objects.get()
    client.post(reverse("firms:import_confirm", args=[batch.pk]), {"digest": batch.plan_digest})
    Firm.objects.filter(credit_code=code).update(name="新乡更名有限公司", version=1)
    client.post(reverse("firms:import_undo", args=[batch.pk]), {"reason": "测试"})
    assert Firm.objects.get(credit_code=code).name == "新乡更名有限公司"
    batch.refresh_from_db()
    assert any("保留" in problem["message"] for problem in batch.problems)


def test_what_is_left_open_is_told_from_the_file(page, firm):
    response = upload(page, sheet_of(firm), kind="", year="")
    batch = ImportBatch.objects.get()
    assert response.status_code == 302
    assert (batch.kind, batch.year) == ("metrics", 2022)


def test_what_cannot_be_told_is_asked_for(page, firm):
    rows = [["统一社会信用代码", "营业收入(万元)"], [firm.credit_code, 5]]
    response = upload(page, workbook(rows, name="数据.xlsx"), kind="", year="")
    assert response.status_code == 400
    assert "看不出是哪个年度" in response.content.decode()
    assert not ImportBatch.objects.exists()


def test_rows_that_contradict_each_other_come_back_whole(page, firm, tmp_path):
    rows = [
        ["统一社会信用代码", "企业名称", "营业收入(万元)"],
        [firm.credit_code, firm.name, 5],
        [firm.credit_code, firm.name, 6],
    ]
    upload(page, workbook(rows))
    batch = ImportBatch.objects.get()
    assert batch.counts["refused"] == 2
    content = b"".join(page.get(reverse("firms:import_refused", args=[batch.pk])).streaming_content)
    (tmp_path / "refused.xlsx").write_bytes(content)
    returned = CalamineWorkbook.from_path(tmp_path / "refused.xlsx").get_sheet_by_index(0).to_python()
    sent = [(row[1], float(row[2])) for row in returned if row[0] == firm.credit_code]
    assert sent == [(firm.name, 5.0), (firm.name, 6.0)]
