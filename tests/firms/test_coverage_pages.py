"""The pages of completeness: each department its own, the office all; the list under a figure is as long as the figure says."""

import datetime as dt
import io

import pytest
from django.urls import reverse
from django.utils import timezone
from python_calamine import CalamineWorkbook

from firms.models import AuditEntry, DataYear, Department, ImportBatch, Metric, Role
from firms.presenters import coverage as present
from firms.services import coverage, filings, imports
from firms.services.catalogue import load_catalogue
from tests.factories import FilingFactory, FirmFactory, OfficerFactory, UserFactory, workbook

pytestmark = pytest.mark.django_db


@pytest.fixture
def firms():
    load_catalogue(by=None)
    made = [FirmFactory() for _ in range(60)]
    for number, firm in enumerate(made):
        FilingFactory(firm=firm, values={"revenue": 1.0} if number < 3 else {"headcount": 1.0})
    filings.refold(2022)
    due = timezone.localdate() + dt.timedelta(days=3)
    DataYear.objects.create(year=2022, phase=DataYear.Phase.REPORTING, departments_due_on=due)
    coverage.count(2022)
    return made


@pytest.fixture
def officer(firms):
    return OfficerFactory(department=Department.objects.get(code="tax"))


def test_a_department_sees_its_own_figures_only(client, officer):
    client.force_login(officer)
    text = client.get(reverse("firms:coverage")).text
    assert "营业收入" in text
    assert "年末职工总数" not in text
    assert client.get(reverse("firms:coverage_metric", args=[2022, "headcount"])).status_code == 404
    assert client.get(reverse("firms:coverage_export", args=[2022, "headcount"])).status_code == 404
    firms = client.get(reverse("firms:coverage_firms")).text
    assert "年末职工总数" not in firms
    client.force_login(UserFactory(role=Role.OFFICE))
    assert "年末职工总数" in client.get(reverse("firms:coverage")).text


def test_before_the_first_year_no_page_says_that_a_department_has_no_figures(client):
    load_catalogue(by=None)
    client.force_login(OfficerFactory(department=Department.objects.get(code="tax")))
    text = client.get(reverse("firms:department")).text
    assert "还没有数据年度" in text
    assert "没有归本部门的数据项" not in text
    assert "完整率0%" not in text
    client.force_login(UserFactory(role=Role.OFFICE))
    assert "还没有数据年度" in client.get(reverse("firms:reminders")).text


def test_the_list_of_missing_firms_is_what_the_figure_says_page_after_page(client, firms, officer):
    client.force_login(officer)
    url = reverse("firms:coverage_metric", args=[2022, "revenue"])
    page = client.get(url).context["page"]
    assert page.line.missing == 57
    seen = [firm.credit_code for firm in page.firms]
    while page.next:
        page = client.get(f"{url}?after={page.next}").context["page"]
        seen += [firm.credit_code for firm in page.firms]
    assert seen == sorted(firm.credit_code for firm in firms[3:])
    found = client.get(f"{url}?q={firms[10].credit_code}").context["page"]
    assert [firm.pk for firm in found.firms] == [firms[10].pk]
    assert not client.get(f"{url}?q={firms[0].credit_code}").context["page"].firms


def test_the_file_of_missing_firms_can_be_filled_in_and_sent_back(client, firms, officer):
    client.force_login(officer)
    response = client.get(reverse("firms:coverage_export", args=[2022, "revenue"]))
    content = b"".join(response.streaming_content)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    head = next(at for at, row in enumerate(rows) if row[0] == "统一社会信用代码")
    body = [[*row[:2], 5] for row in rows[head + 1 :]]
    assert len(body) == 57
    batch = imports.upload(
        workbook([rows[head], *body]), kind="metrics", department=officer.department, year=2022, by=officer
    )
    imports.plan(batch)
    assert batch.counts["accepted"] == 57
    assert batch.counts["warnings"] == 0
    assert AuditEntry.objects.filter(action="coverage.export").count() == 1


def test_a_firm_s_line_names_what_is_missing_and_late(firms, officer):
    due = timezone.localdate() - dt.timedelta(days=1)
    DataYear.objects.filter(year=2022).update(departments_due_on=due)
    page = present.firms_page(officer, "2022", q=firms[0].credit_code)
    [line] = page.lines
    assert (line.provided, line.late) == (1, 1)
    assert "营业收入" not in line.missing
    assert len(line.missing) == Metric.objects.filter(owner=officer.department).count() - 1


def test_the_department_s_home_counts_what_waits(client, firms, officer):
    client.force_login(officer)
    assert client.get(reverse("home")).url == reverse("firms:department")
    batch = imports.upload(
        workbook([["统一社会信用代码", "营业收入（万元）"], [firms[5].credit_code, 1]]),
        kind="metrics", department=officer.department, year=2022, by=officer,
    )  # fmt: skip
    imports.plan(batch)
    ImportBatch.objects.create(kind="metrics", state="planned", file_name="别家.xlsx", sha256="0", size=1)
    response = client.get(reverse("firms:department"))
    assert "还有3天" in response.text
    assert "别家.xlsx" not in response.text
    assert response.context["home"].tasks[0].count == 1


def test_odd_addresses_are_no_error(client, officer):
    client.force_login(officer)
    for query in ("?year=abc", "?year=99999999999", "?year=²", "?after=' OR 1", "?q=%00x", "?q=" + "长" * 500):
        for name in ("firms:coverage", "firms:coverage_firms"):
            assert client.get(reverse(name) + query).status_code in {200, 400}


def test_there_may_be_no_year_yet(client):
    client.force_login(UserFactory(role=Role.OFFICE))
    assert client.get(reverse("firms:coverage")).status_code == 200
    assert client.get(reverse("firms:coverage_firms")).status_code == 200
