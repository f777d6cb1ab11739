"""Tables in and out of the back office: confirmed is what its uploader saw, once; nothing exported can run."""

import io
import time

import pytest
import tablib
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from firms.admin import sealing
from firms.admin.facts import RegisterEntryResource, owned_kinds
from firms.models import AuditEntry, DataYear, Department, Firm, Park, RegisterEntry, Role

pytestmark = pytest.mark.django_db

IMPORT = reverse("admin:firms_park_import")
CONFIRM = reverse("admin:firms_park_process_import")
CODES = ["91410700MA3X1A0007", "91410700MA3X1A001A", "91410700MA3X1A002D"]


def csv_file(*lines, name="园区.csv"):
    return SimpleUploadedFile(name, "\n".join(lines).encode())


def preview(client, file, url=IMPORT):
    return client.post(url, {"import_file": file, "format": "1", "resource": "0"})


def confirmation(response):
    form = response.context["confirm_form"]
    return {name: form.initial[name] for name in ("import_file_name", "original_file_name", "format", "resource")}


def parks(*rows):
    return csv_file("代码,名称,次序", *rows)


@pytest.fixture
def office(as_role):
    return as_role(Role.OFFICE)


def test_upload_preview_confirm_and_the_trace_of_it(office):
    Park.objects.create(code="main", name="主园区", position=1)
    response = preview(office, parks("main,主园区（核心区）,1", "east,东区,2"))
    assert Park.objects.count() == 1
    assert office.post(CONFIRM, confirmation(response)).status_code == 302
    assert dict(Park.objects.values_list("code", "name")) == {"main": "主园区（核心区）", "east": "东区"}
    after = AuditEntry.objects.get(action="park.import").after
    assert after["rows"][0]["before"] == {"name": "主园区"}
    assert after["rows"][1]["after"]["code"] == "east"


def test_an_unchanged_row_is_left_alone(office):
    Park.objects.create(code="main", name="主园区", position=1)
    office.post(CONFIRM, confirmation(preview(office, parks("main,主园区,1"))))
    assert AuditEntry.objects.get(action="park.import").summary.endswith("新增0，修改0，无变化1")


def test_another_person_cannot_confirm_what_i_uploaded(office, people, client, monkeypatch):
    form = confirmation(preview(office, parks("east,东区,2")))
    other = type(people[Role.OFFICE]).objects.create_user("office-2", password="x", role=Role.OFFICE)
    client.force_login(other, "xxgx.roles.RoleBackend")
    response = client.post(CONFIRM, form)
    assert response.status_code == 403
    assert "不是您" in response.text
    assert not Park.objects.exists()
    # The binding taken away, the very same request goes through: it is the binding that refused.
    user, model = people[Role.OFFICE], Park
    bound = sealing.open_once
    monkeypatch.setattr("firms.admin.tables.open_once", lambda token, **_ignored: bound(token, user=user, model=model))
    assert client.post(CONFIRM, form).status_code == 302
    assert Park.objects.exists()


def test_a_preview_opens_for_the_model_it_was_made_for_only(office):
    form = confirmation(preview(office, parks("east,东区,2")))
    assert office.post(reverse("admin:firms_industry_process_import"), form).status_code == 403


def test_a_preview_opens_once(office):
    form = confirmation(preview(office, parks("east,东区,2")))
    assert office.post(CONFIRM, form).status_code == 302
    again = office.post(CONFIRM, form)
    assert again.status_code == 409
    assert "已经确认过" in again.text


def test_a_preview_grows_old(office, monkeypatch):
    form = confirmation(preview(office, parks("east,东区,2")))
    later = time.time() + sealing.LIFETIME + 1
    monkeypatch.setattr(time, "time", lambda: later)
    response = office.post(CONFIRM, form)
    assert response.status_code in {302, 409}
    assert not Park.objects.exists()


@pytest.mark.parametrize("name", ["../../../../etc/passwd", "x", "", "a:b:c", "\0"])
def test_a_file_name_of_ones_own_is_not_opened(office, name):
    form = confirmation(preview(office, parks("east,东区,2"))) | {"import_file_name": name}
    assert office.post(CONFIRM, form).status_code == 400


def test_what_changed_between_preview_and_confirmation_is_shown_again(office):
    Park.objects.create(code="main", name="主园区", position=1)
    form = confirmation(preview(office, parks("main,主园区,5")))
    Park.objects.filter(code="main").update(name="改名", position=9)
    response = office.post(CONFIRM, form)
    assert response.status_code == 409
    assert "已被他人修改" in response.text
    assert Park.objects.get().position == 9


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "空"),
        (b"%PDF-1.4", "PDF"),
        (b"PK\x03\x04cut", "不完整"),
        ("代码,名称,名称\na,b,c".encode(), "列名重复"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_the_reason(office, content, reason):
    response = preview(office, SimpleUploadedFile("x.xlsx", content, "application/octet-stream"))
    assert reason in response.text
    assert "confirm_form" not in response.context


@pytest.mark.parametrize("role", [Role.DEPARTMENT, Role.SYSTEM, Role.SECURITY, Role.AUDIT])
def test_reference_data_are_brought_in_by_the_office_alone(as_role, office, role):
    client = as_role(role)
    assert preview(client, parks("east,东区,2")).status_code == 403
    assert client.post(CONFIRM, confirmation(preview(office, parks("east,东区,2")))).status_code == 403
    assert not Park.objects.exists()
    assert not AuditEntry.objects.filter(action="park.import").exists()


@pytest.mark.parametrize("role", [Role.SYSTEM, Role.SECURITY, Role.AUDIT, Role.LEADER, Role.FIRM, Role.BANK])
def test_who_keeps_no_register_may_write_in_none_even_past_the_page(people, firms, role):
    assert owned_kinds(people[role]) == set()
    rows = tablib.Dataset(
        [CODES[0], "研发或创新平台", "", "省级", "中心", "2022-03-01"],
        headers=["统一社会信用代码", "台账", "类别", "级别", "名称", "起始日期"],
    )
    for by in (people[role], None):
        with pytest.raises(PermissionDenied):
            RegisterEntryResource(by=by).import_data(rows, raise_errors=True)
    # The very same rows by somebody who keeps the register: it is the person that was refused.
    RegisterEntryResource(by=people[Role.OFFICE]).import_data(rows, raise_errors=True)
    assert RegisterEntry.objects.get().title == "中心"


def test_a_department_exports_its_own_entries_only(as_role, people, firms):
    other = Department.objects.create(code="statistics", name="统计局", short_name="统计")
    for title, department in (("本局中心", people[Role.DEPARTMENT].department), ("他局中心", other)):
        RegisterEntry.objects.create(
            firm=firms[0], kind="platform", level="provincial", title=title, starts_on="2022-03-01",
            department=department,
        )  # fmt: skip
    url = reverse("admin:firms_registerentry_export")
    text = as_role(Role.DEPARTMENT).post(url, {"format": "1", "resource": "0"}).content.decode("utf-8-sig")
    assert "本局中心" in text
    assert "他局中心" not in text


def entries(*lines):
    return csv_file("统一社会信用代码,台账,类别,级别,名称,起始日期,终止日期", *lines, name="台账.csv")


REGISTER_IMPORT = reverse("admin:firms_registerentry_import")
REGISTER_CONFIRM = reverse("admin:firms_registerentry_process_import")


@pytest.fixture
def firms(db):
    return [Firm.objects.create(credit_code=code, name=f"新乡测试{code[-1]}有限公司") for code in CODES]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"{CODES[0]},平台,,省级,中心,2022-03-01,", "不在可选范围"),
        ("91410700MA3X1A0000,研发或创新平台,,省级,中心,2022-03-01,", "没有代码为"),
        (f"{CODES[0]},研发或创新平台,,,中心,2022-03-01,", "必须填写级别"),
        (f"{CODES[0]},资质,高新技术企业,,高企,2022-03-01,", "必须填写终止日期"),
        (f"{CODES[0]},资质,经营异常名录,,高企,2022-03-01,", "类别应为"),
        (f"{CODES[0]},研发或创新平台,,省级,中心,2022-03-01,2021-01-01", "不能早于"),
        (f"{CODES[0]},研发或创新平台,,省级,中心,2020-03-01,", "2020年度已锁定"),
        (f"{CODES[0]},经营异常与失信名单,经营异常名录,,异常,2022-03-01,", "不由您所在的部门"),
        (f"{CODES[0]},研发或创新平台,,省级,中心,三月,", "日期"),
    ],
)
def test_a_register_row_that_may_not_be_is_named_with_its_reason(as_role, firms, line, reason):
    DataYear.objects.create(year=2020, locked_at="2021-05-01T00:00:00+08:00")
    response = preview(as_role(Role.DEPARTMENT), entries(line), REGISTER_IMPORT)
    assert reason in response.text
    assert "confirm_form" not in response.context


def test_a_department_imports_in_its_own_name_and_touches_nobody_elses_row(as_role, firms, people):
    other = Department.objects.create(code="statistics", name="统计局", short_name="统计")
    theirs = RegisterEntry.objects.create(
        firm=firms[0], kind="platform", level="provincial", title="中心", starts_on="2022-03-01", department=other
    )
    client = as_role(Role.DEPARTMENT)
    line = f"{CODES[1]},研发或创新平台,,省级,中心,2022-03-01,"
    client.post(REGISTER_CONFIRM, confirmation(preview(client, entries(line), REGISTER_IMPORT)))
    assert RegisterEntry.objects.get(firm=firms[1]).department == people[Role.DEPARTMENT].department
    line = f"{CODES[0]},研发或创新平台,,省级,中心,2022-03-01,2025-01-01"
    response = preview(client, entries(line), REGISTER_IMPORT)
    assert (
        "confirm_form" not in response.context
        or client.post(REGISTER_CONFIRM, confirmation(response)).status_code == 409
    )
    theirs.refresh_from_db()
    assert (theirs.ends_on, theirs.department) == (None, other)


def test_an_import_asks_no_question_a_row(as_role, firms):
    client = as_role(Role.OFFICE)

    def queries(number):
        lines = [f"{CODES[0]},研发或创新平台,,省级,第{number}批{n},2022-03-01," for n in range(number)]
        response = preview(client, entries(*lines), REGISTER_IMPORT)
        with CaptureQueriesContext(connection) as asked:
            assert client.post(REGISTER_CONFIRM, confirmation(response)).status_code == 302
        return len(asked)

    # SQLite takes 200 rows in a few statements; never a statement a row.
    assert queries(200) - queries(5) < 10


HOSTILE = '=HYPERLINK("x","点")'


@pytest.mark.parametrize("file_format", ["0", "1"])
def test_what_is_exported_cannot_run_and_comes_back_as_it_was(office, file_format):
    names = [HOSTILE, "==1+1", "+1", "-1", "@x", "普通"]
    for number, name in enumerate(names):
        Park.objects.create(code=f"p{number}", name=name, position=number)
    response = office.post(reverse("admin:firms_park_export"), {"format": file_format, "resource": "0"})
    content = response.content
    if file_format == "0":
        cells = [cell for row in load_workbook(io.BytesIO(content)).active.iter_rows() for cell in row]
        assert not [cell for cell in cells if cell.data_type == "f"]
        read = list(CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python())
        assert [row[1] for row in read[-6:]] == names
    else:
        assert not any(
            cell.startswith(tuple("=+-@"))
            for line in content.decode("utf-8-sig").splitlines()
            for cell in line.replace('"', "").split(",")
        )
    assert AuditEntry.objects.filter(action="park.export").count() == 1
    back = preview(office, SimpleUploadedFile("back", content))
    office.post(CONFIRM, confirmation(back))
    assert AuditEntry.objects.get(action="park.import").summary.endswith("新增0，修改0，无变化6")
