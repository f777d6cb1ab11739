"""Journeys drive a real browser against the real thing: what ``make demo`` starts, on a database of its own.

Nothing is shared with the other tests: a server process, a worker, a scheduler, a demo zone, once.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("XXGX_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
REDIS_DATABASE = 12  # not the one other tests use: a worker runs here
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


def pytest_itemcollected(item) -> None:
    """As each is found, so that xdist reads the group whatever order its hooks run in: else every process starts a demo of its own."""
    item.add_marker(pytest.mark.journey)
    item.add_marker(pytest.mark.xdist_group("journeys"))  # one server, one worker


def pytest_collection_modifyitems(items) -> None:
    # The sweep of all pages only reads: it goes first, over the demo as it was made, before the others use up what waits.
    items.sort(key=lambda item: Path(item.fspath) != Path(__file__).parent / "test_width.py")


@dataclass(frozen=True)
class Site:
    url: str
    var: Path  # where the demo's sample files lie


# Both live as long as the journeys do, not the session: while Playwright's loop runs in a process Django refuses its database,
# and whatever tests that worker is given afterwards would fail.
@pytest.fixture(scope="package")
def site(tmp_path_factory) -> Iterator[Site]:
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine (apt-get install chromium, or set XXGX_CHROMIUM)")
    var = tmp_path_factory.mktemp("demo")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with _database() as database:
        environment = os.environ | database | {"XXGX_VAR": str(var), "XXGX_DEMO": "1", "LOG_LEVEL": "WARNING"}
        environment |= {"DJANGO_SETTINGS_MODULE": "xxgx.settings", "SECRET_KEY": "journeys-only-" * 5}
        environment |= {"XXGX_DEMO_SITE": f"127.0.0.1:{port}"}  # the made-up public sites, which the demo itself serves
        log = var / "serve.log"
        with log.open("w") as output:
            server = subprocess.Popen(  # noqa: S603
                [sys.executable, "manage.py", "serve", "--prepare", "--port", str(port)],
                cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            try:
                _wait(f"http://127.0.0.1:{port}/readyz", server, log)
                yield Site(f"http://127.0.0.1:{port}", var)
            finally:
                server.send_signal(signal.SIGINT)
                try:
                    server.wait(timeout=30)
                except subprocess.TimeoutExpired:
                    os.killpg(server.pid, signal.SIGKILL)


def _wait(url: str, server: subprocess.Popen, log: Path, seconds: int = 420) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback, whatever proxy is spoken of
    for _ in range(seconds * 2):
        if server.poll() is not None:
            pytest.fail(f"the site did not start:\n{log.read_text()[-4000:]}")
        try:
            with direct.open(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    pytest.fail(f"the site was not ready after {seconds} s:\n{log.read_text()[-4000:]}")


@contextmanager
def _database() -> Iterator[dict[str, str]]:
    """The settings of a fresh database on the backend the tests chose, dropped afterwards."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        yield {"DATABASE_URL": "", "REDIS_URL": ""}
        return
    import psycopg
    from psycopg import sql

    name = sql.Identifier(f"test_journeys_{os.getpid()}")
    settings = {"DATABASE_URL": urlsplit(url)._replace(path=f"/test_journeys_{os.getpid()}").geturl()}
    if redis := os.environ.get("REDIS_URL"):
        settings["REDIS_URL"] = urlsplit(redis)._replace(path=f"/{REDIS_DATABASE}").geturl()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(name))
        try:
            yield settings
        finally:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))


@pytest.fixture(scope="package")
def browser(site: Site):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


class Visitor:
    """One person at a browser of their own. Whatever the console complains about fails the journey."""

    def __init__(self, browser, site: Site, viewport: dict[str, int]) -> None:
        self.site = site
        self.context = browser.new_context(viewport=viewport, locale="zh-CN", timezone_id="Asia/Shanghai")
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))

    def _heard(self, message) -> None:
        # Answers such as 403 and 404, which journeys ask for on purpose, are told on the console too.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def open(self, path: str, status: int = 200):
        response = self.page.goto(self.site.url + path)
        assert response is not None
        assert response.status == status, f"{path}: {response.status}"
        return self.page

    def follow(self, link) -> None:
        """Click what leads to another page, and be there."""
        with self.page.expect_navigation():
            link.click()

    def press(self, name: str, within=None) -> None:
        """Press a button by its words, and be where it leads."""
        self.follow((within or self.page).get_by_role("button", name=name))

    def told(self, title: str) -> None:
        """Open the newest message with these words: where it leads is where the work is."""
        self.open("/messages/")
        self.follow(self.page.get_by_role("button", name=title).first)

    def sign_in(self, username: str):
        from xxgx.demo.accounts import PASSWORD

        self.open("/accounts/login/")
        self.page.fill("input[name=username]", username)
        self.page.fill("input[name=password]", PASSWORD)
        self.page.press("input[name=password]", "Enter")
        self.page.wait_for_url(lambda url: "/accounts/login" not in url)
        return self.page


@pytest.fixture
def visit(browser, site: Site):
    """``visit()`` or ``visit(PHONE)``: a new visitor, not signed in."""
    visitors: list[Visitor] = []

    def new(viewport: dict[str, int] = DESKTOP) -> Visitor:
        visitors.append(Visitor(browser, site, viewport))
        return visitors[-1]

    yield new
    complaints = [complaint for visitor in visitors for complaint in visitor.complaints]
    for visitor in visitors:
        visitor.context.close()
    assert complaints == []
