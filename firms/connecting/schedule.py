"""When a source is asked next: times of day that do not wander, one fetch a slot, longer waits while it keeps failing.

Told the time; never asks for it.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

# Slots are counted from two in the morning, Beijing time: a daily source is asked at two, whenever it was switched on.
ORIGIN = datetime(2022, 1, 1, 2, tzinfo=timezone(timedelta(hours=8)))
LONGEST = timedelta(days=7)


def slot(moment: datetime, every_hours: int) -> int:
    """The number of the slot a moment falls into."""
    return (moment - ORIGIN) // timedelta(hours=every_hours)


def begins(number: int, every_hours: int) -> datetime:
    return ORIGIN + number * timedelta(hours=every_hours)


def due_at(every_hours: int, last_started: datetime | None, failures: int, now: datetime) -> datetime:
    """From when on the next fetch is due. After ``failures`` in a row each wait is twice the one before, up to a week.

    The first failure costs nothing: the next slot tries again.
    """
    if last_started is None:
        return begins(slot(now, every_hours), every_hours)
    most = max(1, LONGEST // timedelta(hours=every_hours))
    wait = min(2 ** min(max(failures - 1, 0), 20), most)
    return begins(slot(last_started, every_hours) + wait, every_hours)
