from collections.abc import Collection
from typing import Any, Self

from django.conf import settings
from django.db import models

from firms.querysets import FactSheetQuerySet, FilingQuerySet


class DataYear(models.Model):
    """数据年度: the year whose facts are collected; locked on every path once judged.

    Its row is also the mutex of the year's facts: writers take it ``FOR UPDATE``. Firms fill in their forms only while it is
    in ``REPORTING`` and not past ``firms_due_on`` (or their extension); departments' deadline is for reminders and on-time rates.
    """

    class Phase(models.TextChoices):
        PREPARING = "preparing", "准备"
        REPORTING = "reporting", "填报"
        REVIEWING = "reviewing", "审核"
        TRIAL = "trial", "试算"

    year = models.PositiveSmallIntegerField("年度", unique=True)
    phase = models.CharField("阶段", max_length=12, choices=Phase.choices, default=Phase.PREPARING)
    opened_at = models.DateTimeField("开放填报时间", null=True, blank=True)
    firms_due_on = models.DateField("企业填报截止日", null=True, blank=True, help_text="含当日")
    departments_due_on = models.DateField("部门报送截止日", null=True, blank=True, help_text="含当日")
    version = models.PositiveIntegerField("版本", default=0, editable=False)
    locked_at = models.DateTimeField("锁定时间", null=True, blank=True)
    locked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="锁定人", null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = verbose_name_plural = "数据年度"
        ordering = ["year"]  # periods sorted by their year follow this order
        constraints = [
            models.CheckConstraint(name="data_year_sane", condition=models.Q(year__gte=1949, year__lte=2100)),
        ]

    def __str__(self) -> str:
        return f"{self.year}年度"

    @property
    def is_locked(self) -> bool:
        return self.locked_at is not None


class Source(models.TextChoices):
    GOVERNMENT = "government", "政府部门"
    PUBLIC = "public", "公开数据"
    FIRM = "firm", "企业自主填报"
    REGISTER = "register", "部门台账"  # counted from a register's entries (firms.services.register_figures), by no file


# What states figures itself, in a file or a form.
STATING = [choice for choice in Source.choices if choice[0] != Source.REGISTER]


class Filing(models.Model):
    """报送: what one source stated about one firm for one year. Append-only: it is the provenance.

    ``values`` maps metric code → number (0 is a confirmed zero; an absent key was not provided).
    A filing whose batch is undone no longer counts; the row stays.
    """

    firm = models.ForeignKey("firms.Firm", models.PROTECT, verbose_name="企业", related_name="filings")
    year = models.PositiveSmallIntegerField("年度")
    source = models.CharField("数据来源", max_length=16, choices=Source.choices)
    department = models.ForeignKey(
        "firms.Department", models.PROTECT, verbose_name="部门", null=True, blank=True, related_name="+"
    )
    batch = models.ForeignKey(
        "firms.ImportBatch", models.PROTECT, verbose_name="导入批次", null=True, blank=True, related_name="filings"
    )
    sheet = models.CharField("工作表", max_length=64, blank=True)
    row_number = models.PositiveIntegerField("行号", null=True, blank=True)
    values = models.JSONField("数据")
    filed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="报送人", null=True, related_name="+"
    )
    filed_at = models.DateTimeField("报送时间", auto_now_add=True)

    objects = FilingQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "报送"
        ordering = ["-id"]
        indexes = [models.Index(name="filing_firm_year", fields=["firm", "year"])]

    def __str__(self) -> str:
        return f"{self.firm_id} {self.year} {self.get_source_display()}"

    def get_source_display(self) -> str:  # type: ignore[no-redef]
        return str(Source(self.source).label)


class FactSheet(models.Model):
    """The resolved values of one firm and year now in force: the only facts scoring reads.

    ``values``: metric code → number. ``winners``: metric code → id of the filing that won.
    ``conflicts``: metric code → [[filing id, value], …] of losing values beyond the tolerance.

    Where one filing states all of a sheet, ``winners`` is stored as {ALL: its id}: half the row. An instance has it by
    metric all the same; only ``values_list`` and SQL meet the short form, and never beside conflicts.
    """

    ALL = "*"

    firm = models.ForeignKey("firms.Firm", models.PROTECT, verbose_name="企业", related_name="fact_sheets")
    year = models.PositiveSmallIntegerField("年度")
    values = models.JSONField("数据")
    winners = models.JSONField("采用的报送", default=dict)
    conflicts = models.JSONField("冲突", default=dict)
    has_conflicts = models.BooleanField("有冲突", default=False)
    version = models.PositiveIntegerField("版本", default=1)
    updated_at = models.DateTimeField("更新时间", auto_now=True)

    objects = FactSheetQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "事实表"
        ordering = ["-year", "firm_id"]
        constraints = [models.UniqueConstraint(name="fact_sheet_once", fields=["year", "firm"])]

    def __str__(self) -> str:
        return f"{self.firm_id} {self.year}"

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **how: Any) -> Self:
        sheet = super().from_db(db, field_names, values, **how)
        winners = sheet.__dict__.get("winners") or {}
        if cls.ALL in winners:
            sheet.winners = dict.fromkeys(sheet.values, winners[cls.ALL])
        return sheet
