"""When a source is asked next: times of day that do not wander, one fetch a slot, two early retries, longer waits while it keeps failing.

Told the time; never asks for it.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

# Slots are counted from two in the morning, Beijing time: a daily source is asked at two, whenever it was switched on.
ORIGIN = datetime(2022, 1, 1, 2, tzinfo=timezone(timedelta(hours=8)))
LONGEST = timedelta(days=7)
RETRIES = (timedelta(minutes=15), timedelta(hours=2))  # what failed at two in the morning has often mended by four


def slot(moment: datetime, every_hours: int) -> int:
    """The number of the slot a moment falls into."""
    return (moment - ORIGIN) // timedelta(hours=every_hours)


def begins(number: int, every_hours: int) -> datetime:
    return ORIGIN + number * timedelta(hours=every_hours)


def due_at(every_hours: int, last_started: datetime | None, failures: int, now: datetime) -> datetime:
    """From when on the next fetch is due: in the next slot; after ``failures`` in a row twice soon, then ever later, up to a week."""
    if last_started is None:
        return begins(slot(now, every_hours), every_hours)
    most = max(1, LONGEST // timedelta(hours=every_hours))
    wait = min(2 ** min(max(failures - 1 - len(RETRIES), 0), 20), most)
    regular = begins(slot(last_started, every_hours) + wait, every_hours)
    return min(regular, last_started + RETRIES[failures - 1]) if 0 < failures <= len(RETRIES) else regular


def names(due: datetime, every_hours: int, now: datetime) -> str:
    """What a due fetch is called, the same by every clock; a new name with each slot, so that a cancelled one blocks no other."""
    number = slot(now, every_hours)
    return (due if slot(due, every_hours) == number else begins(number, every_hours)).isoformat()
