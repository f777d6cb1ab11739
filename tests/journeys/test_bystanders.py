"""The leader, the bank and the three administrators at the pages of collecting: what they see, what refuses them, and how."""

import pytest
from playwright.sync_api import expect

# Lists, desks and forms of collecting, and who of these five they open to.
DOORS = {
    "/coverage/": {"leader"},
    "/coverage/firms/": {"leader"},
    "/imports/": set(),
    "/imports/new/": set(),
    "/imports/columns/": set(),
    "/department/": set(),
    "/my/": set(),
    "/my/registers/": set(),
    "/claims/": set(),
    "/objections/": set(),
    "/conflicts/": set(),
    "/conflicts/decisions/": set(),
    "/conflicts/sources/": set(),
    "/connectors/": set(),
    "/connectors/new/": set(),
    "/office/": set(),
    "/office/review/": set(),
    "/office/review/export.xlsx": set(),
    "/office/schedule/": set(),
    "/extensions/": set(),
    "/reminders/": set(),
    "/enrolments/": set(),
    "/mails/": {"system"},
    "/messages/": {"leader", "bank", "system", "security", "audit"},
    "/accounts/settings/": {"leader", "bank", "system", "security", "audit"},
}


@pytest.mark.parametrize("username", ["leader", "bank", "system", "security", "audit"])
def test_what_opens_and_what_refuses(visit, username):
    visitor = visit()
    visitor.sign_in(username)
    wrong = {}
    for path, open_to in DOORS.items():
        answer = visitor.context.request.get(visitor.site.url + path, max_redirects=0)
        if answer.status != (200 if username in open_to else 403):
            wrong[path] = answer.status
    assert wrong == {}

    # Refused in words, with a way out and one's own menu; nothing of the page is given away.
    page = visitor.open("/conflicts/", status=403)
    expect(page.locator("h1")).to_contain_text("没有")
    assert "万元" not in page.inner_text("main")
    visitor.follow(page.locator("main a.btn").first)
    expect(page.locator("h1")).to_be_visible()


def test_the_leader_sees_who_is_behind_and_may_press_nothing(visit):
    leader = visit()
    leader.sign_in("leader")
    page = leader.open("/coverage/")
    expect(page.locator("main tbody tr").first).to_be_visible()
    leader.follow(page.locator("main tbody a").first)
    expect(page.locator("main")).to_contain_text("家")
    page = leader.open("/coverage/firms/")
    expect(page.locator("main")).to_contain_text("家")
    assert page.locator("main form[method=post]").count() == 0
    for path in ("/extensions/", "/reminders/"):
        assert page.locator(f"main a[href='{path}']").count() == 0  # no door is shown that does not open


def test_the_trail_and_the_mails_are_each_their_keepers(visit):
    audit, system, security = visit(), visit(), visit()
    audit.sign_in("audit")
    page = audit.open("/admin/firms/auditentry/")
    expect(page.locator("#result_list tbody tr").first).to_be_visible()
    assert page.locator("#result_list tbody tr").count() > 20
    audit.open("/admin/firms/factsheet/", status=403)
    system.sign_in("system")
    page = system.open("/mails/")
    expect(page.locator(".letter").first).to_be_visible()
    system.open("/admin/firms/auditentry/", status=403)
    security.sign_in("security")
    page = security.open("/admin/firms/membership/")
    expect(page.locator("#result_list tbody tr").first).to_be_visible()
    security.open("/admin/firms/registerentry/", status=403)
