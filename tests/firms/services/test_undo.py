"""Undo after other batches touched the same cells: what they said stands, and is named; nothing is lost without a word."""

from datetime import date

import pytest

from firms.models import Department, FactSheet, Filing, Firm, RegisterEntry
from firms.services import imports, restatements
from firms.services.catalogue import load_catalogue
from tests.factories import FirmFactory, OfficerFactory, workbook

pytestmark = pytest.mark.django_db
HEADER = ["统一社会信用代码", "营业收入（万元）", "净利润（万元）"]
PLATFORMS = ["企业名称", "平台名称", "级别", "批准时间", "失效日期"]


@pytest.fixture(autouse=True)
def _catalogue():
    load_catalogue(by=None)


@pytest.fixture
def firm():
    return FirmFactory(name="新乡甲有限公司")


@pytest.fixture
def officer():
    return OfficerFactory(department=Department.objects.get(code="tax"))


def applied(rows, department, *, by=None, **kwargs):
    batch = imports.upload(workbook(rows), department=Department.objects.get(code=department), by=by, **kwargs)
    imports.plan(batch)
    return imports.confirm(batch, digest=batch.plan_digest, by=by)


def figures(firm, *values, by=None, note=""):
    """``note`` makes two files of the same content different files."""
    rows = [[*HEADER, "备注"], [firm.credit_code, *values, note]]
    return applied(rows, "tax", kind="metrics", year=2022, by=by)


def platform(firm, ends="", note=""):
    row = [firm.name, "河南省传动工程技术研究中心", "省级", "2021-05-01", ends, note]
    return applied([[*PLATFORMS, "备注"], row], "science", kind="registers", register_kind="platform")


def undone(batch):
    before = imports.kept_on_undo(batch)
    imports.undo(batch, by=None, reason="有误")
    named = [problem["message"] for problem in batch.problems if problem["code"] == "kept"]
    assert named == before  # what was shown before confirming is what became of it
    return named


def sheet(firm):
    found = FactSheet.objects.filter(firm=firm, year=2022).first()
    return found.values if found else None


def test_the_same_figure_sent_again_outlives_the_undo_of_the_first(firm, officer):
    first = figures(firm, 5, 1)
    second = figures(firm, 5, "", by=officer, note="再报")
    assert second.counts["same"] == 1
    assert len(undone(first)) == 1
    assert sheet(firm) == {"revenue": 5}
    filing = Filing.objects.in_force().get()
    assert (filing.batch, filing.department, filing.filed_by, filing.row_number) == (
        second,
        officer.department,
        officer,
        2,
    )
    assert undone(second) == []
    assert sheet(firm) is None


def test_without_that_care_the_second_statement_would_be_lost(firm, monkeypatch):
    """The negative control."""
    first = figures(firm, 5, 1)
    figures(firm, 5, "", note="再报")
    monkeypatch.setattr("firms.services.metrics.restatements", lambda *_: [])
    undone(first)
    assert sheet(firm) is None


def test_a_later_figure_wins_over_the_undo_and_over_an_older_restatement(firm):
    first = figures(firm, 5, 1)
    figures(firm, 5, 1, note="再报")
    figures(firm, 9, "", note="三报")
    named = undone(first)
    assert sheet(firm) == {"revenue": 9, "net_profit": 1}
    assert any("营业收入" in name for name in named)
    assert any("净利润" in name for name in named)


def test_an_older_figure_comes_back_where_nobody_else_spoke(firm):
    figures(firm, 3, 1)
    second = figures(firm, 5, "", note="再报")
    assert undone(second) == []
    assert sheet(firm) == {"revenue": 3, "net_profit": 1}


def test_an_entry_that_another_batch_states_too_is_kept_and_becomes_that_batch_s(firm):
    first, second = platform(firm), platform(firm, note="再报")
    assert second.counts["same"] == 1
    assert len(undone(first)) == 1
    entry = RegisterEntry.objects.in_force().get()
    assert entry.batch == second
    assert undone(second) == []
    assert not RegisterEntry.objects.in_force().exists()


def test_a_correction_that_another_batch_states_too_is_kept(firm):
    platform(firm)
    second = platform(firm, "2030-01-01")
    platform(firm, "2030-01-01", note="再报")
    assert len(undone(second)) == 1
    assert RegisterEntry.objects.get().ends_on == date(2030, 1, 1)


def test_an_entry_changed_since_is_kept_and_named(firm):
    first = platform(firm)
    platform(firm, "2030-01-01")
    [named] = undone(first)
    assert "河南省传动" in named
    assert RegisterEntry.objects.in_force().get().ends_on == date(2030, 1, 1)


def test_a_restatement_of_the_old_value_does_not_hold_the_new_one(firm):
    platform(firm)
    platform(firm, note="再报")
    third = platform(firm, "2030-01-01", note="三报")
    assert undone(third) == []
    assert RegisterEntry.objects.get().ends_on is None


@pytest.mark.parametrize("careful", [True, False])
def test_a_name_that_another_list_states_too_is_kept(firm, monkeypatch, careful):
    """With the look at other batches taken away (the control), the later list's word is silently lost."""
    if not careful:
        monkeypatch.setattr("firms.services.firms_registry.restatements", lambda *_: [])
    rows = [["统一社会信用代码", "企业名称", "备注"], [firm.credit_code, "新乡乙有限公司", ""]]
    first = applied(rows, "market", kind="firms")
    applied([rows[0], [*rows[1][:2], "再报"]], "market", kind="firms")
    named = undone(first)
    assert len(named) == int(careful)
    assert Firm.objects.get().name == ("新乡乙有限公司" if careful else "新乡甲有限公司")


def test_an_undone_batch_no_longer_holds_anything(firm):
    first = figures(firm, 5, 1)
    second = figures(firm, 5, 1, note="再报")
    undone(second)
    assert restatements.restatements(first, [firm.pk]) == []
    assert undone(first) == []
    assert sheet(firm) is None
