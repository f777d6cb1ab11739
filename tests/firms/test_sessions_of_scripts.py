"""A session that ends under a form: a script is told so, a person comes back to the page they were on."""

import pytest
from django.test import Client
from django.urls import reverse

from firms.models import Role
from xxgx import sessions

pytestmark = pytest.mark.django_db

PING = reverse("firms:session_ping")
FORM = "/accounts/settings/"
HERE = "http://testserver/accounts/settings/?tab=1"


def test_a_living_session_says_whose_it_is_how_long_it_has_and_gives_the_token(as_role, people):
    client = as_role(Role.FIRM)
    body = client.get(PING).json()
    assert (body["signed_in"], body["user"]) == (True, people[Role.FIRM].pk)
    assert 1700 < body["seconds_left"] <= 1800
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    token = strict.get(PING).json()["csrf"]
    assert strict.post(FORM, {"phone": "0373-1"}).status_code == 403
    assert strict.post(FORM, {"phone": "0373-1234"}, headers={"X-CSRFToken": token}).status_code == 302


def test_asking_does_not_keep_a_session_alive(as_role, monkeypatch):
    client = as_role(Role.FIRM)
    client.get(FORM)
    seen = client.session[sessions.SEEN]
    monkeypatch.setattr(sessions.time, "time", lambda: seen + 600)
    body = client.get(PING).json()
    assert client.session[sessions.SEEN] == seen
    assert body["seconds_left"] <= 1200
    client.get(FORM)
    assert client.session[sessions.SEEN] == seen + 600


def test_no_session_is_401_with_the_way_back():
    response = Client().get(PING, headers={"Referer": HERE})
    assert response.status_code == 401
    assert response.json()["code"] == "signed_out"
    assert response.json()["login"] == "/accounts/login/?next=%2Faccounts%2Fsettings%2F%3Ftab%3D1"
    foreign = Client().get(PING, headers={"Referer": "https://example.org/x/"})
    assert foreign.json()["login"] == "/accounts/login/"


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Dest": "empty"}, {"Accept": "application/json"}, {"X-Requested-With": "XMLHttpRequest"}]
)
def test_a_script_that_asks_for_a_page_is_told_401_and_no_page(headers):
    for method in ("get", "post"):
        response = getattr(Client(), method)(FORM, headers={**headers, "Referer": HERE})
        assert response.status_code == 401
        assert response.json()["code"] == "signed_out"
        assert "tab%3D1" in response.json()["login"]


def test_htmx_leaves_the_page_to_sign_in_only_when_nothing_was_typed():
    headers = {"HX-Request": "true", "HX-Current-URL": HERE}
    reads = Client().get(FORM, headers=headers)
    assert (reads.status_code, reads["HX-Redirect"]) == (
        401,
        "/accounts/login/?next=%2Faccounts%2Fsettings%2F%3Ftab%3D1",
    )
    writes = Client().post(FORM, headers=headers)
    assert writes.status_code == 401
    assert "HX-Redirect" not in writes
    assert writes["HX-Trigger"] == "session-ended"


def test_a_person_is_led_back_to_the_page_of_the_form_and_told_that_nothing_was_saved(people):
    client = Client()
    response = client.post(FORM, {"phone": "0373-1"}, headers={"Referer": HERE, "Sec-Fetch-Dest": "document"})
    assert response.url == "/accounts/login/?next=%2Faccounts%2Fsettings%2F%3Ftab%3D1"
    assert "没有保存" in client.get(response.url).text
    people[Role.FIRM].set_password("known-to-test-1")
    people[Role.FIRM].save()
    form = {"username": "u-firm", "password": "known-to-test-1", "next": "/accounts/settings/?tab=1"}
    assert client.post("/accounts/login/", form).url == "/accounts/settings/?tab=1"


def test_reading_a_page_leads_to_sign_in_and_back_as_ever():
    response = Client().get(FORM, headers={"Sec-Fetch-Dest": "document"})
    assert (response.status_code, response.url) == (302, "/accounts/login/?next=/accounts/settings/")


def test_the_role_that_may_not_is_still_told_so_and_not_sent_to_sign_in(as_role):
    response = as_role(Role.BANK).get("/office/", headers={"Accept": "application/json"})
    assert response.status_code == 403
