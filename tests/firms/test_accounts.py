"""Signing in and out, and what the pages say when something is refused."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import reverse

from tests.scoring.pages import body, text

PASSWORD = "correct-horse-7"


@pytest.fixture
def person(db):
    return get_user_model().objects.create_user("zhang", password=PASSWORD, role="office", name="张三")


def sign_in(client, name, password, **more):
    return client.post(reverse("firms:login"), {"username": name, "password": password, **more})


@pytest.mark.django_db
def test_the_sign_in_page_is_chinese_and_has_its_token(client):
    response = client.get(reverse("firms:login"))
    assert "登录" in text(response)
    assert "csrfmiddlewaretoken" in body(response)


def test_signing_in_goes_back_to_where_one_was(client, person):
    response = sign_in(client, "zhang", PASSWORD, next="/method/")
    assert (response.status_code, response.url) == (302, "/method/")
    assert "张三" in text(client.get("/method/"))


def test_signing_in_never_leads_off_the_site(client, person):
    assert sign_in(client, "zhang", PASSWORD, next="//example.org/").url.startswith("/")
    assert "example.org" not in sign_in(client, "zhang", PASSWORD, next="//example.org/").url


def test_a_wrong_password_and_an_unknown_account_are_told_alike(client, person):
    answers = []
    for name in ("zhang", "nobody"):
        response = sign_in(client, name, "wrong")
        answers.append(text(response).replace(name, ""))
        assert response.status_code == 200
    assert answers[0] == answers[1]
    assert "用户名或密码不正确" in re.search(r'role="alert">(.*?)</div>', body(response), re.S)[1]
    assert "重置" in text(response)
    assert "系统管理员" in text(response)


def test_the_sixth_try_meets_the_locked_page(client, person):
    for _ in range(5):
        response = sign_in(client, "zhang", "wrong")
    assert response.status_code == 429
    assert "登录已锁定" in text(response)
    assert sign_in(client, "zhang", PASSWORD).status_code == 429


def test_a_new_password_replaces_the_old_one(client, person):
    sign_in(client, "zhang", PASSWORD)
    page = reverse("firms:password_change")
    refused = client.post(page, {"old_password": PASSWORD, "new_password1": "123", "new_password2": "123"})
    assert "密码没有修改" in text(refused)
    new = {"old_password": PASSWORD, "new_password1": "another-horse-9", "new_password2": "another-horse-9"}
    assert client.post(page, new).url == reverse("firms:password_changed")
    assert client.get(reverse("firms:password_changed")).status_code == 200
    person.refresh_from_db()
    assert person.check_password("another-horse-9")


def test_leaving_needs_a_form_and_ends_the_session(client, person):
    sign_in(client, "zhang", PASSWORD)
    assert client.get(reverse("firms:logout")).status_code == 405
    client.post(reverse("firms:logout"))
    assert client.get(reverse("firms:password_change")).status_code == 302


@pytest.mark.parametrize("status", ["400", "403", "403_csrf", "404", "409", "429", "500"])
def test_every_refusal_says_what_happened_and_what_to_do(status):
    html = render_to_string(f"errors/{status}.html")  # no request, and no database: the test may not touch one
    assert "返回首页" in html
    assert html.count("<h1") == 1
    assert "problem-why" in html


@pytest.mark.django_db
def test_the_page_of_a_fault_asks_nothing_of_the_session_or_the_database(client, person, django_assert_num_queries):
    sign_in(client, "zhang", PASSWORD)
    request = RequestFactory().get("/")
    SessionMiddleware(lambda _request: None).process_request(request)
    request.session = client.session
    AuthenticationMiddleware(lambda _request: None).process_request(request)
    with django_assert_num_queries(0):
        render_to_string("errors/500.html", {"status": 500}, request)


def test_a_refusal_shows_its_place_reason_and_hint():
    from firms.services.refusal import Refusal

    refusal = Refusal("row_twice", "同一企业出现两次<b>。", place="第7行", hint="请删去一行后重传。")
    html = render_to_string("errors/409.html", {"status": 409, "refusal": refusal})
    for words in ("同一企业出现两次&lt;b&gt;。", "第7行", "请删去一行后重传。", "row_twice"):
        assert words in html


@pytest.mark.django_db
def test_an_address_that_is_none_answers_in_chinese(client):
    response = client.get("/no/such/page/")
    assert response.status_code == 404
    assert "没有这个页面" in text(response)
