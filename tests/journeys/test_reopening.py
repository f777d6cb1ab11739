"""An accepted form is opened again by two officers: whoever asks does not decide."""

from playwright.sync_api import expect

YEAR = 2024


def test_one_asks_and_another_decides(visit):
    first, second = visit(), visit()
    first.sign_in("office")
    page = first.open(f"/office/review/?year={YEAR}&state=accepted")
    first.follow(page.locator("main tbody tr .card-title a").last)
    form = page.url.split("?")[0].removeprefix(first.site.url)
    firm = page.locator(".page-head h1").inner_text().split(" ")[0].split("\n")[0]
    page.fill("#id_reopen", "企业来函更正研发投入")
    first.press("申请重新开放")
    first.open(form)
    expect(page.locator("section[aria-labelledby=reopening]")).to_contain_text("须由另一位工作人员复核")
    expect(page.get_by_role("button", name="同意重新开放")).to_have_count(0)

    # The other one is told, and is led to the form.
    second.sign_in("office-two")
    second.told(f"重新开放申请待复核：{firm}")
    theirs = second.page
    assert theirs.url.endswith(form)
    decide = theirs.locator("form", has=theirs.get_by_role("button", name="同意重新开放"))
    address = decide.get_attribute("action")

    # Whoever asked cannot, not even past the page.
    token = page.locator("input[name=csrfmiddlewaretoken]").first.input_value()
    answer = first.context.request.post(
        first.site.url + address,
        form={"granted": "1", "note": "", "csrfmiddlewaretoken": token},
        headers={"Referer": first.site.url + form},
    )
    assert answer.status == 403
    assert "不能复核自己提出的申请" in answer.text()
    theirs.reload()
    expect(theirs.get_by_role("button", name="同意重新开放")).to_be_visible()

    theirs.fill("#id_note", "来函已核")
    second.press("同意重新开放")
    second.open(form)
    expect(theirs.locator(".page-head h1")).to_contain_text("已退回")
    expect(theirs.locator("section[aria-labelledby=events]")).to_contain_text("来函已核")
    first.told(f"重新开放申请已同意：{firm}")
    assert page.url.endswith(form)
