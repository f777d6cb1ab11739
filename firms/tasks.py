"""What Celery calls. No work is defined here: a message names a job, the job's row says what to do."""

from celery import shared_task

from firms.services import jobs


@shared_task(name="firms.tasks.wake")
def wake(job_id: int) -> None:
    """Run one job, if it is still due."""
    jobs.run(job_id)


@shared_task(name="firms.tasks.sweep")
def sweep() -> None:
    """Every half minute by beat: wake workers for whatever a lost message left behind."""
    jobs.sweep()
