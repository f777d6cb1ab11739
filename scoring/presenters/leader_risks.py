"""风险提示: firms a leader should know of, each with every reason found, by thresholds the reader sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import urlencode

import numpy as np
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from firms.models import DataYear, Extension, FactSheet, Firm, FirmReport, Metric
from scoring.assembly.outcomes import UNIT, Outcomes, outcomes, to_confirm
from scoring.assembly.strengths import Strengths
from scoring.engine.scheme import Scheme
from scoring.models import Run, Score
from scoring.presenters.formatting import brief, number

SHOWN = 20  # on the dashboard
PAGE = 50
CHUNK = 2000
KEY_FIGURES = ("revenue", "rd_expense", "headcount")
REASONS = ("excluded", "deducted", "fell_score", "fell_rank", "unclassified", "to_confirm", "missing", "overdue")


@dataclass(frozen=True)
class Asked:
    """``score``: points lost from which on a fall is told; ``rank``: places; ``reason``: "" for all."""

    score: int = 10
    rank: int = 50
    reason: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Asked:
        """What an address says that is no threshold is as if it had not been said."""
        reason = query.get("risk", "")
        return cls(
            _whole(query.get("score", ""), cls.score, 1000),
            _whole(query.get("rank", ""), cls.rank, 1_000_000),
            reason if reason in REASONS else "",
        )

    def address(self, year: int, **more: str) -> str:
        said = {"year": year, "score": self.score, "rank": self.rank, "risk": self.reason} | more
        usual = {"score": Asked.score, "rank": Asked.rank}
        return "?" + urlencode({name: v for name, v in said.items() if v and usual.get(name) != v})


@dataclass(frozen=True)
class RiskLine:
    credit_code: str
    name: str
    stage: str
    total: Any
    rank: int | None
    why: list[str]


@dataclass(frozen=True)
class Kind:
    """One reason, how many firms it holds for, and the address that lists them."""

    code: str
    label: str
    count: int
    url: str
    selected: bool


@dataclass(frozen=True)
class Risks:
    """``compared``: whether there was a period before to have fallen from; ``firms``: with any reason asked for."""

    asked: Asked
    kinds: list[Kind]
    lines: list[RiskLine]
    firms: int
    compared: bool
    next: int | None = None
    years: tuple[int, ...] = ()


def _nothing(at: int) -> Any:
    return None


class _Told(NamedTuple):
    """One reason: the firms it is told of (one may be told of twice), the weight of each (the worse the higher), and what
    the words of the n-th are made of (``_Words``)."""

    reason: str
    firms: NDArray[np.int64]
    weights: NDArray[np.float64]
    said: Callable[[int], Any]

    @classmethod
    def plain(cls, reason: str, firms: NDArray[np.int64], said: Callable[[int], Any] = _nothing) -> _Told:
        return cls(reason, firms, np.zeros(len(firms)), said)


def labels() -> dict[str, str]:
    return {
        "excluded": _("负面清单，不纳入"),
        "deducted": _("负面清单扣分"),
        "fell_score": _("得分大幅下降"),
        "fell_rank": _("名次大幅下降"),
        "unclassified": _("缺少划分类型的数据"),
        "to_confirm": _("企业类型待核定"),
        "missing": _("缺少关键数据"),
        "overdue": _("填报逾期"),
    }


def risks(
    year: int,
    run: Run,
    before: Run | None,
    scheme: Scheme,
    found: Strengths,
    asked: Asked,
    *,
    start: int = 0,
    size: int = SHOWN,
    page: str = "scoring:leader",
) -> Risks:
    """The firms with the most reasons first (``_by_gravity``).

    A constant number of queries. ``start``: how many firms to leave out; ``page``: where the reasons' addresses lead.
    """
    told = _all_told(year, run, before, found, asked)
    chosen = _by_gravity(told, asked.reason)
    lines = _lines(year, run, scheme, told, chosen[start : start + size])
    here = reverse(page)
    counts = {one.reason: len(np.unique(one.firms)) for one in told}
    kinds = [
        Kind(code, label, counts.get(code, 0), here + replace(asked, reason=code).address(year), asked.reason == code)
        for code, label in labels().items()
    ]
    more = start + size if start + size < len(chosen) else None
    return Risks(asked, kinds, lines, len(chosen), before is not None, more)


def every_line(
    year: int, run: Run, before: Run | None, scheme: Scheme, found: Strengths, asked: Asked
) -> tuple[int, Iterator[RiskLine]]:
    """How many firms ``risks`` lists on all its pages, and their lines, read many at a time."""
    told = _all_told(year, run, before, found, asked)
    chosen = _by_gravity(told, asked.reason)
    parts = (chosen[start : start + CHUNK] for start in range(0, len(chosen), CHUNK))
    return len(chosen), (line for part in parts for line in _lines(year, run, scheme, told, part))


def _by_gravity(told: list[_Told], reason: str) -> NDArray[np.int64]:
    """The firms with a reason (this one, if any), the gravest first: being shut out counts as three reasons; of those with
    as many, who lost most."""
    firms = np.concatenate([one.firms for one in told])
    weights = np.concatenate([one.weights for one in told])
    every, at = np.unique(firms, return_inverse=True)
    of = {one.reason: np.isin(every, one.firms) for one in told}
    reasons = np.bincount(at, minlength=len(every)) + 2 * of["excluded"]
    lost = np.minimum(np.bincount(at, weights, minlength=len(every)), 999)
    order = np.lexsort((every, -(1e3 * reasons + lost)))
    if reason:
        order = order[of[reason][order]] if reason in of else order[:0]
    return every[order]


def _lines(year: int, run: Run, scheme: Scheme, told: list[_Told], part: NDArray[np.int64]) -> list[RiskLine]:
    """These firms with all that is told of them (five queries at most)."""
    firms: list[int] = part.tolist()
    why: dict[int, list[tuple[str, Any]]] = {firm: [] for firm in firms}
    for one in told:
        for at in np.flatnonzero(np.isin(one.firms, part)).tolist():
            why[int(one.firms[at])].append((one.reason, one.said(at)))
    rows = {row.firm_id: row for row in Score.objects.filter(run=run, firm__in=firms).defer("detail")}
    names = {row.pk: row for row in Firm.objects.filter(pk__in=set(firms) - set(rows))}
    stages = {stage.code: stage.name for stage in scheme.stages}
    statuses = dict(Score.Status.choices)
    words = _Words(scheme, _lacking(year, [firm for firm in firms if any(code == "missing" for code, _ in why[firm])]))
    lines = []
    for firm in firms:
        row, said = rows.get(firm), [words.of(firm, *one) for one in why[firm]]
        if row is None:
            lines.append(RiskLine(names[firm].credit_code, names[firm].name, "—", None, None, said))
        else:
            stage = stages.get(row.stage, "") if row.rank else str(statuses.get(row.status, row.status))
            lines.append(RiskLine(row.credit_code, row.name, stage, row.total if row.rank else None, row.rank, said))
    return lines


def _all_told(year: int, run: Run, before: Run | None, found: Strengths, asked: Asked) -> list[_Told]:
    now, *others = outcomes([run, *([before] if before else [])])
    excluded = list(found.excluded.items())
    yes = [(firm, j, points) for firm, lost in found.deducted.items() for j, points in lost.items()]
    told = [
        _Told.plain("excluded", _ids(firm for firm, _held in excluded), lambda at: excluded[at][1]),
        _Told(
            "deducted",
            _ids(firm for firm, _j, _points in yes),
            np.array([points for _firm, _j, points in yes], dtype=np.float64),
            lambda at: yes[at][1:],
        ),
    ]
    if others:
        told += _falls(others[0], now, asked)
    told.append(_Told.plain("unclassified", now.ids[now.is_in([Score.Status.UNCLASSIFIED])]))
    told.append(_Told.plain("to_confirm", to_confirm(run)))
    told.append(_Told.plain("missing", _missing(year, now)))
    told.append(_overdue())
    return told


def _ids(firms: Iterable[int]) -> NDArray[np.int64]:
    return np.fromiter(firms, dtype=np.int64)


def _falls(before: Outcomes, now: Outcomes, asked: Asked) -> Iterator[_Told]:
    """Of firms ranked in both: who lost as many points, who as many places. Totals are whole ten-thousandths: no fall is
    just below its threshold by floating point alone."""
    rows = before.rows_of(now.ids)
    both = np.flatnonzero((rows >= 0) & (now.rank > 0))
    both = both[before.rank[rows[both]] > 0]
    then = rows[both]
    lost, places = before.units[then] - now.units[both], now.rank[both] - before.rank[then]
    at, old = (both[lost >= asked.score * UNIT], then[lost >= asked.score * UNIT])
    points = np.round((before.units[old] - now.units[at]) / UNIT, 4)
    totals = before.units[old] / UNIT, now.units[at] / UNIT
    yield _Told("fell_score", now.ids[at], points, lambda n: (float(totals[0][n]), float(totals[1][n])))
    low, high = both[places >= asked.rank], then[places >= asked.rank]
    ranks = before.rank[high], now.rank[low]
    yield _Told.plain("fell_rank", now.ids[low], lambda n: (int(ranks[0][n]), int(ranks[1][n])))


def _missing(year: int, now: Outcomes) -> NDArray[np.int64]:
    """Ranked firms of whose key figures at least one is not there, as of today (one query)."""
    has_all = Q()
    for code in KEY_FIGURES:
        has_all &= Q(values__has_key=code)
    lacking = FactSheet.objects.filter(year=year).exclude(has_all).order_by().values_list("firm_id", flat=True)
    firms = _ids(lacking)
    rows = now.rows_of(firms)
    return firms[(rows >= 0) & (np.append(now.rank, 0)[rows] > 0)]


def _lacking(year: int, firms: list[int]) -> dict[int, list[str]]:
    """Of the firms shown for a missing figure: which ones."""
    names = dict(Metric.objects.filter(code__in=KEY_FIGURES).values_list("code", "name"))
    sheets = FactSheet.objects.filter(year=year, firm__in=firms).values_list("firm_id", "values")
    return {firm: [names.get(code, code) for code in KEY_FIGURES if code not in values] for firm, values in sheets}


@dataclass(frozen=True)
class _Words:
    """Reasons in words, only of the firms a page shows."""

    scheme: Scheme
    lacking: dict[int, list[str]]

    def of(self, firm: int, reason: str, said: Any) -> str:
        match reason:
            case "excluded":
                names = "、".join(self.scheme.exclusions[j].name for j in said)
                return _("不纳入本期评价：%s") % names if names else _("不纳入本期评价")
            case "deducted":
                j, points = said
                said = {"name": self.scheme.deductions[j].name, "points": brief(points)}
                return _("%(name)s，扣%(points)s分") % said
            case "fell_score":
                was, now = said
                said = {"fall": number(round(was - now, 4), 2), "was": number(was, 2), "now": number(now, 2)}
                return _("得分下降%(fall)s分（%(was)s→%(now)s）") % said
            case "fell_rank":
                was, now = said
                said = {"fall": now - was, "was": was, "now": now}
                return _("名次下降%(fall)d位（第%(was)d名→第%(now)d名）") % said
            case "unclassified":
                return _("缺少划分企业类型的数据，未参加排名")
            case "to_confirm":
                return _("初创期企业营业收入已达扩张期标准，类型待核定")
            case "missing":
                return _("没有%s的数据") % "、".join(self.lacking.get(firm, []))
        year, due, days = said
        said = {"year": year, "due": due, "days": days}
        return _("%(year)d年度填报已于%(due)s截止，逾期%(days)d天没有提交") % said


def _overdue() -> _Told:
    """Forms of the year that is being filled in, past the deadline, or past the firm's own, and not handed in."""
    today = timezone.localdate()
    past = DataYear.objects.filter(phase=DataYear.Phase.REPORTING, locked_at__isnull=True, firms_due_on__lt=today)
    held = past.order_by("-year").first()
    if held is None or held.firms_due_on is None:
        return _Told.plain("overdue", _ids([]))
    longer = Extension.objects.filter(firm=OuterRef("firm"), year=held.year, revoked_at__isnull=True, due_on__gte=today)
    open_forms = FirmReport.objects.filter(
        year=held.year, state__in=[FirmReport.State.DRAFT, FirmReport.State.RETURNED]
    )
    said = (held.year, held.firms_due_on, (today - held.firms_due_on).days)
    late = open_forms.exclude(Exists(longer)).order_by().values_list("firm_id", flat=True)
    return _Told.plain("overdue", _ids(late), lambda at: said)


def _whole(text: str, usual: int, largest: int) -> int:
    return min(int(text), largest) if text.isascii() and text.isdigit() and len(text) < 9 and int(text) > 0 else usual
