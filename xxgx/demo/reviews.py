"""What a review desk meets: a figure in 元 where 万元 belongs, a form mended after it was sent back, one asked to be reopened."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from firms.importing.figures import plain
from firms.models import DataYear, FactSheet, FirmReport, Reopening, ReportEvent, User
from firms.services import audit
from firms.services.catalogue import in_force
from xxgx.demo.reports import YEAR

SLIPPED, MENDED = 3, 6  # forms
SLIPS = ("rd_expense", "hightech_revenue", "tech_contract_value", "net_assets", "total_profit", "revenue")
SAID = "已与财务报表核对，数据无误。"
ASKED = "企业来函：技术合同成交额漏报一份合同，申请更正。"
State, Kind = FirmReport.State, ReportEvent.Kind


@transaction.atomic
def load_reviews() -> int:
    """Make some of the demo's waiting forms worth a look; how many. Nothing where that was done or there are none."""
    first, second = (User.objects.filter(username=name).first() for name in ("office", "office-two"))
    waiting = list(FirmReport.objects.filter(year=YEAR, state=State.SUBMITTED).order_by("firm__credit_code"))
    if first is None or second is None or not waiting or Reopening.objects.exists():
        return 0
    # The years before were collected long ago.
    DataYear.objects.filter(year__lt=YEAR, phase=DataYear.Phase.PREPARING, locked_at__isnull=True).update(
        phase=DataYear.Phase.TRIAL
    )
    slipped = sum(_slip(report) for report in waiting[::7][:SLIPPED])
    mended = sum(_mend(report, first) for report in waiting[1::7][:MENDED])
    accepted = FirmReport.objects.filter(year=YEAR, state=State.ACCEPTED).order_by("firm__credit_code").first()
    if accepted is not None:
        Reopening.objects.create(report=accepted, reason=ASKED, asked_by=second)
        ReportEvent.objects.create(
            report=accepted,
            kind=Kind.REOPEN_ASKED,
            by=second,
            edition=accepted.edition,
            cells=accepted.cells,
            note=ASKED,
        )
    audit.record("demo.reviews", f"载入演示审核：{slipped}份填错单位，{mended}份退回后重报", by=None)
    return slipped + mended


def _slip(report: FirmReport) -> bool:
    """One amount ten thousand times too large, with an assurance that it is right."""
    last = FactSheet.objects.filter(firm=report.firm_id, year=YEAR - 1).values_list("values", flat=True).first() or {}
    for code in SLIPS:
        if code in report.cells and last.get(code, 0) > 1:
            report.cells[code] |= {"state": "value", "text": plain(last[code] * 10_400), "reason": SAID}
            report.save(update_fields=["cells"])
            report.events.filter(kind=Kind.SUBMITTED).update(cells=report.cells)
            return True
    return False


def _mend(report: FirmReport, office: User) -> bool:
    """Sent back a few days ago for two figures, mended and handed in again."""
    metrics = in_force().metrics
    own = [code for code, cell in report.cells.items() if cell["state"] == "value" and metrics[code].kind == "amount"][
        :2
    ]
    if not own or report.submitted_at is None or report.submitted_by is None:
        return False
    before = dict(report.cells)
    for code in own:
        value = float(report.cells[code]["text"].replace(",", ""))
        before[code] = report.cells[code] | {"text": plain(round(value * 1.37, 2))}
    again = timezone.now() - timedelta(hours=20)
    submitted = report.events.filter(kind=Kind.SUBMITTED)
    submitted.update(cells=before)
    remarks = dict.fromkeys(own, "与年度财务报表不一致，请核对。")
    sent_back = ReportEvent.objects.create(
        report=report, kind=Kind.RETURNED, by=office, edition=report.edition, cells=before, remarks=remarks
    )
    resubmitted = ReportEvent.objects.create(
        report=report, kind=Kind.SUBMITTED, by=report.submitted_by, edition=report.edition + 2, cells=report.cells
    )
    earliest = min(report.submitted_at, again - timedelta(days=3))
    submitted.exclude(pk=resubmitted.pk).update(at=earliest)
    for event, at in ((sent_back, earliest + timedelta(days=1)), (resubmitted, again)):
        ReportEvent.objects.filter(pk=event.pk).update(at=at)
    report.edition += 2
    report.first_submitted_at, report.submitted_at = earliest, again
    report.decided_by, report.decided_at = office, earliest + timedelta(days=1)
    report.save()
    return True
