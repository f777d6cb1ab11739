"""荣誉榜: the office shows the best of each stage and industry of a published run, in bands; one list a run is in force."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from firms.models import User
from firms.permissions import may_run_periods
from firms.services import audit
from firms.services.refusal import Refusal
from scoring.models import EvaluationPeriod, HonourList
from scoring.policies import bands_in_words as in_words
from scoring.policies import honour_bands


@transaction.atomic
def issue(period: EvaluationPeriod, bands: Sequence[int], *, version: int, by: User) -> HonourList:
    """Show the list of the run ``period`` publishes. ``version``: of the period as the page showed it, with its counts.

    The same bands again are the list there is. Raises Refusal: not the office (403), bands that are none (400), a period that
    is not published or was published anew since, or a list with other bands in force (409).
    """
    _permit(by)
    wanted = honour_bands(bands)
    # The period's row is the mutex: of two who issue at once the second finds the first one's list.
    held = _lock(period)
    if held.published_run_id is None:
        raise Refusal(
            "not_published", _("该评价期没有公布。"), place=held.name, hint=_("请先公布评价结果，再公布荣誉榜。")
        )
    there = HonourList.objects.in_force().filter(run=held.published_run_id).first()
    if there is not None and there.bands == wanted:
        return there
    if version != held.version:
        raise Refusal(
            "stale_version",
            _("该评价期的公布结果已有变化。"),
            place=held.name,
            hint=_("请刷新页面，核对家数后再公布。"),
        )
    if there is not None:
        raise Refusal(
            "already_issued",
            _("已公布%(bands)s的荣誉榜。") % {"bands": in_words(there.bands)},
            place=held.name,
            hint=_("要改档次，请先撤下现在的荣誉榜。"),
        )
    made = HonourList.objects.create(run_id=held.published_run_id, bands=wanted, issued_by=by)
    audit.record(
        "honours.issue", f"公布{held.name}荣誉榜（{in_words(wanted)}）", by=by, target=made,
        after={"year": held.year_id, "run": held.published_run_id, "bands": wanted},
    )  # fmt: skip
    return made


@transaction.atomic
def withdraw(honours: HonourList, *, version: int, reason: str, by: User) -> HonourList:
    """Take a list down, with a reason. One taken down already stays so.

    Raises Refusal: not the office (403), no reason (400), changed since the page was made (409).
    """
    _permit(by)
    held = HonourList.objects.select_for_update(of=("self",)).select_related("run__period").get(pk=honours.pk)
    if held.withdrawn_at is not None:
        return held
    name = held.run.period.name
    if not reason.strip():
        raise Refusal(
            "no_reason", _("撤下荣誉榜必须写明原因。"), place=_("原因"), hint=_("请填写后重新提交。"), status=400
        )
    if version != held.version:
        raise Refusal("stale_version", _("该荣誉榜已被他人修改。"), place=name, hint=_("请刷新页面，核对后再操作。"))
    held.withdrawn_at = timezone.now()
    held.version += 1
    held.save(update_fields=["withdrawn_at", "version"])
    audit.record(
        "honours.withdraw", f"撤下{name}荣誉榜：{reason.strip()}", by=by, target=held,
        before={"bands": held.bands}, after={"reason": reason.strip()},
    )  # fmt: skip
    return held


def _permit(by: User) -> None:
    if not may_run_periods(by):
        raise Refusal("not_office", _("荣誉榜由积分办公布。"), hint=_("请联系积分办。"), status=403)


def _lock(period: EvaluationPeriod) -> EvaluationPeriod:
    return EvaluationPeriod.objects.select_for_update(no_key=True).get(pk=period.pk)
