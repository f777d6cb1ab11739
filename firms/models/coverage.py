from django.db import models


class Coverage(models.Model):
    """完整率: how far one metric of one year has come in, counted by a job so that a page need not read every sheet."""

    year = models.PositiveSmallIntegerField("年度")
    metric = models.ForeignKey("firms.Metric", models.CASCADE, verbose_name="数据项", related_name="+")
    expected = models.PositiveIntegerField("应有企业数")
    provided = models.PositiveIntegerField("已有企业数")
    on_time = models.PositiveIntegerField("按时企业数", null=True)
    conflicts = models.PositiveIntegerField("冲突数", default=0)
    counted_at = models.DateTimeField("统计时间")

    class Meta:
        verbose_name = verbose_name_plural = "完整率"
        ordering = ["-year", "metric_id"]
        constraints = [
            models.UniqueConstraint(name="coverage_once", fields=["year", "metric"]),
            models.CheckConstraint(
                name="coverage_part_of_whole", condition=models.Q(provided__lte=models.F("expected"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.year} {self.metric_id}"
