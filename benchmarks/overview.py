"""首页总览 over 100,000 firms: one period shown and five, against the bare SQL; public pages under eight clients."""

import json
import statistics
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

from benchmarks import Report
from benchmarks.web import get, serving

DATABASE = "overview"
YEARS = (2019, 2020, 2021, 2022, 2023)
CLIENTS = 8
TURNS = 20
EMPTY = "/bench-empty/"
PAGES = ("/", "/rankings/", "/announcements/", "/honours/", "/method/")
_asked = count()


def run(report: Report) -> None:
    from django.conf import settings

    settings.ALLOWED_HOSTS = ["*"]
    firms = 5_000 if report.quick else 100_000
    show(*load(firms))
    timings(report, f"{firms:,} firms × {len(YEARS)} periods", 20 if report.quick else 60)
    under_load(report, 320 if report.quick else 1600)
    report.note(
        "overview: rendered in process through the whole site, a parameter of its own each time so that no kept page answers; "
        "median. One period shown: the page of the first year; five: of the last. Taken in turn."
    )
    report.note(
        "bare SQL: the slices of the periods shown, read by the driver and their JSON parsed, nothing added up."
    )
    report.note(
        f"load: {CLIENTS} clients at once, gunicorn with two sync workers, a connection a request; empty view and kept pages "
        "in turn, a few dozen requests each, so that whatever else the machine does falls on all of them."
    )


def load(firms: int) -> tuple:
    """The office's account, and a period a year, each scored and none published yet."""
    from django.db import connection

    from firms.models import User
    from firms.services.catalogue import load_catalogue
    from scoring import schemes
    from scoring.services import load_scheme, open_period, rescore
    from xxgx.demo.scale import load_scale

    start = time.perf_counter()
    load_catalogue(by=None)
    scheme = load_scheme((Path(schemes.__file__).parent / "xinkai-2022-110.toml").read_text(encoding="utf-8"), by=None)
    load_scale(firms, YEARS, entries=1)
    periods = [open_period(year, scheme, by=None) for year in YEARS]
    for period in periods:
        rescore(period, by=None)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    print(f"  {firms:,} firms × {len(YEARS)} years scored ({time.perf_counter() - start:.0f} s)", flush=True)
    return User.objects.create_user("bench-office", password=None, role="office"), periods


def show(office, periods: list) -> None:
    """Publish these; an honour list for the last of them, and announcements as of some years."""
    from scoring.models import Announcement
    from scoring.policies import USUAL_BANDS
    from scoring.services import announcements, honours, publish

    for period in periods:
        period.refresh_from_db()
        period = publish(period, period.runs.get(), by=office)
    honours.issue(period, USUAL_BANDS, version=period.version, by=office)
    for number in range(200 - Announcement.objects.count()):
        made = announcements.draft(kind="notice", title=f"第{number}号", body="正文。\n\n" * 20, by=office)
        announcements.publish(made, version=made.version, by=office)


def timings(report: Report, where: str, rounds: int) -> None:
    """Pages of one period and of five, and the bare SQL of either, in turn."""
    from django.contrib.auth.models import AnonymousUser
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from scoring.models import EvaluationPeriod
    from scoring.presenters import run_sums
    from scoring.presenters.overview import overview

    client = Client()
    columns = "run_id, stage, cluster, park, firms, total_sum, sums::text, histogram::text"
    select = f"SELECT {columns} FROM scoring_runslice WHERE run_id = ANY(%s) AND status = 'scored'"
    runs = list(EvaluationPeriod.objects.published().order_by("year_id").values_list("published_run_id", flat=True))

    def page(year: int) -> None:
        assert client.get("/", {"year": year, "measure": f"none{next(_asked)}"}).status_code == 200

    def bare(runs: list) -> None:
        with connection.cursor() as cursor:
            cursor.execute(select, [runs])
            for row in cursor.fetchall():
                json.loads(row[6])
                json.loads(row[7])

    def first() -> None:
        run_sums._known.clear()
        page(YEARS[-1])

    shown, queries = {}, {}
    for year in (YEARS[0], YEARS[-1]):
        page(year)
        shown[year] = len(overview(AnonymousUser(), year).charts["trend"].rows)
        with CaptureQueriesContext(connection) as captured:
            page(year)
        queries[year] = len(captured)
    assert list(shown.values()) == [1, len(YEARS)]
    seconds = in_turn(
        rounds, lambda: page(YEARS[0]), lambda: page(YEARS[-1]), lambda: bare(runs[:1]), lambda: bare(runs), first
    )
    one, five, sql_one, sql_five, cold = map(statistics.median, seconds)
    # Of the two beside each other in time: a busy moment slows both.
    ratio = statistics.median(b / a for a, b in zip(*seconds[:2], strict=True))
    report.add(f"overview rendered, {where}, 1 period shown", one * 1000, "ms")
    report.add("overview rendered, 5 periods shown", five * 1000, "ms")
    report.add("rendered, 5 periods ÷ 1", ratio, "×", "≤ 1.3 (independent of the periods shown)", ratio <= 1.3)
    report.add("bare SQL of the slices of 1 period", sql_one * 1000, "ms")
    report.add("bare SQL of the slices of 5 periods", sql_five * 1000, "ms")
    report.add("rendered ÷ bare SQL, 1 period", one / sql_one, "×")
    report.add("rendered ÷ bare SQL, 5 periods", five / sql_five, "×")
    report.add("a process's first page, 5 periods (no run summed yet)", cold * 1000, "ms")
    counts = list(queries.values())
    report.add("queries a page, 1 and 5 periods", "、".join(map(str, counts)), "", "the same", len(set(counts)) == 1)


def in_turn(rounds: int, *calls: Callable[[], None]) -> list[list[float]]:
    """Seconds of each call, turn by turn."""
    seconds: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, found in zip(calls, seconds, strict=True):
            start = time.perf_counter()
            call()
            found.append(time.perf_counter() - start)
    return seconds


def under_load(report: Report, requests: int) -> None:
    """p95 of every public page, kept, and of the overview rendered anew each time, against the empty view's."""
    with serving(workers=2) as port:
        for path in (EMPTY, *PAGES):
            get(port, path)
            get(port, path)
        found: dict[str, list[float]] = {}
        for _turn in range(TURNS):
            for path in (EMPTY, *PAGES):
                found.setdefault(path, []).extend(at_once(port, requests // TURNS, lambda path=path: path))
            fresh = at_once(port, CLIENTS, lambda: f"/?measure=none{next(_asked)}")
            found.setdefault("rendered", []).extend(fresh)
    empty = p95(found[EMPTY])
    report.add(f"p95 of an empty view, {CLIENTS} clients", empty * 1000, "ms")
    for path in PAGES:
        ratio = p95(found[path]) / empty
        report.add(f"p95 of {path} ÷ empty, {CLIENTS} clients", ratio, "×", "≤ 3", ratio <= 3)
    report.add(f"p95 of the overview rendered anew, {CLIENTS} clients", p95(found["rendered"]) * 1000, "ms")


def p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[18]


def at_once(port: int, requests: int, path: Callable[[], str]) -> list[float]:
    """Seconds of each of ``requests`` answers to clients who each ask again as soon as they are answered."""
    seconds: list[float] = []
    wrong: list[int] = []

    def client() -> None:
        for _ in range(requests // CLIENTS):
            reply = get(port, path())
            seconds.append(reply.seconds)
            if reply.status != 200:
                wrong.append(reply.status)

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise RuntimeError(f"answers {set(wrong)} instead of 200")
    return seconds
