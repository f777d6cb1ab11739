"""What the public sees is one pointer: a period's published run. It moves in one transaction, with its trace."""

from django.db import transaction
from django.utils import timezone

from firms.models import User
from firms.services import audit
from firms.services.refusal import Refusal
from scoring.models import EvaluationPeriod, Run


class StaleVersion(Refusal):
    """The page was made before somebody else's change."""

    def __init__(self, period: EvaluationPeriod) -> None:
        super().__init__(
            "stale_version", "该评价期已被他人修改。", place=period.name, hint="请刷新页面，核对当前状态后再操作。"
        )


@transaction.atomic
def publish(period: EvaluationPeriod, run: Run, *, by: User | None, version: int | None = None) -> EvaluationPeriod:
    """Point the public at ``run``. ``version``: that of the page the person looked at. Publishing it again does nothing."""
    current = _guarded(period, version)
    run = Run.objects.get(pk=run.pk)
    if run.period_id != current.pk:
        raise Refusal("foreign_run", "该评价计算不属于这个评价期。", place=current.name, hint="请选择本评价期的计算。")
    if run.state != Run.State.COMPLETE:
        raise Refusal("run_incomplete", "该评价计算尚未完成。", place=f"{run}", hint="请等待计算完成。")
    if current.published_run_id == run.pk:
        return current
    return _point(current, run, by, "period.publish", f"发布{current.name}第{run.number}次计算")


@transaction.atomic
def withdraw(period: EvaluationPeriod, *, by: User | None, reason: str, version: int | None = None) -> EvaluationPeriod:
    """Take a period off the public pages, with a reason. Its runs stay; any of them can be published again."""
    current = _guarded(period, version)
    if current.published_run_id is None:
        raise Refusal("not_published", "该评价期没有发布。", place=current.name, hint="刷新页面查看当前状态。")
    if not reason.strip():
        raise Refusal("no_reason", "撤回必须写明原因。", place="原因", hint="请填写后重新提交。", status=400)
    return _point(current, None, by, "period.withdraw", f"撤回{current.name}：{reason}")


def _guarded(period: EvaluationPeriod, version: int | None) -> EvaluationPeriod:
    current = EvaluationPeriod.objects.select_for_update().get(pk=period.pk)
    if version is not None and version != current.version:
        raise StaleVersion(current)
    return current


def _point(current: EvaluationPeriod, run: Run | None, by: User | None, action: str, summary: str) -> EvaluationPeriod:
    before = current.published_run_id
    current.published_run = run
    current.published_at = timezone.now() if run else None
    current.version += 1
    current.save(update_fields=["published_run", "published_at", "version"])
    audit.record(action, summary, by=by, target=current, before={"run": before}, after={"run": run.pk if run else None})
    return current
