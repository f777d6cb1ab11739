"""When the nightly evaluation runs: one row of django-celery-beat, which the office changes from its own page."""

import datetime as dt
import zoneinfo
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from firms.models import User
from firms.services import audit
from firms.services.refusal import Refusal

NAME = "每夜评价计算"
TASK = "scoring.tasks.nightly"
DEFAULT = (2, 0)


@dataclass(frozen=True)
class Nightly:
    """Local time of day (Asia/Shanghai); ``enabled`` is switched in the back office."""

    hour: int
    minute: int
    enabled: bool = True

    def due_on(self, now: dt.datetime) -> dt.date | None:
        """The local date whose night is due at ``now``, or None before its hour."""
        local = timezone.localtime(now)
        passed = (local.hour, local.minute) >= (self.hour, self.minute)
        return local.date() if self.enabled and passed else None


def get() -> Nightly:
    """The time in force; the default where none was ever set, or where the back office made it something other than daily."""
    task = PeriodicTask.objects.filter(name=NAME).select_related("crontab").first()
    if task is None:
        return Nightly(*DEFAULT)
    try:
        return Nightly(int(task.crontab.hour), int(task.crontab.minute), task.enabled)
    except (AttributeError, ValueError):
        return Nightly(*DEFAULT, enabled=task.enabled)


@transaction.atomic
def set(hour: int, minute: int, *, by: User | None) -> Nightly:
    """Run nightly at this local time from now on."""
    if not (0 <= hour <= 23 and 0 <= minute <= 59):
        raise Refusal(
            "bad_time", f"{hour}:{minute}不是一天中的时间。", place="每夜计算时间", hint="例如 02:00。", status=400
        )
    before = get()
    crontab, _ = CrontabSchedule.objects.get_or_create(
        minute=str(minute), hour=str(hour), day_of_week="*", day_of_month="*", month_of_year="*",
        timezone=zoneinfo.ZoneInfo(settings.TIME_ZONE),
    )  # fmt: skip
    task, _ = PeriodicTask.objects.update_or_create(
        name=NAME, defaults={"task": TASK, "crontab": crontab, "interval": None, "enabled": True}
    )
    after = get()
    audit.record(
        "schedule.set", f"每夜评价计算改为{hour:02d}:{minute:02d}", by=by, target=task,
        before=f"{before.hour:02d}:{before.minute:02d}", after=f"{after.hour:02d}:{after.minute:02d}",
    )  # fmt: skip
    return after
