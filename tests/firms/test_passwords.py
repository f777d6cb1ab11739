"""Passwords: known to their owners alone; who is given one by another can do nothing with it but replace it."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from firms.models import AuditEntry, Role, User
from firms.views.guards import ALLOWED

pytestmark = pytest.mark.django_db

PAGE = reverse("firms:password_change")
LOGIN = reverse("firms:login")
OLD, GIVEN, NEW = "correct-horse-7", "Given-By-System-1", "Known-To-Me-Alone-2"


@pytest.fixture
def officer(people):
    user = people[Role.OFFICE]
    user.set_password(OLD)
    user.save()
    return user


@pytest.fixture
def desk(officer):
    client = Client()
    sign_in(client, officer, OLD)
    return client


def sign_in(client, user, password):
    return client.post(LOGIN, {"username": user.username, "password": password})


def change(client, old, new=NEW):
    return client.post(PAGE, {"old_password": old, "new_password1": new, "new_password2": new})


def reset(client, user, password=GIVEN):
    url = reverse("admin:auth_user_password_change", args=[user.pk])
    return client.post(url, {"password1": password, "password2": password, "usable_password": "true"})


def traced(action):
    return list(AuditEntry.objects.filter(action=action).values_list("actor__username", "target_id"))


def test_a_change_of_ones_own_password_leaves_its_trace(desk, officer):
    assert change(desk, OLD).status_code == 302
    assert traced("user.password") == [(officer.username, str(officer.pk))]
    assert not AuditEntry.objects.filter(summary__contains=NEW).exists()


def test_a_wrong_old_password_leaves_its_trace_and_other_mistakes_none(desk, officer):
    change(desk, "wrong")
    desk.post(PAGE, {"old_password": OLD, "new_password1": "1", "new_password2": "2"})
    assert traced("user.password_refused") == [(officer.username, str(officer.pk))]
    assert traced("user.password") == []


def test_five_wrong_old_passwords_end_the_session(desk, officer):
    for _ in range(ALLOWED - 1):
        assert change(desk, "wrong").status_code == 200
    assert desk.get(PAGE).status_code == 200
    response = change(desk, "wrong")
    assert response.url.startswith(LOGIN)
    assert desk.get(PAGE).status_code == 302
    assert "连续输错五次" in desk.get(LOGIN).text
    officer.refresh_from_db()
    assert officer.check_password(OLD)
    assert len(traced("user.password_refused")) == ALLOWED


def test_a_right_one_in_between_begins_the_count_anew(desk):
    for _ in range(ALLOWED - 1):
        change(desk, "wrong")
    assert change(desk, OLD).status_code == 302
    assert change(desk, "wrong", OLD).status_code == 200
    assert desk.get(PAGE).status_code == 200


def test_who_gives_a_password_cannot_sign_in_by_it(as_role, officer, client):
    assert reset(as_role(Role.SYSTEM), officer).status_code == 302
    officer.refresh_from_db()
    assert (officer.is_active, officer.must_change_password) == (False, True)
    assert sign_in(client, officer, GIVEN).status_code == 200  # the form again: refused
    assert AuditEntry.objects.filter(action="user.reset_password", target_id=officer.pk).count() == 1


def enable(as_role, user):
    url = reverse("admin:firms_user_change", args=[user.pk])
    security = as_role(Role.SECURITY)
    page = security.get(url).text
    form = {"role": user.role, "is_active": "on", "_stamp": re.search(r'name="_stamp" value="(\w+)"', page)[1]}
    assert security.post(url, form).status_code == 302


def test_enabled_again_it_opens_one_page_until_its_owner_has_replaced_it(as_role, officer, client):
    reset(as_role(Role.SYSTEM), officer)
    enable(as_role, officer)
    assert sign_in(client, officer, GIVEN).status_code == 302
    for path in ("/", "/office/", "/admin/", "/imports/", "/home/"):
        response = client.get(path)
        assert (response.status_code, response.url) == (302, PAGE), path
    assert client.post("/office/schedule/", {"at": "03:00"}).url == PAGE
    answer = client.get("/api/v1/periods/")
    assert (answer.status_code, answer.json()["code"]) == (403, "password_expired")
    assert "由他人设置" in client.get(PAGE).text
    assert change(client, GIVEN).status_code == 302
    assert client.get("/office/").status_code == 200
    officer.refresh_from_db()
    assert not officer.must_change_password


def test_an_account_just_opened_replaces_the_password_it_was_opened_with(as_role, client):
    form = {"username": "wang", "name": "王一", "role": "leader", "password1": GIVEN, "password2": GIVEN}
    as_role(Role.SYSTEM).post(reverse("admin:firms_user_add"), form)
    user = User.objects.get(username="wang")
    enable(as_role, user)
    sign_in(client, user, GIVEN)
    assert client.get("/").url == PAGE


def test_ones_own_password_is_not_reset_past_the_old_one(as_role, people):
    system = people[Role.SYSTEM]
    before = system.password
    assert reset(as_role(Role.SYSTEM), system).url == PAGE
    system.refresh_from_db()
    assert (system.password, system.is_active) == (before, True)


@pytest.mark.parametrize(
    ("before", "after"),
    [("system", "office"), ("office", "system"), ("security", "leader"), ("leader", "audit"), ("system", "audit")],
)
def test_an_administrator_is_not_made_of_anybody_else_nor_anybody_else_of_one(as_role, before, after):
    user = User.objects.create_user("one", password="x", role=before)
    url = reverse("admin:firms_user_change", args=[user.pk])
    security = as_role(Role.SECURITY)
    stamp = re.search(r'name="_stamp" value="(\w+)"', security.get(url).text)[1]
    response = security.post(url, {"role": after, "is_active": "on", "_stamp": stamp})
    assert response.status_code == 200
    assert "不得互换角色" in response.text
    user.refresh_from_db()
    assert user.role == before


def test_between_business_roles_the_security_administrator_decides(as_role):
    user = User.objects.create_user("one", password="x", role="leader")
    url = reverse("admin:firms_user_change", args=[user.pk])
    security = as_role(Role.SECURITY)
    stamp = re.search(r'name="_stamp" value="(\w+)"', security.get(url).text)[1]
    assert security.post(url, {"role": "office", "is_active": "on", "_stamp": stamp}).status_code == 302
    user.refresh_from_db()
    assert user.role == "office"
