"""审核: a form becomes figures whole or not at all, one officer decides, and a change after acceptance takes two."""

import datetime as dt
import threading

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from firms.models import (
    AuditEntry,
    DataYear,
    Extension,
    FactSheet,
    Filing,
    FirmReport,
    Membership,
    Message,
    Reopening,
    ReportEvent,
    Role,
)
from firms.services import filings, reopenings, reviews
from firms.services.catalogue import load_catalogue
from firms.services.refusal import Refusal
from tests.factories import FilingFactory, FirmFactory, MembershipFactory, OfficerFactory, UserFactory

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


def refused(code, call, *args, **kwargs):
    with pytest.raises(Refusal) as caught:
        call(*args, **kwargs)
    assert caught.value.code == code
    return caught.value


def value(text):
    return {"state": "value", "text": text, "reason": "", "edition": 1}


ZERO = {"state": "zero", "text": "", "reason": "", "edition": 1}
NONE = {"state": "none", "text": "", "reason": "", "edition": 1}
CELLS = {"revenue": value("１,200.5"), "headcount": value("38"), "rd_expense": ZERO, "net_profit": NONE}
FIGURES = {"revenue": 1200.5, "headcount": 38.0, "rd_expense": 0.0}


@pytest.fixture
def office(db):
    load_catalogue(by=None)
    DataYear.objects.create(year=2022, phase="reporting", firms_due_on=timezone.localdate() + DAY)
    return UserFactory(name="王审核")


@pytest.fixture
def second(office):
    return UserFactory(name="李复核")


def submitted(cells=CELLS, *, edition=3, firm=None, state="submitted"):
    firm = firm or FirmFactory()
    user = MembershipFactory(firm=firm, kind=Membership.Kind.MANAGER).user
    now = timezone.now()
    return FirmReport.objects.create(
        firm=firm, year=2022, state=state, cells=cells, edition=edition, submitted_by=user, submitted_at=now,
        first_submitted_at=now,
    )  # fmt: skip


def again(report, cells, *, edition):
    """What the firm does after a return: changes cells and submits."""
    FirmReport.objects.filter(pk=report.pk).update(state="submitted", cells=cells, edition=edition)
    return FirmReport.objects.get(pk=report.pk)


def sheet(report):
    return FactSheet.objects.filter(firm=report.firm, year=2022).values_list("values", flat=True).first()


# --- accepting


def test_nothing_counts_before_and_everything_after(office):
    report = submitted()
    assert sheet(report) is None
    row = reviews.accept(report, edition=3, by=office)
    assert (row.state, row.decided_by, row.filing.source, row.filing.filed_by) == ("accepted", office, "firm", office)
    assert row.filing.values == sheet(report) == FIGURES
    event = ReportEvent.objects.get()
    assert (event.kind, event.by, event.cells) == ("accepted", office, CELLS)
    assert AuditEntry.objects.get(action="report.accept").after["figures"] == FIGURES
    assert Message.objects.get(user=report.submitted_by).title == "2022年度填报表已通过审核"


def test_a_second_click_is_the_first_one(office):
    report = submitted()
    reviews.accept(report, edition=3, by=office)
    reviews.accept(report, edition=3, by=office)
    assert (Filing.objects.count(), ReportEvent.objects.count(), Message.objects.count()) == (1, 1, 1)


def test_another_officer_is_told_who_decided_and_when(office, second):
    report = submitted()
    reviews.accept(report, edition=3, by=office)
    answer = refused("already_decided", reviews.return_, report, edition=3, remarks={"": "x"}, by=second)
    assert answer.status == 409
    assert "王审核" in answer.message
    assert "通过" in answer.message
    assert FirmReport.objects.get().state == "accepted"


def test_what_changed_since_it_was_seen_is_not_accepted(office):
    report = submitted(edition=4)
    assert "重新提交" in refused("already_decided", reviews.accept, report, edition=3, by=office).message
    FirmReport.objects.update(state="draft")
    assert "撤回" in refused("already_decided", reviews.accept, report, edition=4, by=office).message
    assert not Filing.objects.exists()


def test_only_the_office_reviews(office):
    report = submitted()
    for person in (OfficerFactory(), UserFactory(role=Role.LEADER), report.submitted_by):
        assert refused("not_office", reviews.accept, report, edition=3, by=person).status == 403


@pytest.mark.parametrize(
    ("change", "code"), [({"locked_at": timezone.now()}, "year_locked"), ({"phase": "trial"}, "wrong_phase")]
)
def test_not_once_the_year_is_judged(office, change, code):
    report = submitted()
    DataYear.objects.update(**change)
    refused(code, reviews.accept, report, edition=3, by=office)
    refused(code, reviews.return_, report, edition=3, remarks={"": "x"}, by=office)
    assert not Filing.objects.exists()


def test_a_department_that_spoke_meanwhile_is_not_overruled(office):
    report = submitted()
    department = OfficerFactory().department
    FilingFactory(firm=report.firm, values={"revenue": 900.0}, department=department)
    filings.refold(2022, [report.firm_id])
    reviews.accept(report, edition=3, by=office)
    found = FactSheet.objects.get()
    assert found.values["revenue"] == 900.0
    assert found.conflicts["revenue"][0][1] == 1200.5


def test_accepted_again_it_replaces_also_what_is_no_longer_stated(office, second):
    report = submitted()
    reviews.accept(report, edition=3, by=office)
    asked = reopenings.ask(report, reason="填错", by=office)
    reopenings.decide(asked, granted=True, by=second)
    assert sheet(report) == FIGURES  # in force until the new version is
    report = again(report, {"revenue": value("1300"), "headcount": NONE}, edition=5)
    reviews.accept(report, edition=5, by=office)
    assert sheet(report) == {"revenue": 1300.0}
    report = again(report, {"revenue": NONE}, edition=6)
    reviews.accept(report, edition=6, by=office)
    assert sheet(report) is None
    assert Filing.objects.count() == 3


def test_a_form_that_states_nothing_leaves_no_filing(office):
    report = submitted({"revenue": NONE})
    assert reviews.accept(report, edition=3, by=office).filing is None
    assert not Filing.objects.exists()


class CrashError(Exception):
    pass


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("at", ["filings.refold", "decide", "record", "tell_firm"])
def test_a_crash_anywhere_leaves_nothing_half(office, monkeypatch, at):
    report = submitted()

    def crash(*_args, **_kwargs):
        raise CrashError

    with monkeypatch.context() as broken:
        broken.setattr(f"firms.services.reviews.{at}", crash)
        with pytest.raises(CrashError):
            reviews.accept(report, edition=3, by=office)
    assert (Filing.objects.count(), FactSheet.objects.count(), ReportEvent.objects.count()) == (0, 0, 0)
    assert FirmReport.objects.get().state == "submitted"
    reviews.accept(report, edition=3, by=office)
    assert sheet(report) == FIGURES


@pytest.mark.django_db(transaction=True)
def test_the_crash_test_notices_when_it_is_not_one_transaction(office, monkeypatch):
    """The negative control of the test above: without the transaction the filing stays behind alone."""
    report = submitted()

    def crash(*_args, **_kwargs):
        raise CrashError

    monkeypatch.setattr(
        "firms.services.reviews.held", lambda report, by: FirmReport.objects.select_related("firm").get(pk=report.pk)
    )
    monkeypatch.setattr("firms.services.filings.lock_year", lambda year: DataYear.objects.get(year=year))
    monkeypatch.setattr("firms.services.reviews.decide", crash)
    with pytest.raises(CrashError):
        reviews.accept.__wrapped__(report, edition=3, by=office)
    assert Filing.objects.count() == 1
    assert FirmReport.objects.get().state == "submitted"


# --- sending back


def test_each_cell_goes_back_with_its_reason(office):
    report = submitted()
    remarks = {"revenue": "与申报表不符", "": "请附年报"}
    row = reviews.return_(report, edition=3, remarks=remarks, by=office)
    assert (row.state, row.remarks) == ("returned", remarks)
    assert ReportEvent.objects.get().remarks == remarks
    assert "营业收入：与申报表不符" in Message.objects.get().body
    assert not Extension.objects.exists()
    assert not Filing.objects.exists()


@pytest.mark.parametrize(
    ("remarks", "code"),
    [({}, "no_reason"), ({"revenue": " "}, "no_reason"), ({"revenue": "x", "": ""}, "no_reason"),
     ({"nothing": "x"}, "unknown_metric"), ({"revenue": "长" * 201}, "too_long")],
)  # fmt: skip
def test_without_a_reason_nothing_goes_back(office, remarks, code):
    report = submitted()
    assert refused(code, reviews.return_, report, edition=3, remarks=remarks, by=office).status == 400
    assert FirmReport.objects.get().state == "submitted"


def test_past_the_deadline_the_firm_gets_days_to_mend_it(office):
    report = submitted()
    DataYear.objects.update(firms_due_on=timezone.localdate() - DAY, phase="reviewing")
    late = timezone.localdate() - DAY
    refused("bad_day", reviews.return_, report, edition=3, remarks={"": "x"}, by=office, due_on=late)
    reviews.return_(report, edition=3, remarks={"": "x"}, by=office, due_on=timezone.localdate() + 2 * DAY)
    assert Extension.objects.get().due_on == timezone.localdate() + 2 * DAY
    assert f"{timezone.localdate() + 2 * DAY}" in Message.objects.get(key__startswith="report.returned").body


# --- many


def test_one_stale_form_does_not_stop_the_others(office, second):
    reports = [submitted() for _ in range(3)]
    reviews.return_(reports[1], edition=3, remarks={"": "x"}, by=second)
    outcomes = reviews.accept_many({report.pk: 3 for report in reports}, by=office)
    assert [outcome.done for outcome in outcomes] == [True, False, True]
    assert "李复核" in outcomes[1].message
    assert sorted(FirmReport.objects.values_list("state", flat=True)) == ["accepted", "accepted", "returned"]
    assert all(outcome.done for outcome in reviews.return_many({submitted().pk: 3}, reason="缺附件", by=office))


def test_none_and_too_many_are_refused(office):
    refused("none_chosen", reviews.accept_many, {}, by=office)
    refused("too_many", reviews.accept_many, dict.fromkeys(range(201), 0), by=office)


# --- after acceptance


def test_whoever_asked_does_not_decide(office, second):
    report = submitted()
    reviews.accept(report, edition=3, by=office)
    asked = reopenings.ask(report, reason="填错", by=office)
    [told] = Message.objects.filter(key=f"reopening.asked:{asked.pk}")
    assert (told.user, told.link) == (second, reverse("scoring:review_report", args=[report.pk]))
    assert refused("second_person", reopenings.decide, asked, granted=True, by=office).status == 403
    with pytest.raises(IntegrityError), transaction.atomic():  # and the database would not take it
        Reopening.objects.filter(pk=asked.pk).update(decided_by=office, decided_at=timezone.now(), granted=True)
    reopenings.decide(asked, granted=True, by=second)
    assert FirmReport.objects.get().state == "returned"
    assert refused("already_decided", reopenings.decide, asked, granted=False, by=UserFactory()).message.startswith(
        "该申请已由李复核"
    )
    assert list(ReportEvent.objects.order_by("id").values_list("kind", flat=True)) == [
        "accepted",
        "reopen_asked",
        "reopened",
    ]


def test_refused_it_stays_accepted_and_may_be_asked_again(office, second):
    report = submitted()
    refused("already_decided", reopenings.ask, report, reason="x", by=office)
    reviews.accept(report, edition=3, by=office)
    refused("no_reason", reopenings.ask, report, reason=" ", by=office)
    asked = reopenings.ask(report, reason="填错", by=office)
    refused("already_asked", reopenings.ask, report, reason="填错", by=second)
    reopenings.decide(asked, granted=False, by=second, note="无须更正")
    assert FirmReport.objects.get().state == "accepted"
    reopenings.ask(report, reason="确有错", by=second)


def test_changed_cells_are_those_whose_figure_or_state_differs():
    now = {"a": value("1"), "b": value(" 2 "), "c": ZERO, "d": value("4") | {"reason": "说明"}, "f": NONE}
    before = {
        "a": value("1.0"),
        "b": value("2"),
        "c": value("0"),
        "d": value("4"),
        "e": value("5"),
        "f": NONE | {"text": "6"},
    }
    assert reviews.changed_cells(now, before) == {"a", "c", "e"}


# --- two officers at once


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time anyway")
@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "not guarded: the control"])
def test_of_two_officers_on_one_form_one_wins(office, second, monkeypatch, guarded):
    report = submitted()
    FilingFactory(firm=report.firm, values={"net_assets": 5.0})
    filings.refold(2022)  # so that not even the sheet's uniqueness stands between them
    if not guarded:
        monkeypatch.setattr(
            "firms.services.reviews.held",
            lambda report, by: FirmReport.objects.select_related("firm").get(pk=report.pk),
        )
        monkeypatch.setattr("firms.services.filings.lock_year", lambda year: DataYear.objects.get(year=year))
    meet, results = threading.Barrier(2), []
    figures = reviews.reports.figures

    def slowly(row):
        if not guarded:
            meet.wait(10)  # both have looked before either writes
        return figures(row)

    monkeypatch.setattr("firms.services.reviews.reports.figures", slowly)

    def accept(officer):
        try:
            if guarded:
                meet.wait(10)
            reviews.accept(report, edition=3, by=officer)
            results.append("won")
        except Refusal as refusal:
            results.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=accept, args=(officer,)) for officer in (office, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if guarded:
        assert sorted(results) == ["already_decided", "won"]
        assert (Filing.objects.count(), ReportEvent.objects.count()) == (2, 1)
    else:
        assert (results, Filing.objects.count()) == (["won", "won"], 3)
