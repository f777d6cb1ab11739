"""多维检索 over 100,000 firms × 5 periods: a list, groups, a pivot; warm and cold; five periods beside one; beside bare SQL.

The bare SQL asks the tables everything else is kept in (scores, fact sheets, register entries) for the same rows and
figures, once a period as the page does, and is what the pages would run if there were no columns.
"""

import statistics
import time
from typing import Any

from benchmarks import Report, apart, timed

DATABASE = "analysis"
YEARS = (2019, 2020, 2021, 2022, 2023)
LIST = {
    "where": {
        "how": "all",
        "children": [
            {"field": "firm.stage", "op": "in", "value": ["growth", "expansion"]},
            {"field": "metric.revenue", "op": "between", "value": [500, 50000]},
            {"field": "metric.rd_expense", "op": "ge", "value": 50},
            {
                "how": "any",
                "children": [
                    {"field": "firm.cluster", "op": "in", "value": ["equipment", "biomedicine"]},
                    {"field": "metric.headcount", "op": "ge", "value": 100},
                ],
            },
        ],
    },
    "columns": [
        "firm.name",
        "firm.credit_code",
        "firm.stage",
        "firm.park",
        "metric.revenue",
        "score.total",
        "score.rank",
    ],
    "sort": [["score.total", "desc"]],
}
GROUPS = {
    "where": {"children": [{"field": "firm.status", "op": "in", "value": ["scored"]}]},
    "rows": "firm.cluster",
    "measures": [{"field": "", "statistic": "count"}]
    + [{"field": "metric.revenue", "statistic": name} for name in ("sum", "mean", "median", "p90")],
}
PIVOT = {
    "where": {"children": [{"field": "firm.status", "op": "in", "value": ["scored"]}]},
    "rows": "firm.stage",
    "across": "firm.park",
    "measures": [{"field": "", "statistic": "count"}, {"field": "metric.rd_expense", "statistic": "sum"}],
}
QUESTIONS = {
    "list of five conditions, first page": LIST,
    "groups with five statistics": GROUPS,
    "pivot of two fields": PIVOT,
}


def run(report: Report) -> None:
    firms = _ready(report.quick)
    _build(report, firms)
    for name, said in QUESTIONS.items():
        _question(report, name, said)
    report.note(
        f"Each question through the service, as a page asks it: who may, which runs, the answer, labels and texts. {firms:,} firms "
        "a period. Warm: the columns are in the process's memory, the question is new (one condition more than any before); again: the same question once more; "
        "cold: the first question of a fresh process, Django set up."
    )
    report.note(
        "What is fixed (permission, runs, fields, texts) is paid once; of a period's arithmetic what does not change with the "
        "question (who meets each condition, orders, groups, whole numbers) is kept by run, so that a new question pays for what "
        "is new in it, and one asked before for nothing."
    )


def _ready(quick: bool) -> int:
    from pathlib import Path

    from benchmarks.zone import _settle
    from firms.models import Firm
    from firms.services.catalogue import load_catalogue
    from scoring import schemes
    from scoring.services import load_scheme, open_period, publish, rescore
    from xxgx.demo.scale import load_scale

    firms = 10_000 if quick else 100_000
    if Firm.objects.exists():
        return Firm.objects.count()
    start = time.perf_counter()
    load_catalogue(by=None)
    scheme = load_scheme((Path(schemes.__file__).parent / "xinkai-2022-110.toml").read_text(encoding="utf-8"), by=None)
    load_scale(firms, YEARS, entries=1)
    for year in YEARS:
        period = open_period(year, scheme, by=None)
        result = rescore(period, by=None)
        period.refresh_from_db()
        publish(period, result.run, by=None)
        print(f"  {year} scored and published ({time.perf_counter() - start:.0f} s)", flush=True)
    _settle()
    return firms


def _build(report: Report, firms: int) -> None:
    from scoring.models import Run

    first, *others = Run.objects.order_by("period__year_id").values_list("pk", flat=True)
    one = apart("benchmarks.analysis:build", first)
    report.add(f"columns of one run made, {firms:,} firms", one.value["seconds"], "s")
    report.add("  peak memory", one.peak_mb, "MB")
    report.add("  columns", one.value["columns"], "")
    report.add("  bytes a firm", one.value["bytes"] / firms, "B")
    for pk in others:
        apart("benchmarks.analysis:build", pk)


def _question(report: Report, name: str, said: dict[str, Any]) -> None:
    """One period and five in turn, so that a busy moment of the machine hits both."""
    one, five = list(YEARS[-1:]), list(YEARS)
    warm = apart("benchmarks.analysis:ask_warm", said, one, five).value
    colds = [[apart("benchmarks.analysis:ask_cold", said, years).value for years in (one, five)] for _ in range(3)]
    bare = bare_sql(said, one, five)
    measured = {}
    for at, periods in enumerate(("1 period", "5 periods")):
        new, again = warm["new"][at], warm["again"][at]
        cold = statistics.median(pair[at] for pair in colds)
        measured[at] = (new, again, cold)
        report.add(f"{name}, {periods}, warm", new * 1000, "ms")
        report.add(f"{name}, {periods}, again", again * 1000, "ms")
        report.add(f"{name}, {periods}, cold", cold * 1000, "ms")
        report.add(f"{name}, {periods}, bare SQL", bare[at] * 1000, "ms")
        report.add(f"{name}, {periods}, bare SQL ÷ warm", bare[at] / new, "×")
    new, again, cold = (five_of / one_of for one_of, five_of in zip(*measured.values(), strict=True))
    report.add(f"{name}, 5 periods ÷ 1, question known", again, "×", "≤ 1.5", again <= 1.5)
    report.add(f"{name}, 5 periods ÷ 1, question new", new, "×", "≤ 1.5", new <= 1.5)
    report.add(f"{name}, 5 periods ÷ 1, cold", cold, "×")


# ---- in a process of their own
def build(run_id: int) -> dict[str, float]:
    from django.db.models import Sum
    from django.db.models.functions import Length

    from scoring.assembly import columns
    from scoring.models import Run, RunColumn

    run = Run.objects.select_related("period", "scheme").get(pk=run_id)
    start = time.perf_counter()
    columns.build(run)
    seconds = time.perf_counter() - start
    made = RunColumn.objects.filter(run=run)
    return {"seconds": seconds, "columns": made.count(), "bytes": made.aggregate(n=Sum(Length("data")))["n"]}


def ask_cold(said: dict[str, Any], years: list[int]) -> float:
    user = _office()
    start = time.perf_counter()
    _ask(user, said, years)
    return time.perf_counter() - start


def ask_warm(said: dict[str, Any], *spans: list[int]) -> dict[str, list[float]]:
    """Median seconds of each span of years: a question never asked before, and one asked before."""
    user = _office()
    questions = (_otherwise(said, i) for i in range(1000))
    new: list[list[float]] = [[] for _ in spans]
    again: list[list[float]] = [[] for _ in spans]
    for years in spans:
        _ask(user, said, years)
        _ask(user, next(questions), years)
    for _ in range(9):
        for at, years in enumerate(spans):
            asked = next(questions)
            new[at].append(timed(lambda asked=asked, years=years: _ask(user, asked, years), 1))  # type: ignore[misc]
            again[at].append(timed(lambda years=years: _ask(user, said, years), 1))  # type: ignore[misc]
    return {name: [statistics.median(times) for times in found] for name, found in (("new", new), ("again", again))}


def _otherwise(said: dict[str, Any], i: int) -> dict[str, Any]:
    """The question with one condition more, which has never been asked before."""
    more = {"field": "metric.revenue", "op": "ge", "value": i / 100}
    return {**said, "where": {**said["where"], "children": [*said["where"]["children"], more]}}


def _office() -> Any:
    from firms.models import Role, User

    return User.objects.get_or_create(username="bench", defaults={"role": Role.OFFICE})[0]


def _ask(user: Any, said: dict[str, Any], years: list[int]) -> None:
    from scoring.analysis.query import Query
    from scoring.services.analysis import ask

    result = ask(user, Query.from_json({**said, "periods": years}))
    assert result.answered, (result.problems, result.preparing)
    assert result.total


# ---- the same by SQL
_FACT = "(f.\"values\"->>'{}')::float8"
_OF_LIST = f"""
    FROM scoring_score s JOIN firms_factsheet f ON f.firm_id = s.firm_id AND f.year = %(year)s
    WHERE s.run_id = %(run)s AND s.stage IN ('growth', 'expansion')
      AND {_FACT.format("revenue")} BETWEEN 500 AND 50000 AND {_FACT.format("rd_expense")} >= 50
      AND (s.cluster IN ('equipment', 'biomedicine') OR {_FACT.format("headcount")} >= 100)
"""
_SQL: dict[str, list[str]] = {
    "list": [
        f"SELECT count(*) {_OF_LIST}",
        f"""SELECT s.name, s.credit_code, s.stage, s.park, {_FACT.format("revenue")}, s.total, s.rank {_OF_LIST}
            ORDER BY s.total DESC NULLS LAST LIMIT 50""",
    ],
    "groups": [
        f"""SELECT s.cluster, count(*), sum({_FACT.format("revenue")}), avg({_FACT.format("revenue")}),
                percentile_cont(0.5) WITHIN GROUP (ORDER BY {_FACT.format("revenue")}),
                percentile_cont(0.9) WITHIN GROUP (ORDER BY {_FACT.format("revenue")})
            FROM scoring_score s JOIN firms_factsheet f ON f.firm_id = s.firm_id AND f.year = %(year)s
            WHERE s.run_id = %(run)s AND s.status = 'scored' GROUP BY GROUPING SETS ((s.cluster), ())"""
    ],
    "pivot": [
        f"""SELECT s.stage, s.park, count(*), sum({_FACT.format("rd_expense")})
            FROM scoring_score s JOIN firms_factsheet f ON f.firm_id = s.firm_id AND f.year = %(year)s
            WHERE s.run_id = %(run)s AND s.status = 'scored' GROUP BY CUBE (s.stage, s.park)"""
    ],
}


def bare_sql(said: dict[str, Any], *spans: list[int]) -> list[float]:
    """Median seconds of the SQL that gives the same rows and figures, a statement or two a period, for each span of years."""
    from django.db import connection

    from scoring.models import EvaluationPeriod

    kind = "pivot" if said.get("across") else "groups" if said.get("rows") else "list"
    runs = dict(EvaluationPeriod.objects.values_list("year_id", "published_run_id"))

    def ask(years: list[int]) -> None:
        with connection.cursor() as cursor:
            for year in years:
                for sql in _SQL[kind]:
                    cursor.execute(sql, {"year": year, "run": runs[year]})
                    cursor.fetchall()

    ask(spans[-1])
    taken = [[timed(lambda years=years: ask(years), 1) for years in spans] for _ in range(3)]  # type: ignore[misc]
    return [statistics.median(times) for times in zip(*taken, strict=True)]
