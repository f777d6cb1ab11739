from django.conf import settings
from django.db import models

from scoring.querysets import AnnouncementFileQuerySet, AnnouncementQuerySet


class Announcement(models.Model):
    """公告: a text the office shows the public. A published one is never edited unseen: each change moves ``version``.

    ``body`` is plain text, a blank line parts paragraphs; pages make the rest, so that no markup comes from a form.
    """

    class Kind(models.TextChoices):
        NOTICE = "notice", "通知公告"
        PUBLICITY = "publicity", "公示"
        POLICY = "policy", "政策文件"

    class State(models.TextChoices):
        DRAFT = "draft", "草稿"
        PUBLISHED = "published", "已发布"
        WITHDRAWN = "withdrawn", "已撤下"

    kind = models.CharField("类型", max_length=12, choices=Kind.choices, default=Kind.NOTICE)
    title = models.CharField("标题", max_length=120)
    body = models.TextField("正文", max_length=20_000)
    state = models.CharField("状态", max_length=12, choices=State.choices, default=State.DRAFT)
    pinned = models.BooleanField("置顶", default=False)
    period = models.ForeignKey(
        "scoring.EvaluationPeriod",
        models.PROTECT,
        verbose_name="评价期",
        null=True,
        blank=True,
        related_name="announcements",
    )
    published_at = models.DateTimeField("发布时间", null=True, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="拟稿人", related_name="+")
    version = models.PositiveIntegerField("版本", default=0, editable=False)
    created_at = models.DateTimeField("建立时间", auto_now_add=True)
    updated_at = models.DateTimeField("更新时间", auto_now=True)

    objects = AnnouncementQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "公告"
        ordering = ["-pinned", "-published_at", "-id"]
        indexes = [models.Index(name="announcement_shown", fields=["state", "-pinned", "-published_at"])]
        constraints = [
            models.CheckConstraint(
                name="announcement_published_dated",
                condition=~models.Q(state="published") | models.Q(published_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class AnnouncementFile(models.Model):
    """附件: a file that hangs on an announcement and is read by whoever may read that. Removed from sight, never from the disk."""

    announcement = models.ForeignKey(Announcement, models.PROTECT, verbose_name="公告", related_name="files")
    file = models.FileField("文件", upload_to="announcements/%Y/%m/", max_length=255)
    file_name = models.CharField("文件名", max_length=255)
    media_type = models.CharField("类型", max_length=100)
    sha256 = models.CharField("SHA-256", max_length=64)
    size = models.PositiveBigIntegerField("字节数")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="添加人", related_name="+")
    added_at = models.DateTimeField("添加时间", auto_now_add=True)
    removed_at = models.DateTimeField("移除时间", null=True, blank=True)

    objects = AnnouncementFileQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "公告附件"
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                name="announcement_file_once",
                fields=["announcement", "sha256"],
                condition=models.Q(removed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.file_name
