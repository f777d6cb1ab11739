"""异议: a firm says a figure somebody else stated about it is wrong; whoever supplied it answers with the right one or a reason.

Either of a firm's people may raise one: it states no figure, it asks. One is open per cell; the database says so.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from firms import permissions
from firms.importing.checks import figure as read_figure
from firms.importing.problem import BadCell
from firms.models import DataYear, Department, FactSheet, Filing, Firm, Metric, Objection, Source, User
from firms.services import audit, decisions, evidence, filings, messages, working_days
from firms.services.catalogue import in_force
from firms.services.refusal import Refusal
from firms.services.reports import permit

State = Objection.State


@transaction.atomic
def raise_objection(
    firm: Firm, year: int, metric: Metric, *, claimed: str, reason: str, files: Iterable[File] = (), by: User
) -> Objection:
    """Object to the figure in force of one cell. ``claimed``: what the firm holds to be right, as typed; may be empty.

    Raises Refusal: not the firm's account (403); no reason, an unreadable or the same figure (400); nobody else stated the
    cell, one is open, the year is locked (409).
    """
    permit(firm, by)
    place = f"{year}年度 {metric.name}"
    _refuse_if_locked(year)
    filing = _stated(firm, year, metric, place)
    stated = filing.values[metric.code]
    if not reason.strip():
        raise Refusal(
            "reason_required", "请写明异议理由。", place="理由", hint="说明数值错在哪里、依据什么。", status=400
        )
    value = _figure(claimed, metric, "我方主张") if claimed.strip() else None
    if value == stated:
        raise Refusal(
            "same_figure", "主张的数值与现有数值相同。", place="我方主张", hint="请填写您认为正确的数值。", status=400
        )
    department = filing.department if filing.source == Source.GOVERNMENT and filing.department else metric.owner
    if department is None:
        raise Refusal("no_owner", "该数据项没有责任部门。", place=place, hint="请联系积分办。")
    objection = Objection(
        firm=firm, year=year, metric=metric, filing=filing, stated=stated, claimed=value, reason=reason.strip()[:1000],
        department=department, raised_by=by,
        due_on=working_days.after(timezone.localdate(), settings.OBJECTION_WORKING_DAYS),
    )  # fmt: skip
    try:
        with transaction.atomic():
            objection.save(force_insert=True)
    except IntegrityError as error:
        raise _open_already(firm, year, metric, place) from error
    for file in files:
        evidence.attach(file, firm=firm, objection=objection, by=by)
    audit.record(
        "objection.raise", f"{firm.name}对{place}提出异议", by=by, target=objection,
        after={"stated": stated, "claimed": value, "filing": filing.pk, "reason": objection.reason},
    )  # fmt: skip
    _tell_department(
        objection, "raised", f"{firm.name}对{metric.name}提出异议", f"{place}；请于{objection.due_on}前答复。"
    )
    return objection


@transaction.atomic
def uphold(objection: Objection, *, figure: str, answer: str = "", by: User) -> Objection:
    """The firm is right: state the right figure, in the answering department's name, and put it in force.

    Raises Refusal: not the answering department's officer (403); an unreadable figure or the one there is (400); answered or
    withdrawn meanwhile, the year locked (409).
    """
    _permit_answer(objection, by)
    filings.lock_year(objection.year)
    row = _locked(objection)
    code = row.metric.code
    value = _figure(figure, row.metric, "核实数值")
    sheet = FactSheet.objects.filter(firm_id=row.firm_id, year=row.year).first()
    if sheet is not None and sheet.values.get(code) == value:
        raise Refusal(
            "same_figure", "核实的数值与现有数值相同。", place="核实数值", hint="数值无误的，请选择不采纳并说明理由。",
            status=400,
        )  # fmt: skip
    [filing] = filings.append(
        [filings.NewFiling(row.firm_id, {code: value})], year=row.year, source=Source.GOVERNMENT, by_id=by.pk,
        department_id=row.department_id,
    )  # fmt: skip
    filings.refold(row.year, [row.firm_id])
    if FactSheet.objects.get(firm_id=row.firm_id, year=row.year).values.get(code) != value:
        # Another source comes first for this metric: what was found right must count all the same.
        decisions.settle(row.firm_id, row.year, code, filing=filing, reason=f"采纳企业异议（第{row.pk}号）", by=by)
    row.correction_id = filing
    return _answer(row, State.UPHELD, answer.strip() or "经核实，已按核实数值更正。", by, value)


@transaction.atomic
def reject(objection: Objection, *, answer: str, by: User) -> Objection:
    """The figure stands, for a reason the firm is told. Raises Refusal as ``uphold`` does; a locked year may be answered."""
    _permit_answer(objection, by)
    row = _locked(objection)
    if not answer.strip():
        raise Refusal("reason_required", "请写明不采纳的理由。", place="答复", hint="企业会看到这段答复。", status=400)
    return _answer(row, State.REJECTED, answer.strip(), by, None)


@transaction.atomic
def withdraw(objection: Objection, *, by: User) -> Objection:
    """The firm lets the matter rest. Raises Refusal: not the firm's account (403), answered already (409)."""
    permit(objection.firm, by)
    row = _locked(objection)
    row.state = State.WITHDRAWN
    row.save(update_fields=["state"])
    audit.record(
        "objection.withdraw", f"{row.firm.name}撤回对{row.year}年度 {row.metric.name}的异议", by=by, target=row
    )
    _tell_department(row, "withdrawn", f"{row.firm.name}撤回对{row.metric.name}的异议", f"{row.year}年度，无需再答复。")
    return row


def _stated(firm: Firm, year: int, metric: Metric, place: str) -> Filing:
    """The filing whose figure is in force in the cell, stated by anybody but the firm."""
    sheet = FactSheet.objects.filter(firm=firm, year=year).first()
    winner = sheet.winners.get(metric.code) if sheet else None
    filing = Filing.objects.select_related("department").filter(pk=winner or 0).first()
    if filing is None:
        raise Refusal("nothing_stated", "该数据项还没有部门提供的数值。", place=place, hint="请在填报表中自行填报。")
    if filing.source == Source.FIRM:
        raise Refusal("own_figure", "现有数值是本企业填报的。", place=place, hint="请在填报表中更正，不需要提异议。")
    return filing


def _figure(text: str, metric: Metric, place: str) -> float:
    spec = in_force().metrics[metric.code]
    try:
        value = read_figure(text, spec)
    except BadCell as bad:
        raise Refusal(bad.code, bad.message, place=place, hint=bad.hint, status=400) from bad
    if value is None:
        raise Refusal("figure_required", "请填写数值。", place=place, hint="没有发生的填0。", status=400)
    return value


def _refuse_if_locked(year: int) -> None:
    row = DataYear.objects.filter(year=year).first()
    if row is not None and row.is_locked:
        raise Refusal(
            "year_locked", f"{year}年度的数据已锁定，不再受理对单个数值的异议。", place=f"{year}年度",
            hint="认为评价结果有误的，请书面联系积分办；积分办解除锁定后可再提出。",
        )  # fmt: skip


def _open_already(firm: Firm, year: int, metric: Metric, place: str) -> Refusal:
    one = Objection.objects.filter(firm=firm, year=year, metric=metric, state=State.OPEN).first()
    since = f"（{timezone.localtime(one.raised_at):%Y-%m-%d}提出）" if one else ""
    return Refusal(
        "objection_open", f"对该数值已有一件异议待答复{since}。", place=place, hint="请等待答复，或撤回后重新提出。"
    )


def _locked(objection: Objection) -> Objection:
    """The row held until the transaction ends. Raises Refusal unless it is still open."""
    row = (
        Objection.objects.select_for_update(no_key=True, of=("self",))
        .select_related("firm", "metric", "department", "answered_by", "raised_by")
        .get(pk=objection.pk)
    )
    if row.state != State.OPEN:
        who = f"，由{row.answered_by}办理" if row.answered_by else ""
        raise Refusal(
            "not_open", f"该异议{row.get_state_display()}{who}。", place=f"第{row.pk}号异议", hint="请刷新页面查看。"
        )
    return row


def _permit_answer(objection: Objection, by: User) -> None:
    if not permissions.may_write_for(by, objection.department):
        raise Refusal(
            "not_your_objection", f"该异议由{objection.department.name}答复。", place=f"第{objection.pk}号异议",
            hint=f"请联系{objection.department.name}。", status=403,
        )  # fmt: skip


def _answer(row: Objection, state: str, answer: str, by: User, value: float | None) -> Objection:
    row.state, row.answer, row.answered_by, row.answered_at = state, answer[:1000], by, timezone.now()
    row.save(update_fields=["state", "answer", "answered_by", "answered_at", "correction"])
    verb = State(state).label
    audit.record(
        f"objection.{'uphold' if state == State.UPHELD else 'reject'}", f"{row.firm.name} {row.year}年度 {row.metric.name}的异议{verb}",
        by=by, target=row, before={"value": row.stated}, after={"value": value, "answer": row.answer},
    )  # fmt: skip
    messages.tell(
        messages.people_of_firm(row.firm),
        key=f"objection:{row.pk}:{state}",
        title=f"对{row.metric.name}的异议{verb}",
        body=f"{row.year}年度，{row.department.name}答复：{row.answer}",
        link=reverse("firms:objection", args=[row.pk]),
    )
    return row


def _tell_department(row: Objection, deed: str, title: str, body: str) -> None:
    """The department's officers; the office where it has none."""
    department: Department = row.department
    people = messages.people_of_department(department)
    messages.tell(
        people if people.exists() else messages.people_of_office(),
        key=f"objection:{row.pk}:{deed}",
        title=title,
        body=body,
        link=reverse("firms:objection", args=[row.pk]),
    )
