"""专利: how a patent is numbered, and what a row of a list of patents states. Pure.

An application number is that of standard ZC 0006-2003: the year, the sort (1 and 8 inventions, 2 and 9 utility models,
3 designs), a serial number, and a check digit after the dot. A granted patent keeps it, with ZL before it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any

from firms.importing.problem import BadCell, Reason

APPLICATION, GRANT, PCT = "invention_application", "invention_grant", "pct_application"
OTHERS = {"utility": "实用新型", "design": "外观设计"}

_NATIONAL = re.compile(r"(\d{12}|\d{8})([\dX])?")
_INTERNATIONAL = re.compile(r"PCT([A-Z]{2})(\d{4}|\d{2})(\d{5,6})")
_PUBLISHED = re.compile(r"CN\d{7,9}[A-Z]\d?")
_SORTS = {"2": "utility", "9": "utility", "3": "design"}
_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)


def number(text: str) -> str:
    """The one way to write a patent's number: ``202210123456.1`` (of an application as of a grant), ``PCT/CN2022/123456``.

    Width, case, spaces, dots and the ZL or CN before it make no difference; a check digit left out is supplied. Raises
    BadCell where it is no such number.
    """
    bare = re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", text).upper())
    if not bare:
        raise BadCell("required", "没有填写专利号", "请填写申请号或专利号。")
    if found := _INTERNATIONAL.fullmatch(bare):
        country, year, serial = found.groups()
        year = year if len(year) == 4 else f"{19 if year >= '78' else 20}{year}"  # the treaty came into force in 1978
        return f"PCT/{country}{year}/{serial.zfill(6)}"
    if _PUBLISHED.fullmatch(bare):
        raise BadCell(
            "published_number", f"“{text[:30]}”是公布号或公告号", "请填写申请号或专利号，例如 ZL202210123456.1。"
        )
    found = _NATIONAL.fullmatch(bare.removeprefix("ZL").removeprefix("CN"))
    if not found:
        raise BadCell(
            "not_a_number", f"“{text[:30]}”不是专利号", "例如 ZL202210123456.1，PCT申请如 PCT/CN2022/123456。"
        )
    digits, check = found.groups()
    if check is not None and check != check_digit(digits):
        raise BadCell("wrong_check_digit", f"“{text[:30]}”的校验位不符", "请对照证书或受理通知书核对号码。")
    return f"{digits}.{check_digit(digits)}"


def check_digit(digits: str) -> str:
    """Of the 8 (before October 2003) or 12 digits of an application number."""
    rest = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=False)) % 11
    return "X" if rest == 10 else str(rest)


def sort_of(known: str) -> str:
    """What a number as ``number`` writes it is of: invention, utility, design or pct."""
    if known.startswith("PCT"):
        return "pct"
    digits = known.partition(".")[0]
    return _SORTS.get(digits[4] if len(digits) == 12 else digits[2], "invention")


def number_faults(category: str, text: str) -> list[Reason]:
    """What is wrong with a patent's number under this category; ``column`` is the field."""
    try:
        sort = sort_of(number(text))
    except BadCell as bad:
        return [Reason(bad.code, bad.message, bad.hint, "document_number")]
    if sort in OTHERS:
        return [_other_sort(sort)]
    if category and (category == PCT) != (sort == "pct"):
        said = "PCT专利申请的号码形如 PCT/CN2022/123456" if category == PCT else "PCT号码只能登记为PCT专利申请"
        return [Reason("wrong_category", f"类别与号码不符：{said}", "请核对类别和号码。", "document_number")]
    return []


def supplied(columns: Collection[str]) -> set[str]:
    """Required columns that a list of patents need not have, because others say it: which date there is tells the category."""
    dated = {"applied_on", "granted_on"} & set(columns)
    return {"starts_on", "category"} if dated else set()


def read(values: Mapping[str, Any]) -> tuple[dict[str, Any] | None, list[Reason]]:
    """One row of a list as an entry's values, with what is wrong (``column`` is the field); None, and why, for one that is
    none of the register's.

    A list that names both days is one of grants where there is a day of grant, of applications where there is none yet.
    """
    row = dict(values)
    applied, granted, category = row.pop("applied_on", None), row.pop("granted_on", None), row.pop("category", "")
    reasons = []
    try:
        row["document_number"] = number(row.get("document_number", ""))
    except BadCell as bad:
        reasons.append(Reason(bad.code, bad.message, bad.hint, "document_number"))
    sort = "" if reasons else sort_of(row["document_number"])
    if category in OTHERS or (sort in OTHERS and category in ("", "invention")):
        return None, [
            Reason(
                "other_sort", f"{OTHERS[category if category in OTHERS else sort]}不登记，本行不计入", level="notice"
            )
        ]
    if category in ("", "invention"):
        category = PCT if sort == "pct" else GRANT if granted else APPLICATION if applied else ""
    if not category:
        hint = "请在“类别”中写“发明专利申请”或“发明专利授权”，或用“申请日”“授权公告日”作列名。"
        return row, [*reasons, Reason("required", "看不出是申请还是授权", hint, "category")]
    row["category"] = category
    if day := granted if category == GRANT else applied:
        row["starts_on"] = day
    if "starts_on" not in row:
        day = "授权公告日" if category == GRANT else "申请日"
        reasons.append(Reason("required", f"没有填写{day}", "该项必填。", "starts_on"))
    return row, reasons if sort == "" else [*reasons, *number_faults(category, row["document_number"])]


def _other_sort(sort: str) -> Reason:
    return Reason("other_sort", f"号码是{OTHERS[sort]}的，不登记", "只登记发明专利和PCT申请。", "document_number")
