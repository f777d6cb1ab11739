"""Budgets and payments: sums that hold, nothing paid twice, nothing beyond the budget unsaid, everything in the trail."""

import datetime as dt
from decimal import Decimal
from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from firms.models import AuditEntry, Role
from firms.services.refusal import Refusal
from scoring.models import Budget, Payment
from scoring.presenters.budgets import budget_page, payment_export, use_of
from scoring.services import budgets
from tests import races, spending
from tests.factories import FirmFactory, OfficerFactory, UserFactory

pytestmark = pytest.mark.django_db
DAY = dt.date(2024, 5, 1)


@pytest.fixture
def office(db):
    return UserFactory(role=Role.OFFICE)


def refused(call, *args, **kwargs):
    with pytest.raises(Refusal) as refusal:
        call(*args, **kwargs)
    assert refusal.value.message
    assert refusal.value.place
    assert refusal.value.hint
    return refusal.value.code


def pay(budget, amount, by, title="认定奖励", **more):
    return budgets.record_payment(budget, Decimal(amount), more.pop("paid_on", DAY), title, by=by, **more)


def actions():
    return list(AuditEntry.objects.order_by("sequence").values_list("action", flat=True))


def test_a_budget_is_set_once_changed_by_who_saw_it_and_leaves_a_trace(office):
    made = budgets.set_budget(2024, "hightech", Decimal(100), document_number="新开〔2024〕3号", by=office)
    again = budgets.set_budget(2024, "hightech", Decimal(100), document_number="新开〔2024〕3号", by=office)
    assert (again.pk, again.version) == (made.pk, 0)
    assert refused(budgets.set_budget, 2024, "hightech", Decimal(90), by=office) == "stale_version"
    changed = budgets.set_budget(2024, "hightech", Decimal(90), version=0, by=office)
    assert (changed.amount, changed.version) == (90, 1)
    assert refused(budgets.set_budget, 2024, "hightech", Decimal(80), version=0, by=office) == "stale_version"
    assert actions() == ["budget.set", "budget.change"]
    assert AuditEntry.objects.latest("sequence").before["amount"] == "100.0000"


def test_who_may_set_what(office):
    for person in (UserFactory(role=Role.LEADER), OfficerFactory(), UserFactory(role=Role.FIRM)):
        assert refused(budgets.set_budget, 2024, "hightech", Decimal(1), by=person) == "not_office"
        assert refused(pay, spending.budget(), "1", person) == "not_office"
        assert refused(budgets.void_payment, spending.payment(), reason="x", version=0, by=person) == "not_office"
    assert refused(budgets.set_budget, 2024, "rockets", Decimal(1), by=office) == "unknown_purpose"
    for amount, code in (("-1", "bad_amount"), ("10000000000", "bad_amount"), ("1.00005", "too_fine")):
        assert refused(budgets.set_budget, 2024, "other", Decimal(amount), by=office) == code
    assert not Budget.objects.filter(purpose="other").exists()


def test_a_budget_does_not_fall_below_what_was_paid_without_a_word(office):
    budget = spending.budget(amount="100")
    pay(budget, "60", office)
    assert refused(budgets.set_budget, 2024, "hightech", Decimal(50), version=0, by=office) == "below_spent"
    cut = budgets.set_budget(2024, "hightech", Decimal(50), note="年中压减", version=0, by=office)
    assert (cut.amount, cut.note) == (50, "年中压减")


def test_a_payment_sent_twice_is_one_and_a_voucher_books_one_thing(office):
    budget, firm = spending.budget(), FirmFactory()
    first, made = pay(budget, "10", office, firm=firm, document_number="K-1")
    second, again = pay(budget, "10", office, firm=firm, document_number="K-1")
    assert (made, again, first.pk) == (True, False, second.pk)
    assert refused(pay, budget, "11", office, firm=firm, document_number="K-1") == "voucher_booked"
    other, made = pay(budget, "10", office, firm=firm, document_number="K-2")
    assert made
    assert other.pk != first.pk
    assert actions() == ["payment.record", "payment.record"]
    assert budgets.spent_of(budget) == 20


def test_beyond_the_budget_only_with_a_reason_that_stays(office):
    budget = spending.budget(amount="100")
    pay(budget, "100", office)  # to the last 元
    assert refused(pay, budget, "0.0001", office, title="尾款") == "over_budget"
    payment, _made = pay(budget, "5", office, title="追加", over_reason="区长办公会纪要〔2024〕7号")
    assert (payment.title, payment.over_reason) == ("追加", "区长办公会纪要〔2024〕7号")
    same, made = pay(budget, "5", office, title="追加", over_reason="区长办公会纪要〔2024〕7号")
    assert (same.pk, made) == (payment.pk, False)
    [line] = [line for line in use_of(2024).lines if line.budget]
    assert (line.spent, line.left, line.percent, line.over) == (105, -5, 105, True)
    entry = AuditEntry.objects.latest("sequence")
    assert (entry.after["over"], entry.after["over_reason"]) == ("5.0000", "区长办公会纪要〔2024〕7号")
    assert "区长办公会纪要" in entry.summary
    assert [p.payment for p in budget_page({"year": "2024", "q": "办公会"}).payments] == [payment]
    assert payment_row(payment)[:2] == ("追加", "区长办公会纪要〔2024〕7号")


def payment_row(payment):
    """事由 and the column behind it, as exported."""
    table = payment_export({"year": str(payment.budget.year)}).table
    at = [column.title for column in table.columns].index("事由")
    rows = [row[at : at + 2] for row in table.rows if row[at] == payment.title]
    return tuple(rows[0])


def test_a_reason_typed_in_vain_is_not_kept_and_a_long_one_is_refused(office):
    budget = spending.budget(amount="100")
    payment, _made = pay(budget, "10", office, over_reason="以为不够")
    assert payment.over_reason == ""
    assert refused(pay, budget, "95", office, title="追加", over_reason="长" * 201) == "too_long"
    long, _made = pay(budget, "95", office, title="题" * 200, over_reason="长" * 200)
    assert (len(long.title), len(long.over_reason)) == (200, 200)


def test_what_stood_in_the_titles_moves_to_the_reason_and_back():
    move = import_module("scoring.migrations.0007_payment_over_reason")
    budget = spending.budget()
    old = spending.payment(budget=budget, title="追加（超预算：纪要〔2024〕7号（试行））")
    plain = spending.payment(budget=budget, title="奖励（首批）")
    move.apart(apps, None)
    old.refresh_from_db()
    plain.refresh_from_db()
    assert (old.title, old.over_reason) == ("追加", "纪要〔2024〕7号（试行）")
    assert (plain.title, plain.over_reason) == ("奖励（首批）", "")
    move.together(apps, None)
    old.refresh_from_db()
    assert old.title == "追加（超预算：纪要〔2024〕7号（试行））"


def test_what_no_payment_can_be(office):
    budget = spending.budget()
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    for amount, day, title, code in (
        ("0", DAY, "x", "bad_amount"), ("-3", DAY, "x", "bad_amount"), ("1", DAY, "  ", "title_required"),
        ("1", dt.date(2023, 12, 31), "x", "bad_day"), ("1", tomorrow, "x", "bad_day"), ("1.00001", DAY, "x", "too_fine"),
    ):  # fmt: skip
        assert refused(pay, budget, amount, office, title=title, paid_on=day) == code
    assert not Payment.objects.exists()


def test_voided_it_counts_no_more_and_stays_in_sight(office):
    budget = spending.budget()
    payment, _made = pay(budget, "30", office)
    assert refused(budgets.void_payment, payment, reason=" ", version=0, by=office) == "reason_required"
    assert refused(budgets.void_payment, payment, reason="金额有误", version=4, by=office) == "stale_version"
    budgets.void_payment(payment, reason="金额有误", version=0, by=office)
    budgets.void_payment(payment, reason="金额有误", version=0, by=office)  # the button pressed twice
    assert refused(budgets.void_payment, payment, reason="另有原因", version=0, by=office) == "already_voided"
    assert budgets.spent_of(budget) == 0
    assert actions() == ["payment.record", "payment.void"]
    assert [p.payment.voided_reason for p in budget_page({"year": "2024", "state": "voided"}).payments] == ["金额有误"]
    assert not budget_page({"year": "2024"}).payments
    assert (budget_page({"state": "voided"}).sum, budget_page({"state": "all"}).sum) == (
        30,
        0,
    )  # of all, those that count
    assert [line.spent for line in use_of(2024).lines if line.budget] == [0]
    _again, made = pay(budget, "30", office)  # right this time, the same words
    assert made


@pytest.mark.parametrize("wrong", [{"amount": 0}, {"amount": -1}, {"voided_at": timezone.now()}])
def test_the_database_itself_holds_what_must_be_true(wrong):
    payment = spending.payment()
    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.filter(pk=payment.pk).update(**wrong)


def test_the_list_is_found_by_firm_title_voucher_and_goes_on(office, monkeypatch):
    monkeypatch.setattr("scoring.presenters.budgets.PAGE", 2)
    firm = FirmFactory(name="新乡某某生物科技有限公司")
    for day in range(1, 6):
        spending.payment("1", title=f"第{day}批", paid_on=f"2024-05-0{day}", document_number=f"K-{day}")
    spending.payment("7", firm, title="补发", paid_on="2024-04-01")
    page = budget_page({"year": "2024"})
    assert ([p.payment.title for p in page.payments], page.count, page.sum) == (["第5批", "第4批"], 6, 12)
    before = page.older.partition("before=")[2]
    assert [p.payment.title for p in budget_page({"year": "2024", "before": before}).payments] == ["第3批", "第2批"]
    for asked in ("生物科技", "补发"):
        assert [p.payment.title for p in budget_page({"q": asked}).payments] == ["补发"]
    assert [p.payment.title for p in budget_page({"q": "K-3"}).payments] == ["第3批"]
    odd = {"year": "２０２４x", "purpose": "nothing", "state": "?", "before": "9999-99-99.1"}
    assert budget_page(odd).asked.year == 2024


def test_the_pages(client, office):
    client.force_login(office)
    url = reverse("scoring:budgets")
    assert "还没有设预算" in client.get(url).text
    set_to = {
        "year": 2024,
        "purpose": "hightech",
        "amount": "1,00０",
        "document_number": "<b>3号</b>",
        "note": "",
        "version": "",
    }
    assert client.post(reverse("scoring:budget_set"), set_to).status_code == 302
    budget = Budget.objects.get()
    page = client.get(url).text
    assert "1,000" in page
    assert "&lt;b&gt;3号" in page
    firm = FirmFactory(name="新乡第九机械有限公司")
    typed = {"budget": budget.pk, "amount": "1200", "paid_on": "2024-05-01", "firm": "第九机械", "title": "奖励一批"}
    answer = client.post(f"{url}?year=2024", typed)
    assert answer.status_code == 409
    assert "超出预算200万元" in answer.text
    assert "奖励一批" in answer.text  # nothing typed is lost
    assert client.post(f"{url}?year=2024", typed | {"amount": "120"}).status_code == 302
    payment = Payment.objects.get()
    assert (payment.firm, payment.amount, payment.recorded_by) == (firm, 120, office)
    assert "没有重复登记" in client.post(f"{url}?year=2024", typed | {"amount": "120"}, follow=True).text
    assert client.post(f"{url}?year=2024", typed | {"firm": "没有的企业"}).status_code == 400
    assert client.post(f"{url}?year=2023", typed).status_code == 400  # another year's budget is no choice here
    void = reverse("scoring:payment_void", args=[payment.pk])
    assert client.post(void, {"version": 0, "reason": ""}).status_code == 400
    export = client.get(reverse("scoring:budgets_export", kwargs={"format": "csv"}) + "?year=2024&q=奖励")
    text = b"".join(export.streaming_content).decode("utf-8-sig")
    assert "奖励一批" in text
    assert "条件：状态：有效；检索：奖励" in text
    assert AuditEntry.objects.latest("sequence").action == "payment.export"
    assert client.post(void, {"version": 0, "reason": "重复"}).status_code == 302
    assert "还没有登记过支出" in client.get(f"{url}?year=2024").text
    assert client.get(f"{url}?year=2024&q=x").status_code == 200


def test_the_page_asks_the_same_number_of_questions_however_many_payments(client, office):
    client.force_login(office)
    asked = []
    for number in range(7):
        spending.payment(firm=FirmFactory(), recorded_by=UserFactory(), title=str(number))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("scoring:budgets")).status_code == 200
        asked.append(len(queries))
    assert len(set(asked[1:])) == 1  # the first one also opens the session
    assert asked[1] < 15


# ---- two officers at once
def two_payments():
    """Two officers have both added up what was spent before either goes on."""
    budget, one, other = spending.budget(amount="100"), UserFactory(), UserFactory()
    answers = races.outcomes(lambda: pay(budget, "60", one, title="甲"), lambda: pay(budget, "60", other, title="乙"))
    return answers, sum(Payment.objects.values_list("amount", flat=True))


@pytest.fixture
def meet(monkeypatch):
    races.needs_real_connections()
    races.meet(monkeypatch, budgets, "spent_of", after=True)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_payments_at_once_do_not_spend_the_same_money(meet):
    assert two_payments() == (["done", "over_budget"], 60)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_control_without_the_budgets_lock_they_do(meet, monkeypatch):
    monkeypatch.setattr(budgets, "_lock", lambda pk: Budget.objects.get(pk=pk))
    assert two_payments() == (["done", "done"], 120)
