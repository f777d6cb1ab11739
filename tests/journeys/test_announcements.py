"""An announcement from the first word to the public, and a long text that outlives its writer's session."""

from playwright.sync_api import expect

BODY = "各企业：\n\n这是一段写了很久的正文。"


def test_an_announcement_is_written_looked_at_and_shown(visit):
    office, reader = visit(), visit()
    office.sign_in("office")
    page = office.open("/office/")
    office.follow(page.get_by_role("link", name="公告管理"))
    office.follow(page.get_by_role("link", name="拟稿"))
    page.get_by_label("标题").fill("关于浏览器测试的通知")
    page.get_by_label("正文").fill(BODY)
    with page.expect_navigation(url="**/announcements/*/"):
        page.get_by_role("button", name="保存并预览").click()
    assert "公众看不到草稿" in page.inner_text("main")
    address = page.url.removeprefix(office.site.url)
    reader.open(address, status=404)
    page.get_by_text("发布…").click()
    office.press("确认发布")
    assert "写了很久的正文" in reader.open(address).inner_text("main")
    assert "关于浏览器测试的通知" in reader.open("/").inner_text("main")


def test_a_text_outlives_the_session_it_was_begun_in(visit):
    office = visit()
    office.sign_in("office")
    page = office.open("/office/announcements/new/")
    page.get_by_label("标题").fill("会话过期也不丢")
    page.get_by_label("正文").fill(BODY)
    office.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="保存并预览").click()
    expect(page.get_by_text("没有保存")).to_be_visible()
    assert page.get_by_label("正文").input_value() == BODY
    with office.context.expect_page() as opened:
        page.get_by_role("link", name="在新窗口登录").click()
    other = opened.value
    from xxgx.demo.accounts import PASSWORD

    other.fill("input[name=username]", "office-two")  # somebody else: nothing is sent in that name
    other.fill("input[name=password]", PASSWORD)
    other.press("input[name=password]", "Enter")
    other.wait_for_url(lambda url: "/accounts/login" not in url)
    page.get_by_role("button", name="保存并预览").click()
    expect(page.get_by_text("没有保存")).to_be_visible()
    office.context.clear_cookies(name="sessionid")
    other.goto(office.site.url + "/accounts/login/")
    other.fill("input[name=username]", "office")
    other.fill("input[name=password]", PASSWORD)
    other.press("input[name=password]", "Enter")
    other.wait_for_url(lambda url: "/accounts/login" not in url)
    with page.expect_navigation(url="**/announcements/*/"):
        page.get_by_role("button", name="保存并预览").click()
    assert "写了很久的正文" in page.inner_text("main")


def test_leaving_with_something_typed_is_asked_about(visit):
    office = visit()
    office.sign_in("office")
    page = office.open("/office/announcements/new/")
    page.get_by_label("标题").press_sequentially("没写完")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.get_by_role("link", name="取消").click()
    page.wait_for_url("**/office/announcements/")
    assert asked == ["beforeunload"]
