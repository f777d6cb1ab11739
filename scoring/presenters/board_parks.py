"""The parks as a schematic: no map of them exists, so each is a tile as large as its firms are many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 620, 262  # of the picture, in its own units: pixels on a screen of 1920 × 1080
LEAST = 0.13  # of the picture, so that the smallest park can still be read
TONES = 4


@dataclass(frozen=True)
class Tile:
    """A rectangle of the picture."""

    x: float
    y: float
    width: float
    height: float


def tiles(sizes: Sequence[float], width: float = WIDTH, height: float = HEIGHT) -> list[Tile]:
    """One tile a size, as square as can be, the given order kept; together they fill the picture.

    A size below ``LEAST`` of the whole is drawn as that. Nothing for no sizes.
    """
    whole = sum(sizes)
    if not sizes or whole <= 0:
        return []
    raised = [max(size / whole, LEAST) for size in sizes]
    areas = [share / sum(raised) * width * height for share in raised]
    found: list[Tile] = []
    x = y = 0.0
    while areas:
        side = min(width, height)
        count = _row(areas, side)
        thick = sum(areas[:count]) / side
        along = 0.0
        for area in areas[:count]:
            long = area / thick
            tile = Tile(x, y + along, thick, long) if height <= width else Tile(x + along, y, long, thick)
            found.append(tile)
            along += long
        if height <= width:
            x, width = x + thick, width - thick
        else:
            y, height = y + thick, height - thick
        areas = areas[count:]
    return [Tile(round(t.x, 1), round(t.y, 1), round(t.width, 1), round(t.height, 1)) for t in found]


def _row(areas: Sequence[float], side: float) -> int:
    """How many of the next tiles stand in one row along ``side``: as long as the worst of them grows squarer."""
    best, worst = 1, _worst(areas[:1], side)
    for count in range(2, len(areas) + 1):
        shape = _worst(areas[:count], side)
        if shape > worst:
            break
        best, worst = count, shape
    return best


def _worst(areas: Sequence[float], side: float) -> float:
    thick = sum(areas) / side
    return max(max(thick * thick / area, area / (thick * thick)) for area in areas)


def tone(value: float | None, values: Sequence[float]) -> int:
    """1 (lowest) to ``TONES`` by the value's place between the lowest and the highest; 0 for a value not known."""
    if value is None:
        return 0
    low, high = min(values), max(values)
    return 1 + min(int((value - low) / (high - low) * TONES), TONES - 1) if high > low else TONES // 2
