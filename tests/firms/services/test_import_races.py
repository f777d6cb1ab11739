"""Two people, one batch: it is applied once. Each race has its control: without the lock the test must see the damage."""

import pytest

from firms.models import DataYear, Department, FactSheet, Filing, ImportBatch
from firms.services import bulk, filings, imports
from firms.services.catalogue import load_catalogue
from firms.services.refusal import Refusal
from tests import races
from tests.factories import FilingFactory, FirmFactory, workbook

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture(autouse=True)
def _needs_real_connections():
    races.needs_real_connections()


@pytest.fixture
def batch():
    load_catalogue(by=None)
    DataYear.objects.create(year=2022)
    firms = FirmFactory.create_batch(20)
    for firm in firms:  # sheets that exist: two upserts would both pass, where two inserts meet the database's own rule
        FilingFactory(firm=firm, values={"headcount": 9.0}, source="firm")
    filings.refold(2022)
    rows = [[firm.credit_code, 5] for firm in firms]
    batch = imports.upload(
        workbook([["统一社会信用代码", "营业收入（万元）"], *rows]),
        kind="metrics",
        department=Department.objects.get(code="tax"),
        year=2022,
        by=None,
    )
    return imports.plan(batch)


def both_confirm(batch, monkeypatch) -> list[str]:
    """Two confirmations that meet just before each writes; what each answered."""
    races.meet(monkeypatch, filings, "append")
    return races.outcomes(*[lambda: confirm(ImportBatch.objects.get(pk=batch.pk))] * 2)


def confirm(batch):
    imports.confirm(batch, digest=batch.plan_digest, by=None)


def test_two_confirmations_at_once_apply_once(batch, monkeypatch):
    assert both_confirm(batch, monkeypatch) == ["done", "wrong_state"]
    assert Filing.objects.filter(batch=batch).count() == FactSheet.objects.count() == 20


def test_the_control_without_the_locks_applies_twice(batch, monkeypatch):
    monkeypatch.setattr(
        imports, "_locked", lambda batch: ImportBatch.objects.select_related("department").get(pk=batch.pk)
    )
    monkeypatch.setattr(filings, "lock_year", lambda year: None)
    assert both_confirm(batch, monkeypatch) == ["done", "done"]
    assert Filing.objects.filter(batch=batch).count() == 40


def test_a_collision_in_the_database_is_a_refusal_and_nothing_stays(batch, monkeypatch):
    """Whatever slips past the locks meets the unique rules, and comes out as an answer, not as an accident."""
    firms = list(FactSheet.objects.values_list("firm_id", flat=True))
    monkeypatch.setattr(filings, "write_sheets", lambda year, folded: bulk.insert(
        FactSheet, ("firm_id", "year", "values", "winners", "conflicts", "has_conflicts", "version", "updated_at"),
        [(firms[0], year, "{}", "{}", "{}", False, 1, bulk.now_value())],
    ))  # fmt: skip
    with pytest.raises(Refusal) as refused:
        imports.confirm(batch, digest=batch.plan_digest, by=None)
    assert refused.value.code == "collision"
    assert not Filing.objects.filter(batch=batch).exists()


def test_two_batches_on_one_year_do_not_lose_each_other_s_figures(monkeypatch):
    """Both fold the same firm's sheet: without the year's mutex the later write would drop the earlier batch's metric."""
    load_catalogue(by=None)
    firm = FirmFactory()
    FirmFactory.create_batch(3)

    def planned(metric: str, department: str) -> ImportBatch:
        batch = imports.upload(
            workbook([["统一社会信用代码", metric], [firm.credit_code, 5]]),
            kind="metrics",
            department=Department.objects.get(code=department),
            year=2022,
            by=None,
        )
        return imports.plan(batch)

    batches = [planned("营业收入（万元）", "tax"), planned("职工人数", "hr")]
    races.at_once(*[lambda batch=batch: confirm(batch) for batch in batches])
    # Either order may make the second one look again (its firm is no longer new); then it is confirmed on what it shows.
    for batch in batches:
        batch.refresh_from_db()
        if batch.state == "planned":
            imports.confirm(batch, digest=batch.plan_digest, by=None)
    assert FactSheet.objects.get(firm=firm).values == {"revenue": 5, "headcount": 5}
