from django.conf import settings
from django.db import models

from firms.querysets import OfFirmQuerySet


class FirmReport(models.Model):
    """企业填报表: what one firm fills in for one year, on its way from draft through review into a filing.

    ``cells`` maps metric code → {"state", "text", "reason", "edition"}: state is value, zero (confirmed) or none (not
    provided); text is kept exactly as typed, good or not, so that no typing is lost; reason answers a warning; edition
    counts the cell's changes, so that two tabs cannot overwrite each other unseen.
    ``remarks`` maps metric code → why the last review sent the cell back; key "" is for the whole form.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "填报中"
        SUBMITTED = "submitted", "待审核"
        RETURNED = "returned", "已退回"
        ACCEPTED = "accepted", "已通过"

    firm = models.ForeignKey("firms.Firm", models.PROTECT, verbose_name="企业", related_name="reports")
    year = models.PositiveSmallIntegerField("年度")
    state = models.CharField("状态", max_length=12, choices=State.choices, default=State.DRAFT)
    cells = models.JSONField("单元格", default=dict)
    remarks = models.JSONField("退回原因", default=dict, blank=True)
    edition = models.PositiveIntegerField("版本", default=0, editable=False)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="提交人", null=True, blank=True, related_name="+"
    )
    submitted_at = models.DateTimeField("提交时间", null=True, blank=True)
    first_submitted_at = models.DateTimeField("首次提交时间", null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="审核人", null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField("审核时间", null=True, blank=True)
    # The figures as accepted; nothing of a form counts before.
    filing = models.ForeignKey(
        "firms.Filing", models.PROTECT, verbose_name="生效的报送", null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField("建立时间", auto_now_add=True)
    updated_at = models.DateTimeField("更新时间", auto_now=True)

    objects = OfFirmQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "企业填报表"
        ordering = ["-year", "firm_id"]
        indexes = [models.Index(name="report_queue", fields=["year", "state", "submitted_at"])]
        constraints = [
            models.UniqueConstraint(name="report_once", fields=["firm", "year"]),
            models.CheckConstraint(
                name="report_submitted_by_someone",
                condition=models.Q(state="draft") | models.Q(submitted_at__isnull=False, submitted_by__isnull=False),
            ),
            models.CheckConstraint(
                name="report_accepted_counts",
                condition=~models.Q(state="accepted") | models.Q(decided_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.firm} {self.year}年度填报表"


class ReportEvent(models.Model):
    """One step in a form's life, with the cells as they were then. Append-only."""

    class Kind(models.TextChoices):
        SUBMITTED = "submitted", "提交"
        WITHDRAWN = "withdrawn", "撤回"
        RETURNED = "returned", "退回"
        ACCEPTED = "accepted", "通过"
        REOPEN_ASKED = "reopen_asked", "申请重新开放"
        REOPENED = "reopened", "重新开放"
        REOPEN_REFUSED = "reopen_refused", "不同意重新开放"

    report = models.ForeignKey(FirmReport, models.CASCADE, verbose_name="填报表", related_name="events")
    kind = models.CharField("动作", max_length=16, choices=Kind.choices)
    at = models.DateTimeField("时间", auto_now_add=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="操作人", null=True, related_name="+")
    edition = models.PositiveIntegerField("版本")
    cells = models.JSONField("单元格", default=dict)
    remarks = models.JSONField("原因", default=dict)
    note = models.CharField("说明", max_length=500, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "填报记录"
        ordering = ["report_id", "id"]

    def __str__(self) -> str:
        return f"{self.report_id} {self.get_kind_display()}"


class Reopening(models.Model):
    """重新开放: a change after acceptance, asked for by one officer and decided by another (second pair of eyes)."""

    report = models.ForeignKey(FirmReport, models.CASCADE, verbose_name="填报表", related_name="reopenings")
    reason = models.CharField("原因", max_length=500)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="申请人", related_name="+")
    asked_at = models.DateTimeField("申请时间", auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="复核人", null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField("复核时间", null=True, blank=True)
    granted = models.BooleanField("同意", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "重新开放申请"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="reopening_two_persons",
                condition=models.Q(decided_by__isnull=True) | ~models.Q(decided_by=models.F("asked_by")),
            ),
            models.UniqueConstraint(
                name="reopening_one_open", fields=["report"], condition=models.Q(decided_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report_id} {self.reason}"


class Extension(models.Model):
    """延期: one firm may fill in past the deadline, until a day, for a reason, by somebody's leave."""

    firm = models.ForeignKey("firms.Firm", models.PROTECT, verbose_name="企业", related_name="extensions")
    year = models.PositiveSmallIntegerField("年度")
    due_on = models.DateField("延至", help_text="含当日")
    reason = models.CharField("原因", max_length=500)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="批准人", related_name="+")
    approved_at = models.DateTimeField("批准时间", auto_now_add=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="撤销人", null=True, blank=True, related_name="+"
    )
    revoked_at = models.DateTimeField("撤销时间", null=True, blank=True)

    objects = OfFirmQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "延期"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                name="extension_once", fields=["firm", "year"], condition=models.Q(revoked_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.firm} {self.year}年度延至{self.due_on}"
