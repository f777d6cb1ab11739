"""The review desk: what the queue shows and hides, one form beside its peers, decisions made on the pages."""

import datetime as dt
import html
import io
import re
from urllib.parse import parse_qsl

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from python_calamine import CalamineWorkbook

from firms.models import AuditEntry, DataYear, FirmReport, Membership, Reopening, ReportEvent, Role
from firms.services import reopenings, reviews
from firms.services.catalogue import load_catalogue
from scoring.presenters import review as presenter
from scoring.services import rescore
from tests.factories import MembershipFactory, UserFactory
from tests.scoring import zone

pytestmark = pytest.mark.django_db

QUEUE = reverse("scoring:review")


def value(number, reason=""):
    return {"state": "value", "text": str(number), "reason": reason, "edition": 1}


def form(firm, cells, *, state="submitted", days=1, year=2022):
    user = MembershipFactory(firm=firm, kind=Membership.Kind.MANAGER).user
    at = timezone.now() - dt.timedelta(days=days)
    decided = {"decided_at": at, "decided_by": UserFactory()} if state in ("accepted", "returned") else {}
    return FirmReport.objects.create(
        firm=firm, year=year, state=state, cells=cells, edition=2, submitted_by=user, submitted_at=at,
        first_submitted_at=at, **decided,
    )  # fmt: skip


@pytest.fixture
def firms(db):
    """Thirty judged firms, ten a stage, the year in 填报; 研发费用 is what firms themselves fill in."""
    cache.clear()
    load_catalogue(by=None)
    firms = zone.make_firms(30)
    rescore(zone.make_period(firms=firms), by=None)
    DataYear.objects.update(phase="reporting", firms_due_on=timezone.localdate() + dt.timedelta(days=5))
    yield firms
    cache.clear()


@pytest.fixture
def office(client):
    client.user = UserFactory(role=Role.OFFICE, name="王审核")
    client.force_login(client.user)
    return client


def listed(response):
    return re.findall(r'class="card-title"><a href="[^"]+">([^<]+)</a>', response.text)


def test_before_anything_was_opened_the_desk_says_so(office):
    assert "还没有开放过填报" in office.get(QUEUE).text
    assert office.get(reverse("scoring:review_export")).status_code == 404


def test_the_queue_is_of_one_state_the_longest_waiting_first(office, firms):
    form(firms[0], {"rd_expense": value(50)}, days=1)
    form(firms[1], {"rd_expense": value(50)}, days=9)
    form(firms[2], {"rd_expense": value(50)}, state="accepted")
    response = office.get(QUEUE)
    assert listed(response) == [firms[1].name, firms[0].name]
    assert "已等9天" in response.text
    assert listed(office.get(QUEUE, {"state": "accepted"})) == [firms[2].name]
    assert len(listed(office.get(QUEUE, {"state": "all"}))) == 3
    assert listed(office.get(QUEUE, {"sort": "latest"})) == [firms[0].name, firms[1].name]


def test_only_forms_with_a_figure_far_from_its_peers(office, firms):
    form(firms[0], {"rd_expense": value(60)})
    form(firms[1], {"rd_expense": value("600000"), "headcount": value(42)})
    form(firms[2], {"rd_expense": {"state": "zero", "text": "", "reason": "", "edition": 1}})
    response = office.get(QUEUE, {"outliers": "1"})
    assert listed(response) == [firms[1].name]
    assert "600,000" in response.text
    assert listed(office.get(QUEUE, {"outliers": "1", "topic": "研发"})) == [firms[1].name]
    assert listed(office.get(QUEUE, {"outliers": "1", "topic": "人员"})) == []


def test_looking_for_outliers_goes_on_where_it_stopped(office, firms, monkeypatch):
    monkeypatch.setattr(presenter, "CHUNK", 2)
    monkeypatch.setattr(presenter, "SCANNED", 4)
    for number, firm in enumerate(firms[:7]):
        form(firm, {"rd_expense": value(600000 if number == 6 else 60)}, days=20 - number)
    page = office.get(QUEUE, {"outliers": "1"})
    assert "已查看4份" in page.text
    onward = re.search(r'href="\?([^"]+)">继续查找', page.text)[1].replace("&amp;", "&")
    assert listed(office.get(f"{QUEUE}?{onward}")) == [firms[6].name]


@pytest.mark.parametrize("sort", ["waiting", "latest", "name"])
def test_pages_follow_one_another_without_gap_or_repetition(office, firms, monkeypatch, sort):
    monkeypatch.setattr(presenter, "PAGE", 4)
    same = timezone.now()
    for firm in firms[:10]:
        form(firm, {"rd_expense": value(60)})
    FirmReport.objects.update(submitted_at=same)  # all in one place of the order but for the id
    address, seen = f"{QUEUE}?sort={sort}", []
    for _ in range(3):
        page = office.get(address)
        seen += listed(page)
        onward = re.search(r'href="\?([^"]+)">下一页', page.text)
        address = f"{QUEUE}?{onward[1].replace('&amp;', '&')}" if onward else ""
    assert sorted(seen) == sorted(firm.name for firm in firms[:10])
    assert not address
    assert office.get(QUEUE, {"cursor": "x.y"}).status_code == 400


@pytest.mark.parametrize("asked", ["第3号", "ｘｘｄ３ｈ", "xinxiangdi3", "code", "第 3 号 生物"])
def test_a_firm_is_found_by_any_part_of_name_pinyin_or_code(office, firms, asked):
    for firm in firms[:5]:
        form(firm, {"rd_expense": value(60)})
    wanted = firms[3] if asked != "第 3 号 生物" else firms[2]
    asked = {"code": firms[3].credit_code[9:].lower(), "第 3 号 生物": "第 2 号 生物"}.get(asked, asked)
    assert listed(office.get(QUEUE, {"q": asked})) == [wanted.name]


def test_sent_back_and_handed_in_again_it_shows_how_much_changed(office, firms):
    report = form(firms[0], {"rd_expense": value(60), "headcount": value(40)})
    form(firms[1], {"rd_expense": value(60)})
    reviews.return_(report, edition=2, remarks={"rd_expense": "请核对"}, by=office.user)
    FirmReport.objects.filter(pk=report.pk).update(
        state="submitted", cells={"rd_expense": value(70), "headcount": value(40)}, edition=3
    )
    response = office.get(QUEUE, {"again": "1"})
    assert listed(response) == [firms[0].name]
    assert "1项</td>" in response.text
    page = office.get(reverse("scoring:review_report", args=[report.pk])).text
    assert "原为 60" in page
    assert "请核对" in page


def test_the_export_is_what_the_page_shows(office, firms):
    form(firms[0], {"rd_expense": value(60, reason="新立项目")})
    form(firms[1], {"rd_expense": value("600000")})
    form(firms[2], {"rd_expense": value(60)}, state="accepted")
    response = office.get(reverse("scoring:review_export"), {"outliers": "1"})
    rows = (
        CalamineWorkbook.from_filelike(io.BytesIO(b"".join(response.streaming_content)))
        .get_sheet_by_index(0)
        .to_python()
    )
    assert [row[1] for row in rows if row[0] == firms[1].credit_code] == [firms[1].name]
    assert not [row for row in rows if row[0] in (firms[0].credit_code, firms[2].credit_code)]
    assert "只看有异常值的" in AuditEntry.objects.get(action="report.export").summary


def test_a_form_beside_last_year_departments_and_peers(office, firms):
    zone.facts(firms, 2021, rd_expense=50.0)
    report = form(firms[4], {"rd_expense": value("６００,０００", reason="扩建"), "total_assets": value(12)})
    page = office.get(reverse("scoring:review_report", args=[report.pk])).text
    assert "读作 600,000" in page
    assert "偏离" in page
    assert "企业说明：扩建" in page
    assert "tag-accent" in page
    assert 'name="why-rd_expense"' in page


def test_accepting_and_returning_on_the_page(office, firms):
    first, second = form(firms[0], {"rd_expense": value(60)}), form(firms[1], {"rd_expense": value(60)})
    response = office.post(reverse("scoring:review_accept", args=[first.pk]), {"edition": 2})
    assert response.url == f"{QUEUE}?year=2022"
    sent = {
        "edition": 2,
        "cell": ["rd_expense", "whole"],
        "why-rd_expense": "与统计口径不符",
        "text-rd_expense": "见附件",
        "text-whole": "总体偏高",
    }
    office.post(reverse("scoring:review_return", args=[second.pk]), sent)
    second.refresh_from_db()
    assert second.remarks == {"rd_expense": "与统计口径不符；见附件", "": "总体偏高"}
    assert FirmReport.objects.get(pk=first.pk).state == "accepted"


def test_a_tick_without_a_reason_sends_nothing_back(office, firms):
    report = form(firms[0], {"rd_expense": value(60)})
    url = reverse("scoring:review_return", args=[report.pk])
    assert office.post(url, {"edition": 2, "cell": ["rd_expense"]}).status_code == 400
    assert office.post(url, {"edition": 2}).status_code == 400
    assert FirmReport.objects.get().state == "submitted"


def test_a_stale_page_is_told_what_happened(office, firms):
    report = form(firms[0], {"rd_expense": value(60)})
    reviews.accept(report, edition=2, by=UserFactory(name="李复核"))
    response = office.post(
        reverse("scoring:review_return", args=[report.pk]), {"edition": 2, "cell": ["whole"], "text-whole": "x"}
    )
    assert response.status_code == 409
    assert "李复核" in response.text


def test_many_at_once_each_with_its_outcome(office, firms):
    reports = [form(firm, {"rd_expense": value(60)}) for firm in firms[:3]]
    reviews.return_(reports[1], edition=2, remarks={"": "x"}, by=UserFactory(name="李复核"))
    chosen = [f"{report.pk}:2" for report in reports]
    many = reverse("scoring:review_many")
    response = office.post(
        many, {"chosen": chosen, "verb": "accept", "query": "year=2022&state=submitted"}, follow=True
    )
    assert "已通过2份填报表" in response.text
    assert "李复核" in response.text
    assert response.redirect_chain == [(f"{QUEUE}?year=2022&state=submitted", 302)]
    assert office.post(many, {"chosen": ["1:2:3"], "verb": "accept"}).status_code == 400
    assert office.post(many, {"chosen": ["x"], "verb": "accept"}).status_code == 400
    nothing = office.post(many, {"verb": "accept", "query": "year=2022&sort=firm"}, follow=True)
    assert nothing.redirect_chain == [(f"{QUEUE}?year=2022&sort=firm", 302)]
    assert "没有勾选任何一份" in nothing.text
    assert office.post(many, {"chosen": chosen, "verb": "return", "reason": ""}).status_code == 400


def test_going_through_the_forms_one_by_one_keeps_the_queue_as_it_was_set(office, firms):
    reports = [form(firm, {"rd_expense": value(60)}) for firm in firms[:2]]
    conditions = "year=2022&state=submitted&topic=%E7%A0%94%E5%8F%91"
    queue = office.get(f"{QUEUE}?{conditions}").text
    links = re.findall(r'class="card-title"><a href="([^"]+)">', queue)
    assert len(links) == 2
    page = office.get(html.unescape(links[0])).text
    kept = html.unescape(re.search(r'name="query" value="([^"]*)"', page)[1])
    assert dict(parse_qsl(kept)).items() >= dict(parse_qsl(conditions)).items()
    for report, deed, data in (
        (reports[0], "accept", {}),
        (reports[1], "return", {"cell": ["whole"], "text-whole": "请核对"}),
    ):
        url = reverse(f"scoring:review_{deed}", args=[report.pk])
        gone = office.post(url, {"edition": 2, "query": kept} | data)
        assert (gone.status_code, dict(parse_qsl(gone.url.partition("?")[2]))) == (302, dict(parse_qsl(kept)))


def test_reopening_takes_two_on_the_pages_too(office, firms):
    report = form(firms[0], {"rd_expense": value(60)})
    reviews.accept(report, edition=2, by=office.user)
    url = reverse("scoring:review_report", args=[report.pk])
    office.post(reverse("scoring:review_reopen", args=[report.pk]), {"reason": "漏报"})
    asked = Reopening.objects.get()
    decide = reverse("scoring:review_reopening", args=[asked.pk])
    assert "须由另一位工作人员复核" in office.get(url).text
    assert office.post(decide, {"granted": "1"}).status_code == 403
    other = UserFactory(role=Role.OFFICE)
    office.force_login(other)
    assert "同意重新开放" in office.get(url).text
    office.post(decide, {"granted": "1"})
    assert FirmReport.objects.get().state == "returned"
    assert ReportEvent.objects.filter(kind="reopened", by=other).exists()


def test_the_queue_names_what_waits_for_a_second_officer(office, firms):
    report = form(firms[0], {"rd_expense": value(60)})
    reviews.accept(report, edition=2, by=office.user)
    reopenings.ask(report, reason="漏报一项", by=office.user)
    page = office.get(QUEUE).text
    assert "漏报一项" in page
    assert "须由另一人复核" in page


def test_small_change_is_no_outlier(office, firms):
    """Three where others have one: far on the scale of ratios, and nothing a person should look at."""
    zone.facts(firms, 2021, invention_grants=1)
    form(firms[0], {"invention_grants": value(3)})
    form(firms[1], {"invention_grants": value(300)})
    assert listed(office.get(QUEUE, {"outliers": "1"})) == [firms[1].name]
