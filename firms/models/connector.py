from django.conf import settings
from django.db import models
from django.utils import timezone

from firms.querysets import ConnectorQuerySet


class Connector(models.Model):
    """公开数据源: where public figures are fetched from, how often, and what its fields mean. ``mapping`` is data, no code."""

    class Kind(models.TextChoices):
        JSON = "json", "HTTP JSON 接口"
        FILE = "file", "CSV/XLSX 下载"
        TABLE = "table", "网页表格"

    code = models.SlugField("代码", max_length=32, unique=True)
    name = models.CharField("名称", max_length=64, unique=True)
    kind = models.CharField("方式", max_length=8, choices=Kind.choices)
    url = models.URLField("地址", max_length=500, help_text="可用 {year} 代表数据年度；主机须在允许名单内")
    department = models.ForeignKey("firms.Department", models.PROTECT, verbose_name="归口部门", related_name="+")
    batch_kind = models.CharField("内容", max_length=16, default="metrics")
    register_kind = models.CharField("台账", max_length=16, blank=True)
    mapping = models.JSONField("字段对应", default=dict, blank=True)
    every_hours = models.PositiveSmallIntegerField("间隔（小时）", default=24)
    enabled = models.BooleanField("启用", default=False)
    # A rule in place of a person: only when nothing was refused and no value moved by more than this share.
    auto_confirm = models.BooleanField("自动确认", default=False)
    auto_confirm_limit = models.FloatField("自动确认的最大变动比例", default=0.2)
    version = models.PositiveIntegerField("版本", default=0, editable=False)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="修改人", null=True, blank=True, related_name="+"
    )
    updated_at = models.DateTimeField("修改时间", auto_now=True)

    objects = ConnectorQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "公开数据源"
        ordering = ["code"]
        constraints = [models.CheckConstraint(name="connector_every", condition=models.Q(every_hours__gte=1))]

    def __str__(self) -> str:
        return self.name


class Fetch(models.Model):
    """采集: one attempt of a connector and what became of it. A failure leaves every value as it was."""

    class Outcome(models.TextChoices):
        RUNNING = "running", "进行中"
        STAGED = "staged", "已生成导入批次"
        SAME = "same", "内容未变"
        FAILED = "failed", "失败"

    connector = models.ForeignKey(Connector, models.PROTECT, verbose_name="公开数据源", related_name="fetches")
    year = models.PositiveSmallIntegerField("年度", null=True, blank=True)
    outcome = models.CharField("结果", max_length=12, choices=Outcome.choices, default=Outcome.RUNNING)
    started_at = models.DateTimeField("开始时间", auto_now_add=True)
    finished_at = models.DateTimeField("结束时间", null=True, blank=True)
    size = models.PositiveBigIntegerField("字节数", null=True, blank=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    rows = models.PositiveIntegerField("行数", null=True, blank=True)
    code = models.CharField("错误代码", max_length=48, blank=True)
    message = models.CharField("说明", max_length=300, blank=True)
    batch = models.ForeignKey(
        "firms.ImportBatch", models.PROTECT, verbose_name="导入批次", null=True, blank=True, related_name="fetches"
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="发起人", null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = verbose_name_plural = "采集记录"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.connector} {timezone.localtime(self.started_at):%Y-%m-%d %H:%M}"

    @property
    def original_name(self) -> str:
        """Where in the private storage the answers of a staged fetch are kept, as they came."""
        return f"fetches/{self.started_at:%Y/%m}/{self.pk}-{self.sha256[:16]}"
