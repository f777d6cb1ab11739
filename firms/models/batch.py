from django.conf import settings
from django.db import models

from firms.models.filing import STATING, Source
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
    # Whom its figures count as, when sources disagree: a file that a connector fetched is public data.
    source = models.CharField("数据来源", max_length=16, choices=STATING, default=Source.GOVERNMENT)
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


class ColumnMapping(models.Model):
    """What a department once said a heading of its files means; the next file with that heading needs no asking."""

    department = models.ForeignKey(
        "firms.Department", models.CASCADE, verbose_name="部门", null=True, blank=True, related_name="+"
    )
    kind = models.CharField("类型", max_length=16, choices=ImportBatch.Kind.choices)
    register_kind = models.CharField("台账", max_length=16, blank=True)
    heading = models.CharField("列标题", max_length=100, help_text="去掉空格和单位后的写法")
    column = models.CharField("对应", max_length=48, blank=True, help_text="数据项或列的代码；空：不导入该列")
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="指定人", null=True, related_name="+"
    )
    set_at = models.DateTimeField("指定时间", auto_now=True)

    objects = ImportBatchQuerySet.as_manager()  # seen by those who see the department's batches

    class Meta:
        verbose_name = verbose_name_plural = "列对应"
        ordering = ["department_id", "kind", "heading"]
        constraints = [
            models.UniqueConstraint(
                name="column_mapping_once",
                fields=["department", "kind", "register_kind", "heading"],
            ),
            # A null is like no other to the database: the office's own need a rule of their own.
            models.UniqueConstraint(
                name="column_mapping_once_office",
                fields=["kind", "register_kind", "heading"],
                condition=models.Q(department__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.heading} → {self.column or '不导入'}"
