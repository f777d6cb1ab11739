"""Taking a column whole is only a faster way of looking at each of its cells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firms.catalogue import load
from firms.importing import columns, rows
from firms.importing.fields import Field, metrics_table
from firms.importing.header import Column, find
from firms.importing.rows import Context, RowParser

ODD = st.sampled_from(
    ["", " ", "—", "12", "1,234.5", "１２", "(3.5)", "5万元", "12%", "abc", "nan", "1e9", "是", "否", True, False,
     {"fault": "#DIV/0!"}, {"fault": "formula"}, "x\x01", "91410700MAT0000011"]
)  # fmt: skip
USUAL = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(min_value=-10, max_value=1e6),
    st.integers(-5, 10**6).map(float),
    st.decimals(min_value=0, max_value=10**6, places=2).map(float),
    st.just(""),
)
CELLS = st.one_of(st.lists(USUAL), st.lists(st.one_of(USUAL, ODD)), st.lists(st.sampled_from([0.0, 1.0, "", 2.0])))


@st.composite
def numeric(draw):
    low = draw(st.sampled_from([None, 0.0, -100.0]))
    high = draw(st.sampled_from([None, 1e6, 1e9]))
    unit, factors = draw(st.sampled_from([("万元", (1.0, 0.0001, 10000.0)), ("%", (1.0, 100.0)), ("人", (1.0,))]))
    kind = draw(st.sampled_from(["amount", "count", "flag"]))
    field = Field("figure", "数据", kind, unit=unit, minimum=low, maximum=high)
    factor = draw(st.sampled_from(factors))
    return Column(0, "A", "数据", field, unit, factor, field.parser(factor))


def spoken(taken):
    values, bad = taken
    return [(type(value), repr(value)) for value in values], {at: (e.code, e.message, e.hint) for at, e in bad.items()}


@given(numeric(), CELLS)
def test_a_column_taken_whole_says_what_each_cell_says(column, cells):
    assert spoken(columns.taken(column, cells)) == spoken(columns.one_by_one(column, cells))


def test_the_usual_column_is_indeed_taken_whole(monkeypatch):
    def never(column, cells):
        raise AssertionError("looked at one by one")

    monkeypatch.setattr(columns, "one_by_one", never)
    field = Field("figure", "数据", "amount", unit="万元", minimum=0.0, maximum=100.0)
    column = Column(0, "A", "数据", field, "元", 0.0001, field.parser(0.0001))
    assert columns.taken(column, [10000.0, "", 123456.0]) == ([1.0, None, 12.3456], {})
    with pytest.raises(AssertionError, match="one by one"):
        columns.taken(column, [10000.0, "12", 123456.0])


TABLE = metrics_table(load())
HEADER = [
    "统一社会信用代码",
    "企业名称",
    "年度",
    "营业收入（元）",
    "研发费用",
    "职工总数",
    "本科及以上学历人数",
    "备注",
]
CODE = st.sampled_from(["91410700MA3X4J3D1C", "", "９１410700MA3X4J3D1C", "91410700MA", 9.1e17, "合计", "备注：同上"])
ROW = st.tuples(
    CODE, st.sampled_from(["甲有限公司", "", "合计", " "]), st.sampled_from(["", 2022.0, "2021年", "x"]),
    *[st.one_of(USUAL, ODD)] * 4, ODD,
).flatmap(lambda row: st.integers(0, len(row)).map(lambda width: list(row[:width])))  # fmt: skip


@given(st.lists(ROW, max_size=12), st.booleans())
def test_rows_read_together_say_what_each_says_alone(block, is_text):
    def parser():
        head = find([(1, HEADER)], TABLE, year=2022)
        return RowParser(Context(TABLE, 2022, checks=load().checks, is_text=is_text), "Sheet1", head)

    numbered = list(enumerate(block, start=2))
    together = parser().read(numbered)
    fast, rows.taken = rows.taken, columns.one_by_one
    try:
        alone = parser()
        one_by_one = [alone.read([pair])[0] for pair in numbered]
    finally:
        rows.taken = fast
    assert together == one_by_one
    for read in together:
        if read is not None and not read.verdict:
            assert read.values
            assert read.code or read.name


def test_a_row_that_is_nobody_s_is_refused_though_it_only_has_a_warning():
    head = find([(1, HEADER)], TABLE, year=2022)
    reader = RowParser(Context(TABLE, 2022, checks=load().checks), "Sheet1", head)
    [read] = reader.read([(2, ["", "", "", 0.0, 1.0])])
    assert (read.verdict, [reason.code for reason in read.reasons][-1]) == ("refused", "no_identity")
