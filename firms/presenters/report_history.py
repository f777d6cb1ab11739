"""A form's whole life: who did what when, and what changed from one submission to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from firms.models import Firm, FirmReport, Metric, ReportEvent, User
from firms.presenters.reports import TONES, told

EVENT_TONES = {"submitted": "accent", "returned": "bad", "accepted": "good", "reopened": "accent"}


@dataclass(frozen=True)
class Difference:
    name: str
    before: str
    after: str


@dataclass(frozen=True)
class EventView:
    kind: str
    tone: str
    at: datetime
    by: str
    note: str
    remarks: list[tuple[str, str]]
    changes: list[Difference]
    first: bool


@dataclass(frozen=True)
class HistoryPage:
    firm: Firm
    year: int
    state: str
    tone: str
    events: list[EventView]


def history(user: User, firm: Firm, year: int) -> HistoryPage:
    """Latest event first. Four queries. Raises FirmReport.DoesNotExist where nothing was ever filled in."""
    report = FirmReport.objects.visible_to(user).get(firm=firm, year=year)
    names = {row.code: str(row) for row in Metric.objects.all()}
    events, before = [], None
    for event in report.events.select_related("by").order_by("id"):
        handed_in = event.kind == ReportEvent.Kind.SUBMITTED
        events.append(
            EventView(
                kind=event.get_kind_display(),
                tone=EVENT_TONES.get(event.kind, ""),
                at=event.at,
                by=_who(event, user),
                note=event.note,
                remarks=[(names.get(code, code) if code else _("整张表"), why) for code, why in event.remarks.items()],
                changes=_changes(before, event.cells, names) if handed_in and before is not None else [],
                first=handed_in and before is None,
            )
        )
        before = event.cells if handed_in else before
    return HistoryPage(firm, year, report.get_state_display(), TONES.get(report.state, ""), events[::-1])


def _who(event: ReportEvent, user: User) -> str:
    """Officers act for their office; a firm need not know their names."""
    if event.by is None:
        return _("系统")
    if user.role == "firm" and event.by.role != "firm":
        return event.by.department.name if event.by.department_id and event.by.department else _("积分办")
    return str(event.by)


def _changes(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]
) -> list[Difference]:
    codes = [*(code for code in names if code in before or code in after)]
    found = []
    for code in codes:
        old, new = before.get(code, {}), after.get(code, {})
        if (told(old), old.get("reason", "")) == (told(new), new.get("reason", "")):
            continue
        found.append(Difference(names[code], _worded(old), _worded(new)))
    return found


def _worded(cell: Mapping[str, Any]) -> str:
    if not cell:
        return "—"
    reason = cell.get("reason", "")
    return f"{told(cell)}（{_('说明：')}{reason}）" if reason else told(cell)
