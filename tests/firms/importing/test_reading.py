"""A sheet as departments send it: titles, unit lines, two-row headers, totals, notes; every row ends up somewhere with a reason."""

from collections import Counter

import pytest

from firms import catalogue
from firms.importing import fields, spool
from firms.importing.problem import Unreadable
from firms.importing.reading import Reading
from tests.factories import credit_code, csv_file, workbook

CATALOGUE = catalogue.load()
METRICS = fields.metrics_table(CATALOGUE)
A, B, C = credit_code(1), credit_code(2), credit_code(3)


@pytest.fixture
def read(tmp_path):
    def reader(upload, table=METRICS, year=2022, name=""):
        path = tmp_path / "upload"
        path.write_bytes(upload.read())
        with spool.read(path) as rows:
            reading = Reading(rows, table, year=year, file_name=name, checks=CATALOGUE.checks)
            return list(reading), reading.account

    return reader


MESSY = [
    ["2022年度新乡高新区企业经营情况表"],
    ["填报单位：税务局", None, None, None, "单位：元"],
    [],
    ["序号", "单位名称", "纳税人识别号", "营业收入", "利润总额\n（万元）", "备注"],
    ["甲", "乙", "丙", "1", "2", "3"],
    [1, "新乡甲(河南)有限公司", A, "47,000,000.00", "(12.5)", ""],
    [2, "新乡乙有限公司", B, "３０００００", -3, "停产"],
    [],
    ["二、规模以下企业"],
    [3, "新乡丙有限公司", C, "约三百万", 4, ""],
    [4, "新乡丁有限公司", 914107001234567890, 5, 6, ""],
    [5, None, None, 100, 1, ""],
    ["序号", "单位名称", "纳税人识别号", "营业收入", "利润总额\n（万元）", "备注"],
    [6, "新乡戊有限公司", None, 200, None, ""],
    ["小计", None, None, 1],
    ["合 计", None, None, "47,300,200.00", -11.5],
    ["注：本表数据来自年度汇算清缴。"],
    ["填表人：张三", None, "审核人：李四"],
]


def test_a_messy_sheet_row_by_row(read):
    rows, account = read(workbook(MESSY))
    by_number = {row.number: row for row in rows}
    assert {number: (row.verdict, row.reasons[0].code if row.reasons else "") for number, row in by_number.items()} == {
        5: ("left_out", "numbering_row"), 6: ("", ""), 7: ("", ""), 9: ("left_out", "no_values"), 10: ("refused", "not_a_number"),
        11: ("refused", "code_as_number"), 12: ("refused", "no_identity"), 13: ("left_out", "repeated_header"), 14: ("", ""),
        15: ("left_out", "total_row"), 16: ("left_out", "total_row"), 17: ("left_out", "note_row"), 18: ("left_out", "note_row"),
    }  # fmt: skip
    assert by_number[6].values == {"revenue": 4700, "total_profit": -12.5}
    assert (by_number[6].name, by_number[6].code) == ("新乡甲（河南）有限公司", A)
    assert by_number[7].values == {"revenue": 30, "total_profit": -3}
    assert by_number[10].reasons[0].column == "D列“营业收入”"
    assert (account.lines, account.heading, account.rows, account.blank) == (18, 4, 14, 1)
    assert account.rows == len(rows) + account.blank
    assert [problem.code for problem in account.problems] == ["blank_rows"]


def test_every_row_is_accounted_for_whatever_the_sheet(read):
    """rows = read + refused + left out + blank, over sheets cut and shuffled many ways."""
    import random

    dice = random.Random(3)
    for _ in range(25):
        body = [*dice.choices(MESSY[4:], k=dice.randint(1, 40)), [None, "新乡己有限公司", A, 1]]
        rows, account = read(workbook(MESSY[:4] + body))
        assert account.heading + account.rows + account.elsewhere == account.lines
        verdicts = Counter(row.verdict for row in rows)
        assert account.rows == sum(verdicts.values()) + account.blank
        assert all(row.reasons for row in rows if row.verdict)
        assert len({row.number for row in rows}) == len(rows)


def test_a_header_in_two_rows(read):
    rows, account = read(
        workbook([
            ["统一社会信用代码", "企业名称", "收入（万元）", "", "人员"],
            ["", "", "营业收入", "高新技术产品收入", "年末职工总数（人）"],
            [A, "甲", 100, 60, 7],
        ])
    )  # fmt: skip
    assert rows[0].values == {"revenue": 100, "hightech_revenue": 60, "headcount": 7}
    assert account.heading == 2


def test_columns_by_code_name_alias_and_unit(read):
    rows, account = read(
        workbook([
            ["credit_code", "revenue", "R&D经费（千元）", "出口额(美元)", "从业人员", "是否火炬入统", "2021年营业收入（万元）", "法人代表学历"],
            [A, 1, 5000, 20000, 3, "是", 99, "本科"],
        ])
    )  # fmt: skip
    assert rows[0].values == {"revenue": 1, "rd_expense": 500, "exports": 2, "headcount": 3, "torch_reported": 1}
    codes = Counter(problem.code for problem in account.problems)
    assert codes == {"unit_assumed": 1, "unknown_columns": 1}
    unknown = next(problem for problem in account.problems if problem.code == "unknown_columns")
    assert "2021年营业收入" in unknown.message
    assert "法人代表学历" in unknown.message


def test_the_unit_line_speaks_only_for_amounts_without_their_own(read):
    rows, _ = read(
        workbook([["单位：千元、人"], ["企业名称", "营业收入", "净利润（元）", "职工人数"], ["甲", 5000, 70000, 9]])
    )
    assert rows[0].values == {"revenue": 500, "net_profit": 7, "headcount": 9}


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (["企业名称", "营业收入（万元）", "主营业务收入（元）"], "duplicate_column"), (["企业名称", "当年出口总额（万元）"], "wrong_unit"),
        (["企业名称", "职工人数（万元）"], "wrong_unit"), (["企业名称", "联系人"], "no_header"), (["营业收入", "净利润"], "no_header"),
        (["", ""], "no_header"),
    ],
)  # fmt: skip
def test_headers_that_cannot_be_taken(read, header, code):
    with pytest.raises(Unreadable) as refused:
        read(workbook([header, ["甲", 1, 2]]))
    assert refused.value.code == code
    assert refused.value.hint


def test_a_file_of_another_year_is_refused_and_its_other_sheets_left_out(read):
    table = [["企业名称", "营业收入（万元）"], ["甲", 1]]
    with pytest.raises(Unreadable) as refused:
        read(workbook([["2021年度情况表"], *table]))
    assert refused.value.code == "year_mismatch"
    rows, account = read(workbook([], sheets={"2021年": table, "2022年": table, "说明": [["请勿修改"]]}))
    assert [(row.sheet, row.number) for row in rows] == [("2022年", 2)]
    assert (account.lines, account.elsewhere) == (5, 3)
    assert len([problem for problem in account.problems if problem.code == "sheet_left_out"]) == 2


def test_a_year_column_leaves_other_years_out(read):
    rows, _ = read(
        workbook([["企业名称", "年度", "营业收入（万元）"], ["甲", 2022, 1], ["甲", "2021年", 2], ["乙", "去年", 3]])
    )
    assert [(row.verdict, row.reasons[0].code if row.reasons else "") for row in rows] == [
        ("", ""), ("left_out", "other_year"), ("refused", "not_a_year")
    ]  # fmt: skip


def test_part_over_whole_in_one_row_is_refused_or_warned(read):
    rows, _ = read(
        workbook([["企业名称", "职工人数", "科技人员", "应届毕业生人数"], ["甲", 10, 11, 1], ["乙", 10, 9, 11]])
    )
    assert [(row.verdict, row.reasons[0].code, row.reasons[0].level) for row in rows] == [
        ("refused", "technologists_in_headcount", "error"), ("", "graduates_in_headcount", "warning")
    ]  # fmt: skip


def test_an_unquoted_thousands_comma_in_csv_is_caught(read):
    rows, _ = read(csv_file('企业名称,营业收入（万元）\n甲,4,700\n乙,"4,700"\n丙,5,\n'))
    assert [(row.verdict, [reason.code for reason in row.reasons]) for row in rows] == [
        ("refused", ["extra_cells"]),
        ("", []),
        ("", []),
    ]
    assert rows[1].values == {"revenue": 4700}


def test_a_total_that_is_not_the_sum_is_pointed_out(read):
    _, account = read(workbook([["企业名称", "营业收入（万元）"], ["甲", 10], ["乙", 20], ["合计", 40]]))
    assert [(problem.code, problem.level) for problem in account.problems] == [("total_differs", "warning")]


def test_hostile_text_stays_text(read):
    rows, _ = read(csv_file("企业名称,营业收入（万元）\n\"=cmd|'/c calc'!A1\",1\n<script>,2\n", encoding="utf-8"))
    assert [row.name for row in rows] == ["=cmd|'/c calc'!A1", "<script>"]


PLATFORM = fields.register_table(CATALOGUE, "platform")
QUALIFICATION = fields.register_table(CATALOGUE, "qualification")


def test_a_register_of_platforms(read):
    rows, _ = read(
        workbook([
            ["2022年研发平台名单"],
            ["依托单位", "平台名称", "级别", "批准时间"],
            ["甲", "河南省精密传动工程技术研究中心", "省级", "2021年5月"],
            ["乙", "某中心", "县级", "2021-05-01"],
            ["丙", "", "市级", "2021-05-01"],
        ]),
        PLATFORM,
        year=None,
    )  # fmt: skip
    assert rows[0].values == {
        "title": "河南省精密传动工程技术研究中心",
        "level": "provincial",
        "starts_on": "2021-05-01",
    }
    assert [row.verdict for row in rows] == ["", "refused", "refused"]
    assert rows[1].reasons[0].code == "unknown_term"
    assert rows[2].reasons[0].code == "required"


def test_a_list_of_certified_firms_takes_its_category_from_its_title(read):
    rows, _ = read(
        workbook([
            ["2022年度国家高新技术企业名单"], ["企业名称", "证书编号", "发证日期", "有效期至"],
            ["甲", "GR202241000001", "2022-12-01", "2025-12-01"], ["乙", "GR202241000002", "2022-12-01", ""],
            ["丙", "GR202241000003", "2022-12-01", "2021-12-01"],
        ]),
        QUALIFICATION,
        year=None,
    )  # fmt: skip
    assert rows[0].values == {
        "category": "hightech", "title": "高新技术企业", "document_number": "GR202241000001", "starts_on": "2022-12-01", "ends_on": "2025-12-01",
    }  # fmt: skip
    assert [row.reasons[0].code for row in rows[1:]] == ["required", "dates_reversed"]


def test_a_register_without_a_required_column_is_refused(read):
    with pytest.raises(Unreadable) as refused:
        read(workbook([["企业名称", "平台名称", "级别"], ["甲", "乙", "省级"]]), PLATFORM, year=None)
    assert refused.value.code == "missing_column"
    assert "起始日期" in refused.value.message
