"""Checked access to the values of a TOML text, collecting problems with their lines."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from scoring.engine import grammar
from scoring.engine.scheme import SchemeError, Source
from scoring.engine.source import locate

Path = tuple[str | int, ...]


class TomlReader:
    """One TOML text; a value that is not what it should be becomes a problem and a harmless default."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = locate(text)
        self.problems: list[tuple[int, str]] = []
        try:
            self.data = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            line = getattr(error, "lineno", None) or _line_in(str(error))
            raise SchemeError([(line, f"不是合法的TOML:{error}")]) from None
        self.stage_codes: tuple[str, ...] = ("all",)

    # ---- small tools
    def problem(self, path: Path, message: str, offset: int = 0) -> None:
        self.problems.append((self.lines.of(*path) + offset, message))

    def text_of(self, table: Mapping[str, Any], key: str, path: Path, default: str | None = None) -> str:
        value = table.get(key, default)
        if not isinstance(value, str) or (default is None and not value):
            self.problem((*path, key), f"{key} 应为文字" if key in table else f"缺少 {key}")
            return ""
        return value

    def number_of(self, table: Mapping[str, Any], key: str, path: Path, default: Any = None) -> Fraction:
        value = table.get(key, default)
        if key not in table and default is None:
            self.problem(path, f"缺少 {key}")
            return Fraction(0)
        return self.fraction(value, (*path, key), key)

    def fraction(self, value: Any, path: Path, what: str) -> Fraction:
        if isinstance(value, Fraction):
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.problem(path, f"{what} 应为数字")
            return Fraction(0)
        try:
            return grammar.exact_constant(value)
        except grammar.ExpressionError as error:
            self.problem(path, f"{what}:{error.message}")
            return Fraction(0)

    def maybe(self, table: Mapping[str, Any], key: str, path: Path) -> Fraction | None:
        return self.number_of(table, key, path) if key in table else None

    def table(self, key: str) -> dict[str, Any]:
        value = self.data.get(key, {})
        if not isinstance(value, dict):
            self.problem((key,), f"{key} 应为表 [{key}]")
            return {}
        return value

    def blocks(self, key: str) -> list[tuple[Path, dict[str, Any]]]:
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.problem((key,), f"{key} 应为若干个 [[{key}]]")
            return []
        seen: set[str] = set()
        for i, item in enumerate(value):
            code = item.get("code")
            if isinstance(code, str) and code in seen:
                self.problem((key, i, "code"), f"编号 {code} 重复")
            seen.add(code if isinstance(code, str) else "")
        return [((key, i), item) for i, item in enumerate(value)]

    def source(self, table: Mapping[str, Any], path: Path) -> Source:
        reading = table.get("reading")
        basis = table.get("basis", "regulation" if reading is None else "interpretation")
        if basis not in ("regulation", "interpretation"):
            self.problem((*path, "basis"), "basis 应为 regulation 或 interpretation")
        return Source(self.text_of(table, "article", path, ""), basis, reading, self.lines.of(*path))

    def by_stage(self, value: Any, path: Path, what: str) -> tuple[Fraction, ...]:
        """A number, or a table by stage code with "*" for the rest, as one number per stage."""
        if isinstance(value, dict):
            for code in value:
                if code != "*" and code not in self.stage_codes:
                    self.problem(path, f"{what}:未知的阶段 {code}")
            lacking = [code for code in self.stage_codes if code not in value and "*" not in value]
            if lacking:
                self.problem(path, f"{what}:缺少阶段 {'、'.join(lacking)}")
                return tuple(Fraction(0) for _ in self.stage_codes)
            return tuple(self.fraction(value.get(code, value.get("*")), path, what) for code in self.stage_codes)
        return (self.fraction(value, path, what),) * len(self.stage_codes)


def _line_in(message: str) -> int:
    """The line tomllib names in its message."""
    words = message.replace(",", " ").split()
    return int(words[words.index("line") + 1]) if "line" in words else 1
