"""The office's year: opened, a firm's form sent back and mended and accepted, closed, tried out, locked. A year of its own."""

from playwright.sync_api import Page, expect

YEAR = 2025
PERIOD = f"/office/periods/{YEAR}/"


def done(page: Page, text: str, seconds: int = 20) -> None:
    expect(page.locator("main")).to_contain_text(text, timeout=seconds * 1000)


def confirm(page: Page, summary: str, button: str, reason: str = "") -> None:
    """Open a deed's second question, give the reason where it asks for one, and confirm."""
    box = page.locator("details.confirm", has=page.get_by_text(summary, exact=True))
    box.locator("summary").click()
    asked = box.locator("input[name=reason]")
    if reason and asked.count():
        asked.fill(reason)
    box.get_by_role("button", name=button).click()


def hand_in(page: Page, figure: str) -> None:
    page.fill("[name=text-revenue]", figure)
    expect(page.locator("[data-status]")).to_contain_text("已保存", timeout=20_000)
    reason = page.locator("[name=reason-revenue]")
    if reason.is_visible():  # far from last year's: it has to be explained
        reason.fill("本年并购一家企业，已与报表核对")
        expect(page.locator("[data-status]")).to_contain_text("已保存", timeout=20_000)
    rest = page.locator(".bar-rest")
    if rest.count():
        rest.locator("summary").click()
        rest.get_by_role("button", name="确认标为未提供").click()
        page.wait_for_load_state()
    page.locator(".report-bar").get_by_role("button", name="提交审核").click()
    page.wait_for_url("**/my/")


def test_from_opening_to_lock(visit):
    officer, firm = visit(), visit()
    officer.sign_in("office")
    page = officer.open("/office/")
    page.fill("#id_year", str(YEAR))
    page.get_by_role("button", name="建立", exact=True).click()
    page.wait_for_url(f"**{PERIOD}")
    page.get_by_role("button", name="开放填报").click()
    done(page, "已开放填报")
    expect(page.locator(".page-head h1")).to_contain_text("填报中")

    # The firm is told, fills in one figure and hands the form in.
    form = firm.sign_in("firm-one")
    form.locator(f"main a[href*='/{YEAR}/']").first.click()
    form.wait_for_url(f"**/{YEAR}/")
    address = form.url
    hand_in(form, "52000")

    # The office sends the figure back with a reason, and the firm reads it.
    page = officer.open(f"/office/review/?year={YEAR}")
    page.locator("main tbody tr .card-title a").first.click()
    page.check("input[name=cell][value=revenue]")
    page.select_option("#why-revenue", index=1)
    page.fill("#text-revenue", "请剔除并购企业")
    page.get_by_role("button", name="退回勾选的各项").click()
    done(page, "已退回")
    form.goto(address)
    done(form, "请剔除并购企业")
    hand_in(form, "48000")

    # Mended, it shows what changed; accepted, it counts.
    page = officer.open(f"/office/review/?year={YEAR}&again=1")
    page.locator("main tbody tr .card-title a").first.click()
    done(page, "原为 52000")
    page.get_by_role("button", name="通过，数据生效").click()
    done(page, "所填数据已生效")

    # Closed, tried out, judged, locked.
    page = officer.open(PERIOD)
    confirm(page, "截止填报…", "确认截止填报", "均已提交")
    expect(page.locator(".page-head h1")).to_contain_text("审核中")
    confirm(page, "进入试算…", "确认进入试算", "不影响本期")
    expect(page.locator(".page-head h1")).to_contain_text("试算中")
    done(page, "现在还不能锁定")
    page.get_by_role("button", name="立即计算").click()
    done(page, "已完成", 120)
    page = officer.open(PERIOD)
    confirm(page, "锁定数据年度…", "确认锁定", "不影响本期")
    expect(page.locator(".page-head h1")).to_contain_text("已锁定")
    expect(page.locator(".band [aria-current=step]")).to_have_text("锁定")
    form.goto(address)
    done(form, "已审核通过")


def test_many_forms_are_accepted_with_one_tick(visit):
    officer = visit()
    officer.sign_in("office-two")
    page = officer.open("/office/review/?year=2024&outliers=1")
    expect(page.locator("main tbody tr").first).to_contain_text("万元")
    page = officer.open("/office/review/?year=2024&again=1")
    waiting = page.locator("main tbody tr").count()
    assert waiting
    page.check("[data-tick-all]")
    page.get_by_role("button", name="通过所选").click()
    done(page, f"已通过{waiting}份填报表")
