"""首页总览: what its charts count, where its figures lead, and that a period nobody published is nowhere in it."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from firms.models import FactSheet, Firm
from scoring.analysis.memory import Memory
from scoring.models import Score
from scoring.presenters import run_sums
from scoring.presenters.overview import overview
from scoring.services import publish, rescore, withdraw
from scoring.views import caching
from tests.scoring import zone
from tests.scoring.pages import body, published, text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_kept():
    caching.pages.clear()
    run_sums._known.clear()
    yield
    caching.pages.clear()


def page_of(client, **asked):
    caching.pages.clear()  # a kept page has no context to look into
    return client.get(reverse("scoring:overview"), asked).context["page"]


@pytest.mark.parametrize(
    ("measure", "value"),
    [
        ("firms", lambda scores: len(scores)),
        ("mean", lambda scores: round(float(sum(score.total for score in scores)) / len(scores), 2)),
    ],
)
def test_parts_of_the_zone_are_compared_by_the_measure_asked_for(client, measure, value):
    period = published(30)
    for key in ("stage", "cluster", "park"):
        chart = page_of(client, measure=measure).charts[key]
        scores = list(Score.objects.filter(run=period.published_run, status="scored"))
        groups = {}
        for score in scores:
            groups.setdefault(getattr(score, key), []).append(score)
        assert sorted(chart.spec["series"][0]["data"]) == pytest.approx(sorted(map(value, groups.values())), abs=0.011)


def test_intensity_is_expense_per_revenue_of_the_part_and_a_made_up_measure_the_first_one(client):
    published(30)
    page = page_of(client, measure="intensity")
    assert page.charts["park"].spec["unit"] == "%"
    ranked = Firm.objects.filter(scores__run=page.period.published_run, scores__status="scored")
    sheets = FactSheet.objects.filter(firm__in=ranked, year=2022)
    spent, revenue = (sum(sheet.values[code] for sheet in sheets) for code in ("rd_expense", "revenue"))
    figure = next(item for item in page.figures if item.label == "研发强度")
    assert figure.value == f"{spent / revenue * 100:.2f}"
    assert page_of(client, measure="nonsense").charts["park"].spec == page_of(client).charts["park"].spec


def test_every_figure_of_a_part_leads_to_exactly_its_firms(client):
    published(30)
    page = page_of(client)
    for key in ("stage", "cluster", "park"):
        chart = page.charts[key]
        assert chart.links
        for (row, column), url in chart.links.items():
            caching.pages.clear()
            ranking = client.get(url).context["page"]
            assert str(ranking.count) == chart.rows[row][1], (url, column)
    figure = page.figures[0]
    caching.pages.clear()
    assert str(client.get(figure.url).context["page"].count) == figure.value
    html = body(client.get(reverse("scoring:overview")))
    for item in page.figures[1:]:
        assert f'id="{item.url.removeprefix("#")}"' in html


def test_trends_hold_every_published_period_up_to_the_one_shown(client):
    firms = zone.make_firms(9)
    for year in (2020, 2021, 2022):
        published(firms=firms, year=year)
    page = page_of(client, year=2021)
    for key in ("trend", "output", "holders", "participation"):
        assert [row[0] for row in page.charts[key].rows] == ["2020年", "2021年"]
        assert page.charts[key].spec["labels"] == ["2020年", "2021年"]
    assert "2020" in page.charts["trend"].links[(0, 0)]


@pytest.mark.parametrize("asked", [{}, {"year": 2023}, {"measure": "mean"}, {"year": 2023, "measure": "intensity"}])
def test_a_trial_year_is_in_no_figure_no_chart_and_no_link_of_anybody(client, as_role, asked):
    firms = zone.make_firms(12)
    published(firms=firms, year=2022)
    before = body(client.get(reverse("scoring:overview"), asked))
    rescore(zone.make_period(year=2023, firms=firms), by=None)
    caching.pages.clear()
    assert body(client.get(reverse("scoring:overview"), asked)) == before
    for role in ("office", "leader", "firm", "bank"):  # a trial belongs to the desks, never to the overview
        assert "2023" not in text(as_role(role).get(reverse("scoring:overview"), asked))


def test_a_period_withdrawn_is_out_of_the_trends_at_once(client):
    firms = zone.make_firms(9)
    published(firms=firms, year=2021)
    later = published(firms=firms, year=2022)
    assert len(page_of(client).charts["trend"].rows) == 2
    withdraw(later, by=None, reason="有误")
    assert [row[0] for row in page_of(client).charts["trend"].rows] == ["2021年"]


def test_a_run_is_summed_once_and_another_one_anew():
    period = published(12)
    asked = []

    def slices_asked():
        with CaptureQueriesContext(connection) as captured:
            overview(AnonymousUser())
        asked.append(sum("scoring_runslice" in query["sql"] for query in captured))

    slices_asked()
    slices_asked()
    for sheet in FactSheet.objects.all():
        sheet.values["rd_expense"] += 100
        sheet.save()
    publish(period, rescore(period, by=None).run, by=None)
    slices_asked()
    assert asked == [1, 0, 1]


def test_no_more_runs_are_remembered_than_fit(monkeypatch):
    monkeypatch.setattr(run_sums, "_known", Memory(4))
    firms = zone.make_firms(6)
    runs = [published(firms=firms, year=year).published_run for year in range(2017, 2022)]
    found = run_sums.sums_of(runs)
    assert len(found) == 5
    assert run_sums._known.held == 4
    assert {pk: sums.whole.firms for pk, sums in found.items()} == {run.pk: run.ranked for run in runs}
