from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.crypto import salted_hmac


class Role(models.TextChoices):
    """One audience an account; the three administrators are separate persons (三员分立)."""

    FIRM = "firm", "企业"
    DEPARTMENT = "department", "职能部门"
    OFFICE = "office", "积分办"
    LEADER = "leader", "领导"
    BANK = "bank", "银行"
    SYSTEM = "system", "系统管理员"
    SECURITY = "security", "安全管理员"
    AUDIT = "audit", "审计管理员"


# 三员分立: whoever keeps the system neither is nor becomes one of those who work in it.
ADMINISTRATORS = frozenset({Role.SYSTEM, Role.SECURITY, Role.AUDIT})


class User(AbstractUser):
    first_name = None  # type: ignore[assignment]  # a Chinese name is one field
    last_name = None  # type: ignore[assignment]
    name = models.CharField("姓名", max_length=64, blank=True)
    role = models.CharField("角色", max_length=16, choices=Role.choices)
    department = models.ForeignKey(
        "firms.Department", models.PROTECT, verbose_name="职能部门", null=True, blank=True, related_name="users"
    )
    phone = models.CharField("联系电话", max_length=32, blank=True)
    # The password was given by somebody else, who therefore knows it.
    must_change_password = models.BooleanField("须修改密码", default=False, db_default=False, editable=False)

    REQUIRED_FIELDS: ClassVar[list[str]] = ["email", "role"]

    class Meta:
        verbose_name = verbose_name_plural = "账号"
        ordering = ["username"]
        constraints = [
            models.CheckConstraint(
                name="user_department_iff_role",
                condition=models.Q(role="department", department__isnull=False)
                | (~models.Q(role="department") & models.Q(department__isnull=True)),
                violation_error_message="职能部门账号必须选择所属部门，其他账号不选。",
            ),
            # 三员分立: nobody may hold every power, so not even the database can.
            models.CheckConstraint(
                name="user_never_superuser",
                condition=models.Q(is_superuser=False),
                violation_error_message="系统不设超级用户，请按角色建立账号。",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        return self.name or self.username

    def get_short_name(self) -> str:
        return self.name or self.username

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """A change of password, role or department ends every session of the account at its next request."""
        value = f"{self.password}|{self.role}|{self.department_id or ''}"
        return salted_hmac("firms.User.session", value, secret=secret, algorithm="sha256").hexdigest()
