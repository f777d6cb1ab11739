"""审核: the queue of firms' forms, each beside its peers and beside what it said before, a page at a time by seek."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from firms.models import DataYear, Firm, FirmReport, Reopening, ReportEvent
from firms.services.refusal import Refusal
from scoring.presenters.review_lines import DECISIONS, Desk, Line

if TYPE_CHECKING:
    from firms.models import User

PAGE = 50
# With 只看异常 the forms are read until a page is full, but no more than this many at a time: the next click goes on.
SCANNED = 2000
CHUNK = 200
State = FirmReport.State
SORTS = {"waiting": lazy("等待最久的在前"), "latest": lazy("最近提交的在前"), "name": lazy("按企业名称")}


@dataclass(frozen=True)
class Asked:
    """What the address asks for. ``state`` "all" is every state; ``cursor`` is where the page before ended."""

    year: int
    state: str = State.SUBMITTED
    topic: str = ""
    outliers: bool = False
    again: bool = False
    q: str = ""
    sort: str = "waiting"
    cursor: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str], years: Sequence[int]) -> Asked:
        """Conditions that are none count as not given."""
        year, state, sort = query.get("year", ""), query.get("state", ""), query.get("sort", "")
        return cls(
            year=next((known for known in years if str(known) == year), years[0]),
            state=state if state in (*State.values, "all") else State.SUBMITTED,
            topic=query.get("topic", "")[:32],
            outliers=query.get("outliers") == "1",
            again=query.get("again") == "1",
            q=query.get("q", "").strip()[:64],
            sort=sort if sort in SORTS else "waiting",
            cursor=query.get("cursor", "")[:300],
        )

    def query(self, **changed: object) -> str:
        """The address of this page with something changed; a change of condition begins at the first page."""
        values = {
            "year": self.year, "state": self.state, "topic": self.topic, "outliers": "1" if self.outliers else "",
            "again": "1" if self.again else "", "q": self.q, "sort": self.sort, "cursor": "",
        } | changed  # fmt: skip
        return urlencode({name: value for name, value in values.items() if value})


@dataclass(frozen=True)
class Waiting:
    """An application to reopen a form, for another officer to decide."""

    pk: int
    report: int
    firm: str
    reason: str
    asked_by: str
    asked_at: dt.datetime
    mine: bool


@dataclass(frozen=True)
class QueuePage:
    asked: Asked
    years: Sequence[int]
    states: list[tuple[str, str, int, bool, str]]  # code, name, how many, current, address
    topics: list[str]
    sorts: list[tuple[str, str]]
    lines: list[Line]
    next: str
    scanned: int | None  # forms looked through for outliers, where the page is not all there is
    deciding: bool  # the year's phase lets forms be decided
    phase: str
    firms_due_on: dt.date | None
    reopenings: list[Waiting]
    peers_at: dt.datetime
    query: str


def years_of(user: User) -> list[int]:
    """Years there is something to review in, the one being collected first."""
    years = DataYear.objects.filter(
        Q(phase__in=["reporting", "reviewing"]) | Q(year__in=FirmReport.objects.visible_to(user).values("year"))
    )
    collected = {"reporting": 0, "reviewing": 0}
    return [row.year for row in sorted(years, key=lambda row: (row.is_locked, collected.get(row.phase, 1), -row.year))]


def queue_page(user: User, query: Mapping[str, str]) -> QueuePage | None:
    """The page the address asks for; None while no year was ever opened. Raises Refusal (400) for a cursor that is none."""
    years = years_of(user)
    if not years:
        return None
    asked = Asked.read(query, years)
    desk = Desk(asked.year, asked.topic)
    found = _found(user, asked, desk)
    lines, following, scanned = _filled(found, asked, desk)
    counts = dict(
        FirmReport.objects.visible_to(user)
        .filter(year=asked.year)
        .order_by()
        .values_list("state")
        .annotate(Count("pk"))
    )
    row = DataYear.objects.get(year=asked.year)
    tabs = [
        *((State(code), str(State(code).label)) for code in ("submitted", "returned", "accepted", "draft")),
        ("all", _("全部")),
    ]
    return QueuePage(
        asked=asked,
        years=sorted(years, reverse=True),
        states=[
            (
                code,
                name,
                sum(counts.values()) if code == "all" else counts.get(code, 0),
                code == asked.state,
                asked.query(state=code),
            )
            for code, name in tabs
        ],
        topics=desk.topics,
        sorts=[(code, str(name)) for code, name in SORTS.items()],
        lines=lines,
        next=asked.query(cursor=following) if following else "",
        scanned=scanned,
        deciding=not row.is_locked and row.phase in (DataYear.Phase.REPORTING, DataYear.Phase.REVIEWING),
        phase=_("已锁定") if row.is_locked else row.get_phase_display(),
        firms_due_on=row.firms_due_on,
        reopenings=waiting_reopenings(user, asked.year),
        peers_at=desk.peers.at,
        query=asked.query(),
    )


def waiting_reopenings(user: User, year: int) -> list[Waiting]:
    rows = Reopening.objects.filter(
        decided_at__isnull=True, report__in=FirmReport.objects.visible_to(user).filter(year=year)
    )
    rows = rows.select_related("report__firm", "asked_by").order_by("id")[:PAGE]
    return [
        Waiting(row.pk, row.report_id, row.report.firm.name, row.reason, str(row.asked_by), row.asked_at, row.asked_by_id == user.pk)
        for row in rows
    ]  # fmt: skip


def every_line(user: User, query: Mapping[str, str]) -> tuple[Asked, Iterator[Line]] | None:
    """All lines that the page's conditions select, in its order, read a chunk at a time."""
    years = years_of(user)
    if not years:
        return None
    asked = Asked.read({**query, "cursor": ""}, years)
    desk = Desk(asked.year, asked.topic)

    def chunks() -> Iterator[Line]:
        cursor = ""
        while True:
            reports = list(_after(_found(user, asked, desk), asked, cursor)[:CHUNK])
            yield from (line for line in desk.lines(reports) if line.flagged or not asked.outliers)
            if len(reports) < CHUNK:
                return
            cursor = _cursor(reports[-1], asked)

    return asked, chunks()


def _found(user: User, asked: Asked, desk: Desk):
    reports = FirmReport.objects.visible_to(user).filter(year=asked.year).select_related("firm")
    if asked.state != "all":
        reports = reports.filter(state=asked.state)
    if asked.topic:
        reports = reports.filter(cells__has_any_keys=desk.codes)
    if asked.again:
        sent_back = ReportEvent.objects.filter(report=OuterRef("pk"), kind__in=[*DECISIONS, ReportEvent.Kind.REOPENED])
        reports = reports.filter(Exists(sent_back), state=State.SUBMITTED)
    if asked.q:
        reports = reports.filter(firm__in=Firm.objects.visible_to(user).matching(asked.q))
    return reports


def _filled(found, asked: Asked, desk: Desk) -> tuple[list[Line], str, int | None]:
    """(lines of the page, cursor of the next one or "", forms looked through where that is not all)."""
    if not asked.outliers:
        reports = list(_after(found, asked, asked.cursor)[: PAGE + 1])
        lines = list(desk.lines(reports[:PAGE]))
        return lines, _cursor(reports[PAGE - 1], asked) if len(reports) > PAGE else "", None
    lines, cursor, scanned = [], asked.cursor, 0
    while scanned < SCANNED:
        reports = list(_after(found, asked, cursor)[:CHUNK])
        for report, line in zip(reports, desk.lines(reports), strict=True):
            scanned, cursor = scanned + 1, _cursor(report, asked)
            if line.flagged:
                lines.append(line)
            if len(lines) == PAGE:
                return lines, cursor, scanned
        if len(reports) < CHUNK:
            return lines, "", None
    return lines, cursor, scanned


def _after(found, asked: Asked, cursor: str):
    """The forms behind a cursor, in order. Each order ends with the id, so that no two stand in the same place."""
    column = _column(asked)
    down = asked.sort == "latest"
    if cursor:
        pk, _dot, text = cursor.partition(".")
        try:
            value = text if column == "firm__name" else dt.datetime.fromisoformat(text)
            at = int(pk)
        except ValueError:
            raise Refusal(
                "bad_cursor", _("翻页位置无效。"), place="cursor", hint=_("请回到第一页重新翻页。"), status=400
            ) from None
        way = "lt" if down else "gt"
        found = found.filter(Q(**{f"{column}__{way}": value}) | Q(**{column: value, f"pk__{way}": at}))
    return found.order_by(*((F(column).desc(), "-pk") if down else (column, "pk")))


def _column(asked: Asked) -> str:
    if asked.sort == "name":
        return "firm__name"
    return "created_at" if asked.state in (State.DRAFT, "all") else "submitted_at"


def _cursor(report: FirmReport, asked: Asked) -> str:
    column = _column(asked)
    value = report.firm.name if column == "firm__name" else getattr(report, column).isoformat()
    return f"{report.pk}.{value}"
