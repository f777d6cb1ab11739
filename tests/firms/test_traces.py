"""What leaves a trace beside a change of state: files handed out, work asked for."""

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse

from firms.models import AuditEntry, ImportBatch, Role
from firms.services import jobs
from tests.scoring import zone

pytestmark = pytest.mark.django_db


def test_refused_rows_and_templates_handed_out_leave_a_trace(as_role, people):
    officer = people[Role.DEPARTMENT]
    batch = ImportBatch.objects.create(
        kind="metrics", year=2022, department=officer.department, uploaded_by=officer, file_name="数据.csv",
        sha256="0" * 64, size=2, file=ContentFile(b"ok", "x.csv"),
    )  # fmt: skip
    client = as_role(Role.DEPARTMENT)
    assert client.get(reverse("firms:import_refused", args=[batch.pk])).status_code == 200
    assert client.get(reverse("firms:import_template", args=[2022])).status_code == 200
    refused = AuditEntry.objects.get(action="batch.download_refused")
    template = AuditEntry.objects.get(action="template.download")
    assert (refused.actor, refused.target_id, refused.after) == (officer, str(batch.pk), {"rows": 0})
    assert (template.actor, template.after["year"]) == (officer, 2022)


def test_a_file_refused_leaves_none(as_role, people):
    assert as_role(Role.BANK).get(reverse("firms:import_template", args=[2022])).status_code == 403
    assert not AuditEntry.objects.filter(action="template.download").exists()


def test_work_a_person_asks_for_leaves_a_trace_once_and_the_clocks_none(as_role, people):
    period = zone.make_period(3)
    client = as_role(Role.OFFICE)
    for _ in range(2):
        client.post(reverse("scoring:period_rescore", args=[period.year_id]))
    entry = AuditEntry.objects.get(action="job.enqueue")
    assert entry.actor == people[Role.OFFICE]
    assert entry.after["period"] == period.pk
    jobs.enqueue("rescore", "by the clock", by=None)
    assert AuditEntry.objects.filter(action="job.enqueue").count() == 1
