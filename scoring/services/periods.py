"""An evaluation period's life before publication: opened, locked with its references frozen, unlocked with a reason."""

import datetime as dt

from django.db import transaction
from django.utils import timezone

from firms.models import DataYear, User
from firms.services import audit
from firms.services.refusal import Refusal
from scoring.models import EvaluationPeriod, Scheme
from scoring.services.publication import StaleVersion


@transaction.atomic
def open_period(year: int, scheme: Scheme, *, by: User | None, as_of: dt.date | None = None) -> EvaluationPeriod:
    """One data year to be judged by one scheme; ages count as of 31 December unless told otherwise (reading 5)."""
    data_year, _ = DataYear.objects.get_or_create(year=year)
    if EvaluationPeriod.objects.filter(year=data_year).exists():
        raise Refusal("period_exists", f"{year}年度的评价期已经建立。", place="数据年度", hint="请直接使用该评价期。")
    period = EvaluationPeriod.objects.create(
        year=data_year, name=f"{year}年度企业创新积分", scheme=scheme, as_of=as_of or dt.date(year, 12, 31)
    )
    audit.record("period.open", f"建立评价期 {period}", by=by, target=period, after={"scheme": scheme.sha256})
    return period


@transaction.atomic
def lock(period: EvaluationPeriod, *, by: User | None, version: int | None = None) -> EvaluationPeriod:
    """Close the year's facts on every path and freeze the full-mark values, so that a score depends on nobody else.

    What is frozen are the references of the published run, or, before publication, of the latest one.
    ``version``: that of the page the person looked at.
    """
    year = DataYear.objects.select_for_update().get(year=period.year_id)
    current = _locked_row(period, version)
    if year.is_locked:
        raise Refusal("already_locked", f"{year}已经锁定。", place=current.name, hint="无须重复操作。")
    run = current.published_run or current.runs.complete().order_by("-number").first()
    if run is None:
        raise Refusal("no_run", "还没有完成的评价计算，没有可冻结的满分值。", place=current.name, hint="请先计算。")
    year.locked_at, year.locked_by = timezone.now(), by
    year.save(update_fields=["locked_at", "locked_by"])
    current.references = run.references
    current.version += 1
    current.save(update_fields=["references", "version"])
    audit.record(
        "period.lock", f"锁定{current.name}，冻结第{run.number}次计算的满分值", by=by, target=current,
        after={"run": run.pk, "references": run.references},
    )  # fmt: skip
    return current


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
    year.locked_at = year.locked_by = None
    year.save(update_fields=["locked_at", "locked_by"])
    current.references = None
    current.version += 1
    current.save(update_fields=["references", "version"])
    audit.record("period.unlock", f"解锁{current.name}：{reason}", by=by, target=current, before=before)
    return current


def _locked_row(period: EvaluationPeriod, version: int | None) -> EvaluationPeriod:
    current = EvaluationPeriod.objects.select_for_update().get(pk=period.pk)
    if version is not None and version != current.version:
        raise StaleVersion(current)
    return current
