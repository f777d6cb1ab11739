"""Members of a firm and invitations to it: good once, for a week, by the managers and the office alone."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from firms.models import AuditEntry, Invitation, Mail, Membership, Message, Role, User
from firms.services import invitations, jobs, links, members
from firms.services.refusal import Refusal
from tests.enrolling import PASSWORD, link_in, token_of
from tests.factories import FirmFactory, MembershipFactory, UserFactory
from xxgx.roles import load as load_roles

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr(jobs.current_app, "send_task", lambda *args, **options: None)


@pytest.fixture
def firm():
    return FirmFactory()


@pytest.fixture
def manager(firm):
    return MembershipFactory(firm=firm, kind="manager").user


@pytest.fixture
def reporter(firm):
    return MembershipFactory(firm=firm, kind="reporter", user__email="reporter@example.org").user


def signed_in(user):
    client = Client()
    client.force_login(user, "xxgx.roles.RoleBackend")
    return client


def invite(firm, by, **changed):
    return invitations.invite(**{"firm": firm, "email": "New@Example.org", "kind": "reporter", "by": by} | changed)


# ---- invitations


def test_a_new_person_gets_an_account_by_the_link_once(firm, manager):
    row = invite(firm, manager, name="张三")
    mail = Mail.objects.get()
    assert mail.to == "new@example.org"
    assert "/invitations/" not in mail.body  # only as it leaves
    link = link_in(mail)
    client = Client()
    page = client.get(link).text
    assert firm.name in page
    form = {"name": "张三", "password1": PASSWORD, "password2": PASSWORD}
    assert client.post(link, form).url == reverse("firms:login")
    user = User.objects.get(username="new@example.org")
    assert user.check_password(PASSWORD)
    assert Membership.objects.get(user=user, firm=firm).kind == "reporter"
    row.refresh_from_db()
    assert (row.user, row.accepted_at is not None) == (user, True)
    assert "接受" in Message.objects.get(user=manager).title
    assert Client().get(link).status_code == 410
    assert Client().post(link, form).status_code == 410
    assert links.GONE in links.resolved(mail.body)  # the mail, sent again, would hold no link any more


def test_only_a_digest_is_kept(firm, manager):
    row = invite(firm, manager)
    token = token_of(row)
    assert token not in {row.token_digest, str(row.pk)}
    assert len(token) == 64
    for model in (Mail, Invitation, AuditEntry):
        for values in model.objects.values():
            assert token not in str(values)


def test_a_link_ends_with_its_week_when_revoked_and_when_another_is_sent(firm, manager):
    first = invite(firm, manager)
    second = invite(firm, manager)
    assert invitations.found(token_of(second))
    first.refresh_from_db()
    assert first.revoked_at
    assert invitations._link(first.pk) == ""
    Invitation.objects.filter(pk=second.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert invitations.found(token_of(second)) is None
    third = invite(firm, manager)
    token = token_of(third)
    invitations.revoke(third, by=manager)
    with pytest.raises(Refusal) as refused:
        invitations.accept_new(token, name="张三", password=PASSWORD)
    assert (refused.value.code, refused.value.status) == ("invitation_gone", 410)
    for wrong in ("x", "0" * 64, token[:-1]):
        assert Client().get(f"/invitations/{wrong}/").status_code == 410


def test_a_weak_password_leaves_the_invitation_open(firm, manager):
    token = token_of(invite(firm, manager))
    with pytest.raises(ValidationError):
        invitations.accept_new(token, name="张三", password="12345")
    assert invitations.found(token)
    assert not User.objects.filter(username="new@example.org").exists()


def test_who_has_an_account_joins_with_it_after_signing_in(firm, manager):
    token = token_of(invite(firm, manager, kind="manager"))
    user = UserFactory(role=Role.FIRM, email="new@example.org")
    url = reverse("firms:invitation", args=[token])
    assert "登录并接受" in Client().get(url).text
    other = signed_in(UserFactory(role=Role.FIRM, email="other@example.org"))
    assert "不是收到邀请的邮箱" in other.get(url).text
    assert other.post(f"{url}join/").status_code == 403
    with pytest.raises(Refusal):
        invitations.accept_new(token, name="x", password=PASSWORD)  # no second account of the address
    assert signed_in(user).post(f"{url}join/").status_code == 302
    assert Membership.objects.get(user=user, firm=firm).kind == "manager"


def test_the_address_of_somebody_who_works_here_opens_no_firms_account(firm, manager):
    UserFactory(role=Role.OFFICE, email="new@example.org")
    token = token_of(invite(firm, manager))  # the manager is not told
    assert "改用另一个邮箱" in Client().get(reverse("firms:invitation", args=[token])).text
    with pytest.raises(Refusal) as refused:
        invitations.accept_new(token, name="x", password=PASSWORD)
    assert refused.value.code == "email_taken"


def test_who_may_invite(firm, manager, reporter):
    office = UserFactory(role=Role.OFFICE)
    assert invite(firm, office)
    for user in (reporter, MembershipFactory(kind="manager").user, UserFactory(role=Role.LEADER)):
        with pytest.raises(Refusal) as refused:
            invite(firm, user)
        assert refused.value.status == 403
    with pytest.raises(Refusal) as refused:
        invite(firm, manager, email="REPORTER@example.org")
    assert refused.value.code == "member_already"


def test_a_firm_invites_so_many_a_day(firm, manager, monkeypatch):
    monkeypatch.setattr(invitations, "A_DAY", 2)
    invite(firm, manager)
    invite(firm, manager)
    with pytest.raises(Refusal) as refused:
        invite(firm, manager)
    assert refused.value.status == 429
    assert invite(firm, UserFactory(role=Role.OFFICE))


# ---- members


def test_the_last_manager_stays(firm, manager, reporter):
    own = firm.memberships.get(user=manager)
    for deed in (
        lambda: members.remove(own, by=manager),
        lambda: members.change_kind(own, kind="reporter", by=manager),
    ):
        with pytest.raises(Refusal) as refused:
            deed()
        assert refused.value.code == "last_manager"
    members.change_kind(firm.memberships.get(user=reporter), kind="manager", by=manager)
    members.change_kind(own, kind="reporter", by=manager)
    assert firm.memberships.get(kind="manager").user == reporter


def test_a_manager_that_cannot_sign_in_does_not_count(firm, manager):
    MembershipFactory(firm=firm, kind="manager", user__is_active=False)
    with pytest.raises(Refusal):
        members.remove(firm.memberships.get(user=manager), by=UserFactory(role=Role.OFFICE))


@pytest.mark.parametrize("leaving", [members.remove, lambda row, by: members.change_kind(row, kind="reporter", by=by)])
def test_who_manages_the_firm_no_longer_has_no_way_back_in_the_mail(firm, manager, reporter, leaving):
    """An invitation to an address of one's own, sent before one had to go, opens nothing."""
    members.change_kind(firm.memberships.get(user=reporter), kind="manager", by=manager)
    back = invite(firm, manager, email="mine@example.org", kind="manager")
    stays, elsewhere = invite(firm, reporter), MembershipFactory(user=manager, kind="manager").firm
    other = invite(elsewhere, manager)
    leaving(firm.memberships.get(user=manager), by=reporter)
    assert Client().get(f"/invitations/{invitations._token(back.pk)}/").status_code == 410
    assert AuditEntry.objects.get(action="invitation.revoke").actor == reporter
    assert all(invitations.found(invitations._token(row.pk)) for row in (stays, other))


def test_nor_when_the_security_administrator_takes_the_grant_away(firm, manager):
    load_roles()
    back, row = invite(firm, manager, kind="manager"), firm.memberships.get(user=manager)
    security = signed_in(UserFactory(role=Role.SECURITY))
    security.post(reverse("admin:firms_membership_delete", args=[row.pk]), {"post": "yes"})
    assert not firm.memberships.exists()
    assert Client().get(f"/invitations/{invitations._token(back.pk)}/").status_code == 410


def test_a_removed_members_sessions_end_and_nobody_elses(firm, manager, reporter):
    gone, stays = signed_in(reporter), signed_in(manager)
    assert gone.get(reverse("firms:account")).status_code == 200
    members.remove(firm.memberships.get(user=reporter), by=manager)
    assert gone.get(reverse("firms:account")).status_code == 302
    assert stays.get(reverse("firms:account")).status_code == 200
    assert Session.objects.count() == 1
    assert "解除" in Message.objects.get(user=reporter).body
    entry = AuditEntry.objects.get(action="member.remove")
    assert entry.before["user"] == reporter.username


def test_leaving_ends_ones_own_session_in_an_orderly_way(firm, manager):
    MembershipFactory(firm=firm, kind="manager")
    client = signed_in(manager)
    own = firm.memberships.get(user=manager)
    response = client.post(reverse("firms:member_remove", args=[firm.credit_code, own.pk]))
    assert (response.status_code, response.url) == (302, reverse("firms:login"))
    assert client.get(reverse("firms:account")).status_code == 302


def test_a_reporter_reads_the_members_and_changes_nothing(firm, manager, reporter):
    client = signed_in(reporter)
    page = client.get(reverse("firms:firm_members", args=[firm.credit_code]))
    assert manager.username in page.text
    assert "发送邀请" not in page.text
    own = firm.memberships.get(user=reporter)
    assert (
        client.post(reverse("firms:member_kind", args=[firm.credit_code, own.pk]), {"kind": "manager"}).status_code
        == 403
    )
    own.refresh_from_db()
    assert own.kind == "reporter"


def test_no_member_of_another_firm_is_reached_through_ones_own(firm, manager):
    foreign = MembershipFactory(kind="reporter")
    client = signed_in(manager)
    url = reverse("firms:member_remove", args=[firm.credit_code, foreign.pk])
    assert client.post(url).status_code == 404
    url = reverse("firms:member_remove", args=[foreign.firm.credit_code, foreign.pk])
    assert client.post(url).status_code == 404
    invitation = invite(foreign.firm, UserFactory(role=Role.OFFICE))
    for code in (firm.credit_code, foreign.firm.credit_code):
        assert client.post(reverse("firms:invitation_revoke", args=[code, invitation.pk])).status_code == 404


def test_the_office_finds_a_firm_by_name_code_and_initials(as_role):
    firm, other = FirmFactory(name="新乡甲精工有限公司"), FirmFactory(name="新乡乙精工有限公司")
    client, url = as_role(Role.OFFICE), reverse("firms:members")
    assert firm.credit_code in client.get(url, {"firm": firm.credit_code.lower()}).url
    assert firm.credit_code in client.get(url, {"firm": "甲精"}).url
    both = client.get(url, {"firm": "精工"}).text
    assert firm.name in both
    assert other.name in both
    nowhere = client.get(url, {"firm": "没有的"}).text
    assert "名录中没有" in nowhere
    assert 'name="firm"' in nowhere  # and may be asked again from where one stands
    assert 'value="没有的"' in nowhere


def test_the_page_asks_as_much_for_many_members_as_for_few(firm, manager):
    client, url = signed_in(manager), reverse("firms:firm_members", args=[firm.credit_code])
    client.get(url)
    asked = []
    for more in (1, 9):
        for _ in range(more):
            MembershipFactory(firm=firm)
            invite(firm, manager, email=f"{firm.memberships.count()}@example.org")
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        asked.append(len(queries))
    assert asked[0] == asked[1]
