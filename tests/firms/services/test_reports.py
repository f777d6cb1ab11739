"""A firm's form from its first cell to its submission."""

from datetime import timedelta

import pytest
from django.utils import timezone

from firms.models import AuditEntry, DataYear, Extension, FirmReport, Membership, Message, ReportEvent, Role, User
from firms.services import audit, evidence, reports, reviews
from firms.services.refusal import Refusal
from firms.services.report_standing import standing
from tests.factories import MembershipFactory, UserFactory
from tests.reporting import OWN, YEAR, filled, make, ready, state, typed, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def firm_and_user():
    return make()


@pytest.fixture
def report(firm_and_user):
    return reports.open_for(firm_and_user[0], YEAR, by=firm_and_user[1])


@pytest.fixture
def user(firm_and_user):
    return firm_and_user[1]


def refused(call, *args, **kwargs):
    with pytest.raises(Refusal) as caught:
        call(*args, **kwargs)
    assert caught.value.message
    assert caught.value.place
    assert caught.value.hint
    return caught.value


def save(report, user, *changes):
    return reports.save_cells(report, changes, by=user)


def colleague(report, kind="reporter"):
    return MembershipFactory(firm=report.firm, kind=kind).user


def test_only_what_no_department_provided_is_the_firm_s_to_fill(report, user):
    found = standing(report.firm, YEAR)
    assert {code for code in found.catalogue.metrics if code not in found.provided} == set(OWN)
    assert found.provided["revenue"].value == 8000.0
    assert found.provided["revenue"].department == "税务局"
    saved = save(report, user, typed("revenue", "1"), typed("standards", "1"), typed("nonsense", "1"))
    assert saved.editions == {"standards": 1}
    assert (saved.refused["revenue"]["code"], saved.refused["nonsense"]["code"]) == ("provided", "unknown_metric")
    assert set(report.cells) == {"standards"}


def test_what_the_firm_itself_filed_stays_its_own_to_fill(report, user):
    state(report.firm, {"invested_firms": 5.0}, source="firm")
    assert "invested_firms" not in standing(report.firm, YEAR).provided
    state(report.firm, {"invested_firms": 6.0})
    assert standing(report.firm, YEAR).provided["invested_firms"].value == 6.0


def test_typing_is_kept_as_typed_good_or_not(report, user):
    saved = save(report, user, typed("standards", "约３个"), typed("invested_firms", "2", reason="含一家参股"))
    report.refresh_from_db()
    assert report.cells["standards"] == {"state": "value", "text": "约３个", "reason": "", "edition": 1}
    assert report.cells["invested_firms"]["reason"] == "含一家参股"
    assert (report.edition, report.state) == (1, "draft")
    assert [finding.code for finding in saved.standing.examined.of("standards")] == ["not_a_number"]
    assert not AuditEntry.objects.filter(target_type="firms.firmreport").exists()


def test_characters_a_database_refuses_do_not_lose_the_rest(report, user):
    assert not save(report, user, typed("standards", "1\0"), typed("invested_firms", "2")).refused
    report.refresh_from_db()
    assert report.cells["standards"]["text"] == "1\ufffd"


def test_two_tabs_the_second_is_shown_both_texts_and_its_other_cells_are_kept(report, user):
    save(report, user, typed("standards", "1"))
    save(report, user, typed("standards", "2", edition=1))  # one tab
    saved = save(report, user, typed("standards", "3", edition=1), typed("invested_firms", "7"))  # the other
    assert saved.refused["standards"]["code"] == "changed_meanwhile"
    assert saved.refused["standards"]["theirs"]["text"] == "2"
    assert saved.editions == {"invested_firms": 1}
    assert report.cells["standards"]["text"] == "2"
    saved = save(report, user, typed("standards", "3", edition=2))  # having seen it
    assert report.cells["standards"] == {"state": "value", "text": "3", "reason": "", "edition": 3}


def test_the_control_without_editions_one_tab_overwrites_the_other(report, user, monkeypatch):
    save(report, user, typed("standards", "1"))
    save(report, user, typed("standards", "2", edition=1))
    monkeypatch.setattr(reports, "_stale", lambda edition, change: False)
    assert not save(report, user, typed("standards", "3", edition=1)).refused
    assert report.cells["standards"]["text"] == "3"


def test_a_save_whose_answer_was_lost_may_be_sent_again(report, user):
    for _ in range(2):
        saved = save(report, user, typed("standards", "1"))
        assert (saved.editions, saved.refused, report.edition) == ({"standards": 1}, {}, 1)


def test_nothing_typed_is_saved_when_the_request_is_none(report, user):
    assert refused(save, report, user, typed("standards", "1"), typed("standards", "2")).status == 400
    assert save(report, user, typed("standards", "1" * 101)).refused["standards"]["code"] == "too_long"
    assert save(report, user, typed("standards", "1", state="maybe")).refused["standards"]["code"] == "too_long"
    assert (
        refused(reports.changes_of, {"standards": {"state": "value", "text": 1, "reason": "", "edition": 0}}).status
        == 400
    )
    assert refused(reports.changes_of, {"standards": []}).status == 400
    assert refused(reports.changes_of, {"x": {"state": "", "text": "", "reason": "", "edition": True}}).status == 400
    assert report.cells == {}


def test_only_the_firm_s_own_accounts_may_and_only_while_it_is_open(report, user):
    stranger = MembershipFactory().user
    office = UserFactory(role=Role.OFFICE)
    MembershipFactory(user=office, firm=report.firm)  # a membership alone makes no firm's account of an officer
    for other in (stranger, office):
        assert refused(save, report, other, typed("standards", "1")).status == 403
        assert refused(reports.submit, report, edition=0, by=other).status == 403
    DataYear.objects.filter(year=YEAR).update(firms_due_on=timezone.localdate() - timedelta(days=1))
    assert refused(save, report, user, typed("standards", "1")).code == "past_due"
    Extension.objects.create(
        firm=report.firm, year=YEAR, due_on=timezone.localdate(), reason="受灾", approved_by=office
    )
    assert not save(report, user, typed("standards", "1")).refused
    DataYear.objects.filter(year=YEAR).update(locked_at=timezone.now())
    assert refused(save, report, user, typed("standards", "2", edition=1)).code == "year_locked"
    assert refused(reports.open_for, report.firm, YEAR + 5, by=user).code == "not_open"


def test_submitting_lists_every_way_it_is_not_ready(report, user):
    save(report, user, typed("standards", "2"), typed("invested_firms", "x"), typed("foreign_returnees", "400"))
    no = refused(reports.submit, report, edition=report.edition, by=user)
    assert no.code == "not_ready"
    assert set(no.fields) == {"standards", "invested_firms", "venture_capital", "foreign_returnees"}
    assert "佐证" in no.fields["standards"][0]
    assert "说明" in "".join(no.fields["foreign_returnees"])
    report.refresh_from_db()
    assert report.state == "draft"
    assert not ReportEvent.objects.exists()


def test_submitted_is_locked_and_says_who_and_what(report, user):
    save(report, user, *filled())
    other = colleague(report)
    reports.submit(report, edition=report.edition, by=user)
    report.refresh_from_db()
    assert (report.state, report.submitted_by) == ("submitted", user)
    assert report.submitted_at == report.first_submitted_at
    event = ReportEvent.objects.get()
    assert (event.kind, event.by, event.cells, event.edition) == ("submitted", user, report.cells, report.edition)
    assert refused(save, report, user, typed("standards", "1", edition=1)).code == "submitted"
    entry = AuditEntry.objects.get(action="report.submit")
    assert entry.after["figures"] == {"standards": 0.0, "invested_firms": 2.0, "foreign_returnees": 4.0}
    assert list(Message.objects.values_list("user", flat=True)) == [other.pk]
    assert audit.verify() is None


def test_submitting_twice_is_submitting_once(report, user):
    save(report, user, *filled())
    first = reports.submit(report, edition=report.edition, by=user).submitted_at
    again = reports.submit(FirmReport.objects.get(pk=report.pk), edition=report.edition, by=user)
    assert again.submitted_at == first
    assert ReportEvent.objects.count() == AuditEntry.objects.filter(action="report.submit").count() == 1
    assert refused(reports.submit, report, edition=report.edition - 1, by=user).code == "submitted"


def test_the_same_page_sent_twice_is_submitted_once(report, user):
    for _ in range(2):
        saved = reports.save_and_submit(report, filled(), edition=0, by=user)
        assert not saved.refused
    assert ReportEvent.objects.count() == 1
    assert report.state == "submitted"


def test_what_somebody_changed_since_it_was_seen_is_not_submitted(report, user):
    save(report, user, *filled())
    seen = report.edition
    save(report, colleague(report), typed("invested_firms", "9", edition=1))
    for call in (reports.submit, lambda r, **kw: reports.save_and_submit(r, filled()[:1], **kw)):
        no = refused(call, report, edition=seen, by=user)
        assert (no.code, no.status) == ("changed_meanwhile", 409)
    assert not ReportEvent.objects.exists()


def test_a_page_s_last_typing_is_saved_even_where_it_cannot_be_submitted(report, user):
    no = refused(reports.save_and_submit, report, [typed("invested_firms", "8")], edition=0, by=user)
    assert no.code == "not_ready"
    report.refresh_from_db()
    assert (report.cells["invested_firms"]["text"], report.state) == ("8", "draft")


def test_a_reporter_fills_in_and_asks_a_manager_submits(report, user):
    reporter = colleague(report)
    assert refused(reports.ask_to_submit, report, by=reporter).code == "not_ready"
    save(report, reporter, *filled())
    assert refused(reports.submit, report, edition=report.edition, by=reporter).code == "manager_only"
    assert [reports.ask_to_submit(report, by=reporter) for _ in range(2)] == [1, 0]  # told once
    assert Message.objects.get().user == user
    reports.submit(report, edition=report.edition, by=user)
    Membership.objects.filter(user=user).update(kind="reporter")
    assert refused(reports.withdraw, report, by=user).code == "manager_only"


def test_where_nobody_could_submit_the_reporter_is_told(report, user):
    save(report, user, *filled())
    Membership.objects.filter(user=user).update(kind="reporter")
    assert refused(reports.ask_to_submit, report, by=user).code == "no_manager"


def test_withdrawn_it_can_be_changed_and_submitted_again(report, user):
    assert refused(reports.withdraw, report, by=user).code == "not_submitted"
    save(report, user, *filled())
    reports.submit(report, edition=report.edition, by=user)
    first = report.first_submitted_at
    reports.withdraw(report, by=user)
    assert report.state == "draft"
    save(report, user, typed("invested_firms", "3", edition=1))
    reports.submit(report, edition=report.edition, by=user)
    assert report.first_submitted_at == first
    assert list(ReportEvent.objects.values_list("kind", flat=True)) == ["submitted", "withdrawn", "submitted"]


def test_what_was_looked_at_is_not_accepted_with_other_files_behind_it(report, user):
    """Withdrawn, its evidence exchanged, submitted again without a word changed: the page of before decides nothing."""
    save(report, user, *filled())
    file = evidence.attach(upload(), firm=report.firm, by=user, year=YEAR, metric="invested_firms")
    reports.submit(report, edition=report.edition, by=user)
    seen, office = report.edition, UserFactory(role=Role.OFFICE)
    reports.withdraw(report, by=user)
    evidence.remove(file, by=user)
    reports.submit(report, edition=report.edition, by=user)
    assert refused(reviews.accept, report, edition=seen, by=office).code == "already_decided"
    assert reviews.accept(report, edition=report.edition, by=office).state == "accepted"


def test_past_the_deadline_nothing_is_withdrawn_that_could_not_be_handed_in_again(report, user):
    save(report, user, *filled())
    reports.submit(report, edition=report.edition, by=user)
    DataYear.objects.filter(year=YEAR).update(firms_due_on=timezone.localdate() - timedelta(days=1))
    assert refused(reports.withdraw, report, by=user).code == "past_due"
    assert FirmReport.objects.get(pk=report.pk).state == "submitted"


def test_what_a_department_provides_meanwhile_leaves_the_form_and_stays_in_the_trail(report, user):
    save(report, user, *filled())
    state(report.firm, {"invested_firms": 3.0}, code="market")
    saved = save(report, user, typed("invested_firms", "5", edition=1))
    assert saved.refused["invested_firms"]["code"] == "provided"
    assert report.cells["invested_firms"]["text"] == "2"  # still there to be seen
    reports.submit(report, edition=report.edition, by=user)
    assert "invested_firms" not in report.cells
    assert AuditEntry.objects.get(action="report.submit").before["dropped"]["invested_firms"]["text"] == "2"


def test_figures_are_the_valid_cells_and_confirmed_zeros(report, user):
    save(
        report, user, typed("standards", state="zero"), typed("invested_firms", "２家"), typed("venture_capital", state="none"),
        typed("foreign_returnees", "三"),
    )  # fmt: skip
    assert reports.figures(report) == {"standards": 0.0, "invested_firms": 2.0}


def test_what_was_sent_back_asks_for_a_change_or_a_reason(report, user):
    ready(report.firm, user)
    report.refresh_from_db()
    reports.submit(report, edition=report.edition, by=user)
    FirmReport.objects.filter(pk=report.pk).update(state="returned", remarks={"invested_firms": "请核对"})
    ReportEvent.objects.create(
        report=report, kind="returned", edition=report.edition, cells=report.cells, remarks={"invested_firms": "请核对"}
    )
    report.refresh_from_db()
    no = refused(reports.submit, report, edition=report.edition, by=user)
    assert "没有改动" in no.fields["invested_firms"][0]
    save(report, user, typed("invested_firms", "3", edition=1))
    reports.submit(report, edition=report.edition, by=user)
    reports.withdraw(report, by=user)
    assert report.state == "returned"  # what was asked for is still asked for


def test_the_rest_may_be_marked_not_provided_at_once(report, user):
    save(report, user, typed("invested_firms", "2"), typed("standards", " ", reason="待查"))
    rest = reports.unanswered(report, by=user)
    assert {change.code for change in rest} == {"standards", "venture_capital", "foreign_returnees"}
    assert not save(report, user, *rest).refused
    assert report.cells["standards"] == {"state": "none", "text": " ", "reason": "待查", "edition": 2}
    assert not standing(report.firm, YEAR, report).examined.blocking


def test_a_crash_while_submitting_leaves_nothing_half_done(report, user, monkeypatch):
    save(report, user, *filled())
    monkeypatch.setattr(audit, "record", crash)
    with pytest.raises(RuntimeError):
        reports.submit(report, edition=report.edition, by=user)
    assert FirmReport.objects.get(pk=report.pk).state == "draft"
    assert not ReportEvent.objects.exists()
    monkeypatch.undo()
    report.refresh_from_db()
    reports.submit(report, edition=report.edition, by=user)
    assert ReportEvent.objects.count() == 1


def test_the_control_without_the_transaction_it_would_be_half_done(report, user, monkeypatch):
    save(report, user, *filled())
    monkeypatch.setattr(audit, "record", crash)
    with pytest.raises(RuntimeError):
        reports.submit.__wrapped__(report, edition=report.edition, by=user)
    assert FirmReport.objects.get(pk=report.pk).state == "submitted"
    assert ReportEvent.objects.exists()


def crash(*args, **kwargs):
    raise RuntimeError("power cut")


def test_asking_how_a_form_stands_takes_few_questions(report, user, django_assert_max_num_queries):
    ready(report.firm, user)
    with django_assert_max_num_queries(8):
        standing(report.firm, YEAR)


def test_an_inactive_account_fills_in_nothing(report, user):
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert refused(save, report, User.objects.get(pk=user.pk), typed("standards", "1")).status == 403
