"""计分说明: issued once a published score, taken back with a reason."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from firms.models import Firm, Role, User
from firms.permissions import may_see_firm, role_of
from firms.services import audit
from firms.services.refusal import Refusal
from scoring.assembly import statement
from scoring.models import Certificate, EvaluationPeriod, Score

REWORDED = "说明的内容已更新，重新开具"


@transaction.atomic
def issue(firm: Firm, year: int, *, by: User) -> Certificate:
    """The certificate of the firm's published score of a year; asked again, the same one.

    For the firm's own accounts and the office. Raises Refusal where nothing is published, or the firm has no rank. The lock on
    the period keeps the publication where it is, and lets one of two askers find what the other made.
    """
    _permit(by, role_of(by) == Role.OFFICE or (role_of(by) == Role.FIRM and may_see_firm(by, firm)))
    period = EvaluationPeriod.objects.select_for_update(of=("self",)).filter(year=year).first()
    scores = Score.objects.select_related("run__period", "run__scheme")
    score = (
        scores.filter(firm=firm, run=period.published_run_id).first() if period and period.published_run_id else None
    )
    if score is None or score.status != Score.Status.SCORED:
        raise Refusal(
            "nothing_published", _("本企业在该年度没有已公布的得分，不能开具计分说明。"), place=firm.name,
            hint=_("评价结果公布后再来开具；不纳入或待补数据的，见“积分”一页的说明。"),
        )  # fmt: skip
    digest = statement.digest(statement.content(score))
    known = Certificate.objects.in_force().filter(score=score).first()
    if known is not None and known.digest == digest:
        return known
    if known is not None:
        _revoke(known, REWORDED, by)
    made = Certificate.objects.create(
        code=statement.new_code(), score=score, firm=firm, digest=digest, issued_by=by
    )  # fmt: skip
    audit.record(
        "certificate.issue",
        _("开具%(firm)s%(year)s年度计分说明，校验码%(code)s")
        % {"firm": firm.name, "year": year, "code": statement.grouped(made.code)},
        by=by, target=made, after={"score": score.pk, "run": score.run_id, "digest": digest},
    )  # fmt: skip
    return made


@transaction.atomic
def revoke(certificate: Certificate, *, reason: str, by: User) -> Certificate:
    """Take one back; whoever checks it is told so from now on. Done already, it stays as it is. Raises Refusal."""
    _permit(by, role_of(by) == Role.OFFICE)
    current = Certificate.objects.select_for_update(of=("self",)).select_related("firm").get(pk=certificate.pk)
    if current.revoked_at is not None:
        return current
    if not reason.strip():
        raise Refusal("no_reason", _("作废必须写明原因。"), place=_("原因"), hint=_("请填写后重新提交。"), status=400)
    return _revoke(current, reason.strip()[:200], by)


def _revoke(current: Certificate, reason: str, by: User) -> Certificate:
    current.revoked_at = timezone.now()
    current.revoked_reason = reason
    current.save(update_fields=["revoked_at", "revoked_reason"])
    audit.record(
        "certificate.revoke",
        _("作废%(firm)s的计分说明%(code)s：%(reason)s")
        % {"firm": current.firm.name, "code": statement.grouped(current.code), "reason": reason},
        by=by, target=current, before={"revoked": False}, after={"revoked": True, "reason": reason},
    )  # fmt: skip
    return current


def _permit(by: User, allowed: bool) -> None:
    if not allowed:
        raise Refusal("forbidden", _("您的账号无权办理计分说明。"), hint=_("请由本企业账号或积分办办理。"), status=403)
