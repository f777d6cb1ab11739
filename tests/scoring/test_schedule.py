"""The office chooses the hour; a night is evaluated once, whoever asks and however often."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from firms.models import AuditEntry, Job
from firms.services import jobs
from firms.services.refusal import Refusal
from scoring import tasks
from scoring.services import schedule
from tests.scoring import zone

pytestmark = pytest.mark.django_db
BEIJING = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(jobs.current_app, "send_task", lambda *args, **options: None)

    def at(*when: int) -> None:
        now = dt.datetime(*when, tzinfo=BEIJING)
        monkeypatch.setattr(timezone, "now", lambda: now)

    return at


def nights() -> list[str]:
    return list(Job.objects.filter(kind="nightly").order_by("id").values_list("key", flat=True))


def test_it_is_two_in_the_morning_until_the_office_says_otherwise(people):
    assert schedule.get() == schedule.Nightly(2, 0)
    assert schedule.set(3, 30, by=people["office"]) == schedule.Nightly(3, 30)
    task = PeriodicTask.objects.get(name=schedule.NAME)
    assert (task.task, task.crontab.hour, task.crontab.minute, str(task.crontab.timezone)) == (
        "scoring.tasks.nightly", "3", "30", "Asia/Shanghai",
    )  # fmt: skip
    assert AuditEntry.objects.get(action="schedule.set").before == "02:00"


@pytest.mark.parametrize(("hour", "minute"), [(24, 0), (-1, 0), (2, 60)])
def test_a_time_that_is_none_is_refused(hour, minute):
    with pytest.raises(Refusal):
        schedule.set(hour, minute, by=None)


def test_a_schedule_taken_away_or_made_something_else_falls_back_to_the_default():
    PeriodicTask.objects.filter(name=schedule.NAME).delete()
    assert schedule.get() == schedule.Nightly(2, 0)
    schedule.set(4, 0, by=None)
    PeriodicTask.objects.get(name=schedule.NAME).crontab.__class__.objects.filter(hour="4").update(hour="*/2")
    assert (schedule.get().hour, schedule.get().minute) == (2, 0)


def test_two_beats_and_a_sweep_make_one_night(clock):
    zone.make_period()
    clock(2026, 11, 21, 2, 0, 5)
    tasks.nightly()
    tasks.nightly()
    jobs.run_due()
    jobs.sweep()
    tasks.nightly()
    assert nights() == ["nightly-2026-11-21"]
    assert Job.objects.get(kind="nightly").state == "succeeded"


def test_a_lost_beat_is_made_up_for_by_the_sweep(clock):
    clock(2026, 11, 21, 1, 59)
    jobs.sweep()
    assert nights() == []
    clock(2026, 11, 21, 9, 0)
    jobs.sweep()
    assert nights() == ["nightly-2026-11-21"]
    clock(2026, 11, 22, 2, 1)
    jobs.sweep()
    assert nights() == ["nightly-2026-11-21", "nightly-2026-11-22"]


def test_a_switched_off_schedule_asks_for_nothing(clock):
    PeriodicTask.objects.filter(name=schedule.NAME).update(enabled=False)
    clock(2026, 11, 21, 9, 0)
    jobs.sweep()
    assert nights() == []


def test_midnight_is_that_of_the_zone_not_of_greenwich(clock):
    schedule.set(0, 30, by=None)
    clock(2026, 11, 21, 0, 31)  # 16:31 UTC on the 20th
    jobs.sweep()
    assert nights() == ["nightly-2026-11-21"]
