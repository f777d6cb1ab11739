from django.db import models

from scoring.querysets import ScoreQuerySet


class Score(models.Model):
    """One firm's result in one run, frozen: a ranking page reads this one flat row.

    ``position`` numbers the run's ranked rows 1…N in display order (rank, then credit code): the keyset.
    Every other order of the pages is numbered the same way (``by_name`` by pinyin; ``by_dimension_k`` by the points of
    the scheme's k-th dimension, best first), so that each sorted page is an index seek too.
    ``search`` is the name in one form of width, case and spaces, with its pinyin initials (``assembly.search_text``).
    ``detail`` is the engine's record: every input and intermediate, explained by ``scoring.engine.explain``.
    """

    class Status(models.TextChoices):
        SCORED = "scored", "已评价"
        EXCLUDED = "excluded", "不纳入"
        UNCLASSIFIED = "unclassified", "待补数据"
        NOT_EVALUATED = "not_evaluated", "非评价对象"

    run = models.ForeignKey(
        "scoring.Run", models.PROTECT, verbose_name="评价计算", related_name="scores", db_index=False
    )
    firm = models.ForeignKey("firms.Firm", models.PROTECT, verbose_name="企业", related_name="scores", db_index=False)
    credit_code = models.CharField("统一社会信用代码", max_length=18)
    name = models.CharField("企业名称", max_length=128)
    status = models.CharField("状态", max_length=16, choices=Status.choices)
    stage = models.CharField("企业类型", max_length=16, blank=True)
    cluster = models.CharField("主导产业", max_length=16, blank=True)
    park = models.CharField("园区", max_length=32, blank=True)
    total = models.DecimalField("最终得分", max_digits=14, decimal_places=4, null=True)
    grade = models.CharField("等级", max_length=16, blank=True)
    dimension_points = models.JSONField("一级指标得分", default=list)
    rank = models.PositiveIntegerField("总排名", null=True)
    stage_rank = models.PositiveIntegerField("同阶段排名", null=True)
    industry_rank = models.PositiveIntegerField("产业排名", null=True)
    position = models.PositiveIntegerField("次序", null=True)
    by_name = models.PositiveIntegerField("名称次序", null=True)
    by_dimension_1 = models.PositiveIntegerField("一级指标1次序", null=True)
    by_dimension_2 = models.PositiveIntegerField("一级指标2次序", null=True)
    by_dimension_3 = models.PositiveIntegerField("一级指标3次序", null=True)
    search = models.CharField("检索", max_length=260, blank=True)
    detail = models.BinaryField("明细", default=b"")

    objects = ScoreQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "得分"
        ordering = ["run_id", "position"]
        constraints = [
            models.UniqueConstraint(name="score_once", fields=["firm", "run"]),
            models.UniqueConstraint(name="score_position_once", fields=["run", "position"]),
        ]
        indexes = [
            models.Index(name="score_stage_position", fields=["run", "stage", "position"]),
            models.Index(name="score_cluster_position", fields=["run", "cluster", "position"]),
            models.Index(name="score_park_position", fields=["run", "park", "position"]),
            models.Index(name="score_by_name", fields=["run", "by_name"]),
            models.Index(name="score_by_dimension_1", fields=["run", "by_dimension_1"]),
            models.Index(name="score_by_dimension_2", fields=["run", "by_dimension_2"]),
            models.Index(name="score_by_dimension_3", fields=["run", "by_dimension_3"]),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.total}"
