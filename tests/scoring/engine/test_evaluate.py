"""The pass over a cohort: aggregation, adjustments, rounding, ranks, records, explanations."""

import datetime as dt
import warnings
from decimal import Decimal

import numpy as np
import pytest

from scoring.engine import (
    STATUSES,
    Cohort,
    CohortError,
    Registers,
    evaluate,
    explain_firm,
    parse_scheme,
)  # fmt: skip
from scoring.engine.record import layout
from tests.scoring.engine import small, xinkai

TREE = """format = 1
[scheme]
code = "tree"
version = "1"
title = "树"
{top}
[metrics]
a = {{ name = "甲", unit = "" }}
b = {{ name = "乙", unit = "" }}
c = {{ name = "丙", unit = "" }}
[aggregate]
method = "{root}"
[[dimensions]]
code = "x"
name = "一级"
method = "{method}"
weight = 60
[[dimensions]]
code = "y"
name = "另一级"
method = "sum"
weight = 40
[[dimensions]]
code = "z"
name = "二级"
parent = "x"
method = "sum"
weight = 3
[[indicators]]
code = "1"
name = "甲"
dimension = "x"
max_points = 100
value = "a"
rule = {{ type = "linear", full = 100 }}
[[indicators]]
code = "2"
name = "乙"
dimension = "z"
max_points = 100
value = "b"
rule = {{ type = "linear", full = 100 }}
[[indicators]]
code = "3"
name = "丙"
dimension = "y"
max_points = 100
value = "c"
rule = {{ type = "linear", full = 100 }}
{more}
"""
RESCALE = '[options.missing]\nvalue = "rescale"\ntext = ""\n'


def tree(a, b, c, *, root="arithmetic", method="arithmetic", top="", more=""):
    rules = parse_scheme(TREE.format(root=root, method=method, top=top, more=more))
    result = evaluate(rules, small.cohort(a, b, c))
    for i in range(len(a)):
        if result.status[i] == 0:
            told = explain_firm(result, i)
            assert told.unrounded == pytest.approx(result.unrounded[i], rel=1e-12)
            assert Decimal(told.total_text) == Decimal(int(result.total_cents[i])).scaleb(-2)
    return result


@pytest.mark.parametrize(
    ("root", "method", "top", "total"),
    [
        ("arithmetic", "arithmetic", "", 0.6 * (40 + 3 * 80) / 4 + 0.4 * 50),
        ("sum", "arithmetic", "", 60 * 70 + 40 * 50),
        ("arithmetic", "geometric", "", 0.6 * 40**0.25 * 80**0.75 + 0.4 * 50),
        ("geometric", "arithmetic", "", 70**0.6 * 50**0.4),
        ("sum", "sum", "", 60 * (40 + 3 * 80) + 40 * 50),
    ],
)
def test_nested_dimensions(root, method, top, total):
    result = tree([40], [80], [50], root=root, method=method, top=top)
    assert result.unrounded[0] == pytest.approx(total)


@pytest.mark.parametrize(
    ("values", "total"),
    [
        (([40], [None], [50]), 0.6 * 40 + 0.4 * 50),
        (([40], [80], [None]), 70),
        (([None], [None], [50]), 50),
        (([None], [None], [None]), 0),
    ],
)
def test_weights_are_rescaled_over_what_is_present(values, total):
    assert tree(*values, top=RESCALE).unrounded[0] == pytest.approx(total)


def test_a_sum_is_rescaled_by_the_points_to_be_had():
    result = tree([40], [None], [50], method="sum", root="sum", top=RESCALE)
    # x: weights 1 (of 100) and 3 (of 100); present is a alone: 40 × 400 ÷ 100
    assert result.unrounded[0] == pytest.approx(60 * 160 + 40 * 50)


def test_an_indicator_only_of_some_stages():
    more = 'stages = ["big"]'
    top = '[[stages]]\ncode = "little"\nname = "小"\nwhen = "a < 50"\n[[stages]]\ncode = "big"\nname = "大"\nwhen = "True"\n'
    result = tree([40, 60], [80, 80], [50, 50], top=top, more=more)
    assert result.dimensions[0].tolist() == pytest.approx([70, 0, 80])
    assert result.state[0, 2] == 0
    assert result.unrounded.tolist() == pytest.approx([70, 0.6 * 75 + 20])
    assert "不设此项" in result.scheme.describe("3", "little")


def test_minimums_vetoes_and_grades():
    more = """
[outcome]
pass = "total >= 60 and score('1') >= 40"
direct_pass = "score('y') >= 100"
[[vetoes]]
code = "v"
name = "一票否决"
when = "score('2') < 10"
[[grades]]
code = "A"
name = "优"
from = 80
[[grades]]
code = "B"
name = "良"
from = 60
"""
    result = tree([100, 60, 60, 30, 30, 0], [100, 60, 60, 90, 90, 0], [100, 60, 59.9, 60, 100, 100], more=more)
    assert result.passed.tolist() == [1, 1, 0, 0, 1, 0]
    assert [result.scheme.grades[g].code if g >= 0 else "" for g in result.grade] == ["A", "B", "", "", "A", ""]
    text = TREE.format(root="arithmetic", method="arithmetic", top="", more=more).replace(
        "weight = 40\n", "weight = 40\nminimum = 60\n"
    )
    again = evaluate(parse_scheme(text), small.cohort([100, 60], [100, 60], [50, 60]))
    assert again.passed.tolist() == [0, 1]


def test_grades_by_share_of_the_stage():
    more = '[[grades]]\ncode = "top"\nname = "前5%"\ntop = 5\n[[grades]]\ncode = "next"\nname = "前20%"\ntop = 20\n'
    values = list(range(30, 0, -1))
    result = tree(values, values, values, more=more)
    assert result.grade.tolist() == [0] * 2 + [1] * 4 + [-1] * 24


def test_ranks_share_places_and_break_ties_when_told():
    result = tree([50, 50, 80, 10], [50, 50, 80, 10], [50, 50, 80, 10])
    assert result.rank_overall.tolist() == [2, 2, 1, 4]
    top = '[options.tie_breakers]\nvalue = ["y", "1"]\ntext = ""\n'
    result = tree([50, 10, 80], [50, 10, 80], [50, 110, 80], root="sum", method="sum", top=top)
    assert result.rank_overall.tolist() == [2, 3, 1]
    equal = tree([40, 60], [60, 60 - 20 / 3], [50, 50], top=top)
    assert equal.total_cents[0] == equal.total_cents[1]
    assert equal.rank_overall.tolist() == [2, 1]


def test_rank_within_industry_leaves_out_firms_without_one():
    rules = small.scheme()
    for industry in (np.array(["甲", "甲", "", "乙"]), np.array([1, 1, -1, 2], dtype=np.int32)):
        result = evaluate(rules, small.cohort([50, 60, 70, 10], groups={"industry": industry}))
        assert result.rank_industry.tolist() == [2, 1, 0, 1]


def test_adjustment_caps_and_order():
    more = """
[adjustments]
deduction_cap = 6
bonus_cap = 4
[[deductions]]
code = "p"
name = "扣甲"
points = "b"
cap = 5
[[deductions]]
code = "q"
name = "扣乙"
points = "choose(b > 3, 3, -9)"
[[bonuses]]
code = "r"
name = "加"
points = "c"
[[decays]]
code = "s"
name = "衰减"
when = "c > 2"
factor = 0.5
"""
    rules = small.scheme('{ type = "linear", full = 10 }', more=more)
    result = evaluate(rules, small.cohort([10, 10, 2, None], [9, 2, 9, None], [9, 1, 3, None]))
    assert result.unrounded.tolist() == pytest.approx([(10 - 6) * 0.5 + 4, 10 - 2 + 1, 0 + 3, 0])
    assert result.deductions[0].tolist() == [5, 3]
    assert result.decays[:, 0].tolist() == [0.5, 1, 0.5, 1]
    for i in range(4):
        told = explain_firm(result, i)
        assert told.unrounded == pytest.approx(result.unrounded[i])
        assert sum(Decimal(step.change) for step in told.steps) == Decimal(told.total_text)


def test_totals_are_rounded_half_away_from_zero_on_the_decimals():
    rules = small.scheme('{ type = "reference_ratio", full = 1, capped = false }', "a", "1")
    values = [0.125, 1.005, 2.675, 0.1249999999999999, 1.015, 4.35, 1.004999999999999]
    result = evaluate(rules, small.cohort(values))
    assert result.total_cents.tolist() == [13, 101, 268, 12, 102, 435, 100]
    assert result.recomputed == 6
    negative = evaluate(
        small.scheme('{ type = "goalposts", lower = 0, upper = 1, capped = false }', "a", "1", top=NO_FLOOR),
        small.cohort([-0.125]),
    )
    assert negative.total_cents.tolist() == [-13]


NO_FLOOR = '[options.order]\nvalue = ["deductions"]\ntext = ""\n'


def test_nobody_one_nobody_knows_and_enormous():
    rules = xinkai.scheme()
    nothing = Cohort([], 2022, dt.date(2022, 12, 31), {})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(evaluate(rules, nothing)) == 0
        assert evaluate(rules, nothing).records().shape == (0, layout(rules).itemsize)
        blank = evaluate(rules, Cohort(["x"], 2022, dt.date(2022, 12, 31), {}))
        assert STATUSES[blank.status[0]] == "unclassified"
        born = {"registered_on": np.array(["2020-01-01"] * 4, dtype="datetime64[D]")}
        for figure in (1e300, -1e300, 5e-324, 0.0, 7.0):
            current = {code: np.full(4, figure) for code in rules.metrics}
            before = {code: np.full(4, -figure) for code in rules.metrics}
            result = evaluate(rules, Cohort(list("abcd"), 2022, dt.date(2022, 12, 31), current, before, born))
            assert np.isfinite(result.unrounded).all()
            assert len(set(result.total_cents.tolist())) == 1
            for i in range(4):
                told = explain_firm(result, i)
                assert told.status == STATUSES[result.status[i]]
                assert Decimal(told.total_text) == Decimal(int(result.total_cents[i])).scaleb(-2)


def test_excluded_and_unclassified_firms_move_nobody():
    rules = xinkai.scheme()
    n = 6
    born = {"registered_on": np.full(n, "2015-01-01", dtype="datetime64[D]")}
    revenue = np.array([100.0, 500, 900, 1500, 99999, np.nan])
    entries = [("e", "listing", "abnormal_operation", "", "2022-01-01")]
    keys = list("abcdef")
    whole = evaluate(
        rules,
        Cohort(
            keys, 2022, dt.date(2022, 12, 31), {"revenue": revenue}, {}, born, registers=Registers.build(keys, entries)
        ),
    )
    assert [STATUSES[s] for s in whole.status] == ["scored"] * 4 + ["excluded", "unclassified"]
    part = evaluate(
        rules,
        Cohort(
            keys[:4],
            2022,
            dt.date(2022, 12, 31),
            {"revenue": revenue[:4]},
            {},
            {"registered_on": born["registered_on"][:4]},
        ),
    )
    assert whole.references == part.references
    assert whole.total_cents[:4].tolist() == part.total_cents.tolist()
    assert whole.rank_overall.tolist() == [*part.rank_overall.tolist(), 0, 0]
    assert whole.points[4:].sum() == whole.total_cents[4:].sum() == 0
    told = explain_firm(whole, 4)
    assert told.status_text == "不纳入"
    assert [line.name for line in told.adjustments if line.applies] == ["列入经营异常名录或严重违法失信企业名单"]
    assert "无法划分企业类型" in explain_firm(whole, 5).stage_reason


def test_a_cohort_that_does_not_fit_together_is_refused():
    as_of = dt.date(2022, 12, 31)
    with pytest.raises(CohortError, match="重复"):
        Cohort(["a", "a"], 2022, as_of, {})
    with pytest.raises(CohortError, match="revenue"):
        Cohort(["a"], 2022, as_of, {"revenue": np.zeros(2)})
    with pytest.raises(CohortError, match="无穷大"):
        Cohort(["a"], 2022, as_of, {"revenue": np.array([np.inf])})
    with pytest.raises(CohortError, match="不在参评名单"):
        Registers.build(["a"], [("b", "platform")])
    with pytest.raises(CohortError, match="历史阶段"):
        evaluate(
            xinkai.scheme(),
            Cohort(["a"], 2022, as_of, {}, history=small.history(1, override_stage=np.array([9], dtype=np.int8))),
        )
    frozen = Cohort(["a"], 2022, as_of, {"revenue": np.zeros(1)})
    with pytest.raises(ValueError, match="read-only"):
        frozen.current["revenue"][0] = 1
