"""How unusual a figure is among its peers: a robust distance on a logarithmic scale, one scale for each sign.

A figure of the wrong unit (元 for 万元) is ten thousand times too large, not a little: only ratios count, and the median and
the median absolute deviation stay where they are however far off a few figures stand. Zero has no ratio to anything: it
is stated on purpose (已确认为零) and is left to the comparison with last year.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# These three are ours, not the regulation's; a flag asks a person to look, it decides nothing.
FLAGGED = 3.5  # Iglewicz and Hoaglin's usual bound for the robust score
FEWEST = 8  # with fewer peers of the same sign nothing is said
# The least spread: nobody within a factor of two of the median is unusual, however alike the peers are (log 2 < 3.5 x 0.2).
LEAST_SPREAD = 0.2
_TO_DEVIATION = 1.4826  # median absolute deviation → standard deviation of a normal distribution


@dataclass(frozen=True, slots=True)
class Side:
    """The peers of one sign: how many, and centre and spread of the logarithms of their magnitudes."""

    count: int
    centre: float
    spread: float


@dataclass(frozen=True, slots=True)
class Peers:
    """One metric among the firms of one stage. Quartiles and median are of the figures themselves, in their unit."""

    count: int
    lower: float
    median: float
    upper: float
    above: Side | None
    below: Side | None


def measure(values: Iterable[float] | NDArray[np.float64]) -> Peers | None:
    """What the figures of the peers are like; order does not matter, NaN is nobody. None without any figure."""
    array = np.asarray(values if isinstance(values, np.ndarray) else list(values), dtype=np.float64)
    array = array[np.isfinite(array)]
    if not array.size:
        return None
    lower, median, upper = (float(q) for q in np.quantile(array, (0.25, 0.5, 0.75)))
    return Peers(int(array.size), lower, median, upper, _side(array[array > 0]), _side(-array[array < 0]))


def _side(magnitudes: NDArray[np.float64]) -> Side | None:
    if not magnitudes.size:
        return None
    logs = np.log(magnitudes)
    centre = float(np.median(logs))
    spread = _TO_DEVIATION * float(np.median(np.abs(logs - centre)))
    return Side(int(magnitudes.size), centre, max(spread, LEAST_SPREAD))


def distance(value: float, peers: Peers | None) -> float | None:
    """|log x − median(log)| / (1.4826·MAD) among the peers of the same sign; None where nothing can be said."""
    if peers is None or value == 0 or not np.isfinite(value):
        return None
    side = peers.above if value > 0 else peers.below
    if side is None or side.count < FEWEST:
        return None
    return abs(float(np.log(abs(value))) - side.centre) / side.spread


def is_flagged(value: float, peers: Peers | None) -> bool:
    found = distance(value, peers)
    return found is not None and found > FLAGGED
