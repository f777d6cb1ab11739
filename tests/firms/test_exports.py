"""Exports: what goes out is what comes back, typed, and none of it runs."""

import csv
import datetime as dt
import io
import re
import zipfile
from decimal import Decimal
from urllib.parse import quote

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from firms import exports
from firms.exports import Column, Table, clean, disarm, download, write_csv, write_xlsx
from firms.services.refusal import Refusal

HOSTILE = [
    "=1+1",
    "==1+1",
    "+1",
    "-1+2",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\x00=1+1",
    "  =1+1",
    "\n=1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠A1",
    "=cmd|'/c calc'!A1",
    '=HYPERLINK("http://127.0.0.1/","x")',
    "http://127.0.0.1/",
    'a","=1+1',
    "a;=1+1",
    "a\r\n=1+1",
    "{=1+1}",
    "_x003D_1+1",
    "\ufeff=1+1",
    "\u200b=1+1",
    "\ud800=1+1",
    "新乡市<b>&某某\"公司'",
]
COLUMNS = [
    Column("统一社会信用代码", width=22),
    Column("名称"),
    Column("名次", "integer"),
    Column("营业收入", "number", unit="万元"),
    Column("日期", "date"),
]
CODE = "914107007474010203"


def table(rows, **kwargs) -> Table:
    return Table("=榜单", COLUMNS, rows, lines=("评价期：2022年度", "@条件：成长期"), **kwargs)


def rows_of(names):
    return [[CODE, name, n, Decimal("1234567.10"), dt.date(2022, 12, 31)] for n, name in enumerate(names, 1)]


def read_openpyxl(path):
    """[(value, data type)] a row, formulas not evaluated: a live formula would say 'f'."""
    sheet = openpyxl.load_workbook(path).active
    return [[(cell.value, cell.data_type) for cell in row] for row in sheet.iter_rows()]


def read_csv(path):
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def test_no_hostile_text_becomes_a_formula_a_link_or_another_text_in_xlsx(tmp_path):
    path = tmp_path / "out.xlsx"
    assert write_xlsx(table(rows_of(HOSTILE)), path) == len(HOSTILE)
    cells = read_openpyxl(path)
    assert {kind for row in cells for _, kind in row} == {"s", "n", "d"}
    calamine = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    for hostile, ours, theirs in zip(HOSTILE, cells[4:], calamine[4:], strict=True):
        # openpyxl does not undo the escape of a literal _xHHHH_; calamine and Excel do.
        assert theirs[1] == clean(hostile)
        assert ours[1][0] == clean(hostile).replace("_x003D_", "_x005F_x003D_")
    with zipfile.ZipFile(path) as package:
        sheet = package.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<f " not in sheet
    assert "hyperlink" not in sheet


def test_typed_cells_come_back_as_they_went(tmp_path):
    path = tmp_path / "out.xlsx"
    write_xlsx(
        table([[CODE, "甲公司", 1, Decimal("1234567.10"), dt.date(2022, 12, 31)], ["X", None, None, "未提供", None]]),
        path,
    )
    sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert sheet[0][0] == "=榜单"
    assert [row[0] for row in sheet[1:3]] == ["评价期：2022年度", "@条件：成长期"]
    assert sheet[3] == ["统一社会信用代码", "名称", "名次", "营业收入（万元）", "日期"]
    assert sheet[4] == [CODE, "甲公司", 1.0, 1234567.1, dt.date(2022, 12, 31)]
    assert sheet[5] == ["X", "", "", "未提供", ""]
    formats = [cell.number_format for cell in openpyxl.load_workbook(path).active[5]]
    assert formats == ["@", "@", "0", "#,##0.00", "yyyy-mm-dd"]


def test_the_heading_row_is_frozen_filtered_and_repeated_on_paper(tmp_path):
    path = tmp_path / "out.xlsx"
    write_xlsx(table(rows_of(["甲公司"])), path)
    sheet = openpyxl.load_workbook(path).active
    assert sheet.freeze_panes == "A5"
    assert sheet.auto_filter.ref == "A4:E5"
    assert sheet.print_title_rows == "$4:$4"
    assert sheet["A4"].font.bold
    assert sheet.column_dimensions["A"].width > 20


def test_csv_disarms_what_a_spreadsheet_would_run(tmp_path):
    path = tmp_path / "out.csv"
    assert write_csv(table(rows_of(HOSTILE)), path) == len(HOSTILE)
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert b"\x00" not in raw
    back = read_csv(path)
    assert len(back) == 4 + len(HOSTILE)
    runs = re.compile(r"[\s\ufeff\u200b]*[=+\-@＝＋－＠\t\r\x00]")
    texts = [row[0] for row in back[:3]] + [row[1] for row in back[4:]]
    assert not [text for text in texts if runs.match(text)]
    assert back[4][1] == "'=1+1"


def test_csv_keeps_numbers_plain_and_codes_whole(tmp_path):
    path = tmp_path / "out.csv"
    write_csv(
        table([[CODE, "甲", 3, Decimal("-12.5"), dt.date(2022, 1, 2)], ["91410700MA3X9T2B5E", None, 1, 2, None]]), path
    )
    lines = path.read_bytes().decode("utf-8-sig").split("\r\n")
    assert lines[4] == f'"{CODE}\t","甲",3,-12.50,"2022-01-02"'
    assert lines[5] == '"91410700MA3X9T2B5E","",1,2.00,""'


@pytest.mark.parametrize("code", ["914107007474010203", "9141070074740E1020"])
def test_codes_a_spreadsheet_would_round_are_protected(code):
    assert disarm(code) == f"{code}\t"


@pytest.mark.parametrize("text", ["", "—", "甲公司", "2022年", "A-1", "3-5家", "91410700MA3X9T2B5E"])
def test_plain_texts_stay_as_they_are(text):
    assert disarm(text) == clean(text) == text


def test_more_rows_than_a_worksheet_holds_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(exports, "XLSX_ROWS", 8)
    assert write_xlsx(table(rows_of(["甲"] * 4)), tmp_path / "fits.xlsx") == 4
    with pytest.raises(Refusal, match="上限"):
        write_xlsx(table(rows_of(["甲"] * 5)), tmp_path / "too_long.xlsx")


@pytest.mark.parametrize("file_format", exports.FORMATS)
def test_the_download_is_whole_private_and_named_in_chinese(file_format):
    response, count = download(table(rows_of(["甲", "乙"])), "2022年度榜单", file_format)
    assert count == 2
    assert response["Content-Disposition"] == f"attachment; filename*=utf-8''{quote(f'2022年度榜单.{file_format}')}"
    assert "no-store" in response["Cache-Control"]
    body = b"".join(response.streaming_content)
    assert len(body) == int(response["Content-Length"])


def test_an_error_while_reading_rows_sends_nothing(tmp_path):
    def rows():
        yield from rows_of(["甲"])
        raise RuntimeError("the database went away")

    for file_format in exports.FORMATS:
        with pytest.raises(RuntimeError, match="went away"):
            download(table(rows()), "x", file_format)


def test_two_columns_with_one_heading_are_a_mistake_of_ours(tmp_path):
    with pytest.raises(ValueError, match="heading"):
        write_xlsx(Table("t", [Column("a"), Column("a")], []), tmp_path / "x.xlsx")
