"""工作日 as the State Council's notices have them; beyond the last notice known, Monday to Friday."""

from datetime import date

import pytest

from firms.services.working_days import after, works


@pytest.mark.parametrize(
    ("start", "days", "expected"),
    [
        (date(2026, 1, 9), 1, date(2026, 1, 12)),  # a Friday
        (date(2026, 1, 9), 10, date(2026, 1, 23)),
        (date(2026, 1, 10), 5, date(2026, 1, 16)),  # a Saturday itself does not count
        (date(2024, 9, 30), 1, date(2024, 10, 8)),  # 国庆节, 1 to 7 October
        (date(2024, 9, 30), 5, date(2024, 10, 12)),  # the Saturday worked for it counts
        (date(2024, 2, 9), 1, date(2024, 2, 18)),  # 春节, and the Sunday worked for it
        (date(2026, 1, 10), 0, date(2026, 1, 10)),
    ],
)
def test_holidays_and_the_weekends_worked_for_them(start, days, expected):
    assert after(start, days) == expected


def test_a_year_without_a_notice_has_five_days_a_week():
    assert works(date(2222, 10, 1)) is (date(2222, 10, 1).weekday() < 5)
    assert after(date(2222, 5, 31), 7) == date(2222, 6, 11)
