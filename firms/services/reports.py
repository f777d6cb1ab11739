"""填报: a firm's own form from its first typed cell to its submission. A reporter fills in, a manager submits.

Typing leaves no audit entry (it is no fact, and comes every second); submitting, withdrawing and asking do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from firms.importing import cells as reading
from firms.importing.checks import NONE, STATES, Finding, Typed, figures_of
from firms.models import Firm, FirmReport, Membership, ReportEvent, Role, User
from firms.permissions import role_of
from firms.services import audit, messages
from firms.services.catalogue import in_force
from firms.services.collection import refuse_if_closed
from firms.services.refusal import Refusal
from firms.services.report_standing import Standing, standing

State = FirmReport.State
EDITABLE = (State.DRAFT, State.RETURNED)
LONGEST_TEXT, LONGEST_REASON = 100, 300
MOST_CHANGES = 500


@dataclass(frozen=True, slots=True)
class Change:
    """One cell as somebody typed it; ``edition`` is the cell's edition they had before them (0: untouched)."""

    code: str
    state: str
    text: str = ""
    reason: str = ""
    edition: int = 0

    @property
    def content(self) -> tuple[str, str, str]:
        return self.state, self.text, self.reason


@dataclass(slots=True)
class Saved:
    """What became of a save. ``editions``: code → the cell's edition now, of every cell taken. ``refused``: code → {code, message, theirs}, where
    ``theirs`` is the cell as it stands (None where the cell is not the firm's to fill)."""

    standing: Standing
    before: int = 0  # the form's edition just before this save
    editions: dict[str, int] = field(default_factory=dict)
    refused: dict[str, dict[str, Any]] = field(default_factory=dict)


def permit(firm: Firm, by: User) -> str:
    """As what this person speaks for the firm (reporter or manager); Refusal (403) where they do not. One query."""
    kind = Membership.objects.filter(user=by, firm=firm).values_list("kind", flat=True).first()
    if role_of(by) != Role.FIRM or kind is None:
        raise Refusal(
            "not_your_firm", "您的账号不代表该企业。", place=firm.name, hint="请使用该企业的账号。", status=403
        )
    return kind


def open_for(firm: Firm, year: int, *, by: User) -> FirmReport:
    """The firm's form of that year, made when it is first written to. Raises Refusal: not theirs, or closed."""
    permit(firm, by)
    refuse_if_closed(firm.pk, year)
    return FirmReport.objects.get_or_create(firm=firm, year=year)[0]


@transaction.atomic
def save_cells(report: FirmReport, changes: Sequence[Change], *, by: User) -> Saved:
    """Keep what was typed, good or not. A cell somebody else changed meanwhile is refused with both texts; others are kept.

    Raises Refusal for the form as a whole: not theirs (403), closed or submitted (409), malformed (400).
    """
    permit(report.firm, by)
    refuse_if_closed(report.firm_id, report.year)
    row = _locked(report)
    _refuse_unless_editable(row)
    saved = Saved(standing(report.firm, row.year, row), row.edition)
    before = row.cells
    for change in _well_formed(changes):
        _take(row, change, saved)
    if row.cells is not before:
        row.edition += 1
        row.save(update_fields=["cells", "edition", "updated_at"])
    _carry_over(row, report)
    saved.standing.report = report
    saved.standing.again()
    return saved


def _locked(report: FirmReport) -> FirmReport:
    return FirmReport.objects.select_for_update(no_key=True).get(pk=report.pk)


def _carry_over(row: FirmReport, report: FirmReport) -> None:
    """The caller's object says what the database does, and keeps the firm it came with."""
    report.cells, report.edition, report.state, report.remarks = row.cells, row.edition, row.state, row.remarks
    for name in ("submitted_by", "submitted_at", "first_submitted_at", "updated_at"):
        setattr(report, name, getattr(row, name))


def _refuse_unless_editable(row: FirmReport) -> None:
    if row.state not in EDITABLE:
        raise Refusal(
            "submitted", f"本表{row.get_state_display()}，不能再改。", place=f"{row.year}年度填报表",
            hint="管理员可先撤回提交。" if row.state == State.SUBMITTED else "确需更正的，请联系积分办重新开放。",
        )  # fmt: skip


def _well_formed(changes: Sequence[Change]) -> Sequence[Change]:
    if len(changes) > MOST_CHANGES or len({change.code for change in changes}) != len(changes):
        raise Refusal("malformed", "一次提交的单元格过多或重复。", place="cells", hint="请刷新页面后重试。", status=400)
    return changes


def _take(row: FirmReport, change: Change, saved: Saved) -> None:
    """Put one change into ``row.cells``, or say in ``saved.refused`` why not."""
    code = change.code
    if code not in saved.standing.catalogue.metrics:
        saved.refused[code] = {"code": "unknown_metric", "message": "没有这个数据项。", "theirs": None}
        return
    if code in saved.standing.provided:
        said = "部门已提供该项数据，不需要再填；认为有误的请提异议。"
        saved.refused[code] = {"code": "provided", "message": said, "theirs": None}
        return
    if change.state not in ("", *STATES) or len(change.text) > LONGEST_TEXT or len(change.reason) > LONGEST_REASON:
        said = f"内容过长（数不超过{LONGEST_TEXT}字，说明不超过{LONGEST_REASON}字）或格式不对。"
        saved.refused[code] = {"code": "too_long", "message": said, "theirs": None}
        return
    wanted = {"state": change.state, "text": reading.shown(change.text), "reason": reading.shown(change.reason)}
    stands = row.cells.get(code) or {"state": "", "text": "", "reason": "", "edition": 0}
    edition = int(stands.get("edition", 0))
    if all(stands.get(name, "") == value for name, value in wanted.items()):
        saved.editions[code] = edition  # the same once more: a retry whose answer was lost
    elif _stale(edition, change):
        said = "该项已被他人（或在另一个窗口）修改，请选择保留哪一个。"
        saved.refused[code] = {"code": "changed_meanwhile", "message": said, "theirs": stands}
    else:
        row.cells = row.cells | {code: wanted | {"edition": edition + 1}}
        saved.editions[code] = edition + 1


def _stale(edition: int, change: Change) -> bool:
    """Whether somebody else changed the cell since the typist saw it."""
    return edition != change.edition


def unanswered(report: FirmReport, *, by: User) -> list[Change]:
    """The changes that would mark every cell nobody has answered as 未提供."""
    found = standing(report.firm, report.year, report)
    return [
        Change(code, NONE, cell.get("text", ""), cell.get("reason", ""), cell.get("edition", 0))
        for code in found.catalogue.metrics
        if code not in found.provided and not Typed.of(cell := report.cells.get(code) or {}).answered
    ]


@transaction.atomic
def submit(report: FirmReport, *, edition: int, by: User) -> FirmReport:
    """Hand the form in as it was seen (``edition``): locked until a review decides, or its manager withdraws it.

    Once: the same submission again finds the first one's outcome. Raises Refusal: not a manager (403), somebody changed the
    form since (409), closed (409), or not ready, with ``fields`` = metric code → what stands in the way.
    """
    _manager_only(report, by, "提交")
    row = _locked(report)
    if row.state == State.SUBMITTED and row.edition == edition:
        _carry_over(row, report)
        return report
    _refuse_unless_editable(row)
    refuse_if_closed(row.firm_id, row.year, hold=True)
    if row.edition != edition:
        raise Refusal(
            "changed_meanwhile", "本表已被他人修改，没有提交。", place=f"{row.year}年度填报表",
            hint="请核对最新内容后再提交。",
        )  # fmt: skip
    found = standing(report.firm, row.year, row)
    _refuse_unless_ready(found, row)
    # What a department has stated since is its to state: such cells leave the form, and the trail keeps what they said.
    dropped = {code: cell for code, cell in row.cells.items() if code in found.provided}
    row.cells = {code: cell for code, cell in row.cells.items() if code not in dropped}
    row.state, row.submitted_by, row.submitted_at = State.SUBMITTED, by, timezone.now()
    row.first_submitted_at = row.first_submitted_at or row.submitted_at
    row.save()
    _event(row, ReportEvent.Kind.SUBMITTED, by)
    messages.tell(
        messages.people_of_firm(report.firm).exclude(pk=by.pk), key=f"report.submitted:{row.pk}:{row.edition}",
        title=f"{row.year}年度填报表已提交", body=f"{by}已提交{report.firm.name}的{row.year}年度填报表，等待积分办审核。",
        link=_link(report), mail=False,
    )  # fmt: skip
    audit.record(
        "report.submit", f"提交{row.year}年度填报表：{report.firm.name}", by=by, target=row,
        before={"dropped": dropped} if dropped else None,
        after={"edition": edition, "figures": figures_of(row.cells, found.catalogue.metrics)},
    )  # fmt: skip
    _carry_over(row, report)
    return report


def save_and_submit(report: FirmReport, changes: Sequence[Change], *, edition: int, by: User) -> Saved:
    """Submit the form together with what its page still held. What was typed stays saved even where submitting is refused.

    ``edition`` is the form's edition the page last knew. Raises what ``save_cells`` and ``submit`` raise, not if a cell is
    refused: then nothing was submitted, and ``Saved.refused`` says which.
    """
    _carry_over(FirmReport.objects.get(pk=report.pk), report)
    if report.state == State.SUBMITTED and _says(report, changes):  # the same form sent twice
        return Saved(standing(report.firm, report.year, report), report.edition)
    saved = save_cells(report, changes, by=by)
    if not saved.refused:
        submit(report, edition=report.edition if saved.before == edition else edition, by=by)
    return saved


def _says(report: FirmReport, changes: Sequence[Change]) -> bool:
    cells = report.cells
    return all(
        change.content == tuple(cells.get(change.code, {}).get(name) for name in ("state", "text", "reason"))
        for change in changes
    )


@transaction.atomic
def withdraw(report: FirmReport, *, by: User) -> FirmReport:
    """Take a submitted form back before it is decided. Raises Refusal: not a manager, not submitted, or no longer open."""
    _manager_only(report, by, "撤回")
    row = _locked(report)
    if row.state != State.SUBMITTED:
        raise Refusal(
            "not_submitted", f"本表{row.get_state_display()}，不能撤回。", place=f"{row.year}年度填报表",
            hint="请刷新页面查看最新状态。",
        )  # fmt: skip
    # Past the deadline it could not be handed in again.
    refuse_if_closed(row.firm_id, row.year, hold=True)
    row.state = State.RETURNED if row.remarks else State.DRAFT
    # The files behind its cells may change now, and they have no edition: whoever looked at it before must look again.
    row.edition += 1
    row.save(update_fields=["state", "edition", "updated_at"])
    _event(row, ReportEvent.Kind.WITHDRAWN, by)
    audit.record("report.withdraw", f"撤回{row.year}年度填报表：{report.firm.name}", by=by, target=row)
    _carry_over(row, report)
    return report


@transaction.atomic
def ask_to_submit(report: FirmReport, *, by: User) -> int:
    """A reporter tells the firm's managers that the form is ready; how many were told. Raises Refusal if nobody could act."""
    permit(report.firm, by)
    row = _locked(report)
    _refuse_unless_editable(row)
    _refuse_unless_ready(standing(report.firm, row.year, row), row)
    managers = messages.people_of_firm(report.firm).filter(
        memberships__firm=report.firm, memberships__kind=Membership.Kind.MANAGER
    )
    if not managers.exists():
        raise Refusal(
            "no_manager",
            "本企业还没有管理员账号，无人可以提交。",
            place=report.firm.name,
            hint="请联系积分办办理管理员账号。",
        )
    told = messages.tell(
        managers.distinct(), key=f"report.ready:{row.pk}:{row.edition}", title=f"{row.year}年度填报表待提交",
        body=f"{by}已填好{report.firm.name}的{row.year}年度填报表，请核对后提交。", link=_link(report),
    )  # fmt: skip
    audit.record("report.ready", f"{row.year}年度填报表提请提交：{report.firm.name}", by=by, target=row)
    return len(told)


def figures(report: FirmReport) -> dict[str, float]:
    """What an accepted form states: metric code → number of its valid cells, 0.0 where confirmed; nothing for 未提供."""
    return figures_of(report.cells, in_force().metrics)


def _manager_only(report: FirmReport, by: User, verb: str) -> None:
    if permit(report.firm, by) != Membership.Kind.MANAGER:
        raise Refusal(
            "manager_only",
            f"只有企业管理员可以{verb}。",
            place=report.firm.name,
            hint="请提请本企业管理员办理。",
            status=403,
        )


def _refuse_unless_ready(found: Standing, row: FirmReport) -> None:
    if not found.examined.blocking:
        return
    metrics, ways = found.catalogue.metrics, found.examined.blocking
    refusal = Refusal(
        "not_ready", f"还有{len(ways)}处需要处理，没有提交。", place=f"{row.year}年度填报表",
        hint="；".join(_said(finding, metrics[finding.metric].name) for finding in ways[:5]) + ("……" if len(ways) > 5 else "。"),
    )  # fmt: skip
    refusal.fields = {  # type: ignore[attr-defined]
        code: [_said(finding, metrics[code].name) for finding in ways if finding.metric == code]
        for code in dict.fromkeys(finding.metric for finding in ways)
    }
    raise refusal


def _said(finding: Finding, name: str) -> str:
    need = "（须写明说明）" if finding.level == "warning" else ""
    return f"{name}：{finding.message}{need}"


def _event(row: FirmReport, kind: str, by: User, **said: Any) -> ReportEvent:
    return ReportEvent.objects.create(report=row, kind=kind, by=by, edition=row.edition, cells=row.cells, **said)


def _link(report: FirmReport) -> str:
    return reverse("firms:report", args=[report.firm.credit_code, report.year])


def changes_of(cells: Mapping[str, Mapping[str, Any]]) -> list[Change]:
    """Changes as a page sends them: {code: {state, text, reason, edition}}. Raises Refusal (400) for anything else."""
    try:
        return [
            Change(
                _text(code), _text(cell["state"]), _text(cell["text"]), _text(cell["reason"]), _edition(cell["edition"])
            )
            for code, cell in cells.items()
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refusal(
            "malformed", "提交的内容格式不正确。", place="cells", hint="请刷新页面后重试。", status=400
        ) from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _edition(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise ValueError
    return value
