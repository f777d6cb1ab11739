"""Asked by a person: the published run or the trial, rows and cells as a reader expects, nothing that is not theirs to see."""

import datetime as dt
import itertools

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from firms.models import FactSheet, Job, RegisterEntry, Role
from firms.services import jobs
from firms.services.refusal import Refusal
from scoring.analysis.fields import Field
from scoring.analysis.grouping import TOTAL
from scoring.analysis.query import Query
from scoring.exports_analysis import analysis_export
from scoring.models import RunColumn, Score
from scoring.services import publish, rescore, withdraw
from scoring.services.analysis import ask, fields_for, ready, whole
from scoring.services.analysis.words import shown
from tests.factories import UserFactory
from tests.scoring.analysis import asked_zone
from tests.scoring.analysis.asked_zone import question

pytestmark = pytest.mark.django_db
COUNT = [{"field": "", "statistic": "count"}]


@pytest.fixture
def w():
    return asked_zone.make()


# ---- which runs
def test_without_anything_asked_the_newest_published_period_is_listed_whole(w):
    result = ask(w.office, Query())
    assert result.answered
    assert [(period.year, period.published) for period in result.periods] == [(2022, True)]
    assert result.total == len(result.rows) == 14
    assert result.conditions_in_words == ()
    assert [field.code for field in result.columns][:2] == ["firm.name", "firm.credit_code"]


def test_a_period_without_a_published_run_is_answered_by_its_trial_and_said_to_be(w):
    result = ask(w.leader, question(periods=[2023, 2022]))
    assert [(period.year, period.published) for period in result.periods] == [(2023, False), (2022, True)]
    assert result.matched == {2023: 13, 2022: 14}
    assert [row.year for row in result.rows] == [2023] * 13 + [2022] * 14


def test_a_newer_trial_is_asked_about_only_where_it_is_chosen(w):
    FactSheet.objects.filter(firm=w.firms[2], year=2022).update(values={"revenue": 123456.0})
    newer = rescore(w.published, by=None).run
    asked = question(("firm.credit_code", "in", [w.firms[2].credit_code]), columns=["metric.revenue"])
    published, trial = ask(w.office, asked), ask(w.office, asked.but(trial=True))
    assert [(result.periods[0].run_id, result.periods[0].published) for result in (published, trial)] == [
        (w.runs[0].pk, True), (newer.pk, False)
    ]  # fmt: skip
    assert [result.rows[0].values[0] for result in (published, trial)] == [40002.0, 123456.0]


def test_what_is_published_next_is_answered_at_once(w):
    asked = question(("score.total", "known"), columns=["score.total"])
    before = ask(w.office, asked)
    FactSheet.objects.filter(year=2022).update(values={"revenue": 800.0, "headcount": 10.0})
    newer = rescore(w.published, by=None).run
    w.refresh()
    publish(w.published, newer, by=None)
    after = ask(w.office, asked)
    assert after.periods[0].run_id == newer.pk
    assert [row.values for row in after.rows] != [row.values for row in before.rows]
    w.refresh()
    withdraw(w.published, by=None, reason="更正")
    assert ask(w.office, asked).periods[0].published is False


def test_a_year_without_results_is_told_and_an_empty_site_too(w):
    result = ask(w.office, question(periods=[2022, 1999]))
    assert [(problem.path, problem.code) for problem in result.problems] == [("periods[1]", "no_period")]
    assert "1999" in result.problems[0].message
    assert (result.rows, result.answered) == ((), False)


def test_before_the_first_run_there_is_nothing_to_ask_and_the_page_says_so(db):
    result = ask(UserFactory(role=Role.OFFICE), Query())
    assert [problem.code for problem in result.problems] == ["no_periods"]


# ---- lists
def test_rows_say_what_the_scores_say_raw_and_as_shown(w):
    columns = ["firm.name", "firm.stage", "firm.founded", "score.total", "score.rank", "metric.revenue",
               "qualification.hightech", "register.contract.amount", "change.total"]  # fmt: skip
    result = ask(w.office, question(("register.contract", "ge", 1), columns=columns))
    (row,) = result.rows
    score = Score.objects.get(run=w.runs[0], firm=w.firms[2])
    assert (row.firm_id, row.credit_code, row.name) == (w.firms[2].pk, score.credit_code, score.name)
    assert row.values == (
        score.name, score.stage, dt.date(2012, 3, 1), float(score.total), score.rank, 40002.0, True, 150.5, None
    )  # fmt: skip
    assert row.texts[1] == dict(next(f for f in result.columns if f.code == "firm.stage").choices)[score.stage]
    assert row.texts[3:] == (f"{score.total:.2f}", f"{score.rank}", "40,002.00", "是", "150.50", "—")
    assert result.conditions_in_words == ("技术合同不小于1项",)


def test_pages_follow_each_other_without_gap_over_the_periods_and_the_last_one_is_the_end(w):
    asked = question(periods=[2022, 2023], sort=[["score.total", "desc"]])
    whole_list = [(row.year, row.firm_id) for row in ask(w.office, asked, size=200).rows]
    pages = [ask(w.office, asked, page=number, size=4) for number in range(1, 8)]
    assert [page.pages for page in pages] == [7] * 7
    assert [(row.year, row.firm_id) for page in pages for row in page.rows] == whole_list
    beyond = ask(w.office, asked, page=99, size=4)
    assert (beyond.page, beyond.rows) == (7, pages[-1].rows)
    totals = [row.values[5] for row in ask(w.office, asked, size=200).rows if row.year == 2022]
    known = [total for total in totals if total is not None]
    assert known == sorted(known, reverse=True)
    assert totals[len(known):] == [None] * (len(totals) - len(known))  # fmt: skip


def test_names_are_sorted_by_pinyin(w):
    names = [row.name for row in ask(w.office, question(sort=[["firm.name", "asc"]]), size=200).rows]
    by_pinyin = [firm.name for firm in sorted(w.firms, key=lambda firm: firm.name_pinyin)]
    assert names == by_pinyin


def test_two_years_of_decline_in_one_question(w):
    result = ask(w.office, question(("change.total", "lt", 0), ("firm.stage@-1", "known"), periods=[2023]))
    before = dict(Score.objects.filter(run=w.runs[0]).values_list("firm_id", "total"))
    fallen = {
        score.firm_id
        for score in Score.objects.filter(run=w.runs[1])
        if None not in (score.total, before[score.firm_id]) and score.total < before[score.firm_id]
    }
    assert {row.firm_id for row in result.rows} == fallen
    assert result.conditions_in_words[1] == "企业类型（上一评价期）已提供"


def test_where_a_search_came_to_nothing_is_told(w):
    result = ask(
        w.office, question(("firm.status", "in", ["scored"]), ("metric.revenue", "gt", 1e7), ("score.rank", "le", 3))
    )
    assert (result.total, result.pages, result.rows) == (0, 1, ())
    assert [(step.words, step.left[2022]) for step in result.steps] == [
        ("评价状态为已评价", 13), ("营业收入大于10,000,000万元", 0), ("总排名不超过3名", 0)
    ]  # fmt: skip


# ---- groups
def test_groups_have_labels_totals_and_figures_as_shown(w):
    measures = [*COUNT, {"field": "metric.revenue", "statistic": "median"}, {"field": "", "statistic": "share"}]
    result = ask(w.office, question(rows="firm.park", measures=measures, periods=[2022, 2023]))
    assert [(head.key, head.label) for head in result.heads] == [
        ("east", "园区east"),
        ("main", "园区main"),
        (TOTAL, "合计"),
    ]
    assert [head.key for head in result.across] == [TOTAL]
    assert [field.label for field in result.measures] == ["企业数", "营业收入中位数", "占比"]
    cell = result.cells[2022, "main", TOTAL]
    firms = Score.objects.filter(run=w.runs[0], park="main")
    assert cell.count == firms.count() == 7
    assert (cell.texts[0], cell.texts[2]) == ("7", "50.0")
    assert result.cells[2023, TOTAL, TOTAL].count == 13


def test_groups_follow_a_measure_when_asked(w):
    measures = [{"field": "score.total", "statistic": "mean"}]
    said = {"rows": "firm.stage", "measures": measures}
    result = ask(w.office, question(**said, sort=[["measure.0", "desc"]]))
    means = [result.cells[2022, head.key, TOTAL].values[0] for head in result.heads[:-1]]
    known = [mean for mean in means if mean is not None]
    assert known == sorted(known, reverse=True)
    assert means[len(known):] == [None] * (len(means) - len(known))  # fmt: skip
    assert result.heads[-1].key == TOTAL


def test_every_number_of_a_pivot_leads_to_exactly_its_firms(w):
    asked = question(
        ("firm.status", "in", ["scored", "unclassified"]), rows="firm.stage", across="metric.revenue",
        bands={"metric.revenue": [1000, "10,000"]}, periods=[2022, 2023],
        measures=[*COUNT, {"field": "metric.rd_expense", "statistic": "sum"}],
    )  # fmt: skip
    result = ask(w.office, asked)
    assert [head.label for head in result.across] == [
        "低于1,000万元", "1,000万元至不足10,000万元", "10,000万元及以上", "未提供", "合计"
    ]  # fmt: skip
    assert len(result.cells) > 10
    for (year, row, across), cell in result.cells.items():
        query = Query.from_address(result.drill(year, row, across).address())
        listed = ask(w.office, query, size=200)
        assert listed.answered, listed.problems
        assert listed.total == cell.count, (year, row, across)
        at = [field.code for field in listed.columns].index("metric.rd_expense")
        figures = [one.values[at] for one in listed.rows if one.values[at] is not None]
        assert cell.values[1] == (pytest.approx(sum(figures)) if figures else None)
    for year in (2022, 2023):
        inner = sum(
            result.cells[year, row.key, across.key].count
            for row, across in itertools.product(result.heads[:-1], result.across[:-1])
            if (year, row.key, across.key) in result.cells
        )
        assert inner == result.cells[year, TOTAL, TOTAL].count == result.matched[year]


def test_a_table_too_large_to_read_is_refused(w, monkeypatch):
    monkeypatch.setattr("scoring.services.analysis.asking.CELLS", 2)
    result = ask(w.office, question(rows="firm.park", measures=COUNT))
    assert [problem.code for problem in result.problems] == ["too_many_groups"]
    assert "2" in result.problems[0].message
    assert result.cells == {}


# ---- who may see what
@pytest.mark.parametrize("role", [Role.FIRM, Role.BANK, Role.SYSTEM, Role.SECURITY, Role.AUDIT])
def test_nobody_else_may_ask(w, role):
    user = UserFactory(role=role)
    for call in (lambda: ask(user, Query()), lambda: fields_for(user), lambda: whole(user, Query())):
        with pytest.raises(PermissionDenied):
            call()
    w.office.is_active = False
    with pytest.raises(PermissionDenied):
        ask(w.office, Query())


SECRET = "metric.technologists"  # not of the tax department
USES = {
    "where": {"where": {"children": [{"field": SECRET, "op": "ge", "value": 1}]}},
    "nested": {"where": {"children": [{"how": "none", "children": [{"field": SECRET, "op": "known"}]}]}},
    "earlier": {"where": {"children": [{"field": f"{SECRET}@-1", "op": "known"}]}},
    "within": {"within": [{"field": SECRET, "op": "known"}]},
    "columns": {"columns": ["firm.name", SECRET]},
    "sort": {"sort": [[SECRET, "desc"]]},
    "rows": {"rows": SECRET, "bands": {SECRET: [5]}},
    "across": {"rows": "firm.park", "across": SECRET, "bands": {SECRET: [5]}},
    "measures": {"rows": "firm.park", "measures": [{"field": SECRET, "statistic": "mean"}]},
}


@pytest.mark.parametrize("place", USES)
def test_a_department_gets_nothing_by_another_departments_figures(w, place):
    query = Query.from_json({"periods": [2022], **USES[place]})
    assert ask(w.office, query).answered
    result = ask(w.tax, Query.from_address(query.address()))
    assert "hidden_field" in [problem.code for problem in result.problems]
    assert result.hidden
    assert (result.rows, result.cells, result.total, result.steps, result.matched) == ((), {}, 0, (), {2022: 0})
    with pytest.raises(Refusal) as refused:
        analysis_export(w.tax, query)
    assert refused.value.code == "bad_query"


def test_a_department_is_offered_its_own_and_what_is_judged(w):
    office, tax, science = (set(fields_for(user)) for user in (w.office, w.tax, w.science))
    assert tax < office
    assert "metric.revenue" in tax - science
    assert {"register.contract", "qualification.hightech"} <= science - tax
    assert SECRET not in tax
    shared = {"score.total", "firm.stage", "dimension.innovation", "points.1.1", "change.rank"}
    assert shared <= tax & science
    assert ask(w.tax, question(("metric.revenue", "ge", 5000), columns=["metric.revenue"])).answered


def test_an_indicators_figure_is_a_departments_only_if_all_it_rests_on_is(w):
    tax = {code for code in fields_for(w.tax) if code.startswith("value.")}
    from scoring.engine import parse_scheme

    scheme = parse_scheme(w.runs[0].scheme.text)
    owned = {metric.code for metric in w.tax.department.metrics.all()}
    for indicator in scheme.indicators:
        keys = list(indicator.value.node.inputs())
        rests = all(key[1] in owned for key in keys if key[0] in ("metric", "previous")) and not any(
            key[0] == "register" for key in keys
        )
        assert (f"value.{indicator.code}" in tax) is rests, indicator.code
    assert tax


# ---- readiness
def test_a_large_run_is_made_ready_by_a_job_and_then_answers(w, monkeypatch):
    monkeypatch.setattr(ready, "AT_ONCE", 5)
    result = ask(w.office, question())
    assert not result.answered
    (waiting,) = result.preparing
    assert (waiting.year, waiting.job_id) == (2022, Job.objects.get(kind="columns").pk)
    ask(w.office, question())
    assert Job.objects.filter(kind="columns").count() == 1
    with pytest.raises(Refusal) as refused:
        analysis_export(w.office, question())
    assert refused.value.code == "preparing"
    assert jobs.run(waiting.job_id)
    assert Job.objects.get(kind="columns").result["message"].endswith("共14家企业。")
    assert ask(w.office, question()).total == 14


def test_what_a_newer_run_made_superfluous_is_thrown_away(w):
    ask(w.office, question(periods=[2022, 2023]))
    FactSheet.objects.filter(firm=w.firms[5], year=2023).update(values={"revenue": 9999.0})
    newer = rescore(w.trial, by=None).run
    ask(w.office, question(periods=[2023]))
    assert set(RunColumn.objects.values_list("run", flat=True)) == {w.runs[0].pk, newer.pk}


def test_a_large_new_run_is_made_ready_before_anybody_asks(w, monkeypatch):
    monkeypatch.setattr(ready, "AT_ONCE", 5)
    FactSheet.objects.filter(firm=w.firms[5], year=2023).update(values={"revenue": 9999.0})
    job = jobs.enqueue("rescore", str(w.trial.pk), {"period": w.trial.pk}, by=None)
    assert jobs.run(job.pk)
    assert Job.objects.filter(kind="columns").count() == 1
    jobs.run_due()
    assert ask(w.office, question(periods=[2023])).answered


def test_figures_of_today_are_said_to_be(w):
    result = ask(w.office, question(("register.contract", "ge", 1), ("metric.revenue", "known")))
    (period,) = result.periods
    assert period.now_fields == ("register.contract",)
    assert period.as_of is not None
    RegisterEntry.objects.update(voided_at=dt.datetime(2023, 1, 1, tzinfo=dt.UTC))
    assert ask(w.office, question(("register.contract", "ge", 1))).total == 1  # as of when the page says


# ---- constant queries
def test_queries_do_not_grow_with_firms_rows_or_periods(w):
    small = question(("firm.status", "in", ["scored"]), columns=["firm.name", "metric.revenue", "change.rank"])
    for asked in (small, question(rows="firm.stage", across="firm.park", measures=COUNT)):
        counts = []
        for periods in ((2022,), (2022, 2023)):
            query = asked.but(periods=periods)
            ask(w.office, query)
            with CaptureQueriesContext(connection) as queries:
                assert ask(w.office, query, size=5).answered
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 8


def test_files_say_all_that_is_shown_and_how_it_was_asked(w):
    asked = question(
        ("metric.revenue", "ge", 1000), periods=[2022, 2023], columns=["firm.name", "firm.stage", "metric.revenue"]
    )
    shown = ask(w.office, asked, size=5)
    export = analysis_export(w.office, asked)
    rows = list(export.table.rows)
    assert len(rows) == shown.total > 5
    assert [row[1] for row in rows[:5]] == [row.name for row in shown.rows]
    assert [column.heading for column in export.table.columns] == ["评价期", "企业名称", "企业类型", "营业收入（万元）"]
    text = "\n".join(export.table.lines)
    for said in ("营业收入不小于1,000万元", "2022年度", "已公布", "2023年度", "试算", str(w.office), "第1次计算"):
        assert said in text
    pivot = question(rows="firm.stage", across="firm.park", measures=COUNT)
    export, result = analysis_export(w.office, pivot), ask(w.office, pivot)
    rows = list(export.table.rows)
    assert [row[1] for row in rows] == [head.label for head in result.heads]
    assert rows[-1][2:] == [result.cells[2022, TOTAL, head.key].count for head in result.across]


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (1234567.5, 2, "1,234,567.50"), (150.5, 4, "150.50"), (1.2345, 4, "1.2345"), (-0.00001, 4, "0.00"),
        (-2.345, 2, "−2.35"), (2.5, 0, "3"), (None, 2, "—"), (-0.4, 0, "0"),
    ],
)  # fmt: skip
def test_figures_stand_in_line_and_round_half_up(value, decimals, text):
    assert shown(value, Field("x", "甲", "number", decimals=decimals)) == text
