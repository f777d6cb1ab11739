from django.db import models

from scoring.querysets import EvaluationPeriodQuerySet


class EvaluationPeriod(models.Model):
    """评价期: one data year judged by one scheme. What the public sees is the run it points to."""

    year = models.OneToOneField(
        "firms.DataYear", models.PROTECT, verbose_name="数据年度", to_field="year", related_name="period"
    )
    name = models.CharField("名称", max_length=64)
    scheme = models.ForeignKey("scoring.Scheme", models.PROTECT, verbose_name="指标体系", related_name="periods")
    as_of = models.DateField("计龄截止日", help_text="注册年限等按此日计算，默认为数据年度12月31日")
    references = models.JSONField("冻结的满分值", null=True, blank=True, editable=False)
    published_run = models.ForeignKey(
        "scoring.Run", models.PROTECT, verbose_name="已发布的评价计算", null=True, blank=True, related_name="+"
    )
    published_at = models.DateTimeField("发布时间", null=True, blank=True)
    version = models.PositiveIntegerField("版本", default=0, editable=False)

    objects = EvaluationPeriodQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "评价期"
        ordering = ["-year_id"]  # not "-year": that would be the data year's own order, turned round
        constraints = [
            models.CheckConstraint(
                name="period_published_whole",
                condition=models.Q(published_run__isnull=True, published_at__isnull=True)
                | models.Q(published_run__isnull=False, published_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name
