"""延期: one firm may fill in past the deadline, until a day, for a reason, by the office's leave."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from firms.models import DataYear, Extension, Firm, User
from firms.permissions import may_run_periods
from firms.services import audit, filings, messages
from firms.services.refusal import Refusal

LONGEST = 180  # days from today: further than that is a slip of the year


@transaction.atomic
def grant(firm: Firm, year: int, due_on: dt.date, reason: str, *, by: User) -> Extension:
    """Let this firm fill in until ``due_on`` (that day included). An earlier extension of the year is replaced.

    Raises Refusal: not the office (403), no reason or a day that is past, too far or no later than everybody's (400), a year
    that is locked or takes no reports (409).
    """
    place = f"{firm.name}，{year}年度"
    _permit(by, place)
    if not reason.strip():
        raise Refusal("reason_required", "请写明延期原因。", place="原因", hint="例如：审计报告尚未出具。", status=400)
    row = DataYear.objects.select_for_update(no_key=True).filter(year=year).first()
    filings.refuse_if_locked(row)
    if row is None or row.phase not in (DataYear.Phase.REPORTING, DataYear.Phase.REVIEWING):
        raise Refusal(
            "not_collecting", f"{year}年度{row.get_phase_display() if row else '尚未建立'}，没有可以延期的填报。", place=place,
            hint="填报或审核阶段才能延期。",
        )  # fmt: skip
    today = timezone.localdate()
    usual = row.firms_due_on if row.phase == DataYear.Phase.REPORTING else None
    if due_on < today or due_on > today + dt.timedelta(days=LONGEST) or (usual and due_on <= usual):
        after = f"，且晚于统一截止日{usual}" if usual else ""
        raise Refusal(
            "bad_day", f"延至{due_on}不可行。", place="延至", status=400,
            hint=f"请选择今天（{today}）起{LONGEST}天内的日期{after}。",
        )  # fmt: skip
    earlier = list(Extension.objects.select_for_update().filter(firm=firm, year=year, revoked_at__isnull=True))
    for old in earlier:
        _end(old, by)
    made = Extension.objects.create(firm=firm, year=year, due_on=due_on, reason=reason.strip()[:500], approved_by=by)
    audit.record(
        "extension.grant", f"{firm.name}{year}年度填报延至{due_on}：{made.reason}", by=by, target=made,
        before={"due_on": str(earlier[0].due_on)} if earlier else None,
        after={"firm": firm.credit_code, "year": year, "due_on": str(due_on), "reason": made.reason},
    )  # fmt: skip
    messages.tell(
        messages.people_of_firm(firm), key=f"extension:{made.pk}", title=f"{year}年度填报已延至{due_on}",
        body=f"{firm.name}{year}年度填报经批准延至{due_on}（含当日）。原因：{made.reason}", link=_workbench(),
    )  # fmt: skip
    return made


@transaction.atomic
def revoke(extension: Extension, *, by: User) -> Extension:
    """Take an extension back: the firm may fill in only as long as everybody may."""
    _permit(by, str(extension))
    held = Extension.objects.select_for_update(of=("self",)).select_related("firm").get(pk=extension.pk)
    if held.revoked_at is not None:
        raise Refusal("already_revoked", "该延期已经撤销。", place=str(held), hint="请刷新页面查看。")
    _end(held, by)
    audit.record("extension.revoke", f"撤销延期：{held}", by=by, target=held, before={"due_on": str(held.due_on)})
    messages.tell(
        messages.people_of_firm(held.firm), key=f"extension.revoked:{held.pk}", title=f"{held.year}年度填报延期已撤销",
        body=f"{held.firm.name}{held.year}年度填报的延期（至{held.due_on}）已撤销。", link=_workbench(),
    )  # fmt: skip
    return held


def _end(extension: Extension, by: User) -> None:
    extension.revoked_by, extension.revoked_at = by, timezone.now()
    extension.save(update_fields=["revoked_by", "revoked_at"])


def _permit(by: User, place: str) -> None:
    if not may_run_periods(by):
        raise Refusal("not_office", "延期由积分办批准。", place=place, hint="请联系积分办。", status=403)


def _workbench() -> str:
    try:
        return reverse("firms:workbench")
    except NoReverseMatch:
        return ""
