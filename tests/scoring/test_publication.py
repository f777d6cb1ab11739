"""The public sees one run or another, never half of each, and every move of the pointer leaves a trace."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection

from firms.models import AuditEntry, FactSheet
from firms.services.refusal import Refusal
from scoring.models import EvaluationPeriod, RunSlice, Score
from scoring.presenters.ranking import ranking_page
from scoring.services import StaleVersion, publish, rescore, withdraw
from tests.scoring import zone

pytestmark = pytest.mark.django_db
PUBLIC = AnonymousUser()


def two_runs(count=20):
    """A period and two of its runs, in which every ranked firm has other points."""
    period = zone.make_period(count)
    first = rescore(period, by=None).run
    for sheet in FactSheet.objects.all():
        sheet.values["technologists"] += 1 + sheet.firm_id % 7
        sheet.save()
    return period, first, rescore(period, by=None).run


def test_publishing_moves_one_pointer_and_is_audited(people):
    period, first, second = two_runs()
    publish(period, first, by=people["office"])
    assert ranking_page(PUBLIC).run_id == first.pk
    publish(period, second, by=people["office"])
    assert ranking_page(PUBLIC).run_id == second.pk
    withdraw(period, by=people["office"], reason="数据有误")
    assert ranking_page(PUBLIC).period is None
    trail = AuditEntry.objects.filter(action__in=["period.publish", "period.withdraw"]).order_by("sequence")
    assert [(entry.before["run"], entry.after["run"]) for entry in trail] == [
        (None, first.pk), (first.pk, second.pk), (second.pk, None),
    ]  # fmt: skip


def test_publishing_the_published_again_changes_nothing():
    period, first, _ = two_runs()
    version = publish(period, first, by=None).version
    assert publish(period, first, by=None).version == version


def test_a_run_of_another_period_or_an_unfinished_one_is_refused():
    period, first, _ = two_runs()
    other = zone.make_period(year=2023)
    with pytest.raises(Refusal, match="不属于"):
        publish(other, first, by=None)
    first.state = "writing"
    first.save()
    with pytest.raises(Refusal, match="尚未完成"):
        publish(period, first, by=None)


def test_a_page_made_before_somebody_elses_change_is_refused():
    period, first, second = two_runs()
    seen = period.version
    publish(period, first, by=None, version=seen)
    with pytest.raises(StaleVersion):
        publish(period, second, by=None, version=seen)
    with pytest.raises(StaleVersion):
        withdraw(period, by=None, reason="x", version=seen)


def test_withdrawing_needs_a_reason_and_something_published():
    period, first, _ = two_runs()
    with pytest.raises(Refusal, match="没有发布"):
        withdraw(period, by=None, reason="x")
    publish(period, first, by=None)
    with pytest.raises(Refusal, match="原因"):
        withdraw(period, by=None, reason="  ")


class Flipping:
    """Publishes the other run before the k-th query of what is being read, on the same connection."""

    def __init__(self, period, runs, before):
        self.period, self.runs, self.before = period, runs, before
        self.seen = 0
        self.busy = False

    def __call__(self, execute, sql, params, many, context):
        if not self.busy:
            if self.seen == self.before:
                self.busy = True
                publish(self.period, self.runs[1], by=None)
                self.busy = False
            self.seen += 1
        return execute(sql, params, many, context)


def rows_of(run):
    return list(run.scores.ranked().order_by("position").values_list("firm_id", "position", "total"))


def mixed_pages(read) -> int:
    """Readings, with a publication before each of their queries in turn, whose rows and counts are not of one run."""
    period, *runs = two_runs()
    assert rows_of(runs[0]) != rows_of(runs[1])
    mixed = 0
    for before in range(1, 8):
        publish(period, runs[0], by=None)
        with connection.execute_wrapper(Flipping(period, runs, before)):
            counted_run, rows = read()
        mixed += rows != rows_of(next(run for run in runs if run.pk == counted_run))[: len(rows)] or not rows
    return mixed


def test_a_reader_sees_one_run_throughout_whatever_is_published_meanwhile():
    def page():
        shown = ranking_page(PUBLIC, size=10)
        return shown.run_id, [(row.firm_id, row.position, row.total) for row in shown.rows]

    assert mixed_pages(page) == 0


def test_control_reading_the_pointer_twice_mixes_two_runs():
    def page():
        pointer = EvaluationPeriod.objects.get(year=2022).published_run_id
        list(RunSlice.objects.filter(run_id=pointer))
        rows = Score.objects.visible_to(PUBLIC).order_by("position")[:10]
        return pointer, [(row.firm_id, row.position, row.total) for row in rows]

    assert mixed_pages(page) > 0
