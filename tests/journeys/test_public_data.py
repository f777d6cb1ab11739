"""A public site becomes a source: defined, tried, fetched, confirmed, in force; then it fails, says so, and blanks nothing."""

import re

from playwright.sync_api import Page, expect

YEAR = 2024
PICKS = (("uscc", "credit_code"), ("orgName", "name"), ("drafted", "standards"))


def define(page: Page, address: str) -> None:
    page.fill("input[name=name]", "标准公告（演练）")
    page.fill("input[name=code]", "journey-standards")
    page.select_option("select[name=department]", label="市场监督管理局")
    page.select_option("select[name=kind]", "json")
    page.fill("input[name=url]", address)
    page.fill("input[name=path]", "data.list")
    page.select_option("select[name=paging]", "page")
    page.fill("input[name=parameter]", "page")
    page.fill("input[name=size]", "40")
    for at, (field, column) in enumerate(PICKS):
        page.fill(f"input[name=picks-{at}-field]", field)
        page.select_option(f"select[name=picks-{at}-column]", column)


def fetch(visitor) -> Page:
    """Fetch the year now, to the end of the job."""
    visitor.page.select_option("#year", str(YEAR))
    visitor.press("立即采集")
    expect(visitor.page.locator("#job")).to_contain_text(re.compile("已完成|失败"), timeout=60_000)
    return visitor.page


def stated(visitor, code: str) -> str:
    """What the back office shows of the firm's facts of the year."""
    page = visitor.open(f"/admin/firms/factsheet/?q={code}&year={YEAR}")
    visitor.follow(page.locator("#result_list tbody th a").first)
    return page.locator(".field-values").inner_text()


def test_from_a_site_to_a_value_and_a_failure_that_changes_nothing(visit):
    office = visit()
    office.sign_in("office")
    page = office.open("/connectors/")
    office.follow(page.get_by_role("link", name="新建数据源"))
    define(page, f"{office.site.url}/demo/public/{{year}}/standards.json")
    office.press("保存")
    expect(page.locator("main")).to_contain_text("请先测试采集")
    source = page.url.removeprefix(office.site.url)

    # Tried: what the rows would become is shown, and nothing is written.
    page.select_option("#year", str(YEAR))
    office.press("测试采集")
    result = page.get_by_role("link", name="查看结果")
    result.wait_for(timeout=60_000)
    office.follow(result)
    row = page.locator(".table-trial tbody tr", has_text="新增").first
    code = row.locator("td").nth(0).inner_text()
    value = row.locator("td").nth(2).inner_text()
    expect(page.locator("main")).to_contain_text("还没有采集过")

    # Fetched: it waits for a person; confirmed, it is in force.
    page = fetch(office)
    office.follow(page.get_by_role("link", name="查看结果"))
    fetched = page.locator("section[aria-labelledby=log] tbody tr").first
    expect(fetched).to_contain_text("待人确认")
    assert '"standards"' not in stated(office, code)
    office.open(source)
    office.follow(fetched.get_by_role("link", name=re.compile("第.*批")))
    page.get_by_role("button", name="确认写入").click()
    page.get_by_text("确认写入。").first.wait_for(timeout=60_000)
    assert re.search(rf'"standards": {value}\b', stated(office, code))

    # The site moves its page: said on the source, and what was in force stays.
    office.open(f"{source}edit/")
    page.fill("input[name=url]", f"{office.site.url}/demo/public/{{year}}/moved.json")
    office.press("保存")
    page = fetch(office)
    expect(page.locator("#job [role=alert]")).to_contain_text("404")
    office.open(source)
    log = page.locator("section[aria-labelledby=log] tbody tr").first
    expect(log).to_contain_text("失败")
    expect(log).to_contain_text("404")
    expect(page.locator("dl.figures")).to_contain_text("原有数据不受影响")
    assert re.search(rf'"standards": {value}\b', stated(office, code))
