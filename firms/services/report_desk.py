"""Which forms an account has before it, and whether each is open: what the firm's pages start from."""

from __future__ import annotations

from dataclasses import dataclass

from firms.models import DataYear, Extension, Firm, FirmReport, Membership, User
from firms.services.collection import extensions_in_force, refuse_if_closed
from firms.services.refusal import Refusal
from firms.services.report_standing import Standing, standing
from firms.services.reports import EDITABLE, permit

Phase = DataYear.Phase


@dataclass(frozen=True)
class Desk:
    """One form and who looks at it. ``kind``: reporter or manager; ``closed``: why nothing may be typed today, or None."""

    standing: Standing
    kind: str
    data_year: DataYear | None
    extension: Extension | None
    closed: Refusal | None

    @property
    def may_edit(self) -> bool:
        return self.closed is None and self.standing.report.state in EDITABLE

    @property
    def may_submit(self) -> bool:
        return self.may_edit and self.kind == Membership.Kind.MANAGER

    @property
    def may_withdraw(self) -> bool:
        state, manager = self.standing.report.state, self.kind == Membership.Kind.MANAGER
        return self.closed is None and state == FirmReport.State.SUBMITTED and manager


def desk(firm: Firm, year: int, *, by: User) -> Desk:
    """One firm's form of one year. Raises Refusal (403) unless ``by`` speaks for the firm."""
    kind = permit(firm, by)
    row, closed = None, None
    try:
        row = refuse_if_closed(firm.pk, year)
    except Refusal as refusal:
        closed = refusal
    row = row or DataYear.objects.filter(year=year).first()
    extension = extensions_in_force(year).filter(firm=firm).first() if row else None
    return Desk(standing(firm, year), kind, row, extension, closed)


def desks(by: User) -> list[Desk]:
    """The forms of every firm this account speaks for that are asked for now, latest year first."""
    firms = list(Firm.objects.visible_to(by).order_by("name"))
    years = DataYear.objects.filter(phase__in=[Phase.REPORTING, Phase.REVIEWING], locked_at__isnull=True)
    asked = sorted(years.values_list("year", flat=True), reverse=True)
    return [desk(firm, year, by=by) for firm in firms for year in asked]


def earlier(by: User) -> list[FirmReport]:
    """Forms of other years this account's firms have filled in."""
    now = DataYear.objects.filter(phase__in=[Phase.REPORTING, Phase.REVIEWING], locked_at__isnull=True).values("year")
    return list(
        FirmReport.objects.visible_to(by).exclude(year__in=now).select_related("firm").order_by("-year", "firm_id")
    )
