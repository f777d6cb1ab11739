"""One firm's figures: portrait, peers, simulation, 计分说明; and how every figure is written."""

import re
from decimal import Decimal

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from firms.models import FactSheet
from firms.services.catalogue import load_catalogue
from scoring.analysis.query import Condition
from scoring.assembly import spreads
from scoring.models import EvaluationPeriod, Score
from scoring.presenters.formatting import number, rounded, signed
from scoring.presenters.own.peers import comparison
from scoring.presenters.own.portrait import portrait
from scoring.presenters.own.simulate import simulation
from scoring.presenters.own.standing import standing
from scoring.presenters.own.statement import paper
from scoring.presenters.own.target import way
from scoring.presenters.profile import profile
from scoring.services import certificates, load_scheme, open_period, publish, rescore
from scoring.views import caching
from tests.factories import UserFactory
from tests.one_figure.world import (
    MIDDLE,
    OWN,
    SHOWN,
    measured,
)
from tests.oracle_schemes import switch
from tests.scoring import zone

pytestmark = pytest.mark.django_db


# ---- one firm among its peers
def test_the_middle_and_the_top_quarter_are_the_same_numbers_in_portrait_peers_and_analysis(w):
    row = w.ranked[OWN]
    where = (Condition("firm.stage", "in", (row.stage,)), Condition("score.rank", "known"))
    page = portrait(w.user, w.code(), SHOWN)
    items = {item.code: item for item in [*page.strengths, *page.gaps]}
    lines = {line.code: line for part in comparison(w.user, w.code(), SHOWN).parts for line in part.lines if line.code}
    assert page.peers == len(w.among(stage=row.stage))
    assert items
    for code, line in lines.items():
        field = f"points.{code}"
        result = measured(
            w, (field, "median"), (field, "p75"), (field, "p25"), (field, "count"), rows="firm.stage", where=where
        )
        median, top, low, count = result.cells[SHOWN, "*", "*"].texts
        assert count == str(page.peers)
        assert (line.low, line.median, line.high) == (low, median, top), code
        if code in items:
            assert (items[code].median, items[code].top, items[code].points) == (median, top, line.points)
        mine = result.cells[SHOWN, "*", "*"]
        assert mine.values[2] <= mine.values[0] <= mine.values[1]


def test_the_quartiles_of_many_firms_are_exact(w, monkeypatch):
    """Beyond a thousand firms not all are kept: their quartiles are still those of all."""
    monkeypatch.setattr(spreads, "KNOTS", 5)
    scheme = standing(w.user, w.code(), SHOWN).scheme
    table = spreads._Table.of(w.run, scheme)
    place = next(i for i, stage in enumerate(scheme.stages) if stage.code == w.ranked[OWN].stage)
    rows = np.flatnonzero(table.stage == place)
    assert len(rows) > 6
    made = spreads._spreads(w.run, scheme, "x", place, table, rows)
    numbers, start = np.frombuffer(made.data, made.header["type"]), 0
    for kind, code, count, knots in made.header["spreads"]:
        spread = spreads.Spread(count, numbers[start : start + knots])
        start += knots
        if kind == "points":
            points = table.points[rows, [item.code for item in scheme.indicators].index(code)]
            for share in (0.25, 0.5, 0.75):
                assert spread.quantile(share) == pytest.approx(np.quantile(points, share), abs=1e-12)


def test_the_parts_of_a_change_add_up_to_it(w):
    assert profile(w.office, w.code(), SHOWN).change.reason  # other stages: said, not guessed
    middle = EvaluationPeriod.objects.get(year=MIDDLE)
    publish(middle, middle.runs.get(), by=None)
    before = w.scores(MIDDLE)
    found = 0
    for i, row in w.ranked.items():
        change = profile(w.office, w.code(i), SHOWN).change
        if change is None or not change.causes:
            continue
        found += 1
        plain = lambda text: Decimal(text.replace("−", "-").replace(",", ""))  # noqa: E731
        for which in ("total", "overall", "stage"):
            parts = sum(plain(getattr(cause, which)) for cause in change.causes)
            assert parts == plain(getattr(change, which)), (i, which)
        assert plain(change.total) == row.total - before[i].total
        assert plain(change.overall) == before[i].rank - row.rank
    assert found > 15


def test_what_is_tried_out_is_what_a_run_on_those_figures_says(w):
    """One figure changed by hand and the firm's own published references: the engine's answer, digit by digit."""
    tried = {"m-rd_expense": "333.33"}
    shown = simulation(w.user, w.code(), SHOWN, typed=tried).result
    assert shown.pairs[0].before == number(w.ranked[OWN].total, 2)
    alone = standing(w.user, w.code(), SHOWN).alone
    (then,) = alone.what_if([{"rd_expense": 333.33}])
    assert shown.pairs[0].after == number(Decimal(then.units) / 100, 2)
    others = [row.total for i, row in w.ranked.items() if i != OWN]
    assert shown.pairs[2].after == str(1 + sum(total > Decimal(then.units) / 100 for total in others))


def test_the_cheapest_plan_once_done_reaches_its_goal(w):
    goal = w.ranked[OWN].total + 2
    found = way(w.user, w.code(), SHOWN, asked={"kind": "total", "goal": str(goal), "factor": "5.0"}).found
    assert found.reached
    assert found.steps
    done = simulation(w.user, w.code(), SHOWN, typed={step.field: step.value for step in found.steps}).result
    assert Decimal(done.pairs[0].after) >= goal
    assert done.pairs[0].after == found.total
    assert done.pairs[2].after == str(found.rank)


# ---- a scheme that counts otherwise
def test_a_scheme_of_three_decimals_is_shown_with_three_and_the_smallest_decay_as_the_one_that_counts(db):
    load_catalogue(by=None)
    caching.pages.clear()
    text = switch(switch(zone.TEXT, "decimals", "3"), "decay_stacking", '"smallest"')
    scheme = load_scheme(text.replace('version = "1.1"', 'version = "3"'), by=None)
    firms, office = zone.make_firms(9), UserFactory()
    for year in (2024, 2025):
        zone.facts(firms, year)
        if year == 2025:  # from 扩张期 back to 成长期, and registered for ten years: two decays
            FactSheet.objects.filter(firm=firms[1], year=year).update(values={"revenue": 900.0, "rd_expense": 17.77})
        period = open_period(year, scheme, by=None)
        publish(period, rescore(period, by=None).run, by=None)
    score = Score.objects.get(firm=firms[1], run__period__year=2025)
    assert score.total.as_tuple().exponent == -4
    told = f"{score.total:.3f}"
    assert told != f"{score.total:.2f}0"
    account = profile(office, firms[1].credit_code, 2025).account
    assert len([line for line in account.applied if line.kind == "decay"]) == 2
    (decay,) = (step for step in account.steps if step.code == "decay")
    assert decay.name.endswith("× 0.9")
    before = account.steps[account.steps.index(decay) - 1]
    assert Decimal(decay.after) == pytest.approx(Decimal(before.after) * Decimal("0.9"), abs=Decimal("0.002"))
    made = certificates.issue(firms[1], 2025, by=office)
    client = Client()
    client.force_login(office, "xxgx.roles.RoleBackend")
    assert paper(office, firms[1].credit_code, 2025).said["total"] == told
    for url in (
        reverse("scoring:verified", args=[made.code]),
        reverse("scoring:profile", args=[firms[1].credit_code]),
        reverse("scoring:overview"),
        reverse("scoring:rankings"),
        reverse("scoring:firm_file", args=[firms[1].credit_code]),
        f"/api/v1/rankings/?year=2025&q={firms[1].credit_code}",
    ):
        assert re.search(rf"(?<![\d.]){re.escape(told)}(?!\d)", client.get(url).content.decode()), url


# ---- how it is written
@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (2.675, 2, "2.68"),  # the float is a hair below; the decimal it stands for is not
        (75.125, 2, "75.13"),  # half up, not half to even
        (901.38 / 12, 2, "75.12"),  # 75.115: the division's last digit is not the figure's
        (0.1 + 0.2, 16 - 1, "0.300000000000000"),
        (-0.001, 2, "0.00"),  # nothing has no sign
        (-2.675, 2, "−2.68"),
        (123456789.1234, 4, "123,456,789.1234"),
    ],
)
def test_one_rule_of_rounding(value, decimals, text):
    assert number(value, decimals) == text
    assert number(rounded(value, decimals), decimals) == text


def test_a_change_that_shows_as_nothing_has_no_sign():
    assert (signed(0.001, 2), signed(-0.001, 2), signed(0.005, 2), signed(-10, 0)) == ("0.00", "0.00", "+0.01", "−10")
