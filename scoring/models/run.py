from django.db import models

from scoring.querysets import RunQuerySet


class Run(models.Model):
    """评价计算: one immutable evaluation of a period. Superseded, never edited.

    ``references`` are the full-mark values it used (exact decimal strings); with the inputs archived in its
    scores, the scheme's SHA-256 and the engine's version it can be recomputed to the same digits.
    """

    class State(models.TextChoices):
        WRITING = "writing", "写入中"
        COMPLETE = "complete", "完成"

    period = models.ForeignKey("scoring.EvaluationPeriod", models.PROTECT, verbose_name="评价期", related_name="runs")
    number = models.PositiveIntegerField("序号")
    state = models.CharField("状态", max_length=12, choices=State.choices, default=State.WRITING)
    scheme = models.ForeignKey("scoring.Scheme", models.PROTECT, verbose_name="指标体系", related_name="+")
    scheme_sha256 = models.CharField("方案摘要", max_length=64)
    engine_version = models.CharField("引擎版本", max_length=16)
    inputs_digest = models.CharField("输入摘要", max_length=64)
    references = models.JSONField("满分值", default=dict)
    summary = models.JSONField("汇总", default=dict)
    firms = models.PositiveIntegerField("企业数", default=0)
    ranked = models.PositiveIntegerField("参与排名", default=0)
    job = models.ForeignKey("firms.Job", models.SET_NULL, verbose_name="任务", null=True, related_name="+")
    created_at = models.DateTimeField("计算时间", auto_now_add=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "评价计算"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(name="run_number_once", fields=["period", "number"]),
        ]

    def __str__(self) -> str:
        return f"{self.period} 第{self.number}次计算"


class RunSlice(models.Model):
    """The small cube written with each run: dashboards and counts read this, never the scores."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="slices")
    stage = models.CharField(max_length=16, blank=True)
    cluster = models.CharField(max_length=16, blank=True)
    park = models.CharField(max_length=32, blank=True)
    status = models.CharField(max_length=16)
    firms = models.PositiveIntegerField()
    total_sum = models.FloatField(default=0)
    total_squares = models.FloatField(default=0)
    histogram = models.JSONField(default=list)
    sums = models.JSONField(default=dict)

    class Meta:
        verbose_name = verbose_name_plural = "评价计算切片"
        constraints = [
            models.UniqueConstraint(name="run_slice_once", fields=["run", "stage", "cluster", "park", "status"])
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.stage} {self.cluster} {self.park} {self.status}"
