import random
from datetime import date

import pytest
from stdnum.cn import uscc

from firms.catalogue import Term
from firms.importing import cells
from firms.importing.fields import Field, dimension_of
from firms.importing.problem import BadCell

REVENUE = Field("revenue", "营业收入", "amount", unit="万元", minimum=0, maximum=1e8)
HEADCOUNT = Field("headcount", "年末职工总数", "count", unit="人", minimum=0, maximum=1e5)
PROFIT = Field("net_profit", "净利润", "amount", unit="万元", minimum=-1e8, maximum=1e8)
SHARE = Field("share", "占比", "amount", unit="%", minimum=0, maximum=100)


def read(field: Field, cell, unit: str | None = None):
    dimension = dimension_of(field.unit)
    factor = dimension[unit] / dimension[field.unit] if unit else 1.0
    return field.parser(factor)(cell)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (4700.0, 4700), ("4,700.00", 4700), ("４，７００．５０", 4700.5), ("4，700", 4700), (" 12 ", 12), ("'12", 12), ("¥12.5", 12.5),
        ("0", 0), (0.0, 0), ("+3", 3), ("1.5亿元", 15000), ("200万元", 200), ("3000元", 0.3), (0.1 + 0.2, 0.3), ("\u3000 7\xa0", 7),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(cell, value):
    assert read(REVENUE, cell) == value


@pytest.mark.parametrize("cell", ["", " ", "-", "—", "/", "无", "N/A", "未提供"])
def test_what_is_not_provided_is_not_zero(cell):
    assert read(REVENUE, cell) is None


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("约100", "not_a_number"), ("abc", "not_a_number"), ("1e400", "exponent"), ("1.2E+11", "exponent"), ("NaN", "not_finite"),
        ("inf", "not_finite"), ("-Infinity", "not_finite"), ("9" * 400, "not_finite"), ("12,34", "bad_thousands"), ("1,2345", "bad_thousands"),
        ("50%", "unexpected_percent"), ("-5", "out_of_bounds"), (1e9, "out_of_bounds"), (float("nan"), "out_of_bounds"),
        (float("inf"), "out_of_bounds"), (True, "not_a_number"), ({"fault": "#DIV/0!"}, "cell_fault"), ({"fault": "formula"}, "cell_fault"),
        ("12\x00", "control_character"), ("2022-05-01", "not_a_number"), ("=1+1", "not_a_number"), ("(-5)", "not_a_number"), ("1 2.3.4", "not_a_number"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused_with_its_reason(cell, code):
    with pytest.raises(BadCell) as refused:
        read(REVENUE, cell)
    assert refused.value.code == code
    assert refused.value.message
    assert refused.value.hint


def test_negative_forms():
    assert read(PROFIT, "(1,234.50)") == read(PROFIT, "－1234.5") == read(PROFIT, "−1,234.5") == -1234.5


@pytest.mark.parametrize(
    ("unit", "cell", "value"),
    [
        ("元", 47000000.3, 4700.00003),
        ("元", "47,000,000", 4700),
        ("千元", 1.0, 0.1),
        ("亿元", 1.23, 12300),
        ("万元", 0.07, 0.07),
        ("元", 1.0, 0.0001),
    ],
)
def test_units_of_the_column(unit, cell, value):
    assert read(REVENUE, cell, unit) == value


def test_a_unit_in_the_cell_wins_over_that_of_the_column():
    assert read(REVENUE, "200万元", "元") == 200


def test_a_figure_in_a_message_is_written_out():
    """The accountant who typed 元 into a field of 万元 has to recognise both figures."""
    with pytest.raises(BadCell) as bad:
        read(REVENUE, "618306100")
    assert bad.value.message == "618,306,100万元 大于上限 100,000,000万元"


def test_percentages():
    assert read(SHARE, "12.5%") == read(SHARE, 12.5) == 12.5
    assert read(SHARE, 0.125, "小数") == 12.5


def test_counts_are_whole():
    assert read(HEADCOUNT, "24人") == 24
    with pytest.raises(BadCell, match="整数"):
        read(HEADCOUNT, 24.5)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2020-1-5", date(2020, 1, 5)), ("2020/01/05", date(2020, 1, 5)), ("2020.1.5", date(2020, 1, 5)), ("２０２０年１月５日", date(2020, 1, 5)),
        ("20200105", date(2020, 1, 5)), (20200105.0, date(2020, 1, 5)), (43835.0, date(2020, 1, 5)), ("2020-01-05 00:00:00", date(2020, 1, 5)),
        ("2020-01-05T08:00:00", date(2020, 1, 5)), ("2020年5月", date(2020, 5, 1)), ("2024-02-29", date(2024, 2, 29)), ("长期", None), ("", None),
    ],
)  # fmt: skip
def test_dates_as_people_write_them(cell, expected):
    assert cells.day(cell) == expected


def test_a_month_that_ends_something_is_its_last_day():
    assert cells.day("2024年2月", end_of_month=True) == date(2024, 2, 29)
    assert cells.day("2023.12", end_of_month=True) == date(2023, 12, 31)


@pytest.mark.parametrize(
    "cell", ["2023-02-29", "2020-13-01", "去年", "0200-01-01", -5.0, 99999999.0, "2020", {"fault": "#N/A"}]
)
def test_no_date_is_refused(cell):
    with pytest.raises(BadCell):
        cells.day(cell)


def test_a_code_typed_as_a_number_is_refused_even_if_it_looks_whole():
    with pytest.raises(BadCell) as refused:
        cells.credit_code(914107000000000000.0)
    assert refused.value.code == "code_as_number"


@pytest.mark.parametrize(
    "cell", ["91410700MA0410032", "91410700MA04100326", "91410700MA041OO325", "abc", "9.14107E+17"]
)
def test_wrong_codes_are_refused(cell):
    with pytest.raises(BadCell) as refused:
        cells.credit_code(cell)
    assert refused.value.code == "bad_code"


def test_codes_in_any_width_and_case():
    assert cells.credit_code(" ９１４１０７００ma04100325 ") == "91410700MA04100325"
    assert cells.credit_code("—") == ""


def test_our_check_of_codes_is_that_of_stdnum():
    """The quick path agrees with the library on right and wrong check characters."""
    dice = random.Random(7)
    for _ in range(2000):
        stem = "".join(dice.choices("0123456789", k=8)) + "".join(dice.choices(cells._ALPHABET, k=9))
        value = stem + dice.choice(cells._ALPHABET)
        if uscc.is_valid(value):
            assert cells.credit_code(value) == value
        else:
            with pytest.raises(BadCell):
                cells.credit_code(value)
        right = stem + uscc.calc_check_digit(stem)
        assert cells.credit_code(right) == right


def test_names_compare_in_registered_form():
    assert cells.firm_name(" 新乡(河南) 机械 有限公司 ") == cells.firm_name("新乡（河南）机械有限公司")
    assert cells.firm_name("ABC Tech 公司") == "ABC Tech公司"


def test_terms_by_code_name_and_alias():
    parse = cells.term((Term("national", "国家级", ("国家",)), Term("provincial", "省级")))
    assert [parse(cell) for cell in ("national", "国家级", " 国家 ", "省 级", "")] == [
        "national",
        "national",
        "national",
        "provincial",
        "",
    ]
    with pytest.raises(BadCell, match="可选范围"):
        parse("县级")


def test_flags():
    assert [cells.flag(cell) for cell in ("是", "否", "√", 1.0, 0.0, True, "无", "", "-")] == [
        1,
        0,
        1,
        1,
        0,
        1,
        0,
        None,
        None,
    ]
    with pytest.raises(BadCell):
        cells.flag("也许")


def test_what_is_stored_for_showing_is_always_storable():
    assert cells.shown("a\x00\ud800b") == "a\ufffd\ufffdb"
    assert cells.shown({"fault": "#N/A"}) == "##N/A"
    assert len(cells.shown("长" * 9999)) == 500
