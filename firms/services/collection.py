"""Collecting a year's facts: who may fill in when. The year's row says what phase it is in and holds the deadlines."""

from __future__ import annotations

from django.db import connection, models
from django.utils import timezone

from firms.models import DataYear, Extension
from firms.services.filings import refuse_if_locked
from firms.services.refusal import Refusal

Phase = DataYear.Phase


def refuse_if_closed(firm_id: int, year: int, *, hold: bool = False) -> DataYear:
    """Raises Refusal unless this firm may fill in its forms for this year today; returns the year's row (two queries at most).

    Open means: not locked; in 填报 and not past ``firms_due_on`` (that day included; no date, no deadline); or by an extension in
    force, which also holds in 审核. ``hold``: nobody changes phase, deadlines or lock until the caller's transaction ends
    (for submitting: a draft is no fact and need not wait for an import that holds the year).
    """
    row = _held(year) if hold else DataYear.objects.filter(year=year).first()
    refuse_if_locked(row)
    if row is None or row.phase == Phase.PREPARING:
        raise Refusal(
            "not_open", f"{year}年度尚未开放填报。", place=f"{year}年度", hint="开放后会在站内消息中通知，请届时填报。"
        )
    today = timezone.localdate()
    if row.phase == Phase.REPORTING and (row.firms_due_on is None or today <= row.firms_due_on):
        return row
    if row.phase in (Phase.REPORTING, Phase.REVIEWING):
        if extensions_in_force(year).filter(firm_id=firm_id).exists():
            return row
        due = f"（截止日{row.firms_due_on:%Y-%m-%d}）" if row.firms_due_on else ""
        raise Refusal(
            "past_due", f"{year}年度填报已经截止{due}。", place=f"{year}年度", hint="确需补报的，请联系积分办申请延期。"
        )  # fmt: skip
    raise Refusal(
        "collection_over", f"{year}年度已进入{row.get_phase_display()}阶段，不再接受填报。", place=f"{year}年度",
        hint="确需更正的，请联系积分办。",
    )  # fmt: skip


def extensions_in_force(year: int) -> models.QuerySet[Extension]:
    """Extensions of a year that still run today."""
    return Extension.objects.filter(year=year, revoked_at__isnull=True, due_on__gte=timezone.localdate())


def _held(year: int) -> DataYear | None:
    """The year's row, shared with others who only read it, against whoever would change it (in a transaction).

    SQLite has one writer at a time: whoever is in a writing transaction has it to himself.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM firms_datayear WHERE year = %s FOR SHARE", [year])
    return DataYear.objects.filter(year=year).first()
