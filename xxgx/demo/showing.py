"""What the demo's office shows the public: announcements of every kind and state, and the honour list of the last results."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from firms.exports import Column, Table, write_xlsx
from firms.models import User
from scoring.models import Announcement, EvaluationPeriod
from scoring.policies import USUAL_BANDS
from scoring.presenters.ranking import ranking_page
from scoring.services import announcements, honours

# (days ago, kind, title, text, pinned); the last of them stays a draft.
TEXTS = (
    (
        88, "policy", "关于印发《新乡高新区企业创新积分制工作实施方案（试行）》的说明",
        "企业创新积分制以政府部门数据为主体，公开数据和企业填报为补充，对全区企业的创新能力进行评价。\n\n"
        "指标、分值、权重和计分标准全部列在本系统“积分办法”页面，由计分所用的方案文件自动生成，与实际计分一致。\n\n"
        "本文为演示内容。",
        False,
    ),
    (
        61, "notice", "关于企业账号注册和授权的通知",
        "各企业可凭统一社会信用代码在本系统申请账号，上传加盖公章的授权书，经积分办审批后使用。\n\n"
        "一家企业可以有多个账号：填报员负责填写，管理员负责提交。账号变动由企业管理员在“企业账号管理”中办理。\n\n"
        "本文为演示内容。",
        False,
    ),
    (
        34, "notice", "关于补充完善数据和佐证材料的通知",
        "部门已报送的数据在填报表中预先填好，企业只需补填缺项。对预填数据有异议的，请在填报表中点“有异议”，"
        "由报送部门核实答复，不必另行报送。\n\n佐证材料支持 PDF 和常见图片格式。\n\n本文为演示内容。",
        False,
    ),
    (
        0, "publicity", "关于企业创新积分评价结果的公示",
        "本期企业创新积分评价已经完成，结果在“积分榜单”公布。公示期五个工作日。\n\n"
        "企业对本企业得分有异议的，请登录后在“我的积分”查看每项指标的数据来源和计分过程，并在公示期内提出。\n\n"
        "本文为演示内容。",
        True,
    ),
    (
        0, "notice", "企业创新积分荣誉榜公布",
        "根据评价结果，按企业类型和主导产业公布荣誉榜，分为前5%、前5%～10%、前10%～20%三档，见“积分榜单”下的“荣誉榜”。\n\n"
        "本文为演示内容。",
        False,
    ),
    (
        20, "notice", "关于系统停机维护的通知", "系统将于本周六晚停机维护，届时暂停访问。\n\n本文为演示内容。", False,
    ),
    (
        0, "notice", "关于开展下一年度企业填报的通知（草稿）",
        "各企业：\n\n下一年度填报即将开始，请提前准备有关材料。\n\n本文为演示内容。", False,
    ),
)  # fmt: skip
WITHDRAWN = 5
DRAFT = 6
NAMED = 50  # firms in the list that hangs on the results' announcement


@transaction.atomic
def load_showing() -> int:
    """Announcements and an honour list; how many in all. Nothing where there is any announcement."""
    office = User.objects.filter(username="office").first()
    if office is None or Announcement.objects.exists():
        return 0
    latest = EvaluationPeriod.objects.published().order_by("-year_id").first()
    for number, (days, kind, title, body, pinned) in enumerate(TEXTS):
        period = latest if kind == "publicity" else None
        row = announcements.draft(kind=kind, title=title, body=body, pinned=pinned, period=period, by=office)
        if period is not None:
            row = announcements.attach(row, named(period, office), by=office)
        if number == DRAFT:
            continue
        row = announcements.publish(row, version=row.version, by=office)
        # As if it had been shown for a while.
        Announcement.objects.filter(pk=row.pk).update(published_at=timezone.now() - dt.timedelta(days=days))
        if number == WITHDRAWN:
            announcements.withdraw(row, version=row.version, reason="维护已完成", by=office)
    if latest is None:
        return len(TEXTS)
    honours.issue(latest, USUAL_BANDS, version=latest.version, by=office)
    return len(TEXTS) + 1


def named(period: EvaluationPeriod, office: User) -> ContentFile:
    """公示名单.xlsx: the first firms of the published results."""
    page = ranking_page(office, period=period.year_id, size=NAMED)
    table = Table(
        title=f"{period.name}公示名单",
        lines=[f"前{NAMED}名，本文为演示内容"],
        columns=[Column("名次", "integer"), Column("企业名称", width=40), Column("企业类型"), Column("最终得分", "number", "分", page.decimals)],
        rows=[(row.rank, row.name, row.stage_name, row.total) for row in page.rows],
        sheet="公示名单",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "table.xlsx")
        write_xlsx(table, path)
        return ContentFile(path.read_bytes(), "公示名单.xlsx")
