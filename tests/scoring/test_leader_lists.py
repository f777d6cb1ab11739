"""The lists behind the dashboard's numbers: where they end, what an address cannot say, and the same firms as a file."""

import csv
import io

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from firms.models import AuditEntry, RegisterEntry, Role
from scoring.assembly import columns, outcomes
from scoring.models import EvaluationPeriod
from scoring.presenters.leader import leader, leader_firms
from scoring.services import publish, rescore
from tests.factories import UserFactory
from tests.scoring import zone

pytestmark = pytest.mark.django_db
LIST = "scoring:leader_firms"


@pytest.fixture(autouse=True)
def _fresh():
    cache.clear()
    outcomes.KEPT.clear()


@pytest.fixture
def chief(db):
    return UserFactory(role=Role.LEADER)


@pytest.fixture
def two(db):
    """Two published years; of 13 firms one is not there in the second, one is new, one is warned."""
    firms = zone.make_firms(14)
    zone.facts(firms[:13], 2022)
    zone.facts(firms[1:], 2023)
    RegisterEntry.objects.create(
        firm=firms[2], kind="environment", category="warning", title="环境信用警示", starts_on="2023-05-01"
    )
    for year in (2022, 2023):
        period = zone.open_period(year, zone.scheme(), by=None)
        publish(period, rescore(period, by=None).run, by=None)
    return firms


def exported(client, query):
    answer = client.get(reverse(f"{LIST}_export", kwargs={"format": "csv"}) + query)
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    head = next(i for i, row in enumerate(rows) if row[:1] == ["统一社会信用代码"])
    return (
        ["".join(row) for row in rows[:head]],
        rows[head],
        [[cell.strip() for cell in row] for row in rows[head + 1 :]],
    )


def test_a_list_of_risks_as_a_file(client, chief, two, monkeypatch):
    monkeypatch.setattr("scoring.presenters.leader_risks.CHUNK", 2)
    client.force_login(chief)
    page = leader_firms(chief, {"risk": "all", "score": "1", "rank": "1"})
    above, _head, rows = exported(client, page.export)
    assert [row[0] for row in rows] == [line.credit_code for line in page.risks.lines]
    assert len(rows) == page.risks.firms > 2
    assert [row[-1] for row in rows] == ["；".join(line.why) for line in page.risks.lines]
    assert "环境信用等级为警示" in next(row for row in rows if row[0] == two[2].credit_code)[-1]
    text = "\n".join(above)
    assert "条件：原因：全部；得分下降1分以上、名次下降1位以上的列入" in text
    assert f"共{len(rows)}家企业" in text
    assert "2023年度" in text
    entry = AuditEntry.objects.latest("sequence")
    assert (entry.action, entry.after["rows"], entry.actor) == ("leader_firms.export", len(rows), chief)
    assert "得分下降1分以上" in entry.summary
    one = leader_firms(chief, {"risk": "deducted", "score": "1", "rank": "1"})
    above, _head, rows = exported(client, one.export)
    assert [row[0] for row in rows] == [two[2].credit_code]
    assert "原因：负面清单扣分" in "\n".join(above)


@pytest.mark.parametrize("asked", [{"move": "same"}, {"to": "none"}, {"from": "none"}, {"move": "left"}, {}])
def test_a_list_of_moves_as_a_file(client, chief, two, asked, monkeypatch):
    monkeypatch.setattr("scoring.exports_leader.CHUNK", 3)
    client.force_login(chief)
    page = leader_firms(chief, asked)
    above, _head, rows = exported(client, page.export)
    assert len(rows) == page.moves.count > 0
    for row, line in zip(rows, page.moves.lines, strict=True):
        assert row[:4] == [line.credit_code, line.name, line.was, line.is_now]
        assert row[6:] == ["" if rank is None else str(rank) for rank in (line.rank_before, line.rank_now)]
        assert row[5] == ("" if line.total_now is None else f"{line.total_now:.2f}")
    assert f"条件：{page.moves.words}" in "\n".join(above)


def test_a_trial_is_called_one_in_the_file_and_others_get_none(client, chief, two):
    zone.facts(two, 2024)
    rescore(zone.open_period(2024, zone.scheme(), by=None), by=None)
    client.force_login(chief)
    above, _head, _rows = exported(client, "?year=2024&risk=all")
    assert "试算，未公布" in "\n".join(above)
    assert client.get(reverse(f"{LIST}_export", kwargs={"format": "pdf"})).status_code == 404
    page = client.get(reverse(LIST) + "?year=2023&move=same").text
    assert reverse(f"{LIST}_export", kwargs={"format": "xlsx"}) + "?year=2023&amp;move=same" in page


def test_nothing_judged_yet_is_nothing_to_export(client, chief):
    client.force_login(chief)
    assert client.get(reverse(f"{LIST}_export", kwargs={"format": "csv"})).status_code == 404


def test_in_the_first_period_nobody_is_gone(client, chief):
    """A number of a movement, asked of a period that has nothing before it."""
    period = zone.make_period(6, 2022)
    publish(period, rescore(period, by=None).run, by=None)
    client.force_login(chief)
    for query in ("?to=none", "?from=none&to=none", "?move=left", "?from=growth"):
        assert client.get(reverse(LIST) + query).status_code == 200, query
    assert leader_firms(chief, {"to": "none"}).moves.count == 0


def test_an_address_that_cannot_be_asks_for_a_page_all_the_same(client, chief, two):
    client.force_login(chief)
    for query in ("?after=%ED%A0%80", "?after=企业", "?risk=all&start=9999999", "?year=x&to=%3Cb%3E"):
        assert client.get(reverse(LIST) + query).status_code == 200, query


def test_with_columns_the_dashboard_says_the_same(chief, two):
    """Out of the scores first, out of the columns then."""

    def said():
        cache.clear()
        outcomes.KEPT.clear()
        page = leader(chief, {"score": "1", "rank": "1"})
        lists = [leader_firms(chief, {"move": move}).moves for move in ("up", "down", "same", "entered", "left")]
        return page.movement, page.risks, page.industries, lists

    before = said()
    for run in [period.published_run for period in EvaluationPeriod.objects.all()]:
        assert columns.build(run)
    assert said() == before


def test_the_lists_ask_the_same_however_many_firms(client, chief, two):
    client.force_login(chief)
    asked = {}
    for turn in range(2):
        for query in ("?risk=all&score=1&rank=1", "?move=same", "?to=none"):
            client.get(reverse(LIST) + query)
            with CaptureQueriesContext(connection) as captured:
                client.get(reverse(LIST) + query)
            asked.setdefault(query, []).append(len(captured))
        if not turn:
            zone.facts(zone.make_firms(12), 2023)
            period = EvaluationPeriod.objects.get(year=2023)
            publish(period, rescore(period, by=None).run, by=None)
    assert all(one == other for one, other in asked.values()), asked
