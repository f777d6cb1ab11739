"""How one firm's form stands: what it may fill in, what others stated, last year's figures, its files, and what is amiss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from firms import catalogue
from firms.catalogue import Catalogue
from firms.importing.checks import Examined, Typed, examine
from firms.models import Evidence, FactSheet, Filing, Firm, FirmReport, ReportEvent, Source
from firms.services.catalogue import in_force


@dataclass(frozen=True, slots=True)
class Provided:
    """The figure in force of a metric that a department or the public stated: not the firm's to fill in.

    ``source`` and ``department`` (its name, and which register it was counted from, or "") are of the filing that counts,
    ``filing`` its id.
    """

    value: float
    source: str
    department: str
    filed_at: datetime
    filing: int


@dataclass(slots=True)
class Standing:
    """One firm's form of one year as it is now. ``report`` is not in the database before its first cell is typed."""

    firm: Firm
    year: int
    report: FirmReport
    catalogue: Catalogue
    provided: Mapping[str, Provided]
    last_year: Mapping[str, float]
    evidence: Mapping[str, list[Evidence]]
    returned: Mapping[str, Typed]
    examined: Examined

    def examine_with(self, cells: Mapping[str, Mapping]) -> Examined:
        """What would be said of other cells in the same surroundings."""
        return examine(
            {code: Typed.of(cell) for code, cell in cells.items()},
            self.catalogue.metrics,
            provided={code: one.value for code, one in self.provided.items()},
            last_year=self.last_year,
            checks=self.catalogue.checks,
            evidence=self.evidence.keys(),
            returned=self.returned,
        )

    def again(self) -> Standing:
        """Examined once more, after the report's cells changed."""
        self.examined = self.examine_with(self.report.cells)
        return self


def standing(firm: Firm, year: int, report: FirmReport | None = None) -> Standing:
    """Seven queries at most, however much there is. ``report``: the row the caller holds (locked)."""
    if report is None:
        report = FirmReport.objects.filter(firm=firm, year=year).first() or FirmReport(firm=firm, year=year)
    evidence: dict[str, list[Evidence]] = {}
    files = Evidence.objects.filter(firm=firm, year=year, removed_at__isnull=True).exclude(metric="")
    for file in files.order_by("id"):
        evidence.setdefault(file.metric, []).append(file)
    last = FactSheet.objects.filter(firm=firm, year=year - 1).values_list("values", flat=True).first()
    found = Standing(
        firm, year, report, in_force(), provided(firm, year), last or {}, evidence, _returned(report), Examined()
    )
    return found.again()


def provided(firm: Firm, year: int) -> dict[str, Provided]:
    """Metric code → what was stated about it by anybody but the firm itself (two queries)."""
    sheet = FactSheet.objects.filter(firm=firm, year=year).only("values", "winners").first()
    if sheet is None:
        return {}
    filings = {
        row.pk: row for row in Filing.objects.in_force().filter(firm=firm, year=year).select_related("department")
    }
    stated = {code for row in filings.values() if row.source != Source.FIRM for code in row.values}
    found = {}
    for code in stated & sheet.values.keys():
        row = filings.get(sheet.winners.get(code, 0))
        if row is not None:
            department = row.department.name if row.department else ""
            if row.source == Source.REGISTER:
                register = catalogue.load().counted
                department = _("%(department)s（%(register)s台账）") % {
                    "department": department,
                    "register": register.name,
                }
            found[code] = Provided(sheet.values[code], row.source, department, row.filed_at, row.pk)
    return found


def _returned(report: FirmReport) -> dict[str, Typed]:
    """The cells the last review sent back, as they were then; only while they are being mended."""
    codes = [code for code in report.remarks if code]
    if report.state == FirmReport.State.SUBMITTED or not codes or not report.pk:
        return {}
    event = report.events.filter(kind=ReportEvent.Kind.RETURNED).order_by("-id").first()
    return {code: Typed.of(event.cells.get(code)) for code in codes} if event else {}
