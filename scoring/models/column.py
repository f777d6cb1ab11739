from django.db import models


class RunColumn(models.Model):
    """One field of every firm of a run as an array, for 多维检索: a question reads the few columns it names.

    Copied out of the run's scores and registers (``scoring.assembly.columns``) when first asked for; it can be thrown
    away and made again, because a run never changes. Rows stand in the order of the run's firms by id.
    """

    run = models.ForeignKey("scoring.Run", models.CASCADE, verbose_name="评价计算", related_name="columns")
    name = models.CharField("字段", max_length=96)
    header = models.JSONField("说明", default=dict)  # type of the numbers, names behind codes
    data = models.BinaryField("数据")

    class Meta:
        verbose_name = verbose_name_plural = "检索列"
        constraints = [models.UniqueConstraint(name="run_column_once", fields=["run", "name"])]

    def __str__(self) -> str:
        return f"{self.run_id} {self.name}"
