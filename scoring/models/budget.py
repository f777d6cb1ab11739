from django.conf import settings
from django.db import models
from django.db.models import Q

from scoring.querysets import BudgetQuerySet


class Budget(models.Model):
    """资金预算: what a fiscal year sets aside for one clause of 五(四), in 万元, and the paper that says so."""

    class Purpose(models.TextChoices):
        HIGHTECH = "hightech", "高新技术企业认定奖励"
        TECH_SME = "tech_sme", "科技型中小企业入库奖励"
        OVERSEAS = "overseas", "境外研发机构和孵化器奖励"
        PLATFORM = "platform", "省级研发平台奖励"
        CONTRACT = "contract", "技术合同奖补"
        OTHER = "other", "其他创新激励"

    year = models.PositiveSmallIntegerField("预算年度")
    purpose = models.CharField("用途", max_length=16, choices=Purpose.choices)
    amount = models.DecimalField("预算（万元）", max_digits=14, decimal_places=4)
    document_number = models.CharField("文号", max_length=100, blank=True)
    note = models.CharField("说明", max_length=200, blank=True)
    version = models.PositiveIntegerField("版本", default=0, editable=False)
    created_at = models.DateTimeField("建立时间", auto_now_add=True)
    updated_at = models.DateTimeField("更新时间", auto_now=True)

    objects = BudgetQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "资金预算"
        ordering = ["-year", "purpose"]
        constraints = [
            models.UniqueConstraint(
                name="budget_once", fields=["year", "purpose"], violation_error_message="该年度该用途已有预算。"
            ),
            models.CheckConstraint(name="budget_not_negative", condition=Q(amount__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.year} {self.get_purpose_display()}"


class Payment(models.Model):
    """资金支出: one payment out of a budget, in 万元. Never deleted: a wrong one is voided with a reason."""

    budget = models.ForeignKey(Budget, models.PROTECT, verbose_name="预算", related_name="payments")
    firm = models.ForeignKey(
        "firms.Firm", models.PROTECT, verbose_name="企业", null=True, blank=True, related_name="payments"
    )
    amount = models.DecimalField("金额（万元）", max_digits=14, decimal_places=4)
    paid_on = models.DateField("支付日期")
    title = models.CharField("事由", max_length=200)
    document_number = models.CharField("凭证号", max_length=100, blank=True)
    over_reason = models.CharField("超预算原因", max_length=200, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="登记人", null=True, blank=True, related_name="+"
    )
    voided_at = models.DateTimeField("作废时间", null=True, blank=True)
    voided_reason = models.CharField("作废原因", max_length=200, blank=True)
    version = models.PositiveIntegerField("版本", default=0, editable=False)
    created_at = models.DateTimeField("登记时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "资金支出"
        ordering = ["-paid_on", "-id"]
        constraints = [
            models.CheckConstraint(name="payment_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="payment_void_reasoned", condition=Q(voided_at__isnull=True) | ~Q(voided_reason="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.paid_on} {self.title}"
