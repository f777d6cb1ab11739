from django.conf import settings
from django.db import models

from scoring.querysets import SavedViewQuerySet


class SavedView(models.Model):
    """常用查询: a question of 多维检索 kept under a name. ``query`` is ``scoring.analysis.query.Query`` as JSON.

    ``shared``: everybody who may ask may open it; only its owner changes it.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name="所有人", related_name="saved_views"
    )
    title = models.CharField("名称", max_length=60)
    query = models.JSONField("查询", default=dict)
    shared = models.BooleanField("共享", default=False)
    version = models.PositiveIntegerField("版本", default=0, editable=False)
    created_at = models.DateTimeField("建立时间", auto_now_add=True)
    updated_at = models.DateTimeField("更新时间", auto_now=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "常用查询"
        ordering = ["title", "id"]
        constraints = [models.UniqueConstraint(name="saved_view_title_once", fields=["owner", "title"])]

    def __str__(self) -> str:
        return self.title
