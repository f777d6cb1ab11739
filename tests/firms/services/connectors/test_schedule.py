"""When a source is asked: once a slot, whoever asks, less and less often while it fails."""

from datetime import timedelta

import pytest
from django.utils import timezone

from firms.connecting import schedule
from firms.models import Connector, DataYear, Fetch, Job
from firms.services import connector_runs, connector_schedule, jobs
from tests.firms.services.connectors.sources import fetched, offer

pytestmark = pytest.mark.django_db

Outcome = Fetch.Outcome


@pytest.fixture
def daily(source):
    Connector.objects.filter(pk=source.pk).update(enabled=True)
    return source


def asked():
    return Job.objects.filter(kind=connector_runs.KIND).count()


def test_two_clocks_ask_once_a_slot(daily):
    now = timezone.now()
    for _ in range(3):
        connector_schedule.ask_when_due(now)
    assert asked() == 1
    Job.objects.update(state=Job.State.CANCELLED)
    connector_schedule.ask_when_due(now)
    assert asked() == 1
    connector_schedule.ask_when_due(now + timedelta(days=1))
    assert asked() == 2


def test_without_the_key_a_second_clock_would_ask_again(daily, monkeypatch):
    real = jobs.enqueue
    monkeypatch.setattr(
        jobs, "enqueue", lambda kind, key, args, **how: real(kind, f"{key}{Job.objects.count()}", args, **how)
    )
    connector_schedule.ask_when_due()
    connector_schedule.ask_when_due()
    assert asked() == 2


def test_a_fetch_by_hand_stands_for_its_slot(site, daily, firms, office):
    offer(site, firms, 100)
    fetched(daily, by=office)
    assert connector_schedule.ask_when_due() == 0


def test_what_is_off_or_has_no_open_year_is_not_asked(source, daily):
    DataYear.objects.update(locked_at=timezone.now())
    assert connector_schedule.ask_when_due() == 0
    DataYear.objects.update(locked_at=None)
    Connector.objects.update(enabled=False)
    assert connector_schedule.ask_when_due() == 0


def test_a_source_switched_off_after_it_was_asked_is_left_alone(site, daily, firms):
    connector_schedule.ask_when_due()
    Connector.objects.update(enabled=False)
    jobs.run(Job.objects.get(kind=connector_runs.KIND).pk)
    assert not site.asked
    assert not Fetch.objects.exists()


def test_a_failing_source_is_asked_twice_soon_then_less_and_less_often_and_at_least_once_a_week():
    now = schedule.ORIGIN + timedelta(days=100, hours=5)
    waits = [schedule.due_at(24, now, failures, now) for failures in range(8)]
    assert waits[1:3] == [now + timedelta(minutes=15), now + timedelta(hours=2)]
    assert [(wait - schedule.ORIGIN).days - 100 for wait in (waits[0], *waits[3:])] == [1, 1, 2, 4, 7, 7]
    assert schedule.due_at(24, None, 0, now) <= now
    assert schedule.due_at(1, now, 2, now) == now + timedelta(hours=1)  # never later than it would be anyway
    assert schedule.due_at(24 * 31, now, 9, now) == schedule.begins(schedule.slot(now, 24 * 31) + 1, 24 * 31)


def test_a_retry_has_a_name_of_its_own_and_a_cancelled_one_blocks_no_other():
    now = schedule.ORIGIN + timedelta(days=100, hours=5)
    retry = schedule.due_at(24, now, 1, now)
    names = {schedule.names(retry, 24, retry + timedelta(minutes=later)) for later in (0, 7, 60)}
    assert names == {retry.isoformat()}
    assert schedule.names(retry, 24, now + timedelta(days=1)) not in names


def test_the_schedule_reads_the_failures_from_the_record(daily):
    now = timezone.now()
    Fetch.objects.create(connector=daily, outcome=Outcome.SAME)
    for _ in range(4):
        Fetch.objects.create(connector=daily, outcome=Outcome.FAILED)
    row = Connector.objects.with_record().get()
    assert row.failures == 4
    due = schedule.due_at(24, row.last_started, 4, now)
    assert due - now > timedelta(days=1)
    assert connector_schedule.ask_when_due(due - timedelta(minutes=1)) == 0
    assert connector_schedule.ask_when_due(due) == 1
