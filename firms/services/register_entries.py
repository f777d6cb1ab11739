"""One entry of a register put in by hand: what a firm claimed and a department verified."""

from __future__ import annotations

from firms import catalogue
from firms.importing.claims import alike
from firms.models import Department, Firm, RegisterEntry, User
from firms.models.register import DatedFact
from firms.services import audit, register_figures
from firms.services.registers import refuse_if_judged, stated

_KEY = ("kind", "category", "level", "title", "starts_on")
_NUMBERED = ("kind", "category", "document_number")
_FACT = (*_KEY, "ends_on", "amount", "quantity", "document_number")


def enter(fact: DatedFact, *, firm: Firm, department: Department, by: User) -> tuple[RegisterEntry, bool]:
    """The entry in force that states this fact, and whether it was made now: the same fact twice is one entry.

    In the caller's transaction, under the register's mutex (its owners' rows, as imports take it). Raises Refusal where a
    locked year would be judged otherwise.
    """
    hold(fact.kind)
    key = _NUMBERED if catalogue.load().registers[fact.kind].numbered else _KEY
    known = RegisterEntry.objects.in_force().filter(firm=firm, **{name: getattr(fact, name) for name in key}).first()
    if known is not None:
        return known, False
    if key is _NUMBERED:
        register_figures.refuse_elsewhere(fact.kind, fact.category, fact.document_number, firm.pk)
    entry = RegisterEntry(firm=firm, department=department, **{name: getattr(fact, name) for name in _FACT})
    refuse_if_judged(None, stated(entry))
    entry.save(force_insert=True)
    register_figures.restate(entry.kind, [(firm.pk, entry.starts_on.year)], by_id=by.pk)
    audit.record("register.enter", f"登记 {firm.name} {entry}", by=by, target=entry, after=stated(entry))
    return entry, True


def look_alike(fact: DatedFact, *, firm: Firm) -> RegisterEntry | None:
    """An entry in force that may be the same matter said otherwise; None too where one states the very same fact.

    In the caller's transaction, under the register's mutex like ``enter``.
    """
    hold(fact.kind)
    if catalogue.load().registers[fact.kind].default_title:
        return None  # a status and its renewals: its title says nothing, and it does not count twice
    near = list(RegisterEntry.objects.in_force().filter(firm=firm, kind=fact.kind).order_by("pk"))
    key = _NUMBERED if catalogue.load().registers[fact.kind].numbered else _KEY
    if any(all(getattr(entry, name) == getattr(fact, name) for name in key) for entry in near):
        return None
    return next((entry for entry in near if alike(entry, fact)), None)


def hold(kind: str) -> None:
    """Nobody else writes into this register until the transaction ends."""
    owners = Department.objects.filter(code__in=catalogue.load().registers[kind].owners).order_by("id")
    list(owners.select_for_update(no_key=True))
