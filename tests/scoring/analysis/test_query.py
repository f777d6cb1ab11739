"""A question survives JSON and an address to the letter, and whatever is sent instead of one is told, never an error."""

import json

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from scoring.analysis import query as q
from scoring.analysis.check import checked
from scoring.analysis.fields import OPS, Field
from scoring.analysis.query import Condition, Group, Measure, Query
from scoring.analysis.reading import MAX_GROUPS, MAX_PROBLEMS

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
codes = st.text(st.sampled_from("abc.@-1"), min_size=1, max_size=20)
scalars = st.one_of(
    texts, st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False)
)
values = st.one_of(st.none(), scalars, st.lists(scalars, max_size=4).map(tuple))
conditions = st.builds(Condition, codes, st.sampled_from(sorted({op for ops in OPS.values() for op in ops})), values)
groups = st.recursive(
    st.builds(Group, st.sampled_from(q.HOWS), st.lists(conditions, max_size=3).map(tuple)),
    lambda inner: st.builds(
        Group, st.sampled_from(q.HOWS), st.lists(st.one_of(conditions, inner), max_size=3).map(tuple)
    ),
    max_leaves=5,
).filter(lambda group: depth(group) <= q.MAX_DEPTH)
queries = st.builds(
    Query,
    periods=st.lists(st.integers(1949, 2100), max_size=5, unique=True).map(tuple),
    where=groups,
    columns=st.lists(codes, max_size=5, unique=True).map(tuple),
    sort=st.lists(st.tuples(codes, st.sampled_from(q.DIRECTIONS)), max_size=3).map(tuple),
    rows=st.one_of(st.just(""), codes),
    across=st.one_of(st.just(""), codes),
    measures=st.lists(st.builds(Measure, codes, st.sampled_from(["sum", "mean"])), max_size=3, unique=True).map(tuple),
    bands=st.dictionaries(codes, st.lists(st.integers(), min_size=1, max_size=4).map(tuple), max_size=2).map(
        lambda bands: tuple(sorted(bands.items()))
    ),
    within=st.lists(conditions, max_size=2).map(tuple),
    trial=st.booleans(),
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["field", "op", "value", "how", "children", "statistic", "x"]), inner, max_size=4
        ),
    ),
    max_leaves=12,
)


def depth(group):
    return 1 + max((depth(child) for child in group.children if isinstance(child, Group)), default=0)


@settings(max_examples=300, deadline=None)
@given(queries)
def test_json_and_address_give_back_the_same_question(query):
    assert Query.from_json(query.to_json()) == query
    assert Query.from_json(json.dumps(query.to_json())) == query
    again = Query.from_address(query.address())
    assert (again, again.problems) == (query, ())


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(Query().to_json())), json_values, max_size=6))
def test_anything_else_is_read_as_far_as_it_can_be_and_told_once_read_it_is_in_order(said):
    read = Query.from_json(said)
    again = Query.from_json(json.loads(json.dumps(read.to_json())))
    assert (again, again.problems) == (read, ())
    assert all(problem.code and problem.path.split(".")[0].split("[")[0] in said for problem in read.problems)


@pytest.mark.parametrize(
    "text", ["0", "1", "1!!", "1AAAA", "x" * 9000, "1" + "é" * 10, Query().address()[:-1] + "_", "２", "1 "]
)
def test_an_address_cut_short_or_made_up_is_told(text):
    assert [problem.code for problem in Query.from_address(text).problems] in (
        ["bad_address"],
        ["not_object"],
        ["not_json"],
    )


def test_an_address_that_swells_is_refused():
    import base64
    import zlib

    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packer.compress(b'{"columns":["' + b"x" * 3_000_000 + b'"]}') + packer.flush()
    text = "1" + base64.urlsafe_b64encode(body).decode().rstrip("=")
    assert len(text) < 8000
    assert [problem.code for problem in Query.from_address(text).problems] == ["bad_address"]


def test_an_empty_address_is_the_empty_question():
    assert Query.from_address("") == Query()
    assert Query.from_address("").problems == ()


def test_fifty_conditions_and_five_groups_deep_and_no_more():
    condition = {"field": "x", "op": "known"}
    assert Query.from_json({"where": {"children": [condition] * 50}}).problems == ()
    read = Query.from_json({"where": {"children": [condition] * 51}})
    assert [problem.code for problem in read.problems] == ["too_many_conditions"]
    assert len(list(read.conditions())) == 50
    deep = {"how": "all", "children": [condition]}
    for _ in range(4):
        deep = {"how": "any", "children": [deep]}
    assert Query.from_json({"where": deep}).problems == ()
    read = Query.from_json({"where": {"children": [deep]}})
    assert [(problem.code, problem.path) for problem in read.problems] == [
        ("too_deep", "where.children[0].children[0].children[0].children[0].children[0]")
    ]


@pytest.mark.parametrize(
    ("said", "path", "code"),
    [
        ({"columns": ["x"] * 2 + [f"c{i}" for i in range(40)]}, "columns", "too_many"),
        ({"periods": list(range(2000, 2020))}, "periods", "too_many"),
        ({"periods": [True]}, "periods[0]", "not_year"),
        ({"bands": {"x": list(range(31))}}, "bands.x", "too_many"),
        ({"measures": [{"field": "x", "statistic": "sum"}] * 13}, "measures", "too_many"),
        (
            {"where": {"children": [{"field": "x", "op": "in", "value": ["a"] * 501}]}},
            "where.children[0].value",
            "too_many",
        ),
        (
            {"where": {"children": [{"field": "x", "op": "eq", "value": float("inf")}]}},
            "where.children[0].value",
            "not_value",
        ),
        ({"where": {"children": [{"field": "x"}]}}, "where.children[0].op", "no_op"),
        ({"where": {"children": [{"op": "eq"}]}}, "where.children[0].field", "no_field"),
        ({"where": {"how": "xor"}}, "where.how", "unknown_how"),
        ({"nonsense": 1}, "nonsense", "unknown_key"),
        ({"trial": 1}, "trial", "not_bool"),
        ([], "", "not_object"),
        ("{", "", "not_json"),
        ("[" * 100_000, "", "not_json"),
        ("1" * 10_000, "", "not_json"),
    ],
)
def test_a_cap_or_a_slip_is_told_where_it_is(said, path, code):
    problems = Query.from_json(said).problems
    assert (path, code) in [(problem.path, problem.code) for problem in problems]


FIELDS = {
    field.code: field
    for field in (
        Field("n", "数", "number"),
        Field("d", "日", "date"),
        Field("c", "选", "choice", choices=(("a", "甲"), ("b", "乙"))),
        Field("f", "否", "flag"),
        Field("t", "文", "text"),
    )
}


def one(field, op, value=None):
    query, problems = checked(Query(where=Group("all", (Condition(field, op, value),))), FIELDS, {"secret"})
    (condition,) = query.where.children
    return condition.value, [(problem.path.removeprefix("where.children[0]."), problem.code) for problem in problems]


@pytest.mark.parametrize(
    ("field", "op", "typed", "value"),
    [
        ("n", "ge", "５,000", 5000.0),
        ("n", "ge", " −3.5 ", -3.5),
        ("n", "ge", "12%", 12.0),
        ("n", "between", ("1", 2), (1.0, 2.0)),
        ("n", "top", 5, (5.0, "firms")),
        ("n", "top", ("10%", "percent"), (10.0, "percent")),
        ("n@-1", "lt", 0, 0.0),
        ("d", "ge", "2021年5月3日", "2021-05-03"),
        ("d", "ge", "2021/5/3", "2021-05-03"),
        ("c", "in", "a", ("a",)),
        ("c", "not_in", ("a", "a", "b"), ("a", "b")),
        ("f", "is", "是", True),
        ("f", "is", "0", False),
        ("t", "contains", "  甲 ", "甲"),
        ("t", "in", ("a", " ", "b"), ("a", "b")),
        ("n", "unknown", 7, None),
    ],
)
def test_values_are_read_forgivingly(field, op, typed, value):
    assert one(field, op, typed) == (value, [])


@pytest.mark.parametrize(
    ("field", "op", "typed", "wrong"),
    [
        ("n", "ge", "很多", ("value", "not_number")),
        ("n", "ge", "1e999", ("value", "not_number")),
        ("n", "ge", True, ("value", "not_number")),
        ("n", "ge", "", ("value", "no_value")),
        ("n", "between", (2, 1), ("value", "not_rising")),
        ("n", "between", 2, ("value", "not_pair")),
        ("n", "top", (101, "percent"), ("value", "not_amount")),
        ("n", "top", (2.5, "firms"), ("value", "not_amount")),
        ("n", "top", (0, "firms"), ("value", "not_amount")),
        ("n", "contains", "1", ("op", "unfit_op")),
        ("d", "ge", "2021-02-30", ("value", "not_day")),
        ("c", "in", ("z",), ("value", "unknown_choice")),
        ("f", "is", "也许", ("value", "not_bool")),
        ("t", "contains", " ", ("value", "no_value")),
        ("t@-1", "known", None, ("field", "unknown_field")),
        ("n@-5", "known", None, ("field", "unknown_field")),
        ("secret", "known", None, ("field", "hidden_field")),
        ("secret@-1", "known", None, ("field", "hidden_field")),
    ],
)
def test_an_unfit_value_stays_as_typed_and_is_told(field, op, typed, wrong):
    value, problems = one(field, op, typed)
    assert problems == [wrong]
    if wrong[0] == "value":
        assert value == typed


@pytest.mark.parametrize(
    ("said", "path", "code"),
    [
        ({"rows": "t"}, "rows", "not_groupable"),
        ({"rows": "n"}, "rows", "no_bands"),
        ({"rows": "n", "bands": {"n": [3, 1]}}, "bands.n", "not_rising"),
        ({"rows": "n", "bands": {"n": ["x"]}}, "bands.n[0]", "not_number"),
        ({"rows": "c", "bands": {"c": [1]}}, "bands.c", "unfit_bands"),
        ({"across": "c"}, "across", "across_without_rows"),
        ({"rows": "c", "across": "c"}, "across", "same_twice"),
        ({"measures": [{"field": "c", "statistic": "mean"}]}, "measures[0].field", "not_measurable"),
        ({"measures": [{"field": "", "statistic": "mean"}]}, "measures[0].field", "no_field"),
        ({"measures": [{"field": "n", "statistic": "mode"}]}, "measures[0].statistic", "unknown_statistic"),
        ({"columns": ["secret"]}, "columns[0]", "hidden_field"),
        ({"sort": [["secret", "asc"]]}, "sort[0]", "hidden_field"),
        ({"rows": "secret"}, "rows", "hidden_field"),
        ({"measures": [{"field": "secret", "statistic": "sum"}]}, "measures[0].field", "hidden_field"),
        ({"bands": {"secret": [1]}}, "bands.secret", "hidden_field"),
        ({"within": [{"field": "secret", "op": "known"}]}, "within[0].field", "hidden_field"),
        ({"columns": ["nothing"]}, "columns[0]", "unknown_field"),
    ],
)
def test_what_does_not_fit_together_is_told_where_it_is(said, path, code):
    _query, problems = checked(Query.from_json(said), FIELDS, {"secret"})
    assert (path, code) in [(problem.path, problem.code) for problem in problems]


def test_sorting_by_a_measure_names_no_field():
    assert checked(Query(sort=(("measure.0", "desc"),)), FIELDS)[1] == []


@pytest.mark.parametrize("child", [1, {"how": "?", "children": 0}, {"how": "any", "children": []}])
def test_an_address_of_a_few_hundred_letters_is_no_page_of_thousands_of_rows(child):
    """60,000 slips were told one by one for seconds, and groups of nothing were counted by nobody."""
    many = Query().to_json() | {"where": {"how": "all", "children": [child] * 8_000}}
    read = Query.from_json(many)
    assert 0 < len(read.problems) <= MAX_PROBLEMS
    assert len(read.where.children) < MAX_GROUPS


def test_fifty_groups_and_no_more():
    group = {"how": "any", "children": [{"field": "x", "op": "known"}]}
    assert Query.from_json({"where": {"children": [group] * (MAX_GROUPS - 1)}}).problems == ()
    read = Query.from_json({"where": {"children": [group] * (MAX_GROUPS + 5)}})
    assert [(problem.code, problem.path) for problem in read.problems] == [("too_many", "where.children[49]")]
