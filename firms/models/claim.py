from django.conf import settings
from django.db import models

from firms.models.register import DatedFact
from firms.querysets import ClaimQuerySet


class RegisterClaim(DatedFact):
    """台账申报: a dated fact that a firm states with evidence; it counts once the owning department has verified it.

    Verifying makes a ``RegisterEntry``; the claim keeps pointing to it.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "填写中"
        SUBMITTED = "submitted", "待核验"
        VERIFIED = "verified", "已核验"
        REFUSED = "refused", "不予认定"
        WITHDRAWN = "withdrawn", "已撤回"

    firm = models.ForeignKey("firms.Firm", models.PROTECT, verbose_name="企业", related_name="register_claims")
    state = models.CharField("状态", max_length=12, choices=State.choices, default=State.DRAFT)
    department = models.ForeignKey("firms.Department", models.PROTECT, verbose_name="核验部门", related_name="+")
    claimed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="申报人", related_name="+")
    submitted_at = models.DateTimeField("提交时间", null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="核验人", null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField("核验时间", null=True, blank=True)
    answer = models.CharField("核验意见", max_length=500, blank=True)
    entry = models.ForeignKey(
        "firms.RegisterEntry", models.PROTECT, verbose_name="台账条目", null=True, blank=True, related_name="claims"
    )
    version = models.PositiveIntegerField("版本", default=0, editable=False)
    created_at = models.DateTimeField("建立时间", auto_now_add=True)
    updated_at = models.DateTimeField("更新时间", auto_now=True)

    objects = ClaimQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "台账申报"
        ordering = ["-id"]
        indexes = [models.Index(name="claim_queue", fields=["department", "state"])]
        constraints = [
            models.CheckConstraint(
                name="claim_dates_ordered",
                condition=models.Q(ends_on__isnull=True) | models.Q(ends_on__gte=models.F("starts_on")),
                violation_error_message="终止日期不能早于起始日期。",
            ),
            models.CheckConstraint(
                name="claim_verified_is_entered",
                condition=~models.Q(state="verified") | models.Q(entry__isnull=False, decided_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.title}"


class Evidence(models.Model):
    """佐证材料: a file behind one cell of a form, one claim or one objection. Removed from sight, never from the disk."""

    firm = models.ForeignKey("firms.Firm", models.PROTECT, verbose_name="企业", related_name="evidence")
    year = models.PositiveSmallIntegerField("年度", null=True, blank=True)
    metric = models.CharField("数据项", max_length=48, blank=True)
    claim = models.ForeignKey(
        RegisterClaim, models.PROTECT, verbose_name="台账申报", null=True, blank=True, related_name="evidence"
    )
    objection = models.ForeignKey(
        "firms.Objection", models.PROTECT, verbose_name="异议", null=True, blank=True, related_name="evidence"
    )
    file = models.FileField("文件", upload_to="evidence/%Y/%m/", max_length=255)
    file_name = models.CharField("文件名", max_length=255)
    media_type = models.CharField("类型", max_length=100)
    sha256 = models.CharField("SHA-256", max_length=64)
    size = models.PositiveBigIntegerField("字节数")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="上传人", related_name="+")
    uploaded_at = models.DateTimeField("上传时间", auto_now_add=True)
    removed_at = models.DateTimeField("移除时间", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "佐证材料"
        ordering = ["id"]
        indexes = [models.Index(name="evidence_cell", fields=["firm", "year", "metric"])]
        constraints = [
            models.CheckConstraint(
                name="evidence_of_one_thing",
                condition=(~models.Q(metric="") & models.Q(year__isnull=False, claim=None, objection=None))
                | models.Q(metric="", claim__isnull=False, objection=None)
                | models.Q(metric="", claim=None, objection__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.file_name
