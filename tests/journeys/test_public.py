"""Anybody, on a phone or at a desk: every public page opens, fits, links nowhere dead, and works by keyboard."""

import re
from urllib.parse import urldefrag, urlsplit

import pytest

from tests.journeys.conftest import DESKTOP, PHONE

START = ("/", "/board/", "/rankings/", "/method/", "/accounts/login/", "/api/docs/")
# Pages of one kind look alike: enough of each to see whether one breaks.
ENOUGH = {"firms": 6, "rankings": 14}


def paths_on(page) -> list[str]:
    links = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
    own = [urlsplit(urldefrag(link).url) for link in links if urlsplit(link).netloc == urlsplit(page.url).netloc]
    own = [link for link in own if not link.path.startswith("/language/")]  # a switch, not a page
    return [f"{link.path}?{link.query}" if link.query else link.path for link in own]


def sideways(page) -> int:
    """How many pixels the page itself scrolls sideways."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def crawl(visitor) -> dict[str, int]:
    """Open every page reachable from the start; path → pixels of sideways scroll. A dead link fails at once."""
    waiting, seen, kinds = list(START), {}, {}
    while waiting:
        path = waiting.pop(0)
        kind = urlsplit(path).path.strip("/").split("/")[0]
        kinds[kind] = kinds.get(kind, 0) + 1
        if path in seen or kinds[kind] > ENOUGH.get(kind, 10):
            continue
        page = visitor.open(path)
        seen[path] = sideways(page)
        waiting += [found for found in paths_on(page) if not found.startswith(("/static/", "/admin/", "/api/schema"))]
    return seen


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_no_public_page_scrolls_sideways_and_no_link_is_dead(visit, viewport):
    seen = crawl(visit(viewport))
    kinds = {path.split("?")[0].strip("/").split("/")[0] for path in seen}
    assert {"", "rankings", "method", "firms", "accounts", "api"} <= kinds
    assert {path: pixels for path, pixels in seen.items() if pixels > 0} == {}


def test_every_page_says_it_is_demo_data_and_is_in_chinese(visit):
    visitor = visit()
    for path in START:
        page = visitor.open(path)
        assert page.locator("text=演示数据").first.is_visible()
        assert page.get_attribute("html", "lang") == "zh-CN"
        assert re.search("[\u4e00-\u9fff]", page.title())
        assert page.locator("h1").count() == 1


def test_the_latest_period_is_not_public(visit):
    page = visit().open("/")
    assert "2024" not in page.inner_text("main")
    visit().open("/rankings/?year=2024", status=404)


def test_the_ranking_works_by_keyboard_alone(visit):
    visitor = visit()
    page = visitor.open("/rankings/")
    page.keyboard.press("Tab")
    assert "跳到正文" in page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "q":
            break
    assert page.evaluate("document.activeElement.name") == "q", "the search box is not reached by Tab"
    outline = page.evaluate(
        "getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).boxShadow"
    )
    assert outline != "nonenone", "the focus is not shown"
    page.keyboard.type("科技")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=*")
    names = page.locator("main table tbody tr").all_inner_texts()
    assert names
    assert all("科技" in name for name in names)


def test_filters_stay_in_the_address_and_survive_paging(visit):
    visitor = visit()
    page = visitor.open("/rankings/?stage=growth")
    rows = page.locator("main table tbody tr").all_inner_texts()
    assert rows
    assert all("成长期" in row for row in rows)
    following = page.locator("a[rel=next]").first
    following.click()
    page.wait_for_load_state()
    assert "stage=growth" in page.url
    assert all("成长期" in row for row in page.locator("main table tbody tr").all_inner_texts())
