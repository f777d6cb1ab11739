"""How a run's firms stand: what is kept with the run says what its scores say, and is made once."""

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scoring.assembly import spreads
from scoring.engine import evaluate, parse_scheme
from scoring.engine.alone import settled
from scoring.engine.cohort import Cohort
from scoring.engine.record import archived_inputs, unpack
from scoring.models import RunColumn, Score
from scoring.services import rescore
from tests.oracle_schemes import switch
from tests.scoring import zone

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    spreads._known.clear()
    return rescore(zone.make_period(30), by=None).run


def scheme_of(run):
    return parse_scheme(run.scheme.text)


def records(run, **where):
    scheme = scheme_of(run)
    details = Score.objects.filter(run=run, status="scored", **where).values_list("detail", flat=True)
    return [unpack(scheme, bytes(detail)) for detail in details]


def test_totals_are_every_scored_firm_s_by_stage_and_of_all(run):
    scheme = scheme_of(run)
    found = spreads.totals(run, scheme)
    assert found.everyone.tolist() == sorted(record.total_cents for record in records(run))
    for place, stage in enumerate(scheme.stages):
        assert found.by_stage[place].tolist() == sorted(r.total_cents for r in records(run, stage=stage.code))


@pytest.mark.parametrize("cluster", ["", "equipment"])
def test_quantiles_and_shares_are_those_of_the_firms_themselves(run, cluster):
    scheme = scheme_of(run)
    where = {"stage": "growth"} | ({"cluster": cluster} if cluster else {})
    among = records(run, **where)
    found = spreads.group(run, scheme, "growth", cluster)
    assert found.firms == len(among) > 3
    for j, indicator in enumerate(scheme.indicators):
        points = np.array([record.points[j] for record in among])
        spread = found.points[indicator.code]
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            assert spread.quantile(share) == pytest.approx(np.quantile(points, share))
        for own in points:
            assert spread.below(own) == pytest.approx((points < own).sum() / (len(points) - 1))
            assert spread.above(own) == pytest.approx((points > own).sum() / (len(points) - 1))
        values = np.array([record.value[j] for record in among])
        known = values[~np.isnan(values)]
        assert (indicator.code in found.values) == bool(len(known))
        if len(known):
            assert found.values[indicator.code].count == len(known)
            assert found.values[indicator.code].quantile(0.5) == pytest.approx(np.median(known))


def test_a_spread_of_more_firms_than_knots_is_right_to_a_thousandth():
    values = np.sort(np.random.default_rng(1).gamma(2, 50, 20_000))
    knots = values[np.linspace(0, len(values) - 1, spreads.KNOTS).round().astype(int)]
    spread = spreads.Spread(len(values), knots)
    for own in values[::997]:
        assert spread.below(own) == pytest.approx((values < own).mean(), abs=0.0011)
        assert spread.above(own) == pytest.approx((values > own).mean(), abs=0.0011)
    assert spread.quantile(0.75) == pytest.approx(np.quantile(values, 0.75), rel=0.01)


def test_it_is_measured_once_a_run_and_asked_of_the_database_once_a_process(run):
    scheme = scheme_of(run)
    spreads.group(run, scheme, "growth")
    kept = dict(RunColumn.objects.filter(run=run).values_list("name", "pk"))
    assert {"peers.totals", "peers.growth", "peers.growth.equipment"} <= set(kept)
    with CaptureQueriesContext(connection) as none:
        spreads.group(run, scheme, "growth")
    assert len(none) == 0
    spreads._known.clear()  # another process
    with CaptureQueriesContext(connection) as one:
        spreads.totals(run, scheme)
    assert len(one) == 1
    assert dict(RunColumn.objects.filter(run=run).values_list("name", "pk")) == kept


def test_who_comes_second_writes_nothing_twice(run):
    scheme = scheme_of(run)
    first = list(spreads._made(run, scheme))
    RunColumn.objects.bulk_create(first)
    RunColumn.objects.bulk_create(list(spreads._made(run, scheme)), ignore_conflicts=True)
    assert RunColumn.objects.filter(run=run).count() == len(first)


def test_a_stage_without_firms_and_a_run_without_any_have_nothing(run):
    scheme = scheme_of(run)
    assert spreads.group(run, scheme, "nothing") is None
    Score.objects.filter(run=run).delete()
    RunColumn.objects.filter(run=run).delete()
    spreads._known.clear()
    assert len(spreads.totals(run, scheme).everyone) == 0
    assert spreads.group(run, scheme, "growth") is None


def test_the_firms_by_other_rules_are_what_the_engine_says_of_them(run):
    scheme = scheme_of(run)
    other = parse_scheme(switch(scheme.text, "reference_method", '"p50"'))
    found = spreads.world(run, scheme, other)
    rows = list(Score.objects.filter(run=run).values_list("cluster", "detail"))
    archived, groups = archived_inputs(scheme, b"".join(bytes(detail) for _, detail in rows))
    groups["industry"] = np.array([cluster for cluster, _ in rows])
    columns = {key: archived[key] for key in other.inputs}
    since = archived[("date", "stage_since")]
    cohort = Cohort([str(i) for i in range(len(rows))], 2022, run.period.as_of, {}, groups=groups)
    e = evaluate(other, cohort, None, settled(other, 2022, run.period.as_of, columns, since))
    assert found.references == e.references != run.references
    assert found.totals.everyone.tolist() == sorted(e.total_cents[e.status == 0].tolist())
    assert spreads.world(run, scheme, scheme).references == run.references
