"""Supporting files: whose they are, who reads them, and that they are what was uploaded."""

from datetime import date
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from firms.models import AuditEntry, Department, Evidence, FirmReport, Metric, RegisterClaim, Role
from firms.services import claims, evidence, objections, reports
from firms.services.refusal import Refusal
from tests.factories import MembershipFactory, OfficerFactory, UserFactory
from tests.reporting import PDF, PNG, YEAR, make, ready, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def firm_and_user():
    return make()


def attach(firm, user, file=None, metric="standards", **kwargs):
    return evidence.attach(file or upload(), firm=firm, by=user, year=YEAR, metric=metric, **kwargs)


def code_of(call, *args, **kwargs):
    with pytest.raises(Refusal) as refused:
        call(*args, **kwargs)
    assert refused.value.message
    assert refused.value.place
    assert refused.value.hint
    return refused.value.code


def test_a_file_is_kept_by_its_content_under_a_name_of_ours(firm_and_user):
    row = attach(*firm_and_user, upload("../../标准 \u202e\u2067\u061cfdp.pdf"))
    assert row.file_name == "标准 fdp.pdf"
    assert Path(row.file.name).name.startswith(row.sha256[:16])
    assert (row.media_type, row.size) == ("application/pdf", len(PDF))
    assert row.file.open("rb").read() == PDF
    assert AuditEntry.objects.get(action="evidence.attach").after["sha256"] == row.sha256


def test_the_same_file_twice_is_one(firm_and_user):
    assert attach(*firm_and_user) == attach(*firm_and_user, upload("另一个名字.pdf"))
    assert attach(*firm_and_user, metric="venture_capital").pk != Evidence.objects.first().pk


def test_what_is_not_taken(firm_and_user, settings):
    firm, user = firm_and_user
    settings.EVIDENCE_MAX_FILES = 1
    assert code_of(attach, firm, user, upload("a.exe", b"MZ")) == "not_evidence"
    assert code_of(attach, firm, user, metric="revenue") == "not_yours"
    assert code_of(attach, firm, user, metric="no_such") == "not_yours"
    assert code_of(attach, firm, user, metric="") == "malformed"
    assert code_of(attach, firm, MembershipFactory().user) == "not_your_firm"
    attach(firm, user)
    assert code_of(attach, firm, user, upload("b.png", PNG)) == "too_many_files"
    settings.EVIDENCE_MAX_BYTES = 8
    assert code_of(attach, firm, user, metric="venture_capital") == "file_too_large"
    assert Evidence.objects.count() == 1


def test_a_firm_keeps_so_much_in_all_and_what_it_removed_counts(firm_and_user, settings):
    firm, user = firm_and_user
    first = attach(firm, user)
    settings.EVIDENCE_FIRM_BYTES = 2 * first.size
    evidence.remove(first, by=user)
    second = attach(firm, user, metric="venture_capital")
    assert code_of(attach, firm, user, upload("b.png", PNG), metric="venture_capital") == "evidence_full"
    assert Evidence.objects.filter(removed_at__isnull=True).get() == second
    # Each firm for itself.
    settings.EVIDENCE_FIRM_BYTES = first.size
    assert attach(*make())


def test_nothing_is_added_or_removed_once_submitted(firm_and_user):
    firm, user = firm_and_user
    row, report = attach(firm, user), ready(firm, user)
    reports.submit(report, edition=report.edition, by=user)
    assert code_of(attach, firm, user, upload("b.png", PNG)) == "submitted"
    assert code_of(evidence.remove, row, by=user) == "submitted"
    reports.withdraw(report, by=user)
    evidence.remove(row, by=user)
    evidence.remove(row, by=user)
    assert AuditEntry.objects.filter(action="evidence.remove").count() == 1
    assert Path(row.file.path).exists()  # out of sight, not off the disk


def test_a_file_that_could_not_be_recorded_leaves_nothing_on_the_disk(firm_and_user, monkeypatch):
    def crash(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr(evidence.audit, "record", crash)
    folder = Path(Evidence._meta.get_field("file").storage.location) / "evidence"
    before = {path for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(RuntimeError):
        attach(*firm_and_user)
    assert {path for path in folder.rglob("*") if path.is_file()} == before
    assert not Evidence.objects.exists()


def test_of_several_one_refused_none_is_left_on_the_disk(firm_and_user, settings):
    """Nine of ten stayed there at every try, without a row that counts them."""
    firm, user = firm_and_user
    folder = Path(Evidence._meta.get_field("file").storage.location) / "evidence"
    fact = {"title": "研发中心", "level": "provincial", "starts_on": date(2022, 1, 1)}
    claim = claims.draft(firm, "platform", fact, files=[upload()], by=user)
    kept = Evidence.objects.get()
    before = {path for path in folder.rglob("*") if path.is_file()}
    files = [upload(), upload("b.png", PNG), upload("c.exe", b"MZ")]
    assert code_of(claims.draft, firm, "platform", fact, files=files, by=user) == "not_evidence"
    assert code_of(claims.edit, claim, fact, version=claim.version, files=files, by=user) == "not_evidence"
    metric = Metric.objects.get(code="venture_capital")
    said = {"claimed": "", "reason": "有误", "files": files, "by": user}
    assert code_of(objections.raise_objection, firm, YEAR - 1, metric, **said) == "not_evidence"
    assert {path for path in folder.rglob("*") if path.is_file()} == before
    assert Evidence.objects.get() == kept
    assert evidence.opened(kept, by=user)  # what was there before is the same file, and stays
    claims.edit(claim, fact, version=claim.version, files=files[:2], by=user)
    assert Evidence.objects.count() == 2


def test_who_may_read_it(firm_and_user):
    firm, user = firm_and_user
    row = attach(firm, user)
    owner = OfficerFactory(department=Department.objects.get(code="market"))  # owns 制定标准数
    other = OfficerFactory(department=Department.objects.get(code="tax"))
    people = [UserFactory(role=role) for role in Role.values if role not in ("firm", "department", "office")]
    for nobody in (MembershipFactory().user, other, *people):
        assert not evidence.readable_by(nobody).exists()
    assert evidence.readable_by(user).get() == evidence.readable_by(UserFactory(role=Role.OFFICE)).get() == row
    assert not evidence.readable_by(owner).exists()  # not handed in yet
    FirmReport.objects.create(
        firm=firm,
        year=YEAR,
        state="submitted",
        submitted_by=user,
        submitted_at=timezone.now(),
        first_submitted_at=timezone.now(),
    )
    assert evidence.readable_by(owner).get() == row
    assert not evidence.readable_by(other).exists()


def test_a_claim_s_files_are_its_department_s_once_handed_in(firm_and_user):
    firm, user = firm_and_user
    science = Department.objects.get(code="science")
    claim = RegisterClaim.objects.create(
        firm=firm, kind="platform", title="研发中心", starts_on="2022-01-01", department=science, claimed_by=user
    )
    row = evidence.attach(upload(), firm=firm, claim=claim, by=user)
    officer = OfficerFactory(department=science)
    assert not evidence.readable_by(officer).exists()
    claim.state, claim.submitted_at = "submitted", timezone.now()
    claim.save()
    assert evidence.readable_by(officer).get() == row
    assert not evidence.readable_by(OfficerFactory(department=Department.objects.get(code="tax"))).exists()
    claim.state, claim.decided_at = "refused", timezone.now()
    claim.save()
    row.refresh_from_db()
    assert code_of(evidence.remove, row, by=user) == "closed_matter"
    other, stranger = make()
    assert code_of(evidence.attach, upload(), firm=other, claim=claim, by=stranger) == "malformed"


def test_the_files_of_a_claim_given_up_before_it_was_handed_in_stay_the_firm_s(firm_and_user):
    firm, user = firm_and_user
    fact = {"title": "研发中心", "level": "provincial", "starts_on": date(2022, 1, 1)}
    claim = claims.draft(firm, "platform", fact, files=[upload()], by=user)
    claims.discard(claim, version=claim.version, by=user)
    officer = OfficerFactory(department=Department.objects.get(code="science"))
    assert evidence.readable_by(user).count() == 1
    assert not evidence.readable_by(officer).exists()


def test_a_damaged_file_is_not_handed_out(firm_and_user):
    firm, user = firm_and_user
    row = attach(firm, user)
    assert evidence.opened(row, by=user) == row
    row.file.storage.delete(row.file.name)
    assert code_of(evidence.opened, row, by=user) == "damaged_file"
    row.file.storage.save(row.file.name, ContentFile(PDF + b" "))
    assert code_of(evidence.opened, row, by=user) == "damaged_file"


def test_reading_by_the_staff_leaves_a_trace_and_by_the_firm_none(firm_and_user):
    firm, user = firm_and_user
    row = attach(firm, user)
    evidence.opened(row, by=user)
    assert not AuditEntry.objects.filter(action="evidence.read").exists()
    evidence.opened(row, by=UserFactory(role=Role.OFFICE))
    assert AuditEntry.objects.filter(action="evidence.read").count() == 1
