from django.conf import settings
from django.db import models

from scoring.querysets import HonourListQuerySet


class HonourList(models.Model):
    """荣誉榜: that the office shows the best of each stage and industry of one published run, and in which bands.

    ``bands`` are whole per cents, rising (5, 10, 20: the best 5 %, the next up to 10 %, …). Who stands in them is read from
    the run's ranks, never copied. It holds for that run alone: another run published, or none, and it is shown no more.
    """

    run = models.ForeignKey("scoring.Run", models.PROTECT, verbose_name="评价计算", related_name="honour_lists")
    bands = models.JSONField("档次（%）", default=list)
    issued_at = models.DateTimeField("公布时间", auto_now_add=True)
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="公布人", related_name="+")
    withdrawn_at = models.DateTimeField("撤下时间", null=True, blank=True)
    version = models.PositiveIntegerField("版本", default=0, editable=False)

    objects = HonourListQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "荣誉榜"
        ordering = ["-issued_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                name="honour_list_one_in_force", fields=["run"], condition=models.Q(withdrawn_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.bands}"
