"""The leaders' dashboard: numbers that add up, firms behind each of them, risks by the thresholds asked for, trial runs marked."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from firms.models import DataYear, Extension, FactSheet, FirmReport, RegisterEntry, Role
from firms.services.catalogue import load_catalogue
from scoring.analysis.query import Query
from scoring.models import EvaluationPeriod, Run, Score
from scoring.presenters.leader import leader, leader_firms
from scoring.presenters.run_sums import sums_of
from scoring.services import publish, rescore
from tests import spending
from tests.factories import UserFactory
from tests.scoring import zone

pytestmark = pytest.mark.django_db
PAGE = "scoring:leader"


@pytest.fixture(autouse=True)
def _fresh():
    cache.clear()


@pytest.fixture
def chief(db):
    return UserFactory(role=Role.LEADER)


@pytest.fixture
def two(db):
    """Two published years of 30 firms. In the second: one grew to be mature, the second lost its R&D, the third is on
    the environment's list, the fourth has no revenue any more, the fifth is not there, a new one is."""
    firms = zone.make_firms(31)
    zone.facts(firms[:30], 2022)
    zone.facts([*firms[:4], *firms[5:]], 2023)
    change(firms[12], revenue=50_000.0)
    change(firms[1], rd_expense=0.0, technologists=0)
    change(firms[3], revenue=None)
    warned = {"kind": "environment", "category": "warning", "title": "环境信用警示", "starts_on": "2023-05-01"}
    RegisterEntry.objects.create(firm=firms[2], **warned)
    RegisterEntry.objects.create(firm=firms[6], **(warned | {"category": "bad", "title": "环境信用不良"}))
    for year in (2022, 2023):
        period = zone.open_period(year, zone.scheme(), by=None)
        publish(period, rescore(period, by=None).run, by=None)
    return firms


def change(firm, **values):
    sheet = FactSheet.objects.get(firm=firm, year=2023)
    sheet.values = {code: value for code, value in (sheet.values | values).items() if value is not None}
    sheet.save()


def scores(year):
    run = EvaluationPeriod.objects.get(year=year).published_run
    return {row.firm_id: row for row in Score.objects.filter(run=run)}


def standing(row):
    return "none" if row is None else row.stage if row.status == "scored" else row.status


def test_the_structure_adds_up_and_counts_what_the_scores_count(chief, two):
    page = leader(chief, {})
    ranked = [row for row in scores(2023).values() if row.rank]
    for grid in (page.structure.clusters, page.structure.parks):
        *rows, (_label, sums) = grid.rows
        assert [int(cell.text) for cell in sums] == [
            sum(int(cells[i].text) for _n, cells in rows) for i in range(len(sums))
        ]
        assert int(sums[-1].text) == len(ranked)
    growth = dict(page.structure.clusters.rows)["成长期"]
    expected = sum(row.stage == "growth" and row.cluster == "biomedicine" for row in ranked)
    assert growth[page.structure.clusters.head.index("生物医药")].text == str(expected)
    was = sum(row.stage == "growth" for row in scores(2022).values() if row.rank)
    now = sum(row.stage == "growth" for row in ranked)
    assert growth[-1].change == (f"{now - was:+d}".replace("-", "−") if now != was else "")


def test_one_park_and_one_cluster_narrow_the_tables(chief, two):
    page = leader(chief, {"park": "east", "cluster": "hydrogen"})
    ranked = [row for row in scores(2023).values() if row.rank]
    assert page.structure.clusters.rows[-1][1][-1].text == str(sum(row.park == "east" for row in ranked))
    assert page.structure.parks.rows[-1][1][-1].text == str(sum(row.cluster == "hydrogen" for row in ranked))
    assert "park=east" in page.structure.clusters.rows[-1][1][-1].url
    odd = leader(chief, {"park": "<x>", "cluster": "nothing"})
    assert odd.structure.clusters.rows[-1][1][-1].text == str(len(ranked))


def test_every_number_of_the_movement_is_that_of_the_firms_behind_it(chief, two):
    """Counted once more here, firm by firm, from the two runs."""
    before, after = scores(2022), scores(2023)
    pairs = {}
    for firm in before.keys() | after.keys():
        pair = standing(before.get(firm)), standing(after.get(firm))
        pairs[pair] = pairs.get(pair, 0) + 1
    page = leader(chief, {})
    shown = {(f.was, f.is_now): f.firms for _name, flows, _total in page.movement.rows for f in flows if f.firms}
    assert shown == pairs
    for (was, is_now), count in pairs.items():
        behind = leader_firms(chief, {"from": was, "to": is_now})
        assert behind.moves.count == count == len(behind.moves.lines), (was, is_now)
    for move, cell in (
        ("up", page.movement.risen), ("down", page.movement.fallen), ("same", page.movement.stayed),
        ("entered", page.movement.entered), ("left", page.movement.left),
    ):  # fmt: skip
        assert leader_firms(chief, {"move": move}).moves.count == int(cell.text), move
    risen = leader_firms(chief, {"move": "up"}).moves.lines
    assert two[12].credit_code in {line.credit_code for line in risen}
    gone = leader_firms(chief, {"to": "none"}).moves.lines
    assert [(line.credit_code, line.is_now) for line in gone] == [(two[4].credit_code, "—")]
    assert gone[0].total_before is not None


def test_the_list_behind_a_number_goes_on(chief, two, monkeypatch):
    monkeypatch.setattr("scoring.presenters.leader_moves.PAGE", 10)
    seen, after = [], ""
    while True:
        page = leader_firms(chief, {"move": "same", "after": after})
        seen += [line.credit_code for line in page.moves.lines]
        after = page.moves.next
        if not after:
            break
    assert len(seen) == page.moves.count == len(set(seen))
    assert seen == sorted(seen)


def risks_of(chief, **query):
    return leader(chief, {name: str(value) for name, value in query.items()}).risks


def reasons(risks, firm):
    return next((line.why for line in risks.lines if line.credit_code == firm.credit_code), [])


def test_the_risks_name_firm_and_reason(chief, two):
    found = risks_of(chief, score=1, rank=1)
    counts = {kind.code: kind.count for kind in found.kinds}
    before, after = scores(2022), scores(2023)
    ranked = [(before[f], row) for f, row in after.items() if row.rank and f in before and before[f].rank]
    assert counts["fell_score"] == sum(old.total - new.total >= 1 for old, new in ranked)
    assert counts["fell_rank"] == sum(new.rank - old.rank >= 1 for old, new in ranked)
    assert counts["excluded"] == sum(row.status == "excluded" for row in after.values()) == 1
    assert counts["unclassified"] == sum(row.status == "unclassified" for row in after.values())
    assert any("环境信用" in why and "扣5分" in why for why in reasons(found, two[2]))
    assert any(why.startswith("不纳入本期评价：") for why in reasons(found, two[6]))
    old, new = before[two[1].pk], after[two[1].pk]
    fall = f"得分下降{old.total - new.total:.2f}分（{old.total:.2f}→{new.total:.2f}）"
    assert fall in reasons(risks_of(chief, score=1, risk="fell_score"), two[1])


def test_the_thresholds_are_the_readers(chief, two):
    falls = [row.total for row in scores(2022).values() if row.rank]
    assert max(falls) < 1000
    many = {kind.code: kind.count for kind in risks_of(chief, score=1, rank=1).kinds}
    few = {kind.code: kind.count for kind in risks_of(chief, score=1000, rank=1_000_000).kinds}
    assert many["fell_score"] > 0 == few["fell_score"]
    assert many["fell_rank"] > 0 == few["fell_rank"]
    odd = risks_of(chief, score="-3", rank="x", risk="<b>")
    assert (odd.asked.score, odd.asked.rank, odd.asked.reason) == (10, 50, "")


def test_all_firms_at_risk_are_behind_the_link_page_by_page(chief, two, monkeypatch):
    monkeypatch.setattr("scoring.presenters.leader.PAGE", 4)
    monkeypatch.setattr("scoring.presenters.leader_risks.PAGE", 4)
    whole = risks_of(chief, score=1, rank=1).firms
    seen, start = [], 0
    while start is not None:
        page = leader_firms(chief, {"risk": "all", "score": "1", "rank": "1", "start": str(start)}).risks
        seen += [line.credit_code for line in page.lines]
        start = page.next
    assert len(seen) == len(set(seen)) == whole


def test_missing_figures_and_forms_past_their_day(chief, two):
    change(two[8], rd_expense=None)
    held = DataYear.objects.get_or_create(year=2024)[0]
    today = timezone.localdate()
    DataYear.objects.filter(pk=held.pk).update(phase="reporting", firms_due_on=today - dt.timedelta(days=2))
    for firm in two[9:12]:
        FirmReport.objects.create(firm=firm, year=2024)
    Extension.objects.create(
        firm=two[10], year=2024, due_on=today + dt.timedelta(days=3), reason="审计", approved_by=chief
    )
    FirmReport.objects.filter(firm=two[11]).update(state="submitted", submitted_at=timezone.now(), submitted_by=chief)
    [missing] = risks_of(chief, risk="missing").lines
    assert missing.credit_code == two[8].credit_code
    assert any(why.startswith("没有") for why in missing.why)
    [late] = risks_of(chief, risk="overdue").lines
    assert late.credit_code == two[9].credit_code
    DataYear.objects.filter(pk=held.pk).update(firms_due_on=today)
    assert not risks_of(chief, risk="overdue").lines


def test_an_industrys_means_are_those_of_its_firms(chief, two):
    line = next(line for line in leader(chief, {}).industries.lines if line.name == "氢能")
    own = [row for row in scores(2023).values() if row.rank and row.cluster == "hydrogen"]
    mean = sum(row.total for row in own) / len(own)
    assert abs(Decimal(line.cells[0][1].text) - mean) <= Decimal("0.01")
    first = sum(row.dimension_points[0] for row in own) / len(own)
    assert abs(float(line.cells[1][1].text) - first) < 0.01
    assert line.firms.text == str(len(own))
    assert all(item.difference.startswith("+") for item in line.strong)
    assert all(item.difference.startswith("−") for item in line.weak)
    assert line.strong or line.weak


def test_the_indicators_add_up_to_the_dimensions(chief, two):
    """What was read from the records is what the cube, written with the run, says."""
    from scoring.assembly.strengths import strengths
    from scoring.presenters.method import parsed

    run = EvaluationPeriod.objects.get(year=2023).published_run
    scheme = parsed(run.scheme_sha256, run.scheme.text)
    found, cube = strengths(run, scheme), sums_of([run])[run.pk]
    for cluster, part in cube.parts["cluster"].items():
        for dimension in scheme.dimensions:
            points = sum(found.points[cluster][i.code][0] for i in scheme.indicators if i.dimension == dimension.code)
            assert points == pytest.approx(part.sums.get(f"dimension.{dimension.code}", 0), abs=1e-4)


def test_a_trial_is_marked_and_the_published_period_comes_first(client, chief, two):
    zone.facts(two, 2024)
    rescore(zone.open_period(2024, zone.scheme(), by=None), by=None)
    client.force_login(chief)
    page = client.get(reverse(PAGE)).text
    assert "2023年度企业创新积分" in page
    assert "试算，未公布" not in page
    trial = client.get(reverse(PAGE) + "?year=2024").text
    assert "试算，未公布" in trial
    assert "2024年度（试算）" in trial


def test_what_the_pages_say(client, chief, two):
    client.force_login(chief)
    spending.payment("30", budget=spending.budget(2026, amount="100"), paid_on="2026-01-05", title="不该出现的事由")
    text = client.get(reverse(PAGE)).text
    assert "30%" in text
    assert "不该出现的事由" not in text  # leaders see the use, not the payments
    assert reverse("scoring:budgets") not in text
    assert two[2].name in text
    listed = client.get(reverse("scoring:leader_firms") + "?year=2023&to=excluded").text
    assert two[6].name in listed
    assert (
        client.get(reverse("scoring:leader_firms") + "?year=abc&from=x&to=%3Cb%3E&move=y&after=z&start=-1").status_code
        == 200
    )
    assert "没有这样的企业" in client.get(reverse("scoring:leader_firms") + "?from=mature&to=startup").text


def test_before_anything_was_judged(client, chief):
    client.force_login(chief)
    page = client.get(reverse(PAGE))
    assert page.status_code == 200
    assert "还没有评价结果" in page.text
    assert client.get(reverse("scoring:leader_firms")).status_code == 404


def test_the_first_period_has_nothing_to_be_compared_with(client, chief):
    period = zone.make_period(6, 2022)
    publish(period, rescore(period, by=None).run, by=None)
    client.force_login(chief)
    text = client.get(reverse(PAGE)).text
    assert "没有上一评价期" in text
    assert "企业类型变化" not in text


def test_the_leader_comes_home_to_it_and_others_do_not_get_in(client, chief):
    client.force_login(chief)
    assert client.get(reverse("home")).url == reverse(PAGE)
    client.force_login(UserFactory(role=Role.FIRM))
    assert client.get(reverse(PAGE)).status_code == 403


def test_a_constant_number_of_questions(client, chief, two):
    client.force_login(chief)
    client.get(reverse(PAGE))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse(PAGE))
    more = zone.make_firms(20)
    zone.facts(more, 2023)
    period = EvaluationPeriod.objects.get(year=2023)
    publish(period, rescore(period, by=None).run, by=None)
    assert Run.objects.filter(period=period).count() == 2
    client.get(reverse(PAGE))
    with CaptureQueriesContext(connection) as many:
        client.get(reverse(PAGE))
    assert len(many) == len(few)


def test_behind_a_mean_stand_its_firms_in_the_analysis(client, chief, two):
    """The address is a question 多维检索 answers: the cluster's ranked firms, the best first."""
    load_catalogue(by=None)
    line = next(line for line in leader(chief, {}).industries.lines if line.name == "氢能")
    urls = [cell.url for _name, cell in line.cells] + [item.url for item in (*line.strong, *line.weak)]
    client.force_login(chief)
    for url in urls:
        query = Query.from_address(url.partition("?q=")[2])
        assert not query.problems
        page = client.get(url)
        assert page.status_code == 200
        own = [row for row in scores(2023).values() if row.rank and row.cluster == "hydrogen"]
        assert [row.name for row in own if row.name not in page.text] == [], url
