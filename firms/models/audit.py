from django.conf import settings
from django.db import models


class AuditHead(models.Model):
    """The single row that orders the chain: its lock makes each entry follow exactly one other."""

    sequence = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64, default="0" * 64)

    class Meta:
        verbose_name = verbose_name_plural = "审计链首"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.sequence}"


class AuditEntry(models.Model):
    """One row per state change and per sensitive read, chained by SHA-256. Never updated, never deleted."""

    sequence = models.PositiveBigIntegerField("序号", unique=True)
    at = models.DateTimeField("时间")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="账号", null=True, blank=True, related_name="+"
    )
    actor_name = models.CharField("操作人", max_length=150, blank=True)
    address = models.GenericIPAddressField("来源地址", null=True, blank=True)
    action = models.CharField("操作", max_length=48)
    target_type = models.CharField("对象类型", max_length=48, blank=True)
    target_id = models.CharField("对象编号", max_length=64, blank=True)
    summary = models.CharField("摘要", max_length=300)
    before = models.JSONField("变更前", null=True, blank=True)
    after = models.JSONField("变更后", null=True, blank=True)
    previous = models.CharField("前项摘要值", max_length=64)
    digest = models.CharField("摘要值", max_length=64, unique=True)

    class Meta:
        verbose_name = verbose_name_plural = "审计记录"
        ordering = ["-sequence"]
        default_permissions = ("view",)
        indexes = [models.Index(name="audit_target", fields=["target_type", "target_id"])]  # the history of one firm

    def __str__(self) -> str:
        return f"{self.sequence} {self.summary}"
