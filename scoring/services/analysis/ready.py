"""Whether the columns of runs are there to be asked; made on the spot for a zone's usual size, by a job beyond it."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from firms.models import Job, User
from firms.services import jobs
from firms.services.jobs import Claim
from scoring.assembly import columns, spreads
from scoring.models import Run
from scoring.services.analysis.result import Preparing

KIND = "columns"
AT_ONCE = 15_000  # firms whose columns are made while somebody waits: about a second


def prepare(runs: Iterable[Run], *, by: User) -> list[Preparing]:
    """Make the columns of small runs now and ask for those of large ones; what has to be waited for."""
    waiting = []
    for run in runs:
        if run.firms <= AT_ONCE:
            if columns.build(run):
                columns.prune()
            continue
        job = jobs.enqueue(KIND, str(run.pk), {"run": run.pk}, by=None)
        waiting.append(Preparing(run.period.year_id, job.pk, job.progress, job.message, job.state == Job.State.FAILED))
    return waiting


def after_run(run: Run) -> None:
    """A large run is made ready before anybody asks."""
    if run.firms > AT_ONCE:
        jobs.enqueue(KIND, str(run.pk), {"run": run.pk}, by=None)


def make(run_id: int, *, claim: Claim | None = None) -> dict[str, object]:
    """The job: the columns of one run, how its firms stand, and the columns nobody asks for any more thrown away. It can run
    twice."""
    run = Run.objects.select_related("period", "scheme").get(pk=run_id)
    say = claim.progress if claim is not None else lambda percent, words: None
    made = columns.build(run, say, claim.guard if claim is not None else None)
    spreads.prepare(run)
    columns.prune()
    message = (
        _("%(run)s的检索列已备好，共%(firms)d家企业。") if made else _("%(run)s的检索列早已备好，共%(firms)d家企业。")
    )
    return {"message": message % {"run": run, "firms": run.firms}}
