from django.conf import settings
from django.db import models


class StageRecord(models.Model):
    """A stage stated by a person: history before the system, or an override with a reason (readings 1 and 7).

    Stages the system itself decided stand in the scores of runs; they are not copied here.
    """

    firm = models.ForeignKey("firms.Firm", models.PROTECT, verbose_name="企业", related_name="stage_records")
    year = models.PositiveSmallIntegerField("年度")
    stage = models.CharField("企业类型", max_length=16)
    reason = models.CharField("理由与证据", max_length=300)
    stated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="认定人", null=True, related_name="+"
    )
    stated_at = models.DateTimeField("认定时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "企业类型认定"
        ordering = ["firm_id", "-year"]
        constraints = [models.UniqueConstraint(name="stage_record_once", fields=["firm", "year"])]

    def __str__(self) -> str:
        return f"{self.firm} {self.year} {self.stage}"
