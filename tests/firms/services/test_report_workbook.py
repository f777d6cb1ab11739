"""The form as a workbook: out and back without a change, and nothing taken from another firm's or year's."""

import io

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from firms.services import report_workbook, reports
from firms.services.refusal import Refusal
from firms.services.report_standing import standing
from tests.reporting import OWN, YEAR, make, mended, ready, state, typed

pytestmark = pytest.mark.django_db


@pytest.fixture
def firm_and_user():
    return make()


def read(firm, file):
    return report_workbook.read(file, standing(firm, YEAR))


def code_of(firm, file):
    with pytest.raises(Refusal) as refused:
        read(firm, file)
    assert refused.value.place
    assert refused.value.hint
    return refused.value.code


def test_only_the_firm_s_own_cells_can_be_typed_in(firm_and_user):
    firm, _user = firm_and_user
    sheet = openpyxl.load_workbook(io.BytesIO(report_workbook.workbook(standing(firm, YEAR)))).active
    assert sheet.protection.sheet
    open_cells = {
        (row[0].value, cell.column) for row in sheet.iter_rows() for cell in row if not cell.protection.locked
    }
    assert open_cells == {(code, column) for code in OWN for column in (6, 7, 8)}
    rows = {row[0]: row for row in sheet.iter_rows(values_only=True)}
    assert rows["revenue"][4].startswith("8,000（税务局 ")
    assert rows["venture_capital"][3] == "500"
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]


def test_sent_back_unchanged_it_changes_nothing(firm_and_user):
    firm, user = firm_and_user
    report = ready(firm, user)
    reports.save_cells(report, [typed("standards", "=1+1", reason="@x", edition=1)], by=user)
    preview = read(firm, mended(report_workbook.workbook(standing(firm, YEAR)), {}))
    assert (preview.differences, preview.passed_over, preview.same) == ([], [], len(OWN))


def test_filled_in_it_is_shown_before_it_is_taken(firm_and_user):
    firm, user = firm_and_user
    reports.save_cells(report := reports.open_for(firm, YEAR, by=user), [typed("standards", "9")], by=user)
    file = mended(
        report_workbook.workbook(standing(firm, YEAR)),
        {
            "standards": ("有数", 3, None),
            "invested_firms": (None, "２", None),  # a figure without a state is a figure
            "venture_capital": ("确认为零", None, None),
            "foreign_returnees": ("有数", 400, "并购一家外资企业"),
            "revenue": ("有数", 1, None),
        },
    )
    preview = read(firm, file)
    assert {
        one.change.code: (one.before.text, one.change.state, one.change.text, one.change.reason)
        for one in preview.differences
    } == {
        "standards": ("9", "value", "3", ""),
        "invested_firms": ("", "value", "２", ""),
        "venture_capital": ("", "zero", "", ""),
        "foreign_returnees": ("", "value", "400", "并购一家外资企业"),
    }
    assert [name for name, _why in preview.passed_over] == ["营业收入"]
    assert {finding.code for finding in preview.examined.blocking} == {"evidence_required", "jump"}
    report.refresh_from_db()
    assert report.cells["standards"]["text"] == "9"  # nothing written yet
    reports.save_cells(report, [one.change for one in preview.differences], by=user)
    assert report.cells["standards"] == {"state": "value", "text": "3", "reason": "", "edition": 2}


def test_an_empty_row_of_the_file_does_not_erase_what_was_typed_on_the_page(firm_and_user):
    firm, user = firm_and_user
    empty = report_workbook.workbook(standing(firm, YEAR))
    ready(firm, user)
    assert not read(firm, mended(empty, {})).differences


def test_what_is_not_this_form_is_refused(firm_and_user):
    firm, _user = firm_and_user
    book = report_workbook.workbook(standing(firm, YEAR))
    other, _ = make()
    assert code_of(other, mended(book, {})) == "another_firm"
    assert code_of(firm, mended(book, {}, year="2021")) == "another_year"
    assert code_of(firm, SimpleUploadedFile("a.xlsx", b"PK\x03\x04")) == "cut_file"
    assert code_of(firm, SimpleUploadedFile("a.csv", "数据项代码,填报状态,本年数".encode())) == "not_a_workbook"
    blank = openpyxl.Workbook()
    blank.active.append(["统一社会信用代码", firm.credit_code])
    out = io.BytesIO()
    blank.save(out)
    assert code_of(firm, SimpleUploadedFile("a.xlsx", out.getvalue())) == "no_header"


def test_rows_that_cannot_be_taken_say_why_and_the_others_are(firm_and_user):
    firm, _user = firm_and_user
    book = report_workbook.workbook(standing(firm, YEAR))
    preview = read(
        firm,
        mended(
            book,
            {
                "standards": ("大概", 1, None),
                "invested_firms": ("有数", "9" * 120, None),
                "foreign_returnees": ("未提供", None, None),
            },
        ),
    )
    assert [one.change.code for one in preview.differences] == ["foreign_returnees"]
    assert dict(preview.passed_over)["参股或控股企业数"] == "内容过长"


def test_what_a_department_provided_since_the_download_is_not_overwritten(firm_and_user):
    firm, _user = firm_and_user
    book = report_workbook.workbook(standing(firm, YEAR))
    state(firm, {"invested_firms": 7.0}, code="market")
    preview = read(firm, mended(book, {"invested_firms": ("有数", 5, None)}))
    assert not preview.differences
    assert "异议" in preview.passed_over[0][1]
