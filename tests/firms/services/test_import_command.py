"""``manage.py import_workbook FILE``: guesses what is clear, accounts for every row, exit code 1 for a refused file."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from firms.models import FactSheet, Firm, ImportBatch, RegisterEntry
from firms.services.catalogue import load_catalogue
from firms.services.import_guess import Guess, guess
from tests.factories import FirmFactory, OfficerFactory, UserFactory, workbook

pytestmark = pytest.mark.django_db
REAL = Path(__file__).parents[2] / "data" / "real"


@pytest.fixture(autouse=True)
def _catalogue():
    load_catalogue(by=None)


def run(*args, **options) -> str:
    out = io.StringIO()
    call_command("import_workbook", *map(str, args), stdout=out, **options)
    return out.getvalue()


def saved(upload, folder, name):
    path = folder / name
    path.write_bytes(upload.read())
    return path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("市场监管局-企业名录.xlsx", Guess("firms", "market")), ("税务局-营业收入-1987.xlsx", Guess("metrics", "tax", 1987)),
        ("人社局-职工人数-1989.csv", Guess("metrics", "hr", 1989)),
    ],
)  # fmt: skip
def test_real_files_say_what_they_are(name, expected):
    assert guess(REAL / name, name) == expected


def test_a_register_is_told_by_its_title_and_columns(tmp_path):
    rows = [["2022年研发平台名单"], ["企业名称", "平台名称", "级别", "批准时间"], ["甲", "乙", "省级", "2022-01-01"]]
    path = saved(workbook(rows), tmp_path, "科技局.xlsx")
    assert guess(path, path.name) == Guess("registers", "science", None, "platform")


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("高新技术企业名单", "qualification"), ("未通过高新技术企业重新认定名单", "requalification"), ("被摘牌的创新平台名单", "delisting"),
        ("创新平台名单", "platform"), ("经营异常名录", "listing"), ("环境信用警示企业", "environment"),
    ],
)  # fmt: skip
def test_good_news_is_not_taken_for_bad(tmp_path, title, kind):
    rows = [
        [title],
        ["企业名称", "名称", "级别", "类别", "日期", "有效期至"],
        ["甲", "乙", "省级", "高新技术企业", "2022-01-01", ""],
    ]
    path = saved(workbook(rows), tmp_path, "名单.xlsx")
    assert guess(path, path.name).register_kind == kind


def test_what_is_unclear_is_not_guessed(tmp_path):
    rows = [["企业名称", "营业收入（万元）", "职工人数"], ["甲", 1, 2]]
    path = saved(workbook(rows), tmp_path, "数据.xlsx")
    assert guess(path, path.name) == Guess("metrics", "", None)
    with pytest.raises(CommandError, match="--year"):
        run(path)


def test_the_real_files_go_in_one_after_the_other():
    printed = (
        run(REAL / "市场监管局-企业名录.xlsx")
        + run(REAL / "税务局-营业收入-1987.xlsx")
        + run(REAL / "人社局-职工人数-1987.csv")
    )
    assert "数据区120行 = 接受119行（新增119、变更0、无变化0） + 待匹配0行 + 拒收0行 + 不计入1行" in printed
    assert "不计入：1987年 第123行，“合计”行不计入" in printed
    assert Firm.objects.count() == 157
    assert FactSheet.objects.filter(year=1987).count() == 148
    with pytest.raises(CommandError, match="同一文件"):
        run(REAL / "税务局-营业收入-1987.xlsx")


def test_dry_run_writes_nothing():
    assert "没有写入" in run(REAL / "市场监管局-企业名录.xlsx", dry_run=True)
    assert not Firm.objects.exists()
    assert ImportBatch.objects.get().state == "discarded"
    run(REAL / "市场监管局-企业名录.xlsx")
    assert Firm.objects.count() == 157


def test_in_the_name_of_an_account_its_rights_apply(tmp_path):
    run(REAL / "市场监管局-企业名录.xlsx")
    OfficerFactory(username="hr1", department__code="hr")
    with pytest.raises(CommandError, match="不能以该部门的名义"):
        run(REAL / "税务局-营业收入-1987.xlsx", by="hr1")
    UserFactory(username="office1")
    run(REAL / "税务局-营业收入-1987.xlsx", by="office1")
    assert ImportBatch.objects.latest("id").applied_by.username == "office1"


def test_a_refused_file_says_place_reason_and_what_to_do(tmp_path):
    (tmp_path / "空.xlsx").touch()
    with pytest.raises(CommandError, match=r"空\.xlsx.*文件是空的.*重新导出"):
        run(tmp_path / "空.xlsx", kind="metrics", year=2022, department="tax")
    with pytest.raises(CommandError, match="没有这个文件"):
        run(tmp_path / "没有.xlsx")


def test_a_register_by_name(tmp_path):
    firm = FirmFactory()
    rows = [["企业名称", "证书编号", "发证日期", "有效期至"], [firm.name, "GR1", "2022-12-01", "2025-12-01"]]
    assert "资质" in run(saved(workbook(rows), tmp_path, "科技局-高新技术企业名单-2022.xlsx"))
    assert RegisterEntry.objects.get().category == "hightech"
