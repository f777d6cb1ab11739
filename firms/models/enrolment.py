from django.conf import settings
from django.db import models

from firms.models.firm import Membership
from firms.querysets import OfFirmQuerySet


class Enrolment(models.Model):
    """注册申请: somebody asks to speak for a firm; the office approves, and only then is there an account."""

    class State(models.TextChoices):
        PENDING = "pending", "待审批"
        APPROVED = "approved", "已通过"
        REFUSED = "refused", "未通过"

    credit_code = models.CharField("统一社会信用代码", max_length=18)
    firm_name = models.CharField("企业名称", max_length=128)
    name = models.CharField("联系人", max_length=64)
    phone = models.CharField("联系电话", max_length=32)
    email = models.EmailField("电子邮箱")
    letter = models.FileField("授权书", upload_to="enrolments/%Y/%m/", max_length=255, blank=True)
    state = models.CharField("状态", max_length=12, choices=State.choices, default=State.PENDING)
    created_at = models.DateTimeField("申请时间", auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="审批人", null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField("审批时间", null=True, blank=True)
    reason = models.CharField("意见", max_length=500, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="账号", null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = verbose_name_plural = "注册申请"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                name="enrolment_one_pending", fields=["credit_code", "email"], condition=models.Q(state="pending")
            )
        ]

    def __str__(self) -> str:
        return f"{self.firm_name} {self.name}"


class Invitation(models.Model):
    """邀请: a link, valid once and for some days, by which a person gets an account of a firm. Only its digest is kept."""

    firm = models.ForeignKey("firms.Firm", models.CASCADE, verbose_name="企业", related_name="invitations")
    kind = models.CharField("身份", max_length=16, choices=Membership.Kind.choices, default=Membership.Kind.REPORTER)
    name = models.CharField("姓名", max_length=64, blank=True)
    email = models.EmailField("电子邮箱")
    token_digest = models.CharField("令牌摘要", max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="邀请人", related_name="+")
    created_at = models.DateTimeField("邀请时间", auto_now_add=True)
    expires_at = models.DateTimeField("有效期至")
    accepted_at = models.DateTimeField("接受时间", null=True, blank=True)
    revoked_at = models.DateTimeField("撤回时间", null=True, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="账号", null=True, blank=True, related_name="+"
    )

    objects = OfFirmQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "邀请"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.firm} {self.email}"
