"""What a file really is, by its content and not its name, and whether it is safe to open.

Nothing is unpacked here: a zip is judged by its directory alone (a 1 MB workbook can unpack to gigabytes).
"""

from __future__ import annotations

import codecs
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile, ZipInfo

from firms.importing.problem import Unreadable

RESAVE = "请在 Excel 或 WPS 中打开，另存为 xlsx 后重新上传。"

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# The record after a stream's first one (BOF of BIFF8 or BIFF5) that says it is encrypted.
_FILEPASS = re.compile(rb"\x09\x08(?:\x10\x00.{16}|\x08\x00.{8})\x2f\x00", re.S)
_FOREIGN = (
    (b"%PDF", "PDF 文件"),
    (b"Rar!", "RAR 压缩包"),
    (b"7z\xbc\xaf", "7z 压缩包"),
    (b"\x1f\x8b", "gzip 压缩包"),
    (b"\x89PNG", "图片"),
    (b"\xff\xd8\xff", "图片"),
    (b"{\\rtf", "RTF 文档"),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of the file and of what it unpacks to, zip entries, and how far an entry may be compressed."""

    size: int = 50 * 1024 * 1024
    unpacked: int = 600 * 1024 * 1024
    entries: int = 2000
    ratio: int = 200  # spreadsheet XML compresses 10–60 times; a bomb a thousand times


def identify(file: BinaryIO, limits: Limits = Limits()) -> str:
    """``xlsx``, ``xls``, ``csv:<encoding>``. Raises Unreadable, naming what the file is instead."""
    size = file.seek(0, 2)
    if size == 0:
        raise Unreadable("empty_file", "文件是空的（0 字节）。", hint="请检查文件是否保存完整，重新导出后上传。")
    if size > limits.size:
        raise Unreadable(
            "file_too_large",
            f"文件有 {size / 1048576:.1f} MB，超过上限 {limits.size / 1048576:.0f} MB。",
            hint="请按年度或分批拆分后上传。",
        )
    file.seek(0)
    head = file.read(8192)
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _zip(file, size, limits)
    if head.startswith(OLE):
        return _ole(file)
    for magic, what in _FOREIGN:
        if head.startswith(magic):
            raise Unreadable("not_a_table", f"这是{what}，不是表格。", hint=RESAVE)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:512].lower()
    if start.startswith((b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta", b"<head")):
        raise Unreadable("web_page", "这是网页或 XML 格式，只是扩展名像表格。", hint=RESAVE)
    return f"csv:{_encoding(file)}"


def _zip(file: BinaryIO, size: int, limits: Limits) -> str:
    # The end record is read by hand first: ZipFile would load a directory of a million entries before we could count.
    file.seek(max(0, size - 65557))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise Unreadable("cut_file", "文件不完整（压缩结构被截断）。", hint="请重新导出或重新下载原文件后上传。")
    entries, directory_size = struct.unpack("<HI", tail[at + 10 : at + 16])
    if entries > limits.entries or directory_size > 4 * 1024 * 1024:
        raise Unreadable("zip_bomb", f"压缩包内有 {entries} 个部件，不是正常的工作簿。", hint=RESAVE)
    try:
        file.seek(0)
        with ZipFile(file) as archive:
            items = archive.infolist()
    except (BadZipFile, ValueError, EOFError, OSError, NotImplementedError, struct.error) as error:
        raise Unreadable("cut_file", "文件已损坏，无法读取目录。", hint="请重新导出原文件后上传。") from error
    _check_entries(items, size, limits)
    names = {item.filename.lower().lstrip("/") for item in items}
    if "xl/workbook.xml" in names:
        return "xlsx"
    what = "压缩包或其他文档"
    if "xl/workbook.bin" in names:
        what = "二进制工作簿（xlsb）"
    elif "word/document.xml" in names:
        what = "Word 文档"
    elif "content.xml" in names:
        what = "OpenDocument 文档"
    raise Unreadable("not_a_table", f"这是{what}，不是 xlsx 工作簿。", hint=RESAVE)


def _check_entries(items: list[ZipInfo], size: int, limits: Limits) -> None:
    if any(item.flag_bits & 1 for item in items):
        raise Unreadable("encrypted_file", "文件设置了密码。", hint="请取消密码后重新保存上传。")
    unpacked = sum(item.file_size for item in items)
    if unpacked > limits.unpacked:
        raise Unreadable(
            "zip_bomb",
            f"文件展开后有 {unpacked / 1048576:.0f} MB，超过上限 {limits.unpacked / 1048576:.0f} MB。",
            hint="请删除空白格式行、图片后另存，或拆分上传。",
        )
    for item in items:
        if item.file_size > 1024 * 1024 and item.file_size > limits.ratio * max(item.compress_size, 1):
            raise Unreadable("zip_bomb", f"部件 {item.filename[:80]} 的压缩率异常，拒绝展开。", hint=RESAVE)
    end = 0
    for item in sorted(items, key=lambda item: item.header_offset):
        # Entries that share bytes are how a small zip unpacks to petabytes.
        if item.header_offset < end or item.header_offset + item.compress_size > size:
            raise Unreadable("zip_bomb", "压缩包内的部件互相重叠或越界，拒绝展开。", hint=RESAVE)
        end = item.header_offset + 30 + item.compress_size
    if len({item.filename for item in items}) != len(items):
        raise Unreadable("zip_bomb", "压缩包内有重名部件，拒绝展开。", hint=RESAVE)


def _ole(file: BinaryIO) -> str:
    file.seek(0)
    content = file.read()
    if "EncryptedPackage".encode("utf-16-le") in content or _FILEPASS.search(content):
        raise Unreadable("encrypted_file", "文件设置了密码。", hint="请取消密码后重新保存上传。")
    if "WordDocument".encode("utf-16-le") in content:
        raise Unreadable("not_a_table", "这是 Word 文档，不是表格。", hint=RESAVE)
    if not any(name.encode("utf-16-le") in content for name in ("Workbook", "Book")):
        raise Unreadable("not_a_table", "这个旧格式文件里没有工作表，或文件不完整。", hint=RESAVE)
    return "xls"


def _encoding(file: BinaryIO) -> str:
    """The encoding in which the whole file is legal text; Chinese files are UTF-8 or GB18030 (GBK and GB2312 within it)."""
    file.seek(0)
    head = file.read(4)
    candidates = ["utf-8", "gb18030"]
    if head.startswith(codecs.BOM_UTF8):
        candidates = ["utf-8-sig"]
    elif head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    for encoding in candidates:
        file.seek(0)
        decoder = codecs.getincrementaldecoder(encoding)()
        controls = 0
        try:
            while block := file.read(1 << 20):
                controls += len(re.findall(r"[\x00-\x08\x0e-\x1f]", decoder.decode(block)))
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        if controls:
            raise Unreadable("binary_file", "文件含有不可见的控制字符，不是文本表格。", hint=RESAVE)
        return encoding
    raise Unreadable("unknown_encoding", "文字编码无法识别（不是 UTF-8，也不是 GB18030）。", hint=RESAVE)


def identify_path(path: str | Path, limits: Limits = Limits()) -> str:
    with open(path, "rb") as file:
        return identify(file, limits)
