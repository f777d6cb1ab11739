"""What of a register entry a locked year was judged by, and what may still be said of it afterwards."""

import pytest

from firms.importing.plan import locked_years_touched

PLATFORM = {"starts_on": "2020-05-01", "ends_on": None, "level": "provincial", "quantity": 1.0}
LOCKED = {2022, 2023}


def changed(**values):
    return PLATFORM | values


@pytest.mark.parametrize(
    ("before", "after", "touched"),
    [
        (PLATFORM, changed(ends_on="2025-06-30"), []),  # ended after the locked years: they stand
        (PLATFORM, changed(ends_on="2023-06-30"), [2023]),
        (PLATFORM, changed(ends_on="2023-12-31"), [2023]),  # no longer unresolved on the as-of date
        (PLATFORM, changed(level="national"), [2022, 2023]),
        (PLATFORM, changed(document_number="豫科〔2020〕1号"), []),  # nothing a judgement reads
        (PLATFORM, None, [2022, 2023]),
        (None, PLATFORM, [2022, 2023]),
        (None, changed(starts_on="2024-01-01"), []),
        (None, changed(starts_on="2019-01-01", ends_on="2021-12-31"), []),
        (changed(ends_on="2022-03-01"), changed(ends_on="2022-04-01"), [2022]),
        (PLATFORM, PLATFORM, []),
    ],
)
def test_only_what_a_locked_year_saw_is_closed(before, after, touched):
    assert locked_years_touched(before, after, LOCKED) == touched
