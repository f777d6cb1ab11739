"""企业工作台: what is due and until when, what came back and why, what was said; the way to everything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.db.models import Count
from django.utils.translation import gettext as _

from firms.models import FirmReport, Message, Objection, RegisterClaim, User
from firms.presenters.reports import FormPage, form_page

if TYPE_CHECKING:
    from firms.services.report_desk import Desk

MESSAGES = 6


@dataclass(frozen=True)
class DueView:
    """One form that is asked for. ``todo``: the next thing to do, in words; ``tone`` of it."""

    page: FormPage
    todo: str
    tone: str
    returned: list[tuple[str, str, str]]
    extended: bool


@dataclass(frozen=True)
class Workbench:
    firms: list[str]
    due: list[DueView]
    earlier: Sequence[FirmReport]
    messages: list[Message]
    unread: int
    claims: dict[str, int]
    open_objections: int
    several: bool


def workbench(user: User, desks: Sequence[Desk], earlier: Sequence[FirmReport], today: date) -> Workbench:
    """``desks`` and ``earlier``: the account's forms, asked for now and before."""
    due = [_due(desk, today) for desk in desks]
    firms = list(user.memberships.order_by("firm__name").values_list("firm__name", flat=True))
    mine = Message.objects.visible_to(user)
    claims = RegisterClaim.objects.visible_to(user).order_by().values_list("state").annotate(many=Count("pk"))
    return Workbench(
        firms=firms,
        due=due,
        earlier=earlier,
        messages=list(mine.order_by("-id")[:MESSAGES]),
        unread=mine.filter(read_at__isnull=True).count(),
        claims=dict(claims),
        open_objections=Objection.objects.visible_to(user).filter(state=Objection.State.OPEN).count(),
        several=len(firms) > 1,
    )


def _due(desk: Desk, today: date) -> DueView:
    page = form_page(desk, today)
    returned = [
        (row.code, row.name, row.remark) for _topic, rows in page.topics for row in rows if row.remark and not row.given
    ]
    todo, tone = _todo(desk, page)
    return DueView(page, todo, tone, returned, desk.extension is not None)


def _todo(desk: Desk, page: FormPage) -> tuple[str, str]:
    state = desk.standing.report.state
    if state == FirmReport.State.SUBMITTED:
        return _("已提交，等待积分办审核"), "accent"
    if state == FirmReport.State.ACCEPTED:
        return _("已审核通过，无需再填"), "good"
    if desk.closed:
        return page.closed, "muted"
    if state == FirmReport.State.RETURNED:
        return _("审核已退回，请按原因更正后重新提交"), "bad"
    if page.progress.ready:
        return (_("已填好，可以提交") if page.may_submit else _("已填好，请提请管理员提交")), "good"
    left = page.progress.total - page.progress.answered
    if left:
        return _("还有%(n)d项没有填") % {"n": left}, "accent"
    return _("有%(n)d处需要更正或说明") % {"n": page.progress.errors + page.progress.warnings}, "accent"
