"""An evaluation period's life before publication: opened, locked with its references frozen, unlocked with a reason."""

import datetime as dt

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from firms.models import DataYear, Role, User
from firms.services import audit, messages, register_figures
from firms.services.obstacles import in_words
from firms.services.refusal import Refusal
from scoring.models import EvaluationPeriod, Scheme
from scoring.policies import lock_survey
from scoring.services.publication import StaleVersion


@transaction.atomic
def open_period(year: int, scheme: Scheme, *, by: User | None, as_of: dt.date | None = None) -> EvaluationPeriod:
    """One data year to be judged by one scheme; ages count as of 31 December unless told otherwise (reading 5)."""
    register_figures.hold()
    data_year, _ = DataYear.objects.get_or_create(year=year)
    if EvaluationPeriod.objects.filter(year=data_year).exists():
        raise Refusal("period_exists", f"{year}年度的评价期已经建立。", place="数据年度", hint="请直接使用该评价期。")
    period = EvaluationPeriod.objects.create(
        year=data_year, name=f"{year}年度企业创新积分", scheme=scheme, as_of=as_of or dt.date(year, 12, 31)
    )
    register_figures.catch_up(year, by_id=by.pk if by else None)
    audit.record("period.open", f"建立评价期 {period}", by=by, target=period, after={"scheme": scheme.sha256})
    return period


@transaction.atomic
def lock(
    period: EvaluationPeriod, *, by: User | None, version: int | None = None, reason: str = ""
) -> EvaluationPeriod:
    """Close the year's facts on every path and freeze the full-mark values, so that a score depends on nobody else.

    What is frozen are the references of the published run, or, before publication, of the latest one.
    ``version``: that of the page the person looked at. What is unfinished and would be lost refuses
    (``policies.lock_survey``, hard); what may be left open needs a ``reason``.
    """
    year = DataYear.objects.select_for_update().get(year=period.year_id)
    current = _locked_row(period, version)
    if year.is_locked:
        raise Refusal("already_locked", f"{year}已经锁定。", place=current.name, hint="无须重复操作。")
    run = current.published_run or current.runs.complete().order_by("-number").first()
    if run is None:
        raise Refusal("no_run", "还没有完成的评价计算，没有可冻结的满分值。", place=current.name, hint="请先计算。")
    left_open = _refuse_obstacles(current, reason)
    year.locked_at, year.locked_by, year.version = timezone.now(), by, year.version + 1
    year.save(update_fields=["locked_at", "locked_by", "version"])
    current.references = run.references
    current.version += 1
    current.save(update_fields=["references", "version"])
    audit.record(
        "period.lock", f"锁定{current.name}，冻结第{run.number}次计算的满分值", by=by, target=current,
        after={"run": run.pk, "references": run.references, "reason": reason.strip(), "left_open": left_open},
    )  # fmt: skip
    _tell(current, f"{year}数据已经锁定", "导入、填报、核验和更正都不再接受；确需更正的，请联系积分办。")
    return current


def _refuse_obstacles(period: EvaluationPeriod, reason: str) -> dict[str, int]:
    """Raises Refusal for what may not be left open, or for what may where no reason is given; else what is left, counted."""
    found = [obstacle for obstacle in lock_survey(period) if obstacle.count]
    hard = [obstacle for obstacle in found if obstacle.hard]
    if hard:
        raise Refusal(
            "in_the_way", f"还不能锁定：{in_words(hard)}。", place=period.name, hint="请先按评价期页面的清单逐项处理。"
        )
    soft = [obstacle for obstacle in found if obstacle.needs_reason]
    if soft and not reason.strip():
        raise Refusal(
            "no_reason", f"{in_words(soft)}，此时锁定必须写明原因。", place=period.name,
            hint="可以先处理这些事项，或填写原因后重新提交。", status=400,
        )  # fmt: skip
    return {obstacle.code: obstacle.count for obstacle in found}


def _tell(period: EvaluationPeriod, title: str, body: str) -> None:
    """To departments and the office, each led to its own work: firms learn of it when the result is made known."""
    key, active = f"period.lock:{period.year_id}:{period.version}", User.objects.filter(is_active=True)
    for role, link in (
        (Role.DEPARTMENT, f"{reverse('firms:coverage')}?year={period.year_id}"),
        (Role.OFFICE, reverse("scoring:period", args=[period.year_id])),
    ):
        messages.tell(active.filter(role=role), key=key, title=title, body=body, link=link)


@transaction.atomic
def unlock(period: EvaluationPeriod, *, by: User | None, reason: str, version: int | None = None) -> EvaluationPeriod:
    """Open the year's facts again; references are measured anew by the next run. What is published stays as it is."""
    year = DataYear.objects.select_for_update().get(year=period.year_id)
    current = _locked_row(period, version)
    if not year.is_locked:
        raise Refusal("not_locked", f"{year}没有锁定。", place=current.name, hint="刷新页面查看当前状态。")
    if not reason.strip():
        raise Refusal("no_reason", "解锁必须写明原因。", place="原因", hint="请填写后重新提交。", status=400)
    before = {"references": current.references}
    year.locked_at, year.locked_by, year.version = None, None, year.version + 1
    year.save(update_fields=["locked_at", "locked_by", "version"])
    current.references = None
    current.version += 1
    current.save(update_fields=["references", "version"])
    audit.record("period.unlock", f"解锁{current.name}：{reason}", by=by, target=current, before=before)
    _tell(current, f"{year}数据已经解锁", f"可以继续更正数据。原因：{reason.strip()}")
    return current


def _locked_row(period: EvaluationPeriod, version: int | None) -> EvaluationPeriod:
    current = EvaluationPeriod.objects.select_for_update().get(pk=period.pk)
    if version is not None and version != current.version:
        raise StaleVersion(current)
    return current
