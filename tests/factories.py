"""Readable fixtures: the few rows a test speaks of, everything else plausible."""

from __future__ import annotations

import io
from typing import Any

import factory
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from stdnum.cn import uscc

from firms.models import DataYear, Department, Filing, Firm, Membership, Park, Role, User
from firms.services.firms_registry import pinyin_of


def credit_code(number: int) -> str:
    """A valid code with a body no registrar gives out."""
    stem = f"91410700MAT{number:06d}"
    return stem + uscc.calc_check_digit(stem)


class DepartmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Department
        django_get_or_create = ("code",)

    code = "tax"
    name = factory.LazyAttribute(lambda row: {"tax": "税务局", "hr": "人力资源和社会保障局"}.get(row.code, row.code))
    short_name = factory.LazyAttribute(lambda row: row.name[:4])


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User

    username = factory.Sequence(lambda number: f"user{number}")
    name = factory.Sequence(lambda number: f"测试账号{number}")
    role = Role.OFFICE
    department = None


class OfficerFactory(UserFactory):
    """An account of a department; ``OfficerFactory(department__code="hr")``."""

    role = Role.DEPARTMENT
    department = factory.SubFactory(DepartmentFactory)


class ParkFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Park
        django_get_or_create = ("code",)

    code = "main"
    name = "主园区"


class FirmFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Firm

    credit_code = factory.Sequence(credit_code)
    name = factory.Sequence(lambda number: f"新乡试样{number}号机械有限公司")
    name_pinyin = factory.LazyAttribute(lambda row: pinyin_of(row.name)[0])
    name_initials = factory.LazyAttribute(lambda row: pinyin_of(row.name)[1])


class MembershipFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory, role=Role.FIRM)
    firm = factory.SubFactory(FirmFactory)


class DataYearFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DataYear
        django_get_or_create = ("year",)

    year = 2022


class FilingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Filing

    firm = factory.SubFactory(FirmFactory)
    year = 2022
    source = "government"
    values = factory.LazyFunction(dict)


def workbook(
    rows: list[list[Any]], *, name: str = "数据.xlsx", sheets: dict[str, list[list[Any]]] | None = None
) -> SimpleUploadedFile:
    """An uploaded xlsx with these rows (or several named sheets): strings stay strings, None is blank."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    for title, content in (sheets or {"Sheet1": rows}).items():
        sheet = book.add_worksheet(title)
        for at, row in enumerate(content):
            sheet.write_row(at, 0, row)
    book.close()
    return SimpleUploadedFile(name, buffer.getvalue())


def csv_file(text: str, *, name: str = "数据.csv", encoding: str = "gb18030") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode(encoding))
