"""The header of a sheet: where it is under titles and unit lines, and what each column holds in which unit."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from firms.importing import cells
from firms.importing.fields import COUNTED, DOLLARS, LEFT, MONEY, PERCENT, Field, Table, dimension_of
from firms.importing.problem import Reason, Unreadable

DEPTH = 40  # rows a header may stand under
_UNITS = "|".join(sorted((*MONEY, *DOLLARS, *PERCENT, *COUNTED), key=len, reverse=True))
_UNIT_IN_HEADER = re.compile(rf"(?:[(\[]|[,;/]|单位:?)(?:单位:?)?({_UNITS})[)\]]?$")
_UNIT_LINE = re.compile(r"单位[:：]\s*(\S+)")  # also met as 填报单位：税务局, which names no unit
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})(?=年|(?!\d))")
_NUMBERING = re.compile(r"^\d+(\.\d+)*[.、]?(?=[^\d.])")


@dataclass(frozen=True, slots=True)
class Column:
    """``index`` counts from the row's first cell; ``letter`` is what the spreadsheet shows; ``unit`` as the file states it."""

    index: int
    letter: str
    header: str
    field: Field
    unit: str = ""
    factor: float = 1.0
    parse: Callable[[Any], Any] = dataclasses.field(default=lambda cell: cell, repr=False, compare=False)

    @property
    def place(self) -> str:
        return f"{self.letter}列“{self.header}”"

    def bounds(self) -> tuple[float, float]:
        """What a numeric column's figures must lie between, in the field's own unit."""
        low, high = self.field.minimum, self.field.maximum
        return (-math.inf if low is None else low), (math.inf if high is None else high)


@dataclass(slots=True)
class Header:
    """``row`` is the last row of the header (data follow); ``years`` those named above it; ``title`` the text above it."""

    row: int
    columns: list[Column]
    title: str = ""
    years: frozenset[int] = frozenset()
    texts: tuple[str, ...] = ()
    problems: list[Reason] = dataclasses.field(default_factory=list)
    ignored: list[str] = dataclasses.field(default_factory=list)
    others: list[tuple[str, str]] = dataclasses.field(default_factory=list)  # (letter, label) of columns not read

    def has(self, code: str) -> bool:
        return any(column.field.code == code for column in self.columns)


def years_in(text: str) -> frozenset[int]:
    """The years a title, sheet or file name mentions."""
    return frozenset(int(year) for year in _YEAR.findall(cells.folded(text)))


def letter(index: int) -> str:
    """0 → A, 26 → AA."""
    name, index = "", index + 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def find(
    rows: Sequence[tuple[int, list[Any]]], table: Table, first_column: int = 0, year: int | None = None
) -> Header | None:
    """The header among a sheet's first rows, or None if no row names an identifying column.

    Two rows may form one header (merged cells above, the parts below). Raises Unreadable for a column named twice.
    """
    best: tuple[int, int, list[str]] | None = None
    for at, (_, row) in enumerate(rows[:DEPTH]):
        texts = [_label(cell) for cell in row]
        candidates = [(at, texts)]
        if at + 1 < len(rows):
            below = [_label(cell) for cell in rows[at + 1][1]]
            if any(texts) and any(below) and not any(isinstance(cell, float) for cell in rows[at + 1][1]):
                candidates.append((at + 1, _joined(texts, below)))
        for last, labels in candidates:
            score = _score(labels, table)
            if score and (best is None or score > best[0]):
                best = (score, last, labels)
    if best is None:
        return None
    _, last, labels = best
    above = [" ".join(filter(None, map(_label, row))) for _, row in rows[: last + 1]]
    titles = [line for line in above[:-1] if line]
    header = Header(rows[last][0], [], title=" ".join(titles)[:300], texts=tuple(labels))
    header.years = frozenset().union(*(years_in(line) for line in titles)) if titles else frozenset()
    _match(header, labels, table, first_column, _stated_unit(titles), year)
    return header


def _label(cell: Any) -> str:
    return cells._CONTROL.sub("", " ".join(cell.split())) if isinstance(cell, str) else ""


def _joined(upper: list[str], lower: list[str]) -> list[str]:
    """Labels of a two-row header: the part below, or the one above where it reaches down (merged)."""
    width = max(len(upper), len(lower))
    upper, lower = upper + [""] * (width - len(upper)), lower + [""] * (width - len(lower))
    return [low or up for up, low in zip(upper, lower, strict=True)]


def _score(labels: list[str], table: Table) -> int:
    found = {item.code: item.kind for label in labels if label and (item := meaning(label, table))}
    if not any(kind in ("code", "name") for kind in found.values()):
        return 0
    score = sum(kind != "ignored" for kind in found.values())
    return score * 2 + len(found) if score > 1 else 0


def heading(label: str) -> str:
    """A label as people's own mappings remember it: without numbering, year, unit, spaces and marks."""
    return cells.key(_split(label)[0])[:100]


def sketch(rows: Sequence[tuple[int, list[Any]]], table: Table, first_column: int = 0) -> Header | None:
    """The likeliest header of a sheet that ``find`` could not use, for a person to say what its columns are; None if no row
    names an identifying column."""
    for number, row in rows[:DEPTH]:
        texts = [_label(cell) for cell in row]
        found = [meaning(label, table) for label in texts if label]
        if len(found) > 1 and any(item is not None and item.kind in ("code", "name") for item in found):
            header = Header(number, [], texts=tuple(texts))
            taken = set()
            for index, label in enumerate(texts):
                item = meaning(label, table) if label else None
                place = letter(first_column + index)
                if item is None or item.kind == "ignored" or item.code in taken:
                    header.others += [(place, label)] if label else []
                else:
                    taken.add(item.code)
                    header.columns.append(Column(index, place, label, item))
            return header
    return None


def meaning(label: str, table: Table) -> Field | None:
    """What a column with this label holds: as a person said, else by its name; None when nobody knows."""
    base, _ = _split(label)
    if (
        table.said
        and (said := table.said.get(cells.key(base)[:100])) is not None
        and (not said or said in table.fields)
    ):
        return table.fields[said] if said else LEFT
    return table.find(cells.key(label)) or table.find(cells.key(base))


def _split(label: str) -> tuple[str, str]:
    """A label without numbering, year and unit; and the unit."""
    text = cells.folded(label).replace(" ", "").lstrip("*★").rstrip("*★")
    unit = ""
    if match := _UNIT_IN_HEADER.search(text):
        text, unit = text[: match.start()], match[1]
    text = _NUMBERING.sub("", re.sub(r"(?:19|20)\d{2}年度?", "", text))  # the year first: it is no numbering
    text = re.sub(r"[(\[](?:必填|选填|可空|含|不含)[^)\]]*[)\]]$", "", text)
    return text.removeprefix("其中:"), unit


def _stated_unit(titles: list[str]) -> list[str]:
    """Money units of the 单位 line above a header, e.g. 单位：万元、人 → ["万元"]."""
    stated = (word for line in titles for word in _UNIT_LINE.findall(cells.folded(line)))
    return [unit for word in stated for unit in re.split(r"[、,;/)]+", word) if unit in MONEY or unit in DOLLARS]


def _match(header: Header, labels: list[str], table: Table, first: int, stated: list[str], year: int | None) -> None:
    taken: dict[str, Column] = {}
    for index, label in enumerate(labels):
        if not label:
            continue
        found = meaning(label, table)
        place = letter(first + index)
        other = years_in(label) - {year} if year else frozenset()
        if found is None or (other and found.kind not in ("code", "name")):
            header.ignored.append(f"{place}列“{label[:40]}”")
            header.others.append((place, label))
            continue
        if found.kind == "ignored":
            header.others.append((place, label))
            continue
        unit, factor = _unit(header, found, label, place, stated)
        column = Column(index, place, label, found, unit, factor, found.parser(factor))
        if earlier := taken.get(found.code):
            raise Unreadable(
                "duplicate_column",
                f"{earlier.letter}列“{earlier.header}”和{place}列“{label}”都是“{found.name}”。",
                place=f"第{header.row}行表头",
                hint="请只保留一列后重新上传。",
            )
        taken[found.code] = column
        header.columns.append(column)


def _unit(header: Header, item: Field, label: str, place: str, stated: list[str]) -> tuple[str, float]:
    """The unit a column is in and the factor into the field's own. Raises Unreadable for a unit of another kind."""
    _, unit = _split(label)
    dimension = dimension_of(item.unit)
    if item.kind not in ("amount", "count") or not item.unit:
        return "", 1.0
    if not unit:
        fitting = [candidate for candidate in stated if candidate in dimension]
        if len(fitting) == 1:
            unit = fitting[0]
        elif item.kind == "amount":
            header.problems.append(
                Reason(
                    "unit_assumed",
                    f"没有写单位，按“{item.unit}”读取",
                    "如果不是，请在表头写明单位。",
                    f"{place}列“{label[:40]}”",
                    "warning",
                )
            )
    if unit and unit not in dimension:
        raise Unreadable(
            "wrong_unit",
            f"单位是“{unit}”，而“{item.name}”的单位是“{item.unit}”。",
            place=f"{place}列“{label[:40]}”",
            hint=f"请换算成{'、'.join(dimension) if len(dimension) < 9 else item.unit}中的一种后重新上传。",
        )
    return unit or item.unit, dimension.get(unit or item.unit, 1.0) / dimension.get(item.unit, 1.0)
