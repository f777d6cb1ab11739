"""The main job, by mouse: a department's spreadsheet becomes facts, facts become scores, scores a published ranking."""

import io
from urllib.parse import unquote

import openpyxl
from python_calamine import CalamineWorkbook

YEAR = 2024  # the demo's period that is scored and not yet published
REVENUE = "营业收入（万元）"


def fetch(visitor, path: str) -> tuple[bytes, str]:
    """A download of whoever is signed in: its bytes and its file name."""
    answer = visitor.context.request.get(visitor.site.url + path)
    assert answer.status == 200, f"{path}: {answer.status}"
    return answer.body(), unquote(answer.headers["content-disposition"].split("''")[1])


def mended(template: bytes, path) -> tuple[str, str, int]:
    """The department's own template with one firm's revenue doubled: (credit code, name, rows that state something)."""
    book = openpyxl.load_workbook(io.BytesIO(template))
    sheet = book.active
    head = next(row[0].row for row in sheet.iter_rows() if row[0].value == "统一社会信用代码")
    columns = {cell.value: cell.column for cell in sheet[head]}
    for row in range(head + 1, sheet.max_row + 1):
        cell = sheet.cell(row, columns[REVENUE])
        if cell.value and cell.value > 20000:
            cell.value *= 2
            break
    book.save(path)
    stated = [
        any(value is not None for value in line[2:]) for line in sheet.iter_rows(min_row=head + 1, values_only=True)
    ]
    return sheet.cell(row, 1).value, sheet.cell(row, 2).value, sum(stated)


def wait_for(page, text: str, seconds: int = 60) -> None:
    page.locator(f"main :text('{text}')").first.wait_for(timeout=seconds * 1000)


def test_import_rescore_ranking_export_publish(visit, tmp_path):
    officer, office, public = visit(), visit(), visit()

    # The tax bureau takes its template, changes one figure, sends it back and sees exactly that change.
    officer.sign_in("dept-tax")
    template, name = fetch(officer, f"/imports/template/{YEAR}.xlsx")
    assert name.endswith(".xlsx")
    code, firm, stated = mended(template, tmp_path / "税务局报送.xlsx")
    page = officer.open("/imports/new/")
    page.fill("input[name=year]", str(YEAR))
    page.set_input_files("input[name=file]", tmp_path / "税务局报送.xlsx")
    page.get_by_role("button", name="上传并预览").click()
    wait_for(page, "待确认")
    assert f"变更1行，无变化{stated - 1}行" in page.inner_text("section[aria-labelledby=decide]")
    page.goto(page.url.split("?")[0] + "?verdict=change")
    assert firm in page.inner_text("section[aria-labelledby=rows]")
    page.get_by_role("button", name="确认写入").click()
    wait_for(page, "已生效")

    # The office scores the period again and sees who moved.
    office.sign_in("office")
    page = office.open(f"/office/periods/{YEAR}/")
    runs = page.locator("section[aria-labelledby=runs] tbody tr").count()
    page.get_by_role("button", name="立即计算").click()
    wait_for(page, "已完成", 120)
    page = office.open(f"/office/periods/{YEAR}/")
    assert page.locator("section[aria-labelledby=runs] tbody tr").count() == runs + 1

    # Its ranking shows the new score; the file holds what the page shows.
    page = office.open(f"/rankings/?year={YEAR}&q={code}")
    row = page.locator("main tbody tr").first
    assert firm in row.inner_text()
    total = row.locator("td.total").inner_text()
    body, name = fetch(office, f"/rankings/export.xlsx?year={YEAR}&q={code}")
    assert name == f"{YEAR}年度企业创新积分榜单.xlsx"
    exported = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0).to_python()
    assert [line[2:4] for line in exported[4:]] == [[code, firm]]
    assert f"{exported[4][-1]:.2f}" == total

    # Not public until it is published, and then at once.
    public.open(f"/rankings/?year={YEAR}", status=404)
    page = office.open(f"/office/periods/{YEAR}/")
    page.get_by_text("发布…", exact=True).click()
    page.get_by_role("button", name="确认发布").click()
    wait_for(page, "已发布")
    page = public.open(f"/rankings/?year={YEAR}&q={code}")
    assert page.locator("main tbody tr td.total").first.inner_text() == total
    assert "试算" not in page.inner_text("main")

    # And taken back as quickly.
    page = office.open(f"/office/periods/{YEAR}/")
    page.fill("#id_withdraw", "演练撤回")
    page.get_by_role("button", name="撤回发布").click()
    wait_for(page, "尚未发布")
    public.open(f"/rankings/?year={YEAR}", status=404)


def test_a_file_that_cannot_be_taken_says_why_and_leaves_nothing(visit, tmp_path):
    visitor = visit()
    visitor.sign_in("dept-tax")
    (tmp_path / "营业收入.xlsx").write_bytes(b"PK\x03\x04 this is no workbook")
    page = visitor.open("/imports/new/")
    page.fill("input[name=year]", str(YEAR))
    page.set_input_files("input[name=file]", tmp_path / "营业收入.xlsx")
    page.get_by_role("button", name="上传并预览").click()
    page.locator("[role=alert]").first.wait_for()
    assert "营业收入.xlsx" in page.inner_text("main")
    assert "营业收入.xlsx" not in visitor.open("/imports/").inner_text("main tbody")
