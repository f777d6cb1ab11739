"""What was paid to the firm, and the statements of its score that were handed out."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from firms.models import Firm
from firms.presenters.figures import shown
from scoring.models import Certificate
from scoring.models.budget import Payment
from scoring.presenters.firm_file.blocks import Asked, Block, Cell, Section, day, heads, minute, texts


def payments(firm: Firm, asked: Asked) -> Section:
    rows = Payment.objects.filter(firm=firm).select_related("budget", "recorded_by")
    found, pager = asked.cut("payments", rows.order_by("-paid_on", "-pk"))
    lines = [
        [
            Cell(row.title, tuple(_below(row))),
            *texts(row.budget.get_purpose_display(), row.budget.year),
            Cell(shown(float(row.amount)), value=float(row.amount)),
            *texts(f"{row.paid_on:%Y-%m-%d}", str(row.recorded_by or _("系统"))),
            Cell(_("%(day)s作废：%(why)s") % {"day": day(row.voided_at), "why": row.voided_reason}, tone="bad")
            if row.voided_at
            else Cell(_("有效"), tone="good"),
        ]
        for row in found
    ]
    head = heads(
        _("事由"),
        _("用途"),
        _("预算年度"),
        _("金额（万元）"),
        _("支付日期"),
        _("登记人"),
        _("状态"),
        numbers=(3,),
        days=(2, 4),
    )
    empty = _("没有支付给这家企业的创新激励资金。")
    return Section("payments", _("资金支出"), [Block("", head, lines, empty=empty, pager=pager)])


def _below(row: Payment) -> Iterator[str]:
    if row.document_number:
        yield row.document_number
    if row.over_reason:
        yield _("超预算：%s") % row.over_reason


def certificates(firm: Firm, asked: Asked) -> Section:
    rows = Certificate.objects.filter(firm=firm).select_related("score__run__period", "issued_by")
    found, pager = asked.cut("certificates", rows.defer("score__detail").order_by("-issued_at", "-pk"))
    lines = [
        [
            *texts(row.code, row.score.run.period.name, str(row.issued_by), minute(row.issued_at)),
            Cell(_("%(day)s作废：%(why)s") % {"day": day(row.revoked_at), "why": row.revoked_reason}, tone="bad")
            if row.revoked_at
            else Cell(_("有效"), tone="good"),
        ]
        for row in found
    ]
    head = heads(_("校验码"), _("评价期"), _("开具人"), _("开具时间"), _("状态"), days=(0, 3))
    empty = _("没有开具过计分说明。")
    return Section("certificates", _("计分说明"), [Block("", head, lines, empty=empty, pager=pager)])
