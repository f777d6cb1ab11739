"""公告公示: a text with its files is drafted, looked at, published, and taken down again; nothing is deleted, a published one
never changes unseen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from firms.models import User
from firms.permissions import may_run_periods
from firms.services import audit
from firms.services.refusal import Refusal
from firms.services.uploads import Upload, examined
from scoring.models import Announcement, AnnouncementFile, EvaluationPeriod

State = Announcement.State


class FileRefused(Refusal):
    """The text would do; one of its files does not."""


@transaction.atomic
def draft(
    *,
    kind: str,
    title: str,
    body: str,
    pinned: bool = False,
    period: EvaluationPeriod | None = None,
    added: Iterable[File] = (),
    by: User,
) -> Announcement:
    """A new draft with its files, seen by the office alone. The very same text sent twice by one person is one draft.

    Raises Refusal: not the office (403), no title or text, or one too long (400), and what ``attach`` raises.
    """
    _permit(by)
    wanted, uploads = _checked(kind, title, body, pinned, period), _examined(added)
    User.objects.select_for_update().get(pk=by.pk)  # of one form sent twice the second finds the first one's draft
    same = Announcement.objects.filter(author=by, state=State.DRAFT, **wanted).first()
    if same is None:
        same = Announcement.objects.create(author=by, **wanted)
        audit.record("announcement.draft", f"拟稿：{same.title}", by=by, target=same, after=_said(same))
    _attach(same, uploads, by)
    return same


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
    added: Iterable[File] = (),
    removed: Iterable[AnnouncementFile] = (),
    by: User,
) -> Announcement:
    """Change the text, whatever its state; the trail keeps it before and after. ``version``: of the text the page showed.

    ``added`` are attached and ``removed`` taken away with it, or nothing at all is done. The same text and files again do nothing.
    Raises Refusal: not the office (403), no title or text (400), somebody else's change in between (409), and what ``attach``
    raises.
    """
    _permit(by)
    wanted, uploads = _checked(kind, title, body, pinned, period), _examined(added)
    held = _lock(announcement)
    before = _said(held)
    gone = list(held.files.attached().filter(pk__in=[file.pk for file in removed]))
    changed = any(getattr(held, name) != value for name, value in wanted.items())
    if changed or gone or _new(held, uploads):
        _refuse_stale(held, version)
    if changed:
        for name, value in wanted.items():
            setattr(held, name, value)
        _save(held, *wanted)
        words = f"修改{held.get_state_display()}公告：{held.title}"
        audit.record("announcement.edit", words, by=by, target=held, before=before, after=_said(held))
    _remove(held, gone, by)  # before others come: what replaces a file may bear its name
    _attach(held, uploads, by)
    return held


@transaction.atomic
def attach(announcement: Announcement, *files: File, by: User) -> Announcement:
    """Hang files on it, whatever its state; of a published one they are in sight at once. Bytes that are there are not added again.

    Raises Refusal: not the office (403), not a file we take (400), too many, or one of the same name (409).
    """
    _permit(by)
    uploads = _examined(files)
    held = _lock(announcement)
    _attach(held, uploads, by)
    return held


@transaction.atomic
def remove(file: AnnouncementFile, *, by: User) -> Announcement:
    """Take a file out of sight, whatever its announcement's state; one removed already stays so. Not the office: Refusal (403)."""
    _permit(by)
    held = _lock(file.announcement)
    _remove(held, list(held.files.attached().filter(pk=file.pk)), by)
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
        before={"state": before}, after=_said(held) | {"files": [_named(row) for row in held.files.attached()]},
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


def _examined(files: Iterable[File]) -> list[Upload]:
    return [examined(file, settings.EVIDENCE_MAX_BYTES) for file in files]


def _new(held: Announcement, uploads: list[Upload]) -> list[Upload]:
    """Those that do not hang on it yet, each once."""
    there = set(held.files.attached().values_list("sha256", flat=True))
    return list({upload.sha256: upload for upload in uploads if upload.sha256 not in there}.values())


def _attach(held: Announcement, uploads: list[Upload], by: User) -> None:
    """The last step of a deed: what is on the disk then stays there."""
    new = _new(held, uploads)
    if not new:
        return
    _refuse_beside(list(held.files.attached().values_list("file_name", flat=True)), new)
    rows: list[AnnouncementFile] = []
    try:
        for upload in new:
            row = AnnouncementFile(
                announcement=held, file_name=upload.name, media_type=upload.media_type, sha256=upload.sha256,
                size=upload.size, added_by=by,
            )  # fmt: skip
            rows.append(row)
            row.file.save(upload.stored_as, upload.file, save=False)
            row.save(force_insert=True)
            audit.record(
                "announcement.attach", f"{held.get_state_display()}公告添加附件 {row.file_name}：{held.title}", by=by,
                target=held, after=_named(row),
            )  # fmt: skip
        _save(held)
    except BaseException:
        for row in rows:
            row.file.delete(save=False)
        raise


def _refuse_beside(names: list[str], new: list[Upload]) -> None:
    """Readers tell files by their names; ``names``: of those that are there."""
    for upload in new:
        place = _("文件“%(name)s”") % {"name": upload.name}
        if upload.name in names:
            hint = _("要替换的，请同时移除原来的；否则请改名后再添加。")
            raise FileRefused("same_name", _("已有同名的附件。"), place=place, hint=hint)
        names.append(upload.name)
        if len(names) > settings.ANNOUNCEMENT_MAX_FILES:
            words = _("一篇公告最多%d个附件。") % settings.ANNOUNCEMENT_MAX_FILES
            raise FileRefused("too_many_files", words, place=place, hint=_("请合并后再添加，或先移除不用的。"))


def _remove(held: Announcement, files: list[AnnouncementFile], by: User) -> None:
    for row in files:
        row.removed_at = timezone.now()
        row.save(update_fields=["removed_at"])
        audit.record(
            "announcement.detach", f"{held.get_state_display()}公告移除附件 {row.file_name}：{held.title}", by=by,
            target=held, before=_named(row),
        )  # fmt: skip
    if files:
        _save(held)


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


def _named(row: AnnouncementFile) -> dict[str, Any]:
    return {"file": row.file_name, "sha256": row.sha256, "size": row.size}
