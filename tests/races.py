"""Two at once: callers that wait for one another where it hurts, each on a connection of its own.

``meet`` lets two callers of a function reach it together. With the lock under test in place the second never arrives while
the first holds it, and the first goes on after ``PATIENCE``; with the lock taken away (the control) both pass at once.
"""

import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from django.db import connection, connections

from firms.services.refusal import Refusal

PATIENCE = 5  # seconds: long enough that a slow machine does not pass for a lock


def needs_real_connections() -> None:
    """Skip where there is one writer at a time and nobody to meet."""
    if connection.vendor != "postgresql":
        pytest.skip("two connections at once need PostgreSQL; SQLite takes one writer at a time")


def meet(monkeypatch, where: object, name: str, callers: int = 2, *, after: bool = False) -> None:
    """``callers`` of ``where.name`` wait for each other before it runs (``after``: once it has)."""
    barrier, plain = threading.Barrier(callers), getattr(where, name)

    def wait() -> None:
        with suppress(threading.BrokenBarrierError):
            barrier.wait(timeout=PATIENCE)

    def meeting(*args, **kwargs):
        if not after:
            wait()
        found = plain(*args, **kwargs)
        if after:
            wait()
        return found

    monkeypatch.setattr(where, name, meeting)


def at_once(*deeds: Callable[[], object]) -> list[object]:
    """What each deed answered, in the order of the answers: what it returned, or the code of its refusal; an accident's name."""
    answers: list[object] = []

    def run(deed: Callable[[], object]) -> None:
        try:
            answers.append(deed())
        except Refusal as refusal:
            answers.append(refusal.code)
        except Exception as error:
            answers.append(type(error).__name__)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def outcomes(*deeds: Callable[[], object]) -> list[str]:
    """``at_once``, sorted, each "done", "no" for a plain False, or the code of its refusal."""

    def told(deed: Callable[[], object]) -> str:
        return "no" if deed() is False else "done"

    return sorted(map(str, at_once(*[lambda deed=deed: told(deed) for deed in deeds])))
