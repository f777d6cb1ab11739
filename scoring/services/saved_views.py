"""常用查询: a question of 多维检索 kept under a name; its owner alone changes it, colleagues open what is shared."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from firms.models import User
from firms.services import audit
from firms.services.refusal import Refusal
from scoring.analysis.query import Query
from scoring.models import SavedView
from scoring.services.analysis import may_ask, problems_of

MOST = 200  # of one person
LONGEST = 60


def listing(user: User) -> list[SavedView]:
    """One's own first, then what colleagues share, each by name (one query). Raises PermissionDenied."""
    _permit(user)
    views = SavedView.objects.visible_to(user).select_related("owner").order_by("title", "pk")
    return sorted(views, key=lambda view: view.owner_id != user.pk)


def opened(user: User, pk: int) -> SavedView:
    """A view of one's own or a shared one. Raises PermissionDenied, and Refusal where there is none (404)."""
    _permit(user)
    view = SavedView.objects.visible_to(user).select_related("owner").filter(pk=pk).first()
    if view is None:
        raise _gone()
    return view


def question(view: SavedView) -> Query:
    """What is kept, as a question; what this version no longer understands is among its problems."""
    return Query.from_json(view.query)


@transaction.atomic
def save(*, title: str, query: Query, shared: bool = False, by: User) -> SavedView:
    """Keep a question under a name of one's own. The same one under the same name again is the one there is.

    Raises PermissionDenied, and Refusal: no name, one too long, a question that cannot be asked (400), the name used for
    another question, too many views (409).
    """
    _permit(by)
    name, said = _title(title), _asked(by, query)
    User.objects.select_for_update().get(pk=by.pk)  # of one form sent twice the second finds the first one's view
    same = SavedView.objects.filter(owner=by, title=name).first()
    if same is not None:
        if same.query == said:
            return same
        raise _taken(name)
    if SavedView.objects.filter(owner=by).count() >= MOST:
        raise Refusal(
            "too_many_views", _("常用查询最多%(most)d个。") % {"most": MOST}, place=_("常用查询"),
            hint=_("请先删除不用的查询。"),
        )  # fmt: skip
    view = SavedView.objects.create(owner=by, title=name, query=said, shared=shared)
    audit.record("view.save", f"保存查询：{view.title}", by=by, target=view, after=_kept(view))
    return view


@transaction.atomic
def revise(view: SavedView, *, query: Query, version: int, by: User) -> SavedView:
    """Put another question under the name. ``version``: of the view the page showed. The same again does nothing."""
    said = _asked(by, query)
    return _change(view, version, by, "view.revise", "更新查询", query=said)


@transaction.atomic
def rename(view: SavedView, *, title: str, version: int, by: User) -> SavedView:
    """Another name. Raises Refusal (409) where one has that name already."""
    name = _title(title)
    if SavedView.objects.filter(owner_id=by.pk, title=name).exclude(pk=view.pk).exists():
        raise _taken(name)
    return _change(view, version, by, "view.rename", "查询改名", title=name)


@transaction.atomic
def share(view: SavedView, *, shared: bool, version: int, by: User) -> SavedView:
    """Let colleagues open it, or no more. Whoever opens it sees what they may see of it."""
    verb = "共享查询" if shared else "取消共享查询"
    return _change(view, version, by, "view.share", verb, shared=shared)


@transaction.atomic
def delete(view: SavedView, *, version: int, by: User) -> None:
    """Throw it away; the trail keeps the question, so that it can be asked again. One gone already is gone."""
    _permit(by)
    held = SavedView.objects.select_for_update().filter(pk=view.pk).first()
    if held is None:
        return
    _guard(held, version, by)
    audit.record("view.delete", f"删除查询：{held.title}", by=by, target=held, before=_kept(held))
    held.delete()


def _change(view: SavedView, version: int, by: User, action: str, words: str, **changed: object) -> SavedView:
    _permit(by)
    held = SavedView.objects.select_for_update().filter(pk=view.pk).first()
    if held is None:
        raise _gone()
    if held.owner_id != by.pk:
        raise PermissionDenied
    if all(getattr(held, name) == value for name, value in changed.items()):
        return held
    _guard(held, version, by)
    before = _kept(held)
    for name, value in changed.items():
        setattr(held, name, value)
    held.version += 1
    held.save(update_fields=[*changed, "version", "updated_at"])
    audit.record(action, f"{words}：{held.title}", by=by, target=held, before=before, after=_kept(held))
    return held


def _guard(held: SavedView, version: int, by: User) -> None:
    if held.owner_id != by.pk:
        raise PermissionDenied
    if held.version != version:
        raise Refusal(
            "stale_version", _("这个查询已在别处修改。"), place=held.title, hint=_("请刷新页面，核对后再操作。")
        )


def _permit(user: User) -> None:
    if not may_ask(user):
        raise PermissionDenied


def _asked(by: User, query: Query) -> dict[str, object]:
    _permit(by)
    problems = problems_of(by, query)
    if problems:
        raise Refusal(
            "bad_query", _("这个查询还不能保存：%(problem)s") % {"problem": problems[0].message}, place=problems[0].path,
            hint=_("请更正后再保存。"), status=400,
        )  # fmt: skip
    return query.to_json()


def _title(text: str) -> str:
    name = " ".join(unicodedata.normalize("NFC", text).replace("\0", "").split())
    if not name:
        raise Refusal(
            "no_title", _("请填写名称。"), place=_("名称"), hint=_("例如：高研发强度的成长期企业。"), status=400
        )
    if len(name) > LONGEST:
        raise Refusal(
            "long_title",
            _("名称最多%(most)d个字。") % {"most": LONGEST},
            place=_("名称"),
            hint=_("请缩短。"),
            status=400,
        )
    return name


def _taken(name: str) -> Refusal:
    return Refusal(
        "title_taken", _("您已有名为“%(name)s”的查询。") % {"name": name}, place=_("名称"),
        hint=_("请换一个名称，或打开原来的查询更新它。"),
    )  # fmt: skip


def _gone() -> Refusal:
    return Refusal(
        "no_view",
        _("没有这个查询，可能已被删除或不再共享。"),
        place=_("常用查询"),
        hint=_("请从列表中重新选择。"),
        status=404,
    )


def _kept(view: SavedView) -> dict[str, object]:
    return {"title": view.title, "shared": view.shared, "query": view.query}
