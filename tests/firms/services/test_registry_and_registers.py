from datetime import date

import pytest
from django.utils import timezone

from firms.models import DataYear, Department, Firm, RegisterEntry
from firms.services import imports
from firms.services.catalogue import load_catalogue
from firms.services.refusal import Refusal
from tests.factories import FilingFactory, FirmFactory, MembershipFactory, ParkFactory, credit_code, workbook

pytestmark = pytest.mark.django_db
FIRMS = ["统一社会信用代码", "企业名称", "成立日期", "所属园区"]


@pytest.fixture(autouse=True)
def _catalogue():
    load_catalogue(by=None)
    ParkFactory()


def taken(rows, department, **kwargs):
    batch = imports.upload(workbook(rows), department=Department.objects.get(code=department), by=None, **kwargs)
    return imports.plan(batch)


def applied(*args, **kwargs):
    batch = taken(*args, **kwargs)
    return imports.confirm(batch, digest=batch.plan_digest, by=None)


def verdicts(batch):
    return list(batch.rows.order_by("row_number").values_list("verdict", flat=True))


def test_the_register_of_firms_is_created_corrected_and_left_alone():
    known = FirmFactory(registered_on=date(2001, 1, 1))
    same = FirmFactory(registered_on=date(2002, 2, 2), park=ParkFactory())
    rows = [
        FIRMS, [credit_code(990001), "新乡单县(高新)重工有限公司", "2015年3月9日", "主园区"], [known.credit_code, "新乡改名机械有限公司", "2001-01-01", "main"],
        [same.credit_code, same.name, 37289, "主园区"], [credit_code(990002), "", "", ""], [credit_code(990003), "某公司", "", "没有的园区"],
        [credit_code(990004), "甲公司", "去年", ""],
    ]  # fmt: skip
    batch = applied(rows, "market", kind="firms")
    assert verdicts(batch) == ["create", "change", "same", "refused", "refused", "refused"]
    new = Firm.objects.get(credit_code=credit_code(990001))
    assert (new.name, new.registered_on, new.park.code) == ("新乡单县（高新）重工有限公司", date(2015, 3, 9), "main")
    assert (new.name_initials, new.name_pinyin[:12]) == ("xxsxgxzgyxgs", "xinxiangshan")
    known.refresh_from_db()
    assert (known.name, known.park.code, known.version, known.name_initials) == (
        "新乡改名机械有限公司",
        "main",
        1,
        "xxgmjxyxgs",
    )
    same.refresh_from_db()
    assert same.version == 0


def test_undoing_a_register_of_firms_keeps_and_names_those_in_use():
    known = FirmFactory(name="新乡原名有限公司")
    rows = [
        FIRMS,
        [credit_code(990001), "甲有限公司"],
        [credit_code(990002), "乙有限公司"],
        [credit_code(990003), "丙有限公司"],
        [known.credit_code, "新乡新名有限公司"],
    ]
    batch = applied(rows, "market", kind="firms")
    FilingFactory(firm=Firm.objects.get(name="乙有限公司"), values={"revenue": 1})
    MembershipFactory(firm=Firm.objects.get(name="丙有限公司"))
    imports.undo(batch, by=None, reason="名录有误")
    assert set(Firm.objects.values_list("name", flat=True)) == {"乙有限公司", "丙有限公司", "新乡原名有限公司"}
    kept = [problem["message"] for problem in batch.problems if problem["code"] == "kept"]
    assert len(kept) == 2
    assert "乙有限公司" in kept[1] + kept[0]


def test_undo_does_not_overwrite_a_later_correction():
    known = FirmFactory(name="新乡原名有限公司")
    batch = applied([FIRMS, [known.credit_code, "新乡二名有限公司"]], "market", kind="firms")
    applied([FIRMS, [known.credit_code, "新乡三名有限公司"]], "market", kind="firms")
    imports.undo(batch, by=None, reason="有误")
    known.refresh_from_db()
    assert known.name == "新乡三名有限公司"
    assert batch.problems[-1]["code"] == "kept"


def test_the_same_firm_twice_in_a_register():
    code, other = credit_code(990001), credit_code(990002)
    batch = taken(
        [FIRMS, [code, "甲有限公司"], [code, "甲有限公司"], [other, "乙有限公司"], [other, "丙有限公司"]],
        "market",
        kind="firms",
    )
    assert verdicts(batch) == ["create", "left_out", "refused", "refused"]


PLATFORMS = ["企业名称", "平台名称", "级别", "批准时间", "失效日期"]


@pytest.fixture
def firm():
    return FirmFactory(name="新乡甲有限公司")


def platforms(*rows):
    return taken([PLATFORMS, *rows], "science", kind="registers", register_kind="platform")


def confirm(batch):
    return imports.confirm(batch, digest=batch.plan_digest, by=None)


def test_register_entries_are_created_once_and_corrected(firm):
    row = [firm.name, "河南省传动工程技术研究中心", "省级", "2021-05-01", ""]
    batch = confirm(
        platforms(
            row,
            row,
            [firm.name, "新乡市重点实验室", "市级", "2022-06-01", ""],
            ["未登记公司", "丙", "市级", "2022-06-01", ""],
        )
    )
    assert verdicts(batch) == ["create", "left_out", "create", "unmatched"]
    entry = RegisterEntry.objects.get(level="provincial")
    assert (entry.firm, entry.kind, entry.starts_on, entry.ends_on, entry.batch) == (
        firm,
        "platform",
        date(2021, 5, 1),
        None,
        batch,
    )
    again = confirm(platforms([*row[:4], "2024-12-31"], [firm.name, "新乡市重点实验室", "市级", "2022-06-01", ""]))
    assert verdicts(again) == ["change", "same"]
    entry.refresh_from_db()
    assert (entry.ends_on, entry.version, RegisterEntry.objects.count()) == (date(2024, 12, 31), 1, 2)
    imports.undo(again, by=None, reason="有误")
    entry.refresh_from_db()
    assert (entry.ends_on, entry.voided_at) == (None, None)


def test_undo_voids_entries_and_they_can_be_entered_again(firm):
    row = [firm.name, "河南省传动工程技术研究中心", "省级", "2021-05-01", ""]
    batch = confirm(platforms(row))
    imports.undo(batch, by=None, reason="有误")
    assert not RegisterEntry.objects.in_force().exists()
    assert RegisterEntry.objects.count() == 1
    confirm(platforms([*row[:4], "2030-01-01"]))
    assert RegisterEntry.objects.in_force().count() == 1


def test_entries_of_a_locked_year_are_refused_one_by_one(firm):
    DataYear.objects.create(year=2021, locked_at=timezone.now())
    batch = platforms([firm.name, "甲中心", "省级", "2021-05-01", ""], [firm.name, "乙中心", "省级", "2022-05-01", ""])
    assert verdicts(batch) == ["refused", "create"]
    assert batch.rows.first().reasons[-1]["code"] == "year_locked"
    DataYear.objects.create(year=2022, locked_at=timezone.now())  # locked between preview and confirm
    with pytest.raises(Refusal) as refused:
        confirm(batch)
    assert refused.value.code == "plan_changed"
    batch.refresh_from_db()
    assert verdicts(batch) == ["refused", "refused"]
    assert not RegisterEntry.objects.exists()


def test_contract_amounts_in_other_units(firm):
    header = ["卖方名称", "合同名称", "合同登记日期", "成交金额（元）", "合同登记编号", "合同类型"]
    rows = [header, [firm.name, "技术开发合同", "2022-03-01", "1,234,567.89", "2022410700000001", "高校院所"]]
    confirm(taken(rows, "science", kind="registers", register_kind="contract"))
    entry = RegisterEntry.objects.get()
    assert (str(entry.amount), entry.category, entry.document_number) == ("123.4568", "university", "2022410700000001")
    again = confirm(taken([*rows, ["注：含税。"]], "science", kind="registers", register_kind="contract"))
    assert verdicts(again) == ["same", "left_out"]
