"""Reading a ranking of 500,000 firms × 3 periods: any page by seek, words of two characters, constant queries."""

import random
import statistics
import time

from benchmarks import Report

DATABASE = "zone"
WORDS = 200
BUDGET_MS = 50


def run(report: Report) -> None:
    from django.contrib.auth.models import AnonymousUser

    from benchmarks import zone
    from scoring.presenters.ranking import ranking_page

    size = zone.ready(report.quick)
    public = AnonymousUser()
    report.note(
        f"{size.firms:,} firms × {len(size.years)} periods; milliseconds of the whole presenter call (all its queries and "
        "rows made ready for a template), in process, statistics and visibility as after a night's vacuum."
    )
    _pages(report, lambda **conditions: ranking_page(public, **conditions))
    _words(report, lambda **conditions: ranking_page(public, **conditions))


def _pages(report: Report, page) -> None:
    last = page(cursor="last")
    middle = f"a{last.count // 2}.{last.count // 2}"
    first_ms = _milliseconds(lambda: page())
    report.add("first page", first_ms, "ms")
    for name, conditions in {
        "middle page": {"cursor": middle},
        "last page": {"cursor": "last"},
        "worst first": {"sort": "-rank"},
        "by name, last page": {"sort": "name", "cursor": "last"},
        "by a dimension, middle page": {"sort": "innovation", "cursor": middle},
        "one stage, last page": {"stage": "growth", "cursor": "last"},
        "stage × cluster × park, last page": {
            "stage": "mature",
            "cluster": "hydrogen",
            "park": "south",
            "cursor": "last",
        },
    }.items():
        ms = _milliseconds(lambda conditions=conditions: page(**conditions))
        promised = name == "last page"
        report.add(name, ms, "ms", "≤ 1.5 × first" if promised else "", ms <= 1.5 * first_ms if promised else None)
    counts = {
        _queries(lambda conditions=conditions: page(**conditions))
        for conditions in ({}, {"cursor": "last"}, {"cursor": middle}, {"sort": "-name"})
    }
    report.add("queries a page, first, middle, last, other order", max(counts), "", "the same", len(counts) == 1)
    report.add(
        "queries a page with a search word, at most", max(_queries(lambda w=w: page(q=w)) for w in ("科技", "瑾柏")), ""
    )


def _words(report: Report, page) -> None:
    words = _two_characters()
    page(q="科技")
    times, kinds = [], {"index": [], "walk": []}
    for word in words:
        start = time.perf_counter()
        found = page(q=word)
        ms = (time.perf_counter() - start) * 1000
        times.append(ms)
        kinds["walk" if found.count is None else "index"].append(ms)
    p95 = statistics.quantiles(times, n=20)[18]
    report.add(f"two-character search, {len(words)} words, median", statistics.median(times), "ms")
    report.add("two-character search, p95", p95, "ms", f"< {BUDGET_MS}", p95 < BUDGET_MS)
    report.add("two-character search, worst", max(times), "ms")
    for kind, some in kinds.items():
        if some:
            report.add(f"  {len(some)} words answered by {kind}, worst", max(some), "ms")
    report.note(
        "Words: two adjacent characters at a random place of a random firm's name, half of them; two characters that each "
        "occur but seldom together, a tenth; the rest brand names' characters. Common ones are found by walking the ranking, "
        "rare ones by the bigram index."
    )


def _two_characters() -> list[str]:
    from firms.models import Firm

    chance = random.Random(1)
    low, high = Firm.objects.order_by("id").first().pk, Firm.objects.order_by("-id").first().pk
    names = list(Firm.objects.filter(pk__in=chance.sample(range(low, high + 1), WORDS)).values_list("name", flat=True))
    words = []
    for number, name in enumerate(names):
        if number % 10 == 0:
            words.append(chance.choice(name) + chance.choice(names[number - 1]))
        elif number % 2:
            at = chance.randrange(len(name) - 1)
            words.append(name[at : at + 2])
        else:
            words.append(name[3:5])
    return words


def _milliseconds(call, repeat: int = 15) -> float:
    call()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def _queries(call) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        call()
    return len(captured)
