"""Two years' money of 五(四), made up: budgets per purpose, payments to firms that hold what is paid for, one of them voided."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from firms.models import Firm, RegisterEntry, User
from scoring.models import Budget
from scoring.services import budgets
from xxgx.demo.names import CODE_PREFIX

P = Budget.Purpose


class Plan(NamedTuple):
    """``amount``: of the earlier year, 万元; ``kind``, ``category``: what on a register the firms paid hold; ``each``: 万元 a firm."""

    purpose: str
    amount: int
    kind: str
    category: str
    each: tuple[str, ...]
    firms: int
    title: str


PLANS = (
    Plan(P.HIGHTECH, 300, "qualification", "hightech", ("10", "10", "5"), 30, "高新技术企业认定奖励"),
    Plan(P.TECH_SME, 60, "qualification", "tech_sme", ("1",), 48, "科技型中小企业连续三年入库奖励"),
    Plan(P.PLATFORM, 200, "platform", "", ("50", "30"), 5, "新认定省级研发平台奖励"),
    Plan(P.CONTRACT, 150, "contract", "", ("10", "3.62", "6.08", "1.245"), 22, "技术合同奖补"),
    Plan(P.OVERSEAS, 20, "", "", (), 0, ""),
    Plan(P.OTHER, 30, "", "", ("4.8", "12.6"), 2, "创新创业大赛组织经费"),
)


@transaction.atomic
def load_budgets() -> int:
    """The budgets of last year and of this one with their payments; how many payments. Nothing where there are budgets."""
    office = User.objects.filter(username="office").first()
    if office is None or Budget.objects.exists():
        return 0
    today = timezone.localdate()
    made = 0
    for year in (today.year - 1, today.year):
        until = min(today, dt.date(year, 12, 20))
        for plan in PLANS:
            grown = plan.amount if year < today.year else plan.amount * 6 // 5
            paper = f"新开财〔{year}〕{12 + PLANS.index(plan)}号"
            budget = budgets.set_budget(year, plan.purpose, Decimal(grown), document_number=paper, by=office)
            made += sum(1 for _payment in _payments(plan, budget, until, office))
    wrong = Budget.objects.get(year=today.year, purpose=P.CONTRACT).payments.order_by("pk").first()
    if wrong is not None:
        budgets.void_payment(wrong, reason="收款账户有误，款项已退回，另行支付", version=wrong.version, by=office)
    return made


def _payments(plan: Plan, budget: Budget, until: dt.date, office: User) -> Iterator[None]:
    """Spread over the year up to ``until``; in the year that still runs two thirds of them, so that money is left."""
    whole = until.month == 12
    count = plan.firms if whole else plan.firms * 2 // 3
    holders = _holders(plan, count + 3)[0 if whole else 3 :]
    first = dt.date(budget.year, 1, 15)
    days = max((until - first).days, 1)
    for i in range(min(count, len(holders)) if plan.kind else count):
        paid_on = min(first + dt.timedelta(days=days * i // max(count, 1)), until)
        each = Decimal(plan.each[i % len(plan.each)])
        reason = "区创新积分制领导小组会议纪要" if budgets.spent_of(budget) + each > budget.amount else ""
        budgets.record_payment(
            budget, each, paid_on, plan.title, firm=holders[i] if plan.kind else None,
            document_number=f"{budget.year}-{plan.purpose[:2].upper()}-{i + 1:03d}", over_reason=reason, by=office,
        )  # fmt: skip
        yield


def _holders(plan: Plan, count: int) -> list[Firm]:
    if not plan.kind:
        return []
    entries = RegisterEntry.objects.in_force().filter(kind=plan.kind)
    if plan.category:
        entries = entries.filter(category=plan.category)
    firms = Firm.objects.filter(credit_code__startswith=CODE_PREFIX, pk__in=entries.values("firm"))
    return list(firms.order_by("credit_code")[:count])
