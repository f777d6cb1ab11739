"""Hostile requests to any page: refused with a 4xx that says what, never a 5xx, nothing half-written."""

import json

import pytest
from django.db import DataError, IntegrityError
from django.test import Client, RequestFactory
from django.urls import reverse

from firms.models import Role
from firms.services.refusal import Refusal
from scoring.models import Score
from scoring.services import publish, rescore
from tests.scoring import zone
from tests.test_queries import PAGES as PAGES_OF_LISTS
from xxgx import errors

pytestmark = pytest.mark.django_db

HOSTILE = [
    "\0", "%00", "\ud800".encode("utf-8", "surrogatepass"), "'", '"><script>alert(1)</script>', "-1", "0", "1e400", "NaN",
    "9" * 400, "１２３", "../../etc/passwd", "%", "_", "\\", "a" * 5000, "\u202e", "=1+1", "；DROP TABLE firms_firm;--",
]  # fmt: skip
PARAMETERS = ("year", "stage", "cluster", "park", "q", "sort", "cursor", "size", "page", "version")
PAGES = ("scoring:overview", "scoring:rankings", "scoring:method", "scoring:api-rankings", "scoring:api-periods")


@pytest.fixture
def published(db):
    period = zone.make_period(4)
    publish(period, rescore(period, by=None).run, by=None)
    return period


@pytest.mark.parametrize("page", PAGES)
def test_no_parameter_makes_a_page_fall_over(client, published, page):
    client.raise_request_exception = False
    for name in PARAMETERS:
        for value in HOSTILE:
            response = client.get(reverse(page), {name: value})
            assert response.status_code < 500, (name, value)
            assert "json" in response["Content-Type"] or "<script>alert" not in response.text


# What reads a number from an address and trusts ``isdigit``: it is true of ², and int() reads no five thousand digits.
NO_NUMBERS = ["²", "9" * 5000, "9" * 19, "-1", "\ufffd"]
ASKED = (
    "year", "page", "start", "before", "after", "risk", "measure", "draft", "a", "b", "q", "cell", "view", "chart", "bands",
    "cursor", "trail", "state", "sort", "park", "cluster", "stage", "period", "periods", "growth", "drop", "fewest",
)  # fmt: skip


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_what_is_no_number_makes_no_list_fall_over(as_role, published, value):
    readers = {role: Client() if role == "anonymous" else as_role(role) for role in set(PAGES_OF_LISTS.values())}
    for page, role in PAGES_OF_LISTS.items():
        readers[role].raise_request_exception = False
        for asked in (ASKED, ("year", "page")):
            assert readers[role].get(reverse(page), dict.fromkeys(asked, value)).status_code < 500, page


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_what_is_no_number_makes_no_page_of_a_firm_fall_over(as_role, published, value):
    office = as_role(Role.OFFICE)
    office.raise_request_exception = False
    code = Score.objects.values_list("credit_code", flat=True)[0]
    for name in ("firm_file", "profile", "portrait", "peers", "simulate", "target", "statement"):
        asked = dict.fromkeys(("year", "trail", "results", "claims", "m-revenue", "total", "rank", "to", "run"), value)
        assert office.get(reverse(f"scoring:{name}", args=[code]), asked).status_code < 500, name


@pytest.mark.parametrize("value", [value for value in HOSTILE if isinstance(value, str) and "/" not in value])
def test_no_address_makes_a_page_fall_over(client, published, value):
    client.raise_request_exception = False
    for pattern in ("/firms/{}/", "/api/v1/firms/{}/", "/jobs/{}/", "/imports/{}/", "/office/runs/{}/", "/{}"):
        response = client.get(pattern.format(value.replace("%", "%25").replace("\0", "%00").replace("\\", "%5C")))
        assert response.status_code < 500, pattern


def test_nul_in_an_address_is_named(client):
    response = client.get("/rankings/?q=a%00b")
    assert response.status_code == 400
    assert "空字符" in response.text


def test_the_front_door_takes_no_nul_and_no_endless_name(client):
    client.raise_request_exception = False
    for name in ("a\0b", "x" * 100_000, "=cmd", "\u202egnp"):
        response = client.post(reverse("firms:login"), {"username": name, "password": "y"})
        assert response.status_code in {200, 400, 429}, name[:10]


@pytest.mark.parametrize("role", [Role.OFFICE, Role.SYSTEM, Role.SECURITY, Role.AUDIT])
def test_no_filter_makes_the_back_office_fall_over(as_role, role):
    from django.contrib import admin

    from xxgx import roles

    client = as_role(role)
    client.raise_request_exception = False
    for model in admin.site._registry:
        label = f"{model._meta.app_label}.{model._meta.model_name}"
        if label not in roles.GRANTS[role]:
            continue
        url = reverse(f"admin:{label.replace('.', '_')}_changelist")
        for query in (
            "q=%00",
            "q=" + "9" * 300,
            "p=99999999999999999999",
            "o=99",
            "o=x",
            "id__exact=abc",
            "e=1",
            "year=x",
        ):
            assert client.get(f"{url}?{query}").status_code < 500, (url, query)


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": Infinity}', "Infinity"),
        (b'{"a": 1e400}', "超出范围"),
        (b'{"a": ' + b"9" * 5000 + b"}", "超出范围"),
        (b'{"a": 1, "a": 2}', "重复"),
        (b'{"a": "x\\u0000y"}', "空字符"),
        (b'{"a": ["ok", {"b": "\\ud800"}]}', "代理项"),
        (b"[" * 5000 + b"]" * 5000, "嵌套"),
        (b'{"a": "\xff"}', "UTF-8"),
    ],
)
def test_strict_json_names_what_is_wrong(raw, word):
    from rest_framework.exceptions import ParseError

    from xxgx.parsers import strict_loads

    with pytest.raises(ParseError) as caught:
        strict_loads(raw)
    detail = caught.value.detail
    assert word in detail["message"]
    assert detail["hint"]


def test_strict_json_says_where():
    from rest_framework.exceptions import ParseError

    from xxgx.parsers import strict_loads

    with pytest.raises(ParseError) as caught:
        strict_loads(b'{"a": ["ok", {"b": "\\ud800"}]}')
    assert caught.value.detail["place"] == "a[2].b"


def test_strict_json_reads_what_is_right():
    from xxgx.parsers import strict_loads

    text = {"名称": "新乡", "数": [1, -2.5, True, None, '{[\\"]}']}
    assert strict_loads(json.dumps(text).encode()) == text


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refusal("locked", "年度已锁定。", place="2022", hint="请先解锁。"), 409),
        (Refusal("bad", "格式不对。", status=400), 400),
        (IntegrityError("duplicate key value violates unique constraint x"), 409),
        (DataError("PostgreSQL text fields cannot contain NUL"), 400),
    ],
)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_what_a_service_or_the_database_refuses_becomes_an_answer(error, status, accept, client):
    request = RequestFactory().get("/x", headers={"accept": accept})
    from django.contrib.auth.models import AnonymousUser
    from django.contrib.sessions.backends.db import SessionStore

    request.user, request.session = AnonymousUser(), SessionStore()
    response = errors.RefusalMiddleware(lambda _request: None).process_exception(request, error)
    assert response.status_code == status
    text = response.content.decode()
    assert "constraint" not in text  # the database's own words stay inside
    if accept == "application/json":
        assert set(json.loads(text)) == {"code", "message", "place", "hint"}
    else:
        assert "<!doctype html" in text.lower()
        if isinstance(error, Refusal):
            assert error.message in text
            assert error.hint in text


def test_a_fault_of_ours_is_not_dressed_up_as_the_visitors(client):
    assert errors.RefusalMiddleware(lambda _request: None).process_exception(None, ZeroDivisionError()) is None


def test_a_body_too_large_or_with_too_many_fields_is_refused(client, settings):
    client.raise_request_exception = False
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 10
    fields = {f"f{number}": "x" for number in range(20)}
    assert client.post(reverse("firms:login"), fields).status_code in {400, 413}


def test_the_answer_to_an_unknown_account_is_the_answer_to_a_wrong_password(client, people):
    answers = []
    for name in ("u-office", "nobody-at-all"):
        response = client.post(reverse("firms:login"), {"username": name, "password": "wrong"})
        answers.append((response.status_code, response.text.replace(name, "")))
    first, second = (text.split("csrfmiddlewaretoken")[0] for _status, text in answers)
    assert first == second


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_methods_a_page_does_not_know(client, published, method):
    client.raise_request_exception = False
    for page in PAGES:
        assert getattr(client, method)(reverse(page)).status_code < 500
