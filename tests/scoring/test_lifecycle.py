"""A period's way on its page: the band, the checklist, each move, and what the lock insists on."""

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from firms.models import AuditEntry, DataYear, FactSheet, FirmReport, ImportBatch, Job, Message, Role
from firms.services.refusal import Refusal
from scoring.models import EvaluationPeriod
from scoring.policies import lock_survey
from scoring.services import lock, publish, rescore, unlock
from tests.factories import MembershipFactory, OfficerFactory, UserFactory
from tests.scoring import zone

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


@pytest.fixture
def office(client):
    client.user = UserFactory(role=Role.OFFICE)
    client.force_login(client.user)
    return client


@pytest.fixture
def period(db):
    return zone.make_period(6)


@pytest.fixture
def judged(period):
    rescore(period, by=None)
    return period


def submitted(firm, state="submitted"):
    user, now = MembershipFactory(firm=firm).user, timezone.now()
    return FirmReport.objects.create(
        firm=firm, year=2022, state=state, submitted_by=user, submitted_at=now, first_submitted_at=now
    )


def page(office):
    return office.get(reverse("scoring:period", args=[2022])).text


def here(text):
    return re.search(r'aria-current="step">([^<]+)', text)[1]


def move(office, name, **data):
    version = DataYear.objects.get(year=2022).version
    return office.post(reverse(f"scoring:{name}", args=[2022]), {"version": version} | data)


def days(firms=30, departments=20):
    today = timezone.localdate()
    return {"firms_due_on": today + firms * DAY, "departments_due_on": today + departments * DAY}


def test_from_opening_to_lock_by_the_pages(office, period):
    assert here(page(office)) == "准备"
    assert move(office, "period_open", **days()).status_code == 302
    assert here(page(office)) == "填报"
    assert move(office, "period_deadlines", **days(firms=40)).status_code == 302
    assert "还有40天" in page(office)
    assert move(office, "period_move", move="close").status_code == 400  # before the day: a reason
    assert move(office, "period_move", move="close", reason="均已提交").status_code == 302
    assert here(page(office)) == "审核"
    assert move(office, "period_move", move="trial").status_code == 302
    assert here(page(office)) == "试算"
    assert "现在还不能锁定" in page(office)
    rescore(period, by=None)
    assert "确认锁定" in page(office)
    office.post(reverse("scoring:period_lock", args=[2022]), {"version": EvaluationPeriod.objects.get().version})
    assert here(page(office)) == "锁定"
    assert "退回上一阶段" not in page(office)


@pytest.mark.parametrize(
    "data", [{}, {"version": ""}, {"version": "0", "move": "publish"}, {"version": "x", "move": "back"}]
)
def test_a_form_that_is_none_moves_nothing(office, period, data):
    move(office, "period_open", **days())
    assert office.post(reverse("scoring:period_move", args=[2022]), {"reason": "x"} | data).status_code == 400
    assert DataYear.objects.get().phase == "reporting"
    assert move(office, "period_deadlines", firms_due_on="不详", departments_due_on="").status_code == 400


def test_of_two_officers_the_second_is_told(office, period):
    move(office, "period_open", **days())
    response = move(office, "period_move", move="close", reason="x", version=0)
    assert response.status_code == 409
    assert "已被他人变动" in response.text


def test_a_published_year_with_open_facts_is_not_shown_as_locked(office, judged):
    publish(judged, judged.runs.get(), by=None)
    text = page(office)
    assert here(text) == "发布"
    assert '<li class="band-ahead">锁定' in text


def refused(period, **kwargs):
    with pytest.raises(Refusal) as caught:
        lock(period, by=None, **kwargs)
    assert DataYear.objects.get(year=2022).locked_at is None
    return caught.value


def test_the_lock_refuses_while_firms_may_still_submit_or_wait_for_an_answer(judged):
    DataYear.objects.update(phase="reporting")
    assert "填报尚未截止" in refused(judged, reason="x").message
    DataYear.objects.update(phase="reviewing")
    submitted(FactSheet.objects.first().firm)
    assert "1份填报表待审核" in refused(judged, reason="x").message


def test_what_may_be_left_open_needs_a_reason_and_is_remembered(judged):
    FactSheet.objects.filter(pk=FactSheet.objects.first().pk).update(has_conflicts=True)
    ImportBatch.objects.create(kind="metrics", year=2022, state="planned", file_name="x", sha256="0" * 64, size=1)
    answer = refused(judged)
    assert answer.status == 400
    assert "1家企业的数据有冲突，1个导入批次等待确认" in answer.message
    lock(judged, by=None, reason="均不影响排名")
    entry = AuditEntry.objects.get(action="period.lock")
    assert entry.after["reason"] == "均不影响排名"
    assert entry.after["left_open"] == {"conflicts": 1, "batches": 1}


def test_the_page_asks_for_the_reason_the_lock_would_ask_for(office, judged):
    assert 'id="id_lock"' not in page(office)
    FactSheet.objects.filter(pk=FactSheet.objects.first().pk).update(has_conflicts=True)
    assert 'id="id_lock"' in page(office)


def test_facts_newer_than_the_last_look_refuse_and_a_look_that_changes_nothing_is_enough(judged):
    sheet = FactSheet.objects.first()
    sheet.save()  # written again, the same: nobody knows before it is looked at
    assert "数据又有变化" in refused(judged, reason="x").message
    assert rescore(judged, by=None).created is False
    refused(judged, reason="x")  # no trace of that look
    Job.objects.create(kind="rescore", key=str(judged.pk), state="succeeded", due_at=timezone.now())
    assert lock(judged, by=None).references


def test_another_periods_look_does_not_count(judged):
    FactSheet.objects.first().save()
    Job.objects.create(kind="rescore", key=str(judged.pk + 1), state="succeeded", due_at=timezone.now())
    assert "数据又有变化" in refused(judged).message


def test_locking_and_unlocking_are_told_to_departments_and_not_to_firms(judged):
    officer, office, firm = OfficerFactory(), UserFactory(role=Role.OFFICE), MembershipFactory().user
    lock(judged, by=None)
    unlock(judged, by=None, reason="补报")
    assert Message.objects.filter(user=officer).count() == 2
    led = {user: set(Message.objects.filter(user=user).values_list("link", flat=True)) for user in (officer, office)}
    assert led == {officer: {"/coverage/?year=2022"}, office: {"/office/periods/2022/"}}
    assert not Message.objects.filter(user=firm).exists()


def test_a_year_never_judged_is_not_called_up_to_date(office, period):
    text = page(office)
    assert "还没有完成的评价计算" in text
    assert "最近一次计算之后" not in text


def test_every_kind_of_obstacle_has_a_name_and_words(judged):
    for obstacle in lock_survey(judged):
        assert obstacle.label
        assert "{}" not in obstacle.words


def test_the_desk_counts_what_waits_in_open_years_only(office, judged):
    firm = FactSheet.objects.first().firm
    submitted(firm)
    queue = r"<span>待审核的填报表</span> <strong>(\d+)<"
    assert re.search(queue, office.get(reverse("scoring:office")).text)[1] == "1"
    DataYear.objects.update(locked_at=timezone.now())
    assert re.search(queue, office.get(reverse("scoring:office")).text)[1] == "0"
