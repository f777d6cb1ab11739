"""Reading and writing of files as jobs when they are large, at once when they are small."""

from firms.models import ImportBatch, User
from firms.services import imports, jobs
from firms.services.jobs import Claim
from firms.services.refusal import Refusal

# Read and planned in under a second on the smallest machine; a larger file shows its progress instead of a waiting page.
INLINE_BYTES = 300_000
INLINE_ROWS = 3_000


def stage(batch: ImportBatch, *, by: User, again: bool = False) -> None:
    """Read the file and plan its rows. A file refused as a whole stays as a 已拒收 batch that says why."""
    if batch.size > INLINE_BYTES:
        jobs.enqueue("import.plan", str(batch.pk), {"batch": batch.pk, "again": again}, by=by)
        return
    try:
        imports.plan(batch, again=again)
    except Refusal:
        batch.refresh_from_db()
        if batch.state != ImportBatch.State.REFUSED:
            raise


def confirm(batch: ImportBatch, *, digest: str, by: User) -> bool:
    """Apply the plan that was shown; True when it is done, False when a job was asked to. Raises what ``confirm`` raises."""
    if batch.counts.get("rows", 0) > INLINE_ROWS:
        imports.permit_confirm(batch, digest, by)  # before the job takes the batch's only key
        jobs.enqueue("import.apply", str(batch.pk), {"batch": batch.pk, "digest": digest}, by=by)
        return False
    imports.confirm(batch, digest=digest, by=by)
    return True


def run_plan(claim: Claim) -> dict:
    batch = ImportBatch.objects.get(pk=claim.args["batch"])
    imports.plan(batch, progress=claim.progress, again=claim.args.get("again", False))
    return {"link": ["firms:import_detail", batch.pk]}


def run_apply(claim: Claim) -> dict:
    batch = ImportBatch.objects.get(pk=claim.args["batch"])
    if batch.state != ImportBatch.State.APPLIED:  # a second attempt finds the first one's work done
        by = User.objects.get(pk=claim.requested_by_id or 0)
        imports.confirm(batch, digest=claim.args["digest"], by=by, progress=claim.progress)
    return {"link": ["firms:import_detail", batch.pk]}
