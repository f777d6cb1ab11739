"""A run is whole or absent, never doubled, and the same inputs never make another. Each protection has its control."""

import contextlib
import threading
from types import SimpleNamespace

import pytest
from django.db import connection, transaction

from firms.models import AuditEntry, FactSheet, Firm, Job
from firms.services import jobs
from firms.services.refusal import Refusal
from scoring.models import EvaluationPeriod, Run, RunSlice, Score
from scoring.services import lock, publish, rescore, runs, unlock
from tests.scoring import zone

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_messages(monkeypatch):
    monkeypatch.setattr(jobs.current_app, "send_task", lambda *args, **options: None)


def totals(run: Run) -> dict:
    return dict(run.scores.values_list("credit_code", "total"))


def test_the_same_inputs_give_no_new_run():
    period = zone.make_period()
    first = rescore(period, by=None)
    second = rescore(period, by=None)
    assert (first.created, second.created) == (True, False)
    assert second.run == first.run
    assert Run.objects.count() == 1


def test_a_changed_fact_gives_a_new_run_and_leaves_the_old_one_as_it_was():
    period = zone.make_period()
    first = rescore(period, by=None).run
    before = totals(first)
    sheet = FactSheet.objects.first()
    sheet.values["rd_expense"] = 900
    sheet.save()
    second = rescore(period, by=None)
    assert second.created
    assert second.run.number == 2
    assert totals(first) == before
    assert totals(second.run) != before


def test_a_renamed_firm_gives_a_new_run_because_its_name_is_shown():
    period = zone.make_period()
    rescore(period, by=None)
    Firm.objects.filter(pk=Firm.objects.first().pk).update(name="新乡改名有限公司")
    assert rescore(period, by=None).created


def test_facts_going_back_and_forth_give_the_latest_facts_a_run():
    period = zone.make_period()
    rescore(period, by=None)
    original = FactSheet.objects.first().values
    FactSheet.objects.filter(pk=FactSheet.objects.first().pk).update(values=original | {"rd_expense": 1})
    rescore(period, by=None)
    FactSheet.objects.filter(pk=FactSheet.objects.first().pk).update(values=original)
    assert rescore(period, by=None).run.number == 3


def test_locking_freezes_what_was_measured_and_needs_no_new_run():
    period = zone.make_period()
    run = rescore(period, by=None).run
    locked = lock(period, by=None)
    assert locked.references == run.references
    assert rescore(period, by=None).created is False


def test_a_locked_period_whose_ground_moved_is_judged_again_only_for_a_reason():
    period = zone.make_period()
    rescore(period, by=None)
    lock(period, by=None)
    Firm.objects.update(registered_on="2022-06-01")
    with pytest.raises(Refusal, match="已锁定"):
        rescore(period, by=None)
    assert period.runs.count() == 1
    assert rescore(period, by=None, reason="成立日期据档案更正").created


def test_a_late_file_does_not_move_anybody_elses_points_once_references_are_frozen():
    def others_totals(*, locked):
        FactSheet.objects.all().delete()
        Score.objects.all().delete()
        EvaluationPeriod.objects.all().update(published_run=None, published_at=None)
        RunSlice.objects.all().delete()
        Run.objects.all().delete()
        EvaluationPeriod.objects.all().delete()
        Firm.objects.all().delete()
        period = zone.make_period(20)
        period.year.locked_at = None
        period.year.save()
        first = rescore(period, by=None).run
        if locked:
            lock(period, by=None)
        sheet = FactSheet.objects.order_by("firm_id").first()
        sheet.values["rd_expense"] = 1e6
        sheet.save()
        second = rescore(period, by=None, reason="核对后更正").run
        before, after = totals(first), totals(second)
        return {code for code in before if before[code] != after[code]} - {sheet.firm.credit_code}

    assert others_totals(locked=True) == set()
    assert others_totals(locked=False) != set()  # control: measured anew, the giant lowers its peers


def test_a_lock_that_comes_between_reading_and_writing_is_respected(monkeypatch):
    period = zone.make_period()
    frozen = rescore(period, by=None).run.references
    FactSheet.objects.filter(pk=FactSheet.objects.first().pk).update(values={"revenue": 5000, "rd_expense": 1e6})
    engine, calls = runs.evaluate, []

    def evaluate(scheme, cohort, references=None):
        calls.append(references)
        if len(calls) == 1:
            lock(period, by=None)
        return engine(scheme, cohort, references)

    monkeypatch.setattr(runs, "evaluate", evaluate)
    result = rescore(period, by=None, reason="核对后更正")
    assert [references is None for references in calls] == [True, False]
    assert result.run.references == frozen


def test_of_two_rescorers_at_once_the_second_finds_the_firsts_run(monkeypatch):
    def race(period):
        """The first one is overtaken by another while it computes."""
        engine = runs.evaluate
        overtaken = []

        def evaluate(*args):
            if not overtaken:
                overtaken.append(True)
                rescore(period, by=None)
            return engine(*args)

        with monkeypatch.context() as patched:
            patched.setattr(runs, "evaluate", evaluate)
            rescore(period, by=None)
        return period.runs.count()

    firms = zone.make_firms(6)
    assert race(zone.make_period(firms=firms, year=2022)) == 1
    with monkeypatch.context() as patched:  # control: without the second look there are two
        patched.setattr(runs, "_unchanged", lambda *args: None)
        assert race(zone.make_period(firms=firms, year=2023)) == 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_really_at_once_make_one_run(monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("threads need their own connections: the embedded test database lives in one")
    period = zone.make_period(30)
    engine, barrier, results = runs.evaluate, threading.Barrier(2, timeout=30), []

    def evaluate(*args):
        barrier.wait()
        return engine(*args)

    def worker():
        try:
            results.append(rescore(period, by=None).created)
        finally:
            connection.close()

    monkeypatch.setattr(runs, "evaluate", evaluate)
    threads = [threading.Thread(target=worker) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False, True]
    assert period.runs.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_kill_while_writing_leaves_nothing(monkeypatch):
    def killed(*args):
        raise KeyboardInterrupt

    period = zone.make_period()
    monkeypatch.setattr("scoring.assembly.cube.slices", killed)
    with pytest.raises(KeyboardInterrupt):
        rescore(period, by=None)
    assert (Run.objects.count(), Score.objects.count(), AuditEntry.objects.filter(action="run.create").count()) == (
        0,
        0,
        0,
    )

    # Control: without the transaction half a run stays, though even then nobody takes it for a whole one.
    monkeypatch.setattr(runs, "transaction", SimpleNamespace(atomic=contextlib.nullcontext))
    monkeypatch.setattr(EvaluationPeriod.objects.__class__, "select_for_update", lambda manager: manager.all())
    with pytest.raises(KeyboardInterrupt):
        rescore(period, by=None)
    assert Score.objects.count() > 0
    assert not Run.objects.complete().exists()


def test_a_worker_that_lost_its_lease_writes_no_run(monkeypatch):
    def attempt(*, fenced):
        period = zone.make_period(6, year=2022 if fenced else 2023)
        job = jobs.enqueue("rescore", str(period.pk), {"period": period.pk}, by=None)
        claim = jobs._claim(job.pk)
        engine = runs.evaluate

        def evaluate(*args):
            Job.objects.filter(pk=job.pk).update(fence=99)  # another worker took it over while this one computed
            return engine(*args)

        with monkeypatch.context() as patched:
            patched.setattr(runs, "evaluate", evaluate)
            patched.setattr(runs, "_say", lambda *args: None)
            if not fenced:
                patched.setattr(jobs.Claim, "guard", lambda claim: None)
            with contextlib.suppress(jobs.LostLease), transaction.atomic():
                rescore(period, by=None, claim=claim)
        return period.runs.count()

    assert attempt(fenced=True) == 0
    assert attempt(fenced=False) == 1  # control


def test_the_job_shows_progress_and_says_what_it_made(monkeypatch):
    said = []
    progress = jobs.Claim.progress
    monkeypatch.setattr(jobs.Claim, "progress", lambda c, p, m="": (said.append((p, m)), progress(c, p, m)))
    period = zone.make_period()
    job = jobs.enqueue("rescore", str(period.pk), {"period": period.pk}, by=None)
    assert jobs.run(job.pk)
    job.refresh_from_db()
    run = period.runs.get()
    assert (job.result["run"], job.result["created"]) == (run.pk, True)
    assert run.job == job
    assert [percent for percent, _ in said] == sorted(percent for percent, _ in said)
    assert any("12家企业" in message for _, message in said)


def test_the_night_evaluates_open_periods_oldest_first_and_leaves_locked_ones_alone():
    firms = zone.make_firms(6)
    later, earlier, locked = (zone.make_period(firms=firms, year=year) for year in (2023, 2022, 2021))
    rescore(locked, by=None)
    lock(locked, by=None)
    job = jobs.enqueue("nightly", "nightly-2026-11-21", by=None, once=True)
    assert jobs.run(job.pk)
    made = list(Run.objects.exclude(period=locked).order_by("id").values_list("period_id", flat=True))
    assert made == [earlier.pk, later.pk]
    assert locked.runs.count() == 1


def test_the_night_never_changes_what_the_public_sees():
    period = zone.make_period()
    run = rescore(period, by=None).run
    publish(period, run, by=None)
    FactSheet.objects.update(values={"revenue": 1})
    jobs.run(jobs.enqueue("nightly", "n", by=None, once=True).pk)
    period.refresh_from_db()
    assert period.runs.count() == 2
    assert period.published_run == run


def test_unlocking_measures_anew_and_needs_a_reason(people):
    period = zone.make_period()
    with pytest.raises(Refusal, match="没有可冻结"):
        lock(period, by=people["office"])
    rescore(period, by=None)
    lock(period, by=people["office"])
    period.year.refresh_from_db()
    assert period.year.is_locked
    with pytest.raises(Refusal):
        lock(period, by=people["office"])
    with pytest.raises(Refusal):
        unlock(period, by=people["office"], reason=" ")
    unlocked = unlock(period, by=people["office"], reason="补报")
    assert unlocked.references is None
    with pytest.raises(Refusal):
        unlock(period, by=people["office"], reason="补报")
    assert AuditEntry.objects.filter(action="period.unlock").count() == 1


def test_a_demotion_is_seen_in_the_next_year():
    firms = zone.make_firms(9)
    rescore(zone.make_period(firms=firms, year=2022), by=None)
    mature = Score.objects.filter(stage="mature").values_list("firm_id", flat=True)
    zone.facts(firms, 2023, revenue=5000)
    period = zone.open_period(2023, zone.scheme(), by=None)
    run = rescore(period, by=None).run
    assert mature
    for score in run.scores.filter(firm_id__in=list(mature)):
        assert score.stage == "expansion"
        assert score.total < 100
    from scoring.engine import parse_scheme
    from scoring.engine.record import unpack

    scheme = parse_scheme(period.scheme.text)
    decays = {decay.code: j for j, decay in enumerate(scheme.decays)}
    for score in run.scores.filter(stage="expansion"):
        factor = unpack(scheme, score.detail).decays[decays["demoted_1"]]
        assert factor == (0.9 if score.firm_id in mature else 1.0)
