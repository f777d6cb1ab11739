"""Collecting a year's facts: who may fill in when, and the year's way 准备 → 填报 → 审核 → 试算. Locking it is scoring's.

The year's row says what phase it is in and holds the deadlines; whoever moves it has seen its ``version``.
"""

from __future__ import annotations

import datetime as dt
from itertools import islice

from django.db import connection, models, transaction
from django.urls import reverse
from django.utils import timezone

from firms.models import DataYear, Extension, FirmReport, Role, User
from firms.services import audit, messages, register_figures
from firms.services.filings import refuse_if_locked
from firms.services.obstacles import in_the_way, in_words
from firms.services.refusal import Refusal

Phase = DataYear.Phase
_AT_A_TIME = 500  # people told in one go
ORDER = (Phase.PREPARING, Phase.REPORTING, Phase.REVIEWING, Phase.TRIAL)


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
    if row.phase == Phase.REPORTING and is_running(row.firms_due_on):
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


def is_running(due_on: dt.date | None) -> bool:
    """Whether a deadline is still ahead: its day included; none at all never passes."""
    return due_on is None or timezone.localdate() <= due_on


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


@transaction.atomic
def open_reporting(
    year: int, *, firms_due_on: dt.date, departments_due_on: dt.date, by: User | None, version: int | None = None
) -> DataYear:
    """准备 → 填报: firms may fill in and departments report until their days, both included. Tells all of them."""
    register_figures.hold()
    row = _moving(year, version, Phase.PREPARING)
    _check_deadlines(row, firms_due_on, departments_due_on)
    register_figures.catch_up(year, by_id=by.pk if by else None)
    row.firms_due_on, row.departments_due_on, row.opened_at = firms_due_on, departments_due_on, timezone.now()
    _move(
        row,
        Phase.REPORTING,
        by,
        "year.open_reporting",
        f"开放{row}填报",
        "firms_due_on",
        "departments_due_on",
        "opened_at",
    )
    _tell(
        row, "open", f"{row}数据填报已经开放",
        firms=f"请于{firms_due_on:%Y年%-m月%-d日}前（含当日）完成填报并提交。",
        departments=f"请于{departments_due_on:%Y年%-m月%-d日}前（含当日）报送本部门负责的数据。",
    )  # fmt: skip
    return row


@transaction.atomic
def set_deadlines(
    year: int, *, firms_due_on: dt.date, departments_due_on: dt.date, by: User | None, version: int | None = None
) -> DataYear:
    """Other last days for firms or departments, while the year is in 填报 or 审核. Tells those whose day changed."""
    row = _moving(year, version, Phase.REPORTING, Phase.REVIEWING)
    before = {"firms": row.firms_due_on, "departments": row.departments_due_on}
    firms_moved, departments_moved = row.firms_due_on != firms_due_on, row.departments_due_on != departments_due_on
    if not (firms_moved or departments_moved):
        return row
    _check_deadlines(row, firms_due_on if firms_moved else None, departments_due_on if departments_moved else None)
    row.firms_due_on, row.departments_due_on = firms_due_on, departments_due_on
    row.version += 1
    row.save(update_fields=["firms_due_on", "departments_due_on", "version"])
    audit.record(
        "year.set_deadlines", f"{row}截止日：企业{firms_due_on}，部门{departments_due_on}", by=by, target=row,
        before=before, after={"firms": firms_due_on, "departments": departments_due_on},
    )  # fmt: skip
    _tell(
        row, "deadlines", f"{row}数据报送截止日有变动",
        firms=f"企业填报截止日改为{firms_due_on:%Y年%-m月%-d日}（含当日）。" if firms_moved else "",
        departments=f"部门报送截止日改为{departments_due_on:%Y年%-m月%-d日}（含当日）。" if departments_moved else "",
    )  # fmt: skip
    return row


@transaction.atomic
def close_reporting(year: int, *, by: User | None, version: int | None = None, reason: str = "") -> DataYear:
    """填报 → 审核: no more filling in but by extension. Before the firms' last day has passed it needs a reason."""
    row = _moving(year, version, Phase.REPORTING)
    if row.firms_due_on is not None and is_running(row.firms_due_on):
        _need_reason(row, reason, f"企业填报截止日{row.firms_due_on:%Y-%m-%d}还没有过，提前截止")
    _move(row, Phase.REVIEWING, by, "year.close_reporting", f"截止{row}填报{_because(reason)}")
    _tell(
        row, "close", f"{row}填报已经截止，进入审核", firms="未提交的填报表不再接受；确需补报的，请联系积分办申请延期。"
    )
    return row


@transaction.atomic
def to_trial(year: int, *, by: User | None, version: int | None = None, reason: str = "") -> DataYear:
    """审核 → 试算: forms are decided. What may be left open needs a reason; what may not, refuses."""
    row = _moving(year, version, Phase.REVIEWING)
    reason = refuse_obstacles(row, reason, "进入试算")
    _move(row, Phase.TRIAL, by, "year.to_trial", f"{row}进入试算{_because(reason)}")
    _tell(row, "trial", f"{row}进入试算", departments="审核已经结束；发现数据有误的，请在锁定前更正。")
    return row


@transaction.atomic
def step_back(year: int, *, by: User | None, reason: str, version: int | None = None) -> DataYear:
    """One phase back, with a reason. What firms have already submitted keeps the year from going back to 准备."""
    row = _moving(year, version, *ORDER[1:])
    _need_reason(row, reason, "退回上一阶段")
    former = ORDER[ORDER.index(Phase(row.phase)) - 1]
    if former == Phase.PREPARING and FirmReport.objects.filter(year=year, first_submitted_at__isnull=False).exists():
        raise Refusal(
            "already_submitted", "已有企业提交了填报表，不能退回准备阶段。", place=f"{row}", hint="可以调整截止日，或截止填报。"
        )  # fmt: skip
    _move(row, former, by, "year.step_back", f"{row}退回{former.label}阶段{_because(reason)}")
    firms = ""
    if former == Phase.REPORTING:
        firms = "可以继续填报。" if is_running(row.firms_due_on) else "截止日确定后可以继续填报。"
    _tell(row, "back", f"{row}退回{former.label}阶段", firms=firms, departments=f"原因：{reason.strip()}")
    return row


def refuse_obstacles(row: DataYear, reason: str, deed: str) -> str:
    """Raises Refusal while something hard stands in the way, or something soft and no reason; the reason, stripped."""
    found = in_the_way(row.year)
    hard = [obstacle for obstacle in found if obstacle.hard]
    if hard:
        raise Refusal(
            "in_the_way", f"还不能{deed}：{in_words(hard)}。", place=f"{row}", hint="请先在评价期页面的清单中逐项处理。"
        )
    soft = [obstacle for obstacle in found if obstacle.needs_reason]
    if soft:
        _need_reason(row, reason, f"{in_words(soft)}时{deed}")
    return reason.strip()[:300]


def _need_reason(row: DataYear, reason: str, deed: str) -> None:
    if not reason.strip():
        raise Refusal("no_reason", f"{deed}，必须写明原因。", place=f"{row}", hint="请填写原因后重新提交。", status=400)


def _because(reason: str) -> str:
    return f"：{reason.strip()[:200]}" if reason.strip() else ""


def _moving(year: int, version: int | None, *allowed: str) -> DataYear:
    """The year's row, held for a move; of two officers the second is told what the first one did."""
    DataYear.objects.get_or_create(year=year)
    row = DataYear.objects.select_for_update(no_key=True).get(year=year)
    refuse_if_locked(row)
    if version is not None and version != row.version:
        raise Refusal(
            "stale_version", f"{row}已被他人变动，现在是{row.get_phase_display()}阶段。", place=f"{row}",
            hint="请刷新页面，核对当前状态后再操作。",
        )  # fmt: skip
    if row.phase not in allowed:
        raise Refusal(
            "wrong_phase", f"{row}现在是{row.get_phase_display()}阶段，不能进行这项操作。", place=f"{row}",
            hint="请刷新页面查看当前阶段。",
        )  # fmt: skip
    return row


def _move(row: DataYear, phase: Phase, by: User | None, action: str, summary: str, *fields: str) -> None:
    before = row.phase
    row.phase = phase
    row.version += 1
    row.save(update_fields=["phase", "version", *fields])
    after = {"phase": phase.value, "firms_due_on": row.firms_due_on, "departments_due_on": row.departments_due_on}
    audit.record(action, summary, by=by, target=row, before={"phase": before}, after=after)


def _check_deadlines(row: DataYear, *days: dt.date | None) -> None:
    today = timezone.localdate()
    late = [day for day in days if day is not None and not today <= day <= today + dt.timedelta(days=366)]
    if late:
        raise Refusal(
            "bad_deadline", f"截止日{late[0]:%Y-%m-%d}应在今天之后、一年之内。", place="截止日", hint="请重新选择日期。", status=400
        )  # fmt: skip


def _tell(row: DataYear, what: str, title: str, *, firms: str = "", departments: str = "") -> None:
    """To all accounts of firms, of departments, or both: whom there is something to say to; each is led to its own work."""
    key = f"year.{what}:{row.year}:{row.version}"
    missing = f"{reverse('firms:coverage')}?year={row.year}"
    told = ((_people(Role.FIRM), firms, reverse("firms:workbench")), (_people(Role.DEPARTMENT), departments, missing))
    for users, body, link in told:
        people = users.iterator(chunk_size=_AT_A_TIME) if body else iter(())
        while some := list(islice(people, _AT_A_TIME)):
            messages.tell(some, key=key, title=title, body=body, link=link)


def _people(role: str) -> models.QuerySet[User]:
    return User.objects.filter(role=role, is_active=True).order_by("pk")
