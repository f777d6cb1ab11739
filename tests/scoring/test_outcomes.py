"""How firms stand, as arrays: out of columns the same as out of scores, two runs side by side as counted firm by firm."""

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scoring.assembly import columns, outcomes
from scoring.models import EvaluationPeriod, Score
from scoring.services import rescore
from tests.scoring import zone

pytestmark = pytest.mark.django_db


@pytest.fixture
def runs(db):
    """Two years; of 24 firms one is not there in the second, one has no figures, and two are new."""
    outcomes.KEPT.clear()
    firms = zone.make_firms(26)
    zone.facts(firms[:24], 2022)
    zone.facts(firms[1:], 2023)
    for year in (2022, 2023):
        rescore(zone.open_period(year, zone.scheme(), by=None), by=None)
    return [period.runs.get() for period in EvaluationPeriod.objects.order_by("year")]


def plain(run):
    rows = Score.objects.filter(run=run).order_by("credit_code")
    return [
        (
            row.firm_id,
            row.credit_code,
            row.stage if row.status == "scored" else row.status,
            row.total or 0,
            row.rank or 0,
        )
        for row in rows
    ]


def told(found):
    return [
        (int(firm), code.decode(), found.names[place], int(units) / outcomes.UNIT, int(rank))
        for firm, code, place, units, rank in zip(
            found.ids, found.codes, found.place, found.units, found.rank, strict=True
        )
    ]


def test_columns_and_scores_say_the_same(runs):
    out_of_scores = outcomes.outcomes(runs)
    outcomes.KEPT.clear()
    for run in runs:
        columns.build(run)
    out_of_columns = outcomes.outcomes(runs)
    for run, one, other in zip(runs, out_of_scores, out_of_columns, strict=True):
        assert told(one) == told(other) == [(*head, float(total), rank) for *head, total, rank in plain(run)]


def test_two_runs_side_by_side(runs):
    before, now = outcomes.outcomes(runs)
    was = {firm: place for firm, _code, place, _total, _rank in plain(runs[0])}
    is_now = {firm: place for firm, _code, place, _total, _rank in plain(runs[1])}
    expected = {}
    for firm in was.keys() | is_now.keys():
        pair = was.get(firm, outcomes.NONE), is_now.get(firm, outcomes.NONE)
        expected[pair] = expected.get(pair, 0) + 1
    assert outcomes.pairs(before, now) == expected
    assert sum(n for (_was, place), n in expected.items() if place == outcomes.NONE) == 1
    rows = before.rows_of(now.ids)
    assert [before.ids[row] if row >= 0 else None for row in rows] == [f if f in was else None for f in now.ids]
    assert np.flatnonzero(now.is_in(["growth"])).tolist() == [
        i for i, (_f, _c, place, *_rest) in enumerate(plain(runs[1])) if place == "growth"
    ]


def test_asked_again_it_asks_nothing(runs):
    outcomes.outcomes(runs)
    with CaptureQueriesContext(connection) as again:
        outcomes.outcomes(runs)
        outcomes.to_confirm(runs[1])
    assert not len(again)


def test_a_run_of_nobody(runs):
    Score.objects.filter(run=runs[0]).delete()
    before, now = outcomes.outcomes(runs)
    assert not len(before.ids)
    assert set(before.rows_of(now.ids).tolist()) == {-1}
    assert {was for was, _is_now in outcomes.pairs(before, now)} == {outcomes.NONE}
    assert not len(now.rows_of(before.ids))


def test_those_to_confirm_are_those_the_run_names(runs):
    some = list(Score.objects.filter(run=runs[1]).order_by("credit_code")[3:5])
    runs[1].summary["to_confirm"] = [row.credit_code for row in some] + ["91410700XNOBODY000"]
    assert outcomes.to_confirm(runs[1]).tolist() == [row.firm_id for row in some]
