"""What passed between the firm and the offices: claims, objections, decisions, its forms, extensions, messages."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from firms.models import (
    Decision,
    Extension,
    Firm,
    Message,
    Metric,
    Objection,
    RegisterClaim,
    ReportEvent,
    Source,
    User,
)
from firms.presenters.claims import fact_view
from firms.presenters.figures import shown
from scoring.presenters.firm_file.blocks import Asked, Block, Cell, Section, day, heads, minute, texts

TONES = {
    "upheld": "good",
    "verified": "good",
    "accepted": "good",
    "rejected": "bad",
    "refused": "bad",
    "returned": "bad",
}


def claims(firm: Firm, user: User, asked: Asked) -> Section:
    rows = RegisterClaim.objects.visible_to(user).filter(firm=firm).select_related("department", "decided_by")
    found, pager = asked.cut("claims", rows.order_by("-pk"))
    can_open = user.role in ("office", "department")
    lines = [
        [
            Cell(
                row.title or row.get_kind_display(), (row.document_number,) if row.document_number else (),
                reverse("firms:claim", args=[row.pk]) if can_open else "",
            ),
            *texts(row.get_kind_display(), fact_view(row).span, minute(row.submitted_at)),
            Cell(row.get_state_display(), tone=TONES.get(row.state, "")),
            *texts(row.department.short_name, row.answer),
        ]
        for row in found
    ]  # fmt: skip
    head = heads(
        _("名称"), _("台账"), _("日期"), _("提交时间"), _("状态"), _("核验部门"), _("核验意见"), days=(2, 3, 4, 5)
    )
    return Section("claims", _("台账申报"), [Block("", head, lines, empty=_("没有提交过的台账申报。"), pager=pager)])


def objections(firm: Firm, user: User, asked: Asked) -> Section:
    rows = Objection.objects.visible_to(user).filter(firm=firm).select_related("department", "metric", "answered_by")
    found, pager = asked.cut("objections", rows.order_by("-pk"))
    can_open = user.role in ("office", "department")
    lines = [
        [
            Cell(row.metric.name, (row.reason,), reverse("firms:objection", args=[row.pk]) if can_open else ""),
            *texts(row.year),
            Cell(shown(row.stated, row.metric), value=row.stated),
            Cell(shown(row.claimed, row.metric), value=row.claimed) if row.claimed is not None else Cell(),
            *texts(minute(row.raised_at)),
            Cell(row.get_state_display(), tone=TONES.get(row.state, "")),
            *texts(row.department.short_name, row.answer),
        ]
        for row in found
    ]
    head = heads(
        _("数据项"), _("年度"), _("现有数值"), _("企业主张"), _("提出时间"), _("状态"), _("答复部门"), _("答复"), numbers=(2, 3), days=(1, 4, 5, 6)
    )  # fmt: skip
    return Section("objections", _("异议"), [Block("", head, lines, empty=_("企业没有提出过异议。"), pager=pager)])


def decisions(firm: Firm, user: User, asked: Asked) -> Section:
    rows = Decision.objects.visible_to(user).filter(firm=firm).select_related("decided_by", "revoked_by")
    found, pager = asked.cut("decisions", rows.order_by("-pk"))
    metrics = Metric.objects.in_bulk(list({row.metric for row in found}), field_name="code")
    lines = []
    for row in found:
        metric = metrics.get(row.metric)
        against = tuple(
            _("未采用 %(figure)s：%(who)s") % {"figure": shown(value, metric), "who": str(Source(source).label)}
            for _pk, source, value in row.against
        )
        taken_back = _("由%(who)s于%(day)s撤销") % {"who": row.revoked_by, "day": day(row.revoked_at)}
        lines.append(
            [
                *texts(metric.name if metric else row.metric, row.year),
                Cell(shown(row.value, metric), (str(Source(row.source).label), *against), value=row.value),
                *texts(row.reason, str(row.decided_by), minute(row.decided_at)),
                Cell(taken_back, tone="muted") if row.revoked_at else Cell(_("生效中"), tone="good"),
            ]
        )
    head = heads(
        _("数据项"), _("年度"), _("采用"), _("理由"), _("裁定人"), _("时间"), _("状态"), numbers=(2,), days=(1, 5)
    )
    empty = _("没有裁定过的冲突。尚未裁定的差异在“历年数据”中以橙色标出。")
    return Section("decisions", _("冲突裁定"), [Block("", head, lines, empty=empty, pager=pager)])


def reports(firm: Firm, asked: Asked) -> Section:
    events = ReportEvent.objects.filter(report__firm=firm).select_related("report", "by", "by__department")
    found, pager = asked.cut("reports", events.order_by("-pk"))
    names = dict(Metric.objects.values_list("code", "name"))
    lines = [
        [
            *texts(_("%s年度") % event.report.year),
            Cell(event.get_kind_display(), tone=TONES.get(event.kind, "")),
            *texts(minute(event.at), str(event.by) if event.by else _("系统"), event.edition),
            Cell(
                event.note or (_("%d处退回原因") % len(event.remarks) if event.remarks else "—"),
                tuple(
                    _("%(cell)s：%(why)s") % {"cell": names.get(code, code) if code else _("整张表"), "why": why}
                    for code, why in event.remarks.items()
                ),
            ),
        ]
        for event in found
    ]
    leave = Extension.objects.filter(firm=firm).select_related("approved_by", "revoked_by")
    extended, more = asked.cut("extensions", leave.order_by("-pk"))
    return Section(
        "reports",
        _("填报与延期"),
        [
            Block(
                _("填报记录"),
                heads(_("年度"), _("动作"), _("时间"), _("操作人"), _("版本"), _("说明"), numbers=(4,), days=(0, 1, 2)),
                lines,
                empty=_("企业还没有提交过填报表。"),
                pager=pager,
            ),
            Block(
                _("延期"),
                heads(_("年度"), _("延至"), _("原因"), _("批准人"), _("批准时间"), _("状态"), days=(0, 1, 4)),
                [
                    [
                        *texts(_("%s年度") % row.year, f"{row.due_on:%Y-%m-%d}", row.reason, str(row.approved_by), minute(row.approved_at)),
                        Cell(_("由%(who)s于%(day)s撤销") % {"who": row.revoked_by, "day": day(row.revoked_at)}, tone="muted")
                        if row.revoked_at
                        else Cell(_("有效"), tone="good"),
                    ]
                    for row in extended
                ],
                empty=_("没有延期。"),
                pager=more,
                anchor="extensions",
            ),
        ],
    )  # fmt: skip


def messages(firm: Firm, asked: Asked) -> Section:
    sent = Message.objects.filter(user__memberships__firm=firm).select_related("user").distinct()
    found, pager = asked.cut("messages", sent.order_by("-pk"))
    lines = [
        [
            Cell(row.title, (row.body,) if row.body else ()),
            *texts(str(row.user), minute(row.created_at)),
            Cell(minute(row.read_at)) if row.read_at else Cell(_("未读"), tone="accent"),
        ]
        for row in found
    ]
    head = heads(_("内容"), _("收件人"), _("发出时间"), _("已读时间"), days=(2, 3))
    empty = _("还没有给这家企业的账号发过消息或催报。")
    return Section("messages", _("消息与催报"), [Block("", head, lines, empty=empty, pager=pager)])
