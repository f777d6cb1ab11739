"""Every rule at its edges, worked by hand; fast and exact arithmetic say the same."""

from fractions import Fraction
from statistics import NormalDist

import numpy as np
import pytest

from scoring.engine import STATES, SchemeError, evaluate, explain_firm, parse_scheme
from scoring.engine.lint import lint
from tests.scoring.engine import small

PHI, CDF = NormalDist().inv_cdf, NormalDist().cdf


def points(rule, values, expected, **kwargs):
    """10 points at most; the points of each firm."""
    result = evaluate(small.scheme(rule, **kwargs), small.cohort(values))
    assert list(result.points[:, 0]) == pytest.approx([float(v) for v in expected], abs=1e-9)
    for i in range(len(values)):
        line = explain_firm(result, i).indicators[0]
        assert line.points == pytest.approx(float(expected[i]), abs=1e-9)
        assert line.state == STATES[result.state[i, 0]]
    return result


@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        ('{ type = "linear", full = 100 }', [-5, 0, 50, 100, 250, None], [0, 0, 5, 10, 10, 0]),
        ('{ type = "linear", floor = 20, full = 100 }', [0, 20, 60, 100], [0, 0, 5, 10]),
        ('{ type = "linear", floor = 100, full = 20 }', [120, 100, 60, 20, 0], [0, 0, 5, 10, 10]),
        ('{ type = "two_thresholds", base = 10, full = 30 }', [-1, 0, 5, 10, 20, 30, 99], [0, 0, 3, 6, 8, 10, 10]),
        ('{ type = "two_thresholds", base = 10, full = 30, share = 50 }', [5, 10, 20], [2.5, 5, 7.5]),
        (
            '{ type = "tiers", tiers = [["(-inf, 0)", 0], ["[0, 10)", 2], ["[10, 20]", 5], ["(20, inf)", 10]] }',
            [-1, 0, 9.99, 10, 20, 20.01],
            [0, 2, 2, 5, 5, 10],
        ),
        ('{ type = "steps", points = 3 }', [-1, 0, 0.9, 1, 2.5, 4], [0, 0, 0, 3, 6, 10]),
        ('{ type = "steps", points = 3, whole = false }', [0.5, 1, 2.5], [1.5, 3, 7.5]),
        ('{ type = "steps", points = 1, per = 0.1 }', [0.3, 0.25, 0.7], [3, 2, 7]),
        ('{ type = "reference_ratio", full = 50 }', [-1, 25, 50, 75], [0, 5, 10, 10]),
        ('{ type = "reference_ratio", full = 50, capped = false }', [-1, 25, 75], [0, 5, 15]),
        ('{ type = "min_max" }', [1, 2, 5], [0, 2.5, 10]),
        ('{ type = "min_max", base = 20 }', [1, 2, 5], [2, 4, 10]),
        ('{ type = "min_max", reverse = true }', [1, 2, 5], [10, 7.5, 0]),
        ('{ type = "min_max" }', [3, 3, 3], [10, 10, 10]),
        ('{ type = "min_max", equal = 0.5 }', [3, 3, None], [5, 5, 0]),
        ('{ type = "cohort_ratio" }', [1, 2, 4], [2.5, 5, 10]),
        ('{ type = "cohort_ratio", to = "mean" }', [1, 2, 3], [5, 10, 10]),
        ('{ type = "cohort_ratio", to = "mean", capped = false }', [1, 2, 3], [5, 10, 15]),
        ('{ type = "cohort_ratio", to = "min", inverse = true }', [1, 2, 4, 0, -1], [10, 5, 2.5, 10, 10]),
        ('{ type = "percentile" }', [1, 2, 2, 4, 5], [0, 3.75, 3.75, 7.5, 10]),
        ('{ type = "percentile", reverse = true }', [1, 2, 2, 4, 5], [10, 6.25, 6.25, 2.5, 0]),
        ('{ type = "percentile" }', [7], [10]),
        ('{ type = "z_score" }', [2, 4, 4, 4, 5, 5, 7, 9], [2.5, *[5 - 5 / 6] * 3, 5, 5, 5 + 5 / 3, 5 + 10 / 3]),
        ('{ type = "z_score" }', [4, 4], [5, 5]),
        ('{ type = "normal", mode = "parametric" }', [2, 4, 4, 4, 5, 5, 7, 9], [10 * CDF(z) for z in (-1.5, -0.5, -0.5, -0.5, 0, 0, 1, 2)]),
        ('{ type = "normal" }', [1, 2, 3], [5 + 10 * PHI(1 / 6) / 6, 5, 5 + 10 * PHI(5 / 6) / 6]),
        ('{ type = "normal", reverse = true, span = 2 }', [1, 2], [5 - 10 * PHI(0.25) / 4, 5 - 10 * PHI(0.75) / 4]),
        ('{ type = "goalposts", lower = 10, upper = 20 }', [5, 10, 15, 25], [0, 0, 5, 10]),
        ('{ type = "goalposts", lower = 10, upper = 20, reverse = true }', [5, 12, 25], [10, 8, 0]),
        ('{ type = "goalposts", lower = 10, upper = 20, capped = false }', [5, 25], [-5, 15]),
        ('{ type = "flag" }', [0, 1, 7, None], [0, 10, 10, 0]),
        ('{ type = "flag", reverse = true }', [0, 1, None], [10, 0, 0]),
        ('{ type = "log", full = 99 }', [-5, 0, 9, 99, 1e6], [0, 0, 5, 10, 10]),
        ('{ type = "log", floor = 1, full = 100, offset = 0 }', [0.5, 1, 10, 100], [0, 0, 5, 10]),
    ],
)  # fmt: skip
def test_points_of_a_rule(rule, values, expected):
    points(rule, values, expected)


def test_tiers_and_steps_at_edges_float_cannot_see():
    # 0.1 + 0.2 is 0.3 in decimals
    tiers = '{ type = "tiers", tiers = [["[0, 0.3)", 0], ["[0.3, inf)", 10]] }'
    result = evaluate(small.scheme(tiers, "a + b"), small.cohort([0.1, 0.1], [0.2, 0.1]))
    assert list(result.points[:, 0]) == [10, 0]
    assert list(result.total_cents) == [1000, 0]
    steps = evaluate(small.scheme('{ type = "steps", points = 1 }', "a * 10"), small.cohort([0.3, 0.7, 0.29]))
    assert list(steps.total_cents) == [300, 700, 200]


@pytest.mark.parametrize(("mode", "expected"), [("best", [10, 6, 0]), ("sum", [10, 9, 0]), ("each", [10, 10, 0])])
def test_level_map(mode, expected):
    rule = f'{{ type = "level_map", mode = "{mode}", levels = {{ national = 100, provincial = 60, municipal = 30 }} }}'
    entries = [
        ("f0", "platform", "", "national", "2022-01-01"), ("f0", "platform", "", "municipal", "2022-01-01"),
        ("f1", "platform", "", "provincial", "2022-01-01"), ("f1", "platform", "", "municipal", "2022-01-01"),
        ("f1", "platform", "", "municipal", "2022-03-01"), ("f2", "platform", "", "", "2022-03-01"),
    ]  # fmt: skip
    result = evaluate(small.scheme(rule, "entries(platform, years=1)"), small.cohort([1, 1, 1], entries=entries))
    assert list(result.points[:, 0]) == pytest.approx(expected)


P90 = '{ type = "linear", full = "p90" }'


def test_percentile_reference_interpolates_exactly():
    result = points(P90, [1, 2, 3, 4], [10 / 3.7, 20 / 3.7, 30 / 3.7, 10])
    assert result.references["1"]["all"]["full"] == {"value": "3.7", "statistic": "p90", "peers": "all", "count": 4}


def test_reference_is_rounded_to_fifteen_digits_and_used_as_published():
    result = evaluate(
        small.scheme('{ type = "reference_ratio", full = "mean", capped = false }'), small.cohort([1, 0, 0])
    )
    assert result.references["1"]["all"]["full"]["value"] == "0.333333333333333"
    assert result.points[0, 0] == pytest.approx(10 / 0.333333333333333, rel=1e-15)


def test_where_most_have_nothing_the_reference_is_taken_over_those_who_have_something():
    result = points(P90, [0] * 20 + [4, 6], [0] * 20 + [40 / 5.8, 10])
    assert result.references["1"]["all"]["full"]["value"] == "5.8"


def test_without_a_positive_value_there_is_no_reference_and_no_points():
    result = points(P90, [0, -3, None], [0, 0, 0])
    assert [STATES[s] for s in result.state[:, 0]] == ["no_reference", "no_reference", "missing"]
    assert result.references["1"]["all"]["full"]["value"] is None


STAGES = """
[[stages]]
code = "s"
name = "小"
when = "b < 10"
[[stages]]
code = "l"
name = "大"
when = "b >= 10"
"""


MINIMUM = '[options.peer_minimum]\nvalue = 2\ntext = ""\n'
NO_FALLBACK = '[options.peer_fallback]\nvalue = "none"\ntext = ""\n'


@pytest.mark.parametrize(
    ("options", "values", "reference"),
    [
        ("", [5, 10, 30], "5"),
        (MINIMUM, [5, 10, 30], "26"),
        (MINIMUM + NO_FALLBACK, [5, 10, 30], None),
        ("", [0, 20, 30], "28"),
        (NO_FALLBACK, [0, 20, 30], None),
    ],
)
def test_a_small_group_or_one_without_values_falls_back_to_all(options, values, reference):
    result = evaluate(small.scheme(P90, top=options + STAGES), small.cohort(values, [1, 10, 10]))
    assert result.references["1"]["s"]["full"]["value"] == reference


def test_references_by_stage_as_numbers():
    rule = '{ type = "linear", full = { s = 50, "*" = 100 } }'
    result = evaluate(small.scheme(rule, top=STAGES), small.cohort([25, 25], [1, 10]))
    assert list(result.points[:, 0]) == [5, 2.5]


def test_peers_by_industry_and_by_stage_and_industry():
    groups = {"industry": np.array(["氢能", "氢能", "医药", "医药"])}
    firms = small.cohort([1, 2, 10, 40], [1, 10, 1, 10], groups=groups)
    rule = '{ type = "cohort_ratio", to = "max", peers = "%s" }'
    result = evaluate(small.scheme(rule % "industry", top=STAGES), firms)
    assert list(result.points[:, 0]) == [5, 10, 2.5, 10]
    assert explain_firm(result, 2).indicators[0].points == 2.5
    assert list(evaluate(small.scheme(rule % "stage_industry", top=STAGES), firms).points[:, 0]) == [10] * 4
    assert list(evaluate(small.scheme(rule % "all", top=STAGES), firms).points[:, 0]) == [0.25, 0.5, 2.5, 10]


def test_a_group_that_appears_after_the_lock_is_measured_against_everyone():
    rules = small.scheme('{ type = "cohort_ratio", peers = "industry" }')
    locked = evaluate(rules, small.cohort([1, 4], groups={"industry": np.array(["甲", "甲"])})).references
    late = evaluate(rules, small.cohort([2], groups={"industry": np.array(["新"])}), locked)
    assert late.points[0, 0] == 5


def test_frozen_references_do_not_move_with_the_cohort():
    rules = small.scheme(P90)
    first = evaluate(rules, small.cohort([10, 20, 30]))
    later = evaluate(rules, small.cohort([10, 20, 30, 9000]), first.references)
    assert list(later.points[:3, 0]) == list(first.points[:, 0])
    assert later.references == first.references


def test_winsorised_values_are_clipped_and_reported():
    more = "winsorise = [10, 90]\n"
    values = list(range(0, 101, 10))
    result = points('{ type = "min_max" }', values, [0, 0, *[i / 0.8 for i in range(1, 8)], 10, 10], more=more)
    assert [explain_firm(result, i).indicators[0].winsorised for i in (0, 1, 5, 9, 10)] == [
        True,
        False,
        False,
        False,
        True,
    ]
    assert result.value[10, 0] == 90


@pytest.mark.parametrize(
    ("missing", "expected", "stake"),
    [
        ('"zero"', 0, 10),
        ('"mean"', 3, 7),
        ('{ method = "penalty", points = 2 }', -2, 12),
        ('"rescale"', 0, 10),
    ],
)
def test_what_a_missing_value_does(missing, expected, stake):
    result = evaluate(small.scheme(more=f"missing = {missing}\n"), small.cohort([20, 40, None]))
    assert result.points[2, 0] == pytest.approx(expected)
    assert result.at_stake[2, 0] == pytest.approx(stake)
    assert STATES[result.state[2, 0]] == "missing"
    assert explain_firm(result, 2).indicators[0].points == pytest.approx(expected)


def test_rules_written_by_the_file_are_refused_when_they_make_no_sense():
    bad = [
        '{ type = "linear" }', '{ type = "nothing" }', '{ type = "linear", full = "p101" }', '{ type = "linear", full = 1, x = 2 }',
        '{ type = "linear", floor = 5, full = 5 }', '{ type = "tiers", tiers = [["0 to 10", 1]] }', '{ type = "tiers", tiers = [] }',
        '{ type = "steps", points = 1, per = 0 }', '{ type = "goalposts", lower = 1, upper = 1 }', '"unheard"', "3",
        '{ type = "level_map", levels = { national = 1 } }', '{ type = "log", full = 9, offset = 0 }',
    ]  # fmt: skip
    for rule in bad:
        with pytest.raises(SchemeError):
            small.scheme(rule)


def test_every_rule_can_be_said_in_words():
    rules = {
        '{ type = "two_thresholds", base = 10, full = 30 }': "达到10万元得60%的分,达到30万元得满分10分,其间按比例",
        '{ type = "tiers", tiers = [["[0, 10)", 2], ["[10, inf)", 10]] }': "分档计分:不小于0且小于10得2分;不小于10得10分",
        '{ type = "steps", points = 3 }': "每满1万元得3分,最高10分",
        '{ type = "flag" }': "是得10分,否得0分",
        P90: "从0起线性计分,达到同类型企业的第90百分位数得满分10分,超过的不再加分",
    }
    for rule, words in rules.items():
        parsed = parse_scheme(small.text(rule).replace('name = "指标"', 'name = "指标"\nunit = "万元"'))
        assert parsed.describe("1") == words


def test_lint_finds_gaps_and_overlaps_in_tiers():
    def messages(*rows):
        table = ", ".join(f'["{interval}", {points}]' for interval, points in rows)
        return " ".join(f.message for f in lint(small.scheme(f'{{ type = "tiers", tiers = [{table}] }}')))

    assert "空隙" in messages(("[0, 10)", 1), ("(10, inf)", 10))
    assert "重叠" in messages(("[0, 10]", 1), ("[10, inf)", 10))
    assert "超过分值" in messages(("[0, 10)", 11), ("[10, inf)", 10))
    assert "没有一档得满分" in messages(("[0, 10)", 1), ("[10, inf)", 5))
    clean = messages(("[0, 10)", 1), ("[10, inf)", 10))
    assert "空隙" not in clean
    assert "重叠" not in clean


def test_total_is_a_fraction_of_nothing_but_decimals():
    result = evaluate(small.scheme('{ type = "linear", full = 3 }'), small.cohort([1]))
    assert Fraction(explain_firm(result, 0).indicators[0].points_exact) == Fraction("3.33333333333333333")
