"""The back office of the machinery: the clock, and failed sign-ins."""

from typing import Any

from axes.models import AccessAttempt, AccessLog
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from firms.admin.base import OfficeAdmin, ReadOnlyAdmin
from firms.services import audit

AccessAttempt._meta.verbose_name = AccessAttempt._meta.verbose_name_plural = "登录失败与锁定"  # type: ignore[assignment]
AccessLog._meta.verbose_name = AccessLog._meta.verbose_name_plural = "登录日志"  # type: ignore[assignment]


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(OfficeAdmin):
    """On or off, and when; what runs is code. The nightly time has its own page."""

    list_display = ("name", "runs", "schedule", "enabled", "last_run_at", "total_run_count")
    list_filter = ("enabled",)
    list_select_related = ("interval", "crontab", "solar", "clocked")
    search_fields = ("name", "task")
    fields = ("name", "runs", "schedule", "enabled", "last_run_at", "total_run_count")
    readonly_fields = ("name", "runs", "schedule", "last_run_at", "total_run_count")

    @admin.display(description="程序", ordering="task")
    def runs(self, task: PeriodicTask) -> str:
        return task.task

    @admin.display(description="时间")
    def schedule(self, task: PeriodicTask) -> str:
        return str(task.crontab or task.interval or task.clocked or task.solar or "—")


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(ReadOnlyAdmin):
    list_display = ("minute", "hour", "day_of_week", "day_of_month", "month_of_year", "timezone")


@admin.register(AccessAttempt)
class AccessAttemptAdmin(ReadOnlyAdmin):
    """Unlocking an account is taking its failures away; the trail keeps who did."""

    list_display = ("account", "address", "failures", "at")
    search_fields = ("username", "ip_address")
    fields = ("account", "address", "failures", "at")
    readonly_fields = fields
    actions = ("unlock",)

    @admin.display(description="账号", ordering="username")
    def account(self, attempt: AccessAttempt) -> str:
        return attempt.username or "—"

    @admin.display(description="来源地址", ordering="ip_address")
    def address(self, attempt: AccessAttempt) -> str:
        return attempt.ip_address or "—"

    @admin.display(description="失败次数", ordering="failures_since_start")
    def failures(self, attempt: AccessAttempt) -> int:
        return attempt.failures_since_start

    @admin.display(description="最近一次", ordering="attempt_time")
    def at(self, attempt: AccessAttempt) -> Any:
        return attempt.attempt_time

    def has_unlock_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("axes.delete_accessattempt")  # type: ignore[union-attr]

    @admin.action(description="解除所选账号的锁定", permissions=["unlock"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[AccessAttempt]) -> None:
        for attempt in queryset:
            audit.record("session.unlock", f"解除锁定：{attempt.username} {attempt.ip_address or ''}", by=request.user)  # type: ignore[arg-type]
            attempt.delete()
        messages.success(request, _("已解除锁定。"))


@admin.register(AccessLog)
class AccessLogAdmin(ReadOnlyAdmin):
    list_display = ("account", "address", "at", "left")
    search_fields = ("username", "ip_address")
    date_hierarchy = "attempt_time"
    fields = list_display
    readonly_fields = list_display

    account = AccessAttemptAdmin.account
    address = AccessAttemptAdmin.address
    at = AccessAttemptAdmin.at

    @admin.display(description="退出时间", ordering="logout_time")
    def left(self, log: AccessLog) -> Any:
        return log.logout_time
