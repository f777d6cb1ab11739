"""A period's way 准备 → 填报 → 审核 → 试算 → 锁定 → 公示 → 发布: where it stands, what may be done next, what stands in the way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Count
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from firms.models import DataYear, FirmReport
from firms.services.collection import ORDER, is_running
from firms.services.obstacles import Obstacle
from scoring.models import EvaluationPeriod
from scoring.policies import lock_survey

Phase = DataYear.Phase
# 公示 is not built yet: it stands in the band in grey.
LATER = ((lazy("锁定"), "locked"), (lazy("公示"), "notice"), (lazy("发布"), "published"))
# Obstacle → the page where it is dealt with, and what to ask of that page.
PAGES: Mapping[str, tuple[str, dict[str, str]]] = {
    "unreviewed": ("scoring:review", {"state": "submitted"}),
    "reopenings": ("scoring:review", {}),
    "unsubmitted": ("scoring:review", {"state": "draft"}),
    "incomplete": ("firms:coverage", {}),
    "conflicts": ("firms:conflicts", {}),
    "objections": ("firms:objections", {}),
    "claims": ("firms:claim_queue", {}),
    "batches": ("firms:imports", {"state": "planned"}),
    "unmatched": ("firms:imports", {"state": "unmatched"}),
}


# Where "没有" would not say what is well.
PASSED = {
    "reporting": lazy("不在填报中"),
    "no_run": lazy("已有完成的计算"),
    "stale_run": lazy("最近一次计算之后数据没有变化"),
}


@dataclass(frozen=True)
class Step:
    label: str
    state: str  # done, here, ahead, later


@dataclass(frozen=True)
class Item:
    """One line of the checklist. ``mark``: passed, blocked, look (needs a reason), note."""

    label: str
    mark: str
    words: str
    url: str


@dataclass(frozen=True)
class Lifecycle:
    year: DataYear
    steps: list[Step]
    phase: str
    locked: bool
    items: list[Item]
    blocked: list[str]  # what refuses a lock
    open_ends: list[str]  # what may be left open for a reason
    submitted: int
    forms: int
    today: dt.date
    firms_left: int | None  # days to the deadline, negative once past
    departments_left: int | None
    closing_early: bool
    suggested_firms: dt.date
    suggested_departments: dt.date

    @property
    def may_step_back(self) -> bool:
        return not self.locked and self.phase != Phase.PREPARING


def lifecycle(period: EvaluationPeriod) -> Lifecycle:
    """Of a period read with its year and published run; some twenty queries, whatever there is to count."""
    year = period.year
    found = lock_survey(period)
    states = dict(FirmReport.objects.filter(year=year.year).order_by().values_list("state").annotate(Count("pk")))
    today = timezone.localdate()
    return Lifecycle(
        year=year,
        steps=steps(period),
        phase=year.phase,
        locked=year.is_locked,
        items=[_item(obstacle, year.year) for obstacle in found],
        blocked=[obstacle.words for obstacle in found if obstacle.hard],
        open_ends=[obstacle.words for obstacle in found if obstacle.needs_reason],
        submitted=states.get("submitted", 0) + states.get("accepted", 0),
        forms=sum(states.values()),
        today=today,
        firms_left=(year.firms_due_on - today).days if year.firms_due_on else None,
        departments_left=(year.departments_due_on - today).days if year.departments_due_on else None,
        closing_early=year.firms_due_on is not None and is_running(year.firms_due_on),
        suggested_firms=today + dt.timedelta(days=30),
        suggested_departments=today + dt.timedelta(days=20),
    )


def steps(period: EvaluationPeriod) -> list[Step]:
    """The band: what is done, where the period stands, what comes."""
    year = period.year
    names = [*((str(phase.label), phase.value) for phase in ORDER), *((str(label), code) for label, code in LATER)]
    here = "published" if period.published_run_id else "locked" if year.is_locked else year.phase
    at = next(i for i, (_label, code) in enumerate(names) if code == here)

    def state(i: int, code: str) -> str:
        if code == "locked" and not year.is_locked:
            return "ahead"  # published while the facts are still open
        if code == "notice":
            return "later"
        return "here" if i == at else "done" if i < at else "ahead"

    return [Step(label, state(i, code)) for i, (label, code) in enumerate(names)]


def _item(obstacle: Obstacle, year: int) -> Item:
    if not obstacle.count:
        return Item(obstacle.label, "passed", str(PASSED.get(obstacle.code, _("没有"))), "")
    mark = {"hard": "blocked", "soft": "look", "note": "note"}[obstacle.weight]
    return Item(obstacle.label, mark, obstacle.words, _page(obstacle.code, year))


def _page(code: str, year: int) -> str:
    name, query = PAGES.get(code, ("", {}))
    try:
        return f"{reverse(name)}?{urlencode({'year': year} | query)}" if name else ""
    except NoReverseMatch:
        return ""
