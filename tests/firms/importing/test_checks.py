"""What a firm types, examined: every finding has its case, and its neighbour that is nothing."""

import pytest

from firms import catalogue
from firms.importing.checks import Typed, examine, figure
from firms.importing.figures import plain
from firms.importing.problem import BadCell

CATALOGUE = catalogue.load()
METRICS = CATALOGUE.metrics


def look(typed=None, *, only=("revenue",), provided=None, last=None, evidence=(), returned=None, **cells):
    """Examine these cells of a form of which only ``only`` is left to the firm."""
    given = {code: 0.0 for code in METRICS if code not in only} | (provided or {})
    cells = {code: cell if isinstance(cell, Typed) else Typed("value", cell) for code, cell in (typed or cells).items()}
    return examine(
        cells, METRICS, provided=given, last_year=last or {}, checks=CATALOGUE.checks if provided is not None else (),
        evidence=evidence, returned=returned,
    )  # fmt: skip


def codes(found):
    return [(finding.level, finding.code) for finding in found.findings]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12), ("１２，３４５．６", 12345.6), ("1,234,567.8", 1234567.8), (" 12.50 ", 12.5), ("0", 0), ("1200元", 0.12),
        ("1.2亿元", 12000), ("35万元", 35), ("5 千元", 0.5), ("¥12", 12),
    ],
)  # fmt: skip
def test_a_figure_is_read_as_people_type_it(text, value):
    assert figure(text, METRICS["revenue"]) == value


@pytest.mark.parametrize("text", ["约12", "12,34", "1e5", "十二", "12%", "nan", "１２.３.４", "12万", "12万美元"])
def test_what_is_no_figure_is_refused_with_a_hint(text):
    with pytest.raises(BadCell) as bad:
        figure(text, METRICS["revenue"])
    assert bad.value.hint


@pytest.mark.parametrize(
    ("code", "text", "finding"),
    [
        ("revenue", "-1", "out_of_bounds"), ("revenue", "100000001", "out_of_bounds"), ("headcount", "3.5", "not_whole"),
        ("revenue", "无", "nothing"), ("revenue", "大约十万", "not_a_number"), ("torch_reported", "也许", "not_a_flag"),
    ],
)  # fmt: skip
def test_what_cannot_stand_is_an_error(code, text, finding):
    found = look({code: text}, only=(code,))
    assert codes(found) == [("error", finding)]
    assert code not in found.figures


def test_the_three_states_of_a_cell():
    assert look(revenue="0").figures == {"revenue": 0.0}
    assert look(revenue=Typed("zero", "12")).figures == {"revenue": 0.0}
    assert look(revenue=Typed("none", "12")).figures == {}
    assert codes(look(revenue=Typed("none"))) == []
    for nothing in (Typed(), Typed("value", "  ")):
        found = look(revenue=nothing)
        assert codes(found) == [("error", "unanswered")]
        assert (found.answered, found.total) == (0, 1)


def test_a_flag_is_yes_or_no():
    assert look({"torch_reported": "否"}, only=("torch_reported",)).figures == {"torch_reported": 0.0}
    assert look({"torch_reported": "是"}, only=("torch_reported",)).figures == {"torch_reported": 1.0}


def test_how_a_unit_behind_the_figure_was_read_is_said():
    found = look(revenue="12000000元")
    assert found.figures == {"revenue": 1200.0}
    assert [finding.message for finding in found.findings] == ["按 1,200 万元 计"]
    assert not found.blocking
    assert not look(revenue="1200万元").findings


@pytest.mark.parametrize(
    ("now", "last", "finding"),
    [
        ("12000000", 1200, "unit_suspect"), ("11000000", 1500, "unit_suspect"), ("0.12", 1200, "unit_suspect"), ("12500", 1200, "unit_suspect"),
        ("7000", 1200, "jump"), ("200", 1200, "jump"), ("6000", 1200, "jump"), ("480000", 1200, "unit_suspect"),
        ("5900", 1200, None), ("300", 1200, None), ("1300", 1200, None), ("60", 3, None), ("0.3", 60, None),
        ("-3000", -100, "jump"), ("3000", -2500, None),
    ],
)  # fmt: skip
def test_a_figure_beside_last_year_s(now, last, finding):
    found = look({"net_assets": now}, only=("net_assets",), last={"net_assets": last})
    assert [one.code for one in found.findings if one.level == "warning"] == ([finding] if finding else [])


def test_a_unit_slip_names_the_unit_it_looks_like():
    assert "“元”" in look(revenue="12000000", last={"revenue": 1210}).findings[0].message
    assert "“亿元”" in look(revenue="0.12", last={"revenue": 1210}).findings[0].message
    assert "“千元”" in look(revenue="12000", last={"revenue": 1210}).findings[0].message


def test_small_numbers_of_people_may_move_freely():
    assert not look({"headcount": "6"}, only=("headcount",), last={"headcount": 1}).findings
    assert codes(look({"headcount": "60"}, only=("headcount",), last={"headcount": 1})) == [("warning", "jump")]


def test_confirmed_nothing_after_much_is_asked_about():
    assert codes(look(revenue=Typed("zero"), last={"revenue": 5000})) == [("warning", "jump")]
    assert not look(revenue=Typed("zero"), last={"revenue": 50}).findings


def test_a_warning_needs_a_reason_of_some_length():
    for reason, blocks in (("", True), ("是", True), ("   对  ", True), ("新厂投产，产能扩大", False)):
        found = look(revenue=Typed("value", "9000", reason), last={"revenue": 1000})
        assert bool(found.blocking) is blocks
        assert found.findings[0].excused is not blocks
    assert look(revenue=Typed("value", "x", "新厂投产，产能扩大")).blocking  # no reason makes an error right


def test_part_and_whole_both_typed_is_an_error():
    found = look({"headcount": "10", "bachelors": "11"}, only=("headcount", "bachelors"), provided={"postgraduates": 0})
    assert codes(found) == [("error", "bachelors_in_headcount")]
    assert found.findings[0].metric == "bachelors"
    assert not look({"headcount": "11", "bachelors": "11"}, only=("headcount", "bachelors"), provided={}).findings


def test_part_or_whole_that_a_department_gave_is_a_warning_only():
    """A firm can not mend a department's figure: it may explain, or object."""
    found = look({"bachelors": "11"}, only=("bachelors",), provided={"headcount": 10})
    assert codes(found) == [("warning", "bachelors_in_headcount")]
    assert "异议" in found.findings[0].hint
    found = look({"headcount": "10"}, only=("headcount",), provided={"bachelors": 11})
    assert (found.findings[0].metric, found.findings[0].level) == ("headcount", "warning")
    assert not look({"revenue": "5"}, provided={"headcount": 10, "bachelors": 11}).findings


def test_evidence_is_asked_for_a_figure_and_not_for_a_zero():
    cell = {"venture_capital": "500"}
    assert codes(look(cell, only=("venture_capital",))) == [("error", "evidence_required")]
    assert not look(cell, only=("venture_capital",), evidence={"venture_capital"}).findings
    assert not look({"venture_capital": Typed("zero")}, only=("venture_capital",)).findings
    assert not look({"venture_capital": Typed("none")}, only=("venture_capital",)).findings


def test_a_returned_cell_left_as_it_was_needs_a_reason():
    before = {"revenue": Typed("value", "12", "旧说明")}
    assert codes(look(revenue="12 ", returned=before)) == [("warning", "returned_unchanged")]
    assert not look(revenue="13", returned=before).findings
    assert not look(revenue=Typed("value", "12", "已与报表核对"), returned=before).blocking


def test_figures_are_written_as_people_write_them():
    assert [plain(value) for value in (0.0, 1234567.5, -0.1, 1e8, 0.123456)] == [
        "0",
        "1,234,567.5",
        "-0.1",
        "100,000,000",
        "0.123456",
    ]
