"""Empty, cut, renamed, encrypted and bomb files: refused before anything is unpacked, saying what and what to do."""

import dataclasses
import io
import struct
import tempfile
import zipfile

import pytest
import xlsxwriter

from firms.importing import sniff, spool
from firms.importing.problem import Unreadable


def xlsx_bytes(rows: int = 3) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet()
    for row in range(rows):
        sheet.write_row(row, 0, ["企业名称", row])
    book.close()
    return buffer.getvalue()


def zipped(parts: dict[str, bytes], level: int = 9) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def overlapping() -> bytes:
    """Two directory entries that share one run of bytes."""
    content = bytearray(zipped({"xl/workbook.xml": b"<a/>" * 50, "xl/worksheets/sheet1.xml": b"<b/>" * 50}))
    first = content.find(b"PK\x01\x02")
    second = content.find(b"PK\x01\x02", first + 4)
    content[second + 42 : second + 46] = content[first + 42 : first + 46]
    return bytes(content)


def claims(entries: int) -> bytes:
    content = bytearray(xlsx_bytes())
    at = content.rfind(b"PK\x05\x06")
    content[at + 10 : at + 12] = struct.pack("<H", entries)
    return bytes(content)


def encrypted_flag() -> bytes:
    content = bytearray(xlsx_bytes())
    at = content.find(b"PK\x01\x02")
    content[at + 8] |= 1
    return bytes(content)


BAD = {
    "empty": (b"", "empty_file"),
    "cut xlsx": (xlsx_bytes()[:-40], "cut_file"),
    "half xlsx": (xlsx_bytes()[:900], "cut_file"),
    "pdf": (b"%PDF-1.7 ...", "not_a_table"),
    "rar": (b"Rar!\x1a\x07\x00", "not_a_table"),
    "png": (b"\x89PNG\r\n\x1a\n", "not_a_table"),
    "web page saved as xls": ("<html><table><tr><td>企业</td></tr></table></html>".encode(), "web_page"),
    "xml spreadsheet": (b'<?xml version="1.0"?><Workbook/>', "web_page"),
    "docx": (zipped({"word/document.xml": b"<a/>"}), "not_a_table"),
    "xlsb": (zipped({"xl/workbook.bin": b"\0"}), "not_a_table"),
    "any zip": (zipped({"a.txt": b"a"}), "not_a_table"),
    "ratio bomb": (zipped({"xl/workbook.xml": b"<a/>", "xl/worksheets/sheet1.xml": b"0" * 20_000_000}), "zip_bomb"),
    "overlap bomb": (overlapping(), "zip_bomb"),
    "entries bomb": (claims(60000), "zip_bomb"),
    "encrypted zip": (encrypted_flag(), "encrypted_file"),
    "encrypted office": (sniff.OLE + b"\0" * 504 + "EncryptedPackage".encode("utf-16-le"), "encrypted_file"),
    "encrypted xls": (sniff.OLE + "Workbook".encode("utf-16-le") + b"\x09\x08\x10\x00" + b"\0" * 16 + b"\x2f\x00", "encrypted_file"),
    "doc": (sniff.OLE + "WordDocument".encode("utf-16-le"), "not_a_table"),
    "ole without a table": (sniff.OLE + b"\0" * 600, "not_a_table"),
    "noise": (bytes(range(256)) * 8, "unknown_encoding"),
    "csv with NUL": (b"a,b\n1,\x002\n", "binary_file"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused_for_what_they_are(name):
    content, code = BAD[name]
    with pytest.raises(Unreadable) as refused:
        sniff.identify(io.BytesIO(content))
    assert refused.value.code == code
    assert refused.value.message
    assert refused.value.hint


def test_a_file_that_unpacks_too_large_is_refused_unopened():
    with pytest.raises(Unreadable) as refused:
        sniff.identify(io.BytesIO(xlsx_bytes(2000)), sniff.Limits(unpacked=10_000))
    assert refused.value.code == "zip_bomb"


def test_a_file_over_the_limit():
    with pytest.raises(Unreadable, match="超过上限"):
        sniff.identify(io.BytesIO(b"a" * 100), sniff.Limits(size=50))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (xlsx_bytes(), "xlsx"), ("企业,收入\n".encode("gb18030"), "csv:gb18030"), ("企业,收入\n".encode(), "csv:utf-8"),
        ("企业,收入\n".encode("utf-8-sig"), "csv:utf-8-sig"), ("企业\t收入\n".encode("utf-16"), "csv:utf-16"), (b"a,b\n", "csv:utf-8"),
        ("㙍㐂,1\n".encode("gb18030"), "csv:gb18030"),
    ],
)  # fmt: skip
def test_kinds_are_told_by_content(content, kind):
    assert sniff.identify(io.BytesIO(content)) == kind


def test_the_name_of_a_file_means_nothing(tmp_path):
    path = tmp_path / "看似.xls"
    path.write_bytes("企业名称,营业收入\n甲,1\n".encode("gb18030"))
    with spool.read(path) as rows:
        sheet = next(rows.sheets())
        assert list(sheet.rows) == [(1, ["企业名称", "营业收入"]), (2, ["甲", "1"])]


def workbook_with(sheet: bytes, tmp_path, shared: bytes = b""):
    """A minimal xlsx around one sheet's XML."""
    space = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    relations = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="'
    parts = {
        "_rels/.rels": package + relations + b'/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>',
        "xl/workbook.xml": b"<workbook " + space + b' xmlns:r="' + relations + b'"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": package + relations + b'/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": b"<worksheet " + space + b">" + sheet + b"</worksheet>",
    }  # fmt: skip
    path = tmp_path / "x.xlsx"
    path.write_bytes(zipped(parts))
    return path


def rows_of(path):
    with spool.read(path) as rows:
        return [row for sheet in rows.sheets() for row in sheet.rows]


def test_rows_are_counted_and_not_believed_from_the_dimension(tmp_path):
    body = b"".join(b'<row r="%d"><c r="A%d"><v>%d</v></c></row>' % (n, n, n) for n in range(1, 501))
    path = workbook_with(b'<dimension ref="A1:A1"/><sheetData>' + body + b"</sheetData>", tmp_path)
    assert len(rows_of(path)) == 500


def test_faults_and_formulas_without_a_value_are_seen(tmp_path):
    body = (
        b'<row r="1"><c r="A1"><v>1</v></c><c r="B1" t="e"><v>#DIV/0!</v></c></row>'
        b'<row r="2"><c r="A2"><f>A1+1</f></c><c r="B2"><f>A1+1</f><v>2</v></c></row>'
        b'<row r="4"><c r="B4" t="e"><f>1/0</f><v>#N/A</v></c></row>'
    )
    path = workbook_with(b"<sheetData>" + body + b"</sheetData>", tmp_path)
    assert rows_of(path) == [
        (1, [1.0, {"fault": "#DIV/0!"}]), (2, [{"fault": "formula"}, 2.0]), (3, ["", ""]), (4, ["", {"fault": "#N/A"}])
    ]  # fmt: skip


@pytest.mark.parametrize("value", [b"NaN", b"1e400", b"-inf"])
def test_numbers_json_cannot_say_become_faults(value, tmp_path):
    path = workbook_with(b'<sheetData><row r="1"><c r="A1"><v>' + value + b"</v></c></row></sheetData>", tmp_path)
    try:
        read = rows_of(path)[0][1][0]
    except Unreadable as refused:  # refusing the whole file is as good
        read = {"code": refused.code}
    assert isinstance(read, dict)


def test_a_bomb_that_passes_the_directory_dies_in_the_child_not_here(tmp_path):
    """Twelve thousand wide rows of one repeated letter: a plausible ratio, but more memory than the child is given."""
    cells = "".join(f'<c r="{chr(65 + n)}%d" t="inlineStr"><is><t>{chr(65 + n) * 40}</t></is></c>' for n in range(20))
    body = "".join((f'<row r="%d">{cells}</row>') % ((n,) * 21) for n in range(1, 12001)).encode()
    path = workbook_with(b"<sheetData>" + body + b"</sheetData>", tmp_path)
    bounds = dataclasses.replace(spool.Bounds(), memory=45)
    kind = spool.identify_path
    try:
        spool.identify_path = lambda path: "xlsx"
        with pytest.raises(Unreadable) as refused:
            spool.read(path, bounds)
        assert refused.value.code == "too_much_memory"
        with spool.read(path) as rows:  # the control: with the usual memory the same file is read
            assert rows.lines == 12000
    finally:
        spool.identify_path = kind


def test_too_many_rows_is_said():
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"a,b\n" * 200)
        file.flush()
        with pytest.raises(Unreadable, match="超过100行"):
            spool.read(file.name, spool.Bounds(rows=100))


def test_a_csv_with_broken_quotes_is_refused(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes('企业名称,收入\n"甲"乙,1\n'.encode())
    with pytest.raises(Unreadable) as refused:
        spool.read(path)
    assert refused.value.code == "bad_csv"
