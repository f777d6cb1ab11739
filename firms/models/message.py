from django.conf import settings
from django.db import models

from firms.querysets import MessageQuerySet


class Message(models.Model):
    """站内消息: something one person should know, with the page it is about. ``key`` keeps it from being said twice."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, verbose_name="收件人", related_name="notices")
    key = models.CharField("唯一键", max_length=128)
    title = models.CharField("标题", max_length=100)
    body = models.TextField("内容", blank=True)
    link = models.CharField("链接", max_length=255, blank=True, help_text="站内地址，以 / 开头")
    created_at = models.DateTimeField("时间", auto_now_add=True)
    read_at = models.DateTimeField("已读时间", null=True, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "站内消息"
        ordering = ["-id"]
        indexes = [models.Index(name="message_unread", fields=["user", "read_at"])]
        constraints = [models.UniqueConstraint(name="message_once", fields=["user", "key"])]

    def __str__(self) -> str:
        return self.title


class Mail(models.Model):
    """待发邮件: written in the transaction of the deed it tells of, sent by a job: none is lost, none is sent for what was rolled back."""

    key = models.CharField("唯一键", max_length=128, unique=True)
    to = models.EmailField("收件人")
    subject = models.CharField("主题", max_length=200)
    body = models.TextField("正文")
    created_at = models.DateTimeField("生成时间", auto_now_add=True)
    sent_at = models.DateTimeField("发送时间", null=True, blank=True)
    attempts = models.PositiveSmallIntegerField("次数", default=0)
    error = models.CharField("错误", max_length=300, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "邮件"
        ordering = ["-id"]
        indexes = [models.Index(name="mail_unsent", fields=["sent_at", "attempts"])]

    def __str__(self) -> str:
        return f"{self.to} {self.subject}"
