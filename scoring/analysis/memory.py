"""What was worked out once and is asked for again: answers and arrays by key, within a bound."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass
from functools import lru_cache
from threading import Lock
from typing import Any


class Memory:
    """Answers and arrays by key, the ones longest unused forgotten first; safe between threads."""

    def __init__(self, most: int) -> None:
        self.most, self.held = most, 0
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Any | None:
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, value: Any, size: int) -> None:
        if size > self.most // 4:  # one thing may not push out everything else
            return
        with self._lock:
            self.held += size - (self._kept[key][1] if key in self._kept else 0)
            self._kept[key] = value, size
            self._kept.move_to_end(key)
            while self.held > self.most:
                _, (_, gone) = self._kept.popitem(last=False)
                self.held -= gone

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
            self.held = 0


ANSWERS = Memory(64 * 2**20)


def remembered(key: Hashable, make: Callable[[], Any], size: Callable[[Any], int]) -> Any:
    """What is kept under ``key``, made now if nothing is; ``size`` in bytes of what was made, without its key."""
    found = ANSWERS.get(key)
    if found is None:
        found = make()
        ANSWERS.put(key, found, size(found) + weight(key))
    return found


def weight(key: Any) -> int:
    """Bytes of a key, roughly: lists pasted into conditions are kept with it, and are larger than a small zone's answer."""
    return sys.getsizeof(key) + sum(map(_weighed, key if isinstance(key, tuple) else (key,)))


@lru_cache(16)  # the same conditions are weighed for every period
def _weighed(part: Any) -> int:
    inside: Any = ()
    if isinstance(part, tuple):
        inside = part
    elif is_dataclass(part) and not isinstance(part, type):
        inside = [getattr(part, field.name) for field in fields(part)]
    return sys.getsizeof(part) + sum(map(_weighed.__wrapped__, inside))
