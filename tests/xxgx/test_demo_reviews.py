"""The demo's review desk: each thing a reviewer should meet is there, and the rules hold for it as for real forms."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import call_command

from firms.models import DataYear, FirmReport, Reopening, ReportEvent, User
from firms.services import reopenings, reviews
from scoring import schemes
from scoring.presenters.review import queue_page
from xxgx.demo import load
from xxgx.demo.reports import YEAR, load_reports
from xxgx.demo.reviews import MENDED, SLIPPED, load_reviews

pytestmark = pytest.mark.django_db
SCHEME = Path(schemes.__file__).parent / "xinkai-2022-110.toml"


@pytest.fixture
def demo(db):
    call_command("load_catalogue", verbosity=0)
    call_command("load_scheme", str(SCHEME), verbosity=0, stdout=StringIO())
    load.load_zone()
    load.open_periods()
    load.make_accounts()
    load_reports()
    load_reviews()
    cache.clear()
    yield
    cache.clear()


def test_the_desk_has_something_of_everything(demo):
    assert {row.year: row.phase for row in DataYear.objects.all()}[YEAR] == "reporting"
    office, second = (User.objects.get(username=name) for name in ("office", "office-two"))
    far = queue_page(office, {"year": str(YEAR), "outliers": "1"})
    assert 0 < len(far.lines) <= SLIPPED + 2
    assert any("万元" in figure for line in far.lines for _name, figure in line.flagged)
    again = queue_page(office, {"year": str(YEAR), "again": "1"})
    assert 0 < len(again.lines) <= MENDED
    assert all(line.changed for line in again.lines)

    # Each event of a mended form stands in the order it happened.
    for line in again.lines:
        kinds = list(ReportEvent.objects.filter(report=line.pk).order_by("at").values_list("kind", flat=True))
        assert kinds == ["submitted", "returned", "submitted"]

    # The form asked to be reopened is for the other officer to decide; every waiting form can be accepted.
    asked = Reopening.objects.get()
    assert asked.asked_by == second
    reopenings.decide(asked, granted=True, by=office)
    waiting = FirmReport.objects.filter(year=YEAR, state="submitted")
    outcomes = reviews.accept_many(dict(waiting.values_list("pk", "edition")), by=office)
    assert [outcome.message for outcome in outcomes if not outcome.done] == []
    assert load_reviews() == 0
