"""公告公示: a text is drafted, looked at, published, and taken down again; nothing is deleted, a published one never changes unseen."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from firms.models import User
from firms.permissions import may_run_periods
from firms.services import audit
from firms.services.refusal import Refusal
from scoring.models import Announcement, EvaluationPeriod

State = Announcement.State


@transaction.atomic
def draft(
    *, kind: str, title: str, body: str, pinned: bool = False, period: EvaluationPeriod | None = None, by: User
) -> Announcement:
    """A new draft, seen by the office alone. The very same text sent twice by one person is one draft.

    Raises Refusal: not the office (403), no title or text, or one too long (400).
    """
    _permit(by)
    wanted = _checked(kind, title, body, pinned, period)
    User.objects.select_for_update().get(pk=by.pk)  # of one form sent twice the second finds the first one's draft
    same = Announcement.objects.filter(author=by, state=State.DRAFT, **wanted).first()
    if same is not None:
        return same
    made = Announcement.objects.create(author=by, **wanted)
    audit.record("announcement.draft", f"拟稿：{made.title}", by=by, target=made, after=_said(made))
    return made


@transaction.atomic
def edit(
    announcement: Announcement,
    *,
    version: int,
    kind: str,
    title: str,
    body: str,
    pinned: bool = False,
    period: EvaluationPeriod | None = None,
    by: User,
) -> Announcement:
    """Change the text, whatever its state; the trail keeps it before and after. ``version``: of the text the page showed.

    The same text again does nothing. Raises Refusal: not the office (403), no title or text (400), somebody else's change
    in between (409).
    """
    _permit(by)
    wanted = _checked(kind, title, body, pinned, period)
    held = _lock(announcement)
    before = _said(held)
    if all(getattr(held, name) == value for name, value in wanted.items()):
        return held
    _refuse_stale(held, version)
    for name, value in wanted.items():
        setattr(held, name, value)
    _save(held, *wanted)
    words = f"修改{held.get_state_display()}公告：{held.title}"
    audit.record("announcement.edit", words, by=by, target=held, before=before, after=_said(held))
    return held


@transaction.atomic
def publish(announcement: Announcement, *, version: int, by: User) -> Announcement:
    """Show it to everybody from now on. One published already stays as it is.

    Raises Refusal: not the office (403), a text changed since the page was made (409).
    """
    _permit(by)
    held = _lock(announcement)
    if held.state == State.PUBLISHED:
        return held
    _refuse_stale(held, version)
    before = held.state
    held.state, held.published_at = State.PUBLISHED, timezone.now()
    _save(held, "state", "published_at")
    audit.record(
        "announcement.publish", f"发布公告：{held.title}", by=by, target=held,
        before={"state": before}, after=_said(held),
    )  # fmt: skip
    return held


@transaction.atomic
def withdraw(announcement: Announcement, *, version: int, reason: str, by: User) -> Announcement:
    """Take a published one down, with a reason; it can be published again. One taken down already stays so.

    Raises Refusal: not the office (403), no reason (400), never published or changed since the page was made (409).
    """
    _permit(by)
    held = _lock(announcement)
    if held.state == State.WITHDRAWN:
        return held
    if held.state == State.DRAFT:
        raise Refusal("not_published", _("该公告还没有发布。"), place=held.title, hint=_("刷新页面查看当前状态。"))
    if not reason.strip():
        raise Refusal(
            "no_reason", _("撤下公告必须写明原因。"), place=_("原因"), hint=_("请填写后重新提交。"), status=400
        )
    _refuse_stale(held, version)
    held.state = State.WITHDRAWN
    _save(held, "state")
    audit.record(
        "announcement.withdraw", f"撤下公告：{held.title}（{reason.strip()}）", by=by, target=held,
        before={"state": State.PUBLISHED}, after={"state": State.WITHDRAWN, "reason": reason.strip()},
    )  # fmt: skip
    return held


def _permit(by: User) -> None:
    if not may_run_periods(by):
        raise Refusal("not_office", _("公告由积分办发布。"), hint=_("请联系积分办。"), status=403)


def _checked(kind: str, title: str, body: str, pinned: bool, period: EvaluationPeriod | None) -> dict[str, Any]:
    # One kind of line end, so that the same text is the same whichever browser sent it.
    title, body = " ".join(title.split()), body.replace("\r\n", "\n").replace("\r", "\n").strip()
    if kind not in Announcement.Kind.values:
        raise Refusal("unknown_kind", _("没有这种公告。"), place=_("类型"), hint=_("请从列表中选择。"), status=400)
    limits = {"title": (_("标题"), title, 120), "body": (_("正文"), body, 20_000)}
    for place, text, most in limits.values():
        if not text:
            raise Refusal("empty", _("请填写%s。") % place, place=place, hint=_("请填写后重新提交。"), status=400)
        if len(text) > most:
            words = _("%(place)s最多%(most)d个字，现有%(now)d个。") % {"place": place, "most": most, "now": len(text)}
            raise Refusal("too_long", words, place=place, hint=_("请删减后重新提交。"), status=400)
    return {"kind": kind, "title": title, "body": body, "pinned": pinned, "period": period}


def _lock(announcement: Announcement) -> Announcement:
    return Announcement.objects.select_for_update(of=("self",)).select_related("period").get(pk=announcement.pk)


def _refuse_stale(held: Announcement, version: int) -> None:
    if version != held.version:
        raise Refusal(
            "stale_version", _("该公告已被他人修改。"), place=held.title, hint=_("请刷新页面，核对后再操作。")
        )


def _save(held: Announcement, *fields: str) -> None:
    held.version += 1
    held.save(update_fields=[*fields, "version", "updated_at"])


def _said(row: Announcement) -> dict[str, Any]:
    return {
        "kind": row.kind, "title": row.title, "body": row.body, "pinned": row.pinned,
        "year": row.period.year_id if row.period else None, "state": row.state,
    }  # fmt: skip
