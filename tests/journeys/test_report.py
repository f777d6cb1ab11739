"""A firm's accountant at the form: typing that survives a lost connection, an ended session, a second tab and a reload."""

from playwright.sync_api import Page, expect

BAR = ".report-bar"


def open_form(visitor) -> Page:
    page = visitor.open("/my/")
    page.locator("section.due .due-head a.btn").first.click()
    page.wait_for_url("**/my/report/**")
    return page


def cell(page: Page, code: str):
    return page.locator(f"#m-{code}")


def type_in(page: Page, code: str, text: str) -> None:
    page.fill(f"[name=text-{code}]", text)


def choose(page: Page, code: str, label: str) -> None:
    cell(page, code).locator(".choice").get_by_text(label, exact=True).click()


def saved(page: Page) -> None:
    expect(page.locator("[data-status]")).to_contain_text("已保存", timeout=20_000)


def kept(page: Page, code: str) -> str:
    """What the server has, told by a page of its own."""
    other = page.context.new_page()
    other.goto(page.url)
    text = other.input_value(f"[name=text-{code}]")
    other.close()
    return text


def test_a_returned_form_is_mended_over_a_lost_connection_and_submitted(visit):
    visitor = visit()
    page = visitor.sign_in("firm-one")
    assert page.url.endswith("/my/")
    expect(page.locator("main")).to_contain_text("退回原因")
    page = open_form(visitor)
    expect(cell(page, "hightech_revenue")).to_contain_text("退回：")
    before = page.input_value("[name=text-hightech_revenue]")

    # Cut off in the middle of typing: it is said, kept here, and sent when the line is back.
    visitor.context.set_offline(True)
    type_in(page, "hightech_revenue", "61000.5")
    page.fill("[name=reason-hightech_revenue]", "已与高企年报核对一致")
    expect(page.locator("[data-status]")).to_contain_text("本机", timeout=10_000)
    visitor.context.set_offline(False)
    saved(page)
    assert kept(page, "hightech_revenue") == "61000.5" != before

    # Cut off again, and the page is closed: a new one finds what was typed.
    visitor.context.set_offline(True)
    type_in(page, "graduates_hired", "40")
    page.wait_for_timeout(300)
    address = page.url
    page.close()
    visitor.context.set_offline(False)
    page = visitor.context.new_page()
    page.goto(address)
    expect(page.locator("[data-banner]")).to_contain_text("已恢复未保存的内容（1项）")
    assert page.input_value("[name=text-graduates_hired]") == "40"
    saved(page)
    assert kept(page, "graduates_hired") == "40"

    # What is wrong is said while typing; a unit slip needs a reason.
    type_in(page, "invested_firms", "两家")
    page.press("[name=text-invested_firms]", "Tab")
    expect(cell(page, "invested_firms").locator(".said-error")).to_be_visible()
    type_in(page, "invested_firms", "2")
    expect(cell(page, "invested_firms").locator(".said-error")).to_have_count(0, timeout=10_000)
    saved(page)

    page.locator(BAR).get_by_role("button", name="提交审核").click()
    page.wait_for_url("**/my/")
    expect(page.locator("main")).to_contain_text("等待积分办审核")
    page.goto(address)
    expect(page.locator("[name=text-graduates_hired]")).to_be_disabled()
    page.get_by_role("link", name="填报记录").click()
    expect(page.locator("main")).to_contain_text("与上次提交相比")
    expect(page.locator("main")).to_contain_text("61000.5")


def test_an_ended_session_loses_nothing(visit):
    visitor = visit()
    visitor.sign_in("firm-two")
    page = open_form(visitor)
    visitor.context.clear_cookies(name="sessionid")
    type_in(page, "foreign_returnees", "3")
    banner = page.locator("[data-banner]")
    expect(banner).to_contain_text("登录已过期", timeout=10_000)
    type_in(page, "foreign_returnees", "31")  # typing goes on meanwhile
    with visitor.context.expect_page() as opened:
        banner.get_by_role("link", name="去登录").click()
    from xxgx.demo.accounts import PASSWORD

    tab = opened.value
    tab.fill("input[name=username]", "firm-two")
    tab.fill("input[name=password]", PASSWORD)
    tab.press("input[name=password]", "Enter")
    tab.wait_for_url(lambda url: "/accounts/login" not in url)
    tab.close()
    page.bring_to_front()
    saved(page)
    expect(banner).to_be_hidden()
    assert kept(page, "foreign_returnees") == "31"


def test_two_tabs_show_both_texts_and_one_is_chosen(visit):
    visitor = visit()
    visitor.sign_in("firm-two")
    one = open_form(visitor)
    two = visitor.context.new_page()
    two.goto(one.url)
    type_in(one, "graduates_hired", "5")
    saved(one)
    type_in(two, "graduates_hired", "6")
    clash = cell(two, "graduates_hired").locator("[data-clash]")
    expect(clash).to_contain_text("您填的是“6”，对方填的是“5”", timeout=10_000)
    assert kept(one, "graduates_hired") == "5"
    clash.get_by_role("button", name="用我的").click()
    saved(two)
    assert kept(one, "graduates_hired") == "6"


def test_a_file_is_added_without_leaving_the_page(visit, tmp_path):
    visitor = visit()
    visitor.sign_in("firm-two")
    page = open_form(visitor)
    tag = cell(page, "standards").locator(".evidence-tag")
    choose(page, "standards", "确认为零")  # nothing to prove
    expect(tag).to_be_hidden()
    type_in(page, "standards", "2")
    expect(tag).to_be_visible()
    choose(page, "venture_capital", "确认为零")
    expect(cell(page, "standards")).to_contain_text("须附佐证材料", timeout=10_000)
    (tmp_path / "标准.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    page.set_input_files("#f-standards", tmp_path / "标准.pdf")
    expect(cell(page, "standards").locator(".files")).to_contain_text("标准.pdf", timeout=10_000)
    expect(cell(page, "standards").locator(".said-error")).to_have_count(0)
    assert page.input_value("[name=text-standards]") == "2"


def test_the_control_without_what_the_browser_keeps_the_typing_would_be_gone(visit):
    visitor = visit()
    visitor.sign_in("firm-two")
    page = open_form(visitor)
    before = page.input_value("[name=text-university_contract_value]")
    visitor.context.set_offline(True)
    type_in(page, "university_contract_value", "77")
    page.wait_for_timeout(300)
    page.evaluate("() => { Storage.prototype.setItem = () => {}; localStorage.clear(); }")
    page.close()
    visitor.context.set_offline(False)
    page = open_form(visitor_again(visitor))
    assert page.input_value("[name=text-university_contract_value]") == before


def visitor_again(visitor):
    visitor.page = visitor.context.new_page()
    return visitor


def left_here(page: Page) -> list[str]:
    return page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('report:'))")


def test_who_signs_out_leaves_nothing_typed_on_a_computer_others_use(visit):
    visitor = visit()
    visitor.sign_in("firm-two")
    page = open_form(visitor)
    type_in(page, "graduates_hired", "17")  # and away at once: it is sent first
    sign_out(page)
    page.wait_for_url(lambda url: "/my/" not in url)
    assert left_here(page) == []
    visitor.sign_in("firm-two")
    page = open_form(visitor)
    assert page.input_value("[name=text-graduates_hired]") == "17"

    # What cannot be saved is asked about, and kept for who says no.
    page.route("**/save/", lambda route: route.abort())
    type_in(page, "graduates_hired", "18")
    expect(page.locator("[data-status]")).to_contain_text("本机", timeout=10_000)
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    sign_out(page)
    expect(page.locator("[data-status]")).to_contain_text("本机")
    assert "没有保存" in asked[0]
    assert len(left_here(page)) == 1
    page.once("dialog", lambda dialog: dialog.accept())
    sign_out(page)
    page.wait_for_url(lambda url: "/my/" not in url)
    assert left_here(page) == []

    # What a session that ran out left behind waits for its owner, not for ever.
    page.evaluate("""localStorage.setItem("report:1:old", JSON.stringify({at: Date.now() - 8 * 86400000, cells: {}}));
        localStorage.setItem("report:1:new", JSON.stringify({at: Date.now() - 6 * 86400000, cells: {}}));""")
    visitor.sign_in("firm-two")
    assert left_here(page) == ["report:1:new"]


def sign_out(page: Page) -> None:
    if not page.locator("details.account[open]").count():
        page.locator("details.account summary").click()
    page.locator("form[data-leave] button").click()
