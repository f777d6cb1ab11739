"""Whole errands by keyboard alone: Tab, Enter, Space and arrows; no mouse, no script that sets the focus. It is always seen."""

import io
import pathlib

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_main_job import YEAR
from xxgx.demo.accounts import PASSWORD

STEPS = 400  # Tabs from one thing to another: more is a trap or a page nobody goes through by keys
SEEN = """() => {
  const one = document.activeElement;
  const shows = (style) => (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== "none";
  const drawn = [one, one.nextElementSibling, ...one.matches("input") ? [one.closest("label")] : []].filter(Boolean);
  if (one.matches("input[type=file]") && one.parentElement) drawn.push(...one.parentElement.children);
  const box = one.getBoundingClientRect();
  return { shown: drawn.some((each) => shows(getComputedStyle(each))), inside: box.bottom > 0 && box.top < innerHeight && box.right > 0
    && box.left < innerWidth, what: one.outerHTML.slice(0, 160) };
}"""


class Keys:
    """Somebody with a keyboard. Every step ``to`` something asserts that one sees where one is."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def to(self, selector: str, key: str = "Tab") -> None:
        """Tab until the focus stands on it; what the page shows first is reached first."""
        for _ in range(STEPS):
            self.press(key)
            if self.page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                break
        else:
            raise AssertionError(f"{selector} is not reached by {key} on {self.page.url}")
        self.seen()

    def seen(self) -> None:
        found = self.page.evaluate(SEEN)
        assert found["shown"], f"no visible focus: {found['what']}"
        assert found["inside"], f"the focus is out of sight: {found['what']}"

    def write(self, text: str) -> None:
        self.press("Control+A")
        self.page.keyboard.type(text)

    def go(self, key: str = "Enter") -> None:
        """A key that leads to another page."""
        with self.page.expect_navigation():
            self.press(key)

    def past_the_head(self) -> None:
        """The first Tab of a page offers to go past its head."""
        self.to(".skip-link")
        self.press("Enter")

    def sign_in(self, username: str) -> None:
        self.to("input[name=username]")
        self.write(username)
        self.to("input[name=password]")
        self.write(PASSWORD)
        self.go()


@pytest.fixture
def sit_down(visit):
    """``sit_down("office")``: signed in by keys, on one's home page."""

    def begin(username: str = "", path: str = "/"):
        visitor = visit()
        visitor.page.emulate_media(reduced_motion="reduce")  # what comes into sight does so at once
        keys = Keys(visitor.page)
        visitor.open(path)
        if username:
            keys.to("a.account-login")
            keys.go()
            keys.sign_in(username)
            keys.page.wait_for_url(lambda url: "/accounts/login" not in url)
        return visitor, keys

    return begin


def test_the_control_a_focus_that_is_not_drawn_is_noticed(sit_down):
    _visitor, keys = sit_down()
    keys.page.evaluate("""() => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync("* { outline: none !important; box-shadow: none !important; }");
      document.adoptedStyleSheets = [sheet];
    }""")
    with pytest.raises(AssertionError, match="no visible focus"):
        keys.to("nav.site-nav a[href='/rankings/']")


def test_a_firm_is_found_in_the_ranking_and_opened(sit_down):
    _visitor, keys = sit_down()
    keys.to("nav.site-nav a[href='/rankings/']")
    keys.go()
    keys.past_the_head()
    keys.to("main input[name=q]")
    keys.write("智能")
    keys.go()
    assert "q=" in keys.page.url
    keys.past_the_head()
    keys.to("main td.name a")
    name = keys.page.evaluate("document.activeElement.textContent").strip()
    assert "智能" in name
    keys.go()
    expect(keys.page.locator("h1")).to_contain_text(name)


def test_signing_in_leads_home_and_out_again(sit_down):
    _visitor, keys = sit_down("leader")
    keys.to("details.account summary")
    keys.press("Enter")
    keys.to(".account-menu button")
    keys.go()
    expect(keys.page.locator("a.account-login")).to_be_visible()


def test_a_firm_fills_a_cell_saves_and_submits(sit_down):
    _visitor, keys = sit_down("firm-two")
    page = keys.page
    keys.past_the_head()
    keys.to("main .due-head a.btn")
    keys.go()
    assert "/my/report/" in page.url
    keys.past_the_head()
    keys.to(".cell-text")
    keys.write("3")
    code = page.evaluate("document.activeElement.name").removeprefix("text-")
    keys.to("input[type=radio]")
    keys.press("ArrowRight")  # from the first of its three answers to the second
    chosen = page.evaluate("document.activeElement.value")
    assert chosen != "value"
    keys.press("ArrowLeft")
    keys.seen()
    status = page.locator("[data-status]")
    expect(status).to_contain_text("已保存", timeout=20_000)
    keys.to(".report-bar button[value=save]")
    keys.go("Space")
    expect(page.locator(f"[name=text-{code}]")).to_have_value("3")

    # What is not known is said so, all at once; what stands in the way is named, each with a link to its cell.
    if page.locator(".bar-rest").count():
        keys.past_the_head()
        keys.to(".bar-rest summary")
        keys.press("Enter")
        keys.to(".bar-pop button")
        keys.go()
    for _ in range(len(page.locator("[data-cell]").all())):
        keys.past_the_head()
        keys.to(".report-bar button[value=submit]")
        keys.go()
        if page.url.endswith("/my/"):
            break
        keys.past_the_head()
        keys.to("main .notice-error a[href^='#m-']")
        code = page.evaluate("document.activeElement.hash").removeprefix("#m-")
        keys.press("Enter")
        wrong = page.locator(f"#m-{code} .said-error").count()
        keys.to(f"[name=text-{code}]" if wrong else f"[name=reason-{code}]")
        keys.write("3" if wrong else "本年已无此项，与财务核对一致")
        expect(status).to_contain_text("已保存", timeout=20_000)
    expect(page.locator("main")).to_contain_text("等待积分办审核")

    # Thought better of: taken back, and open again.
    keys.past_the_head()
    keys.to("main .due-head a.btn, main a[href*='/my/report/']")
    keys.go()
    keys.past_the_head()
    keys.to("main details.confirm summary")
    keys.press("Space")
    keys.to("main details.confirm button")
    keys.go()
    expect(page.locator(".report-bar button[value=submit]")).to_be_visible()


def test_a_department_uploads_a_workbook_and_confirms(sit_down, tmp_path):
    visitor, keys = sit_down("dept-hr")
    page = keys.page
    answer = visitor.context.request.get(f"{visitor.site.url}/imports/template/{YEAR}.xlsx")
    path = tmp_path / "人社局报送.xlsx"
    raise_by_one(answer.body(), path)
    keys.to("nav.site-nav a[href='/imports/']")
    keys.go()
    keys.past_the_head()
    keys.to("main a[href='/imports/new/']")
    keys.go()
    keys.past_the_head()
    keys.to("input[name=year]")
    keys.write(str(YEAR))
    keys.to("input[name=file]")
    page.set_input_files("input[name=file]", path)  # the machine's own window for choosing a file is not the page's
    keys.to("main button[type=submit]")
    keys.go()
    page.get_by_text("待确认").first.wait_for()
    expect(page.locator("section[aria-labelledby=decide]")).to_contain_text("变更1行")
    keys.past_the_head()
    keys.to("form[action$='/confirm/'] button")
    keys.go()
    page.get_by_text("确认写入。").first.wait_for(timeout=60_000)


def raise_by_one(template: bytes, path) -> None:
    """The department's own template with one firm's headcount one higher."""
    book = openpyxl.load_workbook(io.BytesIO(template))
    sheet = book.active
    head = next(row for row in sheet.iter_rows() if row[0].value == "统一社会信用代码")
    column = next(cell.column for cell in head if str(cell.value).startswith("年末职工总数"))
    for row in range(head[0].row + 1, sheet.max_row + 1):
        if (sheet.cell(row, column).value or 0) > 100:
            sheet.cell(row, column).value += 1
            break
    book.save(path)


def test_the_office_returns_a_form_with_a_reason(sit_down):
    _visitor, keys = sit_down("office")
    page = keys.page
    keys.to("nav.site-nav a[href='/office/review/']")
    keys.go()
    keys.past_the_head()
    keys.to("main tbody .card-title a")
    keys.go()
    form = page.url.split("?")[0]
    keys.past_the_head()
    keys.to("input[name=cell]")
    keys.press("Space")
    keys.to("main select, main .why input")
    keys.press("ArrowDown")
    keys.to(".why input")
    keys.write("与申报表不一致，请核对")
    keys.to(".decide button:not([formaction])")
    keys.go()
    expect(page.locator(".messages")).to_contain_text("已退回")
    page.goto(form)
    expect(page.locator(".page-head h1")).to_contain_text("已退回")
    expect(page.locator("section[aria-labelledby=events]")).to_contain_text("请核对")


def test_a_leader_asks_a_question_and_takes_the_answer_along(sit_down):
    """A condition built by keys, its answer as a file."""
    _visitor, keys = sit_down("leader")
    page = keys.page
    keys.to("nav.site-nav a[href='/analysis/']")
    keys.go()
    keys.past_the_head()
    keys.to("#builder button[value^='add:']")
    keys.press("Enter")
    chooser = page.locator("#builder .cond .chooser > button")
    expect(chooser).to_be_focused()  # what was asked for is where one is
    keys.seen()
    keys.press("Enter")
    search = page.locator(".chooser-panel input")
    expect(search).to_be_focused()
    keys.write("营业收入")
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(page.locator("#builder .cond-value input")).to_be_visible()
    expect(page.locator(".htmx-request, .htmx-settling, .htmx-swapping")).to_have_count(0)
    keys.to("#builder .cond-value input")
    keys.write("20000")
    keys.to("#builder .build-end button[value=ask]")
    keys.go()
    assert "q=" in page.url
    expect(page.locator("main tbody tr").first).to_be_visible()
    keys.past_the_head()
    keys.to("main a[href*='.xlsx']")
    with page.expect_download() as download:
        keys.press("Enter")
    book = openpyxl.load_workbook(io.BytesIO(pathlib.Path(download.value.path()).read_bytes()))
    said = "\n".join(
        str(value) for row in book.active.iter_rows(max_row=12, values_only=True) for value in row if value
    )
    assert "营业收入" in said
    assert "20,000" in said or "20000" in said
