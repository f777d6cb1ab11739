"""Years between dates as 民法典 §201–202 counts them: a year ends on the corresponding day, 29 February on the 28th."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_EPOCH = dt.date(1970, 1, 1).toordinal()


def anniversary(day: dt.date, year: int) -> dt.date:
    """The day in `year` that corresponds to `day`; 28 February for 29 February in a common year."""
    try:
        return day.replace(year=year)
    except ValueError:
        return dt.date(year, 2, 28)


def years_between(day: dt.date, as_of: dt.date) -> Fraction:
    """Full years from day to as_of plus the part of the running year, exactly. Negative when day is later."""
    whole = as_of.year - day.year - (anniversary(day, as_of.year) > as_of)
    last, following = anniversary(day, day.year + whole), anniversary(day, day.year + whole + 1)
    return whole + Fraction((as_of - last).days, (following - last).days)


def from_days(days: float) -> dt.date:
    """Days since 1970-01-01 → date."""
    return dt.date.fromordinal(int(days) + _EPOCH)


def to_days(day: dt.date) -> int:
    """Date → days since 1970-01-01."""
    return day.toordinal() - _EPOCH


def years_since(days: Floats, as_of: dt.date) -> Floats:
    """years_between for a vector of days since 1970-01-01 (NaN = unknown → NaN), to float64."""
    known = ~np.isnan(days)
    dates = np.where(known, days, 0).astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    years = dates.astype("datetime64[Y]").astype(np.int64) + 1970
    month = months.astype(np.int64) % 12
    day = (dates - months.astype("datetime64[D]")).astype(np.int64)
    end = to_days(as_of)

    def corresponding(year: NDArray[np.int64]) -> NDArray[np.int64]:
        common = ~((year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0)))
        start = ((year - 1970) * 12 + month).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        return start + np.where(common & (month == 1) & (day == 28), 27, day)

    whole = as_of.year - years - (corresponding(np.full_like(years, as_of.year)) > end)
    last, following = corresponding(years + whole), corresponding(years + whole + 1)
    result = whole + (end - last) / (following - last)
    return np.where(known, result, np.nan)
