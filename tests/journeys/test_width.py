"""Every page that anybody reaches by links fits a phone of 390 px: nothing scrolls sideways but a table within its box."""

import re
from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, resolve
from playwright.sync_api import Error, expect

from tests.journeys.conftest import PHONE
from tests.journeys.test_public import paths_on, sideways
from tests.test_access import TABLE

# Whoever has pages of their own, and who has most of them first.
PEOPLE = ("", "office", "firm-one", "dept-tax", "leader", "system", "bank", "security", "audit")
DOORS = ("/", "/home/", "/messages/")  # each with the menu of who opens it
AUDIENCES = 2  # a kind of page is opened by no more of them: it is much the same for the rest
FILES = re.compile(
    r"\.(xlsx|csv|json|zip|pdf|xml|docx)$|/(file|original|letter)/$|^/(static|media|evidence|api/schema)/"
)
OVERFLOWING = """() => {
  const wide = document.documentElement.clientWidth;
  const out = [...document.querySelectorAll("body *")].filter((one) => {
    if (one.getBoundingClientRect().right <= wide + 1) return false;
    for (let up = one.parentElement; up; up = up.parentElement) if (getComputedStyle(up).overflowX !== "visible") return false;
    return true;
  });
  return out.slice(0, 3).map((one) => one.outerHTML.slice(0, 120));
}"""


def kind(path: str) -> str:
    """The name of the page at an address; "" for what is no page of ours, or a file."""
    bare = urlsplit(path).path
    if FILES.search(bare):
        return ""
    try:
        found = resolve(bare)
    except Resolver404:
        return ""
    return found.view_name if found.namespace != "admin" else ""


_OPENED: dict[str, int] = {}  # by how many people a kind of page was opened


def walk(visitor) -> tuple[set[str], dict[str, list[str]]]:
    """One page of each kind opened, by way of links; and of those that do not fit, what sticks out."""
    waiting, seen, wide = list(DOORS), set(), {}
    queued = set(waiting)
    while waiting:
        path = waiting.pop(0)
        name = kind(path)
        if not name or name in seen or (path not in DOORS and _OPENED.get(name, 0) >= AUDIENCES):
            continue
        page = visitor.page
        try:
            page.goto(visitor.site.url + path)
        except Error as error:  # a file after all: the browser takes it and stays where it was
            if "Download is starting" in str(error) or "ERR_ABORTED" in str(error):
                continue
            raise
        seen.add(name)
        if sideways(page) > 0:
            wide[path] = page.evaluate(OVERFLOWING)
        found = [one for one in paths_on(page) if one not in queued]
        queued.update(found)
        waiting += found
    for name in seen:
        _OPENED[name] = _OPENED.get(name, 0) + 1
    return seen, wide


@pytest.mark.parametrize("username", PEOPLE, ids=lambda name: name or "public")
def test_no_page_scrolls_sideways_on_a_phone(visit, username):
    visitor = visit(PHONE)
    if username:
        visitor.sign_in(username)
    seen, wide = walk(visitor)
    assert len(seen) >= 2 + bool(username)
    assert wide == {}


def test_the_menu_is_one_row_and_keys_bring_every_entry_into_sight(visit):
    visitor = visit(PHONE)
    visitor.sign_in("office")
    page = visitor.open("/connectors/")
    entries = page.locator("nav.site-nav a")
    tops = {entry.bounding_box()["y"] for entry in entries.all()}
    assert len(tops) == 1
    here = page.locator("nav.site-nav [aria-current]")
    box = here.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"], "the entry one is at is in sight"
    page.locator("details.account summary").focus()
    for entry in entries.all():
        page.keyboard.press("Tab")
        expect(entry).to_be_focused()
        page.wait_for_function(
            "() => { const box = document.activeElement.getBoundingClientRect(); return box.left >= 0 && box.right <= innerWidth; }",
            timeout=5_000,
        )


def test_the_tab_one_is_at_is_in_sight(visit):
    visitor = visit(PHONE)
    visitor.sign_in("office")
    page = visitor.open("/conflicts/sources/")
    box = page.locator(".tabs [aria-current]").bounding_box()
    assert box["x"] + box["width"] <= PHONE["width"]


# What no link of a page leads to: files, what scripts ask for, answers to what was sent, addresses that come by mail.
NOT_BY_LINKS = re.compile(
    r"_(export|template|workbook|file|refused|letter|original|done|confirm|codes|set|changed|code|result|script|data|feed|ping|preview)$"
    r"|:(evidence|invitation|job|batch_forecast)$"
)


def test_every_page_of_collecting_is_reached_by_links():
    """So that the sweep above is one of all pages, and nothing is made that nobody finds."""
    if "firms:coverage" not in _OPENED or "firms:report" not in _OPENED:
        pytest.skip("says something only after the sweep")
    pages = {
        name for name, (_who, method, _arguments) in TABLE.items() if method == "get" and name.startswith("firms:")
    }
    assert {name for name in pages - set(_OPENED) if not NOT_BY_LINKS.search(name)} == set()
