"""Completeness counted in SQL equals completeness counted by hand; an import asks for it once, after it is committed."""

import datetime as dt
import random

import pytest
from django.db import transaction
from django.utils import timezone

from firms.models import Coverage, DataYear, FactSheet, Filing, ImportBatch, Job, Metric
from firms.services import coverage, filings, jobs
from firms.services.catalogue import load_catalogue
from tests.factories import FilingFactory, FirmFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _catalogue(monkeypatch):
    load_catalogue(by=None)
    monkeypatch.setattr(jobs.current_app, "send_task", lambda *args, **options: None)


def filed(firm, values, on, **kwargs):
    filing = FilingFactory(firm=firm, values=values, **kwargs)
    Filing.objects.filter(pk=filing.pk).update(filed_at=timezone.make_aware(dt.datetime.combine(on, dt.time(23, 59))))
    return filing


def rows():
    return {row.metric.code: row for row in Coverage.objects.filter(year=2022).select_related("metric")}


def test_it_counts_what_a_person_would_count():
    dice = random.Random(7)
    due = dt.date(2023, 5, 31)
    DataYear.objects.update_or_create(year=2022, defaults={"departments_due_on": due})
    firms = [FirmFactory() for _ in range(12)]
    undone = ImportBatch.objects.create(kind="metrics", state="undone", file_name="x", sha256="0", size=1)
    stated, early = {}, {}
    codes = ["revenue", "headcount", "rd_expense"]
    for number, firm in enumerate(firms[:9]):
        for source in ("government", "firm"):
            values = {code: float(dice.randint(0, 3) * 100) for code in codes if dice.random() < 0.6}
            on = due + dt.timedelta(days=dice.choice([-3, 0, 1, 9]))
            filed(firm, values, on, source=source)
            for code in values:
                stated.setdefault(code, set()).add(number)
                if on <= due:
                    early.setdefault(code, set()).add(number)
    FilingFactory(firm=firms[9], year=2021, values={"revenue": 1.0})  # last year's firm is expected this year too
    filed(firms[10], {"revenue": 1.0}, due, batch=undone)  # undone: nobody stated anything
    FilingFactory(firm=firms[11], year=2020, values={"revenue": 1.0})  # two years ago: no longer
    filings.refold(2020), filings.refold(2021), filings.refold(2022)
    assert coverage.count(2022) == Metric.objects.count()
    with_sheet = FactSheet.objects.filter(year=2022).count()
    found = rows()
    for code in codes:
        row = found[code]
        assert (row.expected, row.provided, row.on_time) == (with_sheet + 1, len(stated[code]), len(early[code])), code
        assert row.conflicts == FactSheet.objects.filter(year=2022, conflicts__has_key=code).count()
    assert sum(row.conflicts for row in found.values())
    assert (found["pct_applications"].provided, found["pct_applications"].on_time) == (0, 0)


def test_without_a_deadline_nobody_is_late_or_in_time():
    filed(FirmFactory(), {"revenue": 0.0}, dt.date(2023, 1, 1))
    filings.refold(2022)
    coverage.count(2022)
    assert (rows()["revenue"].on_time, rows()["revenue"].provided) == (None, 1)  # a confirmed zero is provided
    filed(FirmFactory(), {"revenue": 1.0}, dt.date(2023, 1, 1))
    filings.refold(2022)
    coverage.count(2022)
    assert rows()["revenue"].provided == 2  # counted anew, in place


def test_statements_do_not_grow_with_the_firms(django_assert_num_queries):
    for _ in range(30):
        FilingFactory(firm=FirmFactory(), values={"revenue": 1.0})
    filings.refold(2022)
    DataYear.objects.update_or_create(year=2022, defaults={"departments_due_on": dt.date(2030, 1, 1)})
    with django_assert_num_queries(9):
        coverage.count(2022)


def test_facts_ask_for_one_count_once_they_are_committed(django_capture_on_commit_callbacks):
    firms = [FilingFactory(firm=FirmFactory(), values={"revenue": 1.0}).firm_id for _ in range(3)]
    with django_capture_on_commit_callbacks(execute=True):
        for firm in firms:
            filings.refold(2022, [firm])
    [job] = Job.objects.filter(kind="coverage")
    assert job.due_at > timezone.now()
    Job.objects.update(due_at=timezone.now())
    assert jobs.run(job.pk)
    assert rows()["revenue"].provided == 3


def test_facts_rolled_back_ask_for_nothing(django_capture_on_commit_callbacks):
    firm = FilingFactory(firm=FirmFactory(), values={"revenue": 1.0}).firm_id
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        filings.refold(2022, [firm])
        transaction.set_rollback(True)
    assert not Job.objects.filter(kind="coverage").exists()


def test_a_change_made_while_a_count_runs_is_counted_by_the_next_one(monkeypatch):
    """One key a year would merge it into the count that has begun: the slot in the key keeps them apart."""
    now = timezone.now()
    monkeypatch.setattr(coverage.timezone, "now", lambda: now)
    coverage._ask(2022)
    [first] = Job.objects.filter(kind="coverage")
    Job.objects.update(state="running")
    monkeypatch.setattr(coverage.timezone, "now", lambda: now + dt.timedelta(seconds=coverage.PAUSE))
    coverage._ask(2022)
    assert Job.objects.filter(kind="coverage", state="queued").exclude(pk=first.pk).count() == 1


def test_every_night_every_open_year_is_counted_once():
    DataYear.objects.create(year=2021, locked_at=timezone.now())
    DataYear.objects.get_or_create(year=2022)
    coverage.ask_for_tonight()
    coverage.ask_for_tonight()
    [job] = Job.objects.filter(kind="coverage.nightly")
    assert jobs.run(job.pk)
    assert set(Coverage.objects.values_list("year", flat=True)) == {2022}
