"""重新开放: a change after acceptance takes two officers, one who asks and another who decides."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from firms.models import FirmReport, Reopening, ReportEvent, User
from firms.services import filings, messages, reviews
from firms.services.refusal import Refusal


@transaction.atomic
def ask(report: FirmReport, *, reason: str, by: User) -> Reopening:
    """Ask for an accepted form to be opened again; another officer decides. What was accepted counts until then."""
    row = reviews.held(report, by)
    year = filings.lock_year(row.year)
    reviews.refuse_after_review(row, year)
    if row.state != FirmReport.State.ACCEPTED:
        raise reviews.not_so(row, "只有已通过的填报表才需要重新开放")
    if not reason.strip():
        raise Refusal("no_reason", "申请重新开放必须写明原因。", place="原因", hint="请填写后重新提交。", status=400)
    try:
        with transaction.atomic():
            asked = Reopening.objects.create(report=row, reason=reason.strip()[:500], asked_by=by)
    except IntegrityError as error:
        raise Refusal(
            "already_asked",
            "已有一份重新开放申请等待复核。",
            place=reviews.place_of(row),
            hint="请等另一位工作人员复核。",
        ) from error
    reviews.record(row, ReportEvent.Kind.REOPEN_ASKED, by, "report.ask_reopening", "申请重新开放", note=asked.reason)
    others = messages.people_of_office().exclude(pk=by.pk)
    messages.tell(
        others, key=f"reopening.asked:{asked.pk}", title=f"重新开放申请待复核：{row.firm.name}"[:100],
        body=f"{by}申请重新开放{reviews.place_of(row)}。原因：{asked.reason}", link=reviews.desk_of(row),
    )  # fmt: skip
    return asked


@transaction.atomic
def decide(reopening: Reopening, *, granted: bool, by: User, note: str = "") -> Reopening:
    """The second pair of eyes: never the person who asked. Granted, the form is the firm's to mend again."""
    row = reviews.held(reopening.report, by)
    year = filings.lock_year(row.year)
    asked = Reopening.objects.select_for_update(no_key=True).select_related("asked_by").get(pk=reopening.pk)
    if asked.decided_at is not None:
        raise Refusal(
            "already_decided", f"该申请已由{asked.decided_by}于{reviews.when(asked.decided_at)}{'同意' if asked.granted else '否决'}。",
            place=reviews.place_of(row), hint="请刷新页面查看结果。",
        )  # fmt: skip
    if asked.asked_by_id == by.pk:
        raise Refusal(
            "second_person", "不能复核自己提出的申请。", place=reviews.place_of(row), hint="请另一位工作人员复核。", status=403
        )  # fmt: skip
    asked.granted, asked.decided_by, asked.decided_at = granted, by, timezone.now()
    asked.save(update_fields=["granted", "decided_by", "decided_at"])
    if granted:
        reviews.refuse_after_review(row, year)
        reviews.decide(row, FirmReport.State.RETURNED, {"": f"重新开放：{asked.reason}"[: reviews.LONGEST_REASON]}, by)
        extended = reviews.let_in(row, None, "填报表重新开放", by)
        reviews.record(
            row,
            ReportEvent.Kind.REOPENED,
            by,
            "report.reopen",
            "重新开放",
            remarks=row.remarks,
            note=note,
            after={"due_on": extended},
        )
        until = f"请于{extended:%Y-%m-%d}前（含当日）修改后重新提交。" if extended else "请修改后重新提交。"
        reviews.tell_firm(
            row, "reopened", "已重新开放", f"原因：{asked.reason}\n{until}已生效的数据在重新通过前继续有效。"
        )
    else:
        reviews.record(row, ReportEvent.Kind.REOPEN_REFUSED, by, "report.refuse_reopening", "否决重新开放", note=note)
    messages.tell(
        [asked.asked_by], key=f"reopening.decided:{asked.pk}", title=f"重新开放申请{'已同意' if granted else '未获同意'}：{row.firm.name}"[:100],
        body=f"{by}{'同意' if granted else '不同意'}重新开放{reviews.place_of(row)}。{note}", link=reviews.desk_of(row),
    )  # fmt: skip
    return asked
