"""What a supporting file really is: five kinds people send as proof, told by content; nothing that can run."""

from __future__ import annotations

from pathlib import PurePath
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile

from firms.importing.problem import Unreadable

OFFICE = "application/vnd.openxmlformats-officedocument"
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "jpg": "image/jpeg",
    "png": "image/png",
    "xlsx": f"{OFFICE}.spreadsheetml.sheet",
    "docx": f"{OFFICE}.wordprocessingml.document",
}
KIND_NAMES = {"pdf": "PDF", "jpg": "JPG 图片", "png": "PNG 图片", "xlsx": "Excel 工作簿", "docx": "Word 文档"}
TAKEN = "可上传 PDF、JPG、PNG、XLSX、DOCX。"
_ENTRIES = 5000
_UNPACKED = 200 * 1024 * 1024


def identify(file: BinaryIO, name: str, size_limit: int) -> str:
    """``pdf``, ``jpg``, ``png``, ``xlsx`` or ``docx``. Raises Unreadable, saying what is wrong and what to do."""
    size = file.seek(0, 2)
    if size == 0:
        raise Unreadable("empty_file", "文件是空的（0 字节）。", hint="请检查文件是否保存完整。")
    if size > size_limit:
        raise Unreadable(
            "file_too_large",
            f"文件有 {size / 1048576:.1f} MB，超过上限 {size_limit / 1048576:.0f} MB。",
            hint="请压缩图片、降低扫描分辨率，或分成几个文件上传。",
        )
    kind = _kind(file)
    suffix = PurePath(name).suffix.lower().removeprefix(".").replace("jpeg", "jpg")
    if suffix != kind:
        named = f"扩展名是“.{suffix[:10]}”" if suffix else "没有扩展名"
        raise Unreadable(
            "name_disagrees", f"文件{named}，内容却是{KIND_NAMES[kind]}。", hint="请改成与内容一致的扩展名后上传。"
        )
    return kind


def _kind(file: BinaryIO) -> str:
    file.seek(0)
    head = file.read(1024)
    if head.startswith(b"%PDF-"):
        return "pdf"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"PK\x03\x04"):
        return _office(file)
    raise Unreadable("not_evidence", "不是可以上传的文件类型。", hint=TAKEN)


def _office(file: BinaryIO) -> str:
    """Judged by the archive's directory; nothing is unpacked."""
    try:
        file.seek(0)
        with ZipFile(file) as archive:
            items = archive.infolist()
    except (BadZipFile, ValueError, EOFError, OSError, NotImplementedError) as error:
        raise Unreadable("cut_file", "文件已损坏或不完整。", hint="请重新保存后上传。") from error
    if len(items) > _ENTRIES or sum(item.file_size for item in items) > _UNPACKED:
        raise Unreadable("zip_bomb", "文件展开后过大。", hint="请删除多余内容或图片后上传。")
    names = {item.filename.lower().lstrip("/") for item in items}
    if any(name.endswith(("vbaproject.bin", ".exe", ".dll", ".js", ".vbs")) for name in names):
        raise Unreadable("has_macros", "文件带有宏或程序。", hint="请另存为不带宏的 xlsx 或 docx。")
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "word/document.xml" in names:
        return "docx"
    raise Unreadable("not_evidence", "这是压缩包或其他文档。", hint=TAKEN)
