"""工作日: the days offices work, statutory holidays and the weekends worked in exchange for them taken from the State Council's notices."""

from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar


def works(day: date) -> bool:
    """Whether offices work on a day. Of a year whose notice is not out, or not in the library yet: Monday to Friday."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def after(start: date, days: int) -> date:
    """The day on which ``days`` working days have passed since ``start``, which itself does not count."""
    day = start
    while days:
        day += timedelta(days=1)
        days -= works(day)
    return day
