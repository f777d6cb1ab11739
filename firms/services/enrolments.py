"""企业注册: somebody asks to speak for a firm; the office decides; only then is there an account.

The answer to the visitor is the same whether the firm or the address is known: nothing is looked up before the office does.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from firms.importing.attachments import identify
from firms.importing.problem import Unreadable
from firms.models import Enrolment, Firm, Membership, Role, User
from firms.permissions import role_of
from firms.services import audit, links, mail, messages
from firms.services.import_scope import clean_name, refusal_of
from firms.services.members import account_for, join
from firms.services.refusal import Refusal

LETTERS = ("pdf", "jpg", "png")
_WAITING = 500  # undecided applications the queue takes; a flood must not fill the disk


def apply(*, credit_code: str, firm_name: str, name: str, phone: str, email: str, letter: File) -> None:
    """Put one application into the office's queue; the same person's for the same firm waits there once.

    Raises Refusal (400) for a letter that is not PDF, JPG or PNG by content, or too large.
    """
    kind = _kind(letter)
    email = email.strip().lower()
    waiting = Enrolment.objects.filter(state=Enrolment.State.PENDING)
    if waiting.filter(credit_code=credit_code, email=email).exists():
        return
    if waiting.count() >= _WAITING:
        raise Refusal(
            "queue_full", _("待审批的申请过多，暂不受理。"), hint=_("请过几天再试，或联系积分办。"), status=429
        )
    row = Enrolment(credit_code=credit_code, firm_name=firm_name, name=name, phone=phone, email=email)
    row.letter.save(f"{uuid.uuid4().hex}.{kind}", letter, save=False)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            audit.record("enrolment.apply", f"企业注册申请：{firm_name}", by=None, target=row)
            messages.tell(
                messages.people_of_office(), key=f"enrolment:{row.pk}", mail=False, link="/enrolments/",
                title=_("新的企业注册申请"), body=f"{firm_name}（{credit_code}），联系人{name}。",
            )  # fmt: skip
    except BaseException as error:
        row.letter.delete(save=False)
        if not isinstance(error, IntegrityError):  # sent twice at once: the other one is in the queue
            raise


@transaction.atomic
def approve(enrolment: Enrolment, *, by: User) -> User:
    """Open the account (or take the firm into the one this address has), as the firm's 管理员, and write how to get in.

    Raises Refusal: somebody else has decided (409), the firm is not in the register (409), the address is of an account
    that cannot speak for firms (409). The same officer asking twice is told the same account.
    """
    row = _take(enrolment, by)
    if row.state == Enrolment.State.APPROVED and row.decided_by_id == by.pk and row.user:
        return row.user
    _refuse_if_decided(row)
    firm = Firm.objects.filter(credit_code=row.credit_code).first()
    if firm is None:
        raise Refusal(
            "firm_unknown", _("企业名录中没有这个统一社会信用代码。"), place=row.credit_code,
            hint=_("请先在后台补充该企业，或以“名录中没有”为由退回。"),
        )  # fmt: skip
    managers = list(
        User.objects.filter(memberships__firm=firm, memberships__kind=Membership.Kind.MANAGER, is_active=True)
    )
    user, new = account_for(row.email, name=row.name, phone=row.phone)
    join(user, firm, Membership.Kind.MANAGER)
    _decide(row, Enrolment.State.APPROVED, by, user=user)
    audit.record(
        "enrolment.approve", f"通过企业注册：{firm}", by=by, target=row,
        after={"firm": firm.credit_code, "user": user.username, "new": new},
    )  # fmt: skip
    mail.queue(row.email, _("企业注册已通过"), _welcome(user, firm, new), key=f"enrolment.approved:{row.pk}")
    others = [manager for manager in managers if manager.pk != user.pk]
    messages.tell(
        others, key=f"enrolment.joined:{row.pk}", link=f"/members/{firm.credit_code}/",
        title=_("本企业新增一名管理员"),
        body=_("积分办已通过%(name)s的注册申请，其成为%(firm)s的管理员。如有疑问请联系积分办。") % {"name": row.name, "firm": firm},
    )  # fmt: skip
    return user


@transaction.atomic
def refuse(enrolment: Enrolment, *, reason: str, by: User) -> None:
    """Answer no, with the reason by mail. Raises Refusal: no reason (400), or somebody has decided (409)."""
    row, reason = _take(enrolment, by), reason.strip()
    if row.state == Enrolment.State.REFUSED and row.decided_by_id == by.pk and row.reason == reason[:500]:
        return
    _refuse_if_decided(row)
    if not reason:
        raise Refusal("reason_required", _("退回要写明原因。"), place=_("原因"), hint=_("请填写后再提交。"), status=400)
    _decide(row, Enrolment.State.REFUSED, by, reason=reason[:500])
    audit.record(
        "enrolment.refuse", f"退回企业注册：{row.firm_name}", by=by, target=row, after={"reason": reason[:500]}
    )
    body = (
        f"{row.name}：\n\n您为“{row.firm_name}”（{row.credit_code}）提交的注册申请未通过。\n\n原因：{reason[:500]}\n\n"
        f"改正后可重新申请：{links.page('/enrol/')}\n\n{mail.SIGNATURE}"
    )
    mail.queue(row.email, _("企业注册未通过"), body, key=f"enrolment.refused:{row.pk}")


def _take(enrolment: Enrolment, by: User) -> Enrolment:
    """The row as it is now, and nobody else's until this transaction ends: of two officers, one decides."""
    if role_of(by) != Role.OFFICE:
        raise Refusal("forbidden", _("只有积分办可以审批企业注册。"), status=403)
    return Enrolment.objects.select_for_update(of=("self",)).select_related("decided_by", "user").get(pk=enrolment.pk)


def _refuse_if_decided(row: Enrolment) -> None:
    if row.state != Enrolment.State.PENDING:
        raise Refusal(
            "enrolment_decided",
            _("该申请已由%(who)s处理：%(state)s。") % {"who": row.decided_by, "state": row.get_state_display()},
            place=row.firm_name, hint=_("请返回列表查看最新状态。"),
        )  # fmt: skip


def _decide(row: Enrolment, state: str, by: User, *, user: User | None = None, reason: str = "") -> None:
    row.state, row.decided_by, row.decided_at, row.user, row.reason = state, by, timezone.now(), user, reason
    row.save(update_fields=["state", "decided_by", "decided_at", "user", "reason"])


def _kind(letter: File) -> str:
    name = clean_name(letter.name or "")
    try:
        kind = identify(letter, name, settings.LETTER_MAX_BYTES)  # type: ignore[arg-type]
    except Unreadable as bad:
        raise refusal_of(bad, _("授权书")) from bad
    if kind not in LETTERS:
        raise Refusal(
            "not_a_letter",
            _("授权书须为 PDF、JPG 或 PNG。"),
            place=_("授权书"),
            hint=_("请扫描或拍照后上传。"),
            status=400,
        )
    return kind


def _welcome(user: User, firm: Firm, new: bool) -> str:
    if not new:
        how = f"请用原有账号“{user.username}”登录：{links.page('/accounts/login/')}"
    else:
        how = (
            f"用户名：{user.username}\n请先打开以下链接设置密码，再用用户名登录：\n\n{links.marker('password', user.pk)}\n\n"
            f"链接24小时内有效；过期的，可在登录页点“忘记密码”重新获取。"
        )
    return f"{user}：\n\n您为“{firm}”（{firm.credit_code}）提交的注册申请已通过，您是该企业的管理员。\n\n{how}\n\n{mail.SIGNATURE}"
