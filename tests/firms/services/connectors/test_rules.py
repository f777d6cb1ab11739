"""What a source brought takes effect by itself only where the rule holds; and where a person confirmed something before."""

import pytest

from firms.models import AuditEntry, Connector, FactSheet, ImportBatch
from firms.services import connector_rules, connectors, filings, imports
from tests.firms.connecting.site import as_json
from tests.firms.services.connectors.sources import confirmed, fetched, offer

pytestmark = pytest.mark.django_db

State = ImportBatch.State


@pytest.fixture
def trusted(site, source, firms, officer, office):
    """A source that may confirm itself, after a person confirmed its first batch: 100, 200, 0."""
    connectors.change(source, {"auto_confirm": True, "auto_confirm_limit": 0.2}, version=0, by=office)
    offer(site, firms, 100, 200, 0)
    first = fetched(source)
    assert first.batch.state == State.PLANNED
    assert "第一批" in first.message
    confirmed(first, officer)
    return source


def test_a_small_change_takes_effect_by_itself(site, trusted, firms):
    offer(site, firms, 119, 200, 0)
    fetch = fetched(trusted)
    assert (fetch.batch.state, fetch.batch.applied_by) == (State.APPLIED, None)
    assert FactSheet.objects.get(firm=firms[0]).values["revenue"] == 119
    assert AuditEntry.objects.filter(action="batch.apply", actor_name="系统").exists()


@pytest.mark.parametrize(
    "values", [(121, 200, 0), (79, 200, 0), (100, 200, 1), (-100, 200, 0), ("x", 200, 0), (100, 2e6, 0)]
)
def test_anything_else_waits_for_a_person(site, trusted, firms, values):
    offer(site, firms, *values)
    fetch = fetched(trusted)
    assert fetch.batch.state == State.PLANNED
    assert fetch.message.startswith("待人确认")
    assert FactSheet.objects.get(firm=firms[0]).values["revenue"] == 100


def test_more_new_content_than_the_limit_waits_for_a_person(site, source, firms, officer, office):
    """A figure where none stood has not moved, and would be anybody's to put in."""
    connectors.change(source, {"auto_confirm": True, "auto_confirm_limit": 0.4}, version=0, by=office)
    offer(site, firms, 100, None, None)
    confirmed(fetched(source), officer)
    offer(site, firms, 100, 5000, 6000)
    fetch = fetched(source)
    assert fetch.batch.state == State.PLANNED
    assert "2行是以前没有的" in fetch.message
    offer(site, firms, 100, 5000, None)
    fetch = fetched(source)
    assert (fetch.batch.state, "1行" in fetch.message) == (State.PLANNED, True)  # half of what was sent
    confirmed(fetch, officer)
    offer(site, firms, 100, 5000, 6000)
    assert fetched(source).batch.state == State.APPLIED  # a third


def test_without_the_limit_it_would_not_wait(site, trusted, firms, monkeypatch):
    monkeypatch.setattr(connector_rules, "moved", lambda before, after: 0.0)
    offer(site, firms, 150, 200, 0)
    assert fetched(trusted).batch.state == State.APPLIED


def test_an_unknown_firm_waits_for_a_person(site, trusted, firms):
    site.answers["/list"] = as_json(
        {"rows": [{"code": firms[0].credit_code, "v": 101}, {"code": "91410700MA3X4NUE0B", "v": 1}]}
    )
    assert fetched(trusted).batch.state == State.PLANNED


def test_a_source_changed_since_has_to_be_looked_at_again(site, trusted, firms, office):
    row = Connector.objects.get()
    connectors.change(row, {"every_hours": 12}, version=row.version, by=office)
    offer(site, firms, 101, 200, 0)
    assert fetched(trusted).batch.state == State.PLANNED


def test_small_steps_add_up_and_are_held_against_what_a_person_confirmed(site, trusted, firms, officer):
    """119 and 115 are near 100; 125 is near 115, and not near what anybody looked at."""
    for value in (119, 115):
        offer(site, firms, value, 200, 0)
        assert fetched(trusted).batch.state == State.APPLIED
    offer(site, firms, 125, 200, 0)
    drifted = fetched(trusted)
    assert drifted.batch.state == State.PLANNED
    assert "第2行的数值与人工确认过的相比，变动累计超过20%" in drifted.message
    confirmed(drifted, officer)
    offer(site, firms, 145, 200, 0)  # now near what somebody looked at
    assert fetched(trusted).batch.state == State.APPLIED


def test_the_control_without_what_a_person_confirmed_it_would_drift_on(site, trusted, firms, monkeypatch):
    monkeypatch.setattr(connector_rules, "_stood_behind", lambda batch, about: {})
    for value in (119, 140, 165):
        offer(site, firms, value, 200, 0)
        assert fetched(trusted).batch.state == State.APPLIED


def test_what_came_in_by_rule_is_held_against_where_it_started(site, source, firms, officer, office):
    connectors.change(source, {"auto_confirm": True, "auto_confirm_limit": 0.5}, version=0, by=office)
    offer(site, firms, 100, 200, None)
    confirmed(fetched(source), officer)
    for value in (1000, 1400):  # new, a third of the rows; then four tenths more
        offer(site, firms, 100, 200, value)
        assert fetched(source).batch.state == State.APPLIED
    offer(site, firms, 100, 200, 1900)
    assert fetched(source).batch.state == State.PLANNED


def test_where_only_another_source_spoke_a_figure_is_held_against_that_one(site, source, firms, officer, office):
    connectors.change(source, {"auto_confirm": True, "auto_confirm_limit": 0.2}, version=0, by=office)
    offer(site, firms, 100)
    confirmed(fetched(source), officer)
    filings.append([filings.NewFiling(firms[1].pk, {"revenue": 200.0})], year=2022, source="firm", by_id=None)
    filings.refold(2022)
    offer(site, firms, 100, 230)
    assert fetched(source).batch.state == State.APPLIED
    offer(site, firms, 100, 250)  # near the 230 that came in by rule, far from what the firm states
    assert fetched(source).batch.state == State.PLANNED


def test_an_undone_batch_is_nobodys_word(site, trusted, firms, officer):
    offer(site, firms, 150, 200, 0)
    wrong = fetched(trusted)
    confirmed(wrong, officer)
    imports.undo(wrong.batch, by=officer, reason="数据有误")
    offer(site, firms, 119, 200, 0)  # near 100, which stands again; far from 150
    assert fetched(trusted).batch.state == State.APPLIED
