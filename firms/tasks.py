"""What Celery calls. No work is defined here: a message names a job, the job's row says what to do."""

from celery import shared_task

from firms.services import (
    connector_runs,
    connector_schedule,
    connector_trials,
    coverage,
    import_jobs,
    jobs,
    mail,
    reminders,
)

jobs.handler("import.plan")(import_jobs.run_plan)
jobs.handler("import.apply")(import_jobs.run_apply)
jobs.handler("mail.send")(mail.send_due)
jobs.recurring(mail.ask_when_due)
jobs.handler(connector_runs.KIND)(connector_runs.run)
jobs.handler(connector_trials.KIND)(connector_trials.run)
jobs.recurring(connector_schedule.ask_when_due)
jobs.handler(coverage.KIND)(coverage.run)
jobs.handler(coverage.NIGHTLY)(coverage.run_nightly)
jobs.recurring(coverage.ask_for_tonight)
jobs.handler(reminders.KIND)(reminders.run)
jobs.recurring(reminders.ask_for_today)


@shared_task(name="firms.tasks.wake")
def wake(job_id: int) -> None:
    """Run one job, if it is still due."""
    jobs.run(job_id)


@shared_task(name="firms.tasks.sweep")
def sweep() -> None:
    """Every half minute by beat: wake workers for whatever a lost message left behind."""
    jobs.sweep()
