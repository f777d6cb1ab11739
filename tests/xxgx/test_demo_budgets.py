"""The demo's money: two years of budgets, payments to firms that hold what is paid for, one voided, one beyond and said so."""

import pytest
from django.utils import timezone

from firms.models import RegisterEntry, Role, User
from scoring.models import Budget, Payment
from scoring.presenters.budgets import use_of
from tests.factories import FirmFactory, UserFactory
from xxgx.demo.budgets import load_budgets
from xxgx.demo.names import credit_code

pytestmark = pytest.mark.django_db


@pytest.fixture
def zone(db):
    UserFactory(username="office", role=Role.OFFICE)
    kinds = [("qualification", "hightech"), ("qualification", "tech_sme"), ("platform", ""), ("contract", "general")]
    for number in range(1, 61):
        firm = FirmFactory(credit_code=credit_code(number))
        for kind, category in kinds:
            RegisterEntry.objects.create(
                firm=firm, kind=kind, category=category, title=f"{kind}{category}", starts_on="2022-01-01"
            )


def test_two_years_are_there_and_hold(zone):
    made = load_budgets()
    this = timezone.localdate().year
    assert set(Budget.objects.values_list("year", flat=True)) == {this - 1, this}
    assert Payment.objects.count() == made > 50
    assert Payment.objects.filter(voided_at__isnull=False).count() == 1
    last = use_of(this - 1)
    assert all(line.budget for line in last.lines)
    over = [line for line in last.lines if line.over]
    assert [line.purpose for line in over] == ["platform"]
    assert Payment.objects.filter(budget=over[0].budget, over_reason__contains="纪要").exists()
    assert not Payment.objects.filter(paid_on__gt=timezone.localdate()).exists()
    assert load_budgets() == 0  # again, nothing
    assert Payment.objects.count() == made


def test_without_the_demos_people_nothing_is_made(db):
    assert load_budgets() == 0
    assert not Budget.objects.exists()
    assert not User.objects.exists()
