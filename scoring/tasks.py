"""Background work of scoring: one period on request, all open ones every night."""

from celery import shared_task
from django.utils import timezone

from firms.models import ImportBatch, User
from firms.services import jobs
from firms.services.jobs import Claim
from scoring.models import EvaluationPeriod
from scoring.services import forecast, rescore, schedule
from scoring.services.analysis import ready


@jobs.handler("rescore")
def rescore_period(claim: Claim) -> dict:
    """args: {"period": id, "reason": why a locked one is judged again}."""
    period = EvaluationPeriod.objects.get(pk=claim.args["period"])
    result = rescore(period, by=_asked_by(claim), claim=claim, reason=claim.args.get("reason", ""))
    message = f"第{result.run.number}次计算：{result.run.ranked}家企业参加排名。"
    if result.created:
        ready.after_run(result.run)
    else:
        message = f"数据没有变化，结果与第{result.run.number}次计算相同，没有产生新的计算。"
    return {"run": result.run.pk, "created": result.created, "message": message, "link": ["scoring:run", result.run.pk]}


@jobs.handler(forecast.KIND)
def foresee_batch(claim: Claim) -> dict:
    """args: {"batch": id}; what it would move if confirmed, or undone."""
    return forecast.foresee(ImportBatch.objects.get(pk=claim.args["batch"]), claim=claim)


@jobs.handler(ready.KIND)
def make_columns(claim: Claim) -> dict:
    """args: {"run": id}; its fields as arrays, for 多维检索."""
    return ready.make(claim.args["run"], claim=claim)


@jobs.handler("nightly")
def rescore_all(claim: Claim) -> dict:
    """Every period whose facts may still change, oldest first: a later one looks back on an earlier one's stages.

    A locked period cannot change and is left alone. A published one that is not locked gets a new run to look at; what
    the public sees moves only when a person publishes it.
    """
    done = {}
    for period in EvaluationPeriod.objects.filter(year__locked_at__isnull=True).order_by("year_id"):
        result = rescore(period, by=None, claim=claim)
        done[str(period.year_id)] = {"run": result.run.pk, "created": result.created}
        if result.created:
            ready.after_run(result.run)
    return done


@jobs.recurring
def ask_for_tonight() -> None:
    """One row a date, however many schedulers ask, and also when the scheduler's own message was lost."""
    date = schedule.get().due_on(timezone.now())
    if date is not None:
        jobs.enqueue("nightly", f"nightly-{date}", by=None, once=True)


@shared_task(name=schedule.TASK)
def nightly() -> None:
    """Called by beat at the hour the office chose."""
    ask_for_tonight()


def _asked_by(claim: Claim) -> User | None:
    return User.objects.filter(pk=claim.requested_by_id).first() if claim.requested_by_id else None
