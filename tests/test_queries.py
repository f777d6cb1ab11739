"""List pages ask the database the same number of questions however many rows there are."""

import pytest
from django.contrib import admin
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from firms.models import (
    Filing,
    FirmReport,
    ImportBatch,
    ImportRow,
    Job,
    Membership,
    Message,
    RegisterEntry,
    Reopening,
    Role,
    User,
)
from firms.services import audit, mail
from firms.services.catalogue import load_catalogue
from scoring.models import EvaluationPeriod, StageRecord
from scoring.services import certificates, honours, publish, rescore
from scoring.views.caching import pages
from tests import analysing, disputes, enrolling, publics, showing
from tests.scoring import zone
from xxgx import roles

pytestmark = pytest.mark.django_db

FEW, MANY = 3, 12
PAGES = {
    "scoring:overview": "anonymous",
    "scoring:rankings": "anonymous",
    "scoring:announcements": "anonymous",
    "scoring:honours": "anonymous",
    "scoring:office_honours": "office",
    "scoring:office": "office",
    "scoring:board": "anonymous",
    "scoring:board_data": "anonymous",
    "scoring:leader": "leader",
    "scoring:leader_firms": "leader",
    "scoring:budgets": "office",
    "scoring:office_announcements": "office",
    "scoring:analysis": "office",
    "scoring:compare": "office",
    "scoring:saved_views": "office",
    "scoring:review": "office",
    "scoring:certificates": "office",
    "firms:imports": "office",
    "firms:enrolments": "office",
    "firms:messages": "office",
    "firms:mails": "system",
    "firms:claim_queue": "office",
    "firms:objections": "office",
    "firms:conflicts": "office",
    "firms:decisions": "office",
    "firms:source_record": "office",
    "firms:connectors": "office",
    "firms:department": "department",
    "firms:workbench": "firm",
    "firms:coverage": "office",
    "firms:coverage_firms": "office",
    "scoring:api-rankings": "anonymous",
    "scoring:api-periods": "anonymous",
    "scoring:api-announcements": "anonymous",
}


def fill(count, people):
    """``count`` rows of everything that is listed, each hanging on rows of its own."""
    firms = zone.make_firms(count)
    science = people[Role.DEPARTMENT].department
    for firm in firms:
        tag = firm.credit_code
        user = User.objects.create_user(f"f-{tag}", password="x", role=Role.FIRM)
        Membership.objects.create(user=user, firm=firm)
        Membership.objects.create(user=people[Role.FIRM], firm=firm)
        Message.objects.create(user=people[Role.FIRM], key=tag, title=tag)
        batch = ImportBatch.objects.create(
            kind="metrics", year=2022, department=science, uploaded_by=user, file_name=f"{tag}.csv", sha256=tag,
            size=2, file=ContentFile(b"ok", "x.csv"),
        )  # fmt: skip
        ImportRow.objects.create(batch=batch, row_number=1, verdict="same", firm=firm)
        Filing.objects.create(
            firm=firm, year=2022, source="government", department=science, batch=batch, values={}, filed_by=user
        )
        RegisterEntry.objects.create(firm=firm, kind="platform", title=tag, starts_on="2022-01-01", department=science)
        publics.staged(publics.connector(science, tag))
        report = FirmReport.objects.create(
            firm=firm, year=2022, state="submitted", submitted_by=user, submitted_at=timezone.now(),
            cells={"revenue": {"state": "value", "text": "12", "reason": "", "edition": 1}},
        )  # fmt: skip
        Reopening.objects.create(report=report, reason="漏报", asked_by=user)
        Job.objects.create(kind="demo", key=tag, due_at="2022-01-01T00:00:00+08:00", requested_by=user)
        StageRecord.objects.create(firm=firm, year=2021, stage="growth", reason="证据", stated_by=user)
        enrolling.apply(
            credit_code=tag, email=f"{tag.lower()}@example.org"
        )  # tells the office, which has a message a firm
        mail.queue("a@example.org", tag, "正文", key=tag)
        disputes.claim(firm, science, user)
        disputes.decision(firm, science, people[Role.OFFICE])
        disputes.conflict(firm, science)
        disputes.objection(firm, science, user)
        audit.record("x.y", tag, by=user, target=firm)
    showing.many(people[Role.OFFICE], count)
    analysing.many(people[Role.OFFICE], count)
    return firms


def count(client, url):
    pages.clear()
    client.get(url)  # whatever is asked once a process is asked now
    pages.clear()
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url).status_code == 200, url
    return len(asked)


def lists():
    for model in admin.site._registry:
        label = f"{model._meta.app_label}.{model._meta.model_name}"
        role = next(role for role, models in roles.GRANTS.items() if label in models)
        yield reverse(f"admin:{label.replace('.', '_')}_changelist"), role


def test_list_pages_are_constant_in_their_rows(people, as_role, client):
    load_catalogue(by=None)
    clients = {
        role: as_role(role)
        for role in (Role.OFFICE, Role.LEADER, Role.DEPARTMENT, Role.FIRM, Role.SYSTEM, Role.SECURITY, Role.AUDIT)
    }
    clients["anonymous"] = client
    urls = [*lists(), *((reverse(name), role) for name, role in PAGES.items())]
    measured = []
    for year, number in ((2022, FEW), (2023, MANY)):
        period = zone.make_period(firms=fill(number, people), year=year)
        period = publish(period, rescore(period, by=None).run, by=None)
        for score in period.published_run.scores.ranked().select_related("firm"):
            certificates.issue(score.firm, year, by=people[Role.OFFICE])
        honours.issue(period, (5, 10, 20), version=period.version, by=people[Role.OFFICE])
        measured.append({url: count(clients[role], url) for url, role in urls})
    few, many = measured
    assert EvaluationPeriod.objects.count() == 2
    grown = {url: (few[url], many[url]) for url in few if many[url] > few[url] + SECOND_PERIOD.get(url, 0)}
    assert not grown


# The first period has none before it to compare with; the second one asks for its predecessor once.
SECOND_PERIOD = {
    reverse("scoring:overview"): 3,
    reverse("scoring:rankings"): 2,
    reverse("scoring:api-rankings"): 2,
    reverse("scoring:leader"): 3,
}
