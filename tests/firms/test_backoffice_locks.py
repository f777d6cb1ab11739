"""A locked year holds in the back office, whatever stands in it: entries that span it, stages stated by hand."""

import datetime as dt
import re

import pytest
from django.urls import reverse

from firms.models import AuditEntry, DataYear, Firm, RegisterEntry, Role
from scoring.models import StageRecord
from scoring.services import lock, rescore
from tests.scoring import zone

pytestmark = pytest.mark.django_db

CODE = "91410700MA3X1A0007"
LIST = reverse("admin:firms_registerentry_changelist")
STAGES = reverse("admin:scoring_stagerecord_add")


@pytest.fixture
def office(as_role):
    return as_role(Role.OFFICE)


@pytest.fixture
def spanning():
    """Begins before the locked 2022 and has no end."""
    DataYear.objects.create(year=2022, locked_at=dt.datetime(2023, 5, 1, tzinfo=dt.UTC))
    firm = Firm.objects.create(credit_code=CODE, name="新乡测试有限公司")
    return RegisterEntry.objects.create(
        firm=firm, kind="platform", level="provincial", title="研发中心", starts_on=dt.date(2020, 3, 1)
    )


def unlock():
    DataYear.objects.update(locked_at=None)


def save(client, entry, **changed):
    url = reverse("admin:firms_registerentry_change", args=[entry.pk])
    form = {
        "firm": entry.firm_id, "kind": entry.kind, "category": "", "level": entry.level, "title": entry.title,
        "starts_on": "2020-03-01", "quantity": 1, "_stamp": re.search(r'name="_stamp" value="(\w+)"', client.get(url).text)[1],
    }  # fmt: skip
    return client.post(url, form | changed)


def test_an_entry_that_spans_a_locked_year_is_not_voided(office, spanning):
    void = {"action": "void", "_selected_action": [spanning.pk]}
    assert "2022年度已锁定" in office.post(LIST, void, follow=True).text
    spanning.refresh_from_db()
    assert spanning.voided_at is None
    unlock()
    office.post(LIST, void)
    spanning.refresh_from_db()
    assert spanning.voided_at is not None


def test_nor_is_a_void_one_brought_back(office, spanning):
    RegisterEntry.objects.update(voided_at=dt.datetime(2021, 1, 1, tzinfo=dt.UTC))
    restore = {"action": "restore", "_selected_action": [spanning.pk]}
    assert "2022年度已锁定" in office.post(LIST, restore, follow=True).text
    spanning.refresh_from_db()
    assert spanning.voided_at is not None


@pytest.mark.parametrize("changed", [{"level": "national"}, {"ends_on": "2021-12-31"}, {"starts_on": "2023-01-01"}])
def test_nor_changed_where_the_locked_year_would_read_it_otherwise(office, spanning, changed):
    before = RegisterEntry.objects.values().get()
    assert "2022年度已锁定" in save(office, spanning, **changed).text
    assert RegisterEntry.objects.values().get() == before
    unlock()
    assert save(office, spanning, **changed).status_code == 302


def test_what_the_locked_year_does_not_read_may_still_be_put_right(office, spanning):
    assert save(office, spanning, ends_on="2024-06-30").status_code == 302


def test_a_new_entry_does_not_reach_back_into_a_locked_year(office, spanning):
    form = {"firm": spanning.firm_id, "kind": "platform", "category": "", "level": "national", "quantity": 1}
    add = reverse("admin:firms_registerentry_add")
    assert "2022年度已锁定" in office.post(add, form | {"title": "甲", "starts_on": "2019-01-01"}).text
    assert office.post(add, form | {"title": "乙", "starts_on": "2023-01-01"}).status_code == 302
    assert RegisterEntry.objects.exclude(pk=spanning.pk).get().title == "乙"


@pytest.fixture
def locked(db):
    period = zone.make_period(6)
    rescore(period, by=None)
    lock(period, by=None)
    return period


def stage(firm, year, **changed):
    return {"firm": firm.pk, "year": year, "stage": "mature", "reason": "依据章程"} | changed


def test_a_locked_year_takes_no_stage_from_the_back_office(office, locked):
    firm = Firm.objects.first()
    response = office.post(STAGES, stage(firm, 2022))
    assert response.status_code == 409
    assert "已锁定" in response.text
    assert not StageRecord.objects.exists()
    unlock()
    assert office.post(STAGES, stage(firm, 2022)).status_code == 302
    assert StageRecord.objects.get().stated_by.role == Role.OFFICE
    assert AuditEntry.objects.filter(action="stage.state", after__stage="mature").count() == 1


def test_nor_lets_one_be_changed_or_taken_away(office, locked, monkeypatch):
    record = StageRecord.objects.create(firm=Firm.objects.first(), year=2022, stage="growth", reason="旧")
    url = reverse("admin:scoring_stagerecord_change", args=[record.pk])
    form = {
        "stage": "mature",
        "reason": "x",
        "_stamp": re.search(r'name="_stamp" value="(\w+)"', office.get(url).text)[1],
    }
    assert office.post(url, form).status_code == 409
    # No role is granted to delete; were one, the lock would still hold.
    monkeypatch.setattr("scoring.admin.StageRecordAdmin.has_delete_permission", lambda *_args: True)
    delete = reverse("admin:scoring_stagerecord_delete", args=[record.pk])
    assert office.post(delete, {"post": "yes"}).status_code == 409
    record.refresh_from_db()
    assert record.stage == "growth"
    unlock()
    assert office.post(url, form).status_code == 302
    assert office.post(delete, {"post": "yes"}).status_code == 302
    assert not StageRecord.objects.exists()


def test_a_stage_from_before_the_first_period_can_still_be_stated(office, locked):
    assert office.post(STAGES, stage(Firm.objects.first(), 2015)).status_code == 302
    assert office.post(STAGES, stage(Firm.objects.last(), 2015, reason=" ")).status_code == 200
    assert StageRecord.objects.get().year == 2015


@pytest.mark.django_db(transaction=True)
def test_voiding_holds_its_rows_in_a_transaction_of_its_own(office):
    """Outside a test's own transaction PostgreSQL refuses to lock rows where none was begun."""
    firm = Firm.objects.create(credit_code=CODE, name="新乡测试有限公司")
    held = RegisterEntry.objects.create(
        firm=firm, kind="platform", level="provincial", title="中心", starts_on="2020-03-01"
    )
    assert office.post(LIST, {"action": "void", "_selected_action": [held.pk]}).status_code == 302
    held.refresh_from_db()
    assert held.voided_at is not None
