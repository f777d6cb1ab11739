"""Numbers and text as a Chinese reader expects them. Only for showing: nothing here decides anything."""

from __future__ import annotations

import datetime as dt
import re
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from scoring.engine.exact import decimal_of

Numeric = int | float | Decimal | Fraction
_LARGE = Decimal("1e15")
_STEPS = [Decimal(1).scaleb(-digits) for digits in range(16)]
_PUNCTUATION = {",": "，", ";": "；", ":": "：", "?": "？", "!": "！"}
_CHINESE = r"[\u3007\u4e00-\u9fff“”‘’《》〔〕（）【】、。，；：％%]"
_HALF_WIDTH = re.compile(rf"(?<={_CHINESE})[,;:?!]|[,;:?!](?={_CHINESE})")
_ANY_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_LONG_NUMBER = re.compile(r"(?<![\d.])\d[\d,]*\.\d{3,}(?!\.?\d)")
_MINUS = re.compile(r"(?<![0-9A-Za-z_.)）\-])-(?=\d)")
_ISO_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")


def number(value: Numeric | str | None, decimals: int | None = None, most: int = 4) -> str:
    """``1234567.5`` → ``1,234,567.5``; None → ``—``. Fixed ``decimals``, or as many as needed up to ``most``."""
    if value is None or value == "":
        return "—"
    if isinstance(value, Fraction):
        exact = Decimal(value.numerator) / Decimal(value.denominator)
    else:
        exact = decimal_of(value) if isinstance(value, float) else Decimal(str(value))
    if not exact.is_finite():
        return "—"
    if abs(exact) >= _LARGE:
        return f"{exact:.6E}"
    digits = most if decimals is None else decimals
    shown = exact.quantize(_STEPS[digits], ROUND_HALF_UP)
    text = f"{shown if shown else abs(shown):,f}"  # nothing has no sign, however many zeros it is written with
    if decimals is None and "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", "−")


def points(total: Numeric | None) -> str:
    """A total as published: two decimals, more only where its scheme keeps more."""
    return number(total, 4).removesuffix("0").removesuffix("0")


def rounded(value: float, decimals: int) -> float:
    """As ``number`` shows it: what a chart draws and a difference is taken of is what the table beside it says."""
    return float(decimal_of(value).quantize(_STEPS[decimals], ROUND_HALF_UP))


def signed(value: Numeric, decimals: int | None = None) -> str:
    """With its sign in front; what is shown as zero has none."""
    text = number(value, decimals)
    return f"+{text}" if value > 0 and text.strip("0.") else text


def brief(value: Numeric | str | None) -> str:
    """For sentences: two decimals at most, but never a 0 that is none (0.0012 stays 0.0012)."""
    text = number(value, most=2)
    if text == "0" and Decimal(str(value)) != 0:
        return f"{Decimal(str(value)):.2g}".replace("-", "−")
    return text


def briefly(text: str) -> str:
    """A sentence's numbers as ``brief`` writes them: ``达到1,234.5678万元`` → ``达到1,234.57万元``, ``-3%`` → ``−3%``."""
    text = _LONG_NUMBER.sub(lambda match: brief(match.group().replace(",", "")), text)
    return _MINUS.sub("−", text)


def chinese_date(value: dt.date | dt.datetime | None) -> str:
    return f"{value.year}年{value.month}月{value.day}日" if value else "—"


def typeset(text: str) -> str:
    """Half-width punctuation beside Chinese characters becomes full-width; brackets do in any Chinese sentence."""
    if not _ANY_CHINESE.search(text):
        return text
    text = text.replace("(", "（").replace(")", "）")
    for _ in range(2):  # two marks in a row: the second is beside the first one's result
        text = _HALF_WIDTH.sub(lambda match: _PUNCTUATION[match.group()], text)
    return text


def dates_in_words(text: str) -> str:
    """``2021-05-03`` inside a sentence becomes ``2021年5月3日``."""
    return _ISO_DATE.sub(lambda match: f"{match[1]}年{int(match[2])}月{int(match[3])}日", text)
