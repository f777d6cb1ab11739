"""What a source's fields mean, as data: which of them fills which column of ours, in which unit, and where the list is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from firms.connecting.problem import Unfetched
from firms.importing.fields import Field, Table, dimension_of

JSON, FILE, TABLE = "json", "file", "table"
IDENTITY = ("credit_code", "name")
PAGINGS = ("", "next", "page", "offset")


@dataclass(frozen=True, slots=True)
class Pick:
    """``column`` of ours is filled from the source's ``field`` (in ``unit``), or with the same ``value`` in every row."""

    column: str
    field: str = ""
    unit: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class FieldMap:
    """``path`` leads to the list inside a JSON answer (``data.rows``); ``table`` is the number of an HTML table, 0 the first that fits.

    ``paging``: "" one answer; "next" the address (or, with ``parameter``, the mark) of the next answer stands at ``next_path``;
    "page" and "offset" count ``parameter`` up, by one or by the rows received. ``size`` rows make a full page, 0 is unknown.
    """

    picks: tuple[Pick, ...] = ()
    path: str = ""
    table: int = 0
    paging: str = ""
    next_path: str = ""
    parameter: str = ""
    size: int = 0

    @classmethod
    def of(cls, data: Any) -> FieldMap:
        """From what ``as_data`` gave. Raises Unfetched for anything else."""
        try:
            known = {field.name for field in fields(cls)}
            picks = tuple(Pick(**{key: str(value) for key, value in pick.items()}) for pick in data.get("picks", ()))
            rest = {key: value for key, value in data.items() if key != "picks"}
            if not set(rest) <= known or not all(isinstance(value, int | str) for value in rest.values()):
                raise TypeError
            found = cls(picks, **rest)
            int(found.table), int(found.size)
        except (TypeError, ValueError, AttributeError) as error:
            raise Unfetched("bad_mapping", "字段对应不完整。", "请重新填写并保存字段对应。") from error
        return found

    def as_data(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if value or key == "picks"}

    def wanted(self) -> tuple[str, ...]:
        """The source's fields this map speaks of, in order."""
        return tuple(pick.field for pick in self.picks if pick.field)

    def headings(self, table: Table) -> list[str]:
        """Our names for the columns, with the unit each is in; what an import of ``table`` understands without asking."""
        return [_heading(table.fields[pick.column], pick.unit) for pick in self.picks]


def _heading(item: Field, unit: str) -> str:
    own = unit or (item.unit if item.kind == "amount" else "")
    return f"{item.name}（{own}）" if own else item.name


def choices(table: Table, may_fill: Callable[[Field], bool] = lambda item: True) -> dict[str, Field]:
    """The columns a source may fill: who it is about, and what is stated."""
    return {
        code: item
        for code, item in table.fields.items()
        if item.kind not in ("ignored", "year") and (code in IDENTITY or may_fill(item))
    }


def faults(
    fieldmap: FieldMap, kind: str, table: Table, may_fill: Callable[[Field], bool] = lambda item: True
) -> list[str]:
    """What is wrong with a map, in words; nothing when it can be used for files of ``table``."""
    known = choices(table, may_fill)
    found = [*_of_picks(fieldmap, known), *_of_paging(fieldmap, kind)]
    columns = {pick.column for pick in fieldmap.picks}
    if not columns & set(IDENTITY):
        found.append("至少要有一个字段对应“统一社会信用代码”或“企业名称”。")
    if not columns - set(IDENTITY):
        found.append("除企业标识外，至少要有一个字段对应数据项或台账列。")
    missing = [item.name for item in known.values() if item.required and item.code not in columns]
    if missing:
        found.append(f"台账的必填列没有对应：{'、'.join(missing)}。")
    return found


def _of_picks(fieldmap: FieldMap, known: Mapping[str, Field]) -> list[str]:
    found = []
    columns = [pick.column for pick in fieldmap.picks]
    for pick in fieldmap.picks:
        label = f"“{pick.field or pick.value}”"
        item = known.get(pick.column)
        if item is None:
            found.append(f"{label}对应的“{pick.column[:48]}”不在目录里，或不归该部门。")
            continue
        if bool(pick.field) == bool(pick.value):
            found.append(f"“{item.name}”要么填来源字段，要么填固定值，二者只填一项。")
        if columns.count(pick.column) > 1 and columns.index(pick.column) == fieldmap.picks.index(pick):
            found.append(f"“{item.name}”被对应了不止一次。")
        if pick.unit and pick.unit not in dimension_of(item.unit):
            found.append(f"“{item.name}”的单位是“{item.unit or '无'}”，不能从“{pick.unit[:16]}”换算。")
    return found


def _of_paging(fieldmap: FieldMap, kind: str) -> list[str]:
    if not fieldmap.paging:
        return []
    if fieldmap.paging not in PAGINGS or kind != JSON:
        return ["只有 JSON 接口可以翻页。"]
    if fieldmap.paging == "next" and not fieldmap.next_path:
        return ["按“下一页地址”翻页时，要写明该地址在哪个字段。"]
    if fieldmap.paging != "next" and not fieldmap.parameter:
        return ["按页码或偏移翻页时，要写明参数名。"]
    return []
