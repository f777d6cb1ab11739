"""Work done one step ahead of its use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Item = TypeVar("Item")


def ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The same items in the same order, the next one made by a second thread while the one before is in use.

    For work that waits for nobody and touches nothing of the caller's, least of all its database connection.
    """
    end: Any = object()
    source = iter(items)
    with ThreadPoolExecutor(1) as second:
        coming = second.submit(next, source, end)
        while (item := coming.result()) is not end:
            coming = second.submit(next, source, end)
            yield item
