"""A run's fields as arrays say what its scores, facts and registers say, to the digit, and are made once."""

import datetime as dt
import threading

import numpy as np
import pytest
from django.db import connection, connections

from firms.models import FactSheet, Metric
from scoring.analysis.arrays import Codes, Numbers, Texts
from scoring.assembly import columns
from scoring.assembly.packing import packed, unpacked
from scoring.engine import parse_scheme
from scoring.engine.record import unpack
from scoring.models import Run, RunColumn, Score
from scoring.services import open_period, publish, rescore, withdraw
from tests.scoring import zone
from tests.scoring.analysis import asked_zone

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return asked_zone.make()


def table_of(run, *before):
    for one in (*before, run):
        columns.build(one)
    return columns.tables([*before, run])[run.pk]


def test_every_column_says_what_the_records_say(w):
    run = w.runs[0]
    table, scheme = table_of(run), parse_scheme(run.scheme.text)
    scores = {score.firm_id: score for score in Score.objects.filter(run=run)}
    assert table.ids.tolist() == sorted(scores)
    statuses = set()
    for i, firm in enumerate(table.ids.tolist()):
        score, record = scores[firm], unpack(scheme, scores[firm].detail)
        statuses.add(score.status)

        def at(code, i=i):
            column = table.column(code)
            if isinstance(column, Codes):
                return column.names[column.codes[i]] if column.codes[i] >= 0 else ""
            if isinstance(column, Texts):
                return column.texts([i])[0]
            return None if np.isnan(column.values[i]) else column.values[i]

        assert at("firm.name") == score.name
        assert at("firm.credit_code") == score.credit_code
        for name in ("status", "stage", "cluster", "park"):
            assert at(f"firm.{name}") == getattr(score, name)
        assert at("firm.industry") == score.firm.industry.code
        assert at("firm.founded") == (score.firm.registered_on - dt.date(1970, 1, 1)).days
        assert at("score.total") == (None if score.total is None else float(score.total))
        for name in ("rank", "stage_rank", "industry_rank"):
            assert at(f"score.{name}") == getattr(score, name)
        for j, dimension in enumerate(scheme.dimensions):
            expected = record.dimensions[j] if score.status == "scored" else None
            assert at(f"dimension.{dimension.code}") == expected
        for j, indicator in enumerate(scheme.indicators):
            there = score.status == "scored" and record.state[j] != 0
            assert at(f"points.{indicator.code}") == (record.points[j] if there else None)
        assert at("score.bonus") == (record.bonuses.sum() if score.status == "scored" else None)
        for code, value in FactSheet.objects.get(firm=firm, year=2022).values.items():
            assert at(f"metric.{code}") == value
    assert statuses == {"scored", "unclassified"}  # else it would prove nothing about the unscored
    first = table.ids.tolist().index(w.firms[0].pk)
    assert np.isnan(table.column("metric.rd_expense").values[first])
    assert table.column("metric.revenue").values[first] == 0


def test_registers_count_in_the_year_they_happen_or_while_they_are_held(w):
    before, after = table_of(w.runs[0]), table_of(w.runs[1], w.runs[0])
    at = {firm.pk: i for i, firm in enumerate(w.firms)}

    def of(table, code):
        values = table.column(code).values
        return {at[firm]: values[i] for i, firm in enumerate(table.ids.tolist()) if values[i]}

    assert of(before, "qualification.hightech") == dict.fromkeys(range(6), 1)
    assert of(after, "qualification.hightech") == dict.fromkeys(range(2, 6), 1)  # one ran out, one firm is gone
    assert of(before, "register.contract") == {2: 2}
    assert of(before, "register.contract.general") == {2: 1}
    assert of(before, "register.contract.amount") == {2: 150.5}
    assert of(after, "register.contract") == {}
    assert of(before, "register.platform") == {3: 1}  # the voided one counts for nothing
    assert of(before, "register.platform.provincial") == {3: 1}
    assert of(before, "register.award") == {}
    assert not np.isnan(before.column("register.award").values).any()
    assert np.isnan(before.column("metric.never_heard_of").values).all()


def test_what_the_scheme_does_not_read_comes_from_the_facts_of_today_and_says_so(w):
    Metric.objects.create(code="robots", name="机器人数", kind="count", unit="台")
    sheet = FactSheet.objects.get(firm=w.firms[4], year=2022)
    sheet.values |= {"robots": 7, "revenue": -1}
    sheet.save()
    table = table_of(w.runs[0])
    row = table.ids.tolist().index(w.firms[4].pk)
    assert table.column("metric.robots").values[row] == 7
    assert table.column("metric.revenue").values[row] != -1  # the run's own figure, not today's
    assert "metric.robots" in table.now
    assert "register.contract" in table.now
    assert "metric.revenue" not in table.now


def test_a_figure_finds_its_firm_in_the_period_before(w):
    table = table_of(w.runs[1], w.runs[0])
    before = {score.firm_id: score for score in Score.objects.filter(run=w.runs[0])}
    now = {score.firm_id: score for score in Score.objects.filter(run=w.runs[1])}
    assert set(before) - set(now) == {w.firms[1].pk}
    moved = 0
    for i, firm in enumerate(table.ids.tolist()):
        then, score = before[firm], now[firm]
        total, change, places = (
            table.column(code).values[i] for code in ("score.total@-1", "change.total", "change.rank")
        )
        if then.total is None or score.total is None:
            assert np.isnan(change)
            continue
        assert total == float(then.total)
        assert change == float(score.total - then.total)
        assert places == then.rank - score.rank
        moved += change != 0
    assert moved
    assert np.isnan(table.column("score.total@-2").values).all()
    stage = table.column("firm.stage@-1")
    assert [stage.names[code] for code in stage.codes if code >= 0]


def test_a_period_looks_back_at_published_ones_and_where_none_is_at_all(w):
    """As the ranking does: between 2022 and 2024 lies a period nobody has published."""
    zone.facts(w.firms, 2024, rd_expense=700.0)
    period = open_period(2024, zone.scheme(), by=None)
    third = rescore(period, by=None).run
    runs = [*Run.objects.select_related("period").filter(pk__in=[run.pk for run in w.runs]).order_by("pk"), third]
    for run in runs:
        columns.build(run)
    before = {score.firm_id: score for score in Score.objects.filter(run=w.runs[0])}
    between = {score.firm_id: score for score in Score.objects.filter(run=w.runs[1])}

    def changes():
        chain = list(Run.objects.select_related("period").filter(pk__in=[run.pk for run in runs]).order_by("pk"))
        table = columns.tables(chain)[third.pk]
        found = table.column("change.total").values
        return {firm: float(x) for firm, x in zip(table.ids.tolist(), found, strict=True) if not np.isnan(x)}

    def gained(then):
        now = {score.firm_id: score.total for score in Score.objects.filter(run=third)}
        return {
            firm: float(total - then[firm].total)
            for firm, total in now.items()
            if total is not None and firm in then and then[firm].total is not None
        }

    assert gained(before) != gained(between)
    assert changes() == gained(before)
    publish(period, third, by=None)
    assert changes() == gained(before)
    withdraw(period, by=None, reason="数据有误")
    withdraw(w.published, by=None, reason="数据有误")
    assert changes() == gained(between)


def test_names_are_found_by_a_part_by_initials_and_whatever_the_width(w):
    names = table_of(w.runs[0]).column("firm.name")
    table = columns.tables([w.runs[0]])[w.runs[0].pk]

    def found(text):
        return {
            w.firms[0].__class__.objects.get(pk=table.ids[i]).name
            for i in np.flatnonzero(names.contains(table.normalised(text)))
        }

    everybody = set(Score.objects.filter(run=w.runs[0]).values_list("name", flat=True))
    for text in ("氢能", "xxd3h", "A（新）", "ａ(新)", " 第 3 号 ", "有限公司"):
        expected = set(
            Score.objects.filter(run=w.runs[0]).matching(table.normalised(text)).values_list("name", flat=True)
        )
        assert found(text) == expected != set(), text
    assert found("有限公司") == everybody
    assert names.is_in([table.normalised(w.firms[3].name)]).sum() == 1
    assert names.is_in([table.normalised(w.firms[3].name[:-1])]).sum() == 0


def test_columns_are_made_once_and_a_run_that_is_superseded_loses_them(w):
    run = w.runs[1]
    assert columns.build(run)
    made = RunColumn.objects.filter(run=run).count()
    assert not columns.build(run)
    assert RunColumn.objects.filter(run=run).count() == made
    columns.build(w.runs[0])
    FactSheet.objects.filter(firm=w.firms[5], year=2023).update(values={"revenue": 9999.0})
    newer = rescore(w.trial, by=None).run
    assert columns.prune()
    assert set(RunColumn.objects.values_list("run", flat=True)) == {w.runs[0].pk}  # published
    columns.build(newer)
    assert not columns.prune()


def test_the_same_columns_read_from_another_format_are_made_anew(w):
    columns.build(w.runs[0])
    RunColumn.objects.filter(run=w.runs[0], name=columns.INDEX).update(header={"format": 0})
    assert columns.tables([w.runs[0]]) == {w.runs[0].pk: None}
    assert columns.build(w.runs[0])


def test_reading_columns_takes_three_queries_and_then_one(w, django_assert_num_queries):
    for run in w.runs:
        columns.build(run)
    wanted = ["score.total", "change.rank", "metric.revenue@-1", "firm.park", "register.contract"]
    with django_assert_num_queries(3 if connection.vendor == "sqlite" else 1, connection=connection):
        columns.fetch([table for table in columns.tables(w.runs).values() if table], wanted)
    with django_assert_num_queries(1):
        found = columns.tables(w.runs)
        columns.fetch([table for table in found.values() if table], wanted)
        for code in wanted:
            found[w.runs[1].pk].column(code)


@pytest.mark.parametrize(
    "values",
    [
        [], [np.nan], [0, 1, np.nan], [127, -127], [128, -128], [0.01, 99.99], [0.0001, np.nan], [1 / 3, 2.5], [2.0**40],
        [21474836.47, -1], [214748364.8], [1e300], [-(2.0**31)],
    ],
)  # fmt: skip
def test_numbers_are_packed_small_and_come_back_to_the_digit(values):
    column = Numbers(np.array(values, dtype=np.float64))
    header, data = packed(column)
    assert np.array_equal(unpacked(header, data).values, column.values, equal_nan=True)


def test_counts_take_a_byte_each():
    assert len(packed(Numbers(np.array([0, 5, np.nan, 100])))[1]) == 4


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_of_two_who_ask_at_once_one_makes_the_columns():
    w = asked_zone.make()
    barrier, made = threading.Barrier(2, timeout=5), []

    def build():
        run = Run.objects.select_related("period", "scheme").get(pk=w.runs[0].pk)
        barrier.wait()
        made.append(columns.build(run))
        connections.close_all()

    threads = [threading.Thread(target=build) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False, True]
    names = list(RunColumn.objects.values_list("name", flat=True))
    assert len(names) == len(set(names))
