from django.conf import settings
from django.db import models

from firms.querysets import ImportBatchQuerySet


class ImportBatch(models.Model):
    """导入批次: one uploaded file on its way from upload through preview to being applied, or undone.

    rows read = accepted + refused + left out, always (``counts`` keeps the three and their parts).
    """

    class Kind(models.TextChoices):
        FIRMS = "firms", "企业名录"
        METRICS = "metrics", "指标数据"
        REGISTERS = "registers", "台账"

    class State(models.TextChoices):
        UPLOADED = "uploaded", "已上传"
        READING = "reading", "读取中"
        PLANNED = "planned", "待确认"
        APPLYING = "applying", "写入中"
        APPLIED = "applied", "已生效"
        UNDONE = "undone", "已撤销"
        DISCARDED = "discarded", "已放弃"
        REFUSED = "refused", "已拒收"

    kind = models.CharField("类型", max_length=16, choices=Kind.choices)
    state = models.CharField("状态", max_length=16, choices=State.choices, default=State.UPLOADED)
    department = models.ForeignKey(
        "firms.Department", models.PROTECT, verbose_name="部门", null=True, blank=True, related_name="+"
    )
    year = models.PositiveSmallIntegerField("年度", null=True, blank=True)
    register_kind = models.CharField("台账", max_length=16, blank=True)
    file = models.FileField("原始文件", upload_to="imports/%Y/%m/", max_length=255)
    file_name = models.CharField("文件名", max_length=255)
    sha256 = models.CharField("SHA-256", max_length=64, db_index=True)
    size = models.PositiveBigIntegerField("字节数")
    mapping = models.JSONField("列对应", default=dict)
    counts = models.JSONField("行数", default=dict)
    problems = models.JSONField("文件问题", default=list)
    plan_digest = models.CharField("计划摘要", max_length=64, blank=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="上传人", null=True, related_name="+"
    )
    uploaded_at = models.DateTimeField("上传时间", auto_now_add=True)
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="确认人", null=True, blank=True, related_name="+"
    )
    applied_at = models.DateTimeField("生效时间", null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="撤销人", null=True, blank=True, related_name="+"
    )
    undone_at = models.DateTimeField("撤销时间", null=True, blank=True)
    undo_reason = models.CharField("撤销原因", max_length=200, blank=True)

    objects = ImportBatchQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "导入批次"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"第{self.pk}批 {self.file_name}"


class ImportRow(models.Model):
    """One row of the file and what became of it; ``reasons`` is [{column, code, message, hint}]."""

    class Verdict(models.TextChoices):
        CREATE = "create", "新增"
        CHANGE = "change", "变更"
        SAME = "same", "无变化"
        UNMATCHED = "unmatched", "待匹配"
        REFUSED = "refused", "拒收"
        LEFT_OUT = "left_out", "不计入"

    batch = models.ForeignKey(ImportBatch, models.CASCADE, verbose_name="批次", related_name="rows")
    sheet = models.CharField("工作表", max_length=64, blank=True)
    row_number = models.PositiveIntegerField("行号")
    verdict = models.CharField("结论", max_length=12, choices=Verdict.choices)
    firm = models.ForeignKey("firms.Firm", models.PROTECT, verbose_name="企业", null=True, blank=True, related_name="+")
    cells = models.JSONField("原始单元格", default=list)
    values = models.JSONField("数据", default=dict)
    before = models.JSONField("原值", default=dict)
    reasons = models.JSONField("原因", default=list)

    class Meta:
        verbose_name = verbose_name_plural = "导入行"
        ordering = ["batch_id", "id"]
        constraints = [models.UniqueConstraint(name="import_row_once", fields=["batch", "sheet", "row_number"])]

    def __str__(self) -> str:
        return f"{self.sheet} 第{self.row_number}行"
