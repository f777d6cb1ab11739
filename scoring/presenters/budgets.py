"""资金预算 as pages show it: per purpose what was set aside, paid and left, and the payments behind the sums."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from urllib.parse import urlencode

from django.db.models import Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from firms.exports import Cell, Column, Table
from firms.models import Firm
from scoring.models import Budget, Payment
from scoring.presenters.formatting import number

PAGE = 50
ZERO = Decimal(0)
STATES = ("valid", "voided", "all")


@dataclass(frozen=True)
class UseLine:
    """One purpose of one year, 万元. ``budget`` None: nothing was set aside. ``percent`` None: of nothing there is no share.

    ``decimals``: of every line of the table, so that its figures stand under one another."""

    purpose: str
    label: str
    budget: Budget | None
    amount: Decimal
    spent: Decimal
    left: Decimal
    percent: int | None
    decimals: int = 0

    @property
    def over(self) -> bool:
        return self.left < 0

    @property
    def amount_text(self) -> str:
        return number(self.amount, self.decimals) if self.budget else "—"

    @property
    def spent_text(self) -> str:
        return number(self.spent, self.decimals)

    @property
    def left_text(self) -> str:
        return number(self.left, self.decimals) if self.budget else "—"


@dataclass(frozen=True)
class Use:
    """A fiscal year's budgets, one line a purpose, and their sum. ``year`` None: no budget was ever set."""

    year: int | None
    years: list[int]
    lines: list[UseLine]
    total: UseLine | None


@dataclass(frozen=True)
class Asked:
    """Which payments are asked for; what an address says that cannot be is as if it had not been said."""

    year: int
    purpose: str = ""
    state: str = "valid"
    q: str = ""

    def address(self, **more: str) -> str:
        said = {"year": str(self.year), "purpose": self.purpose, "state": self.state, "q": self.q} | more
        if said["state"] == "valid":
            said["state"] = ""
        return "?" + urlencode({name: value for name, value in said.items() if value})


@dataclass(frozen=True)
class PaymentLine:
    payment: Payment
    amount: str


@dataclass(frozen=True)
class BudgetPage:
    use: Use
    asked: Asked
    choices: list[int]  # years to choose from, the one shown among them
    payments: list[PaymentLine]
    count: int
    sum: Decimal
    export: str
    older: str

    @property
    def filtered(self) -> bool:
        return bool(self.asked.purpose or self.asked.q or self.asked.state != "valid")

    @property
    def sum_text(self) -> str:
        return number(self.sum)


def use_of(year: int | None = None) -> Use:
    """The fiscal year asked for, else the latest that has a budget (two queries)."""
    years = list(Budget.objects.order_by("-year").values_list("year", flat=True).distinct())
    shown = year if year is not None else years[0] if years else None
    found = {row.purpose: row for row in Budget.objects.filter(year=shown).with_spent()} if shown is not None else {}
    lines = [_line(code, str(label), found.get(code)) for code, label in Budget.Purpose.choices]
    set_aside = [line for line in lines if line.budget]
    amount = sum((line.amount for line in set_aside), ZERO)
    spent = sum((line.spent for line in set_aside), ZERO)
    some = set_aside[0].budget if set_aside else None
    total = UseLine("", _("合计"), some, amount, spent, amount - spent, _percent(spent, amount)) if some else None
    decimals = max((_decimals(sum_) for line in lines for sum_ in (line.amount, line.spent)), default=0)
    every = [replace(line, decimals=decimals) for line in lines]
    return Use(shown, years, every, total and replace(total, decimals=decimals))


def budget_page(query: Mapping[str, str]) -> BudgetPage:
    """The office's page. Eight queries at most, whatever the number of payments."""
    asked = asked_for(query)
    use = use_of(asked.year)
    rows = payments_of(asked)
    # Among payments of every state those taken back stand struck out: they are no part of the sum.
    summed = Q() if asked.state == "voided" else Q(voided_at__isnull=True)
    whole = rows.aggregate(sum=Sum("amount", filter=summed))
    seek = _seek(query.get("before", ""))
    if seek:
        day, pk = seek
        rows = rows.filter(Q(paid_on__lt=day) | Q(paid_on=day, pk__lt=pk))
    found = list(rows.select_related("budget", "firm", "recorded_by")[: PAGE + 1])
    last = found[PAGE - 1] if len(found) > PAGE else None
    return BudgetPage(
        use=use,
        asked=asked,
        choices=sorted({*use.years, asked.year, *_around(timezone.localdate().year)}, reverse=True),
        payments=[PaymentLine(row, number(row.amount)) for row in found[:PAGE]],
        count=payments_of(asked).count(),
        sum=whole["sum"] or ZERO,
        export=asked.address(),
        older=asked.address(before=f"{last.paid_on:%Y-%m-%d}.{last.pk}") if last else "",
    )


def asked_for(query: Mapping[str, str]) -> Asked:
    """From an address; without a year the latest with a budget, else the current one."""
    text = query.get("year", "")
    year = int(text) if text.isascii() and text.isdigit() and len(text) == 4 else None
    if year is None:
        year = Budget.objects.order_by("-year").values_list("year", flat=True).first() or timezone.localdate().year
    purpose, state = query.get("purpose", ""), query.get("state", "")
    return Asked(
        year,
        purpose if purpose in Budget.Purpose.values else "",
        state if state in STATES else "valid",
        query.get("q", "").replace("\x00", "").strip()[:64],
    )


def payments_of(asked: Asked) -> QuerySet[Payment]:
    """Newest first."""
    rows = Payment.objects.filter(budget__year=asked.year).order_by("-paid_on", "-pk")
    if asked.purpose:
        rows = rows.filter(budget__purpose=asked.purpose)
    if asked.state != "all":
        rows = rows.filter(voided_at__isnull=asked.state == "valid")
    if asked.q:
        firms = Firm.objects.matching(asked.q).values("pk")
        said = Q(title__icontains=asked.q) | Q(over_reason__icontains=asked.q)
        rows = rows.filter(Q(firm__in=firms) | said | Q(document_number__istartswith=asked.q))
    return rows


@dataclass(frozen=True)
class PaymentExport:
    table: Table
    file_name: str
    conditions: str


def payment_export(query: Mapping[str, str]) -> PaymentExport:
    """All the payments the page's conditions select, with the conditions printed above them."""
    asked = asked_for(query)
    states = {"valid": _("有效"), "voided": _("已作废"), "all": _("全部")}
    said = [_("状态：%s") % states[asked.state]]
    if asked.purpose:
        said.append(_("用途：%s") % Budget.Purpose(asked.purpose).label)
    if asked.q:
        said.append(_("检索：%s") % asked.q)
    title = _("%d年度创新激励资金支出明细") % asked.year
    columns = [
        Column(_("支付日期"), "date"),
        Column(_("用途"), width=28),
        Column(_("统一社会信用代码"), width=22),
        Column(_("企业名称"), width=36),
        Column(_("金额"), "number", _("万元"), 4),
        Column(_("事由"), width=44),
        Column(_("超预算原因"), width=28),
        Column(_("凭证号"), width=20),
        Column(_("登记人")),
        Column(_("状态")),
        Column(_("作废原因"), width=28),
    ]
    rows = payments_of(asked).select_related("budget", "firm", "recorded_by").iterator(2000)
    conditions = "；".join(said)
    table = Table(title, columns, map(_row, rows), [_("条件：%s") % conditions], _("支出"))
    return PaymentExport(table, title, conditions)


def _row(payment: Payment) -> list[Cell]:
    firm = payment.firm
    return [
        payment.paid_on,
        str(Budget.Purpose(payment.budget.purpose).label),
        firm.credit_code if firm else None,
        firm.name if firm else None,
        payment.amount,
        payment.title,
        payment.over_reason,
        payment.document_number,
        payment.recorded_by.get_full_name() if payment.recorded_by else None,
        _("已作废") if payment.voided_at else _("有效"),
        payment.voided_reason,
    ]


def _line(code: str, label: str, budget: Budget | None) -> UseLine:
    amount = budget.amount if budget else ZERO
    spent: Decimal = budget.spent if budget else ZERO  # type: ignore[attr-defined]
    return UseLine(code, label, budget, amount, spent, amount - spent, _percent(spent, amount))


def _decimals(amount: Decimal) -> int:
    """How many it needs: 66.4550 needs three."""
    exponent = amount.normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def _percent(spent: Decimal, amount: Decimal) -> int | None:
    """Rounded down: 100 means all of it is gone."""
    return int(100 * spent / amount) if amount else None


def _around(year: int) -> range:
    """Next year's budget is set before the year begins; last year's may come late."""
    return range(year - 1, year + 2)


def _seek(text: str) -> tuple[dt.date, int] | None:
    day, _dot, pk = text.partition(".")
    try:
        return (dt.date.fromisoformat(day), int(pk)) if pk.isascii() and pk.isdigit() and len(pk) < 19 else None
    except ValueError:
        return None
