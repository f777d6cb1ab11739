"""Background work as rows: a Celery message only wakes a worker up, so losing one loses nothing.

A worker takes a job by one conditional UPDATE that raises its ``fence`` and sets a lease. When a worker dies, the lease
runs out and the sweeper hands the job to another one; a worker that was only slow finds the fence moved and can write
no more. A job may therefore run more than once: **every handler must be idempotent**.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules

from firms.models import Job, User
from firms.services import audit
from firms.services.refusal import Refusal

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)  # a handler reports progress more often than this, each report renews it
ATTEMPTS = 3
BACKOFF = timedelta(seconds=30)  # before the second attempt; four times as long before each further one

_handlers: dict[str, Callable[[Claim], Any]] = {}
_recurring: list[Callable[[], Any]] = []


class LostLease(Exception):  # noqa: N818  (a fact, not an error of the program)
    """Another worker owns the job now, or it was cancelled: stop without writing."""


@dataclass
class Claim:
    """One worker's hold on one job. ``args`` as enqueued; ``attempt`` counts from 1."""

    job_id: int
    fence: int
    kind: str
    key: str
    args: dict[str, Any]
    attempt: int
    requested_by_id: int | None
    result: dict[str, Any] = field(default_factory=dict)

    def _row(self) -> models.QuerySet[Job]:
        return Job.objects.filter(pk=self.job_id, fence=self.fence, state=Job.State.RUNNING)

    def progress(self, percent: int, message: str = "") -> None:
        """Say how far the work is, in Chinese, and renew the lease. Raises LostLease."""
        changed = self._row().update(
            progress=max(0, min(int(percent), 100)), message=message[:200], lease_until=timezone.now() + LEASE
        )
        if not changed:
            raise LostLease(self.job_id)

    def guard(self) -> None:
        """Call first in the transaction that writes: until it commits nobody else can take the job. Raises LostLease."""
        if not self._row().select_for_update().exists():
            raise LostLease(self.job_id)


def handler(kind: str) -> Callable[[Callable[[Claim], Any]], Callable[[Claim], Any]]:
    """Register ``fn(claim)`` for jobs of this kind; a dict it returns becomes ``Job.result``. Lives in a tasks module."""

    def register(fn: Callable[[Claim], Any]) -> Callable[[Claim], Any]:
        _handlers[kind] = fn
        return fn

    return register


def recurring(fn: Callable[[], Any]) -> Callable[[], Any]:
    """Call ``fn()`` on every sweep: it enqueues what the calendar asks for, once per due date (``once=True``)."""
    _recurring.append(fn)
    return fn


def enqueue(
    kind: str,
    key: str,
    args: dict[str, Any] | None = None,
    *,
    by: User | None,
    due: datetime | None = None,
    once: bool = False,
) -> Job:
    """Ask for work. With an unfinished job of the same kind and key, that one is returned; with ``once`` any earlier one is."""
    earlier = Job.objects.filter(kind=kind, key=key)
    if not once:
        earlier = earlier.open()
    job = earlier.order_by("-id").first()
    if job is None:
        try:
            with transaction.atomic():
                job = Job.objects.create(
                    kind=kind, key=key, args=args or {}, due_at=due or timezone.now(), requested_by=by, once=once
                )
                if by is not None:  # what the clock asks for leaves its trace in what it does
                    audit.record("job.enqueue", f"申请执行后台任务 {job}", by=by, target=job, after=job.args)
        except IntegrityError:  # another one was quicker: the database keeps it unique
            job = earlier.order_by("-id").first()
            if job is None:
                return enqueue(kind, key, args, by=by, due=due, once=once)
    _wake_after_commit(job)
    return job


def run(job_id: int) -> bool:
    """Claim and run one job in this process. False when it was not ours to run, or did not succeed."""
    claim = _claim(job_id)
    if claim is None:
        return False
    try:
        fn = _handler_of(claim.kind)
        returned = fn(claim)
    except LostLease:
        logger.warning("job %s: lease lost, stopped without writing", job_id)
        return False
    except Refusal as refusal:
        # A refusal is an answer, not an accident: trying again would only repeat it.
        _finish(claim, Job.State.FAILED, error=f"{refusal}")
        return False
    except Exception as error:
        logger.exception("job %s (%s %s) attempt %s failed", job_id, claim.kind, claim.key, claim.attempt)
        _after_error(claim, error)
        return False
    return _finish(claim, Job.State.SUCCEEDED, result=returned if isinstance(returned, dict) else {})


def due(now: datetime | None = None) -> models.QuerySet[Job]:
    """Jobs waiting for a worker: queued and due, or running on a lease that ran out."""
    now = now or timezone.now()
    return Job.objects.filter(
        models.Q(state=Job.State.QUEUED, due_at__lte=now) | models.Q(state=Job.State.RUNNING, lease_until__lt=now)
    ).order_by("due_at", "id")


def run_due() -> int:
    """Run everything due in this process (no broker needed); the number that succeeded."""
    sweep(wake=False)
    return sum(run(pk) for pk in list(due().values_list("pk", flat=True)))


def sweep(*, wake: bool = True) -> list[int]:
    """Every half minute: ask the calendar, then wake a worker for each job due. Returns their ids."""
    autodiscover_modules("tasks")
    for fn in _recurring:
        try:
            fn()
        except Exception:  # one broken calendar entry must not stop the others' jobs
            logger.exception("recurring work %s failed", fn.__name__)
    ids = list(due().values_list("pk", flat=True)[:200])
    if wake:
        for pk in ids:
            _wake(pk)
    return ids


@transaction.atomic
def cancel(job: Job, *, by: User) -> None:
    """Stop a job that has not finished; its worker is fenced off at its next step."""
    changed = (
        Job.objects.open()
        .filter(pk=job.pk)
        .update(state=Job.State.CANCELLED, finished_at=timezone.now(), fence=models.F("fence") + 1)
    )
    if not changed:
        raise Refusal("job_finished", "任务已经结束，不能取消。", place=str(job), hint="刷新页面查看结果。")
    audit.record("job.cancel", f"取消任务 {job}", by=by, target=job)


@transaction.atomic
def retry(job: Job, *, by: User) -> None:
    """Run a failed or cancelled job again, from the first attempt."""
    try:
        with transaction.atomic():
            changed = Job.objects.filter(pk=job.pk, state__in=[Job.State.FAILED, Job.State.CANCELLED]).update(
                state=Job.State.QUEUED, attempt=0, due_at=timezone.now(), error="", finished_at=None, progress=0
            )
    except IntegrityError:
        changed = 0
    if not changed:
        raise Refusal(
            "job_not_failed", "该任务没有失败，或同一任务已在执行。", place=str(job), hint="等待正在执行的任务完成。"
        )
    audit.record("job.retry", f"重新执行任务 {job}", by=by, target=job)
    _wake_after_commit(job)


@transaction.atomic
def _claim(job_id: int) -> Claim | None:
    now = timezone.now()
    taken = (
        due(now)
        .filter(pk=job_id, attempt__lt=ATTEMPTS)
        .order_by()
        .update(
            state=Job.State.RUNNING,
            fence=models.F("fence") + 1,
            attempt=models.F("attempt") + 1,
            lease_until=now + LEASE,
            progress=0,
            message="",
        )
    )
    if not taken:
        # Workers kept dying on it (out of memory, power): say so instead of trying for ever.
        due(now).filter(pk=job_id, attempt__gte=ATTEMPTS).order_by().update(
            state=Job.State.FAILED,
            fence=models.F("fence") + 1,
            finished_at=now,
            error=f"执行{ATTEMPTS}次均中断，已停止。请联系系统管理员，并告知任务编号{job_id}。",
        )
        return None
    job = Job.objects.get(pk=job_id)
    return Claim(job.pk, job.fence, job.kind, job.key, job.args, job.attempt, job.requested_by_id)


def _finish(claim: Claim, state: str, *, result: dict | None = None, error: str = "") -> bool:
    values: dict[str, Any] = {"state": state, "error": error, "lease_until": None, "finished_at": timezone.now()}
    if state == Job.State.SUCCEEDED:
        values |= {"progress": 100, "result": result or {}}
    return bool(claim._row().update(**values)) and state == Job.State.SUCCEEDED


def _after_error(claim: Claim, error: Exception) -> None:
    reason = f"第{claim.attempt}次执行出错（{type(error).__name__}）"
    if claim.attempt >= ATTEMPTS:
        _finish(claim, Job.State.FAILED, error=f"{reason}，已停止。请联系系统管理员，并告知任务编号{claim.job_id}。")
        return
    wait = BACKOFF * 4 ** (claim.attempt - 1)
    claim._row().update(
        state=Job.State.QUEUED, due_at=timezone.now() + wait, lease_until=None, error=f"{reason}，稍后自动重试。"
    )


def _handler_of(kind: str) -> Callable[[Claim], Any]:
    if kind not in _handlers:
        autodiscover_modules("tasks")
    return _handlers[kind]


def _wake_after_commit(job: Job) -> None:
    if job.state == Job.State.QUEUED and job.due_at <= timezone.now():
        transaction.on_commit(lambda: _wake(job.pk))


def _wake(job_id: int) -> None:
    """Send the message; when the broker is down the row still stands and the sweeper will send it again."""
    try:
        current_app.send_task("firms.tasks.wake", args=[job_id], retry=False, expires=300)
    except Exception as error:
        logger.warning("job %s: no message sent (%s); the sweeper will", job_id, error)
