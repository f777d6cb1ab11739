from django.conf import settings
from django.db import models

from firms.querysets import DecisionQuerySet, StatedQuerySet


class Objection(models.Model):
    """异议: a firm says that a figure somebody else supplied about it is wrong; answered by who supplied it."""

    class State(models.TextChoices):
        OPEN = "open", "待答复"
        UPHELD = "upheld", "已采纳"
        REJECTED = "rejected", "未采纳"
        WITHDRAWN = "withdrawn", "已撤回"

    firm = models.ForeignKey("firms.Firm", models.PROTECT, verbose_name="企业", related_name="objections")
    year = models.PositiveSmallIntegerField("年度")
    metric = models.ForeignKey("firms.Metric", models.PROTECT, verbose_name="数据项", related_name="+")
    filing = models.ForeignKey("firms.Filing", models.PROTECT, verbose_name="所异议的报送", related_name="objections")
    stated = models.FloatField("现有数值")
    claimed = models.FloatField("企业主张", null=True, blank=True)
    reason = models.CharField("理由", max_length=1000)
    department = models.ForeignKey("firms.Department", models.PROTECT, verbose_name="答复部门", related_name="+")
    state = models.CharField("状态", max_length=12, choices=State.choices, default=State.OPEN)
    raised_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="提出人", related_name="+")
    raised_at = models.DateTimeField("提出时间", auto_now_add=True)
    due_on = models.DateField("答复期限", null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="答复人", null=True, blank=True, related_name="+"
    )
    answered_at = models.DateTimeField("答复时间", null=True, blank=True)
    answer = models.CharField("答复", max_length=1000, blank=True)
    # Upholding states the right figure: a filing of the department's own.
    correction = models.ForeignKey(
        "firms.Filing", models.PROTECT, verbose_name="更正的报送", null=True, blank=True, related_name="+"
    )

    objects = StatedQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "异议"
        ordering = ["-id"]
        indexes = [models.Index(name="objection_queue", fields=["department", "state"])]
        constraints = [
            models.UniqueConstraint(
                name="objection_one_open", fields=["firm", "year", "metric"], condition=models.Q(state="open")
            ),
            models.CheckConstraint(
                name="objection_answered",
                condition=models.Q(state__in=["open", "withdrawn"]) | models.Q(answered_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.firm} {self.year} {self.metric}"


class Decision(models.Model):
    """裁定: which of the disagreeing statements about one cell counts, by whom and why.

    It holds for the statements it knew (``latest`` is the newest of them): a statement made later opens the question again.
    ``against`` is [[filing id, source, value], …], what was not followed: each source's error record is counted from it.
    """

    firm = models.ForeignKey("firms.Firm", models.PROTECT, verbose_name="企业", related_name="decisions")
    year = models.PositiveSmallIntegerField("年度")
    metric = models.CharField("数据项", max_length=48)
    filing = models.ForeignKey("firms.Filing", models.PROTECT, verbose_name="采用的报送", related_name="+")
    source = models.CharField("采用的来源", max_length=16)
    value = models.FloatField("采用的数值")
    against = models.JSONField("未采用的报送", default=list)
    latest = models.PositiveBigIntegerField("裁定时最新的报送")
    reason = models.CharField("理由", max_length=500)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="裁定人", related_name="+")
    decided_at = models.DateTimeField("裁定时间", auto_now_add=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="撤销人", null=True, blank=True, related_name="+"
    )
    revoked_at = models.DateTimeField("撤销时间", null=True, blank=True)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "裁定"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                name="decision_once", fields=["firm", "year", "metric"], condition=models.Q(revoked_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.firm_id} {self.year} {self.metric}"
