"""The ranking as a file: as seen, by those who may, one trace each."""

import csv
import io

import pytest
from python_calamine import CalamineWorkbook

from firms.models import AuditEntry, Department, Role
from scoring import exports
from scoring.presenters.ranking import ranking_page
from tests.scoring.small_zone import zone

__all__ = ["zone"]
XLSX, CSV = "/rankings/export.xlsx", "/rankings/export.csv"


@pytest.fixture
def office(client, zone):
    user = zone.user(Role.OFFICE)
    client.force_login(user)
    return user


def table(response) -> list[list]:
    assert response.status_code == 200
    body = b"".join(response.streaming_content)
    if body.startswith(b"PK"):
        return CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0).to_python()
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))


@pytest.mark.parametrize("path", [XLSX, CSV])
def test_it_holds_every_row_the_page_would_show_in_the_page_s_order(client, zone, office, monkeypatch, path):
    monkeypatch.setattr(exports, "CHUNK", 2)  # many chunks, as a large zone has
    for query, asked in {
        "year=2022": {"period": 2022},
        "year=2022&sort=-rank": {"period": 2022, "sort": "-rank"},
        "year=2022&cluster=equipment&sort=name": {"period": 2022, "cluster": "equipment", "sort": "name"},
        "year=2022&q=试1&cursor=a1.1": {"period": 2022, "q": "试1"},
    }.items():
        page = ranking_page(office, size=500, **asked)
        title, period, conditions, heading, *rows = table(client.get(f"{path}?{query}"))
        assert page.rows
        code = heading.index("统一社会信用代码")
        assert [row[code].strip() for row in rows] == [row.credit_code for row in page.rows]
        assert [float(row[-1]) for row in rows] == [float(row.total) for row in page.rows]
        assert "榜单" in title[0]
        assert "公布" in period[0]
        assert conditions[0].startswith("条件：")


def test_a_dimension_has_two_decimals_in_every_format(client, zone, office):
    for path in (XLSX, CSV):
        *_, heading, first = table(client.get(f"{path}?year=2022"))[:5]
        points = [float(first[k]) for k, title in enumerate(heading) if title.endswith("（分）")]
        assert len(points) == 4
        assert all(value == round(value, 2) for value in points)


def test_the_conditions_are_printed_in_words(client, zone, office):
    rows = table(client.get(f"{XLSX}?year=2022&cluster=equipment&q=试&sort=-name"))
    assert rows[2][0] == "条件：主导产业：高端装备制造；检索：试；排序：企业名称倒序"
    assert "试算" in table(client.get(f"{XLSX}?year=2023"))[1][0]


def test_a_name_that_is_a_formula_stays_a_text(client, zone, office):
    name = zone.firms[3].name
    assert name.startswith("=")
    assert any(name in row for row in table(client.get(f"{XLSX}?year=2022")))
    assert any(f"'{name}" in row for row in table(client.get(f"{CSV}?year=2022")))


def test_each_export_leaves_one_trace_with_its_conditions_and_count(client, zone, office):
    before = AuditEntry.objects.count()
    rows = table(client.get(f"{CSV}?year=2022&q=试"))
    entry = AuditEntry.objects.latest("sequence")
    assert AuditEntry.objects.count() == before + 1
    assert (entry.action, entry.actor) == ("ranking.export", office)
    assert entry.after == {"format": "csv", "rows": len(rows) - 4, "conditions": "检索：试"}


@pytest.mark.parametrize("role", list(Role))
def test_only_those_who_may_get_it(client, zone, role):
    extra = {"department": Department.objects.get(code="tax")} if role == Role.DEPARTMENT else {}
    client.force_login(zone.user(role, **extra))
    may = role in (Role.OFFICE, Role.LEADER, Role.DEPARTMENT)
    assert client.get(XLSX).status_code == (200 if may else 403)
    assert AuditEntry.objects.filter(action="ranking.export").count() == int(may)


def test_the_public_is_asked_to_sign_in(client, zone):
    response = client.get(XLSX)
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_what_is_not_there_is_not_found(client, zone, office):
    for path in ("/rankings/export.pdf", f"{XLSX}?year=1999", f"{XLSX}?year=2024"):
        assert client.get(path).status_code == 404
    assert client.get(f"{XLSX}?stage=nonsense").status_code == 400
    assert AuditEntry.objects.filter(action="ranking.export").count() == 0


def test_it_is_one_run_throughout_whatever_is_published_meanwhile(zone, office, monkeypatch):
    from scoring.services import publish, withdraw

    monkeypatch.setattr(exports, "CHUNK", 3)
    export = exports.ranking_export(office, {"period": 2022})
    rows = iter(export.table.rows)
    first = next(rows)
    withdraw(zone.published, by=None, reason="test")
    publish(zone.trial, zone.trial.runs.get(), by=None)
    codes = [row[2] for row in (first, *rows)]
    run = zone.published.runs.get()
    assert codes == list(run.scores.ranked().order_by("position").values_list("credit_code", flat=True))
