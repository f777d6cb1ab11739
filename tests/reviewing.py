"""What tests of access need of the review desk."""

from typing import Any

from firms.models import Firm, FirmReport, Reopening, User


def world(own: Firm, asked_by: User) -> dict[str, Any]:
    """The firm's form (made by ``tests.reporting.world``) and an application to reopen it."""
    report = FirmReport.objects.get(firm=own)
    reopening = Reopening.objects.create(report=report, reason="漏报", asked_by=asked_by)
    return {"report": report.pk, "reopening": reopening.pk}
