"""Two at once: one decision, one use, one manager left. Each race has its control: without its lock the damage shows."""

from functools import partial

import pytest
from django_otp.plugins.otp_totp.models import TOTPDevice

from firms.models import AuditEntry, Enrolment, Membership, Role
from firms.services import enrolments, invitations, jobs, members, totp
from tests import races
from tests.enrolling import apply, code_of, token_of
from tests.factories import FirmFactory, MembershipFactory, UserFactory, credit_code

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture(autouse=True)
def _needs_real_connections(monkeypatch):
    races.needs_real_connections()
    monkeypatch.setattr(jobs.current_app, "send_task", lambda *args, **options: None)


@pytest.fixture
def meet(monkeypatch):
    """``meet(module, "name")``: two callers of it wait for each other first."""
    return partial(races.meet, monkeypatch)


def two_officers():
    FirmFactory(credit_code=credit_code(987))
    row = apply()
    one, other = UserFactory(role=Role.OFFICE), UserFactory(role=Role.OFFICE)
    return races.outcomes(
        lambda: enrolments.approve(row, by=one), lambda: enrolments.refuse(row, reason="不符", by=other)
    )


def test_of_two_officers_one_decides(meet):
    meet(enrolments, "_decide")
    assert two_officers() == ["done", "enrolment_decided"]
    assert AuditEntry.objects.filter(action__in=["enrolment.approve", "enrolment.refuse"]).count() == 1


def test_the_control_without_the_lock_both_decide(meet, monkeypatch):
    monkeypatch.setattr(enrolments, "_take", lambda row, by: Enrolment.objects.get(pk=row.pk))
    meet(enrolments, "_decide")
    assert two_officers() == ["done", "done"]


def two_tabs():
    firm = FirmFactory()
    token = token_of(invitations.invite(firm=firm, email="n@example.org", kind="reporter", by=UserFactory()))
    user = UserFactory(role=Role.FIRM, email="n@example.org")
    return races.outcomes(*[lambda: invitations.accept_as(token, by=user)] * 2)


def test_an_invitation_opened_in_two_tabs_is_used_once(meet):
    meet(invitations, "found")
    assert two_tabs() == ["done", "invitation_gone"]
    assert AuditEntry.objects.filter(action="invitation.accept").count() == 1


def test_the_control_without_the_conditional_update_it_is_used_twice(meet, monkeypatch):
    meet(invitations, "found")
    monkeypatch.setattr(invitations, "_use", lambda token: invitations.found(token))
    assert two_tabs() == ["done", "done"]


def two_managers():
    firm = FirmFactory()
    one, other = (MembershipFactory(firm=firm, kind="manager") for _ in range(2))
    answers = races.outcomes(lambda: members.remove(other, by=one.user), lambda: members.remove(one, by=other.user))
    return answers, Membership.objects.filter(firm=firm).count()


def test_two_managers_who_remove_each_other_leave_one(meet):
    meet(members, "_refuse_last_manager")
    assert two_managers() == (["done", "forbidden"], 1)


def test_the_control_without_the_firms_lock_nobody_is_left(meet, monkeypatch):
    monkeypatch.setattr(members, "_take", lambda row, by: Membership.objects.get(pk=row.pk))
    meet(members, "_refuse_last_manager", after=True)
    assert two_managers() == (["done", "done"], 0)


def one_code_twice(meet):
    user = UserFactory(role=Role.FIRM)
    totp.begin(by=user)
    totp.confirm(code_of(user), by=user)
    code = code_of(user, steps=1)
    meet(TOTPDevice, "verify_token")  # only now: confirming asks for a code too, and would wait for nobody
    return races.outcomes(*[lambda: totp.verify(user, code)] * 2)


def test_one_code_shown_twice_at_once_passes_once(meet):
    assert one_code_twice(meet) == ["done", "no"]


def test_the_control_without_the_devices_lock_it_passes_twice(meet, monkeypatch):
    monkeypatch.setattr(totp, "_locked_device", lambda user: TOTPDevice.objects.get(user=user, confirmed=True))
    assert one_code_twice(meet) == ["done", "done"]


def test_a_recovery_code_shown_by_four_at_once_passes_once():
    user = UserFactory(role=Role.FIRM)
    totp.begin(by=user)
    code = totp.confirm(code_of(user), by=user)[0]
    assert races.outcomes(*[lambda: totp.verify(user, code)] * 4) == ["done", "no", "no", "no"]
