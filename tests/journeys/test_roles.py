"""Everybody signs in and comes home; nobody gets further than they should."""

import pytest

from xxgx.demo.accounts import ACCOUNTS, PASSWORD

TRIAL = 2024
EXPORT, OFFICE, IMPORTS, BACK_OFFICE = "/rankings/export.csv", "/office/", "/imports/", "/admin/"
TRIAL_RANKING = f"/rankings/?year={TRIAL}"

# Where each account arrives, what stands in its menu beside what everybody has, and which of these open to it.
WAYS = {
    "office": (
        "/office/",
        {
            "工作台",
            "填报审核",
            "多维检索",
            "一企一档",
            "数据导入",
            "完整率",
            "核验与裁定",
            "公开数据",
            "企业账号",
            "后台管理",
        },
        {EXPORT, OFFICE, IMPORTS, BACK_OFFICE, TRIAL_RANKING},
    ),
    "leader": ("/leader/", {"多维检索", "一企一档", "领导驾驶舱", "完整率"}, {EXPORT, TRIAL_RANKING}),
    "department": (
        "/department/",
        {"工作台", "数据导入", "核验与裁定", "公开数据", "完整率", "多维检索", "一企一档"},
        {EXPORT, IMPORTS, BACK_OFFICE, TRIAL_RANKING},
    ),
    "firm": ("/my/", {"企业工作台", "我的积分"}, set()),
    "bank": ("/", set(), set()),
    "system": ("/admin/", {"后台管理", "邮件"}, {BACK_OFFICE}),
    "security": ("/admin/", {"后台管理"}, {BACK_OFFICE}),
    "audit": ("/admin/", {"后台管理"}, {BACK_OFFICE}),
}
EVERYBODY = {"首页总览", "积分榜单", "公告公示", "积分办法"}


@pytest.mark.parametrize("account", ACCOUNTS, ids=lambda account: account.username)
def test_each_role_comes_home_and_no_further(visit, account):
    home, menu, open_to = WAYS[account.role]
    visitor = visit()
    page = visitor.sign_in(account.username)
    assert page.url.removeprefix(visitor.site.url).startswith(home)
    page = visitor.open("/")
    assert set(page.locator("nav.site-nav a").all_inner_texts()) == EVERYBODY | menu
    for path in (EXPORT, OFFICE, IMPORTS, BACK_OFFICE, TRIAL_RANKING):
        answer = visitor.context.request.get(visitor.site.url + path, max_redirects=0)
        if path in open_to:
            assert answer.status == 200, f"{account.username} should open {path}, got {answer.status}"
        else:
            assert answer.status in (302, 403, 404), f"{account.username} must not open {path}, got {answer.status}"


def test_a_firm_sees_its_own_score_explained_and_nobody_else_s(visit):
    visitor = visit()
    visitor.sign_in("firm-one")
    page = visitor.open("/my/score/")
    own = page.url
    assert "得分构成" in page.inner_text("main")
    assert "研发费用" in page.inner_text("main")
    page = visitor.open("/rankings/")
    others = [
        url for url in page.eval_on_selector_all("td.name a", "links => links.map(a => a.href)") if url[:70] != own[:70]
    ]
    page = visitor.open(others[0].removeprefix(visitor.site.url))
    assert "研发费用" not in page.inner_text("main")
    code = others[0].split("/firms/")[1].split("/")[0]
    assert visitor.context.request.get(f"{visitor.site.url}/api/v1/firms/{code}/explanation/").status == 403


def test_an_excluded_firm_reads_why(visit):
    page = visit()
    page.sign_in("firm-two")
    assert "不纳入" in page.open("/my/score/").inner_text("main")


def test_signing_out_ends_it(visit):
    visitor = visit()
    visitor.sign_in("office")
    page = visitor.open("/office/")
    page.locator("details.account summary").click()
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_load_state()
    assert "/accounts/login/" in visitor.open("/office/").url


def test_five_wrong_passwords_lock_the_account_out_and_say_for_how_long(visit):
    visitor = visit()
    for _ in range(5):
        page = visitor.open("/accounts/login/")
        page.fill("input[name=username]", "nobody-of-that-name")
        page.fill("input[name=password]", PASSWORD + "x")
        page.press("input[name=password]", "Enter")
        page.wait_for_load_state()
    assert "锁定" in page.inner_text("main")
    assert "半小时" in page.inner_text("main")
