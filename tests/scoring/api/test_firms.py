"""Firms over the API: what is public, what is not, and no trace of the difference."""

import pytest

from firms.models import Department, Role

YEAR = 2022  # published; 2023 is a trial


def url(firm, part="") -> str:
    return f"/api/v1/firms/{firm.credit_code}/{part}"


def test_the_public_reads_a_ranked_firm_without_its_figures(client, zone):
    body = client.get(url(zone.firms[0])).json()
    assert body["credit_code"] == zone.firms[0].credit_code
    assert body["year"] == YEAR
    assert body["published"] is True
    assert [year["year"] for year in body["years"]] == [YEAR]
    assert set(body) == {
        "credit_code", "name", "cluster", "park", "year", "published", "stage", "total", "ranks", "years",
    }  # fmt: skip
    assert body["total"] == f"{zone.published.published_run.scores.get(firm=zone.firms[0]).total:.2f}"


def test_an_excluded_firm_an_unknown_one_and_a_trial_look_the_same_to_the_public(client, zone):
    excluded = zone.firms[9]
    answers = [
        client.get(path)
        for path in (
            url(excluded),
            url(excluded, "explanation/"),
            "/api/v1/firms/91410700MA0000000X/",
            "/api/v1/firms/91410700MA0000000X/explanation/",
            url(zone.firms[0]) + "?year=2023",
            url(zone.firms[0], "explanation/") + "?year=2023",
        )
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


def test_an_explanation_is_not_for_the_public_nor_for_another_firm(client, zone):
    assert client.get(url(zone.firms[0], "explanation/")).status_code == 403
    client.force_login(zone.firm_user(zone.firms[1]))
    assert client.get(url(zone.firms[0], "explanation/")).status_code == 403


@pytest.mark.parametrize("role", [Role.BANK, Role.SYSTEM, Role.SECURITY, Role.AUDIT])
def test_other_roles_read_what_the_public_reads(client, zone, role):
    client.force_login(zone.user(role))
    assert client.get(url(zone.firms[0])).json()["years"][0]["published"] is True
    assert client.get(url(zone.firms[0]) + "?year=2023").status_code == 404
    assert client.get(url(zone.firms[0], "explanation/")).status_code == 403


def test_a_firm_reads_its_own_score_explained_and_adding_up(client, zone):
    client.force_login(zone.firm_user(zone.firms[0]))
    body = client.get(url(zone.firms[0], "explanation/")).json()
    assert body["year"] == YEAR
    assert body["steps"][-1]["after"] == body["total"]
    assert sum(len(dimension["indicators"]) for dimension in body["dimensions"]) == 35
    assert client.get(url(zone.firms[0]) + "?year=2023").status_code == 404, "trial runs are not for firms"


def test_a_firm_reads_why_it_is_not_ranked(client, zone):
    client.force_login(zone.firm_user(zone.firms[9]))
    body = client.get(url(zone.firms[9], "explanation/")).json()
    assert body["total"] is None or body["ranks"] == []
    assert [line["applies"] for line in body["exclusions"]] == [True]


@pytest.mark.parametrize("role", [Role.OFFICE, Role.LEADER, Role.DEPARTMENT])
def test_the_zone_s_own_people_read_trials_and_explanations(client, zone, role):
    extra = {"department": Department.objects.get(code="tax")} if role == Role.DEPARTMENT else {}
    client.force_login(zone.user(role, **extra))
    body = client.get(url(zone.firms[0], "explanation/")).json()
    assert body["year"] == 2023
    assert body["published"] is False
    assert client.get(url(zone.firms[9], "explanation/") + "?year=2022").json()["exclusions"]


def test_nothing_is_said_before_anything_is_published(client, zone):
    from scoring.services import withdraw

    withdraw(zone.published, by=None, reason="test")
    assert client.get(url(zone.firms[0])).status_code == 404
    assert client.get("/api/v1/periods/").json() == []
    assert client.get("/api/v1/method/").status_code == 404
    ranking = client.get("/api/v1/rankings/")
    assert ranking.status_code == 404
    assert ranking.json() == {
        "code": "nothing_published", "message": "还没有已发布的评价期。", "place": "", "hint": "评价结果公布后即可读取。",
    }  # fmt: skip
