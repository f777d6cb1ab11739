"""The firm's pages, with and without scripts."""

import json
import re

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from firms.models import DataYear, Evidence, FirmReport, Message, ReportEvent, Role
from firms.services import evidence, reports
from tests.factories import FirmFactory, MembershipFactory, UserFactory
from tests.reporting import PDF, YEAR, filled, make, mended, ready, state, typed, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def firm_and_user():
    return make()


@pytest.fixture
def firm(firm_and_user):
    return firm_and_user[0]


@pytest.fixture
def user(firm_and_user):
    return firm_and_user[1]


def signed_in(user, **kwargs):
    client = Client(**kwargs)
    client.force_login(user, "xxgx.roles.RoleBackend")
    return client


@pytest.fixture
def client(user):
    return signed_in(user)


def at(firm, name="report", year=YEAR):
    return reverse(f"firms:{name}", args=[firm.credit_code, year])


def save(client, firm, cells):
    body = {code: {"state": "value", "text": "", "reason": "", "edition": 0} | cell for code, cell in cells.items()}
    return client.post(
        at(firm, "report_save"),
        json.dumps({"cells": body}),
        content_type="application/json",
        headers={"Accept": "application/json"},
    )


def posted(firm, deed="save", edition=0, **cells):
    """A plain form as a browser without scripts sends it: {code: (choice, text)}."""
    data = {"deed": deed, "edition": edition}
    for code, (choice, text) in cells.items():
        data |= {f"edition-{code}": 0, f"state-{code}": choice, f"text-{code}": text, f"reason-{code}": ""}
    return data


ALL = {
    "standards": ("zero", ""), "invested_firms": ("", "2"), "venture_capital": ("none", ""), "foreign_returnees": ("value", "4"),
}  # fmt: skip


def test_the_workbench_says_what_is_due_and_what_came_back(client, firm, user):
    text = client.get(reverse("firms:workbench")).text
    assert "还有10天" in text
    assert "还有4项没有填" in text
    report = ready(firm, user)
    FirmReport.objects.update(
        state="returned",
        remarks={"invested_firms": "请与登记核对", "": "总体不清楚"},
        submitted_by=user,
        submitted_at=timezone.now(),
    )
    Message.objects.create(user=user, key="x", title="填报表已退回", link=at(firm))
    text = client.get(reverse("firms:workbench")).text
    for said in ("已退回", "请与登记核对", "总体不清楚", "填报表已退回", "1条未读", f"{at(firm)}#m-invested_firms"):
        assert said in text
    FirmReport.objects.filter(pk=report.pk).update(state="accepted", decided_at=timezone.now())
    assert "已审核通过" in client.get(reverse("firms:workbench")).text


def test_an_account_without_a_firm_and_a_time_without_a_form(client, firm):
    lonely = signed_in(UserFactory(role=Role.FIRM))
    assert "还没有关联企业" in lonely.get(reverse("firms:workbench")).text
    idle = signed_in(MembershipFactory(firm=FirmFactory()).user)
    DataYear.objects.update(phase="trial")
    assert "现在没有需要填报的年度" in idle.get(reverse("firms:workbench")).text


def test_the_form_shows_sources_last_year_and_the_way_to_object(client, firm):
    text = client.get(at(firm)).text
    assert "税务局提供" in text
    assert re.search(r'id="m-revenue".*?8,000', text, re.S)
    assert re.search(r'id="m-venture_capital".*?上年.*?500', text, re.S)
    assert 'name="text-revenue"' not in text
    assert 'name="text-invested_firms"' in text
    assert "由企业填报4项，部门已提供20项" in text
    assert "还没有填" not in text  # an untouched cell is not scolded


def test_a_negative_figure_has_the_minus_of_the_other_pages(client, firm):
    state(firm, {"revenue": -1234.5})
    state(firm, {"venture_capital": -7.0}, year=2021)
    text = client.get(at(firm)).text
    assert re.search(r'id="m-revenue".*?−1,234\.5', text, re.S)
    assert re.search(r'id="m-venture_capital".*?上年</span>−7<', text, re.S)
    assert "-1,234.5" not in text


def test_a_metric_is_never_entered_twice_however_it_is_sent(client, firm):
    client.post(at(firm), posted(firm, revenue=("value", "1")))
    assert FirmReport.objects.get().cells == {}


def test_typing_is_saved_and_answered(client, firm):
    answer = save(client, firm, {"invested_firms": {"text": "2"}, "standards": {"text": "两个"}}).json()
    assert answer["editions"] == {"invested_firms": 1, "standards": 1}
    assert answer["progress"]["answered"] == 2
    assert answer["progress"]["errors"] == 1
    assert [finding["code"] for finding in answer["findings"]["standards"]] == ["not_a_number"]
    assert answer["findings"]["venture_capital"] == []
    answer = save(client, firm, {"invested_firms": {"text": "3"}}).json()
    assert answer["refused"]["invested_firms"]["theirs"]["text"] == "2"
    assert answer["refused"]["invested_firms"]["told"] == "2"


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"cells": []}', '{"cells": {"a": 1}}', '{"cells": {"a": {"state": null}}}', "{" * 3000, '{"cells": NaN}', "\xff"]
)  # fmt: skip
def test_a_malformed_save_is_refused_as_such(client, firm, body):
    answer = client.post(at(firm, "report_save"), body.encode("latin-1"), content_type="application/json")
    assert answer.status_code == 400


def test_a_script_whose_session_is_over_is_told_so_and_goes_on_after_signing_in(client, firm, user):
    client.logout()
    answer = save(client, firm, {"invested_firms": {"text": "2"}})
    assert (answer.status_code, answer.json()["code"]) == (401, "signed_out")
    client.force_login(user, "xxgx.roles.RoleBackend")
    assert client.get(reverse("firms:session_ping")).json()["user"] == user.pk
    assert save(client, firm, {"invested_firms": {"text": "2"}}).json()["editions"] == {"invested_firms": 1}


def test_the_token_that_signing_in_replaced_is_replaced_on_the_page_too(firm, user):
    strict = signed_in(user, enforce_csrf_checks=True)
    old = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', strict.get(at(firm)).text)[1]
    strict.cookies.pop(settings.CSRF_COOKIE_NAME)  # signing in again gives another
    strict.get(reverse("firms:workbench"))
    body = json.dumps({"cells": {"invested_firms": {"state": "value", "text": "2", "reason": "", "edition": 0}}})

    def send(token):
        return strict.post(
            at(firm, "report_save"), body, content_type="application/json",
            headers={"Accept": "application/json", "X-CSRFToken": token},
        )  # fmt: skip

    refused = send(old)
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
    assert send(strict.get(reverse("firms:session_ping")).json()["csrf"]).status_code == 200


def test_a_person_whose_session_is_over_is_sent_to_sign_in_and_back_to_the_form(client, firm):
    client.logout()
    answer = client.post(at(firm), posted(firm))
    assert answer.url.startswith(reverse("firms:login"))
    assert client.get(at(firm)).url == f"{reverse('firms:login')}?next={at(firm)}"


def test_without_scripts_the_form_is_saved_and_submitted_by_its_buttons(client, firm):
    answer = client.post(at(firm), posted(firm, **ALL), follow=True)
    assert "已保存" in answer.text
    report = FirmReport.objects.get()
    assert report.cells["invested_firms"] == {"state": "value", "text": "2", "reason": "", "edition": 1}
    data = posted(firm, "submit", report.edition, **ALL) | {f"edition-{code}": 1 for code in ALL}
    answer = client.post(at(firm), data, follow=True)
    assert "等待积分办审核" in answer.text
    assert FirmReport.objects.get().state == "submitted"
    answer = client.post(at(firm), data, follow=True)  # the second click
    assert ReportEvent.objects.count() == 1
    assert "等待积分办审核" in answer.text
    assert "撤回提交" in client.get(at(firm)).text
    client.post(at(firm, "report_withdraw"))
    assert FirmReport.objects.get().state == "draft"


def test_submitting_too_early_shows_every_way_and_keeps_what_was_typed(client, firm):
    answer = client.post(at(firm), posted(firm, "submit", invested_firms=("", "2")))
    assert answer.status_code == 409
    assert answer.text.count('<li><a href="#m-') == 3
    assert 'value="2"' in answer.text


def test_without_scripts_a_clash_shows_both_texts(client, firm, user):
    save(client, firm, {"invested_firms": {"text": "9"}})
    answer = client.post(at(firm), posted(firm, invested_firms=("value", "2"), standards=("zero", "")))
    assert answer.status_code == 409
    assert "填的是“9”" in answer.text
    assert 'name="text-invested_firms" value="2"' in answer.text
    report = FirmReport.objects.get()
    assert (report.cells["invested_firms"]["text"], report.cells["standards"]["state"]) == ("9", "zero")
    again = posted(firm, invested_firms=("value", "2")) | {"edition-invested_firms": 1}
    assert client.post(at(firm), again).status_code == 302
    assert FirmReport.objects.get().cells["invested_firms"]["text"] == "2"


def test_the_rest_marked_not_provided_and_a_reporter_asking(client, firm, user):
    reporter = signed_in(MembershipFactory(firm=firm, kind="reporter").user)
    assert "提请管理员提交" in reporter.get(at(firm)).text
    reporter.post(at(firm), posted(firm, "rest", invested_firms=("", "2")))
    cells = FirmReport.objects.get().cells
    assert {code: cell["state"] for code, cell in cells.items()} == {
        "invested_firms": "value", "standards": "none", "venture_capital": "none", "foreign_returnees": "none",
    }  # fmt: skip
    reporter.post(at(firm), posted(firm, "ask"))
    assert Message.objects.filter(user=user).exists()
    assert reporter.post(at(firm), posted(firm, "submit", 9)).status_code in {403, 409}
    assert FirmReport.objects.get().state == "draft"


def test_a_file_goes_up_with_the_form_and_nothing_typed_is_lost(client, firm):
    data = posted(firm, "attach:standards", invested_firms=("", "2")) | {"file-standards": upload()}
    assert client.post(at(firm), data).url == f"{at(firm)}#m-standards"
    assert FirmReport.objects.get().cells["invested_firms"]["text"] == "2"
    row = Evidence.objects.get()
    assert row.file_name in client.get(at(firm)).text
    client.post(at(firm), posted(firm, f"remove:{row.pk}"))
    row.refresh_from_db()
    assert row.removed_at
    assert row.file_name not in client.get(at(firm)).text
    assert client.post(at(firm), posted(firm, "attach:standards")).status_code == 400
    assert client.post(at(firm), posted(firm, "remove:999")).status_code == 404


def test_a_file_sent_by_the_script_is_answered_with_the_new_list(client, firm):
    data = {"deed": "attach:standards", "metric": "standards", "file-standards": upload("<b>.pdf")}
    answer = client.post(at(firm), data, headers={"Accept": "application/json"})
    assert "&lt;b&gt;.pdf" in answer.json()["html"]
    refused = client.post(
        at(firm), data | {"file-standards": upload("x.pdf", b"MZ")}, headers={"Accept": "application/json"}
    )
    assert (refused.status_code, refused.json()["code"]) == (400, "not_evidence")


def test_a_file_is_handed_out_as_an_attachment_and_never_to_another_firm(client, firm, user):
    row = evidence.attach(upload("合同.pdf"), firm=firm, by=user, year=YEAR, metric="standards")
    answer = client.get(reverse("firms:evidence", args=[row.pk]))
    assert b"".join(answer.streaming_content) == PDF
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"] == "application/pdf"
    assert "no-store" in answer["Cache-Control"]
    other = signed_in(make()[1])
    assert other.get(reverse("firms:evidence", args=[row.pk])).status_code == 404
    assert other.post(at(firm), posted(firm, f"remove:{row.pk}")).status_code == 404


def test_no_page_of_another_firm_opens(client, firm):
    other, _user = make()
    for name in ("report", "report_history", "report_workbook", "report_upload"):
        assert client.get(at(other, name)).status_code == 404, name
    for name in ("report", "report_save", "report_withdraw", "report_upload"):
        assert client.post(at(other, name)).status_code == 404, name


def test_by_workbook_download_fill_upload_look_and_take(client, firm, user):
    save(client, firm, {"invested_firms": {"text": "1"}})
    answer = client.get(at(firm, "report_workbook"))
    assert "filename*=utf-8''2022" in answer["Content-Disposition"]
    file = mended(answer.content, {"invested_firms": ("有数", 2, None), "standards": ("确认为零", None, None)})
    page = client.post(at(firm, "report_upload"), {"file": file})
    assert "写入草稿（2项）" in page.text
    assert FirmReport.objects.get().cells["invested_firms"]["text"] == "1"
    hidden = dict(re.findall(r'<input type="hidden" name="([a-z]+-\w+)" value="([^"]*)"', page.text))
    client.post(at(firm), hidden | {"deed": "save"})
    cells = FirmReport.objects.get().cells
    assert (cells["invested_firms"]["text"], cells["standards"]["state"]) == ("2", "zero")
    bad = client.post(at(firm, "report_upload"), {"file": upload("x.xlsx", b"PK\x03\x04")})
    assert bad.status_code == 400
    assert "不完整" in bad.text


def test_history_tells_who_did_what_and_what_changed_between(client, firm, user):
    assert client.get(at(firm, "report_history")).status_code == 404
    report = ready(firm, user)
    reports.submit(report, edition=report.edition, by=user)
    reports.withdraw(report, by=user)
    reports.save_cells(report, [typed("invested_firms", "3", edition=1, reason="新设子公司")], by=user)
    reports.submit(report, edition=report.edition, by=user)
    officer = UserFactory(role=Role.OFFICE, name="王科员")
    ReportEvent.objects.create(
        report=report,
        kind="returned",
        by=officer,
        edition=report.edition,
        cells=report.cells,
        remarks={"invested_firms": "请核对", "": "请补章"},
    )
    text = client.get(at(firm, "report_history")).text
    for said in ("首次提交", "<del>2</del>", "新设子公司", "请核对", "请补章", "整张表", "积分办"):
        assert said in text
    assert "王科员" not in text  # a firm need not know which officer


def test_closed_it_is_to_be_read_and_says_why(client, firm, user):
    ready(firm, user)
    DataYear.objects.filter(year=YEAR).update(phase="trial")
    text = client.get(at(firm)).text
    assert "不再接受填报" in text
    assert 'value="submit"' not in text
    answer = save(client, firm, {"invested_firms": {"text": "9", "edition": 1}})
    assert (answer.status_code, answer.json()["code"]) == (409, "collection_over")
    assert client.post(at(firm), posted(firm, invested_firms=("value", "9"))).status_code == 409


def test_what_was_typed_before_a_department_spoke_is_shown_beside_its_figure(client, firm, user):
    ready(firm, user)
    state(firm, {"invested_firms": 3.0}, code="market")
    text = client.get(at(firm)).text
    assert "此前填写的“2”不再采用" in text


def test_pages_take_a_constant_number_of_questions(client, firm, user, django_assert_max_num_queries):
    ready(firm, user)
    for number in range(8):
        Message.objects.create(user=user, key=str(number), title="x")
        evidence.attach(upload(content=PDF + bytes([number])), firm=firm, by=user, year=YEAR, metric="standards")
    with django_assert_max_num_queries(24):
        client.get(at(firm))
    with django_assert_max_num_queries(34):
        client.get(reverse("firms:workbench"))


def test_the_page_holds_no_inline_script_or_style(client, firm, user):
    reports.save_cells(reports.open_for(firm, YEAR, by=user), filled(), by=user)
    for url in (at(firm), at(firm, "report_upload"), reverse("firms:workbench")):
        text = client.get(url).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=", text), url


def test_what_a_colleague_typed_comes_to_an_english_reader_as_it_was_typed(client, firm):
    """A script puts it back into the form: read in English, it would be stored in English."""
    reason = "大于上限"  # words the site has an English of
    assert save(client, firm, {"invested_firms": {"text": "3", "reason": reason}}).status_code == 200
    client.cookies["language"] = "en"
    clash = save(client, firm, {"invested_firms": {"text": "4"}}).json()["refused"]["invested_firms"]
    assert (clash["theirs"]["text"], clash["theirs"]["reason"]) == ("3", reason)
    assert not re.search("[\u4e00-\u9fff]", clash["message"])  # while what the site says of it is in English
