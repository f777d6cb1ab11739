"""Extensions open the form for one firm and are told to it; reminders go to who is behind, once a date, and to nobody else."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from firms.models import AuditEntry, DataYear, Department, Extension, FirmReport, Job, Mail, Message, Role
from firms.services import collection, coverage, extensions, filings, jobs, reminders
from firms.services.catalogue import load_catalogue
from firms.services.refusal import Refusal
from tests.factories import FilingFactory, FirmFactory, MembershipFactory, OfficerFactory, UserFactory

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


def days(number):
    return TODAY + dt.timedelta(days=number)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setattr(jobs.current_app, "send_task", lambda *args, **options: None)


@pytest.fixture
def office(db):
    return UserFactory(role=Role.OFFICE)


def year(phase="reporting", firms=3, departments=3, **kwargs):
    due = {"firms_due_on": days(firms), "departments_due_on": days(departments)}
    return DataYear.objects.update_or_create(year=2022, defaults={"phase": phase, **due, **kwargs})[0]


@pytest.fixture
def member():
    return MembershipFactory(user__email="firm@example.com")


def refused(call, *args, **kwargs):
    with pytest.raises(Refusal) as refusal:
        call(*args, **kwargs)
    assert refusal.value.message
    assert refusal.value.place
    assert refusal.value.hint
    return refusal.value.code


def is_open(firm):
    try:
        collection.refuse_if_closed(firm.pk, 2022)
    except Refusal:
        return False
    return True


def test_an_extension_opens_the_form_for_one_firm_until_its_day(office, member):
    year(firms=-1)
    other = FirmFactory()
    assert not is_open(member.firm)
    made = extensions.grant(member.firm, 2022, days(5), "审计报告未出", by=office)
    assert is_open(member.firm)
    assert not is_open(other)
    [message] = Message.objects.all()
    assert message.user == member.user
    assert str(days(5)) in message.title
    assert Mail.objects.get().to == "firm@example.com"
    again = extensions.grant(member.firm, 2022, days(9), "再延", by=office)  # replaces the first
    made.refresh_from_db()
    assert (made.revoked_by, again.revoked_at) == (office, None)
    extensions.revoke(again, by=office)
    assert not is_open(member.firm)
    assert refused(extensions.revoke, again, by=office) == "already_revoked"
    assert list(AuditEntry.objects.order_by("sequence").values_list("action", flat=True)) == [
        "extension.grant", "extension.grant", "extension.revoke",
    ]  # fmt: skip


def test_who_may_extend_whom_until_when(office, member):
    year(firms=3)
    firm = member.firm
    for person in (member.user, UserFactory(role=Role.LEADER), OfficerFactory()):
        assert refused(extensions.grant, firm, 2022, days(9), "x", by=person) == "not_office"
    assert refused(extensions.grant, firm, 2022, days(9), "  ", by=office) == "reason_required"
    for day in (days(-1), days(3), days(999)):
        assert refused(extensions.grant, firm, 2022, day, "x", by=office) == "bad_day"
    assert refused(extensions.grant, firm, 2021, days(9), "x", by=office) == "not_collecting"
    year(phase="trial")
    assert refused(extensions.grant, firm, 2022, days(9), "x", by=office) == "not_collecting"
    year(locked_at=timezone.now())
    assert refused(extensions.grant, firm, 2022, days(9), "x", by=office) == "year_locked"
    assert not Extension.objects.exists()


def test_the_database_allows_one_extension_in_force_a_firm_and_year(office, member):
    Extension.objects.create(firm=member.firm, year=2022, due_on=days(1), reason="x", approved_by=office)
    with pytest.raises(IntegrityError), transaction.atomic():
        Extension.objects.create(firm=member.firm, year=2022, due_on=days(2), reason="y", approved_by=office)


@pytest.mark.parametrize(
    ("left", "expected"),
    [(8, False), (7, True), (5, False), (3, True), (1, True), (0, True), (-1, True), (-2, False), (-3, True), (-7, True), (-8, False), (-14, True)],
)  # fmt: skip
def test_the_days_of_reminding(left, expected):
    assert reminders.is_day(days(left), TODAY) is expected


def test_departments_nobody_can_sign_in_for_are_named(client, office, member):
    load_catalogue(by=None)
    year()
    OfficerFactory(department=Department.objects.get(code="tax"))
    OfficerFactory(department=Department.objects.get(code="hr"), is_active=False)
    FilingFactory(firm=member.firm)
    filings.refold(2022)
    coverage.count(2022)
    found = reminders.survey(2022)
    unreached = {department.code for department in found.unreached}
    assert "hr" in unreached
    assert "tax" in {due.department.code for due in found.departments} - unreached
    client.force_login(office, "xxgx.roles.RoleBackend")
    text = client.get(reverse("firms:reminders")).text
    assert f"其中{len(unreached)}个部门没有可登录的账号" in text
    lines = {line.split("：")[0]: "没有账号" in line for line in text.split("<li>") if "项未齐" in line}
    assert (lines["税务局"], lines["人力资源和社会保障局"]) == (False, True)


def test_no_deadline_is_no_reminder():
    assert not reminders.is_day(None, TODAY)


def by_calendar():
    Job.objects.filter(kind="reminders").delete()
    job = jobs.enqueue("reminders", f"reminders-{TODAY}", by=None, once=True)
    assert jobs.run(job.pk)


def test_who_is_behind_is_told_once_a_date_and_who_is_not_is_left_alone(office, member):
    load_catalogue(by=None)
    year()
    late, done, back = (MembershipFactory() for _ in range(3))
    MembershipFactory(user__is_active=False)
    for membership, state in ((done, "submitted"), (back, "returned")):
        FirmReport.objects.create(
            firm=membership.firm, year=2022, state=state, submitted_at=timezone.now(), submitted_by=membership.user
        )
    tax, hr = (OfficerFactory(department=Department.objects.get(code=code)) for code in ("tax", "hr"))
    own = {metric.code: 1.0 for metric in hr.department.metrics.all()}
    FilingFactory(firm=late.firm, values=own)
    filings.refold(2022)
    by_calendar()
    assert set(Message.objects.values_list("user", flat=True)) == {
        member.user_id, late.user_id, back.user_id, tax.pk
    }  # fmt: skip
    by_calendar()  # another worker, or the button beside the calendar
    assert reminders.remind_now(2022, by=office, departments=True, firms=True) == 0
    assert Message.objects.count() == 4
    assert "还有3天截止" in Message.objects.get(user=tax).title
    assert AuditEntry.objects.filter(action="reminder.send").count() == 2  # the calendar's and the button's


def test_a_firm_with_an_extension_is_reminded_of_its_own_day(office, member):
    year(firms=0)
    extensions.grant(member.firm, 2022, days(5), "审计", by=office)
    Message.objects.all().delete()
    by_calendar()
    assert not Message.objects.exists()  # today is everybody else's day
    Extension.objects.update(due_on=days(1))
    by_calendar()
    assert "还有1天截止" in Message.objects.get().title
    year(phase="reviewing", firms=-9)
    Message.objects.all().delete()
    MembershipFactory()  # behind too, but nothing can be filled in any more
    assert reminders.remind_now(2022, by=office, firms=True) == 1


def test_nothing_is_said_on_other_days_in_other_phases_or_at_night(member, monkeypatch):
    year(firms=5, departments=5)
    by_calendar()
    year(phase="trial", firms=0, departments=0)
    by_calendar()
    assert not Message.objects.exists()
    midnight = timezone.make_aware(dt.datetime.combine(TODAY, dt.time(7, 59)))
    Job.objects.all().delete()
    monkeypatch.setattr(reminders.timezone, "localtime", lambda: midnight)
    reminders.ask_for_today()
    assert not Job.objects.exists()
    monkeypatch.setattr(reminders.timezone, "localtime", lambda: midnight + dt.timedelta(minutes=1))
    reminders.ask_for_today()
    reminders.ask_for_today()
    assert Job.objects.count() == 1


def test_the_button_is_the_office_s_and_of_a_year_that_is_collected(office, member):
    year(phase="trial")
    assert refused(reminders.remind_now, 2022, by=office, firms=True) == "not_collecting"
    assert refused(reminders.remind_now, 2022, by=OfficerFactory(), firms=True) == "not_office"


def test_the_preview_is_what_the_button_does(office, member, django_assert_max_num_queries):
    load_catalogue(by=None)
    year()
    OfficerFactory(department=Department.objects.get(code="tax"))
    FilingFactory(firm=member.firm, values={"headcount": 1.0})
    filings.refold(2022)
    coverage.count(2022)
    with django_assert_max_num_queries(6):
        survey = reminders.survey(2022)
    assert (survey.officers, survey.firms, survey.people) == (1, 1, 1)
    assert reminders.remind_now(2022, by=office, departments=True, firms=True) == 2


def test_the_pages(client, office, member):
    year()
    client.force_login(office)
    data = {"firm": member.firm.credit_code, "year": 2022, "due_on": days(9).isoformat(), "reason": "审计报告未出"}
    bad = client.post(reverse("firms:extensions"), data | {"due_on": days(1).isoformat()})
    assert bad.status_code == 400
    assert "审计报告未出" in bad.text  # nothing typed is lost
    assert client.post(reverse("firms:extensions"), data).status_code == 302
    assert member.firm.name in client.get(reverse("firms:extensions")).text
    assert client.post(reverse("firms:extension_revoke", args=[Extension.objects.get().pk])).status_code == 302
    assert "立即提醒" in client.get(reverse("firms:reminders")).text
    assert client.post(reverse("firms:remind"), {"year": 2022, "firms": "on"}).status_code == 302
    assert "催报2022年度" in client.get(reverse("firms:reminders")).text
