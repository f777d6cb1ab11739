"""A forecast is what comes true: import, rescore, compare. And it leaves nothing behind."""

import threading
from decimal import Decimal

import pytest
from django.db import connection
from django.urls import reverse

from firms.models import AuditEntry, Department, FactSheet, Filing, Firm, ImportBatch, ImportRow, Job, RegisterEntry
from firms.services import filings, imports, jobs
from firms.services.catalogue import load_catalogue
from firms.services.import_rehearsal import rehearse
from firms.services.refusal import Refusal
from scoring.models import Run
from scoring.services import lock, rescore
from scoring.services.forecast import ask, foresee
from tests.factories import FilingFactory, OfficerFactory, workbook
from tests.scoring import zone

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setattr(jobs.current_app, "send_task", lambda *args, **options: None)


@pytest.fixture
def period():
    """A period whose sheets are folded from filings, as in a real zone, and its run."""
    load_catalogue(by=None)
    made = zone.make_period(12)
    for sheet in FactSheet.objects.all():
        FilingFactory(firm=sheet.firm, year=2022, values=sheet.values)
    filings.refold(2022)
    rescore(made, by=None)
    return made


@pytest.fixture
def officer():
    return OfficerFactory(department=Department.objects.get(code="tax"))


def figures(firms, by, **values):
    names = {
        "rd_expense": "研发费用（万元）",
        "revenue": "营业收入（万元）",
        "hightech_revenue": "高新技术产品收入（万元）",
    }
    rows = [["统一社会信用代码", *(names[code] for code in values)]]
    rows += [[firm.credit_code, *values.values()] for firm in firms]
    batch = imports.upload(workbook(rows), kind="metrics", department=by.department, year=2022, by=by)
    return imports.plan(batch)


def confirm(batch):
    return imports.confirm(batch, digest=batch.plan_digest, by=batch.uploaded_by)


def places(run):
    """As a forecast shows them, of every firm of a run."""
    return {
        score.credit_code: {
            "status": "scored",
            "total": str(score.total.quantize(Decimal("0.01"))),
            "rank": score.rank,
            "stage_rank": score.stage_rank,
        }
        if score.status == "scored"
        else {"status": score.status}
        for score in run.scores.all()
    }


def came_true(forecast, before, after):
    """Exactly the firms that moved are named, with exactly what they had and have."""
    was, is_now = places(before), places(after)
    nowhere = {"status": ""}
    moved = {code for code in was | is_now if was.get(code, nowhere) != is_now.get(code, nowhere)}
    assert {row["code"] for row in forecast["largest"]} == moved
    assert forecast["moved"] == len(moved)
    for row in forecast["largest"]:
        assert row["before"] == was.get(row["code"], nowhere)
        assert row["after"] == is_now.get(row["code"], nowhere)
    assert forecast["firms"] == after.firms
    assert forecast["ranked"] == after.ranked
    return moved


def facts():
    return (
        list(Filing.objects.order_by("pk").values()), list(FactSheet.objects.order_by("pk").values()),
        list(RegisterEntry.objects.order_by("pk").values()), list(Firm.objects.order_by("pk").values()),
        list(ImportBatch.objects.order_by("pk").values()), list(ImportRow.objects.order_by("pk").values()),
        AuditEntry.objects.count(), Run.objects.count(),
    )  # fmt: skip


def foreseen(batch):
    before = facts()
    [found] = foresee(batch)["periods"]
    assert facts() == before
    return found


def test_figures_move_what_was_foreseen_and_their_undo_too(period, officer):
    first = period.runs.get()
    firms = list(Firm.objects.order_by("pk"))
    batch = figures(firms[2:6], officer, revenue=30_000)
    forecast = foreseen(batch)
    assert forecast["run"] == first.number
    confirm(batch)
    second = rescore(period, by=None).run
    moved = came_true(forecast, first, second)
    assert len(moved) >= 4
    undo = foreseen(batch)
    imports.undo(batch, by=officer, reason="有误")
    came_true(undo, second, rescore(period, by=None).run)


def test_a_new_firm_enters_and_pushes_others_down(period, officer):
    newcomer = zone.make_firms(1)
    batch = figures(newcomer, officer, revenue=50_000)
    forecast = foreseen(batch)
    first = period.runs.get()
    confirm(batch)
    came_true(forecast, first, rescore(period, by=None).run)
    assert forecast["entering"] + (forecast["ranked"] == first.ranked) == 1


def test_register_entries_move_what_was_foreseen_and_their_undo_too(period):
    science = OfficerFactory(department=Department.objects.get(code="science"))
    firm = Firm.objects.order_by("pk")[4]
    rows = [
        ["统一社会信用代码", "平台名称", "级别", "批准时间"],
        [firm.credit_code, "省重点实验室", "省级", "2022-05-01"],
    ]
    kwargs = {"kind": "registers", "register_kind": "platform", "department": science.department, "by": science}
    batch = imports.plan(imports.upload(workbook(rows), **kwargs))
    forecast = foreseen(batch)
    confirm(batch)
    second = rescore(period, by=None).run
    assert came_true(forecast, period.runs.get(number=1), second)
    undo = foreseen(batch)
    imports.undo(batch, by=science, reason="有误")
    came_true(undo, second, rescore(period, by=None).run)


def test_a_founding_date_moves_what_was_foreseen(period):
    market = OfficerFactory(department=Department.objects.get(code="market"))
    firm = Firm.objects.order_by("pk")[1]
    rows = [["统一社会信用代码", "企业名称", "成立日期"], [firm.credit_code, firm.name, "2022-11-01"]]
    batch = imports.plan(imports.upload(workbook(rows), kind="firms", department=market.department, by=market))
    forecast = foreseen(batch)
    confirm(batch)
    came_true(forecast, period.runs.get(number=1), rescore(period, by=None).run)


def test_facts_that_moved_since_the_last_run_are_not_blamed_on_the_batch(period, officer):
    firms = list(Firm.objects.order_by("pk"))
    confirm(figures(firms[:3], officer, revenue=77_000))
    batch = figures(firms[5:6], officer, revenue=12)
    forecast = foreseen(batch)
    assert forecast["run"] is None  # the last run is of other facts, and the page says so
    second = rescore(period, by=None).run
    confirm(batch)
    came_true(forecast, second, rescore(period, by=None).run)


def test_a_locked_period_does_not_move(period, officer):
    batch = figures(list(Firm.objects.order_by("pk")[:2]), officer, revenue=12)
    lock(period, by=None, reason="测试")
    assert foresee(batch)["periods"] == []


def test_only_a_plan_or_an_applied_batch_has_a_future(period, officer):
    batch = figures(list(Firm.objects.order_by("pk")[:2]), officer, revenue=12)
    imports.discard(batch, by=officer)
    with pytest.raises(Refusal):
        foresee(batch)


@pytest.mark.django_db(transaction=True)
def test_a_rehearsal_outside_a_transaction_is_refused():
    with pytest.raises(RuntimeError):
        rehearse(ImportBatch())


def test_it_is_a_job_seen_on_the_batch_s_page(client, period, officer):
    client.force_login(officer)
    firms = list(Firm.objects.order_by("pk"))
    batch = figures(firms[2:6], officer, revenue=30_000)
    url = reverse("scoring:batch_forecast", args=[batch.pk])
    assert url in client.get(reverse("firms:import_detail", args=[batch.pk])).text
    assert "测算" in client.get(url).text
    client.post(reverse("scoring:batch_forecast_ask", args=[batch.pk]))
    job = Job.objects.get(kind="forecast")
    assert jobs.run(job.pk)
    text = client.get(url).text
    assert firms[2].name in text
    assert "→" in text
    stranger = OfficerFactory(department=Department.objects.get(code="hr"))
    client.force_login(stranger)
    assert client.get(url).status_code == 404


@pytest.mark.skipif(connection.vendor == "sqlite", reason="one writer at a time: the other one waits")
@pytest.mark.django_db(transaction=True)
def test_a_forecast_while_others_read_shows_them_nothing(period, officer, monkeypatch):
    """Readers see the facts as they are while a rehearsal holds them as they would be."""
    batch = figures(list(Firm.objects.order_by("pk")[:4]), officer, revenue=30_000)
    before = dict(FactSheet.objects.values_list("firm_id", "values__revenue"))
    seen = {}

    def look():
        seen.update(FactSheet.objects.values_list("firm_id", "values__revenue"))
        connection.close()

    from scoring.services import forecast as module

    real = module.rehearse

    def rehearsed(chosen):
        real(chosen)
        reader = threading.Thread(target=look)
        reader.start()
        reader.join()

    monkeypatch.setattr(module, "rehearse", rehearsed)
    assert foresee(batch)["periods"][0]["moved"]
    assert seen == before


def test_asking_twice_is_one_job(period, officer):
    batch = figures(list(Firm.objects.order_by("pk")[:2]), officer, revenue=12)
    assert ask(batch, by=officer) == ask(batch, by=officer)
