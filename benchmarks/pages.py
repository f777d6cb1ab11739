"""The public ranking page over 500,000 firms × 3 published periods, as a visitor's browser asks for it.

Served by gunicorn with one sync worker; the client is one process on loopback that opens a connection, sends the request
and reads the answer, so that requests a second = 1 ÷ seconds a request. The empty view stands behind the same middleware.
Requests of both kinds alternate, so that whatever else the machine does falls on both.
"""

import re
import statistics
from collections.abc import Callable

from benchmarks import Report, zone
from benchmarks.web import get, serving

DATABASE = "zone"
PATH = "/rankings/"
EMPTY = "/bench-empty/"


def run(report: Report) -> None:
    loaded = zone.ready(report.quick)
    where = f"{loaded.firms:,} firms × {len(loaded.years)} periods"
    queries(report, loaded)
    rounds = 60 if report.quick else 200
    with serving() as port:
        rendered(report, port, rounds, where, loaded.firms)
        kept(report, port, rounds)
    report.note(
        "rendered: pages nobody asked for before (each begins at another firm), so nothing comes from what is kept."
    )
    report.note(
        "kept: what a published run lets the site cache whole; the pointers of publication are read every time."
    )
    report.note(
        "gunicorn, one sync worker, a connection a request; empty view behind the same middleware, alternating."
    )


def queries(report: Report, loaded: zone.Zone) -> None:
    """How many queries pages of every kind take; in process, where they can be counted."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    settings.ALLOWED_HOSTS = ["*"]
    client, counts = Client(), {}
    for label, query in {
        "first": "?",
        "last": "?cursor=last",
        "deep": f"?cursor=a{loaded.firms // 2}.{loaded.firms // 2}",
        "stage": "?stage=growth&cursor=last",
        "earlier": f"?year={loaded.years[0]}&cursor=last",
        "search": "?q=科技",
    }.items():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(PATH + query).status_code == 200
        counts[label] = len(captured)
    most = max(counts.values())
    report.add(
        "queries a page: " + "、".join(f"{k} {v}" for k, v in counts.items()),
        most,
        "at most",
        "constant, ≤ 12",
        most <= 12,
    )


def rendered(report: Report, port: int, rounds: int, where: str, firms: int) -> None:
    """Pages rendered from the database, first and last, against the empty view."""
    step = max(firms // (rounds * 4), 1)

    def at(n: int) -> str:
        return f"{PATH}?cursor=a{n * step}.{n * step}"

    empty, page = alternating(port, rounds, lambda n: EMPTY, at)
    report.add("empty Django view", 1 / empty, "requests/s")
    report.add(f"ranking page rendered, {where}", 1 / page, "requests/s")
    report.add("rendered ÷ empty", 100 * empty / page, "%", "≥ 10", empty / page >= 0.10)
    # The two ends of the ranking, each page beginning at another firm, so that no answer is a kept one.
    first, last = alternating(
        port,
        rounds // 2,
        lambda n: f"{PATH}?cursor=a{n + 1}.{n + 1}",
        lambda n: f"{PATH}?cursor=b{firms - n}.{firms - n}",
    )
    report.add("first page", first * 1000, "ms")
    report.add("last page", last * 1000, "ms", "as fast as the first (≤ 1.2 ×)", last <= 1.2 * first)


def kept(report: Report, port: int, rounds: int) -> None:
    """The same page again: whole from the cache, and as 304 for a reader who has it."""
    first = get(port, PATH)
    etag = first.headers["etag"]
    again = get(port, PATH, If_None_Match=etag)
    assert again.status == 304, again.status
    assert not again.body
    empty, cached = alternating(port, rounds, lambda n: EMPTY, lambda n: PATH)
    report.add("kept page ÷ empty", 100 * empty / cached, "%", "≥ 60", empty / cached >= 0.60)
    empty, unchanged = alternating(port, rounds, lambda n: EMPTY, lambda n: PATH, 304, If_None_Match=etag)
    report.add("304 by ETag ÷ empty", 100 * empty / unchanged, "%", "≥ 60", empty / unchanged >= 0.60)
    size = len(re.sub(rb"\s+", b" ", first.body)) / 1024
    report.add("size of the page", size, "KB")


def alternating(
    port: int, rounds: int, one: Callable[[int], str], other: Callable[[int], str], status: int = 200, **headers: str
) -> tuple[float, float]:
    """Median seconds of two kinds of request, taken in turn; headers and ``status`` are the second kind's."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for n in range(rounds + 5):
        a, b = get(port, one(n)), get(port, other(n), **headers)
        if (a.status, b.status) != (200, status):
            raise RuntimeError(f"{one(n)}: {a.status}, {other(n)}: {b.status}")
        if n >= 5:  # the first ones warm up
            seconds[0].append(a.seconds)
            seconds[1].append(b.seconds)
    return statistics.median(seconds[0]), statistics.median(seconds[1])
