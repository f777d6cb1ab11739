"""多维检索 by program: the page's answer for the office and leaders, every slip named by its path."""

import json

import pytest
from django.urls import reverse

from firms.models import Department
from scoring.analysis.query import Query
from scoring.analysis.run import ANSWERS
from scoring.assembly.columns import COLUMNS
from scoring.services.analysis import ask


@pytest.fixture(autouse=True)
def forgotten():
    ANSWERS.clear()
    COLUMNS.clear()


@pytest.fixture
def post(client, zone, unthrottled):
    def send(said, role="office"):
        if role:
            client.force_login(zone.user(role))
        return client.post(reverse("scoring:api-analysis"), json.dumps(said), content_type="application/json")

    return send


LIST = {"periods": [2022], "where": {"children": [{"field": "metric.rd_expense", "op": "ge", "value": "150"}]},
        "sort": [["score.rank", "asc"]]}  # fmt: skip


def test_the_answer_is_the_pages(post, zone):
    answer = post({**LIST, "page": 2, "size": 2})
    assert answer.status_code == 200
    said = answer.json()
    shown = ask(zone.user("office"), Query.from_json(LIST), page=2, size=2)
    assert [row["name"] for row in said["rows"]] == [row.name for row in shown.rows]
    assert said["rows"][0]["values"] == list(shown.rows[0].values)
    assert (said["total"], said["page"], said["pages"]) == (shown.total, 2, shown.pages)
    assert said["conditions"] == ["研发费用不小于150万元"]
    assert said["periods"][0] | {"computed_at": "", "as_of": ""} == {
        "year": 2022, "name": "2022年度企业创新积分", "run": zone.published.published_run_id, "published": True,
        "computed_at": "", "firms": 10, "matched": shown.total, "as_of": "", "now_fields": [],
    }  # fmt: skip
    assert "private" in answer["Cache-Control"]


def test_groups_have_cells(post):
    said = post({"periods": [2022, 2023], "rows": "firm.park", "across": "firm.stage",
                 "measures": [{"field": "metric.revenue", "statistic": "sum"}]}).json()  # fmt: skip
    corner = [cell for cell in said["cells"] if cell["row"] == cell["across"] == "*"]
    assert [(cell["year"], cell["count"]) for cell in corner] == [(2023, 10), (2022, 10)]
    assert corner[0]["values"] == [sum(500.0 * n**2 for n in range(1, 11))]


@pytest.mark.parametrize("role", ["department", "firm", "bank", "audit", ""])
def test_nobody_else_is_answered(post, client, zone, role):
    if role:
        department = Department.objects.first() if role == "department" else None
        client.force_login(zone.user(role, department=department))
    answer = post({}, role="")
    assert answer.status_code == 403
    assert "rows" not in answer.json()


def test_every_slip_is_named_by_its_path(post):
    answer = post({"periods": [2022], "columns": ["nothing"], "where": {"how": "xor", "children": [{"field": "score.total", "op": "ge", "value": "x"}]}})  # fmt: skip
    assert answer.status_code == 400
    said = answer.json()
    assert {"code", "message", "place", "hint", "fields"} == set(said)
    assert set(said["fields"]) == {"where.how", "where.children[0].value", "columns[0]"}


@pytest.mark.parametrize(
    "said", [[], "x", 7, None, {"page": 0}, {"size": 201}, {"page": True}, {"periods": [1948]}, {"where": []}]
)
def test_hostile_bodies_are_refused(post, said):
    answer = post(said)
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_what_is_being_prepared_is_said_to_be(post, monkeypatch):
    monkeypatch.setattr("scoring.services.analysis.ready.AT_ONCE", 3)
    answer = post({"periods": [2022]})
    assert (answer.status_code, answer.json()["code"]) == (409, "preparing")
