"""A year's way 准备 → 填报 → 审核 → 试算: who may fill in when, who is told, what stands in the way."""

import datetime as dt
import threading

import pytest
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from firms.models import AuditEntry, DataYear, Extension, FactSheet, FirmReport, Message, Objection, Role, User
from firms.services import collection
from firms.services.obstacles import survey
from firms.services.refusal import Refusal
from tests.factories import FilingFactory, FirmFactory, MembershipFactory, OfficerFactory, UserFactory

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate
DAY = dt.timedelta(days=1)


def refused(code, call, *args, **kwargs):
    with pytest.raises(Refusal) as caught:
        call(*args, **kwargs)
    assert caught.value.code == code
    return caught.value


def year(phase="reporting", **fields):
    return DataYear.objects.create(year=2022, phase=phase, **fields)


@pytest.fixture
def office():
    return UserFactory()


@pytest.fixture
def firm():
    return FirmFactory()


def extended(firm, days=3, **fields):
    return Extension.objects.create(
        firm=firm, year=2022, due_on=TODAY() + days * DAY, reason="迁址", approved_by=UserFactory(), **fields
    )


# --- who may fill in when


def test_before_opening_nobody_fills_in(firm):
    assert refused("not_open", collection.refuse_if_closed, firm.pk, 2022).status == 409
    year("preparing")
    refused("not_open", collection.refuse_if_closed, firm.pk, 2022)


@pytest.mark.parametrize(("days", "code"), [(1, None), (0, None), (None, None), (-1, "past_due")])
def test_the_last_day_counts(firm, days, code):
    year(firms_due_on=None if days is None else TODAY() + days * DAY)
    if code:
        refused(code, collection.refuse_if_closed, firm.pk, 2022)
    else:
        assert collection.refuse_if_closed(firm.pk, 2022, hold=True).year == 2022


@pytest.mark.parametrize(("phase", "open_"), [("reporting", True), ("reviewing", True), ("trial", False)])
def test_an_extension_holds_in_reporting_and_reviewing(firm, phase, open_):
    year(phase, firms_due_on=TODAY() - DAY)
    extended(firm, days=0)
    other = FirmFactory()
    if open_:
        collection.refuse_if_closed(firm.pk, 2022)
        refused("past_due", collection.refuse_if_closed, other.pk, 2022)
    else:
        refused("collection_over", collection.refuse_if_closed, firm.pk, 2022)


def test_an_extension_that_ran_out_or_was_revoked_does_not(firm):
    year(firms_due_on=TODAY() - DAY)
    held = extended(firm, days=-1)
    refused("past_due", collection.refuse_if_closed, firm.pk, 2022)
    Extension.objects.filter(pk=held.pk).update(due_on=TODAY() + DAY)
    collection.refuse_if_closed(firm.pk, 2022)
    Extension.objects.filter(pk=held.pk).update(revoked_at=timezone.now())
    refused("past_due", collection.refuse_if_closed, firm.pk, 2022)


def test_a_locked_year_is_closed_whatever_else(firm):
    year(locked_at=timezone.now())
    extended(firm)
    refused("year_locked", collection.refuse_if_closed, firm.pk, 2022)


# --- moves


def opened(by, **fields):
    due = {"firms_due_on": TODAY() + 30 * DAY, "departments_due_on": TODAY() + 20 * DAY} | fields
    return collection.open_reporting(2022, by=by, **due)


def test_from_opening_to_trial_and_back(office, firm):
    row = opened(office)
    assert (row.phase, row.version) == ("reporting", 1)
    assert row.opened_at
    collection.close_reporting(2022, by=office, version=1, reason="提前完成")
    collection.to_trial(2022, by=office, version=2)
    for phase in ("reviewing", "reporting", "preparing"):
        assert collection.step_back(2022, by=office, reason="补报").phase == phase
    actions = list(AuditEntry.objects.order_by("sequence").values_list("action", flat=True))
    assert actions == ["year.open_reporting", "year.close_reporting", "year.to_trial"] + 3 * ["year.step_back"]


def test_those_concerned_are_told_once_and_nobody_else(office):
    people = [MembershipFactory().user, OfficerFactory()]
    User.objects.create_user("gone", password="x", role=Role.FIRM, is_active=False)
    opened(office)
    assert sorted(Message.objects.values_list("user_id", flat=True)) == sorted(user.pk for user in people)
    led = dict(Message.objects.values_list("user__role", "link"))
    assert led == {"firm": reverse("firms:workbench"), "department": f"{reverse('firms:coverage')}?year=2022"}
    collection.set_deadlines(
        2022, firms_due_on=TODAY() + 40 * DAY, departments_due_on=TODAY() + 20 * DAY, by=office, version=1
    )
    assert list(Message.objects.filter(title__contains="截止日有变动").values_list("user_id", flat=True)) == [
        people[0].pk
    ]


def test_the_same_days_again_change_nothing(office):
    row = opened(office)
    same = {"firms_due_on": row.firms_due_on, "departments_due_on": row.departments_due_on}
    assert collection.set_deadlines(2022, by=office, **same).version == row.version


@pytest.mark.parametrize("days", [-1, 400])
def test_a_last_day_is_ahead_and_within_a_year(office, days):
    refused("bad_deadline", opened, office, firms_due_on=TODAY() + days * DAY)
    assert not DataYear.objects.filter(phase="reporting").exists()


def test_closing_early_needs_a_reason_and_after_the_day_none(office):
    opened(office)
    refused("no_reason", collection.close_reporting, 2022, by=office)
    DataYear.objects.update(firms_due_on=TODAY() - DAY)
    assert collection.close_reporting(2022, by=office).phase == "reviewing"


def test_moves_have_an_order_and_a_version(office):
    refused("wrong_phase", collection.close_reporting, 2022, by=office)
    opened(office)
    refused("wrong_phase", opened, office)
    refused("wrong_phase", collection.to_trial, 2022, by=office)
    assert "填报阶段" in refused("stale_version", collection.close_reporting, 2022, by=office, version=0).message
    refused("no_reason", collection.step_back, 2022, by=office, reason=" ")


def test_a_locked_year_does_not_move(office):
    year(locked_at=timezone.now())
    refused("year_locked", collection.close_reporting, 2022, by=office, reason="x")
    refused("year_locked", collection.step_back, 2022, by=office, reason="x")


def report(firm, state="submitted"):
    submitted = {"submitted_by": UserFactory(), "submitted_at": timezone.now(), "first_submitted_at": timezone.now()}
    return FirmReport.objects.create(firm=firm, year=2022, state=state, **submitted)


def test_what_firms_have_submitted_keeps_the_year_from_going_back_to_preparing(office, firm):
    opened(office)
    report(firm)
    refused("already_submitted", collection.step_back, 2022, by=office, reason="重来")


def test_an_undecided_form_refuses_the_trial_and_a_conflict_needs_a_reason(office, firm):
    year("reviewing")
    waiting = report(firm)
    assert "1份填报表待审核" in refused("in_the_way", collection.to_trial, 2022, by=office, reason="x").message
    FirmReport.objects.filter(pk=waiting.pk).update(state="returned")
    FactSheet.objects.create(firm=firm, year=2022, values={}, has_conflicts=True)
    FactSheet.objects.create(firm=firm, year=2021, values={}, has_conflicts=True)
    assert "1家企业的数据有冲突" in refused("no_reason", collection.to_trial, 2022, by=office).message
    assert collection.to_trial(2022, by=office, reason="冲突不影响试算").phase == "trial"
    assert "冲突不影响试算" in AuditEntry.objects.get(action="year.to_trial").summary


def test_the_survey_counts_each_kind_of_its_own_year_only(firm, metric_revenue):
    year("reporting")
    report(firm, "returned")
    officer = OfficerFactory()
    filing = FilingFactory(firm=firm, values={"revenue": 1.0}, department=officer.department)
    for at in (2022, 2023):
        Objection.objects.create(
            firm=firm, year=at, metric=metric_revenue, filing=filing, stated=1, reason="x", department=officer.department,
            raised_by=officer,
        )  # fmt: skip
    counts = {obstacle.code: obstacle.count for obstacle in survey(2022) if obstacle.count}
    assert counts == {"reporting": 1, "unsubmitted": 1, "objections": 1}


@pytest.fixture
def metric_revenue():
    from firms.models import Metric
    from firms.services.catalogue import load_catalogue

    load_catalogue(by=None)
    return Metric.objects.get(code="revenue")


# --- two at once


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time anyway")
@pytest.mark.parametrize("hold", [True, False], ids=["held", "not held: the control"])
def test_who_submits_and_who_closes_do_not_pass_each_other(hold):
    """While a firm's submission is under way the year does not close; the control shows that it would without the hold."""
    firm, office = FirmFactory(), UserFactory()
    year(firms_due_on=TODAY() + DAY)
    done = threading.Event()

    def close():
        try:
            collection.close_reporting(2022, by=office, reason="x")
            done.set()
        finally:
            connection.close()

    other = threading.Thread(target=close)
    with transaction.atomic():
        collection.refuse_if_closed(firm.pk, 2022, hold=hold)
        other.start()
        passed = done.wait(1.5)
    other.join()
    assert done.is_set()
    assert passed is not hold
