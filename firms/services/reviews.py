"""审核: the office accepts a firm's form or sends it back.

Accepting is one transaction: the figures become a filing, the sheet is folded, the form is closed, or nothing happened. Locks are
taken in one order everywhere: the form's row, then the year's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from firms.models import DataYear, FirmReport, ReportEvent, Source, User
from firms.permissions import may_run_periods
from firms.services import audit, extensions, filings, messages, reports
from firms.services.catalogue import in_force
from firms.services.collection import refuse_if_closed
from firms.services.refusal import Refusal

State, Kind, Phase = FirmReport.State, ReportEvent.Kind, DataYear.Phase
LONGEST_REASON = 200
MOST_AT_ONCE = 200
MENDING_DAYS = 7  # what a firm gets to mend its form in where the deadline has passed


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one form of many; ``message`` is empty where it was done."""

    report: int
    firm: str
    done: bool
    message: str = ""


@transaction.atomic
def accept(report: FirmReport, *, edition: int, by: User) -> FirmReport:
    """The figures of the form as it was seen (``edition``) count from now on, in place of those accepted earlier.

    The same officer's second click finds the first one's outcome. Raises Refusal: decided by somebody else, taken back or changed
    meanwhile, the year locked or past 审核 (409), not the office (403).
    """
    row = held(report, by)
    year = filings.lock_year(row.year)
    if _is_mine(row, State.ACCEPTED, edition, by):
        return row
    _refuse_unless_waiting(row, year, edition)
    figures = reports.figures(row)
    before = row.filing_id
    row.filing_id = _file(row, figures, by)
    filings.refold(row.year, [row.firm_id])
    decide(row, State.ACCEPTED, {}, by)
    record(
        row,
        Kind.ACCEPTED,
        by,
        "report.accept",
        "通过",
        before={"filing": before},
        after={"filing": row.filing_id, "figures": figures},
    )
    tell_firm(row, "accepted", "已通过审核", "所填数据已经生效。确需更正的，请联系积分办申请重新开放。")
    return row


def _file(row: FirmReport, figures: Mapping[str, float], by: User) -> int | None:
    """The filing that now speaks for the firm; none where it states nothing and never did."""
    if not figures and not row.firm.filings.filter(year=row.year, source=Source.FIRM).exists():
        return None
    new = filings.NewFiling(row.firm_id, figures)
    return filings.append([new], year=row.year, source=Source.FIRM, by_id=by.pk)[0]


@transaction.atomic
def return_(
    report: FirmReport, *, edition: int, remarks: Mapping[str, str], by: User, due_on: dt.date | None = None
) -> FirmReport:
    """Send the form back. ``remarks``: metric code → why, "" for the form as a whole; at least one.

    Where the firm could no longer fill in, it gets until ``due_on`` (a week by default). Refusals as of ``accept``.
    """
    row = held(report, by)
    year = filings.lock_year(row.year)
    said = _checked(remarks)
    if _is_mine(row, State.RETURNED, edition, by) and row.remarks == said:
        return row
    _refuse_unless_waiting(row, year, edition)
    decide(row, State.RETURNED, said, by)
    extended = let_in(row, due_on, "填报表退回修改", by)
    record(row, Kind.RETURNED, by, "report.return", "退回", remarks=said, after={"remarks": said, "due_on": extended})
    names = {code: spec.name for code, spec in in_force().metrics.items()}
    lines = [f"{names[code]}：{why}" if code else why for code, why in said.items()]
    until = f"请于{extended:%Y-%m-%d}前（含当日）修改后重新提交。" if extended else "请修改后重新提交。"
    tell_firm(row, "returned", "被退回，请修改", "\n".join([*lines, until]))
    return row


def _checked(remarks: Mapping[str, str]) -> dict[str, str]:
    said = {code: why.strip() for code, why in remarks.items() if why.strip()}
    if not said or len(said) != len(remarks):
        raise Refusal(
            "no_reason",
            "退回必须写明原因。",
            place="退回原因",
            hint="请为每个要退回的单元格选择或填写原因。",
            status=400,
        )
    if any(len(why) > LONGEST_REASON for why in said.values()):
        raise Refusal(
            "too_long", f"原因不能超过{LONGEST_REASON}字。", place="退回原因", hint="请写得简短些。", status=400
        )
    unknown = said.keys() - in_force().metrics.keys() - {""}
    if unknown:
        raise Refusal(
            "unknown_metric", "没有这个数据项。", place=min(unknown)[:48], hint="请刷新页面后重试。", status=400
        )
    return said


def accept_many(editions: Mapping[int, int], *, by: User) -> list[Outcome]:
    """Accept each of these forms (id → edition seen), one transaction each: one that cannot be does not stop the others."""
    return _each(editions, lambda report, edition: accept(report, edition=edition, by=by), by)


def return_many(editions: Mapping[int, int], *, reason: str, by: User, due_on: dt.date | None = None) -> list[Outcome]:
    """Send each of these forms back for the same reason; as ``accept_many``."""
    remarks = _checked({"": reason})
    return _each(
        editions, lambda report, edition: return_(report, edition=edition, remarks=remarks, by=by, due_on=due_on), by
    )


def _each(editions: Mapping[int, int], deed: Callable[[FirmReport, int], object], by: User) -> list[Outcome]:
    if not editions:
        raise Refusal("none_chosen", "没有选择填报表。", place="批量审核", hint="请先勾选，再点按钮。", status=400)
    if len(editions) > MOST_AT_ONCE:
        raise Refusal(
            "too_many", f"一次最多处理{MOST_AT_ONCE}份。", place="批量审核", hint="请分几次处理。", status=400
        )
    found = FirmReport.objects.visible_to(by).select_related("firm").in_bulk(editions)
    outcomes = []
    for pk, report in sorted(found.items()):
        try:
            deed(report, editions[pk])
        except Refusal as refusal:
            outcomes.append(Outcome(pk, report.firm.name, False, f"{refusal.message}{refusal.hint}"))
        else:
            outcomes.append(Outcome(pk, report.firm.name, True))
    return outcomes


def changed_cells(now: Mapping[str, Mapping], before: Mapping[str, Mapping]) -> set[str]:
    """The metrics whose state or figure differs between two versions of a form's cells; words alone are no change."""

    def said(cells: Mapping[str, Mapping], code: str) -> tuple[str, str]:
        cell = cells.get(code) or {}
        state = str(cell.get("state", ""))
        return state, str(cell.get("text", "")).strip() if state == "value" else ""

    return {code for code in now.keys() | before.keys() if said(now, code) != said(before, code)}


def held(report: FirmReport, by: User) -> FirmReport:
    """The form's row, locked, with its firm."""
    if not may_run_periods(by):
        raise Refusal("not_office", "只有积分办可以审核填报表。", place="审核", hint="请使用积分办的账号。", status=403)
    return (
        FirmReport.objects.select_for_update(no_key=True, of=("self",))
        .select_related("firm", "decided_by")
        .get(pk=report.pk)
    )


def _is_mine(row: FirmReport, state: str, edition: int, by: User) -> bool:
    return row.state == state and row.edition == edition and row.decided_by_id == by.pk


def _refuse_unless_waiting(row: FirmReport, year: DataYear, edition: int) -> None:
    refuse_after_review(row, year)
    if row.state in (State.ACCEPTED, State.RETURNED) and row.decided_by is not None:
        raise not_so(
            row, f"{row.decided_by}已于{when(row.decided_at)}将其{'通过' if row.state == State.ACCEPTED else '退回'}"
        )
    if row.state != State.SUBMITTED:
        raise not_so(row, "企业已撤回提交")
    if row.edition != edition:
        raise not_so(row, "企业撤回后又重新提交，内容已有变化")


def not_so(row: FirmReport, message: str) -> Refusal:
    return Refusal(
        "already_decided", f"{message}，没有改动。", place=place_of(row), hint="请刷新页面，按最新内容处理。"
    )


def refuse_after_review(row: FirmReport, year: DataYear) -> None:
    if year.phase not in (Phase.REPORTING, Phase.REVIEWING):
        raise Refusal(
            "wrong_phase", f"{year}现在是{year.get_phase_display()}阶段，不能审核填报表。", place=place_of(row),
            hint="确需审核的，先在评价期页面退回审核阶段。",
        )  # fmt: skip


def decide(row: FirmReport, state: str, remarks: dict[str, str], by: User) -> None:
    row.state, row.remarks, row.decided_by, row.decided_at = state, remarks, by, timezone.now()
    row.save(update_fields=["state", "remarks", "decided_by", "decided_at", "filing", "updated_at"])


def let_in(row: FirmReport, due_on: dt.date | None, reason: str, by: User) -> dt.date | None:
    """Give the firm a day until which it may mend its form, where it has none; that day, or None where it needed none."""
    try:
        refuse_if_closed(row.firm_id, row.year)
    except Refusal:
        day = due_on or timezone.localdate() + dt.timedelta(days=MENDING_DAYS)
    else:
        return None
    extensions.grant(row.firm, row.year, day, reason, by=by)
    return day


def record(
    row: FirmReport, kind: str, by: User, action: str, verb: str, *, remarks: dict[str, str] | None = None, note: str = "",
    before: object = None, after: object = None,
) -> None:  # fmt: skip
    ReportEvent.objects.create(
        report=row, kind=kind, by=by, edition=row.edition, cells=row.cells, remarks=remarks or {}, note=note[:500]
    )
    audit.record(action, f"{verb}{place_of(row)}", by=by, target=row, before=before, after=after)


def tell_firm(row: FirmReport, what: str, title: str, body: str) -> None:
    count = row.events.count()  # a form may be returned more than once in one edition
    messages.tell(
        messages.people_of_firm(row.firm), key=f"report.{what}:{row.pk}:{row.edition}:{count}", title=f"{row.year}年度填报表{title}",
        body=body, link=reverse("firms:report", args=[row.firm.credit_code, row.year]),
    )  # fmt: skip


def place_of(row: FirmReport) -> str:
    return f"{row.firm.name}{row.year}年度填报表"


def desk_of(row: FirmReport) -> str:
    """Where the office decides on a form."""
    return reverse("scoring:review_report", args=[row.pk])


def when(moment: dt.datetime | None) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}" if moment else ""
