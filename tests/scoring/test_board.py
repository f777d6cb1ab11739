"""The board of the hall: published things only, the same for everybody, cheap to ask again; its parks drawn to size."""

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from firms.models import Park, Role
from firms.views.session import SEEN
from scoring.models import EvaluationPeriod
from scoring.presenters import board as presenter
from scoring.presenters.board_parks import HEIGHT, WIDTH, tiles, tone
from scoring.presenters.run_sums import Part, RunSums
from scoring.services import rescore, withdraw
from tests.factories import FirmFactory, UserFactory
from tests.scoring import zone
from tests.scoring.pages import published

pytestmark = pytest.mark.django_db
BOARD, DATA = "scoring:board", "scoring:board_data"


@pytest.fixture(autouse=True)
def _fresh():
    presenter._kept.clear()


def ask(client, **headers):
    return client.get(reverse(DATA), headers=headers)


def test_before_the_first_publication_it_says_so_and_shows_nothing(client):
    period = zone.make_period(6, 2022)
    rescore(period, by=None)
    assert ask(client).json()["period"] is None
    text = client.get(reverse(BOARD)).text
    assert "还没有公布的评价期" in text
    assert "号智能科技" not in text
    assert json.loads(text.split('id="board-data" type="application/json">')[1].split("</script>")[0]) == {
        "period": None
    }


def test_nothing_of_a_trial_run_is_on_it(client):
    """Neither a later year nor a later run of the published one; not for those who may see trials elsewhere."""
    firms = zone.make_firms(12)
    shown = published(year=2022, firms=firms)
    before = ask(client).json()
    late = FirmFactory(name="新乡试算才有的有限公司", registered_on="2012-01-01")
    zone.facts([*firms, late], 2023)
    trial = zone.open_period(2023, zone.scheme(), by=None)
    rescore(trial, by=None)
    zone.facts([late], 2022, rd_expense=900.0)
    assert rescore(shown, by=None).created
    for role in (None, Role.OFFICE, Role.LEADER):
        client = Client()
        if role:
            client.force_login(UserFactory(role=role))
        for text in (ask(client).text, client.get(reverse(BOARD)).text):
            assert "试算才有" not in text
            assert "2023年" not in text
        assert ask(client).json() == before


def test_a_publication_shows_at_once_and_a_withdrawal_takes_it_away(client):
    first = published(12, 2022)
    tag = ask(client)["ETag"]
    assert ask(client, if_none_match=tag).status_code == 304
    assert ask(client, if_none_match=tag).content == b""
    second = published(firms=zone.make_firms(9), year=2023)
    answer = ask(client, if_none_match=tag)
    assert answer.status_code == 200
    assert answer.json()["period"]["year"] == 2023
    assert answer.json()["compared"] == "增减与2022年相比"
    assert answer.json()["trend"]["labels"] == ["2022年", "2023年"]
    for period in (first, second):
        period.refresh_from_db()
        withdraw(period, by=None, reason="有误")
    assert ask(client, if_none_match=answer["ETag"]).json()["period"] is None


def test_scores_are_put_together_in_ten_bands_at_most_and_nobody_is_lost():
    own = RunSums()
    own.parts["stage"] = {"growth": Part(histogram=[1, 2] * 6), "startup": Part(histogram=[0, 4])}
    edges = {"histogram_edges": [10 * i for i in range(13)]}
    found = presenter._distribution(edges, own, {"startup": "初创期", "growth": "成长期"})
    assert found["labels"] == ["0–20", "20–40", "40–60", "60–80", "80–100", "100–120"]
    assert [one["data"] for one in found["series"]] == [[4, 0, 0, 0, 0, 0], [3] * 6]


def test_its_numbers_are_those_of_the_run(client):
    published(24, 2022)
    values = ask(client).json()
    run = EvaluationPeriod.objects.get().published_run
    ranked = list(run.scores.filter(rank__isnull=False).order_by("position"))
    assert values["figures"][0]["value"] == str(len(ranked))
    assert sum(sum(one["data"]) for one in values["distribution"]["series"]) == len(ranked)
    assert sum(int(row["firms"]) for row in values["stages"]["rows"]) == len(ranked)
    assert sum(int(tile["firms"].removesuffix("家")) for tile in values["parks"]["tiles"]) == len(ranked)
    assert len(values["distribution"]["labels"]) <= 10
    names = dict(run.summary["stages"])
    for row in values["stages"]["rows"]:
        totals = [float(one.total) for one in ranked if names[one.stage] == row["name"]]
        assert float(row["mean"]) == pytest.approx(sum(totals) / len(totals), abs=0.051)
    top = values["leaders"][0]
    best = [row for row in ranked if row.stage == "startup"][:10]
    assert [row[1] for row in top["rows"]] == [row.name for row in best]
    assert [row[2] for row in top["rows"]] == [f"{row.total:.2f}" for row in best]


def test_a_park_without_firms_is_on_it_too(client):
    published(6, 2022)
    presenter._kept.clear()
    Park.objects.create(code="new", name="<b>新园区</b>", position=1)
    values = ask(client).json()
    assert [tile["firms"] for tile in values["parks"]["tiles"] if tile["name"] == "<b>新园区</b>"] == ["0家"]
    text = client.get(reverse(BOARD)).text
    assert "<b>新园区" not in text
    assert "&lt;b&gt;新园区" in text


def test_without_scripts_the_page_is_tables_with_all_of_it(client):
    published(12, 2022)
    text, values = client.get(reverse(BOARD)).text, ask(client).json()
    static = text.split("<script")[0]
    for row in values["trend"]["rows"] + values["distribution"]["rows"]:
        assert all(cell in static for cell in row)
    for top in values["leaders"]:
        assert all(row[1] in static for row in top["rows"])
    assert 'http-equiv="refresh"' in static
    assert "style=" not in text


def test_asked_again_it_costs_one_question_and_opens_no_session(client):
    published(12, 2022)
    tag = ask(client)["ETag"]
    with CaptureQueriesContext(connection) as asked:
        assert ask(client, if_none_match=tag).status_code == 304
    assert len(asked) == 1
    with CaptureQueriesContext(connection) as asked:
        assert client.get(reverse(BOARD)).status_code == 200
    assert len(asked) == 1
    assert not client.cookies


def test_a_board_left_open_keeps_nobody_signed_in(client):
    user = UserFactory(role=Role.OFFICE)
    client.force_login(user)
    client.get(reverse("scoring:office"))
    session = client.session
    session[SEEN] = 1
    session.save()
    before = dict(client.session)
    ask(client)
    assert dict(client.session) == before
    client.get(reverse("scoring:overview"))
    assert dict(client.session) != before  # the control: a person's page does


def test_an_english_board_is_told_apart(client):
    published(6, 2022)
    chinese = ask(client)
    client.cookies["language"] = "en"
    english = ask(client, if_none_match=chinese["ETag"])
    assert english.status_code == 200
    assert english.json()["version"] != chinese.json()["version"]


# ---- the parks' tiles
@pytest.mark.parametrize("sizes", [[1], [243, 86, 65, 42, 51], [5, 0, 0], [1] * 12, [1000, 1]])
def test_the_tiles_fill_the_picture_and_do_not_overlap(sizes):
    found = tiles(sizes)
    assert len(found) == len(sizes)
    assert sum(t.width * t.height for t in found) == pytest.approx(WIDTH * HEIGHT, rel=0.01)
    for i, one in enumerate(found):
        assert one.x >= 0
        assert one.y >= 0
        assert one.x + one.width <= WIDTH + 0.2
        assert one.y + one.height <= HEIGHT + 0.2
        for other in found[i + 1 :]:
            apart = (
                one.x + one.width <= other.x + 0.2 or other.x + other.width <= one.x + 0.2
                or one.y + one.height <= other.y + 0.2 or other.y + other.height <= one.y + 0.2
            )  # fmt: skip
            assert apart


def test_larger_parks_have_larger_tiles_and_none_has_none():
    areas = [t.width * t.height for t in tiles([50, 30, 20])]
    assert areas == sorted(areas, reverse=True)
    assert tiles([]) == tiles([0, 0]) == []


def test_the_tone_goes_from_the_lowest_to_the_highest():
    assert [tone(v, [10, 20, 30, 40]) for v in (10, 20, 30, 40)] == [1, 2, 3, 4]
    assert tone(None, [1, 2]) == 0
    assert tone(5, [5]) == 2
