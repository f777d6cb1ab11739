"""资金预算: what a year sets aside for each purpose, and every payment out of it, in 万元. Nothing is deleted."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from firms.models import Firm, User
from firms.permissions import may_run_periods
from firms.services import audit
from firms.services.refusal import Refusal
from scoring.models import Budget, Payment

LARGEST = Decimal(10) ** 10 - 1  # what the columns hold before the point
ZERO = Decimal(0)
LETTERS = 200  # of a payment's title, and of the reason for going beyond the budget


@transaction.atomic
def set_budget(
    year: int,
    purpose: str,
    amount: Decimal,
    *,
    document_number: str = "",
    note: str = "",
    version: int | None = None,
    by: User,
) -> Budget:
    """Set aside ``amount`` 万元, or change what was. ``version``: of the budget the page showed, None where it showed none.

    The same amount and papers again do nothing. Raises Refusal: not the office (403), a sum that is none or less than was
    paid already without a note that says why (400), somebody else's change in between (409).
    """
    _permit(by)
    if purpose not in Budget.Purpose.values:
        raise Refusal("unknown_purpose", _("没有这种用途。"), place=_("用途"), hint=_("请从列表中选择。"), status=400)
    label = str(Budget.Purpose(purpose).label)
    place = _("%(year)d年度%(purpose)s") % {"year": year, "purpose": label}
    if amount < 0 or amount > LARGEST:
        raise Refusal("bad_amount", _("预算金额应在0至9999999999万元之间。"), place=place, hint=_("请更正后重新提交。"), status=400)  # fmt: skip
    amount = _exact(amount, place)
    # Made first and locked then: of two officers who set it for the first time, the second finds the first one's.
    _held, made = Budget.objects.get_or_create(
        year=year,
        purpose=purpose,
        defaults={"amount": amount, "document_number": document_number.strip(), "note": note.strip()},
    )
    budget = _lock(_held.pk)
    wanted: dict[str, Any] = {"amount": amount, "document_number": document_number.strip(), "note": note.strip()}
    before: dict[str, Any] = {"amount": budget.amount, "document_number": budget.document_number, "note": budget.note}
    if made:
        audit.record("budget.set", f"设定{budget}预算{_figure(amount)}万元", by=by, target=budget, after=wanted)
        return budget
    if before == wanted:
        return budget
    if version is None or version != budget.version:
        raise Refusal(
            "stale_version",
            _("该预算已被他人修改，现为%(amount)s万元。") % {"amount": _figure(budget.amount)},
            place=place,
            hint=_("请刷新页面，核对后再修改。"),
        )
    spent = spent_of(budget)
    if amount < spent and (not wanted["note"] or wanted["note"] == before["note"]):
        raise Refusal(
            "below_spent",
            _("预算不能低于已支出的%(spent)s万元。") % {"spent": _figure(spent)},
            place=place,
            hint=_("确需调减的，请在说明中写明原因。"),
            status=400,
        )
    for name, value in wanted.items():
        setattr(budget, name, value)
    budget.version += 1
    budget.save(update_fields=[*wanted, "version", "updated_at"])
    words = f"调整{budget}预算：{_figure(before['amount'])}→{_figure(amount)}万元"
    audit.record("budget.change", words, by=by, target=budget, before=before, after=wanted)
    return budget


@transaction.atomic
def record_payment(
    budget: Budget,
    amount: Decimal,
    paid_on: dt.date,
    title: str,
    *,
    firm: Firm | None = None,
    document_number: str = "",
    over_reason: str = "",
    by: User,
) -> tuple[Payment, bool]:
    """The payment, and whether it was written now: the very same one again (a form sent twice) is the one there is.

    ``over_reason``: why more may be paid than was set aside; kept with the payment where it does go beyond, and in the trail.
    Raises Refusal: not the office (403); an amount, day or text that cannot be (400); more than what is left, or a voucher
    already booked (409).
    """
    _permit(by)
    # The budget's row is the mutex: what is left is added up and taken from behind it, one payment after another.
    held = _lock(budget.pk)
    title, document_number, over_reason = title.strip(), document_number.strip(), over_reason.strip()
    place = str(held)
    amount = _exact(amount, place)
    _refuse_unlikely(held, amount, paid_on, title)
    _refuse_long(title, over_reason)
    same = _booked(held, amount, paid_on, title, firm, document_number)
    if same is not None:
        return same, False
    spent = spent_of(held)
    over = spent + amount - held.amount
    if over > 0:
        _refuse_over(held, over, spent, over_reason)
    else:
        over_reason = ""  # typed for a payment that did not need it: the list would say that it went beyond
    payment = Payment.objects.create(
        budget=held,
        firm=firm,
        amount=amount,
        paid_on=paid_on,
        title=title,
        document_number=document_number,
        over_reason=over_reason,
        recorded_by=by,
    )
    whom = firm.name if firm else "—"
    beyond = f"（超预算{_figure(over)}万元：{over_reason}）" if over_reason else ""
    audit.record(
        "payment.record",
        f"登记支出{_figure(amount)}万元（{held}，{whom}）：{title}{beyond}",
        by=by,
        target=payment,
        after={"budget": held.pk, "amount": amount, "paid_on": paid_on, "firm": firm.credit_code if firm else None,
               "document_number": document_number, "over": max(over, ZERO), "over_reason": over_reason, "spent_before": spent},
    )  # fmt: skip
    return payment, True


@transaction.atomic
def void_payment(payment: Payment, *, reason: str, version: int, by: User) -> Payment:
    """Take a wrong payment out of the sums; it stays in the list, with the reason. Sent twice it is voided once.

    Raises Refusal: not the office (403), no reason (400), voided or changed by somebody else meanwhile (409).
    """
    _permit(by)
    _lock(payment.budget_id)
    held = Payment.objects.select_for_update(of=("self",)).select_related("budget").get(pk=payment.pk)
    reason = reason.strip()
    if not reason:
        raise Refusal("reason_required", _("作废必须写明原因。"), place=str(held), hint=_("例如：金额登记有误。"), status=400)  # fmt: skip
    if held.voided_at is not None and held.voided_reason == reason and held.version == version + 1:
        return held
    if held.voided_at is not None:
        raise Refusal("already_voided", _("这笔支出已经作废。"), place=str(held), hint=_("请刷新页面查看。"))
    if held.version != version:
        raise Refusal(
            "stale_version", _("这笔支出已被他人修改。"), place=str(held), hint=_("请刷新页面，核对后再操作。")
        )
    held.voided_at, held.voided_reason = timezone.now(), reason[:200]
    held.version += 1
    held.save(update_fields=["voided_at", "voided_reason", "version"])
    audit.record(
        "payment.void",
        f"作废支出{_figure(held.amount)}万元（{held.budget}）：{reason}",
        by=by,
        target=held,
        before={"amount": held.amount, "title": held.title},
        after={"reason": reason},
    )
    return held


def spent_of(budget: Budget) -> Decimal:
    """万元 paid out of it and not voided. Only behind the budget's lock may anything be decided by it."""
    paid = budget.payments.filter(voided_at__isnull=True).aggregate(sum=Sum("amount"))["sum"]
    return paid or ZERO


def _lock(pk: int) -> Budget:
    return Budget.objects.select_for_update().get(pk=pk)


def _permit(by: User) -> None:
    if not may_run_periods(by):
        raise Refusal(
            "not_office", _("资金预算由积分办登记。"), place=_("资金预算"), hint=_("请联系积分办。"), status=403
        )


def _exact(amount: Decimal, place: str) -> Decimal:
    """As the column keeps it: to 1 元."""
    if amount != amount.quantize(Decimal("0.0001")):
        raise Refusal(
            "too_fine", _("金额最小到1元（0.0001万元）。"), place=place, hint=_("请更正后重新提交。"), status=400
        )
    return amount.quantize(Decimal("0.0001"))


def _refuse_unlikely(budget: Budget, amount: Decimal, paid_on: dt.date, title: str) -> None:
    place, today = str(budget), timezone.localdate()
    if amount <= 0 or amount > LARGEST:
        raise Refusal("bad_amount", _("支出金额应大于0。"), place=place, hint=_("登记有误的支出请作废，不要登记负数。"), status=400)  # fmt: skip
    if not title:
        raise Refusal("title_required", _("请写明事由。"), place=_("事由"), hint=_("例如：2023年高新技术企业认定奖励。"), status=400)  # fmt: skip
    if paid_on > today or paid_on < dt.date(budget.year, 1, 1):
        raise Refusal(
            "bad_day",
            _("支付日期应在%(first)s至今天（%(today)s）之间。") % {"first": dt.date(budget.year, 1, 1), "today": today},
            place=place,
            hint=_("请核对支付日期和预算年度。"),
            status=400,
        )


def _refuse_long(title: str, over_reason: str) -> None:
    for place, text in ((_("事由"), title), (_("超预算原因"), over_reason)):
        if len(text) > LETTERS:
            raise Refusal("too_long", _("填写的文字过长。"), place=place, hint=_("请缩短到200个字以内。"), status=400)


def _booked(
    budget: Budget, amount: Decimal, paid_on: dt.date, title: str, firm: Firm | None, document_number: str
) -> Payment | None:
    """The payment in force that is this one; a voucher of that number for anything else is refused."""
    in_force = budget.payments.filter(voided_at__isnull=True, firm=firm)
    same = in_force.filter(amount=amount, paid_on=paid_on, document_number=document_number, title=title).first()
    if same is not None:
        return same
    if document_number and (other := in_force.filter(document_number=document_number).first()):
        raise Refusal(
            "voucher_booked",
            _("凭证号%(number)s已登记过：%(day)s，%(amount)s万元。")
            % {"number": document_number, "day": other.paid_on, "amount": _figure(other.amount)},
            place=str(budget),
            hint=_("请核对凭证号；原登记有误的，请先作废。"),
        )
    return None


def _refuse_over(budget: Budget, over: Decimal, spent: Decimal, reason: str) -> None:
    if reason:
        return
    raise Refusal(
        "over_budget",
        _("这笔支出超出预算%(over)s万元：预算%(amount)s万元，已支出%(spent)s万元。")
        % {"over": _figure(over), "amount": _figure(budget.amount), "spent": _figure(spent)},
        place=str(budget),
        hint=_("确需支出的，请填写超预算原因；也可以先调整预算。"),
    )


def _figure(amount: Decimal) -> str:
    text = f"{amount:,.4f}"
    return text.rstrip("0").rstrip(".")
