"""A department's officer at work: from the desk to a waiting file, what it would move, a column explained, confirmed, undone."""

from tests.journeys.conftest import PHONE


def test_from_the_desk_through_a_waiting_file_and_back(visit):
    officer = visit()
    page = officer.sign_in("dept-tax")
    assert page.url.endswith("/department/")
    assert "还有" in page.inner_text("main")
    page.get_by_role("link", name="税务局-年度汇算更正.xlsx").click()
    assert "的指定读作“营业收入”" in page.inner_text("main")

    # What it would move comes by itself, and writes nothing.
    page.get_by_text("企业的积分或名次会变化").wait_for(timeout=90_000)
    assert "→" in page.locator("section[aria-labelledby=moves]").inner_text()

    # One column is not wanted: the file is read anew without it, and what it would move is asked for anew.
    rows = page.locator("section[aria-labelledby=rows]")
    assert "净利润" in rows.inner_text()
    page.get_by_label("“净利润”对应").select_option("-")
    page.get_by_role("button", name="按所选对应重新读取").click()
    page.get_by_text("已按指定的对应重新读取").wait_for()
    assert "净利润" not in page.locator("section[aria-labelledby=rows]").inner_text()
    page.get_by_role("button", name="确认写入").click()
    page.get_by_text("确认写入。").first.wait_for()

    # Undone after a look at what that would do; everything is as before.
    page.get_by_role("link", name="撤销整批").click()
    assert "撤销会做什么" in page.inner_text("main")
    page.get_by_text("企业的积分或名次会变化").wait_for(timeout=90_000)
    page.fill("#id_reason", "演练")
    page.get_by_role("button", name="撤销整批").click()
    page.get_by_text("整批已撤销").wait_for()

    # The word on the column is remembered, and taken back.
    page = officer.open("/imports/columns/")
    page.get_by_label("取消“净利润”的对应").click()
    page.get_by_text("已取消对“净利润”的指定").wait_for()


def test_the_firms_missing_under_a_figure_on_a_phone(visit):
    officer = visit(PHONE)
    officer.sign_in("dept-tax")
    page = officer.open("/coverage/")
    link = page.locator("main tbody a").first
    missing = int(link.inner_text().removesuffix("家"))
    with page.expect_navigation():
        link.click()
    rows = page.locator("main tbody tr")
    rows.first.wait_for()  # a click returns before the page it leads to has its rows
    assert 0 < rows.count() <= missing
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
