"""What pages show of background work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy

from firms.models import Job

JOB_TITLES = {
    "rescore": gettext_lazy("积分计算"),
    "nightly": gettext_lazy("每夜计算"),
    "import.plan": gettext_lazy("读取并核对文件"),
    "import.apply": gettext_lazy("写入数据"),
    "import.undo": gettext_lazy("撤销批次"),
    "connector.fetch": gettext_lazy("采集公开数据"),
    "connector.trial": gettext_lazy("测试采集"),
    "columns": gettext_lazy("准备多维检索"),
    "forecast": gettext_lazy("测算对积分和名次的影响"),
    "coverage": gettext_lazy("统计完整率"),
    "coverage.nightly": gettext_lazy("每夜统计完整率"),
    "reminders": gettext_lazy("发送提醒"),
    "mail.send": gettext_lazy("发送邮件"),
}
# What a job's argument names → the page of what the work was about: where one goes on when it failed.
ABOUT = {
    "batch": ("firms:import_detail", gettext_lazy("回到导入批次")),
    "connector": ("firms:connector", gettext_lazy("回到数据源")),
}
JOB_TONES = {"succeeded": "good", "failed": "bad", "cancelled": "muted", "running": "accent"}


@dataclass(frozen=True)
class JobView:
    pk: int
    title: str
    state: str
    tone: str
    running: bool
    failed: bool
    progress: int
    message: str
    error: str
    outcome: str
    url: str
    back: tuple[str, str] | None
    created_at: datetime


def job(row: Job) -> JobView:
    return JobView(
        pk=row.pk,
        title=str(JOB_TITLES.get(row.kind, row.kind)),
        state=row.get_state_display(),
        tone=JOB_TONES.get(row.state, ""),
        running=row.state in {Job.State.QUEUED, Job.State.RUNNING},
        failed=row.state in {Job.State.FAILED, Job.State.CANCELLED},
        progress=row.progress,
        message=row.message if row.state in {Job.State.QUEUED, Job.State.RUNNING} else "",
        error=row.error,
        outcome=str(row.result.get("message", "")),
        url=_link(row.result.get("link")),
        back=next(
            ((_link([page, row.args[name]]), str(words)) for name, (page, words) in ABOUT.items() if name in row.args),
            None,
        ),
        created_at=row.created_at,
    )


def _link(link: Any) -> str:
    """A handler names its result as [url name, *args]: the page of it, or nothing."""
    if not isinstance(link, list) or not link:
        return ""
    try:
        return reverse(link[0], args=link[1:])
    except NoReverseMatch:
        return ""
