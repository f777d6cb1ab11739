from django.db import models


class Metric(models.Model):
    """数据项: one reported figure; the catalogue is data, loaded from ``firms/catalogue/metrics.toml``."""

    class Kind(models.TextChoices):
        AMOUNT = "amount", "金额"
        COUNT = "count", "数量"
        FLAG = "flag", "是否"

    code = models.SlugField("代码", max_length=48, unique=True)
    name = models.CharField("名称", max_length=64, unique=True)
    aliases = models.JSONField("别名", default=list, blank=True)
    unit = models.CharField("单位", max_length=16, blank=True)
    kind = models.CharField("类型", max_length=8, choices=Kind.choices)
    minimum = models.FloatField("下限", null=True, blank=True)
    maximum = models.FloatField("上限", null=True, blank=True)
    decimals = models.PositiveSmallIntegerField("小数位数", default=2)
    owner = models.ForeignKey(
        "firms.Department", models.PROTECT, verbose_name="责任部门", related_name="metrics", null=True, blank=True
    )
    source_priority = models.JSONField("来源优先级", default=list, help_text="先者优先：government、public、firm")
    tolerance = models.FloatField("容差", default=0.005, help_text="相对差异超过容差记为冲突")
    help_text = models.TextField("统计口径", blank=True)
    needs_evidence = models.BooleanField("须附佐证", default=False, help_text="企业自行填报时必须上传佐证材料")
    topic = models.CharField("主题", max_length=32, blank=True)
    position = models.PositiveSmallIntegerField("次序", default=100)

    class Meta:
        verbose_name = verbose_name_plural = "数据项"
        ordering = ["position", "code"]
        constraints = [
            models.CheckConstraint(
                name="metric_bounds_ordered",
                condition=models.Q(minimum__isnull=True)
                | models.Q(maximum__isnull=True)
                | models.Q(minimum__lte=models.F("maximum")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}（{self.unit}）" if self.unit else self.name
