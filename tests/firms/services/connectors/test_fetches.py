"""What a source brings: under which name it comes in, who lets it take effect, what a failing one changes (nothing)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from firms.models import (
    ColumnMapping,
    DataYear,
    FactSheet,
    Fetch,
    Filing,
    ImportBatch,
    Job,
    Message,
    RegisterEntry,
    Role,
)
from firms.services import connector_runs, connectors, filings, import_headings, imports, jobs
from firms.services.import_scope import refuse_repeated
from firms.services.refusal import Refusal
from tests.factories import DepartmentFactory, OfficerFactory, UserFactory
from tests.firms.connecting.site import as_json, page, status
from tests.firms.services.connectors.sources import confirmed, fetched, offer, values_for

pytestmark = pytest.mark.django_db

Outcome, State = Fetch.Outcome, ImportBatch.State


def test_what_is_fetched_waits_as_a_batch_of_public_data_and_takes_effect_by_the_departments_officer(
    site, source, firms, officer
):
    offer(site, firms, 100, 200.5)
    fetch = fetched(source)
    batch = fetch.batch
    assert (fetch.outcome, fetch.rows, batch.state) == (Outcome.STAGED, 2, State.PLANNED)
    assert (batch.source, batch.department, batch.year, batch.uploaded_by) == ("public", source.department, 2022, None)
    assert site.asked[0][0] == "/list?year=2022"
    assert not Filing.objects.exists()
    assert Message.objects.get(user=officer).link == f"/imports/{batch.pk}/"
    confirmed(fetch, officer)
    assert set(Filing.objects.values_list("source", "department__code")) == {("public", "tax")}
    assert FactSheet.objects.get(firm=firms[1]).values == {"revenue": 200.5}


def test_public_data_gives_way_to_a_departments_and_stays_beside_it_as_a_conflict(site, source, firms, officer):
    filings.append([filings.NewFiling(firms[0].pk, {"revenue": 100.0})], year=2022, source="government", by_id=None)
    filings.append([filings.NewFiling(firms[1].pk, {"revenue": 100.0})], year=2022, source="firm", by_id=None)
    filings.refold(2022)
    offer(site, firms, 300, 300)
    fetch = fetched(source)
    assert fetch.batch.rows.first().reasons[0]["code"] == "outranked"
    confirmed(fetch, officer)
    first, second = (FactSheet.objects.get(firm=firm) for firm in firms[:2])
    assert (first.values["revenue"], second.values["revenue"]) == (100, 300)
    assert first.has_conflicts
    assert second.has_conflicts


def test_who_may_confirm_what_nobody_uploaded(site, source, firms, officer, office):
    offer(site, firms, 100)
    fetch = fetched(source)
    strangers = [
        OfficerFactory(department=DepartmentFactory(code="hr")),
        *(UserFactory(role=role) for role in (Role.LEADER, Role.BANK, Role.FIRM, Role.SYSTEM)),
    ]
    for person in strangers:
        with pytest.raises(Refusal) as refusal:
            confirmed(fetch, person)
        assert refusal.value.status == 403
    assert confirmed(fetch, office).applied_by == office


def test_a_file_somebody_uploaded_is_still_only_theirs_to_confirm(site, source, firms, officer, office):
    offer(site, firms, 100)
    batch = fetched(source).batch
    ImportBatch.objects.filter(pk=batch.pk).update(uploaded_by=office)
    batch.refresh_from_db()
    with pytest.raises(Refusal):
        imports.permit_confirm(batch, batch.plan_digest, officer)
    ImportBatch.objects.filter(pk=batch.pk).update(
        uploaded_by=None, source="government"
    )  # a command's, not public data
    batch.refresh_from_db()
    with pytest.raises(Refusal):
        imports.permit_confirm(batch, batch.plan_digest, officer)


def test_the_meaning_of_its_columns_is_the_sources_to_say(site, source, firms, officer):
    """What a department remembers of its own files' headings does not reach into public data, nor can it be said there."""
    ColumnMapping.objects.create(
        department=source.department, kind="metrics", heading="营业收入", column="net_assets", set_by=officer
    )
    offer(site, firms, 100)
    batch = fetched(source).batch
    assert batch.rows.get().values == {"revenue": 100}
    assert import_headings.offer(batch, by=officer).choices == []
    with pytest.raises(Refusal, match="字段对应"):
        import_headings.assign(batch, {"营业收入": "net_assets"}, by=officer)


def test_the_same_content_makes_no_second_batch_and_an_older_one_that_comes_back_does(site, source, firms, officer):
    offer(site, firms, 100)
    confirmed(fetched(source), officer)
    again = fetched(source)
    assert (again.outcome, again.batch) == (Outcome.SAME, None)
    offer(site, firms, 150)
    confirmed(fetched(source), officer)
    offer(site, firms, 100)
    back = fetched(source)
    assert back.outcome == Outcome.STAGED
    # Said in the same second the workbooks are the same to the byte; that is no reason to refuse the site's return.
    ImportBatch.objects.update(sha256=back.batch.sha256)
    refuse_repeated(back.batch)
    confirmed(back, officer)
    assert FactSheet.objects.get().values["revenue"] == 100
    assert ImportBatch.objects.count() == 3


def test_content_somebody_gave_up_is_not_offered_again_by_the_clock_but_to_whoever_asks(
    site, source, firms, officer, office
):
    offer(site, firms, 100)
    imports.discard(fetched(source).batch, by=officer)
    assert fetched(source).outcome == Outcome.SAME
    assert fetched(source, by=office).outcome == Outcome.STAGED


def test_rows_that_say_what_is_known_need_nobody(site, source, firms, officer):
    offer(site, firms, 100, 200)
    confirmed(fetched(source), officer)
    offer(site, firms[:1], 100)
    fetch = fetched(source)
    assert fetch.outcome == Outcome.SAME
    assert fetch.batch.state == State.DISCARDED


def test_what_nobody_confirmed_yet_is_replaced_by_what_came_later(site, source, firms):
    offer(site, firms, 100)
    first = fetched(source)
    offer(site, firms, 120)
    second = fetched(source)
    first.batch.refresh_from_db()
    assert (first.batch.state, second.batch.state) == (State.DISCARDED, State.PLANNED)


BAD = {
    "down": (status(500), "bad_status"),
    "web page": (page("<html>请登录</html>".encode(), kind="application/json"), "not_json"),
    "empty": (as_json({"rows": []}), "no_rows"),
    "renamed": (as_json({"rows": [{"code": "x", "value": 1}]}), "field_missing"),
    "elsewhere": (as_json({"data": []}), "no_list"),
}


@pytest.mark.parametrize("why", BAD)
def test_a_failing_source_blanks_nothing(site, source, firms, officer, why):
    offer(site, firms, 100, 200)
    confirmed(fetched(source), officer)
    before = list(FactSheet.objects.order_by("firm").values("firm", "values", "version"))
    site.answers["/list"], code = BAD[why]
    fetch = fetched(source)
    assert (fetch.outcome, fetch.code, fetch.batch) == (Outcome.FAILED, code, None)
    assert fetch.message
    assert Job.objects.first().state == Job.State.FAILED
    assert list(FactSheet.objects.order_by("firm").values("firm", "values", "version")) == before
    assert ImportBatch.objects.count() == 1


def test_values_that_are_gone_from_a_good_answer_stay_too(site, source, firms, officer):
    offer(site, firms, 100, 200)
    confirmed(fetched(source), officer)
    offer(site, firms, None, 250)
    confirmed(fetched(source), officer)
    assert [sheet.values["revenue"] for sheet in FactSheet.objects.order_by("firm")] == [100, 250]


def test_a_file_refused_as_a_whole_is_a_failure_with_its_batch(site, source, firms):
    offer(site, firms, 100)
    DataYear.objects.filter(year=2022).update(locked_at=timezone.now())
    fetch = fetched(source)
    assert (fetch.outcome, fetch.code) == (Outcome.FAILED, "year_locked")
    assert not ImportBatch.objects.exists()


def test_the_third_failure_in_a_row_is_told_to_the_office_once(site, source, firms, office, officer):
    site.answers["/list"] = status(500)
    for number in range(1, 6):
        fetched(source)
        assert Message.objects.filter(user=office).count() == (number >= 3)
    assert not Message.objects.filter(user=officer).exists()
    offer(site, firms, 100)
    fetched(source)
    site.answers["/list"] = status(500)
    for _ in range(3):
        fetched(source)
    assert Message.objects.filter(user=office).count() == 2


# ---- one at a time, and never by a worker that lost its job


def test_an_attempt_a_worker_died_on_is_closed_and_one_under_way_respected(site, source, firms):
    offer(site, firms, 100)
    left = Fetch.objects.create(connector=source, year=2022)
    other = Job.objects.create(
        kind=connector_runs.KIND, key="other", args={"connector": source.pk}, state=Job.State.RUNNING, due_at=timezone.now(),
        lease_until=timezone.now() + timedelta(minutes=1),
    )  # fmt: skip
    fetched(source)
    assert "正在采集" in Job.objects.exclude(pk=other.pk).get().error
    assert Fetch.objects.count() == 1
    Job.objects.filter(pk=other.pk).update(lease_until=timezone.now() - timedelta(minutes=1))
    assert fetched(source).outcome == Outcome.STAGED
    left.refresh_from_db()
    assert (left.outcome, left.code) == (Outcome.FAILED, "interrupted")


@pytest.mark.parametrize("fenced", [True, False])
def test_a_worker_that_lost_its_job_stages_nothing(site, source, firms, monkeypatch, fenced):
    """With the fence off (the control) the second worker's batch and the first one's would both be there."""
    offer(site, firms, 100)
    real = connector_runs._collected

    def stolen(connector, fetch, fieldmap, claim):
        found = real(connector, fetch, fieldmap, claim)
        Job.objects.filter(pk=claim.job_id).update(fence=claim.fence + 1)  # handed to somebody else meanwhile
        return found

    monkeypatch.setattr(connector_runs, "_collected", stolen)
    if not fenced:
        monkeypatch.setattr(jobs.Claim, "guard", lambda self: None)
        monkeypatch.setattr(jobs.Claim, "progress", lambda self, percent, message="": None)
    fetched(source)
    assert ImportBatch.objects.exists() == (not fenced)


# ---- registers


LIST = "<table><tr><th>企业名称<th>入库日期<th>有效期至</tr>{}</table>"


def listed(site, *rows):
    body = LIST.format("".join(f"<tr><td>{name}<td>{start}<td>{end}</tr>" for name, start, end in rows))
    site.answers["/list"] = page(body.encode("gb18030"))


@pytest.fixture
def register(site, office, firms):
    mapping = {
        "picks": [
            {"column": "name", "field": "企业名称"}, {"column": "category", "value": "科技型中小企业"},
            {"column": "starts_on", "field": "入库日期"}, {"column": "ends_on", "field": "有效期至"},
        ]
    }  # fmt: skip
    science = DepartmentFactory(code="science")
    values = values_for(
        site, kind="table", batch_kind="registers", register_kind="qualification", department=science, mapping=mapping
    )
    return connectors.create("tech-sme", values, by=office)


def test_a_public_list_adds_to_a_register_and_corrects_only_what_it_added(site, register, firms, office):
    RegisterEntry.objects.create(
        firm=firms[0], kind="qualification", category="tech_sme", title="科技型中小企业", starts_on="2022-03-01",
        ends_on="2022-12-31", department=register.department,
    )  # fmt: skip
    listed(site, (firms[0].name, "2022-03-01", "2023-12-31"), (firms[1].name, "2022年5月6日", "2022-12-31"))
    fetch = fetched(register)
    assert fetch.batch.year is None
    assert [row.verdict for row in fetch.batch.rows.order_by("pk")] == ["refused", "create"]
    confirmed(fetch, office)
    assert str(RegisterEntry.objects.get(firm=firms[0]).ends_on) == "2022-12-31"
    listed(site, (firms[1].name, "2022年5月6日", "2023-12-31"))
    confirmed(fetched(register), office)
    assert str(RegisterEntry.objects.get(firm=firms[1]).ends_on) == "2023-12-31"
