"""采集: one attempt of a source as a job. What was obtained is staged like any file; a failure writes nothing anywhere else."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from firms.connecting import collecting
from firms.connecting.collecting import Collected
from firms.connecting.fieldmap import FieldMap
from firms.connecting.problem import Unfetched
from firms.models import Connector, Fetch, ImportBatch, Job, Source, User
from firms.services import connector_rules, connectors, imports, jobs, messages
from firms.services.jobs import Claim, LostLease
from firms.services.refusal import Refusal

logger = logging.getLogger(__name__)

KIND = "connector.fetch"
TOLD_AFTER = 3  # failures in a row before the office hears of it
Outcome, State = Fetch.Outcome, ImportBatch.State
_PENDING = (State.UPLOADED, State.READING, State.PLANNED)
# A person who asks again after giving the content up wants to see it again; the clock does not.
_GIVEN_UP = (State.DISCARDED, State.UNDONE)


def ask(connector: Connector, *, year: int | None, by: User) -> Job:
    """Have a source fetched now, as a job; while one is under way, that one."""
    connectors.permit(by)
    year = connectors.year_for(connector, year)
    return jobs.enqueue(KIND, str(connector.pk), {"connector": connector.pk, "year": year}, by=by)


def run(claim: Claim) -> dict[str, Any]:
    """The job: fetch, stage, and confirm where the source's own rule allows. Raises Refusal saying why nothing was obtained."""
    connector = Connector.objects.select_related("department").get(pk=claim.args["connector"])
    link = ["firms:connector", connector.pk]
    if claim.requested_by_id is None and not connector.enabled:
        return {"message": "该数据源已停用，没有采集。", "link": link}
    fetch = _begin(connector, claim)
    try:
        fieldmap = connectors.usable_map(connector)
        collected = _collected(connector, fetch, fieldmap, claim)
        _keep(connector, fetch, fieldmap, collected, claim)
    except Unfetched as problem:
        _fail(fetch, problem.code, f"{problem.message}{problem.hint}")
        raise connectors.refusal_of(problem, str(connector)) from problem
    except Refusal as refusal:
        _fail(fetch, refusal.code, f"{refusal.message}{refusal.hint}")
        raise
    except LostLease:
        raise  # whoever holds the job now closes this attempt as interrupted
    except Exception:
        _fail(fetch, "accident", "程序出错，没有写入任何内容。请联系系统管理员。")
        raise
    return {"message": f"{fetch.get_outcome_display()}。{fetch.message}", "link": link}


@transaction.atomic
def _begin(connector: Connector, claim: Claim) -> Fetch:
    """Open the attempt. One at a time: an attempt left open by a worker that died is closed, one under way is respected."""
    Connector.objects.select_for_update(no_key=True).get(pk=connector.pk)
    claim.guard()
    left = list(connector.fetches.filter(outcome=Outcome.RUNNING))
    alive = Job.objects.filter(
        kind=KIND, state=Job.State.RUNNING, lease_until__gt=timezone.now(), args__connector=connector.pk
    )
    if left and alive.exclude(pk=claim.job_id).exists():
        raise Refusal("already_fetching", "该数据源正在采集。", place=str(connector), hint="请稍候查看采集记录。")
    for fetch in left:
        _fail(fetch, "interrupted", "采集中断，没有写完。")
    return Fetch.objects.create(connector=connector, year=claim.args["year"], asked_by_id=claim.requested_by_id)


def _collected(connector: Connector, fetch: Fetch, fieldmap: FieldMap, claim: Claim) -> Collected:
    url = connectors.address(connector, fetch.year or timezone.localdate().year)
    claim.progress(5, "正在连接")

    def progress(pages: int, rows: int) -> None:
        claim.progress(min(50, 5 + pages), f"已读取{pages}页、{rows}行")

    return collecting.collect(url, connector.kind, fieldmap, connectors.guard(), progress)


def _keep(connector: Connector, fetch: Fetch, fieldmap: FieldMap, collected: Collected, claim: Claim) -> None:
    fetch.size, fetch.rows, fetch.sha256 = collected.size, len(collected.rows), collected.digest(fieldmap)
    before = connector.fetches.filter(outcome=Outcome.STAGED, year=fetch.year).select_related("batch").first()
    if before is not None and before.sha256 == fetch.sha256:
        given_up = before.batch is None or before.batch.state in _GIVEN_UP
        if not (given_up and fetch.asked_by_id):
            return _end(fetch, Outcome.SAME, f"与{_moment(before)}采集的内容相同，没有生成批次。")
    batch = _staged(connector, fetch, fieldmap, collected, claim)
    imports.plan(batch, progress=lambda percent, message: claim.progress(50 + percent * 2 // 5, message))
    if connector_rules.says_nothing_new(batch):
        imports.discard(batch, by=None)
        return _end(fetch, Outcome.SAME, "各行与现有数据一致，没有需要写入的内容。")
    _supersede(connector, batch)
    why = connector_rules.why_a_person(connector, batch)
    if not why:
        try:
            imports.confirm(batch, digest=batch.plan_digest, by=None, progress=claim.progress)
        except Refusal as refusal:
            why = refusal.message
    return _end(
        fetch, Outcome.STAGED, f"待人确认：{why}" if why else "按规则自动确认生效。", waiting=batch if why else None
    )


def _staged(connector: Connector, fetch: Fetch, fieldmap: FieldMap, collected: Collected, claim: Claim) -> ImportBatch:
    """The batch, with the answers as they came kept beside it; both or none."""
    now = timezone.localtime()
    year = f"-{fetch.year}年度" if fetch.year else ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "collected.xlsx"
        collecting.workbook(path, fieldmap.headings(connectors.table(connector)), fieldmap, collected.rows)
        with path.open("rb") as file, transaction.atomic():
            claim.guard()
            batch = imports.upload(
                File(file, name=f"{connector.name}{year}-{now:%Y%m%d%H%M}.xlsx"),
                kind=connector.batch_kind,
                department=connector.department,
                year=fetch.year,
                register_kind=connector.register_kind,
                source=Source.PUBLIC,
                by=None,
            )
            fetch.batch = batch
            fetch.save(update_fields=["batch", "size", "rows", "sha256"])
            # A transaction rolled back leaves its file behind, and its number may be given again.
            default_storage.delete(fetch.original_name)
            default_storage.save(fetch.original_name, ContentFile(b"\n".join(collected.bodies)))
    return batch


def _supersede(connector: Connector, batch: ImportBatch) -> None:
    """What an earlier fetch brought and nobody confirmed is out of date: confirmed later it would put old figures over new ones."""
    older = ImportBatch.objects.filter(fetches__connector=connector, year=batch.year, state__in=_PENDING)
    for old in older.exclude(pk=batch.pk):
        try:
            imports.discard(old, by=None)
        except (
            Refusal
        ):  # confirmed in this very moment: then it stands, and this one is judged again when it is confirmed
            logger.info("batch %s was confirmed while batch %s came in", old.pk, batch.pk)


@transaction.atomic
def _end(fetch: Fetch, outcome: str, message: str, *, waiting: ImportBatch | None = None) -> None:
    fetch.outcome, fetch.message, fetch.finished_at = outcome, message[:300], timezone.now()
    fetch.save()
    if waiting is not None:
        connector = fetch.connector
        theirs = messages.people_of_department(connector.department)
        messages.tell(
            theirs if theirs.exists() else messages.people_of_office(), key=f"connector.staged:{waiting.pk}",
            title=f"公开数据待确认：{connector}"[:100], body=fetch.message, link=f"/imports/{waiting.pk}/",
        )  # fmt: skip


@transaction.atomic
def _fail(fetch: Fetch, code: str, message: str) -> None:
    """Close the attempt as failed; the third failure in a row is told to the office, once."""
    fetch.outcome, fetch.code, fetch.message = Outcome.FAILED, code[:48], message[:300]
    fetch.finished_at = timezone.now()
    fetch.save()
    connector = Connector.objects.with_record().get(pk=fetch.connector_id)
    if connector.failures >= TOLD_AFTER:
        messages.tell(
            messages.people_of_office(), key=f"connector.failing:{connector.pk}:{connector.last_good_id}",
            title=f"公开数据源连续{TOLD_AFTER}次采集失败：{connector}"[:100],
            body=f"最近一次：{fetch.message} 原有数据不受影响。", link=f"/connectors/{connector.pk}/",
        )  # fmt: skip


def _moment(fetch: Fetch) -> str:
    return timezone.localtime(fetch.started_at).strftime("%m月%d日%H:%M")
