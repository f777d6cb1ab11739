"""A department's desk in the open year: a file waiting to be confirmed, a heading it once explained, an extension, figures counted."""

import io
from datetime import timedelta

import numpy as np
import xlsxwriter
from django.core.files.base import ContentFile, File
from django.db import transaction
from django.utils import timezone

from firms.models import ColumnMapping, DataYear, Extension, FactSheet, ImportBatch, Membership, User
from firms.services import coverage, extensions, imports
from xxgx.demo.economy import YEARS
from xxgx.demo.names import CODE_PREFIX

YEAR = YEARS[-1]
SEED = 2024_12
FILE = "税务局-年度汇算更正.xlsx"
ROWS = 36


@transaction.atomic
def load_departments() -> int:
    """What stands above, once; how many rows the waiting file has. Nothing without the demo's accounts."""
    for year in DataYear.objects.values_list("year", flat=True):
        coverage.count(year)
    tax, office = (User.objects.filter(username=name).first() for name in ("dept-tax", "office"))
    if tax is None or office is None or ColumnMapping.objects.exists():
        return 0
    ColumnMapping.objects.create(
        department=tax.department,
        kind=ImportBatch.Kind.METRICS,
        heading="全年应税销售收入",
        column="revenue",
        set_by=tax,
    )
    _extend(office)
    batch = imports.upload(_workbook(), kind=ImportBatch.Kind.METRICS, department=tax.department, year=YEAR, by=tax)
    imports.plan(batch)
    return int(batch.counts["rows"])


def _extend(office: User) -> None:
    row = DataYear.objects.filter(year=YEAR, phase=DataYear.Phase.REPORTING).first()
    member = (
        Membership.objects.exclude(user__username__in=["firm-one", "firm-two"]).order_by("firm__credit_code").first()
    )
    if row is None or member is None or Extension.objects.exists():
        return
    due_on = (row.firms_due_on or timezone.localdate()) + timedelta(days=10)
    extensions.grant(member.firm, YEAR, due_on, "年度审计报告延后出具，企业已提交会计师事务所说明。", by=office)


def _workbook() -> File:
    """Corrections after the yearly settlement: most a little, two by much, one slip of the unit, one firm nobody knows."""
    dice = np.random.default_rng(SEED)
    sheets = FactSheet.objects.filter(year=YEAR, firm__credit_code__startswith=CODE_PREFIX, values__has_key="revenue")
    chosen = list(
        sheets.order_by("firm__credit_code").values_list("firm__credit_code", "firm__name", "values")[: ROWS * 6 : 6]
    )
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet("更正")
    sheet.write(0, 0, f"{YEAR}年度企业所得税汇算清缴更正表（税务局）")
    sheet.write(1, 0, "单位：万元")
    sheet.write_row(2, 0, ["序号", "统一社会信用代码", "纳税人名称", "全年应税销售收入", "净利润", "主管税务所"])
    for number, (code, name, values) in enumerate(chosen, start=1):
        factor = {7: 1.8, 19: 0.55}.get(number, float(np.round(dice.normal(1, 0.03), 4)))
        revenue = round(values["revenue"] * factor, 2)
        cell: float | str = "待核" if number == 12 else revenue * 10_000 if number == 26 else revenue
        sheet.write_row(
            number + 2, 0, [number, code, name, cell, round(revenue * 0.06, 2), f"第{number % 3 + 1}税务所"]
        )
    sheet.write_row(len(chosen) + 3, 0, [len(chosen) + 1, "", "新乡市某某新设机械厂", 320.5, 12, "第一税务所"])
    sheet.write_row(len(chosen) + 4, 0, ["合计"])
    book.close()
    return ContentFile(buffer.getvalue(), name=FILE)
