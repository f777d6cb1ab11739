"""What every endpoint owes: refusals that say what is wrong, revalidation, limits, a document that is true."""

import itertools
import json
import re

import pytest
from django.urls import reverse
from rest_framework.throttling import SimpleRateThrottle

ENDPOINTS = ("periods", "method", "rankings", "firm", "explanation", "announcements")
HOSTILE = {
    "nul": "%00",
    "nul in the middle": "20%0022",
    "lone surrogate": "%ED%A0%80",
    "cut utf-8": "%E4%BD",
    "huge": "9" * 400,
    "infinite": "1e400",
    "not a number": "NaN",
    "negative": "-1",
    "float": "2022.5",
    "full-width": "２０２２",
    "empty": "",
    "quoted": "%27%20OR%201=1--",
    "long": "x" * 5000,
    "array": "[2022]",
    "bidi": "%E2%80%AE2022",
}


def address(name: str, zone) -> str:
    args = [zone.firms[0].credit_code] if name in ("firm", "explanation") else []
    return reverse(f"scoring:api-{name}", args=args)


@pytest.mark.parametrize("name", ENDPOINTS)
def test_a_hostile_value_is_a_refusal_that_names_its_place(client, zone, unthrottled, name):
    parameters = ("year", "q", "cursor", "size", "sort", "stage", "cluster", "park", "nonsense")
    for parameter, (kind, value) in itertools.product(parameters, HOSTILE.items()):
        answer = client.get(f"{address(name, zone)}?{parameter}={value}")
        assert answer.status_code in (200, 400, 403, 404), (parameter, kind, answer.status_code)
        if answer.status_code == 400:
            assert set(answer.json()) >= {"code", "message", "place", "hint"}
            assert re.search("[\u4e00-\u9fff]", answer.json()["message"])


@pytest.mark.parametrize("code", ["%00", "%ED%A0%80", "x" * 3000, "../../etc", "91410700MA0000000X%0a", "１２３"])
def test_a_hostile_credit_code_is_not_found(client, zone, code):
    assert client.get(f"/api/v1/firms/{code}/").status_code in (400, 404)


@pytest.mark.parametrize("name", ENDPOINTS)
def test_an_unknown_or_repeated_parameter_is_refused_by_name(client, zone, name):
    unknown = client.get(address(name, zone) + "?yaer=2022")
    assert unknown.status_code == 400
    assert unknown.json()["place"] == "yaer"
    if name != "periods":
        assert client.get(address(name, zone) + "?year=2022&year=2023").json()["place"] == "year"


@pytest.mark.parametrize("name", ENDPOINTS)
def test_only_reading_is_allowed(client, zone, name):
    for method in ("post", "put", "patch", "delete"):
        answer = getattr(client, method)(address(name, zone))
        assert answer.status_code == 405
        assert answer.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize("name", ["periods", "method", "rankings", "firm"])
def test_an_unchanged_answer_is_304_until_something_is_published(client, zone, name):
    from scoring.services import publish

    first = client.get(address(name, zone))
    assert first.status_code == 200
    assert client.get(address(name, zone), headers={"if-none-match": first["ETag"]}).status_code == 304
    publish(zone.trial, zone.trial.runs.get(), by=None)
    again = client.get(address(name, zone), headers={"if-none-match": first["ETag"]})
    assert again.status_code == (304 if name == "method" else 200), "the scheme of both periods is the same"


def test_what_depends_on_the_reader_is_not_kept_for_others(client, zone):
    assert "public" in client.get(address("rankings", zone))["Cache-Control"]
    client.force_login(zone.user("office"))
    answer = client.get(address("rankings", zone))
    assert "private" in answer["Cache-Control"]
    assert "Cookie" in answer["Vary"]


def test_too_many_requests_are_told_how_long_to_wait(client, zone, monkeypatch):
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", {"anon": "2/min", "user": "2/min"})
    answers = [client.get(address("periods", zone), REMOTE_ADDR="127.0.0.77") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert answers[-1].json()["code"] == "throttled"


def test_the_document_names_every_endpoint_and_its_refusals(client, db):
    document = json.loads(client.get("/api/schema/").content)
    operations = {said["operationId"]: said for methods in document["paths"].values() for said in methods.values()}
    assert set(operations) == {*ENDPOINTS, "analysis"}
    for name, said in operations.items():
        revalidated = set() if name == "analysis" else {"304"}  # a question is posted: nothing to revalidate
        assert {"200", "400", "429", *revalidated} <= set(said["responses"]), name
        assert re.search("[\u4e00-\u9fff]", said["summary"])
        assert all(re.search("[\u4e00-\u9fff]", item["description"]) for item in said.get("parameters", []))


def test_the_reference_page_shows_every_endpoint_under_a_strict_policy(client, db):
    answer = client.get("/api/docs/")
    page = answer.content.decode()
    assert all(f'id="{name}"' in page for name in (*ENDPOINTS, "analysis"))
    assert "unsafe-inline" not in answer["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style| style=|\son\w+=", page)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
