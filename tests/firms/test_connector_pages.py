"""The pages of 公开数据源, as the office defines a source, tries it, switches it on, and reads its record."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from firms.models import AuditEntry, Connector, DataYear, Fetch, ImportBatch, Job, Role
from firms.services import catalogue, jobs
from tests import publics
from tests.factories import DataYearFactory, DepartmentFactory, FirmFactory, OfficerFactory, UserFactory
from tests.firms.connecting.site import Site, as_json, status

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(settings):
    with Site() as one:
        settings.CONNECTOR_HOSTS = [f"127.0.0.1:{one.port}"]
        settings.CONNECTOR_NETWORKS = ["127.0.0.1/32"]
        settings.CONNECTOR_HTTP = True
        yield one


@pytest.fixture
def office(client, db):
    catalogue.load_catalogue(by=None)
    DataYearFactory(year=2022, phase=DataYear.Phase.REPORTING)
    client.force_login(UserFactory(role=Role.OFFICE), "xxgx.roles.RoleBackend")
    return client


def form(site, **changes):
    lines = [("code", "", "credit_code", ""), ("v", "", "revenue", "元"), ("", "", "", "")]
    picks = {"picks-TOTAL_FORMS": len(lines), "picks-INITIAL_FORMS": 0}
    for at, line in enumerate(lines):
        picks |= {
            f"picks-{at}-{name}": value for name, value in zip(("field", "value", "column", "unit"), line, strict=True)
        }
    return picks | {
        "name": "税务公开数据", "code": "tax-public", "department": DepartmentFactory(code="tax").pk, "batch_kind": "metrics",
        "kind": "json", "url": site.url("/list"), "path": "rows", "every_hours": 24, "auto_confirm_limit": 20,
    } | changes  # fmt: skip


def made(office, site, **changes):
    response = office.post(reverse("firms:connector_new"), form(site, **changes))
    assert response.status_code == 302, response.content.decode()
    return Connector.objects.get()


def test_from_the_first_line_to_a_batch_to_confirm(office, site):
    firm = FirmFactory()
    site.answers["/list"] = as_json({"rows": [{"code": firm.credit_code, "v": 12_345_600}]})
    source = made(office, site)
    assert source.mapping == {
        "picks": [
            {"column": "credit_code", "field": "code", "unit": "", "value": ""},
            {"column": "revenue", "field": "v", "unit": "元", "value": ""},
        ],
        "path": "rows",
    }
    page = reverse("firms:connector", args=[source.pk])
    assert "还没有采集过" in office.get(page).text

    asked = office.post(reverse("firms:connector_trial", args=[source.pk]), {"year": "2022"})
    job = Job.objects.get()
    assert asked.url == reverse("firms:job", args=[job.pk])
    jobs.run(job.pk)
    result = reverse("firms:connector_trial_result", args=[source.pk, job.pk])
    assert result in office.get(asked.url).text
    shown = office.get(result).text
    for words in ("测试采集的结果", firm.name, "营业收入（元）", "12345600", "新增"):
        assert words in shown, words

    assert (
        office.post(reverse("firms:connector_switch", args=[source.pk]), {"enabled": "1", "version": "0"}).url == page
    )
    office.post(reverse("firms:connector_run", args=[source.pk]), {"year": "2022"})
    jobs.run(Job.objects.first().pk)
    shown = office.get(page).text
    assert "已生成导入批次" in shown
    assert "正常" in office.get(reverse("firms:connectors")).text
    batch = ImportBatch.objects.get()
    preview = office.get(reverse("firms:import_detail", args=[batch.pk])).text
    assert "1,234.56" in preview
    assert "确认写入" in preview
    original = office.get(reverse("firms:fetch_original", args=[Fetch.objects.get().pk]))
    assert b"12345600" in original.getvalue()
    assert original["Content-Type"] == "application/octet-stream"
    assert AuditEntry.objects.filter(action="fetch.download").exists()


def test_failures_are_shown_with_what_to_do(office, site):
    source = made(office, site)
    site.answers["/list"] = status(503)
    for number in (1, 2):
        office.post(reverse("firms:connector_run", args=[source.pk]))
        jobs.run(Job.objects.first().pk)
        shown = office.get(reverse("firms:connector", args=[source.pk])).text
        assert f"连续失败{number}次" in shown
        assert "对方网站回答 503" in shown
    assert "连续失败2次" in office.get(reverse("firms:connectors")).text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": "https://elsewhere.example.cn/x"}, "不在允许名单内"),
        ({"url": "ftp://x/"}, "只能采集 https"),
        ({"picks-1-column": "headcount"}, "不归该部门"),
        ({"picks-1-column": ""}, "请选择“v”对应什么"),
        ({"picks-1-column": "nonsense"}, "有内容没有填好"),
        ({"picks-1-unit": "人"}, "不能从“人”换算"),
        ({"picks-TOTAL_FORMS": "rubbish"}, "有内容没有填好"),
        ({"every_hours": "0"}, "有内容没有填好"),
        ({"department": "999999"}, "有内容没有填好"),
        ({"name": ""}, "有内容没有填好"),
        ({"name": "甲\0乙"}, "有内容没有填好"),
        ({"batch_kind": "firms"}, "有内容没有填好"),
    ],
)
def test_a_form_that_cannot_be_kept_comes_back_with_its_reasons(office, site, changes, said):
    response = office.post(reverse("firms:connector_new"), form(site, **changes))
    assert response.status_code == 400
    assert said in response.text
    assert not Connector.objects.exists()


def test_whoever_was_overtaken_sees_both_texts_and_decides(office, site):
    source = made(office, site)
    url = reverse("firms:connector_edit", args=[source.pk])
    assert 'value="税务公开数据"' in office.get(url).text
    office.post(url, form(site, name="甲改的", version="0"))
    response = office.post(url, form(site, name="乙改的", version="0"))
    assert response.status_code == 409
    assert "甲改的" in response.text
    assert "乙改的" in response.text
    assert 'name="version" value="1"' in response.text
    assert office.post(url, form(site, name="乙改的", version="1")).status_code == 302
    assert Connector.objects.get().name == "乙改的"
    assert (
        office.post(reverse("firms:connector_switch", args=[source.pk]), {"enabled": "1", "version": "0"}).status_code
        == 409
    )


def test_a_department_reads_its_own_and_changes_none(client, office, site):
    own, other = (
        publics.connector(DepartmentFactory(code="tax"), "own"),
        publics.connector(DepartmentFactory(code="hr"), "other"),
    )
    client.force_login(OfficerFactory(department=own.department), "xxgx.roles.RoleBackend")
    listed = client.get(reverse("firms:connectors")).text
    assert own.name in listed
    assert other.name not in listed
    shown = client.get(reverse("firms:connector", args=[own.pk])).text
    assert "立即采集" not in shown
    assert client.get(reverse("firms:connector", args=[other.pk])).status_code == 404
    assert client.get(reverse("firms:fetch_original", args=[publics.staged(other).pk])).status_code == 404


def test_one_sources_page_asks_as_much_for_many_fetches_as_for_few(office):
    source = publics.connector(DepartmentFactory(code="tax"))
    url = reverse("firms:connector", args=[source.pk])
    asked = []
    for _ in range(2):
        for _ in range(8):
            publics.staged(source)
        office.get(url)
        with CaptureQueriesContext(connection) as queries:
            office.get(url)
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_a_trial_of_another_source_is_not_shown_here(office, site):
    one, two = (
        publics.connector(DepartmentFactory(code="tax"), "a"),
        publics.connector(DepartmentFactory(code="tax"), "b"),
    )
    job = Job.objects.create(kind="connector.trial", key="x", args={"connector": two.pk}, due_at="2022-01-01T00:00:00Z")
    assert office.get(reverse("firms:connector_trial_result", args=[one.pk, job.pk])).status_code == 404
    assert office.get(reverse("firms:connector_trial_result", args=[two.pk, job.pk])).status_code == 200
