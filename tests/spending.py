"""Budgets and payments as tests need them."""

from decimal import Decimal

from firms.models import Firm
from scoring.models import Budget, Payment


def budget(year: int = 2024, purpose: str = "hightech", amount: str = "100") -> Budget:
    return Budget.objects.get_or_create(year=year, purpose=purpose, defaults={"amount": Decimal(amount)})[0]


def payment(amount: str = "10", firm: Firm | None = None, **fields) -> Payment:
    given = {"budget": None, "title": "奖励", "paid_on": "2024-05-01"} | fields
    given["budget"] = given["budget"] or budget()
    return Payment.objects.create(amount=Decimal(amount), firm=firm, **given)


def world() -> dict[str, int]:
    """What the sweep over all addresses needs."""
    return {"payment": payment().pk}
