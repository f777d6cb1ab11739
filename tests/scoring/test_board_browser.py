"""The board in a real browser for as long as a test lasts: nothing grows, nothing is lost while the server is away."""

import logging
import threading
import time

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.urls import reverse

from scoring.presenters import board as presenter
from scoring.services import publish, rescore
from tests.journeys.conftest import CHROMIUM, FLAGS
from tests.scoring import zone
from tests.scoring.pages import published

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (apt-get install chromium)"),
]
log = logging.getLogger(__name__)
HALL = {"width": 960, "height": 540}  # the smaller the sooner drawn
FAST = 0.02  # seconds between refreshes, where a hall has thirty
REDRAWN = 500


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    presenter._kept.clear()
    # Playwright's own loop runs in this thread; what the tests ask of the database waits for nothing in it.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture
def browser(transactional_db):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.0"  # a connection a request: a server that has stopped answers nobody

    def log_message(self, *args):
        pass


class Server:
    """The site on a port of its own; it can be stopped and another one started at the same address."""

    def __init__(self, port=0):
        memory = {one.alias: one for one in connections.all() if one.vendor == "sqlite" and one.is_in_memory_db()}
        for one in memory.values():
            one.inc_thread_sharing()  # and never less: a request may still be closing when the test is over
        self.server = ThreadedWSGIServer(("127.0.0.1", port), Quiet, connections_override=memory)
        self.server.set_app(StaticFilesHandler(get_wsgi_application()))
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Hall:
    """A browser at the board, refreshing fast; what its console complains of; whether it was loaded anew."""

    def __init__(self, browser, url, seconds=FAST, **options):
        self.url = url
        self.context = browser.new_context(viewport=HALL, locale="zh-CN", **options)
        self.page = self.context.new_page()
        self.complaints = []
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.asked = 0
        self.loads = 0
        self.page.on("load", self._loaded)
        self.page.on("request", self._count)
        self.page.route("**/board/", lambda route: self._faster(route, seconds))

    def _count(self, request):
        self.asked += request.url.endswith("data.json")

    def _loaded(self, _page):
        self.loads += 1

    def _faster(self, route, seconds):
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('data-seconds="30"', f'data-seconds="{seconds}"'))

    def open(self):
        self.page.goto(self.url + reverse("scoring:board"))
        self.page.evaluate("window.sameLoad = true")
        return self.page

    def until(self, condition, seconds=15):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "waited too long"
            self.page.wait_for_timeout(20)

    def says(self, selector):
        return self.page.inner_text(selector)

    def same_load(self):
        return self.page.evaluate("Boolean(window.sameLoad)")

    def memory(self):
        """What the browser holds after it has thrown away what nobody can reach."""
        devtools = self.context.new_cdp_session(self.page)
        devtools.send("Performance.enable")
        for _ in range(3):
            devtools.send("HeapProfiler.collectGarbage")
        found = {one["name"]: one["value"] for one in devtools.send("Performance.getMetrics")["metrics"]}
        devtools.detach()
        return {name: found[name] for name in ("JSHeapUsedSize", "Nodes", "JSEventListeners")}


def no_network_noise(complaints):
    return [text for text in complaints if "Failed to load resource" not in text]


# Inside the page, so that five hundred pictures cost what drawing them costs: a site that publishes something else at every
# refresh, and one that has nothing new.
CHANGING = """(values) => {
    window.drawn = 0;
    window.fetch = async () => {
        if (window.resting) return new Response(null, { status: 304 });
        const said = structuredClone(values);
        window.drawn += 1;
        said.period.name = `第${window.drawn}次`;
        if (window.drawn % 2) said.leaders.push(said.leaders.shift());
        said.figures[0].value = String(window.drawn);
        return new Response(JSON.stringify(said), { headers: { ETag: `"${window.drawn}"` } });
    };
}"""


def settled(hall):
    """Nothing new for a moment, so that no half-done picture is counted."""
    hall.page.evaluate("window.resting = true")
    hall.page.wait_for_timeout(500)
    found = hall.memory()
    hall.page.evaluate("window.resting = false")
    return found


def test_five_hundred_pictures_later_nothing_has_grown(browser, client):
    published(24, 2022)
    server = Server()
    try:
        hall = Hall(browser, server.url, seconds=0.001)
        page = hall.open()
        page.evaluate(CHANGING, client.get(reverse("scoring:board_data")).json())

        def drawn(count):
            return page.evaluate("window.drawn") >= count

        hall.until(lambda: drawn(100), 60)
        before, start = settled(hall), page.evaluate("window.drawn")
        hall.until(lambda: drawn(start + REDRAWN), 180)
        after = settled(hall)
        log.info("%d pictures: %s before, %s after", REDRAWN, before, after)
        assert int(hall.says("[data-board-period]").strip("第次")) >= start + REDRAWN  # they really were drawn
        assert page.locator("canvas").count() == 2
        assert page.evaluate("document.getAnimations().length") == 1
        assert after["Nodes"] <= before["Nodes"] + 50
        assert after["JSEventListeners"] <= before["JSEventListeners"] + 5
        # One chart that was not given back each time would be tens of kilobytes a picture.
        assert after["JSHeapUsedSize"] <= before["JSHeapUsedSize"] + REDRAWN * 3_000
        assert hall.same_load()
        assert hall.complaints == []
    finally:
        server.stop()


def test_the_server_goes_and_comes_back_and_what_was_published_meanwhile_is_there(browser):
    firms = zone.make_firms(24)
    published(year=2022, firms=firms)
    later = zone.make_period(year=2023, firms=firms)
    run = rescore(later, by=None).run
    server = Server()
    hall = Hall(browser, server.url)
    try:
        page = hall.open()
        hall.until(lambda: "最近核对于" in hall.says("[data-board-status]"))
        figure = hall.says("[data-board-figures] > div:first-child")
        server.stop()
        hall.until(lambda: "起中断" in hall.says("[data-board-status]"))
        assert page.locator(".board-away").count() == 1
        assert hall.says("[data-board-figures] > div:first-child") == figure  # the last picture stays
        publish(later, run, by=None)
        server = Server(server.port)
        hall.until(lambda: "2023年度" in hall.says("[data-board-period]"), 30)
        assert page.locator(".board-away").count() == 0
        assert "最近核对于" in hall.says("[data-board-status]")
        assert hall.same_load()  # without loading the page
        assert no_network_noise(hall.complaints) == []
    finally:
        server.stop()


def test_the_first_publication_appears_on_an_empty_board(browser):
    period = zone.make_period(12, 2022)
    run = rescore(period, by=None).run
    server = Server()
    try:
        hall = Hall(browser, server.url)
        page = hall.open()
        assert page.locator("[data-board-empty]").is_visible()
        publish(period, run, by=None)
        hall.until(lambda: page.locator("[data-board-body]").is_visible())
        assert not page.locator("[data-board-empty]").is_visible()
        assert page.locator("canvas").count() == 2
        assert hall.same_load()
        assert hall.complaints == []
    finally:
        server.stop()


def test_another_version_of_the_site_is_loaded_once(browser, client):
    published(12, 2022)
    server = Server()
    try:
        hall = Hall(browser, server.url)
        page = hall.open()
        values = client.get(reverse("scoring:board_data")).json() | {"version": "another"}
        with page.expect_navigation():
            page.route("**/board/data.json", lambda route: route.fulfill(json=values))
        page.evaluate("window.sameLoad = true")
        asked = hall.asked
        hall.until(lambda: hall.asked >= asked + 20)
        assert hall.same_load()  # two versions behind one address: it does not load itself for ever
    finally:
        server.stop()


def test_at_night_it_loads_itself_anew(browser, client):
    published(12, 2022)
    server = Server()
    try:
        hall = Hall(browser, server.url, seconds=30)
        hall.page.clock.install(time="2024-05-01T10:00:00Z")
        page = hall.open()
        values = client.get(reverse("scoring:board_data")).json()
        noon, night = "Wed, 01 May 2024 10:00:00 GMT", "Wed, 01 May 2024 19:20:00 GMT"
        said = [noon]
        page.route("**/board/data.json", lambda route: route.fulfill(json=values, headers={"Date": said[0]}))
        page.clock.fast_forward("03:00:00")
        later = hall.asked + 2

        def goes_on():
            """Ten seconds at a time: an answer comes in real time, and is given up after fifteen of the clock's."""
            page.clock.run_for(10_000)
            page.wait_for_timeout(100)
            return hall.asked >= later

        hall.until(goes_on, 30)
        assert hall.same_load()
        said[0] = night
        loads = hall.loads
        hall.until(lambda: goes_on() and hall.loads > loads, 30)
    finally:
        server.stop()


def test_out_of_sight_it_rests(browser):
    published(12, 2022)
    server = Server()
    try:
        hall = Hall(browser, server.url)
        page = hall.open()
        hall.until(lambda: hall.asked >= 5)
        page.evaluate("""() => {
            Object.defineProperty(document, "hidden", { value: true, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""")
        page.wait_for_timeout(300)  # one that was on its way may still arrive
        resting = hall.asked
        page.wait_for_timeout(600)
        assert hall.asked == resting
        assert page.evaluate("document.getAnimations().map(a => a.playState)") == ["paused"]
        page.evaluate("""() => {
            Object.defineProperty(document, "hidden", { value: false, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""")
        hall.until(lambda: hall.asked >= resting + 5)
        assert page.evaluate("document.getAnimations().map(a => a.playState)") == ["running"]
    finally:
        server.stop()


def test_who_wants_no_motion_gets_none_and_anybody_may_stop_it(browser):
    published(24, 2022)
    server = Server()
    try:
        still = Hall(browser, server.url, reduced_motion="reduce").open()
        assert still.evaluate("document.getAnimations().length") == 0
        assert still.locator("[data-board-reel] section:visible").count() == 1
        moving = Hall(browser, server.url).open()
        assert moving.evaluate("document.getAnimations().length") == 1
        button = moving.locator("[data-board-pause]")
        button.focus()
        moving.keyboard.press("Enter")
        assert moving.evaluate("document.getAnimations().length") == 0
        assert button.inner_text() == "继续滚动"
        assert button.get_attribute("aria-pressed") == "true"
    finally:
        server.stop()


@pytest.mark.parametrize("size", [(1920, 1080), (1366, 768), (2560, 1440), (3840, 2160)])
def test_the_whole_picture_fits_every_screen_and_its_letters_grow_with_it(browser, size):
    published(24, 2022)
    server = Server()
    try:
        hall = Hall(browser, server.url)
        hall.page.set_viewport_size({"width": size[0], "height": size[1]})
        page = hall.open()
        page.wait_for_timeout(300)
        over = page.evaluate(
            """() => [document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]"""
        )
        assert over == [0, 0]
        scale = size[0] / 1920
        smallest = page.evaluate("""() => Math.min(...[...document.querySelectorAll("body *")]
            .filter((e) => e.checkVisibility() && !e.closest("svg, .board-hidden, .board-table, [data-board-words], script, noscript") &&
                [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))
            .map((e) => parseFloat(getComputedStyle(e).fontSize)))""")
        assert smallest >= 24 * scale - 0.1
        figure = page.evaluate("parseFloat(getComputedStyle(document.querySelector('.board-figures strong')).fontSize)")
        assert figure >= 56 * scale
        cut = page.evaluate("""() => [...document.querySelectorAll(".board-panel:not(.board-leaders), .board-figures > div")]
            .filter((e) => e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1).map((e) => e.className)""")
        assert cut == []
    finally:
        server.stop()
