"""裁定: one of several figures counts; said once, by the owner, and able to be taken back."""

from __future__ import annotations

import pytest

from firms.importing.fold import contenders, fingerprint
from firms.models import AuditEntry, DataYear, Decision, Department, FactSheet, Metric
from firms.services import decisions, filings, imports
from firms.services.catalogue import load_catalogue
from firms.services.refusal import Refusal
from tests import races
from tests.factories import FilingFactory, FirmFactory, OfficerFactory, UserFactory, workbook

YEAR = 2022


class Dispute:
    """税务局 says 100, the firm says 120: a firm whose 营业收入 is in conflict."""

    def __init__(self, government: float = 100.0, firm: float = 120.0) -> None:
        self.firm = FirmFactory()
        tax = Department.objects.get(code="tax")
        self.government = FilingFactory(
            firm=self.firm, values={"revenue": government, "headcount": 7.0}, department=tax
        )
        self.own = FilingFactory(firm=self.firm, values={"revenue": firm}, source="firm")
        filings.refold(YEAR, [self.firm.pk])

    def sheet(self) -> FactSheet:
        return FactSheet.objects.get(firm=self.firm, year=YEAR)

    def seen(self) -> str:
        sheet = self.sheet()
        return fingerprint(contenders("revenue", sheet.values, sheet.winners, sheet.conflicts))

    def decide(self, by, filing=None, seen=None, reason="经核对原始凭证"):
        return decisions.decide(
            self.firm, YEAR, Metric.objects.get(code="revenue"), filing=filing or self.own.pk,
            seen=self.seen() if seen is None else seen, reason=reason, by=by,
        )  # fmt: skip


@pytest.fixture
def officer(db):
    load_catalogue(by=None)
    DataYear.objects.create(year=YEAR)
    return OfficerFactory(department__code="tax", name="税务局甲")


@pytest.fixture
def dispute(officer) -> Dispute:
    return Dispute()


@pytest.mark.django_db
class TestOneDecision:
    def test_the_figure_decided_for_counts_and_is_no_conflict_any_more(self, dispute, officer):
        assert dispute.sheet().values["revenue"] == 100
        made = dispute.decide(officer)
        sheet = dispute.sheet()
        assert (sheet.values["revenue"], sheet.winners["revenue"]) == (120, dispute.own.pk)
        assert sheet.values["headcount"] == 7
        assert not sheet.has_conflicts
        assert (made.source, made.value, made.against) == ("firm", 120, [[dispute.government.pk, "government", 100.0]])
        entry = AuditEntry.objects.get(action="decision.make")
        assert entry.after["reason"] == "经核对原始凭证"

    def test_taken_back_the_conflict_is_open_again(self, dispute, officer):
        before = dispute.sheet()
        made = dispute.decide(officer)
        decisions.revoke(made, by=officer)
        after = dispute.sheet()
        assert (after.values, after.winners, after.conflicts) == (before.values, before.winners, before.conflicts)
        with pytest.raises(Refusal) as refused:
            decisions.revoke(made, by=officer)
        assert refused.value.code == "already_revoked"
        assert dispute.decide(officer).revoked_at is None  # and may be decided again

    def test_a_second_officer_is_told_who_decided_what(self, dispute, officer):
        seen = dispute.seen()
        dispute.decide(officer)
        with pytest.raises(Refusal) as refused:
            dispute.decide(OfficerFactory(department__code="tax"), filing=dispute.government.pk, seen=seen)
        assert (refused.value.code, refused.value.status) == ("already_decided", 409)
        assert "税务局甲" in refused.value.message

    def test_what_was_stated_meanwhile_is_shown_first(self, dispute, officer):
        seen = dispute.seen()
        FilingFactory(firm=dispute.firm, values={"revenue": 130.0}, source="firm")
        filings.refold(YEAR, [dispute.firm.pk])
        with pytest.raises(Refusal) as refused:
            dispute.decide(officer, filing=dispute.government.pk, seen=seen)
        assert refused.value.code == "conflict_changed"
        assert not Decision.objects.exists()

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"filing": 10**9}, "unknown_statement"),
            ({"reason": "  "}, "reason_required"),
            ({"seen": "1-2-3"}, "conflict_changed"),
        ],
    )
    def test_what_cannot_be_decided(self, dispute, officer, change, code):
        with pytest.raises(Refusal) as refused:
            dispute.decide(officer, **change)
        assert refused.value.code == code
        assert not Decision.objects.exists()

    def test_only_the_owner_and_the_office_decide(self, dispute):
        with pytest.raises(Refusal) as refused:
            dispute.decide(OfficerFactory(department__code="hr"))
        assert refused.value.status == 403
        assert dispute.decide(UserFactory(role="office")).value == 120

    def test_a_locked_year_is_closed_to_decisions_and_to_taking_them_back(self, dispute, officer):
        made = dispute.decide(officer)
        DataYear.objects.filter(year=YEAR).update(locked_at="2023-06-01T00:00:00+08:00")
        with pytest.raises(Refusal) as refused:
            decisions.revoke(made, by=officer)
        assert refused.value.code == "year_locked"
        other = Dispute()
        with pytest.raises(Refusal) as refused:
            other.decide(officer)
        assert refused.value.code == "year_locked"

    def test_a_correction_lapses_it_and_deciding_again_replaces_it(self, dispute, officer):
        first = dispute.decide(officer)
        FilingFactory(firm=dispute.firm, values={"revenue": 105.0})
        filings.refold(YEAR, [dispute.firm.pk])
        assert dispute.sheet().values["revenue"] == 105
        assert dispute.sheet().has_conflicts
        second = dispute.decide(officer)
        first.refresh_from_db()
        assert first.revoked_by == officer
        assert dispute.sheet().values["revenue"] == 120
        assert [row.pk for row in Decision.objects.in_force()] == [second.pk]


@pytest.mark.django_db
class TestImports:
    """The import's preview and its writing fold with what was decided, and undo too."""

    def batch(self, firm, revenue, officer):
        return imports.plan(
            imports.upload(
                workbook([["统一社会信用代码", "营业收入（万元）", "职工人数"], [firm.credit_code, revenue, 8]]),
                kind="metrics", department=officer.department, year=YEAR, by=None,
            )
        )  # fmt: skip

    def test_a_file_that_repeats_the_figure_decided_against_leaves_the_decision(self, dispute, officer):
        dispute.decide(officer)
        batch = self.batch(dispute.firm, 100, officer)
        assert batch.rows.get().before == {"headcount": 7}
        imports.confirm(batch, digest=batch.plan_digest, by=None)
        assert dispute.sheet().values == {"revenue": 120, "headcount": 8}
        assert not dispute.sheet().has_conflicts

    def test_a_file_that_corrects_the_figure_opens_the_question_and_its_undo_closes_it(self, dispute, officer):
        dispute.decide(officer)
        batch = self.batch(dispute.firm, 105, officer)
        assert batch.rows.get().before == {"revenue": 120, "headcount": 7}
        imports.confirm(batch, digest=batch.plan_digest, by=None)
        assert dispute.sheet().values["revenue"] == 105
        assert dispute.sheet().has_conflicts
        imports.undo(batch, by=None, reason="文件取错")
        assert dispute.sheet().values["revenue"] == 120
        assert not dispute.sheet().has_conflicts


@pytest.mark.django_db
class TestByRule:
    def test_all_of_a_metric_to_one_source(self, officer):
        disputes = [Dispute(100 + n, 150) for n in range(5)]
        agreed = Dispute(100, 100)
        revenue = Metric.objects.get(code="revenue")
        done = decisions.decide_all(revenue, YEAR, "firm", expected=5, reason="统一按审计报告", by=officer)
        assert done == 5
        assert {one.sheet().values["revenue"] for one in disputes} == {150}
        assert not FactSheet.objects.filter(has_conflicts=True).exists()
        assert not Decision.objects.filter(firm=agreed.firm).exists()
        assert AuditEntry.objects.get(action="decision.make_all").after["count"] == 5

    def test_only_as_many_as_were_shown(self, officer):
        Dispute(), Dispute()
        revenue = Metric.objects.get(code="revenue")
        for source, expected in (("firm", 1), ("firm", 3), ("public", 2), ("public", 0)):
            with pytest.raises(Refusal) as refused:
                decisions.decide_all(revenue, YEAR, source, expected=expected, reason="规则", by=officer)
            assert refused.value.code == "conflicts_changed"
        assert not Decision.objects.exists()

    def test_of_the_firms_looked_for_only(self, officer):
        one, other = Dispute(), Dispute()
        revenue = Metric.objects.get(code="revenue")
        decisions.decide_all(revenue, YEAR, "firm", expected=1, reason="规则", by=officer, firms=[one.firm.pk])
        assert not one.sheet().has_conflicts
        assert other.sheet().has_conflicts

    def test_in_a_constant_number_of_queries(self, officer, django_assert_max_num_queries):
        for _ in range(40):
            Dispute()
        with django_assert_max_num_queries(30):
            decisions.decide_all(
                Metric.objects.get(code="revenue"), YEAR, "firm", expected=40, reason="规则", by=officer
            )


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
class TestRace:
    @pytest.fixture(autouse=True)
    def _needs_real_connections(self):
        races.needs_real_connections()

    def both(self, dispute, officer, monkeypatch) -> list[str]:
        """Two officers decide the same cell differently, meeting just before each writes."""
        seen = dispute.seen()
        races.meet(monkeypatch, decisions, "_write")
        return races.outcomes(
            *[
                lambda pk=pk: dispute.decide(officer, filing=pk, seen=seen)
                for pk in (dispute.own.pk, dispute.government.pk)
            ]
        )

    def test_two_officers_at_once_one_decides_and_the_other_is_told(self, officer, monkeypatch):
        dispute = Dispute()
        assert self.both(dispute, officer, monkeypatch) == ["already_decided", "done"]
        assert dispute.sheet().winners["revenue"] == Decision.objects.get().filing_id

    def test_the_control_without_the_mutex_answers_with_an_accident_or_decides_twice(self, officer, monkeypatch):
        dispute = Dispute()
        monkeypatch.setattr(filings, "lock_year", lambda year: None)
        assert "already_decided" not in self.both(dispute, officer, monkeypatch)
