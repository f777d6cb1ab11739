"""Completeness of 100,000 firms: what a count costs, and that the pages ask a constant number of questions."""

from __future__ import annotations

import time
from typing import Any

from benchmarks import Report, timed

DATABASE = "coverage"
FEW, MANY = 1_000, 100_000
YEAR = 2022


def prepare(firms: int) -> None:
    """Firms with sheets and filings of this year and the last: nine tenths have each of twenty metrics, one tenth nothing yet."""
    from django.db import transaction

    from benchmarks.importing_file import credit_code, firm_name
    from firms.models import DataYear, Firm
    from firms.services import bulk
    from firms.services.catalogue import load_catalogue

    load_catalogue(by=None)
    DataYear.objects.update_or_create(year=YEAR, defaults={"phase": "reporting", "departments_due_on": "2030-01-01"})
    known = Firm.objects.count()
    with transaction.atomic():
        now = bulk.now_value()
        columns = ("credit_code", "name", "name_pinyin", "name_initials", "version", "created_at", "updated_at")
        new = ((credit_code(n), firm_name(n), "", f"xxsy{n}", 0, now, now) for n in range(known, firms))
        bulk.insert(Firm, columns, new)
    _facts(known)


def _facts(known: int) -> None:
    from django.db import transaction

    from firms.models import FactSheet, Filing, Firm, Metric
    from firms.services import bulk

    codes = list(Metric.objects.order_by("pk").values_list("code", flat=True))[:20]
    ids = list(Firm.objects.order_by("credit_code").values_list("pk", flat=True))[known:]
    text = {k: bulk.json_text({code: 1.0 for i, code in enumerate(codes) if (k + i) % 10}) for k in range(10)}
    now = bulk.now_value()
    with transaction.atomic():
        for year in (YEAR - 1, YEAR):
            some = [(k, pk) for k, pk in enumerate(ids) if year != YEAR or k % 10]
            filings = bulk.reserve_ids(Filing, len(some))
            bulk.insert(
                Filing, ("id", "firm_id", "year", "source", "sheet", "values", "filed_at"),
                ((f, pk, year, "government", "", text[k % 10], now) for f, (k, pk) in zip(filings, some, strict=True)),
            )  # fmt: skip
            bulk.insert(
                FactSheet,
                ("firm_id", "year", "values", "winners", "conflicts", "has_conflicts", "version", "updated_at"),
                ((pk, year, text[k % 10], "{}", "{}", False, 1, now) for k, pk in some),
            )


def pages(user: Any) -> dict[str, tuple[int, float]]:
    """Address → (queries, median seconds), through the whole site."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client()
    client.force_login(user, "xxgx.roles.RoleBackend")
    found = {}
    for url in ("/coverage/", f"/coverage/{YEAR}/revenue/", f"/coverage/{YEAR}/revenue/?q=xxsy99", "/coverage/firms/"):
        client.get(url)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(url).status_code == 200, url
        found[url] = (len(asked), timed(lambda url=url: client.get(url), 5))  # type: ignore[misc]
    return found


def run(report: Report) -> None:
    from django.db import connection

    from firms.models import Role, User
    from firms.services import coverage
    from xxgx import roles

    roles.load()
    user = User.objects.create_user("bench-office", role=Role.OFFICE)
    many = 10_000 if report.quick else MANY
    prepare(FEW)
    coverage.count(YEAR)
    few = pages(user)
    prepare(many)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    start = time.perf_counter()
    coverage.count(YEAR)
    report.add(
        f"统计完整率，{many:,}家企业（后台任务）",
        time.perf_counter() - start,
        "s",
        "< 30",
        time.perf_counter() - start < 30,
    )
    for url, (queries, seconds) in pages(user).items():
        same = queries == few[url][0]
        report.add(f"完整率页 {url}，{many:,}家企业，查询数", queries, "次", f"= {FEW:,}家时的{few[url][0]}", same)
        report.add(f"完整率页 {url}，{many:,}家企业", seconds * 1000, "ms", "< 1000", seconds < 1)
