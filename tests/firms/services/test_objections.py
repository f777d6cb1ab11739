"""异议: a firm asks, whoever supplied the figure answers; what is found right counts at once."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.db.utils import IntegrityError
from django.utils import timezone

from firms.models import (
    AuditEntry,
    DataYear,
    Decision,
    Department,
    Evidence,
    FactSheet,
    Filing,
    Message,
    Metric,
    Objection,
)
from firms.services import filings, objections, working_days
from firms.services.catalogue import load_catalogue
from firms.services.refusal import Refusal
from tests import races
from tests.factories import FilingFactory, FirmFactory, MembershipFactory, OfficerFactory, UserFactory

YEAR = 2022


class World:
    """税务局 stated 营业收入 100 of a firm."""

    def __init__(self) -> None:
        load_catalogue(by=None)
        DataYear.objects.create(year=YEAR)
        self.firm = FirmFactory()
        self.manager = MembershipFactory(firm=self.firm, kind="manager").user
        self.stranger = MembershipFactory(kind="manager").user
        self.tax, self.hr = (OfficerFactory(department__code=code) for code in ("tax", "hr"))
        self.revenue = Metric.objects.get(code="revenue")
        self.filing = FilingFactory(
            firm=self.firm, values={"revenue": 100.0}, department=Department.objects.get(code="tax")
        )
        filings.refold(YEAR, [self.firm.pk])

    def object(self, claimed="130", reason="申报表为130万元", **changed):
        arguments = {"firm": self.firm, "year": YEAR, "metric": self.revenue, "by": self.manager, "files": ()} | changed
        firm, year, metric = (arguments.pop(name) for name in ("firm", "year", "metric"))
        return objections.raise_objection(firm, year, metric, claimed=claimed, reason=reason, **arguments)

    def value(self):
        return FactSheet.objects.get(firm=self.firm, year=YEAR).values["revenue"]


@pytest.fixture
def world(db) -> World:
    return World()


def refused(deed, *args, **kwargs) -> Refusal:
    with pytest.raises(Refusal) as caught:
        deed(*args, **kwargs)
    return caught.value


@pytest.mark.django_db
class TestRaising:
    def test_it_goes_to_whoever_supplied_the_figure(self, world, settings):
        one = world.object(files=[SimpleUploadedFile("申报表.pdf", b"%PDF-1.4\n%%EOF\n")])
        assert (one.department.code, one.stated, one.claimed, one.state) == ("tax", 100, 130, "open")
        assert one.filing == world.filing
        assert one.due_on == working_days.after(timezone.localdate(), settings.OBJECTION_WORKING_DAYS)
        assert Evidence.objects.get(objection=one).file_name == "申报表.pdf"
        assert Message.objects.get(user=world.tax).link == f"/objections/{one.pk}/"
        assert AuditEntry.objects.filter(action="objection.raise").exists()
        assert world.value() == 100  # an objection alone changes nothing

    def test_public_figures_are_answered_by_the_metrics_owner(self, world):
        FilingFactory(firm=world.firm, values={"headcount": 9.0}, source="public")
        filings.refold(YEAR, [world.firm.pk])
        assert world.object("8", metric=Metric.objects.get(code="headcount")).department.code == "hr"

    @pytest.mark.parametrize(
        ("changed", "code"),
        [
            ({"reason": "  "}, "reason_required"),
            ({"claimed": "100"}, "same_figure"),
            ({"claimed": "很多"}, None),
            ({"claimed": "-5"}, None),
            ({"year": 2021}, "nothing_stated"),
        ],
    )
    def test_what_cannot_be_objected(self, world, changed, code):
        answer = refused(world.object, **changed)
        assert code in (None, answer.code)
        assert answer.status in {400, 409}
        assert not Objection.objects.exists()

    def test_a_file_we_do_not_take_leaves_nothing_behind(self, world):
        assert refused(world.object, files=[SimpleUploadedFile("x.exe", b"MZ")]).status == 400
        assert not Objection.objects.exists()
        assert not Message.objects.exists()

    def test_ones_own_figure_is_mended_in_the_form(self, world):
        own = FirmFactory()
        user = MembershipFactory(firm=own).user
        FilingFactory(firm=own, values={"revenue": 5.0}, source="firm")
        filings.refold(YEAR, [own.pk])
        assert refused(world.object, firm=own, by=user).code == "own_figure"

    def test_nobody_objects_for_another_firm(self, world):
        for user in (world.stranger, world.tax, UserFactory(role="office")):
            assert refused(world.object, by=user).status == 403
        one = world.object()
        assert refused(objections.withdraw, one, by=world.stranger).status == 403
        assert not Objection.objects.visible_to(world.stranger).exists()
        assert not Objection.objects.visible_to(world.hr).exists()

    def test_one_is_open_per_cell_and_the_database_says_so(self, world):
        one = world.object()
        answer = refused(world.object)
        assert (answer.code, answer.status) == ("objection_open", 409)
        with pytest.raises(IntegrityError), transaction.atomic():
            Objection.objects.create(
                firm=world.firm, year=YEAR, metric=world.revenue, filing=world.filing, stated=1, reason="x",
                department=one.department, raised_by=world.manager,
            )  # fmt: skip
        objections.withdraw(one, by=world.manager)
        assert world.object().pk != one.pk

    def test_a_locked_year_says_what_to_do(self, world):
        one = world.object()
        DataYear.objects.update(locked_at=timezone.now())
        assert "联系积分办" in refused(world.object).hint
        assert refused(objections.uphold, one, figure="130", by=world.tax).code == "year_locked"
        assert objections.reject(one, answer="年度已锁定，下年更正", by=world.tax).state == "rejected"


@pytest.mark.django_db
class TestAnswering:
    def test_upheld_the_right_figure_counts_and_is_the_departments(self, world):
        one = objections.uphold(world.object(), figure="128.5", by=world.tax)
        assert world.value() == 128.5
        correction = Filing.objects.get(pk=one.correction_id)
        assert (correction.source, correction.department.code, correction.values) == (
            "government", "tax", {"revenue": 128.5},
        )  # fmt: skip
        assert FactSheet.objects.get(firm=world.firm).winners["revenue"] == correction.pk
        assert Message.objects.get(user=world.manager).title == "对营业收入的异议已采纳"
        assert Filing.objects.filter(pk=world.filing.pk).exists()  # what was stated stays on record

    def test_upheld_it_counts_even_where_another_source_comes_first(self, world):
        world.revenue.source_priority = ["public", "government", "firm"]
        world.revenue.save()
        FilingFactory(firm=world.firm, values={"revenue": 110.0}, source="public")
        filings.refold(YEAR, [world.firm.pk])
        assert world.value() == 110
        objections.uphold(world.object(), figure="130", by=world.tax)
        assert world.value() == 130
        decision = Decision.objects.in_force().get()
        assert (decision.source, decision.value) == ("government", 130)
        assert "异议" in decision.reason

    def test_rejected_for_a_reason(self, world):
        one = world.object()
        assert refused(objections.reject, one, answer="", by=world.tax).status == 400
        one = objections.reject(one, answer="与申报系统一致", by=world.tax)
        assert (one.state, world.value()) == ("rejected", 100)
        assert "与申报系统一致" in Message.objects.get(user=world.manager).body

    @pytest.mark.parametrize(("figure", "code"), [("100", "same_figure"), ("", "figure_required"), ("abc", None)])
    def test_a_figure_that_is_none(self, world, figure, code):
        answer = refused(objections.uphold, world.object(), figure=figure, by=world.tax)
        assert code in (None, answer.code)
        assert Filing.objects.count() == 1

    def test_only_the_answering_department_and_the_office(self, world):
        one = world.object()
        for user in (world.hr, world.manager, UserFactory(role="leader")):
            assert refused(objections.uphold, one, figure="130", by=user).status == 403
            assert refused(objections.reject, one, answer="x", by=user).status == 403
        assert objections.uphold(one, figure="130", by=UserFactory(role="office")).state == "upheld"

    def test_answered_once(self, world):
        one = world.object()
        objections.reject(one, answer="无误", by=world.tax)
        for deed, more in ((objections.uphold, {"figure": "1"}), (objections.reject, {"answer": "x"})):
            answer = refused(deed, one, by=world.tax, **more)
            assert (answer.code, answer.status) == ("not_open", 409)
        assert refused(objections.withdraw, one, by=world.manager).code == "not_open"


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
class TestRaces:
    @pytest.fixture(autouse=True)
    def _needs_real_connections(self):
        races.needs_real_connections()

    def answered_twice(self, world, monkeypatch) -> list[str]:
        one = world.object()
        races.meet(monkeypatch, objections, "_answer")
        return races.outcomes(
            lambda: objections.uphold(one, figure="130", by=world.tax),
            lambda: objections.reject(one, answer="无误", by=world.tax),
        )

    def test_two_officers_answer_once(self, world, monkeypatch):
        assert self.answered_twice(world, monkeypatch) == ["done", "not_open"]
        upheld = Objection.objects.get().state == "upheld"
        assert world.value() == (130 if upheld else 100)

    def test_the_control_without_the_rows_lock_both_answer(self, world, monkeypatch):
        monkeypatch.setattr(objections, "_locked", lambda one: Objection.objects.get(pk=one.pk))
        assert self.answered_twice(world, monkeypatch) == ["done", "done"]

    def test_two_tabs_raise_one(self, world):
        assert races.outcomes(world.object, world.object) == ["done", "objection_open"]
        assert Objection.objects.count() == 1
