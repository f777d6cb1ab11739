import pytest

from firms.models import AuditEntry, Department
from firms.services import audit

pytestmark = pytest.mark.django_db


def test_entries_chain_and_verify():
    department = Department.objects.create(code="tax", name="税务局", short_name="税务")
    first = audit.record("department.create", "新增部门", by=None, target=department, after={"name": "税务局"})
    second = audit.record("department.rename", "改名", by=None, target=department, before="a", after="b")
    assert second.previous == first.digest
    assert audit.verify() is None


def test_an_edited_entry_breaks_the_chain():
    for number in range(3):
        audit.record("x.y", f"第{number}项", by=None)
    AuditEntry.objects.filter(sequence=2).update(summary="篡改")
    assert audit.verify() == 2


def test_a_removed_tail_is_noticed():
    for number in range(3):
        audit.record("x.y", f"第{number}项", by=None)
    AuditEntry.objects.filter(sequence=3).delete()
    assert audit.verify() == 3
