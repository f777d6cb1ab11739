"""Supporting files: five kinds by content, whatever they are called."""

import io
import zipfile

import pytest

from firms.importing.attachments import identify
from firms.importing.problem import Unreadable
from tests.reporting import PDF, PNG

LIMIT = 1024 * 1024
ONE_DAY = (2022, 12, 1, 0, 0, 0)  # an entry is otherwise dated by the clock, and no two workers collect the same tests


def office(*names):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name, ONE_DAY), b"<x/>")
    return out.getvalue()


XLSX, DOCX = office("[Content_Types].xml", "xl/workbook.xml"), office("[Content_Types].xml", "word/document.xml")


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.pdf", PDF, "pdf"), ("a.PNG", PNG, "png"), ("a.jpg", b"\xff\xd8\xff\xe0x", "jpg"), ("a.jpeg", b"\xff\xd8\xff\xe0x", "jpg"),
        ("合同.xlsx", XLSX, "xlsx"), ("a.docx", DOCX, "docx"),
    ],
)  # fmt: skip
def test_what_is_taken(name, content, kind):
    assert identify(io.BytesIO(content), name, LIMIT) == kind


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.pdf", b"", "empty_file"), ("a.pdf", PDF + b"\0" * LIMIT, "file_too_large"), ("a.exe", b"MZ\x90", "not_evidence"),
        ("a.html", b"<html><script>", "not_evidence"), ("a.svg", b"<svg onload=x>", "not_evidence"), ("a.pdf", PNG, "name_disagrees"),
        ("a.html", PDF, "name_disagrees"), ("a", PDF, "name_disagrees"), ("a.xlsx", b"PK\x03\x04cut", "cut_file"),
        ("a.xlsx", office("xl/workbook.xml", "xl/vbaProject.bin"), "has_macros"), ("a.zip", office("a.txt"), "not_evidence"),
        ("a.gif", b"GIF89a", "not_evidence"),
    ],
)  # fmt: skip
def test_what_is_not(name, content, code):
    with pytest.raises(Unreadable) as bad:
        identify(io.BytesIO(content), name, LIMIT)
    assert bad.value.code == code
    assert bad.value.hint
