"""Rescore database → database, beside a bare COPY out and in of the same rows; growth; and a loop through the ORM.

Runs in the big zone that the ranking benchmarks share. Smaller cohorts are years of their own, with the facts of its
first firms; their runs are rolled back, so that the zone is left as it was.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import Report, apart, timed

DATABASE = "zone"
SIZES = (1_000, 10_000, 100_000, 500_000)
FIRST_YEAR = 1960  # years of the smaller cohorts, two apart: each has a year before it
MEASURED = 100_000
LIMIT_MB = 1024


def run(report: Report) -> None:
    from benchmarks import zone

    firms = zone.ready(report.quick).firms
    sizes = [size for size in SIZES if size <= firms]
    measured = max(size for size in sizes if size <= MEASURED)
    years = {size: _year_of(size, firms) for size in sizes}
    _ratio(report, measured, years[measured])
    _growth(report, years)
    _orm_loop(report, years[1_000])


def _ratio(report: Report, size: int, year: int) -> None:
    copies, rescores, bare = [], [], []
    for _ in range(3):  # in turn, so that a busy moment of the machine hits both
        copies.append(apart("benchmarks.rescore:copy_out_and_in", year).value)
        rescores.append(apart("benchmarks.rescore:rescore_once", year))
    same = sorted(value["indexed"] for value in copies)[1]
    bare = sorted(value["bare"] for value in copies)[1]
    ours = sorted(one.value["seconds"] for one in rescores)[1]
    peak = max(one.peak_mb for one in rescores)
    report.add(f"COPY out + COPY in, {size:,} firms, same table (indexes, foreign keys)", same, "s")
    report.add(f"COPY out + COPY in, {size:,} firms, table without indexes or keys", bare, "s")
    report.add(f"rescore database → database, {size:,} firms", ours, "s")
    report.add("rescore ÷ COPY out + in", ours / same, "×", "≤ 4", ours / same <= 4)
    report.add("rescore ÷ COPY out + in without indexes or keys", ours / bare, "×")
    report.add(f"peak memory of a rescore, {size:,} firms", peak, "MB", "< 1024", peak < LIMIT_MB)
    for name, seconds in rescores[1].value["parts"].items():
        report.add(f"  of it {name}", seconds, "s")
    report.note(
        "COPY reads the columns a rescore reads (facts of two years, firms, register entries) and writes the run's rows, "
        "straight from memory; medians of three, in turn with three rescores, each in a fresh process."
    )


def _growth(report: Report, years: dict[int, int]) -> None:
    per_firm = {}
    for size, year in years.items():
        one = apart("benchmarks.rescore:rescore_once", year)
        per_firm[size] = one.value["seconds"] / size * 1e6
        report.add(f"growth: {size:,} firms", one.value["seconds"], "s")
        report.add(f"growth: {size:,} firms, per firm", per_firm[size], "µs")
        report.add(f"growth: {size:,} firms, peak memory", one.peak_mb, "MB")
    large = [value for size, value in per_firm.items() if size >= 10_000]
    if len(large) > 1:
        worst = large[-1] / large[0]
        report.add("per firm, largest ÷ 10,000 firms", worst, "×", "≤ 1.5 (linear)", worst <= 1.5)


def _orm_loop(report: Report, year: int) -> None:
    """The engine over a cohort already loaded against a loop that fetches, scores and writes firm by firm."""
    engine = apart("benchmarks.rescore:evaluate_only", year).value
    loop = apart("benchmarks.rescore:loop_through_the_orm", year).value
    whole = apart("benchmarks.rescore:rescore_once", year).value["seconds"]
    report.add("per-firm loop through the ORM, 1,000 firms", loop, "s")
    report.add("engine, 1,000 firms", engine, "s")
    report.add("loop ÷ engine, 1,000 firms", loop / engine, "×", "≥ 100", loop / engine >= 100)
    report.add("loop ÷ whole rescore, 1,000 firms", loop / whole, "×")
    report.note(
        "The loop reads a firm's two fact sheets and its register entries, computes its indicators in plain Python against "
        "references already known, and writes one score: about the least an ORM loop must do."
    )


def _year_of(size: int, firms: int) -> int:
    """The year whose facts are the first ``size`` firms'; made once."""
    from django.db import connection

    from firms.models import DataYear, FactSheet
    from scoring.models import Scheme
    from scoring.services import open_period

    year = FIRST_YEAR + 2 * SIZES.index(size) + 1
    if not FactSheet.objects.filter(year=year).exists():
        from benchmarks.zone import YEARS

        with connection.cursor() as cursor:
            for copied, to in ((YEARS[-2], year - 1), (YEARS[-1], year)):
                cursor.execute(
                    """INSERT INTO firms_factsheet (firm_id, year, "values", winners, conflicts, has_conflicts, version, updated_at)
                       SELECT firm_id, %s, "values", '{}', '{}', false, 1, now() FROM firms_factsheet
                       WHERE year = %s AND firm_id IN (SELECT id FROM firms_firm ORDER BY id LIMIT %s)""",
                    [to, copied, size],
                )
            cursor.execute("ANALYZE firms_factsheet")
        DataYear.objects.get_or_create(year=year)
        open_period(year, Scheme.objects.get(), by=None)
    return year


@contextmanager
def _rolled_back() -> Iterator[None]:
    from django.db import transaction

    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def rescore_once(year: int) -> dict:
    """One whole rescore of a year, timed by part; what it wrote is rolled back."""
    from scoring.models import EvaluationPeriod
    from scoring.services import rescore, runs

    parts: dict[str, float] = {}

    def watched(name: str, function):
        def call(*args):
            start = time.perf_counter()
            result = function(*args)
            parts[name] = parts.get(name, 0) + time.perf_counter() - start
            return result

        return call

    for name in ("load_cohort", "evaluate", "save"):
        setattr(runs, name, watched(name, getattr(runs, name)))
    runs._Digests.of = watched("digests", runs._Digests.of)
    period = EvaluationPeriod.objects.get(year_id=year)
    with _rolled_back():
        start = time.perf_counter()
        result = rescore(period, by=None)
        _check_keys()
        seconds = time.perf_counter() - start
    assert result.created
    return {"seconds": seconds, "parts": parts}


def _check_keys() -> None:
    """Foreign keys are checked at COMMIT; what is rolled back asks for it here, so that it is timed."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


# What a rescore reads, as text to COPY.
_READ = (
    """SELECT s.firm_id, s."values", f.credit_code, f.name, f.name_initials, f.name_pinyin, f.registered_on,
              f.industry_id, f.park_id FROM firms_factsheet s JOIN firms_firm f ON f.id = s.firm_id WHERE s.year = {0}""",
    """SELECT firm_id, "values" FROM firms_factsheet WHERE year = {0} - 1""",
    """SELECT r.firm_id, r.kind, r.category, r.level, r.starts_on, r.ends_on, r.amount, r.quantity
       FROM firms_registerentry r JOIN firms_factsheet s ON s.firm_id = r.firm_id AND s.year = {0}
       WHERE r.voided_at IS NULL""",
)


def copy_out_and_in(year: int) -> dict:
    """Seconds of the bare COPYs, into the same table and into one without indexes or keys."""
    from django.db import connection

    from scoring.assembly import load_cohort, saving
    from scoring.engine import evaluate, parse_scheme
    from scoring.models import EvaluationPeriod, Run

    period = EvaluationPeriod.objects.select_related("scheme").get(year_id=year)
    scheme = parse_scheme(period.scheme.text)
    columns = ", ".join(f'"{name}"' for name in saving.COLUMNS)

    def out(sql: str) -> list[bytes]:
        with connection.cursor() as cursor, cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT binary)") as copy:
            return [bytes(block) for block in copy]

    def into(table: str) -> None:
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN (FORMAT binary)") as copy:
            for block in rows:
                copy.write(block)
        _check_keys()

    with _rolled_back():
        run, other = (
            Run.objects.create(
                period=period,
                number=number,
                scheme=period.scheme,
                scheme_sha256="",
                engine_version="",
                inputs_digest="",
            )
            for number in (0, 1)
        )
        loaded = load_cohort(period, scheme)
        saving.save(run, loaded, evaluate(scheme, loaded.cohort))
        del loaded
        # As rows of a run not written before: deleted ones would still stand in the indexes and slow the COPY down.
        same = columns.replace('"run_id"', f"{other.pk}::bigint")
        rows = out(f"SELECT {same} FROM scoring_score WHERE run_id = {run.pk} ORDER BY id")
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE bare (LIKE scoring_score INCLUDING IDENTITY) ON COMMIT DROP")
        reading = sum(timed(lambda sql=sql: out(sql.format(year)), 1) for sql in _READ)
        bare = timed(lambda: into("bare"), 1)
        indexed = timed(lambda: into("scoring_score"), 1)
    return {"indexed": reading + indexed, "bare": reading + bare, "reading": reading}


def evaluate_only(year: int) -> float:
    """Median seconds of the engine alone, every intermediate and the records included."""
    from scoring.assembly import load_cohort
    from scoring.engine import evaluate, parse_scheme
    from scoring.models import EvaluationPeriod

    period = EvaluationPeriod.objects.select_related("scheme").get(year_id=year)
    scheme = parse_scheme(period.scheme.text)
    cohort = load_cohort(period, scheme).cohort
    return timed(lambda: evaluate(scheme, cohort).records(), 5)


def loop_through_the_orm(year: int) -> float:
    """Seconds of the same work firm by firm: what a straightforward Django command would do."""
    import datetime as dt

    from firms.models import FactSheet, RegisterEntry
    from scoring.models import EvaluationPeriod, Run, Score

    period = EvaluationPeriod.objects.select_related("scheme").get(year_id=year)
    with _rolled_back():
        run = Run.objects.create(
            period=period, number=0, scheme=period.scheme, scheme_sha256="", engine_version="", inputs_digest=""
        )
        first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
        start = time.perf_counter()
        scores = []
        for sheet in FactSheet.objects.filter(year=year).select_related("firm__industry", "firm__park"):
            now = sheet.values
            before = FactSheet.objects.filter(firm=sheet.firm, year=year - 1).first()
            then = before.values if before else {}
            entries = list(RegisterEntry.objects.in_force().filter(firm=sheet.firm))
            held = [e for e in entries if e.starts_on <= last and (e.ends_on is None or e.ends_on >= last)]
            begun = [e for e in entries if first <= e.starts_on <= last]
            points = {}
            for code, value in now.items():
                points[code] = min(max(float(value or 0) / 1000, 0), 1) * 3
                if then.get(code):
                    points[f"{code}.growth"] = min(max((value - then[code]) / abs(then[code]), 0), 1) * 3
            for kind in {entry.kind for entry in held}:
                points[kind] = min(sum(1 for entry in held if entry.kind == kind), 3)
            points["contracts"] = min(float(sum(e.amount or 0 for e in begun if e.kind == "contract")) / 100, 3)
            score = Score.objects.create(
                run=run, firm=sheet.firm, credit_code=sheet.firm.credit_code, name=sheet.firm.name, status="scored",
                total=round(sum(points.values()), 2), dimension_points=[sum(points.values())], detail=b"",
            )  # fmt: skip
            scores.append(score)
        for position, score in enumerate(sorted(scores, key=lambda score: -score.total), 1):
            score.rank = score.position = position
            score.save(update_fields=["rank", "position"])
        return time.perf_counter() - start
