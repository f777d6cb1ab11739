"""催报: departments with metrics missing and firms with reports not submitted are told of the deadline, once a date."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import timezone

from firms.models import Coverage, DataYear, Department, Extension, Firm, FirmReport, Membership, Role, User
from firms.permissions import may_run_periods
from firms.services import audit, coverage, jobs, messages
from firms.services.collection import extensions_in_force
from firms.services.jobs import Claim
from firms.services.refusal import Refusal

KIND = "reminders"
HOUR = 8  # local: nobody is told at night
AT_ONCE = 500  # people a statement
Phase = DataYear.Phase


@dataclass(frozen=True)
class Due:
    """A department behind: how many of its metrics are not complete, and how many figures are missing in all."""

    department: Department
    metrics: list[str]
    missing: int


def is_day(due_on: dt.date | None, today: dt.date) -> bool:
    """Whether today is a day to remind of a deadline: the days before it that the setting names, itself, and after it
    on the first and third day and every week."""
    if due_on is None:
        return False
    left = (due_on - today).days
    return left in settings.REMINDER_DAYS or left in (0, -1, -3) or (left < 0 and left % 7 == 0)


def departments_behind(year: int) -> list[Due]:
    """Departments with a metric that some expected firm lacks, by the counts kept (one query)."""
    found: dict[Department, list[Coverage]] = {}
    rows = Coverage.objects.filter(year=year, metric__owner__isnull=False).select_related("metric__owner")
    for row in rows.order_by("metric__owner__position", "metric__position"):
        if row.provided < row.expected and row.metric.owner is not None:
            found.setdefault(row.metric.owner, []).append(row)
    return [
        Due(department, [row.metric.name for row in rows], sum(row.expected - row.provided for row in rows))
        for department, rows in found.items()
    ]


def firms_behind(year: int) -> QuerySet[Firm]:
    """Firms with somebody to speak for them that have not submitted the year's report (or got it back)."""
    done = FirmReport.objects.filter(firm=OuterRef("pk"), year=year, state__in=["submitted", "accepted"])
    spoken_for = Membership.objects.filter(firm=OuterRef("pk"), user__is_active=True, user__role=Role.FIRM)
    return Firm.objects.filter(Exists(spoken_for)).exclude(Exists(done))


def _people_of(firms: QuerySet[Firm] | Iterable[int]) -> QuerySet[User]:
    return User.objects.filter(role=Role.FIRM, is_active=True, memberships__firm__in=firms).distinct()


@dataclass(frozen=True)
class Survey:
    """Whom a reminder would reach now. ``unreached``: departments behind that nobody can sign in for."""

    year: DataYear
    departments: list[Due]
    unreached: list[Department]
    officers: int
    firms: int
    people: int


def survey(year: int) -> Survey:
    """For the office's page, before it presses the button (a constant number of queries)."""
    row = DataYear.objects.get(year=year)
    behind = departments_behind(year)
    officers = Counter(
        User.objects.filter(
            role=Role.DEPARTMENT, is_active=True, department__in=[due.department for due in behind]
        ).values_list("department", flat=True)
    )
    unreached = [due.department for due in behind if not officers[due.department.pk]]
    firms = _firms_to_tell(row)
    return Survey(row, behind, unreached, officers.total(), firms.count(), _people_of(firms).count())


def _firms_to_tell(row: DataYear) -> QuerySet[Firm]:
    """Those behind that may still fill in or should have: while reporting all of them, in review those with an extension."""
    behind = firms_behind(row.year)
    if row.phase == Phase.REPORTING:
        return behind
    return behind.filter(pk__in=extensions_in_force(row.year).values("firm"))


def ask_for_today() -> None:
    """Once a date, from the morning on."""
    now = timezone.localtime()
    if now.hour >= HOUR:
        jobs.enqueue(KIND, f"{KIND}-{now.date()}", by=None, once=True)


def run(claim: Claim) -> dict[str, Any]:
    """What the calendar asks for today, of every year that is being collected."""
    told = 0
    for row in DataYear.objects.filter(phase__in=[Phase.REPORTING, Phase.REVIEWING], locked_at__isnull=True):
        claim.progress(10, f"催报{row.year}年度")
        told += _by_calendar(row)
    return {"told": told, "message": f"提醒了{told}人。"}


@transaction.atomic
def _by_calendar(row: DataYear) -> int:
    today = timezone.localdate()
    officers = people = 0
    if is_day(row.departments_due_on, today):
        coverage.count(row.year)
        officers = _tell_departments(row, today)
    later = {extension.firm_id: extension for extension in extensions_in_force(row.year)}
    if row.phase == Phase.REPORTING and is_day(row.firms_due_on, today):
        people += _tell_firms(row, firms_behind(row.year).exclude(pk__in=later), row.firms_due_on, today)
    for due_on, firms in _by_day(later.values()):
        if is_day(due_on, today):
            people += _tell_firms(row, firms_behind(row.year).filter(pk__in=firms), due_on, today)
    if officers or people:
        _trace(row, officers, people, by=None)
    return officers + people


def _by_day(extensions: Iterable[Extension]) -> Iterator[tuple[dt.date, list[int]]]:
    days: dict[dt.date, list[int]] = {}
    for extension in extensions:
        days.setdefault(extension.due_on, []).append(extension.firm_id)
    yield from sorted(days.items())


@transaction.atomic
def remind_now(year: int, *, by: User, departments: bool = False, firms: bool = False) -> int:
    """Remind whoever is behind at once; how many people were told. Somebody told today already is not told again.

    Raises Refusal: not the office (403), a year that is not being collected (409).
    """
    place = f"{year}年度"
    if not may_run_periods(by):
        raise Refusal("not_office", "催报由积分办进行。", place=place, hint="请联系积分办。", status=403)
    row = DataYear.objects.filter(year=year).first()
    if row is None or row.is_locked or row.phase not in (Phase.REPORTING, Phase.REVIEWING):
        raise Refusal("not_collecting", "该年度没有在收集数据。", place=place, hint="填报和审核阶段才能催报。")
    today = timezone.localdate()
    officers = people = 0
    if departments:
        coverage.count(year)
        officers = _tell_departments(row, today)
    if firms:
        later = {extension.firm_id: extension for extension in extensions_in_force(year)}
        if row.phase == Phase.REPORTING:
            people = _tell_firms(row, firms_behind(year).exclude(pk__in=later), row.firms_due_on, today)
        for due_on, ids in _by_day(later.values()):
            people += _tell_firms(row, firms_behind(year).filter(pk__in=ids), due_on, today)
    _trace(row, officers, people, by=by)
    return officers + people


def _tell_departments(row: DataYear, today: dt.date) -> int:
    title = f"{row.year}年度数据报送{_when(row.departments_due_on, today)}"
    told = 0
    for due in departments_behind(row.year):
        named = "、".join(due.metrics[:8]) + (f"等{len(due.metrics)}项" if len(due.metrics) > 8 else "")
        told += len(
            messages.tell(
                messages.people_of_department(due.department), key=f"remind:departments:{row.year}:{today}", title=title,
                body=f"{due.department.name}还有{due.missing}个数据未报：{named}。", link=f"{reverse('firms:coverage')}?year={row.year}",
            )
        )  # fmt: skip
    return told


def _tell_firms(row: DataYear, firms: QuerySet[Firm], due_on: dt.date | None, today: dt.date) -> int:
    title = f"{row.year}年度企业填报{_when(due_on, today)}"
    people = list(_people_of(firms).order_by("pk"))
    return sum(
        len(
            messages.tell(
                people[start : start + AT_ONCE], key=f"remind:firms:{row.year}:{today}", title=title,
                body=f"{row.year}年度填报表尚未提交，请登录后填写并由管理员提交。", link=reverse("firms:workbench"),
            )
        )
        for start in range(0, len(people), AT_ONCE)
    )  # fmt: skip


def _when(due_on: dt.date | None, today: dt.date) -> str:
    if due_on is None:
        return "尚未完成"
    left = (due_on - today).days
    if left > 0:
        return f"还有{left}天截止"
    return "今天截止" if left == 0 else f"已逾期{-left}天"


def _trace(row: DataYear, officers: int, people: int, *, by: User | None) -> None:
    audit.record(
        "reminder.send", f"催报{row.year}年度：部门人员{officers}人，企业人员{people}人", by=by, target=row,
        after={"departments": officers, "firms": people},
    )  # fmt: skip
