"""Two at once on one form. Each race has its control: without the lock the test must see the damage."""

import pytest

from firms.models import FirmReport, ReportEvent, User
from firms.services import reports
from tests import races
from tests.reporting import make, ready, typed

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture(autouse=True)
def _needs_real_connections():
    races.needs_real_connections()


@pytest.fixture
def report():
    return ready(*make())


def both(report, deeds, monkeypatch):
    """Run these at once, so that each has read the form before either writes; what each answered."""
    races.meet(monkeypatch, reports, "standing", len(deeds), after=True)
    user = User.objects.get(memberships__firm=report.firm)

    def fresh():
        return FirmReport.objects.select_related("firm").get(pk=report.pk)

    return races.at_once(*[lambda deed=deed: deed(fresh(), user) for deed in deeds])


def submit(report, user):
    return reports.submit(report, edition=report.edition, by=user).state


def test_a_double_click_submits_once(report, monkeypatch):
    assert both(report, [submit, submit], monkeypatch) == ["submitted", "submitted"]
    assert ReportEvent.objects.count() == 1


def test_the_control_without_the_lock_it_submits_twice(report, monkeypatch):
    monkeypatch.setattr(reports, "_locked", lambda report: FirmReport.objects.get(pk=report.pk))
    both(report, [submit, submit], monkeypatch)
    assert ReportEvent.objects.count() == 2


def change(code, text):
    return lambda report, user: sorted(reports.save_cells(report, [typed(code, text, edition=1)], by=user).editions)


def test_two_people_typing_in_different_cells_both_keep_theirs(report, monkeypatch):
    answers = both(report, [change("invested_firms", "7"), change("foreign_returnees", "5")], monkeypatch)
    assert sorted(answers) == [["foreign_returnees"], ["invested_firms"]]
    report.refresh_from_db()
    assert (report.cells["invested_firms"]["text"], report.cells["foreign_returnees"]["text"]) == ("7", "5")
    assert report.edition == 3


def test_the_control_without_the_lock_one_of_them_is_lost(report, monkeypatch):
    monkeypatch.setattr(reports, "_locked", lambda report: FirmReport.objects.get(pk=report.pk))
    both(report, [change("invested_firms", "7"), change("foreign_returnees", "5")], monkeypatch)
    report.refresh_from_db()
    assert (report.cells["invested_firms"]["text"], report.cells["foreign_returnees"]["text"]) != ("7", "5")


def test_two_people_in_one_cell_the_second_is_told(report, monkeypatch):
    answers = both(report, [change("invested_firms", "7"), change("invested_firms", "8")], monkeypatch)
    assert sorted(answers) == [[], ["invested_firms"]]


def test_typing_while_it_is_submitted_is_either_in_it_or_refused(report, monkeypatch):
    answers = both(report, [submit, change("invested_firms", "7")], monkeypatch)
    report.refresh_from_db()
    event = ReportEvent.objects.first()
    if event is None:  # the typing came first: what was to be submitted is no longer what was seen
        assert answers.count("changed_meanwhile") == 1
        assert report.cells["invested_firms"]["text"] == "7"
    else:
        assert sorted(map(str, answers)) == ["submitted", "submitted"]
        assert event.cells == report.cells
        assert report.cells["invested_firms"]["text"] == "2"
