"""A column's array as bytes and back, to the same digits: in the fewest bytes that hold them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.analysis.arrays import Codes, Column, Numbers, Texts

_WHOLE = ("i1", "i2", "i4")
_SCALES = (1, 100, 10_000)  # counts, points, figures of four decimals


def packed(column: Column) -> tuple[dict[str, Any], bytes]:
    """(header, data) as ``RunColumn`` keeps them."""
    if isinstance(column, Numbers):
        return _packed_numbers(column.values)
    if isinstance(column, Codes):
        data = column.codes.astype("<i2" if len(column.names) < 2**15 else "<i4")
        return {"kind": "codes", "type": data.dtype.str, "names": list(column.names)}, data.tobytes()
    parts = [
        column.order.astype("<i4").tobytes(), column.shown_ends.astype("<i4").tobytes(), column.shown,
        column.starts.astype("<i4").tobytes(), column.searched,
    ]  # fmt: skip
    return {"kind": "texts", "sizes": [len(part) for part in parts]}, b"".join(parts)


def unpacked(header: dict[str, Any], data: bytes | memoryview) -> Column:
    """The column of a header and its data."""
    kind = header["kind"]
    if kind == "codes":
        return Codes(np.frombuffer(data, header["type"]).astype(np.int32), tuple(header["names"]))
    if kind == "texts":
        ends = np.cumsum(header["sizes"])
        order, shown_ends, shown, starts, searched = (
            bytes(data[start:end]) for start, end in zip((0, *ends[:-1]), ends, strict=True)
        )
        return Texts(
            shown, np.frombuffer(shown_ends, "<i4"), searched, np.frombuffer(starts, "<i4"), np.frombuffer(order, "<i4")
        )
    stored = np.frombuffer(data, header["type"])
    if stored.dtype.kind == "f":
        return Numbers(stored.astype(np.float64))
    values = stored / header["scale"]
    if header["unknown"]:
        values[stored == np.iinfo(stored.dtype).min] = np.nan
    return Numbers(values)


def _packed_numbers(values: NDArray[np.float64]) -> tuple[dict[str, Any], bytes]:
    unknown = np.isnan(values)
    some = bool(unknown.any())
    for scale in _SCALES:
        whole = np.rint(np.where(unknown, 0.0, values) * scale)
        # What is not given back to the digit is not stored so; -0.0 is 0.
        if (np.abs(whole) >= 2**31).any() or not (unknown | (whole / scale == values)).all():
            continue
        low, high = whole.min(initial=0), whole.max(initial=0)
        for name in _WHOLE:
            bounds = np.iinfo(name)
            if low > bounds.min and high <= bounds.max:  # the least number stands for the unknown
                data = np.where(unknown, bounds.min, whole).astype(f"<{name}")
                return {"kind": "numbers", "type": data.dtype.str, "scale": scale, "unknown": some}, data.tobytes()
    return {"kind": "numbers", "type": "<f8", "scale": 1, "unknown": some}, values.astype("<f8").tobytes()
