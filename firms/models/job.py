from django.conf import settings
from django.db import models

from firms.querysets import JobQuerySet


class Job(models.Model):
    """The truth of a piece of background work; a Celery message only wakes a worker up.

    ``fence`` grows with every claim: a worker that lost its lease can no longer write.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "排队中"
        RUNNING = "running", "进行中"
        SUCCEEDED = "succeeded", "已完成"
        FAILED = "failed", "失败"
        CANCELLED = "cancelled", "已取消"

    kind = models.CharField("类型", max_length=32)
    key = models.CharField("唯一键", max_length=128, help_text="同一键同时只有一项未完成的任务")
    args = models.JSONField("参数", default=dict)
    once = models.BooleanField("仅一次", default=False, help_text="同一键永远只有一项，例如某一夜的计算")
    state = models.CharField("状态", max_length=12, choices=State.choices, default=State.QUEUED)
    attempt = models.PositiveSmallIntegerField("次数", default=0)
    fence = models.PositiveIntegerField("栅栏号", default=0)
    due_at = models.DateTimeField("应执行时间")
    lease_until = models.DateTimeField("租约到期", null=True, blank=True)
    progress = models.PositiveSmallIntegerField("进度", default=0)
    message = models.CharField("当前步骤", max_length=200, blank=True)
    result = models.JSONField("结果", default=dict, blank=True)
    error = models.TextField("错误", blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="发起人", null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField("建立时间", auto_now_add=True)
    finished_at = models.DateTimeField("结束时间", null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "后台任务"
        ordering = ["-id"]
        indexes = [models.Index(name="job_due", fields=["state", "due_at"])]
        constraints = [
            models.UniqueConstraint(
                name="job_one_open_a_key", fields=["kind", "key"], condition=models.Q(state__in=["queued", "running"])
            ),
            # One row per due date, also after it finished: two schedulers never double a night.
            models.UniqueConstraint(name="job_once_a_key", fields=["kind", "key"], condition=models.Q(once=True)),
            models.CheckConstraint(name="job_progress_percent", condition=models.Q(progress__lte=100)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
