"""A register entry from the firm's claim to the points: drafted, handed in, refused, mended, verified with one tick, counted."""

from playwright.sync_api import expect

from tests.enrolling import PDF

YEAR = 2024
TITLE, MENDED = "中国创新创业大赛河南赛区优胜奖", "中国创新创业大赛河南赛区二等奖"
INDICATOR = "参加国家级、省级、市级创新创业赛事"


def points_of_contests(office, code: str):
    page = office.open(f"/firms/{code}/?year={YEAR}")
    return page.locator("tr", has_text=INDICATOR).filter(has=page.locator("td")).first


def test_from_a_claim_to_the_points(visit):
    clerk, manager, officer, office = visit(), visit(), visit(), visit()

    # The clerk finds nothing in the register, states it with its certificate, and cannot hand it in.
    clerk.sign_in("firm-clerk")
    page = clerk.open("/my/registers/")
    register = page.locator("section#contest")
    expect(register).to_contain_text("部门没有登记")
    clerk.follow(register.get_by_role("link", name="补报"))
    code = page.url.split("/registers/")[1].split("/")[0]
    page.fill("input[name=title]", TITLE)
    page.select_option("select[name=level]", "municipal")
    page.fill("input[name=starts_on]", f"{YEAR}-06-18")
    page.set_input_files("input[name=evidence]", {"name": "获奖证书.pdf", "mimeType": "application/pdf", "buffer": PDF})
    clerk.press("保存")
    expect(page.locator("main")).to_contain_text("由企业管理员提交")
    expect(page.get_by_role("button", name="提交核验")).to_have_count(0)
    claim = page.url.removeprefix(clerk.site.url)

    # The manager does; the department that keeps the register is told, and does not believe it yet.
    manager.sign_in("firm-one")
    manager.open(claim)
    manager.press("提交核验")
    expect(manager.page.locator(".page-head h1")).to_contain_text("待核验")
    officer.sign_in("dept-science")
    officer.told(TITLE)
    page = officer.page
    assert page.url.endswith(claim)
    with page.expect_download() as download:
        page.get_by_role("link", name="获奖证书.pdf").click()
    assert download.value.suggested_filename == "获奖证书.pdf"
    page.fill("#no", "证书所载奖项为省级二等奖，请按证书填写。")
    officer.press("不予认定")
    expect(page.locator(".messages")).to_contain_text(f"已答复“{TITLE}”不予认定")

    # The firm reads why, mends it, hands it in again.
    manager.told("不予认定")
    page = manager.page
    expect(page.locator(".notice-error")).to_contain_text("请按证书填写")
    manager.follow(page.get_by_role("link", name="修改"))
    page.fill("input[name=title]", MENDED)
    page.select_option("select[name=level]", "provincial")
    manager.press("保存")
    manager.press("提交核验")
    expect(page.locator(".page-head h1")).to_contain_text("待核验")

    # Verified with the tick that takes all of the page.
    page = officer.open(f"/claims/?kind=contest&q={code}")
    page.get_by_label("全选本页").check()
    expect(page.locator("input[name=picks]")).to_be_checked()
    officer.press("所选申报核验通过")
    expect(page.locator(".messages")).to_contain_text("已核验1条")
    page = manager.open("/my/registers/")
    expect(page.locator("section#contest details")).to_contain_text(MENDED)

    # It counts from the next run on.
    office.sign_in("office")
    expect(points_of_contests(office, code)).to_contain_text("0.00")
    page = office.open(f"/office/periods/{YEAR}/")
    office.press("立即计算")
    expect(page.locator("main")).to_contain_text("已完成", timeout=120_000)
    row = points_of_contests(office, code)
    expect(row).to_contain_text("60%")
    expect(row).to_contain_text("4.20")
    expect(row).not_to_contain_text("台账无登记")


def test_what_is_no_longer_wanted_is_taken_back_and_what_is_nobody_elses_is_not_shown(visit):
    manager, other = visit(), visit()
    manager.sign_in("firm-one")
    page = manager.open("/my/registers/")
    manager.follow(page.locator("section#platform .table-cards a", has_text="博士后创新实践基地"))
    claim = page.url.removeprefix(manager.site.url)
    page.get_by_text("删除草稿").click()
    manager.press("确认删除")
    expect(manager.open("/my/registers/").locator("section#platform")).not_to_contain_text("博士后创新实践基地")
    other.sign_in("firm-two")
    other.open(claim, status=404)
