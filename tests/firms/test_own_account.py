"""One's own account: a password forgotten, an address changed; nobody learns who has an account, nobody takes one over."""

import re

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from firms.models import AuditEntry, Mail, Role
from firms.services import accounts, jobs
from firms.services.refusal import Refusal
from tests.enrolling import PASSWORD, link_in
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

FORGOTTEN = reverse("firms:password_forgotten")
LOGIN = reverse("firms:login")
NEW = "Known-To-Me-Alone-2"


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr(jobs.current_app, "send_task", lambda *args, **options: None)
    cache.clear()


@pytest.fixture
def person(people):
    user = people[Role.FIRM]
    user.email = "person@example.org"
    user.set_password(PASSWORD)
    user.save()
    return user


def signed_in(user):
    client = Client()
    client.force_login(user, "xxgx.roles.RoleBackend")
    return client


def follow(link):
    client = Client()
    form = client.get(link, follow=True)
    return client, form.request["PATH_INFO"]


def test_the_answer_is_the_same_whether_the_address_is_known(person):
    answers = [Client().post(FORGOTTEN, {"email": email}) for email in (person.email, "nobody@example.org")]
    assert len({(answer.status_code, answer.url) for answer in answers}) == 1
    assert Mail.objects.count() == 1


def test_the_link_sets_a_password_once_ends_sessions_and_signs_nobody_in(person):
    before = signed_in(person)
    Client().post(FORGOTTEN, {"email": "Person@Example.org"})
    link = link_in(Mail.objects.get())
    client, page = follow(link)
    response = client.post(page, {"new_password1": NEW, "new_password2": NEW})
    assert response.url == LOGIN
    assert client.get(reverse("firms:account")).status_code == 302
    assert before.get(reverse("firms:account")).status_code == 302
    person.refresh_from_db()
    assert person.check_password(NEW)
    assert "链接已失效" in Client().get(link, follow=True).text
    assert "密码已重新设置" in Mail.objects.order_by("-pk")[0].subject
    assert AuditEntry.objects.filter(action="user.password_by_mail").count() == 1


def test_a_locked_name_stays_locked(person):
    client = Client()
    for _ in range(5):
        client.post(LOGIN, {"username": person.username, "password": "wrong"})
    Client().post(FORGOTTEN, {"email": person.email})
    setting, page = follow(link_in(Mail.objects.get()))
    setting.post(page, {"new_password1": NEW, "new_password2": NEW})
    assert client.post(LOGIN, {"username": person.username, "password": NEW}).status_code == 429


def test_asked_again_and_again_one_mail_goes_out(person):
    for _ in range(4):
        Client().post(FORGOTTEN, {"email": person.email})
    assert Mail.objects.count() == 1


def test_the_form_is_taken_so_many_times_an_hour(settings):
    settings.FORM_RATES = {"reset": "2/hour"}
    assert [Client().post(FORGOTTEN, {"email": "x@example.org"}).status_code for _ in range(3)] == [302, 302, 429]


@pytest.mark.parametrize("role", ["system", "security", "audit"])
def test_administrators_passwords_are_not_had_by_mail(people, role):
    people[role].email = "admin@example.org"
    people[role].save()
    Client().post(FORGOTTEN, {"email": "admin@example.org"})
    assert not Mail.objects.exists()


def test_a_disabled_account_gets_no_link_and_an_old_one_is_dead(person):
    accounts.ask_reset(person.email)
    link = link_in(Mail.objects.get())
    person.is_active = False
    person.save()
    assert "（链接已失效）" in _text(Mail.objects.get())
    client, page = follow(link)
    client.post(page, {"new_password1": NEW, "new_password2": NEW})
    assert client.post(LOGIN, {"username": person.username, "password": NEW}).status_code == 200  # still refused
    Mail.objects.all().delete()
    accounts.ask_reset(person.email)
    assert not Mail.objects.exists()


def _text(mail):
    from firms.services import links

    return links.resolved(mail.body)


# ---- one's own details


def test_a_new_address_counts_when_its_owner_has_confirmed_it(person):
    client = signed_in(person)
    client.post(reverse("firms:email_change"), {"email": "New@Example.org", "password": PASSWORD})
    person.refresh_from_db()
    assert person.email == "person@example.org"
    link = link_in(Mail.objects.get(to="new@example.org"))
    assert client.get(link).status_code == 200
    person.refresh_from_db()
    assert person.email == "person@example.org"  # looking at it changes nothing
    assert signed_in(UserFactory(role=Role.FIRM)).post(link).status_code == 410
    assert client.post(link).status_code == 302
    person.refresh_from_db()
    assert person.email == "new@example.org"
    assert Mail.objects.filter(to="person@example.org", subject="您的电子邮箱已更换").exists()
    assert client.post(link).status_code == 410  # used


def test_a_new_address_needs_the_password(person):
    client = signed_in(person)
    assert client.post(reverse("firms:email_change"), {"email": "n@example.org", "password": "no"}).status_code == 400
    assert not Mail.objects.exists()
    assert AuditEntry.objects.filter(action="user.password_refused").count() == 1


def test_a_seal_of_ones_own_making_confirms_nothing(person):
    for seal in ("x", "a:b:c", "WzEsMl0:1:2"):
        with pytest.raises(Refusal) as refused:
            accounts.confirm_new_email(seal, by=person)
        assert refused.value.status == 410


def test_firms_write_their_own_name_staff_only_their_telephone(people, as_role):
    url = reverse("firms:account")
    as_role(Role.FIRM).post(url, {"name": "王会计", "phone": "0373-3000000"})
    as_role(Role.OFFICE).post(url, {"name": "冒名", "phone": "0373-3000001"})
    for role, name, phone in ((Role.FIRM, "王会计", "0373-3000000"), (Role.OFFICE, "", "0373-3000001")):
        people[role].refresh_from_db()
        assert (people[role].name, people[role].phone) == (name, phone)
    assert AuditEntry.objects.filter(action="user.contact").count() == 2


def test_who_gives_another_an_address_cannot_use_it_to_become_them(as_role, people):
    """The system administrator writes an address of their own into an account and asks for its password."""
    leader = people[Role.LEADER]
    url = reverse("admin:firms_user_change", args=[leader.pk])
    system = as_role(Role.SYSTEM)
    stamp = re.search(r'name="_stamp" value="(\w+)"', system.get(url).text)[1]
    form = {"username": leader.username, "name": "领导", "phone": "", "email": "mine@example.org", "_stamp": stamp}
    assert system.post(url, form).status_code == 302
    leader.refresh_from_db()
    assert (leader.email, leader.is_active) == ("mine@example.org", False)
    Client().post(FORGOTTEN, {"email": "mine@example.org"})
    assert not Mail.objects.exists()
    assert AuditEntry.objects.filter(action="user.email_given").count() == 1
