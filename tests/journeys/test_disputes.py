"""A figure that is doubted and a figure stated twice: objected to and put right; decided with one click, and taken back."""

import re

from playwright.sync_api import expect

from tests.enrolling import PDF
from tests.journeys.conftest import PHONE

YEAR = 2024
METRIC = "net_assets"


def to_the_form(firm):
    """The firm's form of the year, from its workbench."""
    page = firm.open("/my/")
    address = page.locator(f"main a[href*='/my/report/'][href$='/{YEAR}/']").first.get_attribute("href")
    return firm.open(address), address


def test_an_objection_is_upheld_with_another_figure(visit):
    firm, officer = visit(), visit()
    firm.sign_in("firm-one")
    page, form = to_the_form(firm)
    cell = page.locator(f"#m-{METRIC}")
    before = cell.locator(".given-value").inner_text()
    firm.follow(cell.get_by_role("link", name="有异议"))
    expect(page.locator("main")).to_contain_text(before)
    page.fill("input[name=claimed]", "48000.5")
    page.fill("textarea[name=reason]", "审计报告第12页所列净资产与此不同")
    files = page.locator("input[type=file]")
    files.set_input_files({"name": "审计报告.pdf", "mimeType": "application/pdf", "buffer": PDF})
    firm.press("提出异议")
    expect(page.locator("main")).to_contain_text("等待答复")

    # Whoever stated the figure is told, sees both, and puts it right.
    officer.sign_in("dept-tax")
    officer.told("净资产")
    theirs = officer.page
    expect(theirs.locator("main")).to_contain_text("48,000.5")
    expect(theirs.locator("main")).to_contain_text("审计报告.pdf")
    theirs.fill("#figure", "47980.25")
    theirs.fill("#yes", "经核对审计报告，以合并前单体报表为准。")
    officer.press("采纳并更正")
    expect(theirs.locator(".page-head h1")).to_contain_text("采纳")

    # The firm is told, and its form shows the figure.
    firm.told("净资产")
    expect(page.locator("main")).to_contain_text("47,980.25")
    expect(page.locator("main")).to_contain_text("以合并前单体报表为准")
    firm.open(form)
    expect(page.locator(f"#m-{METRIC} .given-value")).to_have_text(re.compile(r"47,980\.25"))


def test_a_conflict_is_decided_with_one_click_and_taken_back(visit):
    officer = visit()
    officer.sign_in("dept-tax")
    page = officer.open(f"/conflicts/?year={YEAR}")
    first = page.locator(".dispute").first
    anchor, name = first.get_attribute("id"), first.locator("h2").inner_text()
    sides = first.locator("tbody tr")
    assert sides.count() >= 2
    expect(sides.nth(0)).to_contain_text("积分现用")
    # Each side says where it is written down; the department's own file is a click away.
    places = first.locator("td[data-label=依据]").all_inner_texts()
    assert all(places)
    first.locator("td[data-label=依据] a").first.click(trial=True)
    chosen = sides.nth(1).locator("td.num").inner_text()

    # Without a reason nothing is decided: the browser asks for one.
    sides.nth(1).get_by_role("button", name="采用此数").click()
    assert not first.locator("select[name=why]").evaluate("(one) => one.validity.valid")
    first.locator("select[name=why]").select_option("document")
    officer.press("采用此数", within=sides.nth(1))
    expect(page.locator(".messages")).to_contain_text(f"已裁定“{name}”")
    expect(page.locator(f"#{anchor}")).to_have_count(0)

    page = officer.open("/conflicts/decisions/")
    line = page.locator("tbody tr").first
    expect(line).to_contain_text(name)
    expect(line).to_contain_text(chosen)
    expect(line).to_contain_text("经核对原始凭证")
    line.get_by_text("撤销裁定").click()
    officer.press("确认撤销", within=line)
    expect(page.locator("tbody tr").first).to_contain_text("已撤销")
    officer.open(f"/conflicts/?year={YEAR}")
    expect(page.locator(f"#{anchor}")).to_have_count(1)


def test_on_a_phone_conflicts_are_a_list_to_open(visit):
    officer = visit(PHONE)
    officer.sign_in("office")
    page = officer.open(f"/conflicts/?year={YEAR}")
    disputes = page.locator(".dispute")
    expect(disputes.first.locator("table")).to_be_hidden()
    heights = [box.bounding_box()["height"] for box in disputes.all()]
    assert max(heights) < 160, "one look a conflict"
    disputes.first.locator("summary").click()
    expect(disputes.first.get_by_role("button", name="采用此数").first).to_be_visible()
