from django.conf import settings
from django.db import models

from firms.querysets import FirmQuerySet


class Park(models.Model):
    """园区 (一区多园)."""

    code = models.SlugField("代码", max_length=32, unique=True)
    name = models.CharField("名称", max_length=64, unique=True)
    position = models.PositiveSmallIntegerField("次序", default=100)

    class Meta:
        verbose_name = verbose_name_plural = "园区"
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return self.name


class Industry(models.Model):
    """行业: a GB/T 4754 class and the local cluster ("2+1") it belongs to."""

    class Cluster(models.TextChoices):
        EQUIPMENT = "equipment", "高端装备制造"
        BIOMEDICINE = "biomedicine", "生物医药"
        HYDROGEN = "hydrogen", "氢能"
        OTHER = "other", "其他产业"

    code = models.CharField("国民经济行业代码", max_length=8, unique=True, help_text="GB/T 4754，例如 C3562")
    name = models.CharField("名称", max_length=64)
    cluster = models.CharField("主导产业", max_length=16, choices=Cluster.choices, default=Cluster.OTHER)

    class Meta:
        verbose_name = verbose_name_plural = "行业"
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Firm(models.Model):
    credit_code = models.CharField("统一社会信用代码", max_length=18, unique=True)
    name = models.CharField("企业名称", max_length=128, db_index=True)
    name_pinyin = models.CharField("全拼", max_length=512, blank=True, editable=False)
    name_initials = models.CharField("拼音首字母", max_length=128, blank=True, editable=False, db_index=True)
    registered_on = models.DateField("注册成立日期", null=True, blank=True)
    park = models.ForeignKey(Park, models.PROTECT, verbose_name="园区", null=True, blank=True, related_name="firms")
    industry = models.ForeignKey(
        Industry, models.PROTECT, verbose_name="行业", null=True, blank=True, related_name="firms"
    )
    version = models.PositiveIntegerField("版本", default=0, editable=False)
    created_at = models.DateTimeField("建立时间", auto_now_add=True)
    updated_at = models.DateTimeField("更新时间", auto_now=True)

    objects = FirmQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "企业"
        ordering = ["credit_code"]
        constraints = [
            # The check digit (GB 32100-2015) is verified on the way in; the shape even the database insists on.
            models.CheckConstraint(
                name="firm_credit_code_shape",
                condition=models.Q(credit_code__regex=r"^[0-9A-Z]{18}$"),
                violation_error_message="统一社会信用代码应为18位数字或大写字母。",
            ),
            models.CheckConstraint(name="firm_name_present", condition=~models.Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """Which accounts speak for a firm, and as what."""

    class Kind(models.TextChoices):
        REPORTER = "reporter", "报送员"
        MANAGER = "manager", "管理员"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, verbose_name="账号", related_name="memberships")
    firm = models.ForeignKey(Firm, models.CASCADE, verbose_name="企业", related_name="memberships")
    kind = models.CharField("身份", max_length=16, choices=Kind.choices, default=Kind.REPORTER)

    class Meta:
        verbose_name = verbose_name_plural = "企业账号"
        ordering = ["firm_id", "user_id"]
        constraints = [models.UniqueConstraint(name="membership_once", fields=["user", "firm"])]

    def __str__(self) -> str:
        return f"{self.user} · {self.firm} · {self.get_kind_display()}"
