"""One firm's evaluation as fixed-layout bytes: every input used and every intermediate, one database value a firm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scoring.engine.nodes import InputKey
from scoring.engine.scheme import Scheme, peer_group

if TYPE_CHECKING:
    from scoring.engine.evaluate import Evaluation

_UNKNOWN_DAY = -(2**31)
_GROUP_BYTES = 96


@dataclass(frozen=True)
class Record:
    """A record read back. inputs: by key, NaN = not provided; arrays in the order of the scheme."""

    status: int
    stage: int
    needs_confirmation: bool
    passed: int
    grade: int
    inputs: Mapping[InputKey, float]
    exclusions: NDArray[Any]
    state: NDArray[Any]
    value: NDArray[Any]
    points: NDArray[Any]
    dimensions: NDArray[Any]
    weighted: NDArray[Any]
    base: float
    deductions: NDArray[Any]
    decays: NDArray[Any]
    bonuses: NDArray[Any]
    unrounded: float
    total_cents: int
    ranks: tuple[int, int, int]
    groups: Mapping[str, str]


def _storage(key: InputKey) -> str:
    """How an input is stored: amounts in full, counts and flags in less."""
    if key[0] == "date":
        return "<i4"
    if key[0] in ("history", "manual", "group"):
        return "i1"
    if key[0] == "register" and key[1].function in ("has", "count"):
        return "u1" if key[1].function == "has" else "<i4"
    return "<f8"


def peer_groups(scheme: Scheme) -> tuple[str, ...]:
    """The groups a record must name, because the references of some indicator depend on them."""
    names = [peer_group(i.rule.peers) for i in scheme.indicators if i.rule.peers not in ("stage", "all")]
    return tuple(dict.fromkeys(names))


@lru_cache(maxsize=32)
def _layout(sha256: str, scheme: _Hashed) -> np.dtype[Any]:
    s = scheme.scheme
    fields: list[tuple[Any, ...]] = [("head", "i1", (5,))]
    fields += [(f"in{j}", _storage(key)) for j, key in enumerate(s.inputs)]
    sizes = {
        "exclusions": ("i1", len(s.exclusions)), "state": ("i1", len(s.indicators)),
        "value": ("<f8", len(s.indicators)), "points": ("<f8", len(s.indicators)),
        "dimensions": ("<f8", len(s.dimensions)), "weighted": ("<f8", len(s.dimensions)), "base": ("<f8", 1),
        "deductions": ("<f8", len(s.deductions)), "decays": ("<f8", len(s.decays)),
        "bonuses": ("<f8", len(s.bonuses)), "unrounded": ("<f8", 1), "total_cents": ("<i8", 1), "ranks": ("<i4", 3),
    }  # fmt: skip
    fields += [(name, kind, (count,)) for name, (kind, count) in sizes.items()]
    fields += [(f"group:{name}", f"S{_GROUP_BYTES}") for name in peer_groups(s)]
    return np.dtype(fields)


class _Hashed:
    """A scheme that hashes by its text, for the cache above."""

    def __init__(self, scheme: Scheme) -> None:
        self.scheme = scheme

    def __hash__(self) -> int:
        return hash(self.scheme.sha256)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hashed) and other.scheme.sha256 == self.scheme.sha256


def layout(scheme: Scheme) -> np.dtype[Any]:
    """The packed record type of a scheme; the same scheme text always gives the same layout."""
    return _layout(scheme.sha256, _Hashed(scheme))


def pack(evaluation: Evaluation, part: slice | NDArray[np.int64]) -> NDArray[np.uint8]:
    """The firms of a slice or of row numbers, as uint8[m, itemsize]."""
    e, scheme = evaluation, evaluation.scheme
    table = np.zeros(len(e.status[part]), dtype=layout(scheme))
    for j, head in enumerate((e.status, e.stage, e.needs_confirmation, e.passed, e.grade)):
        table["head"][:, j] = head[part]
    for j, (key, column) in enumerate(e.inputs.items()):
        values: Any = column[part]
        if key[0] == "date":
            values = np.where(np.isnan(values), _UNKNOWN_DAY, values)
        elif table.dtype[f"in{j}"].kind == "i":
            values = np.where(np.isnan(values), -1, values)
        table[f"in{j}"] = values
    for name in ("exclusions", "state", "value", "points", "dimensions", "weighted", "deductions", "decays", "bonuses"):
        table[name] = getattr(e, name)[part]
    for name in ("base", "unrounded", "total_cents"):
        table[name][:, 0] = getattr(e, name)[part]
    for j, ranks in enumerate((e.rank_overall, e.rank_stage, e.rank_industry)):
        table["ranks"][:, j] = ranks[part]
    for name in peer_groups(scheme):
        groups = e.cohort.groups.get(name)
        if groups is not None:
            table[f"group:{name}"] = np.char.encode(groups[part].astype(str), "utf-8")
    return table.view(np.uint8).reshape(len(table), table.dtype.itemsize)


def unpack(scheme: Scheme, record: bytes | NDArray[np.uint8]) -> Record:
    """Read one record. Raises ValueError if its length is not that of the scheme's layout."""
    kind = layout(scheme)
    data = bytes(record)
    if len(data) != kind.itemsize:
        raise ValueError(f"积分记录长度为{len(data)}字节,方案 {scheme.code} 应为{kind.itemsize}字节")
    row = np.frombuffer(data, dtype=kind)[0]
    inputs: dict[InputKey, float] = {}
    for j, key in enumerate(scheme.inputs):
        value = float(row[f"in{j}"])
        lost = value == _UNKNOWN_DAY if key[0] == "date" else (key[0] in ("history", "group") and value < 0)
        inputs[key] = float("nan") if lost else value
    head = [int(v) for v in row["head"]]
    return Record(
        head[0], head[1], bool(head[2]), head[3], head[4], inputs, row["exclusions"], row["state"],
        row["value"], row["points"], row["dimensions"], row["weighted"],
        float(row["base"][0]), row["deductions"], row["decays"], row["bonuses"], float(row["unrounded"][0]),
        int(row["total_cents"][0]), (int(row["ranks"][0]), int(row["ranks"][1]), int(row["ranks"][2])),
        {name: bytes(row[f"group:{name}"]).rstrip(b"\0").decode() for name in peer_groups(scheme)},
    )  # fmt: skip


def archived_inputs(
    scheme: Scheme, records: bytes
) -> tuple[dict[InputKey, NDArray[np.float64]], dict[str, NDArray[Any]]]:
    """The input columns and groups of many records laid end to end: what an evaluation can be repeated from."""
    table = np.frombuffer(records, dtype=layout(scheme))
    columns: dict[InputKey, NDArray[np.float64]] = {}
    for j, key in enumerate(scheme.inputs):
        values = table[f"in{j}"].astype(np.float64)
        if key[0] == "date":
            values[values == _UNKNOWN_DAY] = np.nan
        elif key[0] in ("history", "group"):
            values[values < 0] = np.nan
        columns[key] = values
    return columns, {name: np.char.decode(table[f"group:{name}"], "utf-8") for name in peer_groups(scheme)}
