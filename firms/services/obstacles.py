"""What stands in the way of judging a year: counted, so that a person sees it before and the lock is told it again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from django.db import models

from firms.models import (
    Coverage,
    DataYear,
    FactSheet,
    FirmReport,
    ImportBatch,
    Objection,
    RegisterClaim,
    Reopening,
)

Weight = Literal["hard", "soft", "note"]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """``count`` of something unfinished. hard: refuses; soft: may be left open for a reason; note: worth knowing."""

    code: str
    label: str
    count: int
    weight: Weight
    words: str

    @property
    def hard(self) -> bool:
        return self.weight == "hard" and self.count > 0

    @property
    def needs_reason(self) -> bool:
        return self.weight == "soft" and self.count > 0


def survey(year: int) -> list[Obstacle]:
    """Every kind of obstacle, also where there is none of it now (a constant number of queries)."""
    return [
        Obstacle(code, label, count, weight, words.format(count))
        for code, label, weight, words, count in _counted(year)
    ]


def in_the_way(year: int) -> list[Obstacle]:
    """Those of ``survey`` of which there are any."""
    return [obstacle for obstacle in survey(year) if obstacle.count]


def in_words(obstacles: Iterable[Obstacle]) -> str:
    return "，".join(obstacle.words for obstacle in obstacles)


def _counted(year: int) -> Iterable[tuple[str, str, Weight, str, int]]:
    states = dict(FirmReport.objects.filter(year=year).values_list("state").annotate(models.Count("pk")).order_by())
    yield (
        "reporting",
        "填报阶段",
        "hard",
        "填报尚未截止",
        _of(DataYear.objects.filter(phase=DataYear.Phase.REPORTING), year),
    )
    yield "unreviewed", "待审核的填报表", "hard", "{}份填报表待审核", states.get(FirmReport.State.SUBMITTED, 0)
    yield (
        "reopenings",
        "待复核的重新开放",
        "soft",
        "{}份重新开放申请待复核",
        Reopening.objects.filter(report__year=year, decided_at__isnull=True).count(),
    )
    unsubmitted = states.get(FirmReport.State.DRAFT, 0) + states.get(FirmReport.State.RETURNED, 0)
    yield "unsubmitted", "未提交的填报表", "note", "{}份填报表没有提交或退回后没有重报", unsubmitted
    yield (
        "incomplete",
        "未齐的部门数据项",
        "note",
        "{}个数据项没有报齐",
        _of(Coverage.objects.filter(provided__lt=models.F("expected")), year),
    )
    yield (
        "conflicts",
        "未裁定的数据冲突",
        "soft",
        "{}家企业的数据有冲突",
        _of(FactSheet.objects.filter(has_conflicts=True), year),
    )
    yield "objections", "未答复的异议", "soft", "{}件异议未答复", _of(Objection.objects.filter(state="open"), year)
    yield (
        "claims",
        "未核验的台账申报",
        "soft",
        "{}件台账申报未核验",
        RegisterClaim.objects.filter(state=RegisterClaim.State.SUBMITTED, starts_on__year__lte=year).count(),
    )
    yield (
        "batches",
        "待确认的导入",
        "soft",
        "{}个导入批次等待确认",
        _of(ImportBatch.objects.filter(state=ImportBatch.State.PLANNED), year),
    )
    yield "unmatched", "待匹配企业的行", "soft", "{}行导入数据没有找到企业", _unmatched(year)


def _of(rows: models.QuerySet, year: int) -> int:
    return rows.filter(year=year).count()


def _unmatched(year: int) -> int:
    """Rows that an applied batch left waiting for their firm (each batch counts its own)."""
    batches = ImportBatch.objects.filter(year=year, state=ImportBatch.State.APPLIED, counts__unmatched__gt=0)
    return sum(counts["unmatched"] for counts in batches.values_list("counts", flat=True))
