"""Nothing acknowledged is lost, nothing is applied twice. Each fault has its control: protection off, the fault bites."""

import contextlib
import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from firms.models import Department, Job, Role
from firms.services import jobs
from firms.services.refusal import Refusal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def messages(monkeypatch):
    """Messages sent to the broker, kept instead of sent; each test decides which ones arrive."""
    sent: list[int] = []
    monkeypatch.setattr(jobs.current_app, "send_task", lambda name, args, **options: sent.append(args[0]))
    return sent


@pytest.fixture
def work(monkeypatch):
    """Handlers of this test alone."""
    monkeypatch.setattr(jobs, "_handlers", {})
    monkeypatch.setattr(jobs, "_recurring", [])
    monkeypatch.setattr(jobs, "autodiscover_modules", lambda name: None)
    return jobs.handler


def let_lease_run_out(job_id: int) -> None:
    Job.objects.filter(pk=job_id).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_job_runs_reports_progress_and_keeps_its_result(work):
    seen = []

    @work("count")
    def count(claim):
        claim.progress(40, "读取数据")
        seen.append(Job.objects.get(pk=claim.job_id).progress)
        return {"rows": claim.args["rows"]}

    job = jobs.enqueue("count", "a", {"rows": 7}, by=None)
    assert jobs.run_due() == 1
    job.refresh_from_db()
    assert (job.state, job.progress, job.result, job.attempt) == ("succeeded", 100, {"rows": 7}, 1)
    assert seen == [40]


def test_an_unfinished_job_with_the_same_key_is_returned_not_doubled(work):
    work("x")(lambda claim: None)
    first = jobs.enqueue("x", "2023", by=None)
    assert jobs.enqueue("x", "2023", by=None) == first
    assert jobs.enqueue("x", "2024", by=None) != first
    jobs.run_due()
    assert jobs.enqueue("x", "2023", by=None) != first


def test_the_database_itself_refuses_a_second_open_job():
    now = timezone.now()
    Job.objects.create(kind="x", key="k", due_at=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.create(kind="x", key="k", due_at=now)


def test_two_beats_make_one_night_even_when_the_first_has_finished(work):
    runs = []
    work("nightly")(lambda claim: runs.append(claim.key))

    def night(*, once):
        runs.clear()
        Job.objects.all().delete()
        for _beat in range(2):
            jobs.enqueue("nightly", "nightly-2026-11-21", by=None, once=once)
            jobs.run_due()
        return len(runs)

    assert night(once=True) == 1
    assert night(once=False) == 2  # control: without the protection the second beat doubles it


def test_the_database_itself_refuses_a_second_night():
    now = timezone.now()
    Job.objects.create(kind="nightly", key="n", due_at=now, once=True, state="succeeded")
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.create(kind="nightly", key="n", due_at=now, once=True)


def test_a_killed_worker_loses_nothing(work):
    done = []

    @work("dies")
    def dies(claim):
        if claim.attempt == 1:
            raise KeyboardInterrupt  # as kill -9: no handler of ours sees it
        done.append(claim.attempt)

    job = jobs.enqueue("dies", "a", by=None)
    with pytest.raises(KeyboardInterrupt):
        jobs.run(job.pk)
    assert jobs.run_due() == 0, "its lease still holds: it may only be slow"
    let_lease_run_out(job.pk)
    assert jobs.run_due() == 1
    assert done == [2]


def test_a_stale_worker_can_no_longer_write(work):
    def race(*, guarded):
        """A slow worker wakes up after another one has taken its job over; how many departments get written."""
        Department.objects.all().delete()
        Job.objects.all().delete()

        @work("write")
        def write(claim):
            if claim.attempt == 1:
                let_lease_run_out(claim.job_id)
                assert jobs.run(claim.job_id)  # the other worker, meanwhile, does all of it
            with transaction.atomic():
                if guarded:
                    claim.guard()
                Department.objects.create(code=f"d{claim.attempt}", name=f"部门{claim.attempt}", short_name="x")

        job = jobs.enqueue("write", "a", by=None)
        first_said = jobs.run(job.pk)
        job.refresh_from_db()
        assert job.state == "succeeded"
        assert job.attempt == 2
        assert first_said is False
        return Department.objects.count()

    assert race(guarded=True) == 1
    assert race(guarded=False) == 2  # control: without the fence the stale worker writes as well


def test_a_stale_workers_progress_and_end_are_refused(work):
    work("x")(lambda claim: None)
    job = jobs.enqueue("x", "a", by=None)
    stale = jobs._claim(job.pk)
    let_lease_run_out(job.pk)
    jobs.run(job.pk)
    with pytest.raises(jobs.LostLease):
        stale.progress(50, "还在算")
    with pytest.raises(jobs.LostLease), transaction.atomic():
        stale.guard()
    assert jobs._finish(stale, "failed", error="旧的") is False
    job.refresh_from_db()
    assert (job.state, job.error) == ("succeeded", "")


def test_progress_renews_the_lease(work):
    work("x")(lambda claim: None)
    claim = jobs._claim(jobs.enqueue("x", "a", by=None).pk)
    let_lease_run_out(claim.job_id)
    claim.progress(10, "")
    assert not jobs.due().exists()


@pytest.mark.django_db(transaction=True)
def test_a_lost_message_is_sent_again_by_the_sweeper(work, messages):
    work("x")(lambda claim: None)
    job = jobs.enqueue("x", "a", by=None)
    assert messages == [job.pk]
    messages.clear()  # Redis FLUSHALL
    assert Job.objects.get(pk=job.pk).state == "queued", "control: without a sweep nobody would ever run it"
    jobs.sweep()
    assert messages == [job.pk]
    assert jobs.run(messages.pop())
    jobs.sweep()
    assert messages == []


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_does_not_lose_the_job(work, monkeypatch):
    def down(*args, **options):
        raise ConnectionError("no broker")

    work("x")(lambda claim: None)
    monkeypatch.setattr(jobs.current_app, "send_task", down)
    jobs.enqueue("x", "a", by=None)
    assert jobs.run_due() == 1


@pytest.mark.django_db(transaction=True)
def test_no_message_leaves_before_the_row_is_committed(messages):
    with transaction.atomic():
        job = jobs.enqueue("x", "a", by=None)
        assert messages == []
    assert messages == [job.pk]


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_request_wakes_nobody(messages):
    with contextlib.suppress(ZeroDivisionError), transaction.atomic():
        jobs.enqueue("x", "a", by=None)
        raise ZeroDivisionError
    assert messages == []
    assert not Job.objects.exists()


def test_an_error_is_retried_with_growing_waits_and_then_said_in_chinese(work):
    @work("broken")
    def broken(claim):
        raise ValueError("secret detail")

    job = jobs.enqueue("broken", "a", by=None)
    waits = []
    for _ in range(jobs.ATTEMPTS):
        before = timezone.now()
        assert jobs.run(job.pk) is False
        job.refresh_from_db()
        waits.append((job.due_at - before).total_seconds())
        assert not jobs.due().exists()
        Job.objects.filter(pk=job.pk, state="queued").update(due_at=timezone.now())
    assert waits[0] == pytest.approx(30, abs=2)
    assert waits[1] == pytest.approx(120, abs=2)
    assert job.state == "failed"
    assert "第3次执行出错" in job.error
    assert "secret detail" not in job.error, "details belong in the log, not on a page"


def test_a_refusal_is_an_answer_and_not_retried(work):
    @work("refuses")
    def refuses(claim):
        raise Refusal("locked", "该年度已锁定。", place="2023年度", hint="请先解锁。")

    job = jobs.enqueue("refuses", "a", by=None)
    jobs.run_due()
    job.refresh_from_db()
    assert (job.state, job.attempt, job.error) == ("failed", 1, "2023年度：该年度已锁定。请先解锁。")


def test_a_job_that_kills_every_worker_is_stopped(work):
    @work("bomb")
    def bomb(claim):
        raise KeyboardInterrupt

    job = jobs.enqueue("bomb", "a", by=None)
    for _ in range(jobs.ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            jobs.run(job.pk)
        let_lease_run_out(job.pk)
    jobs.run_due()
    job.refresh_from_db()
    assert job.state == "failed"
    assert "均中断" in job.error


def test_cancel_fences_off_the_running_worker(work, django_user_model):
    office = django_user_model.objects.create(username="o", role="office")
    reached = []

    @work("long")
    def long(claim):
        jobs.cancel(Job.objects.get(pk=claim.job_id), by=office)
        claim.progress(50, "")
        reached.append("wrote")

    job = jobs.enqueue("long", "a", by=office)
    jobs.run_due()
    job.refresh_from_db()
    assert (job.state, reached) == ("cancelled", [])
    with pytest.raises(Refusal):
        jobs.cancel(job, by=office)
    jobs.retry(job, by=office)
    work("long")(lambda claim: None)
    assert jobs.run_due() == 1
    with pytest.raises(Refusal):
        jobs.retry(job, by=office)


def test_a_job_is_not_run_before_it_is_due(work):
    work("x")(lambda claim: None)
    job = jobs.enqueue("x", "a", by=None, due=timezone.now() + timedelta(hours=1))
    assert jobs.run(job.pk) is False
    assert jobs.run_due() == 0


def test_the_calendar_is_asked_on_every_sweep_and_one_broken_entry_stops_nothing(work):
    ran = []
    work("x")(lambda claim: ran.append(claim.key))
    jobs.recurring(lambda: 1 / 0)
    jobs.recurring(lambda: jobs.enqueue("x", "tonight", by=None, once=True))
    jobs.run_due()
    jobs.run_due()
    assert ran == ["tonight"]


@pytest.mark.django_db(transaction=True)
def test_of_eight_workers_woken_at_once_one_runs_the_job(work):
    if connection.vendor != "postgresql":
        pytest.skip("threads need their own connections: the embedded test database lives in one")
    ran, barrier = [], threading.Barrier(8)
    work("x")(lambda claim: ran.append(claim.fence))
    job = jobs.enqueue("x", "a", by=None)

    def worker():
        barrier.wait()
        jobs.run(job.pk)
        connection.close()

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ran == [1]


@pytest.mark.parametrize(
    ("args", "url"), [({"connector": 3, "year": 2022}, "/connectors/3/"), ({"batch": 4}, "/imports/4/")]
)
def test_work_that_failed_leads_back_to_what_it_was_about(as_role, args, url):
    job = Job.objects.create(kind="connector.trial", key="x", args=args, state=Job.State.FAILED, due_at=timezone.now())
    page = reverse("firms:job", args=[job.pk])
    assert f'href="{url}"' in as_role(Role.OFFICE).get(page).text
    assert f'href="{url}"' not in as_role(Role.SYSTEM).get(page).text  # who may not go there


def test_every_kind_of_work_has_a_name_that_people_read():
    from django.utils.module_loading import autodiscover_modules

    from firms.presenters.jobs import JOB_TITLES

    autodiscover_modules("tasks")
    ours = {kind for kind, fn in jobs._handlers.items() if fn.__module__.partition(".")[0] in {"firms", "scoring"}}
    assert ours <= JOB_TITLES.keys()
