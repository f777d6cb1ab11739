"""One cell to one value, or the reason why not. What Excel has already destroyed is refused, never guessed back."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from operator import mul
from typing import Any

from stdnum.cn import uscc
from stdnum.exceptions import ValidationError

from firms.catalogue import Term
from firms.importing.figures import plain
from firms.importing.problem import BadCell

# What people type where there is nothing to report: not provided, which is not zero.
NOTHING = frozenset({"", "-", "--", "—", "——", "/", "\\", "无", "n/a", "na", "未提供", "空"})
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_NUMBER = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?$")
_MINUS = str.maketrans({"−": "-", "－": "-", "‐": "-", "–": "-", "。": "."})
_FAULTS = {"formula": "公式没有计算结果"}
_DATE = re.compile(r"(\d{4})(?:年|[-/.])(\d{1,2})(?:月|[-/.])(\d{1,2})日?(?:[ T].*)?$")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})$")
_MONTH = re.compile(r"(\d{4})(?:年|[-/.])(\d{1,2})月?$")
_EXCEL_EPOCH = date(1899, 12, 30)
_YES = frozenset({"是", "有", "√", "✓", "1", "y", "yes", "true", "已入统", "入统"})
_NO = frozenset({"否", "无", "×", "✗", "0", "n", "no", "false", "未入统", "没有"})
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015: no I, O, S, V, Z
_CODE = re.compile(rf"[0-9]{{8}}[{_ALPHABET}]{{10}}\Z")
_DIGITS = bytes.maketrans(_ALPHABET.encode(), bytes(range(31)))
_WEIGHTS = tuple(3**place % 31 for place in range(17))
_CHECK = {rest: _ALPHABET[(31 - rest) % 31] for rest in range(31)}
_PLAIN_NAME = re.compile(r"[\u4e00-\u9fff（）0-9A-Za-z]{2,}$")  # already in registered form
DECIMALS = 6  # of 万元: one 分; the rest is noise of binary spreadsheets


def text(cell: Any) -> str:
    """A cell as people read it: no outer or doubled spaces. Raises BadCell for faults and characters that are not text."""
    if isinstance(cell, str):
        value = cell
    elif isinstance(cell, bool):
        value = "是" if cell else "否"
    elif isinstance(cell, float):
        value = str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    else:
        _refuse_fault(cell)
        value = str(cell)
    if _CONTROL.search(value):
        raise BadCell("control_character", "含有不可见的控制字符", "请重新录入该单元格。")
    return " ".join(value.split())


def folded(cell: Any) -> str:
    """Text with full-width letters, digits and marks made half-width."""
    return unicodedata.normalize("NFKC", text(cell)).strip()


def shown(cell: Any) -> Any:
    """A raw cell fit for storing and showing: JSON-able, no character a database refuses, not endless."""
    if isinstance(cell, str):
        return _CONTROL.sub("\ufffd", cell)[:500]
    if isinstance(cell, dict):
        return f"#{cell.get('fault', '')}"
    return cell


@dataclass(frozen=True, slots=True)
class NumberRule:
    """How a numeric column is read: cell × ``factor``, within [low, high], ``whole`` or kept to DECIMALS.

    ``percent``: a column of percentages, where "12.5%" is 12.5. ``units``: unit written in a cell → factor.
    """

    factor: float = 1.0
    percent: bool = False
    units: Mapping[str, float] = field(default_factory=dict)
    low: float = -math.inf
    high: float = math.inf
    whole: bool = False
    unit: str = ""


def number(rule: NumberRule) -> Callable[[Any], float | None]:
    """A parser for one numeric column: cell → number, or None where nothing was provided."""
    factor, low, high, whole = rule.factor, rule.low, rule.high, rule.whole

    def parse(cell: Any) -> float | None:
        # One function without helpers on the usual path: a large workbook has millions of cells.
        if type(cell) is float:
            value = cell if factor == 1 else scaled(cell, factor)
        elif cell == "":
            return None
        elif type(cell) is str:
            found = _from_text(cell, rule)
            if found is None:
                return None
            value = scaled(found[0], factor if found[1] is None else found[1])
        else:
            _refuse_fault(cell)
            raise BadCell("not_a_number", f"应为数字，实为“{text(cell)[:30]}”", "请填写数字。")
        # Written so that NaN, which compares with nothing, cannot pass.
        if not low <= value <= high:
            raise BadCell("out_of_bounds", _beyond(value, rule), "请核对数值和单位。")
        if value.is_integer():
            return value
        if whole:
            raise BadCell("not_whole", f"应为整数，实为 {plain(value)}", "请核对数字。")
        return round(value, DECIMALS)

    return parse


def scaled(value: float, factor: float) -> float:
    """A figure of a column in this field's unit. Powers of ten: dividing is exact to the last bit, multiplying by 0.0001 is not."""
    return value * factor if factor >= 1 else value / round(1 / factor)


def _beyond(value: float, rule: NumberRule) -> str:
    if value < rule.low:
        return f"{plain(value)}{rule.unit} 小于下限 {plain(rule.low)}{rule.unit}"
    return f"{plain(value)}{rule.unit} 大于上限 {plain(rule.high)}{rule.unit}" if value > rule.high else "不是有效数值"


def _from_text(cell: str, rule: NumberRule) -> tuple[float, float | None] | None:
    """(value, factor of a unit written in the cell or None); None for nothing provided."""
    value = folded(cell).translate(_MINUS).replace(" ", "").lstrip("'")
    if value.lower() in NOTHING:
        return None
    negative = value.startswith("(") and value.endswith(")")
    bare = value[1:-1] if negative else value
    bare = bare.lstrip("¥￥$")
    if bare.endswith("%"):
        if not rule.percent:
            raise BadCell(
                "unexpected_percent", f"“{cell.strip()[:30]}”带百分号，本列不是百分数", "请按列的单位填写数字。"
            )
        bare = bare[:-1]
    own = None
    for unit, unit_factor in rule.units.items():
        if bare.endswith(unit):
            bare, own = bare[: -len(unit)], unit_factor
            break
    match = _NUMBER.match(bare)
    if not match or (negative and match[1]):
        raise BadCell(*_why_not_a_number(cell, bare))
    result = float(match[1] + match[2].replace(",", "") + (match[3] or ""))
    if not math.isfinite(result):
        raise BadCell("not_finite", f"“{cell.strip()[:30]}”超出可表示的范围", "请核对数字。")
    return (-result if negative else result), own


def _why_not_a_number(cell: str, value: str) -> tuple[str, str, str]:
    seen = cell.strip()[:30]
    if value.lower().lstrip("+-") in {"nan", "inf", "infinity", "null", "none"}:
        return "not_finite", f"“{seen}”不是有效数值", "没有数据请留空，确认为零请填0。"
    if re.fullmatch(r"[+-]?\d+(\.\d+)?e[+-]?\d+", value.lower()):
        return "exponent", f"“{seen}”是科学计数法，可能已丢失位数", "请写出全部数字；表格中的，先把单元格设为数值格式。"
    if "," in value and re.fullmatch(r"[+-]?[\d,]+(\.\d+)?", value):
        return "bad_thousands", f"“{seen}”的千分位逗号位置不对", "请去掉逗号或按三位一节填写。"
    if value.endswith(("万", "亿")):
        return "not_a_number", f"应为数字，实为“{seen}”", f"单位请写全，如“{seen}元”；或只填数字。"
    return "not_a_number", f"应为数字，实为“{seen}”", "只填数字；没有数据请留空，确认为零请填0。"


def _refuse_fault(cell: Any) -> None:
    if isinstance(cell, dict):
        fault = str(cell.get("fault", ""))
        raise BadCell(
            "cell_fault",
            _FAULTS.get(fault, f"单元格是错误值 {fault[:20]}"),
            "请在 Excel 或 WPS 中打开改正并保存后重新上传。",
        )


def flag(cell: Any) -> float | None:
    """是/否 → 1/0. ``无`` is a no here, an empty cell is not provided."""
    if isinstance(cell, bool):
        return float(cell)
    value = folded(cell).lower()
    if value in _YES:
        return 1.0
    if value in _NO:
        return 0.0
    if value in NOTHING:
        return None
    raise BadCell("not_a_flag", f"应为“是”或“否”，实为“{value[:30]}”", "请填“是”或“否”，不确定请留空。")


def credit_code(cell: Any) -> str:
    """18 characters with a right check digit (GB 32100-2015), or "" for an empty cell.

    A code typed as a number is refused: a spreadsheet keeps 15 digits and has already lost the rest.
    """
    if isinstance(cell, float):
        raise BadCell(
            "code_as_number",
            f"统一社会信用代码被存成了数字（{cell:.15g}），末位已丢失",
            "请把该列设为文本格式，重新录入完整的18位代码。",
        )
    value = cell
    if not (isinstance(cell, str) and _CODE.match(cell)):
        value = folded(cell).replace(" ", "").lstrip("'").upper()
        if value.lower() in NOTHING:
            return ""
    if _CODE.match(value) and _CHECK[sum(map(mul, _WEIGHTS, value.encode().translate(_DIGITS))) % 31] == value[17]:
        return value
    try:  # stdnum knows why not; above is its rule without its cleaning, a tenth of the time
        return uscc.validate(value)
    except ValidationError as error:
        why = f"有{len(value)}位，应为18位" if len(value) != 18 else "校验位或字符不正确"
        raise BadCell("bad_code", f"统一社会信用代码“{value[:24]}”{why}", "请对照营业执照核对。") from error


def firm_name(cell: Any) -> str:
    """A firm's name in its registered form: brackets full-width, no spaces between Chinese characters."""
    if isinstance(cell, str) and _PLAIN_NAME.match(cell) and cell not in NOTHING:
        return cell
    value = folded(cell).replace("(", "（").replace(")", "）")
    if value in NOTHING:
        return ""
    return re.sub(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])", "", value)


def day(cell: Any, *, end_of_month: bool = False) -> date | None:
    """A date written in the usual ways (2020-1-5, 2020/01/05, 2020.1.5, 2020年1月5日, 20200105) or an Excel serial number.

    A month alone (2020年5月) is its first day, with ``end_of_month`` its last.
    """
    if isinstance(cell, float):
        if cell.is_integer() and 19000101 <= cell <= 21001231:
            cell = str(int(cell))
        elif 1 <= cell < 73415:  # 2100-12-31
            return _EXCEL_EPOCH + timedelta(days=int(cell))
        else:
            raise BadCell("not_a_date", f"“{cell:.15g}”不是日期", "请填写如 2022-05-01 的日期。")
    value = folded(cell).replace("T", " ")
    if value.lower() in NOTHING or value in {"长期", "至今", "永久", "无固定期限"}:
        return None
    for pattern in (_DATE, _COMPACT):
        if match := pattern.match(value):
            try:
                return _within(date(int(match[1]), int(match[2]), int(match[3])), value)
            except ValueError as error:
                raise BadCell("not_a_date", f"“{value[:30]}”不是存在的日期", "请核对年月日。") from error
    if (match := _MONTH.match(value)) and 1 <= int(match[2]) <= 12:
        year, month = int(match[1]), int(match[2])
        first = date(year, month, 1)
        last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        return _within(last if end_of_month else first, value)
    raise BadCell("not_a_date", f"“{value[:30]}”不是日期", "请填写如 2022-05-01 的日期。")


def _within(found: date, value: str) -> date:
    if not 1900 <= found.year <= 2100:
        raise BadCell("not_a_date", f"“{value[:30]}”的年份不合理", "请核对年月日。")
    return found


def term(terms: tuple[Term, ...]) -> Callable[[Any], str]:
    """A parser for a column that names one of ``terms`` by code, name or alias; "" for an empty cell."""
    codes = {key(name): item.code for item in terms for name in (item.code, *item.aliases, item.name)}

    def parse(cell: Any) -> str:
        value = folded(cell)
        if value.lower() in NOTHING:
            return ""
        if (found := codes.get(key(value))) is None:
            known = "、".join(item.name for item in terms)
            raise BadCell("unknown_term", f"“{value[:30]}”不在可选范围内", f"可填：{known}。")
        return found

    return parse


def key(value: str) -> str:
    """What is left of a label when width, case, spaces and marks are set aside: two labels with one key are the same."""
    return re.sub(
        r"[\s,.;:、，。；：·・\"'“”‘’*★\-_/\\()（）\[\]【】《》<>]+", "", unicodedata.normalize("NFKC", value)
    ).casefold()
