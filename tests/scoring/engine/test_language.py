"""Every construct of the expression language, in its three states, fast and exactly."""

import datetime as dt
from fractions import Fraction

import numpy as np
import pytest

from scoring.engine import STATES, SchemeError, exact, explain_firm
from scoring.engine.exact import Row, State
from scoring.engine.inputs import gather
from scoring.engine.language import ExpressionError, Vocabulary, parse
from scoring.engine.vector import Frame
from tests.scoring.engine import small

NONE = None  # not provided


def check(expression, firms, expected, top=""):
    """The value of each firm: a number, "missing" or "cannot"; the exact arithmetic says the same."""
    result = small.value(expression, firms, top)
    rules = result.scheme
    frame = Frame(len(firms), firms.year, firms.as_of, gather(rules, firms), rules.grade_order, result.stage)
    for i, want in enumerate(expected):
        state = STATES[result.state[i, 0]]
        found = exact.number(rules.indicators[0].value.node, frame.row(i))
        if isinstance(want, str):
            assert state == want, (expression, i)
            assert found is State(want)
            assert np.isnan(result.value[i, 0])
        else:
            assert state in ("value", "zero"), (expression, i, state)
            assert result.value[i, 0] == pytest.approx(float(want), rel=1e-12)
            assert float(found) == pytest.approx(float(want), rel=1e-12)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a", [6, 0, "missing", -2]),
        ("a + b", [9, 4, "missing", "missing"]),
        ("a - b * 2", [0, -8, "missing", "missing"]),
        ("-a / 2", [-3, 0, "missing", 1]),
        ("b / a", [0.5, "cannot", "missing", "missing"]),
        ("a / b", [2, 0, "missing", "missing"]),
        ("ratio(b, a)", [50, "cannot", "missing", "missing"]),
        ("share(a, b)", [200, 0, "missing", "missing"]),
        ("ratio(1, a)", [Fraction(100, 6), "cannot", "missing", "cannot"]),
        ("best(a, b)", [6, 4, 5, -2]),
        ("best(b, missing)", [3, 4, 5, "missing"]),
        ("best(1 / a, missing)", [Fraction(1, 6), "cannot", "missing", -0.5]),
        ("first_known(a, b)", [6, 0, 5, -2]),
        ("coalesce(b, a)", [3, 4, 5, -2]),
        ("min(a, b)", [3, 0, "missing", "missing"]),
        ("max(a, b)", [6, 4, "missing", "missing"]),
        ("abs(a)", [6, 0, "missing", 2]),
        ("known(a)", [1, 1, 0, 1]),
        ("choose(a > 1, 10, b)", [10, 4, "missing", "missing"]),
        ("surely(a > 1) + 0", [1, 0, 0, 0]),
        ("(a > 1) + 0", [1, 0, "missing", 0]),
        ("(a > 1 and b > 100) + 0", [0, 0, 0, 0]),
        ("(a > 1 or b > 1) + 0", [1, 1, 1, "missing"]),
        ("(not a > 1) + 0", [0, 1, "missing", 1]),
        ("(0 <= a <= 6) + 0", [1, 1, "missing", 0]),
        ("(a in [0, 6]) + 0", [1, 1, "missing", 0]),
        ("(a != 0) + 0", [1, 0, "missing", 1]),
        ("missing", ["missing"] * 4),
        ("((a > 1) == (b > 1)) + 0", [1, 0, "missing", "missing"]),
    ],
)
def test_expressions_of_one_year(expression, expected):
    check(expression, small.cohort([6, 0, NONE, -2], [3, 4, 5, NONE]), expected)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("growth(a)", [50, "cannot", "missing", "missing", 300]),
        ("prev(a)", [4, 0, 5, "missing", -1]),
        ("prev(a + 1) * 2", [10, 2, 12, "missing", 0]),
        ("two_year(a)", [10, 3, 5, 7, 1]),
        ("growth(a + 1)", [40, 300, "missing", "missing", "cannot"]),
    ],
)
def test_expressions_of_two_years(expression, expected):
    check(expression, small.cohort([6, 3, NONE, 7, 2], before={"a": [4, 0, 5, NONE, -1]}), expected)


def test_growth_of_a_zero_base_may_be_declared():
    top = '[options.growth_zero_base]\nvalue = 100\ntext = ""\n'
    check("growth(a)", small.cohort([6, 3], before={"a": [0, 0]}), [100, 100], top)


def test_logarithm():
    result = small.value("log(a)", small.cohort([np.e, 0, -1, None]))
    assert result.value[0, 0] == pytest.approx(1)
    assert [STATES[s] for s in result.state[1:, 0]] == ["cannot", "cannot", "missing"]


ENTRIES = [
    ("f0", "platform", "", "national", "2021-01-01"),
    ("f0", "platform", "", "provincial", "2022-12-31", "2023-06-30", 2.5, 3),
    ("f0", "platform", "", "provincial", "2022-06-01", "2022-12-31", 0.1),
    ("f0", "platform", "", "municipal", "2020-12-31", "2021-12-31", 0.2),
    ("f0", "platform", "", "municipal", "2023-01-01"),
    ("f0", "platform", "", "", None, None, 4),
    ("f0", "project", "major", "national", "2022-05-01"),
    ("f1", "project", "plan", "municipal", "2022-05-01"),
]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("count(platform)", [5, 0]),
        ("count(platform, years=1)", [2, 0]),
        ("count(platform, years=2)", [3, 0]),
        ("count(platform, years=3)", [4, 0]),
        ("count(platform, overlaps=True)", [4, 0]),
        ("count(platform, held=True)", [4, 0]),
        ("count(platform, unresolved=True)", [3, 0]),
        ("count(platform, expired=True)", [1, 0]),
        ("count(platform, level='provincial', years=1)", [2, 0]),
        ("count(platform, level=['provincial', 'national'], years=2)", [3, 0]),
        ("count(platform, at_least='provincial')", [3, 0]),
        ("count(project, category='major')", [1, 0]),
        ("count(project, category=['major', 'plan'])", [1, 1]),
        ("has(project, category='plan') + 0", [0, 1]),
        ("amount(platform)", [6.8, 0]),
        ("amount(platform, expired=True) + amount(platform, years=1, level='provincial')", [2.8, 0]),
        ("quantity(platform)", [3, 0]),
        ("best_level(platform, national=3, provincial=2, municipal=1)", [3, 0]),
        ("level_sum(platform, national=0.3, provincial=0.2, municipal=0.1)", [0.6, 0]),
        ("weighted(platform, national=3, provincial=2, municipal=1)", [8, 0]),
    ],
)
def test_register_functions(expression, expected):
    check(expression, small.cohort([1, 1], entries=ENTRIES), expected)


@pytest.mark.parametrize(
    ("born", "as_of", "years"),
    [
        ("2018-12-31", (2022, 12, 31), 4),
        ("2018-12-30", (2022, 12, 31), 4 + Fraction(1, 365)),
        ("2019-01-01", (2022, 12, 31), 3 + Fraction(364, 365)),
        ("2012-02-29", (2021, 2, 28), 9),
        ("2012-02-29", (2020, 2, 28), 7 + Fraction(365, 366)),
        ("2012-02-29", (2020, 2, 29), 8),
        ("2022-12-31", (2022, 12, 31), 0),
        ("2023-01-30", (2022, 12, 31), -1 + Fraction(335, 365)),
    ],
)
def test_years_since(born, as_of, years):
    dates = {"registered_on": np.array([born, "NaT"], dtype="datetime64[D]")}
    firms = small.cohort([1, 1], year=as_of[0], as_of=dt.date(*as_of), dates=dates)
    check("years_since(registered_on)", firms, [years, "missing"])


def test_manual_flags_and_groups():
    firms = small.cohort([1, 1], overrides={"exempt": np.array([True, False])}, groups={"park": np.array(["东", "西"])})
    check("manual('exempt') + 0", firms, [1, 0])
    check("manual('unheard') + 0", firms, [0, 0])
    check("(group('park') == '东') + 0", firms, [1, 0])
    check("(group('park') in ['东', '西']) + 0", firms, [1, 1])
    check("(group('industry') == '东') + 0", firms, ["missing", "missing"])


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os')", "a.real", "a[0]", "lambda: 1", "a if b else c", "[x for x in a]", "a ** 2", "a // 2", "a % 2",
        "f'{a}'", "(a := 1)", "a and 1", "not a", "a == 'x'", "unknown", "foo(a)", "growth(a, b)", "growth(1 / 0)", "a / 0",
        "count(a)", "count(platform, years=0)", "count(platform, years=1, held=True)", "count(platform, level='x')",
        "count(platform, category='x')", "has(unheard)", "best_level(platform)", "count(platform, sum=1)", "prev(prev(a))",
        "prev(count(platform))", "years_since(a)", "stage == 'nowhere'", "base", "score('1')", "0.1234567890123456", "b'x'",
        "a < b < 'x'", "a is b", "~a", "choose(a, 1, 2)", "min()", "print(a)", "a +", "entries(platform) + 1", "None", "1j",
    ],
)  # fmt: skip
def test_what_is_not_the_language_is_refused_with_its_line(expression):
    text = small.text(value=expression.replace('"', "'"))
    line = text.split("\n").index(f'value = "{expression}"') + 1
    with pytest.raises(SchemeError) as caught:
        small.scheme(value=expression)
    assert caught.value.problems[0][0] == line


def test_a_mistake_in_a_long_expression_is_named_at_its_own_line():
    text = small.text(value="x").replace('value = "x"', 'value = """a\n + b\n + nothing"""')
    with pytest.raises(SchemeError) as caught:
        small.parse_scheme(text)
    line = text.split("\n").index(' + nothing"""') + 1
    assert caught.value.problems == [(line, "未知的名称 nothing")]


def test_long_and_deep_expressions_are_refused():
    for expression in ("+".join(["1"] * 1500), "(" * 400 + "a" + ")" * 400, "-" * 1999 + "a"):
        with pytest.raises(ExpressionError):
            parse(expression, Vocabulary(metrics={"a"}))


def test_a_comparison_float_cannot_decide_is_decided_exactly():
    # 0.1 + 0.2 = 0.3 in decimals, not in binary
    check("(a + b == 0.3) + 0", small.cohort([0.1, 0.1], [0.2, 0.3]), [1, 0])
    check("(ratio(a, b) >= 7) + 0", small.cohort([0.07, 0.0699999999999999], [1, 1]), [1, 0])
    check("a - b - 0.1 + 1", small.cohort([0.3], [0.2]), [1])


def test_huge_numbers_neither_overflow_nor_warn():
    check("a * b", small.cohort([1e300], [1e-300]), [1])
    result = small.value("(a * b - a * b) + 1", small.cohort([1e300], [1e300]))
    assert result.unrounded[0] == 1
    assert explain_firm(result, 0).total_text == "1.00"


def test_options_are_constants():
    top = '[options.limit]\nvalue = 5\ntext = ""\n[options.mode]\nvalue = "strict"\nchoices = ["strict", "mild"]\ntext = ""\n'
    check("choose(mode == 'strict', a > limit, a > 0) + 0", small.cohort([5, 6]), [0, 1], top)


def test_row_needs_only_what_it_reads():
    node = parse("a + 1", Vocabulary(metrics={"a"}))
    assert exact.number(node, Row({("metric", "a"): 0.1}, 2022, dt.date(2022, 12, 31))) == Fraction(11, 10)
