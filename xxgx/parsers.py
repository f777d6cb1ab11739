"""Strict JSON: what other parsers let through and a database then chokes on is refused here, with its place."""

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

MAX_DEPTH = 32
# Longer than any amount in 万元; int() of a very long literal takes quadratic time.
MAX_DIGITS = 40


class StrictJSONParser(BaseParser):
    """UTF-8 JSON without NUL, lone surrogates, duplicate keys, NaN, infinities, or nesting deeper than 32."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            _refuse(_("内容超过 %(limit)s 字节。") % {"limit": limit})
        return strict_loads(raw)


def strict_loads(raw: bytes) -> Any:
    """The value ``raw`` states; ParseError with a message and the place (line and column, or path of the key)."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(_("内容不是 UTF-8 编码。"), _("第 %(n)s 字节") % {"n": error.start + 1})
    _check_depth(text)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=lambda name: _refuse(_("不接受 %(name)s，数值应为有限的数。") % {"name": name}),
            parse_float=_finite,
            parse_int=_whole,
        )
    except json.JSONDecodeError as error:
        place = _("第 %(line)s 行第 %(column)s 列") % {"line": error.lineno, "column": error.colno}
        _refuse(_("内容不是合法的 JSON。"), place)
    _check_strings(value, "")
    return value


def _refuse(message: str, place: str = "") -> NoReturn:
    raise ParseError({"message": message, "place": place, "hint": _("请更正后重新提交。")})


def _check_depth(text: str) -> None:
    """Before parsing: the standard parser recurses, so a deep document would exhaust the stack first."""
    depth, inside, escaped = 0, False, False
    for offset, character in enumerate(text):
        if inside:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                inside = False
        elif character == '"':
            inside = True
        elif character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                _refuse(_("嵌套超过 %(depth)s 层。") % {"depth": MAX_DEPTH}, _("第 %(n)s 个字符") % {"n": offset + 1})
        elif character in "]}":
            depth -= 1


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, value in pairs:
        if key in members:
            _refuse(_("同一对象中键重复。"), key.encode("utf-8", "replace").decode()[:64])
        members[key] = value
    return members


def _finite(literal: str) -> float:
    number = float(literal)
    if number in (float("inf"), float("-inf")):
        _refuse(_("数值超出范围。"), literal[:MAX_DIGITS])
    return number


def _whole(literal: str) -> int:
    if len(literal) > MAX_DIGITS:
        _refuse(_("数值超出范围。"), literal[:MAX_DIGITS])
    return int(literal)


def _check_strings(value: Any, place: str) -> None:
    if isinstance(value, str):
        if "\0" in value:
            _refuse(_("文字中含有空字符。"), place)
        if any("\ud800" <= character <= "\udfff" for character in value):
            _refuse(_("文字中含有不完整的字符（孤立代理项）。"), place)
    elif isinstance(value, dict):
        for key, member in value.items():
            _check_strings(key, place)
            _check_strings(member, f"{place}.{key}" if place else key)
    elif isinstance(value, list):
        for number, member in enumerate(value, start=1):
            _check_strings(member, f"{place}[{number}]")
