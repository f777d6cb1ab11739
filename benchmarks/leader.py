"""领导驾驶舱 and the pages of one firm over 100,000 firms: first and later views, beside what two runs cost in bare SQL.

The zone is the one 多维检索 is measured on. Rendered in process through the whole site, signed in; all of a turn is timed one
after the other, so that a busy moment falls on all of it. The bars are on CPU time and on ratios, which other work on the
machine stretches least.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

from benchmarks import Report, apart

DATABASE = "analysis"
FIRSTS = 3
LATER = {"dashboard": 300, "risk list": 300, "list of a move": 300}  # ms
TURNS = 9
# What the dashboard would ask of the scores at every view, had it no arrays: who moved where, and who fell.
BARE = (
    """
    SELECT CASE WHEN old.id IS NULL THEN 'none' WHEN old.status = 'scored' THEN old.stage ELSE old.status END,
           CASE WHEN now.status = 'scored' THEN now.stage ELSE now.status END, COUNT(*)
    FROM scoring_score now LEFT JOIN scoring_score old ON old.firm_id = now.firm_id AND old.run_id = %(before)s
    WHERE now.run_id = %(now)s GROUP BY 1, 2;
""",
    """
    SELECT now.firm_id, old.total, now.total, old.rank, now.rank
    FROM scoring_score now JOIN scoring_score old ON old.firm_id = now.firm_id AND old.run_id = %(before)s
    WHERE now.run_id = %(now)s AND now.rank IS NOT NULL AND old.rank IS NOT NULL
      AND (now.total <= old.total - 10 OR now.rank >= old.rank + 50)
""",
)


def run(report: Report) -> None:
    from benchmarks.analysis import YEARS, _ready

    firms = _ready(report.quick)
    last = YEARS[-1]
    for year in YEARS[-2:]:
        apart("benchmarks.leader:prepare", year)
    where = f"{firms:,} firms × {len(YEARS)} periods"
    pages = _pages(last)
    _firsts(report, f"dashboard, first view of a process, {where}", 2.0, f"/leader/?year={last}")
    for name in ("portrait", "target, asked"):
        _firsts(report, f"{name}, first view of a process", None, *pages[name])
    _laters(report, pages, where, last)
    report.note(
        f"First: a fresh process each, Django and the addresses set up, nothing of any run at hand, best of {FIRSTS}. A run's columns "
        f"and how its firms stand were made by the job, as every large run's are. Later: the best and the median of {TURNS} turns."
    )
    report.note(
        "Bare SQL: the two questions over two runs that the dashboard answers from arrays (who moved between the types, who fell "
        "by the usual thresholds), rows fetched. The page asks for what may change at any time (figures missing, forms overdue, "
        "coverage, budgets) anew at every view."
    )


def _firsts(report: Report, name: str, most: float | None, path: str, data: dict[str, str] | None = None) -> None:
    found = [apart("benchmarks.leader:first", path, data).value for _ in range(FIRSTS)]
    seconds, cpu = (min(times) for times in zip(*found, strict=True))
    report.add(name, seconds, "s")
    target = f"≤ {most:g} (a page still waited for, once a process)" if most else ""
    report.add("  its CPU time", cpu, "s", target, cpu <= most if most else None)


def _laters(report: Report, pages: dict[str, tuple[str, dict[str, str] | None]], where: str, last: int) -> None:
    client = _client()
    calls: dict[str, Callable[[], Any]] = {
        name: lambda path=path, data=data: _ask(client, path, data)  # type: ignore[misc]
        for name, (path, data) in pages.items()
    }
    calls["bare SQL"] = _bare(last)
    taken: dict[str, list[float]] = {name: [] for name in calls}
    cpu: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(TURNS + 1):
        for name, call in calls.items():
            start, used = time.perf_counter(), time.process_time()
            call()
            if turn:
                taken[name].append(time.perf_counter() - start)
                cpu[name].append(time.process_time() - used)
    few, many = (_queries(client, page) for page in ((f"/leader/?year={last}", None), pages["dashboard"]))
    for name, seconds in taken.items():
        report.add(f"{name}, {where}, best", min(seconds) * 1000, "ms")
        report.add(f"{name}, median", statistics.median(seconds) * 1000, "ms")
        if name == "bare SQL":
            continue
        used, most = statistics.median(cpu[name]) * 1000, LATER.get(name)
        target = f"≤ {most} (answers before it is waited for)" if most else ""
        report.add(f"{name}, CPU time", used, "ms", target, used <= most if most else None)
    ratio = statistics.median(p / b for p, b in zip(taken["dashboard"], taken["bare SQL"], strict=True))
    report.add("dashboard ÷ bare SQL, turn by turn", ratio, "×", "≤ 1 (arrays pay for themselves)", ratio <= 1)
    report.add("queries of the dashboard, usual and lowest thresholds", f"{few}、{many}", "", "the same", few == many)
    for name in ("risk list", "list of a move", "portrait", "peers", "simulated", "target, asked", "firm file"):
        report.add(f"queries, {name}", _queries(client, pages[name]), "")


def _pages(year: int) -> dict[str, tuple[str, dict[str, str] | None]]:
    """Address and, of a form sent, its figures. The firm is one in the middle of the ranking."""
    from scoring.models import EvaluationPeriod, Score
    from scoring.presenters.own.target import SHARES

    run = EvaluationPeriod.objects.get(year=year).published_run
    firm = Score.objects.get(run=run, position=run.ranked // 2).credit_code
    figures = {"m-revenue": "5000", "m-rd_expense": "900"}
    return {
        # The lowest thresholds: about as many firms at risk as there can be.
        "dashboard": (f"/leader/?year={year}&score=1&rank=1", None),
        "risk list": (f"/leader/firms/?year={year}&risk=all", None),
        "list of a move": (f"/leader/firms/?year={year}&move=up", None),
        "portrait": (f"/firms/{firm}/portrait/?year={year}", None),
        "peers": (f"/firms/{firm}/peers/?year={year}", None),
        "simulated": (f"/firms/{firm}/simulate/?year={year}", figures),
        "target, asked": (f"/firms/{firm}/target/?year={year}", {"kind": f"top{SHARES[-1]}"}),
        "firm file": (f"/files/{firm}/", None),
    }


def _client() -> Any:
    from django.conf import settings
    from django.test import Client

    from firms.models import Role, User

    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    client.force_login(User.objects.get_or_create(username="bench-leader", defaults={"role": Role.OFFICE})[0])
    assert client.get("/messages/").status_code == 200
    return client


def _ask(client: Any, path: str, data: dict[str, str] | None) -> None:
    answer = client.post(path, data) if data else client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)


def _queries(client: Any, page: tuple[str, dict[str, str] | None]) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        _ask(client, *page)
    return len(captured)


def _bare(year: int) -> Callable[[], None]:
    from django.db import connection

    from scoring.models import EvaluationPeriod

    runs = dict(EvaluationPeriod.objects.values_list("year_id", "published_run_id"))

    def ask() -> None:
        with connection.cursor() as cursor:
            for sql in BARE:
                cursor.execute(sql, {"now": runs[year], "before": runs[year - 1]})
                cursor.fetchall()

    return ask


# ---- in a process of their own
def prepare(year: int) -> None:
    """What the job does after a large run."""
    from scoring.models import EvaluationPeriod
    from scoring.services.analysis import ready

    ready.make(EvaluationPeriod.objects.get(year=year).published_run_id)


def first(path: str, data: dict[str, str] | None) -> tuple[float, float]:
    """Seconds, and seconds of this process's CPU."""
    client = _client()
    start, used = time.perf_counter(), time.process_time()
    _ask(client, path, data)
    return time.perf_counter() - start, time.process_time() - used
