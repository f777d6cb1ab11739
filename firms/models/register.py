from django.db import models

from firms.querysets import RegisterEntryQuerySet


class DatedFact(models.Model):
    """What an entry of a register says, whoever says it."""

    class Kind(models.TextChoices):
        QUALIFICATION = "qualification", "资质"
        PLATFORM = "platform", "研发或创新平台"
        AWARD = "award", "科技奖励"
        PROJECT = "project", "科技项目"
        CONTEST = "contest", "创新创业赛事"
        TALENT = "talent", "人才或团队"
        CONTRACT = "contract", "技术合同"
        PATENT = "patent", "专利"
        LISTING = "listing", "经营异常与失信名单"
        ENVIRONMENT = "environment", "环境信用"
        INCIDENT = "incident", "安全生产与群体性事件"
        REQUALIFICATION = "requalification", "未通过重新认定"
        DELISTING = "delisting", "平台摘牌"

    class Category(models.TextChoices):
        NONE = "", "—"
        HIGHTECH = "hightech", "高新技术企业"
        TECH_SME = "tech_sme", "科技型中小企业"
        SRDI = "srdi", "专精特新企业"
        CHAMPION = "champion", "制造业单项冠军企业"
        INNOVATION_LEADER = "innovation_leader", "创新龙头企业"
        LISTED = "listed", "上市企业"
        ABOVE_SCALE = "above_scale", "规上工业企业"
        PLAN = "plan", "科技计划项目"
        MAJOR = "major", "重大科技项目"
        GENERAL = "general", "一般技术合同"
        UNIVERSITY = "university", "与高校院所的技术合同"
        INVENTION_APPLICATION = "invention_application", "发明专利申请"
        INVENTION_GRANT = "invention_grant", "发明专利授权"
        PCT_APPLICATION = "pct_application", "PCT专利申请"
        ABNORMAL_OPERATION = "abnormal_operation", "经营异常名录"
        SERIOUS_DISHONESTY = "serious_dishonesty", "严重违法失信名单"
        WARNING = "warning", "环境信用警示"
        BAD = "bad", "环境信用不良"
        SAFETY_MAJOR = "safety_major", "较大及以上安全生产事故"
        MASS = "mass", "群体性事件"

    class Level(models.TextChoices):
        NONE = "", "—"
        INTERNATIONAL = "international", "国际"
        NATIONAL = "national", "国家级"
        PROVINCIAL = "provincial", "省级"
        MUNICIPAL = "municipal", "市级"

    kind = models.CharField("台账", max_length=16, choices=Kind.choices)
    category = models.CharField("类别", max_length=24, choices=Category.choices, blank=True)
    level = models.CharField("级别", max_length=16, choices=Level.choices, blank=True)
    title = models.CharField("名称", max_length=200)
    starts_on = models.DateField("起始日期")
    ends_on = models.DateField("终止日期", null=True, blank=True)
    amount = models.DecimalField("金额（万元）", max_digits=16, decimal_places=4, null=True, blank=True)
    quantity = models.PositiveIntegerField("数量", default=1)
    document_number = models.CharField("文号或证书编号", max_length=100, blank=True)

    class Meta:
        abstract = True


class RegisterEntry(DatedFact):
    """台账: one dated fact. Counts and statuses are derived from entries, never typed in again."""

    firm = models.ForeignKey("firms.Firm", models.PROTECT, verbose_name="企业", related_name="register_entries")
    department = models.ForeignKey(
        "firms.Department", models.PROTECT, verbose_name="登记部门", null=True, blank=True, related_name="+"
    )
    batch = models.ForeignKey(
        "firms.ImportBatch", models.PROTECT, verbose_name="导入批次", null=True, blank=True, related_name="entries"
    )
    voided_at = models.DateTimeField("作废时间", null=True, blank=True)
    version = models.PositiveIntegerField("版本", default=0, editable=False)
    created_at = models.DateTimeField("登记时间", auto_now_add=True)
    updated_at = models.DateTimeField("更新时间", auto_now=True)

    objects = RegisterEntryQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "台账条目"
        ordering = ["-starts_on", "-id"]
        indexes = [models.Index(name="register_firm_kind", fields=["firm", "kind"])]
        constraints = [
            models.CheckConstraint(
                name="register_dates_ordered",
                condition=models.Q(ends_on__isnull=True) | models.Q(ends_on__gte=models.F("starts_on")),
                violation_error_message="终止日期不能早于起始日期。",
            ),
            # The same fact stated twice counts once: 同一企业、台账、类别、级别、名称、起始日期.
            models.UniqueConstraint(
                name="register_entry_once",
                fields=["firm", "kind", "category", "level", "title", "starts_on"],
                condition=models.Q(voided_at__isnull=True),
                violation_error_message="同一事项已登记。",
            ),
            # A patent is its number: its application and its grant are two facts, each of one firm (docs/adr/0011).
            models.UniqueConstraint(
                name="register_patent_once",
                fields=["category", "document_number"],
                condition=models.Q(kind="patent", voided_at__isnull=True),
                violation_error_message="该专利已登记。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.title}"
