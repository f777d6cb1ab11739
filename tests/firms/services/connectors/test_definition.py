"""What a source is: what may be kept, who defines it, and a look at what it would bring without consequences."""

import pytest
from django.db import transaction

from firms.models import AuditEntry, Connector, Fetch, ImportBatch, Job
from firms.services import connector_runs, connector_trials, connectors, jobs
from firms.services.refusal import Refusal
from tests.firms.connecting.site import page
from tests.firms.services.connectors.sources import MAP, offer, values_for

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"url": "https://elsewhere.example.cn/"}, "host_not_listed"),
        ({"url": "file:///etc/passwd"}, "scheme_forbidden"),
        ({"url": "http://127.0.0.1:1/{secret}"}, "bad_address"),
        ({"mapping": {}}, "bad_mapping"),
        ({"mapping": {"picks": "x"}}, "bad_mapping"),
        (
            {"mapping": {"picks": [MAP["picks"][0], {"column": "headcount", "field": "v"}]}},
            "bad_mapping",
        ),  # another's metric
        ({"batch_kind": "firms"}, "unknown_kind"),
        ({"kind": "ftp"}, "unknown_kind"),
        ({"every_hours": 0}, "bad_interval"),
        ({"auto_confirm_limit": 7}, "bad_limit"),
        ({"batch_kind": "registers", "register_kind": "contract"}, "bad_mapping"),  # not the tax office's register
    ],
)
def test_a_source_that_cannot_work_is_not_kept(site, office, changes, code):
    with pytest.raises(Refusal) as refusal:
        connectors.create("x", values_for(site, **changes), by=office)
    assert (refusal.value.code, refusal.value.status) == (code, 400)
    assert not Connector.objects.exists()


def test_only_the_office_defines_runs_and_switches(source, officer):
    deeds = [
        lambda: connectors.create("y", {"name": "y"}, by=officer),
        lambda: connectors.change(source, {"name": "y"}, version=0, by=officer),
        lambda: connectors.switch(source, enabled=True, version=0, by=officer),
        lambda: connector_runs.ask(source, year=2022, by=officer),
        lambda: connector_trials.ask(source, year=2022, by=officer),
    ]
    for deed in deeds:
        with pytest.raises(Refusal) as refusal:
            deed()
        assert refusal.value.status == 403
    assert not Job.objects.exists()


def test_of_two_who_edit_the_same_the_second_is_told(source, office):
    connectors.change(source, {"name": "甲"}, version=0, by=office)
    with pytest.raises(Refusal) as refusal:
        connectors.change(source, {"name": "乙"}, version=0, by=office)
    assert (refusal.value.code, refusal.value.status) == ("stale", 409)
    with pytest.raises(Refusal):
        connectors.switch(source, enabled=True, version=0, by=office)
    assert Connector.objects.get().name == "甲"


def test_a_name_that_is_taken_is_a_refusal(site, source, office):
    with transaction.atomic(), pytest.raises(Refusal) as refusal:
        connectors.create("other", values_for(site), by=office)
    assert refusal.value.code == "name_taken"


def test_every_change_leaves_its_trace(source, office):
    connectors.change(source, {"every_hours": 6}, version=0, by=office)
    connectors.switch(source, enabled=True, version=1, by=office)
    entries = {entry.action: entry for entry in AuditEntry.objects.filter(action__startswith="connector.")}
    assert set(entries) == {"connector.create", "connector.change", "connector.switch"}
    assert (entries["connector.change"].before["every_hours"], entries["connector.change"].after["every_hours"]) == (
        24,
        6,
    )


# ---- a look without consequences


def test_a_trial_shows_what_would_become_of_the_rows_and_writes_nothing(site, source, firms, office):
    offer(site, firms, 100, "many")
    job = connector_trials.ask(source, year=None, by=office)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.SUCCEEDED
    found = job.result
    assert (found["total"], found["headings"]) == (2, ["统一社会信用代码", "营业收入（万元）"])
    assert [row["verdict"] for row in found["rows"]] == ["create", "refused"]
    assert found["rows"][0]["firm"] == firms[0].name
    assert found["rows"][1]["reasons"][0]["code"] == "not_a_number"
    assert not ImportBatch.objects.exists()
    assert not Fetch.objects.exists()


def test_a_trial_of_a_bad_source_says_why(site, source, office):
    site.answers["/list"] = page(b"<html>")
    job = connector_trials.ask(source, year=None, by=office)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert "网页" in job.error
