"""台账申报: stated by a firm, verified by the owner, then counted; one claim is decided once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from firms.models import (
    AuditEntry,
    DataYear,
    Department,
    Evidence,
    FactSheet,
    Message,
    RegisterClaim,
    RegisterEntry,
    User,
)
from firms.services import claims, register_entries
from firms.services.catalogue import load_catalogue
from firms.services.refusal import Refusal
from scoring.assembly import load_cohort
from scoring.engine import parse_scheme
from scoring.services import open_period
from tests import races
from tests.factories import FirmFactory, MembershipFactory, OfficerFactory, UserFactory
from tests.scoring import zone

YEAR = 2022
CONTRACT = {
    "title": "数控机床联合开发合同", "starts_on": date(2022, 5, 6), "amount": Decimal("120.5"), "category": "university",
    "document_number": "2022410700000001",
}  # fmt: skip
PLATFORM = {"title": "河南省智能装备工程技术研究中心", "starts_on": date(2022, 3, 1), "level": "provincial"}


def pdf(name: str = "合同.pdf", mark: bytes = b"") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n" + mark)


class World:
    def __init__(self) -> None:
        load_catalogue(by=None)
        DataYear.objects.create(year=YEAR, phase=DataYear.Phase.REPORTING, firms_due_on=date(2100, 1, 1))
        self.firm = FirmFactory()
        self.manager = MembershipFactory(firm=self.firm, kind="manager").user
        self.reporter = MembershipFactory(firm=self.firm, kind="reporter").user
        self.stranger = MembershipFactory(kind="manager").user
        self.science = OfficerFactory(department__code="science", name="科技局甲")
        self.statistics = OfficerFactory(department__code="statistics")

    def draft(self, kind: str = "contract", fact: dict | None = None, files: int = 1, **changed) -> RegisterClaim:
        files_ = [pdf(f"{n}.pdf", bytes([65 + n])) for n in range(files)]
        return claims.draft(self.firm, kind, (fact or CONTRACT) | changed, files=files_, by=self.reporter)

    def submitted(self, *args, **changed) -> RegisterClaim:
        claim = self.draft(*args, **changed)
        return claims.submit(claim, version=claim.version, by=self.manager)


@pytest.fixture
def world(db) -> World:
    return World()


def refused(deed, *args, **kwargs) -> Refusal:
    with pytest.raises(Refusal) as caught:
        deed(*args, **kwargs)
    return caught.value


def test_drafts_are_limited_and_what_was_given_up_does_not_count(world, settings):
    settings.CLAIM_MAX_DRAFTS = 2
    first, last = world.draft(), world.draft()
    assert refused(world.draft).code == "too_many_drafts"
    claims.discard(first, version=first.version, by=world.manager)
    assert world.draft()
    assert refused(world.draft).status == 409
    # Taken up again it is a draft more.
    first.refresh_from_db()

    def edit(claim):
        return claims.edit(claim, CONTRACT, version=claim.version, by=world.reporter)

    assert refused(edit, first).code == "too_many_drafts"
    other = world.stranger.memberships.get().firm
    assert claims.draft(other, "contract", CONTRACT, by=world.stranger)  # each firm for itself
    last = edit(last)  # one that is a draft is still changed
    claims.discard(last, version=last.version, by=world.manager)
    assert edit(first).state == "draft"


@pytest.mark.django_db
class TestTheFirm:
    def test_a_reporter_fills_and_a_manager_hands_in(self, world):
        claim = world.draft()
        assert (claim.state, claim.department.code) == ("draft", "science")
        assert Evidence.objects.get(claim=claim).file_name == "0.pdf"
        assert refused(claims.submit, claim, version=claim.version, by=world.reporter).code == "manager_only"
        claim = claims.submit(claim, version=claim.version, by=world.manager)
        assert claim.state == "submitted"
        assert not RegisterEntry.objects.exists()  # nothing counts before it is verified
        assert Message.objects.get(user=world.science).link == f"/claims/{claim.pk}/"

    def test_no_other_firm_touches_it(self, world):
        claim = world.draft()
        for deed in (claims.submit, claims.withdraw, claims.discard):
            assert refused(deed, claim, version=0, by=world.stranger).status == 403
        assert refused(claims.edit, claim, CONTRACT, version=0, by=world.stranger).status == 403
        assert refused(claims.draft, world.firm, "contract", CONTRACT, by=world.stranger).status == 403
        assert not RegisterClaim.objects.visible_to(world.stranger).exists()

    def test_nothing_is_claimed_for_a_firm_by_those_who_judge(self, world):
        for user in (world.science, UserFactory(role="office")):
            assert refused(claims.draft, world.firm, "contract", CONTRACT, by=user).status == 403

    def test_what_is_not_handed_in_is_nobody_elses_to_read(self, world):
        claim = world.draft()
        office = UserFactory(role="office")
        assert not RegisterClaim.objects.visible_to(world.science).exists()
        assert not RegisterClaim.objects.visible_to(office).exists()
        claim = claims.submit(claim, version=claim.version, by=world.manager)
        assert RegisterClaim.objects.visible_to(world.science).get() == claim
        claim = claims.withdraw(claim, version=claim.version, by=world.manager)
        claims.edit(claim, CONTRACT, version=claim.version, by=world.reporter)
        assert not RegisterClaim.objects.visible_to(world.science).exists()

    @pytest.mark.parametrize("kind", ["listing", "environment", "incident", "requalification", "delisting", "x"])
    def test_registers_that_speak_against_a_firm_are_not_claimed(self, world, kind):
        assert refused(claims.draft, world.firm, kind, CONTRACT, by=world.reporter).code == "not_claimable"

    @pytest.mark.parametrize(
        ("kind", "fact", "files", "code"),
        [
            ("contract", CONTRACT | {"amount": None}, 1, "incomplete"),
            ("contract", CONTRACT | {"title": " "}, 1, "incomplete"),
            ("platform", PLATFORM | {"level": ""}, 1, "incomplete"),
            ("contract", CONTRACT | {"category": "hightech"}, 1, "incomplete"),
            ("contract", CONTRACT | {"starts_on": date(2999, 1, 1)}, 1, "incomplete"),
            ("qualification", {"category": "hightech", "starts_on": date(2022, 1, 1)}, 1, "incomplete"),
            ("contract", CONTRACT, 0, "no_evidence"),
        ],
    )
    def test_what_is_incomplete_is_kept_but_not_handed_in(self, world, kind, fact, files, code):
        claim = world.draft(kind, fact, files)
        assert refused(claims.submit, claim, version=claim.version, by=world.manager).code == code

    def test_a_register_supplies_what_it_always_says(self, world):
        assert world.draft(fact=CONTRACT | {"category": ""}).category == "general"
        assert world.draft("qualification", {"category": "srdi", "starts_on": date(2022, 1, 1)}).title == "专精特新企业"

    @pytest.mark.parametrize(
        ("changed", "code"),
        [
            ({"phase": "preparing"}, "not_open"),
            ({"phase": "trial"}, "not_open"),
            ({"firms_due_on": date(2022, 1, 1)}, "past_due"),
            ({"locked_at": timezone.now()}, "not_open"),
        ],
    )
    def test_handed_in_only_while_a_year_is_open_for_the_firm(self, world, changed, code):
        claim = world.draft()
        DataYear.objects.update(**changed)
        assert refused(claims.submit, claim, version=claim.version, by=world.manager).code == code

    def test_two_tabs_do_not_overwrite_each_other(self, world):
        claim = world.draft()
        claims.edit(claim, CONTRACT | {"amount": Decimal(1)}, version=claim.version, by=world.reporter)
        answer = refused(claims.edit, claim, CONTRACT, version=claim.version, by=world.reporter)
        assert (answer.code, answer.status) == ("changed", 409)
        assert refused(claims.submit, claim, version=claim.version, by=world.manager).code == "changed"

    def test_a_double_submit_is_told_so(self, world):
        claim = world.draft()
        claims.submit(claim, version=claim.version, by=world.manager)
        assert refused(claims.submit, claim, version=claim.version, by=world.manager).code == "wrong_state"

    def test_a_draft_given_up_stays_on_record_and_out_of_sight(self, world):
        claim = world.draft()
        claims.discard(claim, version=claim.version, by=world.reporter)
        assert RegisterClaim.objects.get().submitted_at is None
        assert not RegisterClaim.objects.visible_to(world.science).exists()
        assert Evidence.objects.count() == 1


@pytest.mark.django_db
class TestTheDepartment:
    def test_verified_it_is_an_entry_and_the_firm_is_told(self, world):
        claim = world.submitted()
        claim = claims.verify(claim, version=claim.version, by=world.science)
        entry = RegisterEntry.objects.get()
        assert (claim.state, claim.entry) == ("verified", entry)
        assert (entry.title, entry.amount, entry.category) == (CONTRACT["title"], CONTRACT["amount"], "university")
        assert entry.department.code == "science"
        told = Message.objects.filter(key=f"claim:{claim.pk}:{claim.version}")
        assert {row.user for row in told} == {world.manager, world.reporter}
        assert {"register.enter", "claim.verify"} <= set(AuditEntry.objects.values_list("action", flat=True))

    def test_the_same_fact_is_linked_not_entered_twice(self, world):
        department = Department.objects.get(code="science")
        fact = {name: CONTRACT[name] for name in ("title", "starts_on", "category")}
        known = RegisterEntry.objects.create(
            firm=world.firm, kind="contract", department=department, amount=Decimal("120.4"), **fact
        )
        claim = world.submitted()
        claim = claims.verify(claim, version=claim.version, by=world.science)
        assert claim.entry == known
        assert RegisterEntry.objects.get().amount == Decimal("120.4")
        assert "已有同一事项" in claim.answer

    def test_refused_for_a_reason_and_mended(self, world):
        claim = world.submitted()
        assert refused(claims.refuse, claim, version=claim.version, answer=" ", by=world.science).status == 400
        claim = claims.refuse(claim, version=claim.version, answer="合同未登记", by=world.science)
        assert (claim.state, claim.answer) == ("refused", "合同未登记")
        claim = claims.edit(claim, CONTRACT | {"document_number": "X2"}, version=claim.version, by=world.reporter)
        claim = claims.submit(claim, version=claim.version, by=world.manager)
        assert (claim.state, claim.answer, claim.decided_by) == ("submitted", "", None)

    def test_only_the_department_it_is_with_decides(self, world):
        claim = world.submitted("platform", PLATFORM)
        for deed, more in ((claims.verify, {}), (claims.refuse, {"answer": "x"})):
            answer = refused(deed, claim, version=claim.version, by=world.statistics, **more)
            assert answer.status == 403
        for user in (world.manager, UserFactory(role="leader"), UserFactory(role="audit")):
            assert refused(claims.verify, claim, version=claim.version, by=user).status == 403

    def test_handed_over_to_another_that_keeps_the_register(self, world):
        claim = world.submitted("platform", PLATFORM)
        hr = OfficerFactory(department__code="hr").department
        assert refused(claims.hand_over, claim, hr, version=claim.version, by=world.science).code == "not_an_owner"
        claim = claims.hand_over(claim, world.statistics.department, version=claim.version, by=world.science)
        assert refused(claims.verify, claim, version=claim.version, by=world.science).status == 403
        assert Message.objects.filter(user=world.statistics).exists()
        claims.verify(claim, version=claim.version, by=world.statistics)
        assert RegisterEntry.objects.get().department.code == "statistics"

    def test_a_locked_year_that_it_would_change_stops_it(self, world):
        DataYear.objects.create(year=2021, locked_at=timezone.now())
        old = world.submitted("platform", PLATFORM | {"starts_on": date(2021, 3, 1)})
        new = world.submitted("platform", PLATFORM)
        assert refused(claims.verify, old, version=old.version, by=world.science).code == "year_locked"
        old.refresh_from_db()
        assert old.state == "submitted"
        claims.verify(new, version=new.version, by=world.science)
        assert RegisterEntry.objects.get().starts_on == date(2022, 3, 1)

    def test_many_at_once_each_by_itself(self, world):
        good = [world.submitted(title=f"合同{n}", document_number=f"N{n}") for n in range(3)]
        stale, foreign = world.submitted(title="改过"), world.submitted("platform", PLATFORM)
        claims.hand_over(foreign, world.statistics.department, version=foreign.version, by=world.science)
        foreign.refresh_from_db()
        picks = [(row, row.version) for row in (*good, foreign)] + [(stale, stale.version - 1)]
        outcome = claims.verify_many(picks, by=world.science)
        assert outcome.done == RegisterEntry.objects.count() == 3
        assert {refusal.code for _claim, refusal in outcome.refused} == {"changed", "not_your_claim"}

    @pytest.mark.parametrize(
        "other",
        [
            {"title": "数控机床 联合开发合同（副本）"},  # the same number
            {"title": "数控机床 联合开发合同", "document_number": ""},
            {"title": "数控机床联合开发合同。", "document_number": "", "starts_on": date(2022, 5, 7)},
            {"title": "数控机床联合开发合同一", "document_number": "２０２２ 410700000001"},
        ],
    )
    def test_one_matter_in_other_words_is_not_counted_twice_by_one_click(self, world, other):
        claims_ = [world.submitted(), world.submitted(**other)]
        outcome = claims.verify_many([(row, row.version) for row in claims_], by=world.science)
        assert outcome.done == RegisterEntry.objects.count() == 1
        assert [(claim, refusal.code) for claim, refusal in outcome.refused] == [(claims_[1], "look_alike")]
        # Looked at by itself it is the officer's to judge.
        claims.verify(claims_[1], version=claims_[1].version, by=world.science)
        assert RegisterEntry.objects.count() == 2

    def test_renewals_and_other_matters_go_on_at_once(self, world):
        status = {"category": "srdi", "ends_on": date(2030, 1, 1)}
        rows = [world.submitted("qualification", status, starts_on=date(year, 1, 1)) for year in (2019, 2022)]
        rows += [world.submitted(), world.submitted(title="另一份合同", document_number="", starts_on=date(2022, 6, 1))]
        assert claims.verify_many([(row, row.version) for row in rows], by=world.science).done == 4

    def test_marks_nobody_sees_make_no_other_title(self, world):
        first = world.submitted()
        hidden = world.submitted(title="数控\u200b机床联合\u2060开发合同\u202c ")
        assert hidden.title == first.title
        for row in (first, hidden):
            claims.verify(row, version=row.version, by=world.science)
        assert RegisterEntry.objects.count() == 1

    def test_what_was_verified_is_what_the_engine_counts(self, world):
        FactSheet.objects.create(firm=world.firm, year=YEAR, values={"revenue": 500.0})
        period = open_period(YEAR, zone.scheme(), by=None)

        def counted() -> list[tuple[str, float]]:
            registers = load_cohort(period, parse_scheme(period.scheme.text)).cohort.registers
            kinds = [registers.kind.names[code] for code in registers.kind.codes]
            return sorted(zip(kinds, registers.amount.tolist(), strict=True))

        claim = world.submitted()
        assert counted() == []
        claims.verify(claim, version=claim.version, by=world.science)
        assert counted() == [("contract", 120.5)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
class TestTwoOfficers:
    @pytest.fixture(autouse=True)
    def _needs_real_connections(self):
        races.needs_real_connections()

    def both(self, world: World, monkeypatch) -> list[str]:
        """One officer verifies and another refuses the same claim, meeting after each has read it."""
        claim = world.submitted()
        other = OfficerFactory(department__code="science")
        races.meet(monkeypatch, claims, "_permit_department")

        def decide(deed, by, **more):
            found = RegisterClaim.objects.get(pk=claim.pk)
            deed(found, version=claim.version, by=User.objects.get(pk=by.pk), **more)

        return races.outcomes(
            lambda: decide(claims.verify, world.science), lambda: decide(claims.refuse, other, answer="材料不全")
        )

    def test_one_decides_and_the_other_is_told(self, world, monkeypatch):
        assert self.both(world, monkeypatch) == ["done", "wrong_state"]
        claim = RegisterClaim.objects.get()
        assert RegisterEntry.objects.exists() == (claim.state == "verified")

    def test_the_control_without_the_row_s_lock_both_decide(self, world, monkeypatch):
        def unlocked(claim, states, version):
            return RegisterClaim.objects.select_related("firm", "department").get(pk=claim.pk)

        monkeypatch.setattr(claims, "_locked", unlocked)
        assert self.both(world, monkeypatch) == ["done", "done"]

    def test_two_claims_of_one_fact_make_one_entry(self, world, monkeypatch):
        """The register's mutex: both find no entry yet; without it the second would meet the database's rule."""
        picks = [world.submitted(), world.submitted()]
        races.meet(monkeypatch, register_entries, "hold")

        def verify(pk):
            claim = RegisterClaim.objects.get(pk=pk)
            claims.verify(claim, version=claim.version, by=User.objects.get(pk=world.science.pk))

        assert races.outcomes(*[lambda pk=claim.pk: verify(pk) for claim in picks]) == ["done", "done"]
        assert RegisterClaim.objects.filter(entry=RegisterEntry.objects.get()).count() == 2
