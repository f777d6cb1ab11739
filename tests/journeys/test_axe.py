"""axe-core finds nothing on any page anybody reaches: at a desk and on a phone, in Chinese and, for a part, in English."""

import re
from collections import Counter

import pytest
from playwright.sync_api import Error

from tests.journeys.conftest import DESKTOP, PHONE, ROOT
from tests.journeys.test_public import paths_on
from tests.journeys.test_width import DOORS, NOT_BY_LINKS, PEOPLE, kind
from tests.test_access import TABLE

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
FIND = """async (rules) => (await axe.run(document, { runOnly: rules, resultTypes: ["violations"] })).violations.flatMap(
  (one) => one.nodes.slice(0, 3).map((node) => `${one.id}: ${node.html.slice(0, 120)} ${(node.any[0] || node.all[0] || node.none[0] || {}).message || ""}`))"""
WRONG = ("/nowhere/", "/firms/91410700XXGX99999X/", "/rankings/?cursor=x")  # pages of refusal
ENGLISH = ("", "office", "firm-one")  # whose pages are looked at in English too
SOME = 12  # pages each, there

# Kinds of which one leads to what another does not: a draft can be edited, what is done cannot.
MORE = {"firms:claim": 10, "scoring:announcement": 6}

_opened: Counter[str] = Counter()

pytestmark = pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed (npm ci)")


def violations(page) -> list[str]:
    found = []
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        page.evaluate(AXE.read_text())  # by the browser's own console: the page's policy holds for everything else
        found += [f"{size['width']} px: {one}" for one in page.evaluate(FIND, RULES)]
    page.set_viewport_size(DESKTOP)
    return found


def look(visitor, most: int = 500) -> tuple[list[str], dict[str, list[str]]]:
    """One page of each kind, by way of links; and what axe says of those it does not like."""
    waiting = [*DOORS, *WRONG]
    queued, seen, wrong = set(waiting), [], {}
    while waiting and len(seen) < most:
        path = waiting.pop(0)
        name = path if path in WRONG else kind(path)
        opened = seen.count(name) if most < 500 or name in MORE else _opened[name] + seen.count(name)
        if not name or (opened >= MORE.get(name, 1) and (path not in DOORS or name in seen)):
            continue
        page = visitor.page
        try:
            answer = page.goto(visitor.site.url + path)
        except Error as error:  # a file after all: the browser takes it and stays where it was
            if "Download is starting" in str(error) or "ERR_ABORTED" in str(error):
                continue
            raise
        if "html" not in answer.headers.get("content-type", ""):
            continue
        seen.append(name)
        if faults := violations(page):
            wrong[path] = faults
        found = [one for one in paths_on(page) if one not in queued]
        queued.update(found)
        waiting += found
    _opened.update(seen)
    return seen, wrong


@pytest.mark.parametrize("username", PEOPLE, ids=lambda name: name or "public")
def test_no_page_has_a_fault(visit, username):
    visitor = visit()
    if username:
        visitor.sign_in(username)
    seen, wrong = look(visitor)
    assert seen
    assert wrong == {}


@pytest.mark.parametrize("username", ENGLISH, ids=lambda name: name or "public")
def test_no_english_page_has_a_fault(visit, username):
    visitor = visit()
    visitor.open("/language/en/")
    if username:
        visitor.sign_in(username)
    seen, wrong = look(visitor, SOME)
    assert len(seen) == SOME
    assert visitor.page.evaluate("document.documentElement.lang") == "en"
    assert wrong == {}


# Pages one comes to otherwise than by a link of a page.
# Pages that only lead to another, which is looked at.
ELSEWHERE = re.compile(r"^(livez|readyz|favicon|home|language|language_script)$|:(api-|logout$|locked$|my_|\w+_pdf$)")


def test_every_page_was_looked_at():
    if "scoring:office" not in _opened or "firms:report" not in _opened:
        pytest.skip("says something only after the sweep")
    pages = {name for name, (_who, method, _arguments) in TABLE.items() if method == "get"}
    left = sorted(name for name in pages - set(_opened) if not NOT_BY_LINKS.search(name) and not ELSEWHERE.search(name))
    assert " ".join(left) == ""


def test_a_fault_is_found(visit):
    """The negative control."""
    page = visit().open("/")
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"/favicon.ico\"><input>')")
    assert {fault.split(": ")[1] for fault in violations(page)} >= {"image-alt", "label"}
