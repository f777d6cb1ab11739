"""Rows to arrays and back without losing what a row says: missing is not zero, and a stage has a past."""

import datetime as dt

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from firms.models import FactSheet, Firm, RegisterEntry
from scoring.assembly import load_cohort
from scoring.assembly.history import fold
from scoring.engine import evaluate, parse_scheme
from scoring.models import RunSlice, Score, StageRecord
from scoring.services import open_period, publish, rescore
from tests.scoring import zone

STARTUP, GROWTH, EXPANSION, MATURE = range(4)
NONE = -1
GRADES = (1, 2, 3, 4)


def history_of(*stages: int, first: int = 2018):
    years = [(dt.date(first + i, 12, 31), np.array([stage], dtype=np.int8)) for i, stage in enumerate(stages)]
    return fold(1, GRADES, years)


@pytest.mark.parametrize(
    ("stages", "previous", "before", "dropped", "since", "peak"),
    [
        ((), NONE, NONE, False, "NaT", NONE),
        ((GROWTH,), GROWTH, NONE, False, "2018-12-31", NONE),
        ((GROWTH, EXPANSION, EXPANSION), EXPANSION, EXPANSION, False, "2019-12-31", NONE),
        ((EXPANSION, GROWTH), GROWTH, EXPANSION, True, "2019-12-31", EXPANSION),
        ((MATURE, EXPANSION, GROWTH), GROWTH, EXPANSION, True, "2020-12-31", MATURE),
        ((MATURE, GROWTH, EXPANSION), EXPANSION, GROWTH, False, "2020-12-31", MATURE),
        ((MATURE, GROWTH, MATURE), MATURE, GROWTH, False, "2020-12-31", NONE),
        ((EXPANSION, NONE, EXPANSION), EXPANSION, EXPANSION, False, "2018-12-31", NONE),
        ((EXPANSION, NONE, GROWTH), GROWTH, EXPANSION, True, "2020-12-31", EXPANSION),
        ((STARTUP, GROWTH), GROWTH, STARTUP, False, "2019-12-31", NONE),
    ],
)
def test_the_past_of_a_firm(stages, previous, before, dropped, since, peak):
    history = history_of(*stages)
    assert history.previous_stage[0] == previous
    assert history.previous2_stage[0] == before
    assert bool(history.demoted_previous[0]) is dropped
    assert str(history.stage_since[0]) == since
    assert history.peak_stage[0] == peak


@pytest.mark.django_db
class TestLoading:
    def load(self, period):
        return load_cohort(period, parse_scheme(period.scheme.text))

    def test_a_missing_figure_stays_missing_and_a_zero_stays_zero(self):
        (firm,) = zone.make_firms(1)
        FactSheet.objects.create(firm=firm, year=2022, values={"revenue": 0, "rd_expense": None})
        loaded = self.load(open_period(2022, zone.scheme(), by=None))
        assert loaded.cohort.current["revenue"].tolist() == [0.0]
        assert np.isnan(loaded.cohort.current["rd_expense"]).all()
        assert np.isnan(loaded.cohort.current["headcount"]).all()

    def test_every_firm_with_facts_of_the_year_is_in_and_nobody_else(self):
        firms = zone.make_firms(3)
        FactSheet.objects.create(firm=firms[0], year=2022, values={"revenue": 1})
        FactSheet.objects.create(firm=firms[1], year=2021, values={"revenue": 2})
        loaded = self.load(open_period(2022, zone.scheme(), by=None))
        assert loaded.cohort.keys == [firms[0].credit_code]

    def test_last_years_figures_find_their_firm_whatever_the_order(self):
        firms = zone.make_firms(4)
        for firm in reversed(firms):
            FactSheet.objects.create(firm=firm, year=2021, values={"revenue": firm.pk})
        for firm in firms[:3]:
            FactSheet.objects.create(firm=firm, year=2022, values={"revenue": firm.pk})
        loaded = self.load(open_period(2022, zone.scheme(), by=None))
        assert loaded.cohort.previous["revenue"].tolist() == loaded.firm_ids.tolist()

    def test_register_entries_come_with_their_dates_and_void_ones_do_not(self):
        firms = zone.make_firms(2)
        period = zone.make_period(firms=firms)
        entry = {"kind": "contract", "category": "general", "starts_on": dt.date(2022, 2, 3)}
        RegisterEntry.objects.create(firm=firms[1], title="甲", amount="12.3400", ends_on=dt.date(2023, 1, 1), **entry)
        RegisterEntry.objects.create(
            firm=firms[1], title="乙", voided_at=dt.datetime(2023, 1, 1, tzinfo=dt.UTC), **entry
        )
        table = self.load(period).cohort.registers
        assert len(table.firm) == 1
        assert (str(table.starts[0]), str(table.ends[0]), table.amount[0]) == ("2022-02-03", "2023-01-01", 12.34)
        assert np.isnan(self.load(period).cohort.registers.amount).sum() == 0

    def test_the_number_of_queries_does_not_grow_with_the_firms(self):
        def queries(firms):
            with CaptureQueriesContext(connection) as captured:
                self.load(period)
            assert Firm.objects.count() == firms
            return len(captured)

        period = zone.make_period(2)
        few = queries(2)
        zone.facts(zone.make_firms(60), 2022)
        assert queries(62) == few

    def test_a_stated_stage_overrides_this_year_and_fills_earlier_ones(self):
        firms = zone.make_firms(2)
        period = zone.make_period(firms=firms)
        StageRecord.objects.create(firm=firms[0], year=2022, stage="mature", reason="核定")
        StageRecord.objects.create(firm=firms[1], year=2019, stage="growth", reason="旧档案")
        loaded = self.load(period)
        row = {pk: i for i, pk in enumerate(loaded.firm_ids.tolist())}
        history = loaded.cohort.history
        assert history.override_stage[row[firms[0].pk]] == MATURE
        assert history.previous_stage[row[firms[1].pk]] == GROWTH

    def test_earlier_stages_are_those_published_not_those_of_a_later_trial(self):
        firms = zone.make_firms(3)
        first = zone.make_period(firms=firms, year=2021)
        publish(first, rescore(first, by=None).run, by=None)
        FactSheet.objects.filter(year=2021).update(values={"revenue": 99999})
        trial = rescore(first, by=None)
        assert trial.created
        second = zone.make_period(firms=firms, year=2022)
        loaded = self.load(second)
        first.refresh_from_db()
        stages = dict(first.published_run.scores.values_list("firm_id", "stage"))
        codes = [stage.code for stage in parse_scheme(second.scheme.text).stages]
        assert [codes[i] for i in loaded.cohort.history.previous_stage] == [stages[pk] for pk in loaded.firm_ids]

    def test_a_run_of_years_counts_only_while_it_lasts(self):
        firms = zone.make_firms(2)[1:]
        FactSheet.objects.create(firm=firms[0], year=2022, values={"revenue": 5000})
        for year in (2017, 2018):
            StageRecord.objects.create(firm=firms[0], year=year, stage="expansion", reason="旧档案")
        period = open_period(2022, zone.scheme(), by=None)
        assert str(self.load(period).cohort.history.stage_since[0]) == "2017-12-31"
        StageRecord.objects.create(firm=firms[0], year=2021, stage="growth", reason="旧档案")
        assert str(self.load(period).cohort.history.stage_since[0]) == "NaT"

    def test_an_empty_zone_is_a_cohort_of_nobody(self):
        result = rescore(open_period(2022, zone.scheme(), by=None), by=None)
        assert (result.run.firms, result.run.ranked, result.run.state) == (0, 0, "complete")


@pytest.mark.django_db
class TestSaving:
    def test_rows_hold_what_the_engine_found(self):
        period = zone.make_period(23)
        run = rescore(period, by=None).run
        scheme = parse_scheme(period.scheme.text)
        loaded = load_cohort(period, scheme)
        evaluation = evaluate(scheme, loaded.cohort)
        rows = {score.credit_code: score for score in Score.objects.filter(run=run)}
        assert len(rows) == len(evaluation) == 23
        for i, key in enumerate(loaded.cohort.keys):
            row = rows[key]
            assert int(row.total * 100) == evaluation.total_cents[i]
            assert (row.rank or 0) == evaluation.rank_overall[i]
            assert row.stage == scheme.stages[evaluation.stage[i]].code
            assert row.firm_id == loaded.firm_ids[i]
            assert bytes(row.detail) == evaluation.records(i, i + 1).tobytes()
            assert row.dimension_points == evaluation.dimensions[i].round(6).tolist()

    def test_positions_number_the_ranked_by_rank_then_code(self):
        run = rescore(zone.make_period(23), by=None).run
        rows = list(run.scores.ranked().order_by("position").values_list("position", "rank", "credit_code"))
        assert [row[0] for row in rows] == list(range(1, run.ranked + 1))
        assert [row[1:] for row in rows] == sorted(row[1:] for row in rows)

    def test_the_unranked_have_no_place_and_no_total(self):
        firms = zone.make_firms(3)
        period = zone.make_period(firms=firms)
        RegisterEntry.objects.create(
            firm=firms[0], kind="listing", category="serious_dishonesty", title="失信", starts_on=dt.date(2022, 5, 1)
        )
        run = rescore(period, by=None).run
        out = run.scores.get(firm=firms[0])
        assert (out.status, out.rank, out.position, out.by_name, out.total) == ("excluded", None, None, None, None)
        assert run.ranked == 2

    def test_the_cube_adds_up_to_the_scores(self):
        run = rescore(zone.make_period(40), by=None).run
        slices = RunSlice.objects.filter(run=run)
        scores = Score.objects.filter(run=run)
        for part in slices:
            inside = scores.filter(stage=part.stage, cluster=part.cluster, park=part.park, status=part.status)
            assert inside.count() == part.firms == sum(part.histogram)
            assert float(sum(score.total for score in inside)) == pytest.approx(part.total_sum)
        assert sum(part.firms for part in slices) == 40
        revenue = sum(sheet.values["revenue"] for sheet in FactSheet.objects.all())
        assert sum(part.sums["revenue"] for part in slices) == pytest.approx(revenue)

    def test_a_firm_without_industry_or_park_is_counted_too(self):
        firms = zone.make_firms(4)
        Firm.objects.update(industry=None, park=None)
        run = rescore(zone.make_period(firms=firms), by=None).run
        assert set(run.slices.values_list("cluster", "park")) == {("", "")}
        assert set(run.scores.values_list("industry_rank", flat=True)) == {None}
