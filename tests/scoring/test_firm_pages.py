"""A firm's own pages: exact, of published results, and of no other firm; what is tried out is stored nowhere."""

import random
import re
from decimal import Decimal

import numpy as np
import pytest
from django.apps import apps
from django.db import transaction
from django.test import Client
from django.urls import reverse

from firms.models import FactSheet, Membership, Role, User
from firms.services.catalogue import load_catalogue
from scoring.assembly import spreads
from scoring.engine.compare import CAUSES
from scoring.models import EvaluationPeriod, Score
from scoring.presenters.own.peers import comparison
from scoring.presenters.own.portrait import portrait
from scoring.presenters.own.simulate import simulation
from scoring.presenters.own.standing import standing
from scoring.presenters.own.target import way
from scoring.presenters.profile import profile
from scoring.services import load_scheme, lock, open_period, publish, rescore
from tests.factories import UserFactory
from tests.scoring import zone
from tests.scoring.pages import body, text

pytestmark = pytest.mark.django_db
PAGES = ("portrait", "peers", "simulate", "target", "statement")


class World:
    """Thirty firms: 2022 and 2023 published, 2024 a trial. ``own`` has peers, ``young`` has fewer than five."""

    def __init__(self):
        spreads._known.clear()
        load_catalogue(by=None)
        self.firms = zone.make_firms(30)
        self.periods = {}
        for year, factor in ((2022, 1.0), (2023, 1.3), (2024, 0.7)):
            zone.facts(self.firms, year)
            for sheet in FactSheet.objects.filter(year=year):
                mine = 1.0 if year < 2024 or sheet.firm_id != self.firms[10].pk else 2.9
                spread = 1 + sheet.firm_id % 5 / 10
                sheet.values["rd_expense"] = round(sheet.values["rd_expense"] * factor * spread * mine, 2)
                sheet.save()
            period = open_period(year, zone.scheme(), by=None)
            run = rescore(period, by=None).run
            self.periods[year] = publish(period, run, by=None) if year < 2024 else period
        self.own, self.young = self.firms[10], self.firms[7]
        self.user = User.objects.create_user("own", password="x", role=Role.FIRM)
        Membership.objects.create(user=self.user, firm=self.own)
        self.office = UserFactory()

    @property
    def code(self):
        return self.own.credit_code

    def score(self, year, firm=None):
        return Score.objects.get(firm=firm or self.own, run=self.periods[year].runs.latest("number"))


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """Made once for all these tests: what each changes is undone, and this at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


@pytest.fixture
def w(world, db):
    spreads._known.clear()  # runs of undone transactions
    return world


def client_of(user):
    client = Client()
    client.force_login(user, "xxgx.roles.RoleBackend")
    return client


def url(name, w, **query):
    address = reverse(f"scoring:{name}", args=[w.code])
    return address + "?" + "&".join(f"{key}={value}" for key, value in query.items())


TRY = {"m-rd_expense": "900", "m-technologists": "20"}
GOAL = {"kind": "total", "goal": "60", "factor": "5.0"}


# ---- who sees what
def test_no_other_firm_is_named_and_nothing_unpublished_is_told_to_a_firm(w):
    client = client_of(w.user)
    answers = [client.get(url(page, w, year=year, run="trial")) for page in PAGES for year in (2022, 2023, 2024)]
    answers += [client.get(reverse("scoring:profile", args=[w.code]))]
    answers += [
        client.get(url("peers", w, group="industry")),
        client.post(url("simulate", w), TRY),
        client.post(url("target", w), GOAL),
    ]
    assert all(answer.status_code == 200 for answer in answers)
    others = [firm for firm in w.firms if firm != w.own]
    trial = w.score(2024)
    assert trial.total not in {w.score(2022).total, w.score(2023).total}
    for answer in answers:
        page = body(answer)
        assert not [firm for firm in others if firm.name in page or firm.credit_code in page]
        assert "2024年度" not in page
        assert "试算，未公布" not in page
        assert not re.search(rf"(?<![\d.]){trial.total:.2f}(?!\d)", text(answer))


def test_another_firm_s_pages_are_not_there(w):
    stranger = User.objects.create_user("stranger", password="x", role=Role.FIRM)
    Membership.objects.create(user=stranger, firm=w.young)
    client = client_of(stranger)
    for page in PAGES:
        assert client.get(url(page, w)).status_code == 404
    assert client.post(url("simulate", w), TRY).status_code == 404
    assert client.post(url("target", w), GOAL).status_code == 404


def test_the_office_sees_the_trial_marked_as_one(w):
    client = client_of(w.office)
    assert "试算，未公布" in text(client.get(url("portrait", w, year=2024)))
    assert "试算，未公布" not in text(client.get(url("portrait", w, year=2023)))
    sheet = FactSheet.objects.get(firm=w.own, year=2023)
    sheet.values["rd_expense"] += 700
    sheet.save()
    rescore(w.periods[2023], by=None)
    published, newest = (standing(w.office, w.code, 2023, trial) for trial in (False, True))
    assert published.run.number + 1 == newest.run.number
    assert "试算，未公布" in text(client.get(url("portrait", w, year=2023, run="trial")))
    assert standing(w.user, w.code, 2023, True).run == published.run


def test_an_account_of_several_firms_chooses_and_one_of_none_is_told(w):
    client = client_of(w.user)
    assert client.get(reverse("scoring:my_peers")).url == reverse("scoring:peers", args=[w.code])
    Membership.objects.create(user=w.user, firm=w.young)
    page = body(client.get(reverse("scoring:my_peers")))
    assert reverse("scoring:peers", args=[w.code]) in page
    assert reverse("scoring:peers", args=[w.young.credit_code]) in page
    Membership.objects.filter(user=w.user).delete()
    assert "还没有关联企业" in text(client.get(reverse("scoring:my_peers")))


def test_a_firm_never_judged_and_one_left_out_are_told_why_there_is_nothing(w):
    (new,) = zone.make_firms(1)
    client = client_of(w.office)
    for page in PAGES:
        assert "还没有评价结果" in text(client.get(reverse(f"scoring:{page}", args=[new.credit_code])))
    Score.objects.filter(firm=w.own).update(status="excluded", position=None)
    for page in PAGES:
        answer = client_of(w.user).get(url(page, w))
        assert "本评价期没有得分" in text(answer), page
    assert client_of(w.user).post(url("simulate", w), TRY).status_code == 200
    assert client_of(w.user).post(url("target", w), GOAL).status_code == 200


# ---- peers
def test_a_stage_of_too_few_shows_nothing_and_says_why(w):
    client = client_of(w.office)
    score = w.score(2023, w.young)
    assert Score.objects.filter(run=score.run, stage=score.stage, status="scored").count() <= 5
    page = client.get(reverse("scoring:peers", args=[w.young.credit_code]), {"year": 2023})
    assert "不足5家" in text(page)
    assert "strip" not in re.sub(r"<link[^>]*>", "", body(page))
    shown = portrait(w.office, w.young.credit_code, 2023)
    assert shown.peers == 0
    assert {len(chart.spec["series"]) for chart in shown.radars} == {1}
    assert {item.median for item in shown.gaps} == {"—"}


def test_five_others_are_enough_and_four_are_not(w):
    score = w.score(2023)
    rows = Score.objects.filter(run=score.run, stage=score.stage, status="scored").exclude(pk=score.pk)
    for others, shown in ((5, True), (4, False)):
        kept = list(rows.values_list("pk", flat=True)[:others])
        Score.objects.filter(run=score.run, stage=score.stage).exclude(pk__in=[*kept, score.pk]).update(
            status="excluded"
        )
        apps.get_model("scoring.RunColumn").objects.all().delete()
        spreads._known.clear()
        assert bool(comparison(w.user, w.code).peers) == shown


def test_a_figure_that_too_few_state_is_not_compared(w, monkeypatch):
    monkeypatch.setattr("scoring.presenters.own.peers.FEWEST", 30)
    lines = [line for part in comparison(w.user, w.code).parts for line in part.lines]
    assert [line.values or line.strip for line in lines] == [None] * len(lines) != []


def test_shares_and_quartiles_are_those_of_the_stage(w):
    found = comparison(w.user, w.code)
    score = w.score(2023)
    scheme = found.standing.scheme
    details = Score.objects.filter(run=score.run, stage=score.stage, status="scored").values_list("detail", flat=True)
    from scoring.engine.record import unpack

    table = np.array([unpack(scheme, bytes(detail)).points for detail in details])
    lines = {line.code: line for part in found.parts for line in part.lines if line.code}
    assert len(lines) == len(scheme.indicators)
    assert found.peers == len(table)
    for j, indicator in enumerate(scheme.indicators):
        line, own = lines[indicator.code], found.standing.record.points[j]
        low, median, high = np.quantile(table[:, j], [0.25, 0.5, 0.75])
        assert [line.low, line.median, line.high] == [f"{value:.2f}" for value in np.round([low, median, high], 9)]
        assert line.below == pytest.approx(100 * (table[:, j] < own).sum() / (len(table) - 1), abs=1)
        assert line.strip.own == pytest.approx(100 * own / float(indicator.max_points), abs=0.01)


# ---- portrait
def test_gaps_are_what_full_marks_would_add_to_the_total(w):
    shown = portrait(w.user, w.code)
    found = shown.standing
    weights = found.record.stage
    factor = float(np.prod(found.record.decays)) if len(found.record.decays) else 1.0
    for item in shown.gaps:
        indicator = found.scheme.indicator(item.code)
        j = found.scheme.indicators.index(indicator)
        dimension = next(d for d in found.scheme.dimensions if d.code == indicator.dimension)
        each = float(dimension.weight[weights]) / 100 * factor
        gap = (float(indicator.max_points) - found.record.points[j]) * each
        assert float(item.to_full) == pytest.approx(gap, abs=0.0051)
    shown_gaps = [float(item.to_full) for item in shown.gaps]
    assert shown_gaps == sorted(shown_gaps, reverse=True)
    assert [chart.id for chart in shown.radars] == ["radar-innovation", "radar-performance", "radar-support"]
    assert all(0 <= value <= 100 for chart in shown.radars for line in chart.spec["series"] for value in line["data"])


# ---- change and trend
def test_the_causes_of_a_change_add_up_to_what_the_two_scores_say(w):
    change = profile(w.user, w.code).change
    before, after = w.score(2022), w.score(2023)
    number = lambda shown: Decimal(shown.replace("−", "-").replace("+", "").replace(",", ""))  # noqa: E731
    assert number(change.total) == after.total - before.total
    assert number(change.overall) == before.rank - after.rank
    assert number(change.stage) == before.stage_rank - after.stage_rank
    for what in ("total", "overall", "stage"):
        assert sum(number(getattr(row, what)) for row in change.causes) == number(getattr(change, what))
    assert len(change.causes) == len(CAUSES)
    assert number(change.causes[1].total) == number(change.causes[1].overall) == 0
    shown = text(client_of(w.user).get(reverse("scoring:profile", args=[w.code])))
    assert f"第{before.rank}名" in shown
    assert "与2022年度相比" in shown
    assert profile(Client().get("/").wsgi_request.user, w.code).change is None


def test_other_rules_have_their_part_and_break_the_line(w):
    text_ = zone.TEXT.replace('version = "1.1"', 'version = "9.9"').replace("max_points = 14", "max_points = 13", 1)
    text_ = text_.replace("max_points = 12", "max_points = 13", 1)
    other = load_scheme(text_, by=None)
    period = EvaluationPeriod.objects.get(year=2024)
    EvaluationPeriod.objects.filter(pk=period.pk).update(scheme=other)
    period.refresh_from_db()
    publish(period, rescore(period, by=None).run, by=None)
    found = profile(w.user, w.code, 2024)
    assert found.change.rules
    assert found.trend.spec["labels"] == ["2022年", "2023年", "体系变更", "2024年"]
    assert found.trend.spec["series"][0]["data"][2] is None
    assert "断开" in found.trend.note
    dimensions = portrait(w.user, w.code, 2024).trend
    assert all(line["data"][2] is None for line in dimensions.spec["series"])
    assert {row[-1] for row in found.trend.rows} == {"xinkai-2022-110 1.1", "xinkai-2022-110 9.9"}


# ---- what if
def test_what_a_simulation_says_is_what_a_rescore_of_these_figures_gives(w):
    """The period locked, its full marks are frozen: the other firms stay as they are, as the simulation supposes."""
    lock(w.periods[2023], by=w.office)
    draw = random.Random(4)
    metrics = {
        "rd_expense": (0, 4000),
        "headcount": (60, 400),
        "technologists": (0, 60),
        "hightech_revenue": (0, 5000),
        "revenue": (6000, 60000),
    }
    for _ in range(3):
        chosen = draw.sample(sorted(metrics), 3)
        changes = {name: float(draw.randint(*metrics[name])) for name in chosen}
        if changes.get("revenue", 6000) < changes.get("hightech_revenue", 0):
            continue
        EvaluationPeriod.objects.get(year=2023)
        found = standing(w.user, w.code, 2023)
        (outcome,) = found.alone.what_if([changes])
        shown = simulation(w.user, w.code, 2023, typed={f"m-{name}": str(value) for name, value in changes.items()})
        sheet = FactSheet.objects.get(firm=w.own, year=2023)
        kept = dict(sheet.values)
        FactSheet.objects.filter(pk=sheet.pk).update(values=kept | changes)
        run = rescore(w.periods[2023], by=None, reason="试验").run
        real = Score.objects.get(firm=w.own, run=run)
        FactSheet.objects.filter(pk=sheet.pk).update(values=kept)
        assert Decimal(outcome.units) / 100 == real.total
        assert (outcome.rank_overall, outcome.rank_stage, outcome.stage) == (real.rank, real.stage_rank, real.stage)
        pairs = {pair.name: pair.after for pair in shown.result.pairs}
        assert pairs["最终得分"] == f"{real.total:.2f}"
        assert pairs["全区排名"] == str(real.rank)


def test_nothing_that_is_tried_out_is_stored(w):
    client = client_of(w.user)
    client.get(url("simulate", w))
    models = [model for app in ("firms", "scoring") for model in apps.get_app_config(app).get_models()]
    before = {model: list(model.objects.order_by("pk").values()) for model in models}
    assert "试算结果" in text(client.post(url("simulate", w), TRY))
    assert client.post(url("target", w), GOAL).status_code == 200
    assert {model: list(model.objects.order_by("pk").values()) for model in models} == before


def test_the_indicators_that_change_are_named_with_their_rule(w):
    result = simulation(w.user, w.code, typed=TRY).result
    changed = {row.code for row in result.moved}
    assert {"1.1", "1.4"} <= changed <= {"1.1", "1.2", "1.3", "1.4"}
    assert all(row.rule for row in result.moved)
    client = client_of(w.user)
    part = client.post(url("simulate", w), TRY, headers={"hx-request": "true"})
    assert "<main" not in body(part)
    assert "变化的指标" in text(part)


@pytest.mark.parametrize(("typed", "said"), [
    ({"m-rd_expense": "很多"}, "试算，请先改正"), ({"m-rd_expense": "-5"}, "试算，请先改正"), ({"m-headcount": "1e99"}, "试算，请先改正"),
    ({"m-rd_expense": "9" * 60}, "试算，请先改正"), ({"m-technologists": "5000"}, "大于"), ({"m-rd_expense": " "}, "没有填写任何改动"),
    ({"m-nothing": "5"}, "没有填写任何改动"), ({"m-torch_reported": "0"}, "没有填写任何改动"),
])  # fmt: skip
def test_what_cannot_be_tried_is_said_where_it_stands(w, typed, said):
    answer = client_of(w.user).post(url("simulate", w), typed)
    assert answer.status_code == 200
    assert said in text(answer) or (said == "没有填写任何改动" and "试算结果" not in text(answer))
    assert simulation(w.user, w.code, typed=typed).result is None


def test_figures_are_read_as_people_write_them(w):
    shown = simulation(w.user, w.code, typed={"m-rd_expense": "１，２００.５０", "m-revenue": "1.2亿元"})
    assert not shown.problems
    assert shown.result is not None


def test_what_cannot_be_changed_is_listed_with_its_reason(w):
    names = {row.name: row.why for row in simulation(w.user, w.code).fixed}
    assert names["企业类型"]
    assert "上年营业收入" in names
    assert not {"营业收入", "研发费用"} & set(names)
    assert all(names.values())


# ---- the cheapest way
def test_the_way_to_a_target_leads_there_and_fixed_figures_stay(w):
    now = w.score(2023)
    asked = {"kind": "total", "goal": str(now.total + 3), "factor": "5.0"}
    first = way(w.user, w.code, asked=asked).found
    assert first.reached
    steps = {step.field: step.value for step in first.steps}
    pairs = {pair.name: pair.after for pair in simulation(w.user, w.code, typed=steps).result.pairs}
    assert Decimal(pairs["最终得分"]) >= now.total + 3
    assert pairs["最终得分"] == first.total
    without = first.steps[0].field.removeprefix("m-")
    second = way(w.user, w.code, asked=asked, fixed=[without]).found
    assert without not in {step.field.removeprefix("m-") for step in second.steps}


def test_a_place_is_reached_and_one_already_held_needs_nothing(w):
    now = w.score(2023)
    found = way(w.user, w.code, asked={"kind": "rank", "goal": str(now.rank - 1), "factor": "5.0"}).found
    assert found.reached
    assert found.rank <= now.rank - 1
    assert way(w.user, w.code, asked={"kind": "stage", "goal": str(now.stage_rank), "factor": "2.0"}).found.already
    top = way(w.user, w.code, asked={"kind": "top5", "goal": "", "factor": "5.0"}).found
    assert not top.reached or top.stage_rank == 1


def test_a_target_out_of_reach_is_said_so_with_the_best_there_is(w):
    found = way(w.user, w.code, asked={"kind": "total", "goal": "100", "factor": "1.2"}).found
    assert not found.reached
    now = w.score(2023)
    assert Decimal(found.total) >= now.total
    answer = client_of(w.user).post(url("target", w), {"kind": "total", "goal": "100", "factor": "1.2"})
    assert "达不到" in text(answer) or "没有能提高得分的改动" in text(answer)


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "total", "goal": "x"},
        {"kind": "rank", "goal": "1.5"},
        {"kind": "rank", "goal": "0"},
        {"kind": "total", "goal": "NaN"},
        {"kind": "total", "goal": ""},
    ],
)
def test_a_goal_that_cannot_be_read_is_said_so(w, asked):
    found = way(w.user, w.code, asked=asked | {"factor": "x"})
    assert found.problem
    assert found.found is None
    assert found.problem in text(client_of(w.user).post(url("target", w), asked))
