"""What is published: the pointers, read anew at every request, and the periods and runs that hang on them unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import InterfaceError, OperationalError, connection

from scoring.models import EvaluationPeriod

# A run never changes; its digest and time stand beside its number, so that a number given anew (a database put back from
# a backup) is never taken for the old one. Times as text: they are compared, not read. What else the office shows and takes
# down moves them too: each deed on an announcement or an honour list makes one more of them or moves a version on.
POINTERS = """
    SELECT p.year_id, p.name, p.published_run_id, CAST(p.published_at AS text), p.version,
           r.inputs_digest, CAST(r.created_at AS text),
           (SELECT CAST(COUNT(*) AS text) || ' ' || CAST(COALESCE(SUM(version), 0) AS text) || ' '
                   || COALESCE(CAST(MAX(updated_at) AS text), '') FROM scoring_announcement WHERE state <> 'draft'),
           (SELECT CAST(COUNT(*) AS text) || ' ' || CAST(COALESCE(SUM(version), 0) AS text) || ' '
                   || COALESCE(CAST(MAX(issued_at) AS text), '') FROM scoring_honourlist)
    FROM scoring_evaluationperiod p JOIN scoring_run r ON r.id = p.published_run_id ORDER BY p.year_id
"""
STATES = 4  # the one in force, and those a request or two may still be reading
Pointers = tuple[tuple[Any, ...], ...]
_pinned: ContextVar[Pointers | None] = ContextVar("pointers of publication", default=None)
_known: dict[Pointers, list[EvaluationPeriod]] = {}


def pointers() -> Pointers:
    """What is published: the state pinned, or what the database says now."""
    state = _pinned.get()
    return _read_pointers() if state is None else state


def _read_pointers() -> Pointers:
    """In one round trip: this query is itself the check that a kept connection still works."""
    connection.health_check_done = True
    try:
        return _fetch()
    except (InterfaceError, OperationalError):
        connection.close()
        return _fetch()


@contextmanager
def pinned(state: Pointers) -> Iterator[None]:
    """Inside, a page is made for ``state``: the one it will be kept under."""
    token = _pinned.set(state)
    try:
        yield
    finally:
        _pinned.reset(token)


def published_periods() -> list[EvaluationPeriod]:
    """Published periods with their runs, latest first, read anew when a pointer has moved. Shared: not to be changed."""
    state = pointers()
    periods = _known.get(state)
    if periods is None:
        periods = _read()
        if _read_pointers() == state:  # nothing moved while they were read, and what moves never comes back the same
            for old in list(_known)[: 1 - STATES]:
                _known.pop(old, None)
            _known[state] = periods
    return periods


def _fetch() -> Pointers:
    with connection.cursor() as cursor:
        cursor.execute(POINTERS)
        return tuple(map(tuple, cursor.fetchall()))


OF_RUN = ("number", "summary", "ranked", "inputs_digest", "created_at")


def _read() -> list[EvaluationPeriod]:
    runs = (f"published_run__{name}" for name in OF_RUN)
    periods = EvaluationPeriod.objects.published().select_related("published_run")
    return list(periods.only("year", "name", "published_at", "version", *runs).order_by("-year_id"))
