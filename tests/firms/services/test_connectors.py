"""公开数据源: what comes in and under which name, who lets it take effect, what a failing source changes (nothing)."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from firms.connecting import schedule
from firms.models import (
    AuditEntry,
    ColumnMapping,
    Connector,
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
from firms.services import (
    catalogue,
    connector_rules,
    connector_runs,
    connector_schedule,
    connector_trials,
    connectors,
    filings,
    import_headings,
    imports,
    jobs,
)
from firms.services.import_scope import refuse_repeated
from firms.services.refusal import Refusal
from tests.factories import DataYearFactory, DepartmentFactory, FirmFactory, OfficerFactory, UserFactory
from tests.firms.connecting.site import Site, as_json, page, status

pytestmark = pytest.mark.django_db

MAP = {
    "picks": [{"column": "credit_code", "field": "code"}, {"column": "revenue", "field": "v", "unit": "万元"}],
    "path": "rows",
}
Outcome, State = Fetch.Outcome, ImportBatch.State


@pytest.fixture
def site(settings):
    with Site() as one:
        settings.CONNECTOR_HOSTS = [f"127.0.0.1:{one.port}"]
        settings.CONNECTOR_NETWORKS = ["127.0.0.1/32"]
        settings.CONNECTOR_HTTP = True
        yield one


@pytest.fixture
def office(db):
    catalogue.load_catalogue(by=None)
    DataYearFactory(year=2022, phase=DataYear.Phase.REPORTING)
    return UserFactory(role=Role.OFFICE)


@pytest.fixture
def officer(office):
    return OfficerFactory(department=DepartmentFactory(code="tax"))


@pytest.fixture
def firms(office):
    return [FirmFactory() for _ in range(3)]


def values_for(site, **changes):
    return {
        "name": "税务公开数据", "kind": "json", "url": site.url("/list?year={year}"), "batch_kind": "metrics", "register_kind": "",
        "department": DepartmentFactory(code="tax"), "mapping": MAP, "every_hours": 24,
    } | changes  # fmt: skip


@pytest.fixture
def source(site, office, firms):
    return connectors.create("tax-public", values_for(site), by=office)


def offer(site, firms, *values):
    site.answers["/list"] = as_json(
        {"rows": [{"code": firm.credit_code, "v": value} for firm, value in zip(firms, values, strict=False)]}
    )


def fetched(source, by=None):
    """One fetch as its job runs it: the attempt it left."""
    if by is None:
        Connector.objects.filter(pk=source.pk).update(enabled=True)
        year = 2022 if source.batch_kind == "metrics" else None
        key = f"{source.pk}@{Fetch.objects.count()}"
        job = jobs.enqueue(connector_runs.KIND, key, {"connector": source.pk, "year": year}, by=None)
    else:
        job = connector_runs.ask(source, year=2022, by=by)
    jobs.run(job.pk)
    return Fetch.objects.first()


def confirmed(fetch, by):
    return imports.confirm(fetch.batch, digest=fetch.batch.plan_digest, by=by)


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


# ---- by rule


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


# ---- the schedule


@pytest.fixture
def daily(source):
    Connector.objects.filter(pk=source.pk).update(enabled=True)
    return source


def asked():
    return Job.objects.filter(kind=connector_runs.KIND).count()


def test_two_clocks_ask_once_a_slot(daily):
    now = timezone.now()
    for _ in range(3):
        connector_schedule.ask_when_due(now)
    assert asked() == 1
    Job.objects.update(state=Job.State.CANCELLED)
    connector_schedule.ask_when_due(now)
    assert asked() == 1
    connector_schedule.ask_when_due(now + timedelta(days=1))
    assert asked() == 2


def test_without_the_key_a_second_clock_would_ask_again(daily, monkeypatch):
    real = jobs.enqueue
    monkeypatch.setattr(
        jobs, "enqueue", lambda kind, key, args, **how: real(kind, f"{key}{Job.objects.count()}", args, **how)
    )
    connector_schedule.ask_when_due()
    connector_schedule.ask_when_due()
    assert asked() == 2


def test_a_fetch_by_hand_stands_for_its_slot(site, daily, firms, office):
    offer(site, firms, 100)
    fetched(daily, by=office)
    assert connector_schedule.ask_when_due() == 0


def test_what_is_off_or_has_no_open_year_is_not_asked(source, daily):
    DataYear.objects.update(locked_at=timezone.now())
    assert connector_schedule.ask_when_due() == 0
    DataYear.objects.update(locked_at=None)
    Connector.objects.update(enabled=False)
    assert connector_schedule.ask_when_due() == 0


def test_a_source_switched_off_after_it_was_asked_is_left_alone(site, daily, firms):
    connector_schedule.ask_when_due()
    Connector.objects.update(enabled=False)
    jobs.run(Job.objects.get(kind=connector_runs.KIND).pk)
    assert not site.asked
    assert not Fetch.objects.exists()


def test_a_failing_source_is_asked_twice_soon_then_less_and_less_often_and_at_least_once_a_week():
    now = schedule.ORIGIN + timedelta(days=100, hours=5)
    waits = [schedule.due_at(24, now, failures, now) for failures in range(8)]
    assert waits[1:3] == [now + timedelta(minutes=15), now + timedelta(hours=2)]
    assert [(wait - schedule.ORIGIN).days - 100 for wait in (waits[0], *waits[3:])] == [1, 1, 2, 4, 7, 7]
    assert schedule.due_at(24, None, 0, now) <= now
    assert schedule.due_at(1, now, 2, now) == now + timedelta(hours=1)  # never later than it would be anyway
    assert schedule.due_at(24 * 31, now, 9, now) == schedule.begins(schedule.slot(now, 24 * 31) + 1, 24 * 31)


def test_a_retry_has_a_name_of_its_own_and_a_cancelled_one_blocks_no_other():
    now = schedule.ORIGIN + timedelta(days=100, hours=5)
    retry = schedule.due_at(24, now, 1, now)
    names = {schedule.names(retry, 24, retry + timedelta(minutes=later)) for later in (0, 7, 60)}
    assert names == {retry.isoformat()}
    assert schedule.names(retry, 24, now + timedelta(days=1)) not in names


def test_the_schedule_reads_the_failures_from_the_record(daily):
    now = timezone.now()
    Fetch.objects.create(connector=daily, outcome=Outcome.SAME)
    for _ in range(4):
        Fetch.objects.create(connector=daily, outcome=Outcome.FAILED)
    row = Connector.objects.with_record().get()
    assert row.failures == 4
    due = schedule.due_at(24, row.last_started, 4, now)
    assert due - now > timedelta(days=1)
    assert connector_schedule.ask_when_due(due - timedelta(minutes=1)) == 0
    assert connector_schedule.ask_when_due(due) == 1


# ---- definition


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
