"""The office's pages: a period on its way from facts to publication."""

import re

import pytest
from django.urls import reverse

from firms.models import FactSheet, Job, Role
from firms.services import jobs
from scoring.models import EvaluationPeriod, Run
from scoring.services import lock, publish, rescore, schedule
from tests.factories import UserFactory
from tests.scoring import zone

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(client):
    client.force_login(UserFactory(role=Role.OFFICE))
    return client


@pytest.fixture
def period():
    return zone.make_period(12)


def test_an_empty_desk_says_what_to_do(office):
    body = office.get(reverse("scoring:office")).content.decode()
    assert "还没有评价期" in body
    assert "load_scheme" in body


def test_from_facts_to_publication_and_back(office, client, period):
    year = period.year_id
    response = office.post(reverse("scoring:period_rescore", args=[year]))
    job = Job.objects.get(kind="rescore")
    assert response.url == reverse("firms:job", args=[job.pk])
    assert jobs.run(job.pk)
    run = Run.objects.get()
    assert "查看结果" in office.get(response.url).content.decode()
    page = office.get(reverse("scoring:period", args=[year])).content.decode()
    assert "尚未发布" in page
    period.refresh_from_db()
    office.post(reverse("scoring:period_publish", args=[year]), {"run": run.pk, "version": period.version})
    period.refresh_from_db()
    assert period.published_run_id == run.pk
    office.post(reverse("scoring:period_withdraw", args=[year]), {"reason": "数据有误", "version": period.version})
    period.refresh_from_db()
    assert period.published_run_id is None


def test_asking_twice_is_one_job(office, period):
    for _ in range(2):
        office.post(reverse("scoring:period_rescore", args=[period.year_id]))
    assert Job.objects.filter(kind="rescore").count() == 1


def test_a_stale_page_does_not_publish(office, period):
    run = rescore(period, by=None).run
    publish(period, run, by=None)  # somebody else, meanwhile
    response = office.post(reverse("scoring:period_withdraw", args=[period.year_id]), {"reason": "x", "version": 0})
    assert response.status_code == 409
    assert "已被他人修改" in response.content.decode()
    period.refresh_from_db()
    assert period.published_run_id == run.pk


def test_another_periods_run_is_not_published_here(office, period):
    other = zone.make_period(3, year=2021)
    run = rescore(other, by=None).run
    rescore(period, by=None)
    response = office.post(reverse("scoring:period_publish", args=[period.year_id]), {"run": run.pk, "version": 0})
    assert response.status_code == 404
    period.refresh_from_db()
    assert period.published_run_id is None


def test_lock_freezes_and_unlock_needs_a_reason(office, period):
    rescore(period, by=None)
    office.post(reverse("scoring:period_lock", args=[period.year_id]), version_of(period))
    assert EvaluationPeriod.objects.get(pk=period.pk).references
    unlock = reverse("scoring:period_unlock", args=[period.year_id])
    assert office.post(unlock, {"reason": ""} | version_of(period)).status_code == 400
    assert EvaluationPeriod.objects.get(pk=period.pk).references
    office.post(unlock, {"reason": "补报"} | version_of(period))
    assert EvaluationPeriod.objects.get(pk=period.pk).references is None


def version_of(period):
    return {"version": EvaluationPeriod.objects.get(pk=period.pk).version}


@pytest.mark.parametrize("deed", ["lock", "unlock", "withdraw"])
@pytest.mark.parametrize("version", [{}, {"version": ""}, {"version": "999"}], ids=["none", "empty", "stale"])
def test_a_page_that_is_not_of_now_moves_nothing(office, period, deed, version):
    publish(period, rescore(period, by=None).run, by=None)
    if deed == "unlock":
        lock(period, by=None)
    before = EvaluationPeriod.objects.values().get(pk=period.pk)
    where = reverse(f"scoring:period_{deed}", args=[period.year_id])
    response = office.post(where, {"reason": "x"} | version)
    assert response.status_code == (409 if version.get("version") == "999" else 400)
    assert EvaluationPeriod.objects.values().get(pk=period.pk) == before
    # The form on the page as it is now does it: it is the version that was refused.
    page = office.get(reverse("scoring:period", args=[period.year_id])).text
    form = next(part for part in page.split("<form ")[1:] if where in part).split("</form>")[0]
    sent = {"reason": "x", "version": re.search(r'name="version" value="(\d+)"', form)[1]}
    assert office.post(where, sent).status_code == 302
    assert EvaluationPeriod.objects.values().get(pk=period.pk) != before


def test_a_run_says_who_moved(office, period):
    first = rescore(period, by=None).run
    sheet = FactSheet.objects.filter(year=period.year_id).order_by("pk").first()
    sheet.values |= {"rd_expense": 900.0, "technologists": 40}
    sheet.save()
    second = rescore(period, by=None).run
    assert second.pk != first.pk
    body = office.get(reverse("scoring:run", args=[second.pk])).content.decode()
    assert "与第1次计算相比" in body
    assert "得分或名次有变动的0家" not in body


def test_the_nightly_time_is_changed_here(office):
    response = office.post(reverse("scoring:schedule"), {"at": "03:45"})
    assert response.status_code == 302
    assert (schedule.get().hour, schedule.get().minute) == (3, 45)
    assert office.post(reverse("scoring:schedule"), {"at": "25:00"}).status_code == 400


@pytest.mark.parametrize("role", [Role.FIRM, Role.LEADER, Role.BANK, Role.SYSTEM, Role.SECURITY, Role.AUDIT])
def test_nobody_else_moves_a_period(client, period, role):
    client.force_login(UserFactory(role=role))
    for name in ("rescore", "publish", "withdraw", "lock", "unlock"):
        assert client.post(reverse(f"scoring:period_{name}", args=[period.year_id])).status_code == 403
    assert not Job.objects.exists()


def test_a_stage_in_doubt_is_settled_here(office, period):
    score = rescore(period, by=None).run.scores.filter(stage="startup").first()
    where = reverse("scoring:period_stage", args=[period.year_id])
    assert office.post(where, {"credit_code": score.credit_code, "stage": "mature", "reason": " "}).status_code == 400
    assert office.post(where, {"credit_code": score.credit_code, "stage": "giant", "reason": "x"}).status_code == 400
    office.post(where, {"credit_code": score.credit_code, "stage": "mature", "reason": "集团内分立，依据章程"})
    after = rescore(period, by=None).run.scores.get(credit_code=score.credit_code)
    assert after.stage == "mature"


def test_a_locked_year_takes_no_stage(office, period):
    score = rescore(period, by=None).run.scores.first()
    office.post(reverse("scoring:period_lock", args=[period.year_id]), version_of(period))
    where = reverse("scoring:period_stage", args=[period.year_id])
    data = {"credit_code": score.credit_code, "stage": "mature", "reason": "依据"}
    assert office.post(where, data).status_code == 409
