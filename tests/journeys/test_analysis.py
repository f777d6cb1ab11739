"""多维检索 in a browser: a question put together by clicking and by keyboard, its figures opened, kept and compared."""

import re

from xxgx.demo.accounts import PASSWORD


def asked(page):
    page.locator(".build-end button[value=ask]").click()
    page.wait_for_selector("#result")
    return page


def choose(page, button, words):
    """A field by typing part of its name into the chooser, by keyboard alone."""
    page.locator(button).focus()
    page.keyboard.press("Enter")
    page.keyboard.type(words)
    page.keyboard.press("Enter")


def test_a_question_is_built_by_clicking_and_every_figure_opens_its_firms(visit):
    visitor = visit()
    visitor.sign_in("office")
    page = visitor.open("/analysis/")
    page.get_by_role("button", name="添加条件", exact=True).click()
    page.wait_for_selector("#w-0-f-b-chooser:focus")  # the reader goes on at the new row
    choose(page, "#w-0-f-b-chooser", "研发费用")
    page.wait_for_selector("#w-0-v")
    assert page.input_value("#w-0-f") == "metric.rd_expense"  # the very name comes before those that hold it
    page.fill("#w-0-v", "1百")
    asked_wrong = page.locator(".build-end button[value=ask]")
    asked_wrong.click()
    page.wait_for_selector(".cond.wrong")
    assert page.input_value("#w-0-v") == "1百"
    page.fill("#w-0-v", "１００")
    page.click("#shape-group")
    page.wait_for_selector("#measure-more")
    asked(page)
    assert "研发费用不小于100万元" in page.inner_text(".asked")
    cell = page.locator(".table-result tbody tr").first.locator("td.num a").first
    count = int(cell.inner_text())
    cell.click()
    page.wait_for_selector("#result")
    assert re.search(rf"符合 {count} 家", page.inner_text(".runs"))
    firms = page.locator(".table-result tbody th a")
    assert firms.count() == min(count, 50)
    page.go_back()
    assert "研发费用不小于100万元" in page.inner_text(".asked")  # the address holds the question


def test_a_question_is_kept_and_a_colleague_opens_it(visit):
    visitor = visit()
    visitor.sign_in("office")
    page = visitor.open("/analysis/")
    page.locator(".examples a", has_text="各主导产业的得分分布").click()
    page.wait_for_selector("#result")
    page.wait_for_selector(".chart[data-drawn]")
    page.fill("#view-title", "产业得分（旅程）")
    page.locator("input[name=shared]").check()
    page.get_by_role("button", name="保存", exact=True).click()
    page.wait_for_selector(".notice-success")
    colleague = visit()
    colleague.sign_in("leader")
    page = colleague.open("/analysis/")
    page.get_by_role("link", name="产业得分（旅程）").click()
    page.wait_for_selector("#result")
    assert "共享的常用查询" in page.inner_text("main")
    with page.expect_download() as download:
        page.get_by_role("link", name="导出 CSV").click()
    assert download.value.suggested_filename.endswith(".csv")


def test_two_groups_are_compared_by_clicking(visit):
    visitor = visit()
    visitor.sign_in("leader")
    page = visitor.open("/analysis/compare/")
    page.click("#b-add")
    page.wait_for_selector("#b-0-f-b-chooser")
    choose(page, "#b-0-f-b-chooser", "企业类型")
    page.wait_for_selector("input[name='b.0.value']")
    page.get_by_label("成长期").check()
    asked(page)
    words = page.inner_text("#result")
    assert "企业类型为成长期" in words
    assert re.search(r"\d+家企业同在两组", page.inner_text("main"))


def test_the_builder_works_without_scripts(browser, site):
    context = browser.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{site.url}/accounts/login/")
    page.fill("input[name=username]", "office")
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.goto(f"{site.url}/analysis/")
    page.get_by_role("button", name="添加条件", exact=True).click()
    page.select_option("#w-0-f", "score.total")
    page.get_by_role("button", name="更新输入框").click()
    page.fill("#w-0-v", "30")
    asked(page)
    assert "最终得分不小于30分" in page.inner_text(".asked")
    context.close()
