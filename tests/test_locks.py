"""A locked year holds on every path: each service that could change what it was judged by, tried before and after the lock.

The back office has tests of its own (tests/firms/test_backoffice_locks.py); pages, API, commands and jobs call these services.
"""

from __future__ import annotations

import datetime as dt
import importlib
import inspect
import pkgutil
from types import SimpleNamespace

import pytest
from django.db import transaction
from django.utils import timezone

import firms.services
import scoring.services
from firms.models import (
    DataYear,
    Decision,
    Department,
    Evidence,
    FactSheet,
    Filing,
    FirmReport,
    ImportBatch,
    ImportRow,
    Metric,
    Objection,
    RegisterClaim,
    RegisterEntry,
    Reopening,
)
from firms.services import (
    claims,
    collection,
    decisions,
    evidence,
    extensions,
    filings,
    imports,
    objections,
    register_entries,
    reopenings,
    reports,
    reviews,
)
from firms.services.refusal import Refusal
from scoring.models import EvaluationPeriod, StageRecord
from scoring.services import stages
from tests import disputes, reporting
from tests.factories import FilingFactory, FirmFactory, OfficerFactory, UserFactory, workbook
from tests.scoring import zone

pytestmark = pytest.mark.django_db
YEAR = reporting.YEAR
DAY = dt.timedelta(days=1)
HEADER = ["统一社会信用代码", "企业名称", "营业收入（万元）"]
# What a score rests on, and what is on its way to becoming that.
FACTS = (Filing, FactSheet, RegisterEntry, Decision, StageRecord, FirmReport, RegisterClaim, Evidence, Reopening)


def taken(w, value):
    row = [[w.judged.credit_code, w.judged.name, value], ["", "没有登记的企业", 7]]
    batch = imports.upload(workbook([HEADER, *row]), kind="metrics", department=w.tax.department, year=YEAR, by=w.tax)
    return imports.plan(batch)


def submitted(firm=None):
    firm, manager = reporting.make(firm=firm)
    report = reporting.ready(firm, manager)
    return reports.submit(report, edition=report.edition, by=manager), manager


@pytest.fixture
def w(db):
    """The year in 填报 with something under way on every path."""
    w = SimpleNamespace(office=UserFactory(), second=UserFactory())
    w.firm, w.manager = reporting.make()
    w.draft = reporting.ready(w.firm, w.manager)
    w.waiting, _ = submitted()
    w.hand_in, w.its_manager = submitted()
    w.accepted, _ = submitted()
    reviews.accept(w.accepted, edition=w.accepted.edition, by=w.office)
    w.accepted.refresh_from_db()
    w.other, _ = submitted()
    reviews.accept(w.other, edition=w.other.edition, by=w.office)
    w.asked = reopenings.ask(w.other, reason="漏报", by=w.office)
    w.tax = OfficerFactory(department=Department.objects.get(code="tax"))
    w.science = OfficerFactory(department=Department.objects.get(code="science"))
    w.revenue = Metric.objects.get(code="revenue")
    w.judged = FirmFactory()
    w.applied = taken(w, 12)
    imports.confirm(w.applied, digest=w.applied.plan_digest, by=w.tax)
    w.unmatched = ImportRow.objects.get(batch=w.applied, verdict="unmatched")
    w.planned = taken(w, 15)
    w.claim = disputes.claim(w.firm, w.science.department, w.manager)
    RegisterClaim.objects.filter(pk=w.claim.pk).update(starts_on=f"{YEAR}-03-01")
    w.claim.refresh_from_db()
    w.disputed = FirmFactory()
    FilingFactory(firm=w.disputed, year=YEAR, values={"revenue": 100.0}, department=w.tax.department)
    FilingFactory(firm=w.disputed, year=YEAR, values={"revenue": 130.0}, source="firm")
    w.settled = FirmFactory()
    FilingFactory(firm=w.settled, year=YEAR, values={"revenue": 100.0}, department=w.tax.department)
    chosen = FilingFactory(firm=w.settled, year=YEAR, values={"revenue": 140.0}, source="firm")
    filings.refold(YEAR, [w.disputed.pk, w.settled.pk])
    sheet = FactSheet.objects.get(firm=w.settled, year=YEAR)
    w.decision = decided(w, sheet, chosen.pk)
    w.stated = FactSheet.objects.get(firm=w.disputed, year=YEAR)
    w.objection = Objection.objects.create(
        firm=w.firm, year=YEAR, metric=w.revenue, filing=w.firm.filings.filter(year=YEAR).latest("pk"), stated=8000, claimed=9000,
        reason="申报表", department=w.tax.department, raised_by=w.manager, due_on="2099-01-01",
    )  # fmt: skip
    w.period = EvaluationPeriod.objects.create(
        year=DataYear.objects.get(year=YEAR), name="评价期", scheme=zone.scheme(), as_of=dt.date(YEAR, 12, 31)
    )
    w.record = StageRecord.objects.create(firm=w.firm, year=YEAR, stage="growth", reason="旧")
    return w


def decided(w, sheet, filing):
    from firms.importing.fold import contenders, fingerprint

    cell = contenders("revenue", sheet.values, sheet.winners, sheet.conflicts)
    return decisions.decide(
        sheet.firm, YEAR, w.revenue, filing=filing, seen=fingerprint(cell), reason="核对凭证", by=w.tax
    )


def conflict_filing(w):
    return Filing.objects.filter(firm=w.disputed, source="firm").values_list("pk", flat=True)[0]


CHANGES = [reporting.typed("standards", "9")]
# service → one use of it that would change facts of the year, or lead to it
PATHS = {
    reports.open_for: lambda w: reports.open_for(w.firm, YEAR, by=w.manager),
    reports.save_cells: lambda w: reports.save_cells(w.draft, CHANGES, by=w.manager),
    reports.submit: lambda w: reports.submit(w.draft, edition=w.draft.edition, by=w.manager),
    reports.save_and_submit: lambda w: reports.save_and_submit(w.draft, [], edition=w.draft.edition, by=w.manager),
    reports.withdraw: lambda w: reports.withdraw(w.hand_in, by=w.its_manager),
    evidence.attach: lambda w: evidence.attach(
        reporting.upload(), firm=w.firm, by=w.manager, year=YEAR, metric="standards"
    ),
    reviews.accept: lambda w: reviews.accept(w.waiting, edition=w.waiting.edition, by=w.office),
    reviews.return_: lambda w: reviews.return_(w.waiting, edition=w.waiting.edition, remarks={"": "x"}, by=w.office),
    reopenings.ask: lambda w: reopenings.ask(w.accepted, reason="漏报", by=w.office),
    reopenings.decide: lambda w: reopenings.decide(w.asked, granted=True, by=w.second),
    claims.verify: lambda w: claims.verify(w.claim, version=w.claim.version, by=w.science),
    register_entries.enter: lambda w: register_entries.enter(
        w.claim, firm=w.firm, department=w.science.department, by=w.science
    ),
    objections.raise_objection: lambda w: objections.raise_objection(
        w.firm, YEAR, Metric.objects.get(code="headcount"), claimed="61", reason="社保名册为61人", by=w.manager
    ),
    objections.uphold: lambda w: objections.uphold(w.objection, figure="9000", by=w.tax),
    decisions.decide: lambda w: decided(w, w.stated, conflict_filing(w)),
    decisions.decide_all: lambda w: decisions.decide_all(
        w.revenue, YEAR, "firm", expected=1, reason="核对凭证", by=w.tax, firms=[w.disputed.pk]
    ),
    decisions.revoke: lambda w: decisions.revoke(w.decision, by=w.tax),
    imports.upload: lambda w: taken(w, 16),
    imports.confirm: lambda w: imports.confirm(w.planned, digest=w.planned.plan_digest, by=w.tax),
    imports.undo: lambda w: imports.undo(w.applied, by=w.tax, reason="有误"),
    imports.match_row: lambda w: imports.match_row(w.unmatched, FirmFactory(), by=w.tax),
    collection.close_reporting: lambda w: collection.close_reporting(YEAR, by=w.office, reason="x"),
    collection.step_back: lambda w: collection.step_back(YEAR, by=w.office, reason="x"),
    collection.set_deadlines: lambda w: collection.set_deadlines(
        YEAR, firms_due_on=timezone.localdate() + 9 * DAY, departments_due_on=timezone.localdate() + DAY, by=w.office
    ),
    extensions.grant: lambda w: extensions.grant(w.firm, YEAR, timezone.localdate() + 60 * DAY, "审计", by=w.office),
    stages.state_stage: lambda w: stages.state_stage(w.firm, w.period, "growth", reason="章程", by=w.office),
    stages.state_past_stage: lambda w: stages.state_past_stage(w.firm, YEAR, "growth", reason="章程", by=w.office),
    stages.withdraw_stage: lambda w: stages.withdraw_stage(w.record, by=w.office),
}
# Modules whose services change nothing a score rests on, and single ones of the others, each with the reason.
ELSEWHERE = {
    "accounts", "audit", "enrolments", "invitations", "jobs", "mail", "members", "messages", "reminders", "report_desk", "totp",
    "import_headings", "import_scope", "connectors", "connector_trials", "forecast", "schemes", "schedule", "publication", "certificates", "announcements", "honours", "budgets", "saved_views",
}  # fmt: skip
WITHOUT_HARM = {
    "catalogue.load_catalogue": "what data items there are; a locked period keeps its frozen references",
    "claims.draft": "a draft is no fact", "claims.edit": "a draft is no fact", "claims.discard": "a draft is no fact",
    "claims.submit": "waits for the owner; counts once verified", "claims.withdraw": "takes an open claim away",
    "claims.refuse": "an answer", "claims.hand_over": "who answers", "claims.verify_many": "calls verify for each",
    "connector_runs.ask": "asks for a job, which stages a batch by imports.upload",
    "decisions.settle": "in its caller's transaction, which holds the year: objections.uphold",
    "evidence.attach_all": "a step of objections and claims", "evidence.opened": "a reading", "evidence.remove": "out of sight, never away",
    "extensions.revoke": "takes leave away",
    "import_jobs.confirm": "asks for a job, which calls imports.confirm", "import_jobs.stage": "asks for a job: a preview",
    "imports.discard": "gives up what was never applied", "imports.permit_confirm": "a question",
    "objections.reject": "an answer: the figure stands", "objections.withdraw": "the firm lets it rest",
    "reports.ask_to_submit": "tells the managers", "reports.permit": "a question", "reports.unanswered": "a question",
    "reviews.accept_many": "calls accept for each", "reviews.return_many": "calls return_ for each",
    "reviews.decide": "a step of accept and return_", "reviews.held": "a step of accept and return_",
    "reviews.let_in": "a step of return_", "reviews.record": "a step of accept and return_",
    "collection.open_reporting": "only from 准备, which the world of this test has left; tests/firms/services/test_collection.py",
    "collection.to_trial": "only from 审核; tests/firms/services/test_collection.py",
    "periods.open_period": "a judgement, not a fact", "periods.lock": "this", "periods.unlock": "this",
    "runs.rescore": "asks for a reason once locked: tests/scoring/test_runs.py",
}  # fmt: skip


def services():
    """module.function of every service that takes ``by``: whoever calls it is somebody who does something."""
    for package in (firms.services, scoring.services):
        for info in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            for name, found in inspect.getmembers(module, inspect.isfunction):
                found = inspect.unwrap(found)
                own = found.__module__ == module.__name__ and not name.startswith("_")
                if own and "by" in inspect.signature(found).parameters:
                    yield f"{info.name}.{name}"


def name_of(service):
    found = inspect.unwrap(service)
    return f"{found.__module__.rpartition('.')[2]}.{found.__name__}"


def test_every_service_is_tried_or_says_why_it_need_not_be():
    known = {name_of(service) for service in PATHS} | set(WITHOUT_HARM)
    found = {name for name in services() if name.partition(".")[0] not in ELSEWHERE}
    assert found - known == set()
    assert set(WITHOUT_HARM) - found == set()


def snapshot():
    """Every row of what is facts or becomes facts."""
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in FACTS}


def outcome(w, path):
    """The code of the refusal, "" if it was done; whatever it did is undone."""
    try:
        with transaction.atomic():
            path(w)
            transaction.set_rollback(True)
    except Refusal as refusal:
        return refusal.code
    return ""


def test_each_path_works_before_the_lock_and_none_after(w):
    """The first half is the negative control: a path that fails for another reason proves nothing."""
    before = {name_of(service): outcome(w, path) for service, path in PATHS.items()}
    assert {name: code for name, code in before.items() if code} == {"collection.step_back": "already_submitted"}
    DataYear.objects.filter(year=YEAR).update(locked_at=timezone.now())
    facts = snapshot()
    after = {name_of(service): outcome(w, path) for service, path in PATHS.items()}
    assert {name: code for name, code in after.items() if code != "year_locked"} == {}
    assert snapshot() == facts


def test_a_batch_in_the_middle_of_things_is_not_applied_by_its_job_either(w):
    DataYear.objects.filter(year=YEAR).update(locked_at=timezone.now())
    facts = snapshot()
    with pytest.raises(Refusal), transaction.atomic():
        imports.confirm(w.planned, digest=w.planned.plan_digest, by=w.tax)
    assert ImportBatch.objects.get(pk=w.planned.pk).state == "planned"
    assert snapshot() == facts


def test_no_interface_writes_facts_but_through_a_service():
    """Views, API, commands, tasks and forms name no fact's manager with a verb that writes (the admin has its own tests)."""
    import ast
    from pathlib import Path

    writes = {"create", "bulk_create", "update", "delete", "get_or_create", "update_or_create", "save"}
    names = {model.__name__ for model in FACTS}
    found = []
    for app in ("firms", "scoring"):
        for room in ("views", "management", "api", "forms", "tasks.py", "forms.py"):
            root = Path(app) / room
            for path in [root] if root.suffix else sorted(root.rglob("*.py")):
                if not path.exists():
                    continue
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in writes:
                        inside = {part.id for part in ast.walk(node.func) if isinstance(part, ast.Name)}
                        if inside & names:
                            found.append(f"{path}:{node.lineno}")
    assert found == []
