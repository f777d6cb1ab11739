"""Tables as large as a zone's pivots, asked one question after the other with what the ones before left behind: many cells,
few and many firms chosen, periods of different firms, a field one period does not have."""

import datetime as dt
import random
from concurrent.futures import ThreadPoolExecutor

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from scoring.analysis.arrays import Codes, Numbers
from scoring.analysis.check import checked
from scoring.analysis.conditions import met
from scoring.analysis.fields import Field
from scoring.analysis.figures import Cells, Figures
from scoring.analysis.grouping import TOTAL
from scoring.analysis.memory import ANSWERS
from scoring.analysis.ordering import Grouping
from scoring.analysis.query import Condition, Measure, Query
from scoring.analysis.run import answer, answer_of, matching
from tests.scoring.analysis import oracle
from tests.scoring.analysis.oracle import CHOICES, Sheet
from tests.scoring.analysis.test_answers import same

FIELDS = {
    field.code: field
    for field in (
        Field("x", "甲", "number"),
        Field("y", "乙", "number"),
        Field("flag", "是否", "flag"),
        Field("day", "日期", "date"),
        *(Field(code, code, "choice", choices=tuple((name, name) for name in CHOICES[code])) for code in ("large", "park")),
    )
}  # fmt: skip
STATISTICS = ("count", "sum", "mean", "median", "p10", "p90", "min", "max", "share")
MEASURES = [{"field": "", "statistic": "count"}, {"field": "", "statistic": "share"}]
MEASURES += [{"field": "x", "statistic": statistic} for statistic in STATISTICS]


def asked(**said) -> Query:
    query, problems = checked(Query.from_json(said), FIELDS)
    assert problems == []
    return query


def some_rows(draw: random.Random, count: int, odd: bool) -> list[dict]:
    """Figures of four decimals, or such as are none and too large to be added as whole numbers: of one sign, since what is left of
    large ones that cancel out is rounding, and a share of it anything."""

    def figure():
        if draw.random() < 0.1:
            return None
        return draw.choice([1 / 3, 2 / 7, 9e11, 8.5e11, 5]) if odd else draw.randrange(-50_000, 9_000_000) / 1e4

    return [
        {
            "x": figure(),
            "y": figure(),
            "flag": draw.choice([None, True, False]),
            **{code: draw.choice([None, *CHOICES[code]]) for code in ("large", "park")},
        }
        for _ in range(count)
    ]


def conditions_of(draw: random.Random) -> dict:
    low = draw.uniform(0, 900)
    picked = [
        {"field": "x", "op": draw.choice(["ge", "lt", "ne"]), "value": round(low, 1)},
        {"field": "y", "op": draw.choice(["top", "bottom"]), "value": [draw.choice([3, 40, 100]), "percent"]},
        {"field": "park", "op": "in", "value": draw.sample(CHOICES["park"], draw.choice([1, 6, 19]))},
        {"field": "large", "op": "not_in", "value": draw.sample(CHOICES["large"], 2)},
        {"field": "flag", "op": "is", "value": draw.random() < 0.5},
        {"field": "y", "op": "known"},
    ]
    inner = {"how": draw.choice(["any", "none"]), "children": draw.sample(picked, 2)}
    return {"how": draw.choice(["all", "any"]), "children": [*draw.sample(picked, draw.randrange(3)), inner]}


def agree(query: Query, where: dict, rows: list[dict], bounds: dict) -> None:
    """The table of groups of ``query`` with every total, once more from the rows."""
    table = answer_of(query, Sheet(rows)).grouped
    chosen = [rows[i] for i in oracle.matching(where, rows)]
    cells: dict[tuple[str, str], list[dict]] = {(TOTAL, TOTAL): chosen}
    for row in chosen:
        key = oracle.group_key(row, query.rows, bounds.get(query.rows, ()))
        head = oracle.group_key(row, query.across, bounds.get(query.across, ())) if query.across else None
        for at in {(key, TOTAL), *(((TOTAL, head), (key, head)) if query.across else ())}:
            cells.setdefault(at, []).append(row)
    assert {(key, TOTAL) for key in table.rows} | {(TOTAL, head) for head in table.across} | {(TOTAL, TOTAL)} == {
        at for at in cells if TOTAL in at
    }
    for i, key in enumerate((*table.rows, TOTAL)):
        for j, head in enumerate((*table.across, TOTAL)):
            cell = cells.get((key, head), [])
            assert table.counts[i, j] == len(cell)
            for measure, values in zip(query.measures, table.values, strict=True):
                expected = oracle.statistic(cell, chosen, measure.field, measure.statistic) if cell else None
                if cell:
                    assert same(values[i, j], expected), (measure, key, head, values[i, j], expected)


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10**9), st.booleans())
def test_pivots_of_hundreds_of_cells_asked_one_after_the_other(seed, odd):
    """Of one table all of them: each question finds what the ones before it left behind."""
    draw = random.Random(seed)
    rows = some_rows(draw, 300, odd)
    bounds = {"x": sorted(draw.sample(range(900), 13)), "y": sorted(draw.sample(range(900), 15))}
    for down, across in (
        ("large", "park"),
        ("x", "y"),
        ("park", ""),
        ("flag", "large"),
        ("y", "park"),
        ("park", "large"),
    ):
        where = conditions_of(draw)
        bands = {code: bounds[code] for code in (down, across) if code in bounds}
        agree(asked(where=where, rows=down, across=across, bands=bands, measures=MEASURES), where, rows, bounds)


def test_other_bands_within_conditions_orders_and_directions_are_other_questions():
    """Of one table; each differs from one before it in one thing only."""
    rows = some_rows(random.Random(3), 200, False)
    nothing = {"how": "all", "children": []}
    for bounds in (
        {"x": [100, 500]},
        {"x": [100, 600]},
        {"x": [100]},
        {"x": [100, 500], "y": [300]},
        {"x": [100, 500]},
    ):
        for across in ("park", *(code for code in bounds if code == "y")):
            bands = {code: edges for code, edges in bounds.items() if code in ("x", across)}
            agree(asked(rows="x", across=across, bands=bands, measures=MEASURES), nothing, rows, bounds)
            where = {"how": "all", "children": [{"field": "y", "op": "ge", "value": 450}]}
            agree(asked(rows="x", across=across, bands=bands, measures=MEASURES, where=where), where, rows, bounds)
    sheet = Sheet(rows)
    for where in (nothing, {"how": "all", "children": [{"field": "flag", "op": "is", "value": True}]}):
        for within in ([], [{"field": "y", "op": "ge", "value": 450}]):
            both = {"how": "all", "children": [where, *within]}
            for sort in (
                [["x", "asc"]],
                [["x", "desc"]],
                [["park", "asc"], ["x", "desc"]],
                [["x", "desc"], ["park", "asc"]],
            ):
                found = answer_of(asked(where=where, within=within, sort=sort), sheet)
                assert found.listed.rows.tolist() == oracle.ordered(oracle.matching(both, rows), rows, sort)
            query = asked(where=where, within=within, rows="park", measures=MEASURES)
            agree(query, both, rows, {})


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10**9))
def test_lists_by_many_orders_of_few_and_of_many_firms(seed):
    draw = random.Random(seed)
    rows = some_rows(draw, 300, False)
    sheet = Sheet(rows)
    for _ in range(8):
        where = conditions_of(draw)
        codes = draw.sample(["x", "y", "flag", "large", "park"], draw.randrange(1, 4))
        sort = [[code, draw.choice(["asc", "desc"])] for code in codes]
        found = answer_of(asked(where=where, sort=sort), sheet)
        assert found.listed.rows.tolist() == oracle.ordered(oracle.matching(where, rows), rows, sort)


def test_nothing_an_answer_holds_is_changed_by_the_questions_after_it():
    """All that is kept is read again once everything else was asked of the same arrays."""
    draw = random.Random(7)
    rows = some_rows(draw, 120, False)
    sheet, wheres = Sheet(rows), [conditions_of(draw) for _ in range(12)]
    queries = [asked(where=where, rows="large", across="park", measures=MEASURES) for where in wheres]
    first = [matching(query, sheet).mask.copy() for query in queries]
    tables = [answer_of(query, sheet).grouped for query in queries]
    copies = [[values.copy() for values in table.values] for table in tables]
    for query in queries[::-1]:
        answer_of(query.but(sort=(("x", "desc"), ("park", "asc")), rows="", across="", measures=()), sheet)
        answer_of(query.but(rows="flag", across=""), sheet)
    for query, mask, table, kept in zip(queries, first, tables, copies, strict=True):
        assert matching(query, sheet).mask.tolist() == mask.tolist()
        for values, copy in zip(answer_of(query, sheet).grouped.values, kept, strict=True):
            assert np.array_equal(values, copy, equal_nan=True)
        assert answer_of(query, sheet).grouped is table


class Arrays:
    """A table of arrays as they are."""

    def __init__(self, key, count, **columns):
        self.key, self.count, self.columns = key, count, columns

    def __len__(self):
        return self.count

    def column(self, code):
        return self.columns.get(code, Numbers(np.full(self.count, np.nan)))

    def normalised(self, text):
        return text


@pytest.mark.parametrize(
    ("height", "width"),
    [(1, 255), (255, 1), (15, 17), (1, 256), (256, 1), (16, 16), (2, 128), (1, 65_535), (255, 257), (257, 255), (256, 256)],
)  # fmt: skip
@pytest.mark.parametrize("share", [1.0, 0.5, 0.01])
def test_cells_as_many_as_a_byte_or_two_tell_apart(height, width, share):
    draw = np.random.default_rng(height * width)
    n = 3_000
    down, right = (draw.integers(0, most, n).astype(np.int32) for most in (height, width))
    down[:8], right[:8] = height - 1, width - 1  # the last cell, beside the number of no cell
    down[8:16], right[8:16] = 0, 0
    x = np.where(draw.random(n) < 0.1, np.nan, draw.integers(0, 10**6, n) / 1e4)
    mask = draw.random(n) < share
    mask[[0, 1, 8]] = True
    figures = Figures(
        Arrays(("cells", height, width, share), n, x=Numbers(x)),
        Cells.of_firms(mask, Grouping("down", down, height), Grouping("right", right, width)),
    )
    found = {name: figures.of(Measure("x", name)) for name in ("count", "sum", "median", "max")}
    counts = figures.counts("")
    at = [
        (height - 1, width - 1),
        (0, 0),
        (-1, -1),
        *((int(down[i]), int(right[i])) for i in np.flatnonzero(mask)[:60]),
    ]
    at += [(i, -1) for i, _ in at[:30]] + [(-1, j) for _, j in at[:30]]
    for i, j in at:
        cell = mask & ((down == i) | (i == -1)) & ((right == j) | (j == -1))
        known = x[cell & ~np.isnan(x)]
        assert counts[i, j] == cell.sum()
        assert found["count"][i, j] == len(known)
        if len(known):
            assert found["sum"][i, j] == np.rint(known * 1e4).sum() / 1e4
            assert found["median"][i, j] == pytest.approx(np.median(known), rel=1e-12)
            assert found["max"][i, j] == known.max()
    assert counts[-1, -1] == mask.sum() == counts[:-1, :-1].sum()


@pytest.mark.parametrize("figures", [[1 / 3, 2 / 7, 5.0], [9e11, 8.5e11, -1e11]])
def test_shares_without_columns_where_figures_are_no_whole_numbers(figures):
    sheet = Sheet([{"x": x, "flag": i % 2 == 0} for i, x in enumerate(figures)])
    table = answer_of(asked(rows="flag", measures=[{"field": "x", "statistic": "share"}]), sheet).grouped
    whole = sum(figures)
    assert table.values[0][:, -1].tolist() == pytest.approx(
        [100 * (figures[0] + figures[2]) / whole, 100 * figures[1] / whole, 100]
    )


def test_a_choice_in_one_period_and_nothing_in_the_other():
    """What nobody heard of in a period is Numbers of nothing there, whatever its kind."""
    with_it = Sheet([{"x": 1, "park": "p00"}, {"x": 2, "park": None}, {"x": 3, "park": "p19"}], 1)
    without = Sheet([{"x": 5}, {"x": 4}], 2)
    tables = {2022: with_it, 2023: without}
    assert isinstance(with_it.column("park"), Codes)
    assert isinstance(without.column("park"), Numbers)

    def of(condition):
        return [
            found.matched.rows.tolist() for found in answer(asked(where={"children": [condition]}), tables).values()
        ]

    assert of({"field": "park", "op": "in", "value": ["p00"]}) == [[0], []]
    assert of({"field": "park", "op": "not_in", "value": ["p00"]}) == [[2], []]
    assert of({"field": "park", "op": "known"}) == [[0, 2], []]
    assert of({"field": "park", "op": "unknown"}) == [[1], [0, 1]]
    by_park = answer(asked(rows="park", across="flag", measures=[{"field": "park", "statistic": "count"}]), tables)
    assert by_park[2022].grouped.rows == ("p00", "p19", "")
    assert by_park[2022].grouped.values[0][:, -1].tolist() == [1, 1, 0, 2]
    assert (by_park[2023].grouped.rows, by_park[2023].grouped.counts[:, -1].tolist()) == (("",), [2, 2])
    order = answer(asked(sort=[["park", "desc"], ["x", "asc"]]), tables)
    assert [found.listed.rows.tolist() for found in order.values()] == [[2, 0, 1], [1, 0]]


def test_nobody_at_all_is_an_answer():
    empty = Sheet([])
    where = {
        "children": [
            {"field": "x", "op": "top", "value": [3, "firms"]},
            {"field": "park", "op": "in", "value": ["p00"]},
        ]
    }
    assert answer_of(asked(where=where, sort=[["x", "asc"]]), empty).listed.rows.tolist() == []
    for across in ("", "park"):
        found = answer_of(asked(where=where, rows="flag", across=across, measures=MEASURES), empty).grouped
        assert (found.rows, found.across, found.counts.tolist()) == ((), (), [[0]])
        assert all(np.isnan(values[-1, -1]) or values[-1, -1] == 0 for values in found.values)


def test_conditions_that_only_look_alike_are_remembered_apart():
    """1 is True, and a day's text is no number: what differs in kind differs in its field or its operator."""
    days = Numbers(np.array([0.0, 1.0, np.nan, 364.0]))
    table = Arrays("alike", 4, x=days, day=days, flag=Numbers(np.array([1.0, 0.0, np.nan, 1.0])))
    alike = {
        Condition("x", "eq", 1.0): [1],
        Condition("x", "ne", 1.0): [0, 3],
        Condition("x", "ge", 1.0): [1, 3],
        Condition("x", "gt", 1.0): [3],
        Condition("x", "top", (1.0, "firms")): [3],
        Condition("x", "bottom", (1.0, "firms")): [0],
        Condition("x", "top", (1.0, "percent")): [3],
        Condition("x", "top", (50.0, "percent")): [1, 3],
        Condition("x", "between", (0.0, 1.0)): [0, 1],
        Condition("flag", "is", True): [0, 3],
        Condition("flag", "is", False): [1],
        Condition("day", "eq", "1970-01-02"): [1],
        Condition("day", "lt", "1970-12-31"): [0, 1],
    }
    assert len(alike) == 13
    for _ in range(2):
        for condition, expected in alike.items():
            query = Query(where=Query().where.__class__("all", (condition,)))
            assert matching(query, table).rows.tolist() == expected, condition
            assert np.flatnonzero(met(condition, table)).tolist() == expected
    assert dt.date(1970, 1, 2).toordinal() - dt.date(1970, 1, 1).toordinal() == 1


def test_many_threads_get_the_answers_one_gets():
    draw = random.Random(11)
    rows = some_rows(draw, 200, False)
    sheet = Sheet(rows)
    queries = [asked(where=conditions_of(draw), rows="park", across="large", measures=MEASURES[:5]) for _ in range(12)]
    alone = [answer_of(query, sheet).grouped for query in queries]
    ANSWERS.clear()
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda query: answer_of(query, sheet).grouped, queries * 4))
    for one, other in zip(alone * 4, together, strict=True):
        assert one.counts.tolist() == other.counts.tolist()
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(one.values, other.values, strict=True))
    assert ANSWERS.held == sum(size for _, size in ANSWERS._kept.values()) <= ANSWERS.most
