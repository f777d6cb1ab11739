"""一企一档: everything known about one firm, for those who may know it, and as a file."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from python_calamine import CalamineWorkbook

from firms.models import (
    AuditEntry,
    DataYear,
    Extension,
    Firm,
    FirmReport,
    Message,
    RegisterEntry,
    ReportEvent,
    Role,
)
from firms.services import audit, filings
from scoring.models import Budget, Payment, StageRecord
from tests import disputes
from tests.factories import MembershipFactory, OfficerFactory
from tests.scoring.small_zone import SmallZone, zone  # noqa: F401

pytestmark = pytest.mark.django_db
YEAR = 2022


class World:
    def __init__(self, zone: SmallZone) -> None:  # noqa: F811
        self.zone = zone
        self.firm = zone.firms[2]
        self.office = zone.user(Role.OFFICE, name="积分办甲")
        self.leader = zone.user(Role.LEADER)
        self.tax, self.science = (OfficerFactory(department__code=code) for code in ("tax", "science"))
        self.manager = MembershipFactory(firm=self.firm, kind="manager").user

    def url(self, name: str = "firm_file", **kwargs) -> str:
        return reverse(f"scoring:{name}", kwargs={"credit_code": self.firm.credit_code} | kwargs)

    def page(self, user=None, url: str = "") -> str:
        client = Client()
        client.force_login(user or self.office)
        answer = client.get(url or self.url())
        assert answer.status_code == 200
        return answer.text

    def file(self, user=None):
        client = Client()
        client.force_login(user or self.office)
        return client.get(self.url("firm_file_export"))

    def stated(self, values: dict[str, float], source: str = "government", year: int = YEAR) -> None:
        department = self.tax.department_id if source == "government" else None
        new = [filings.NewFiling(self.firm.pk, values)]
        filings.append(new, year=year, source=source, by_id=None, department_id=department)
        filings.refold(year, [self.firm.pk])


@pytest.fixture
def world(zone) -> World:  # noqa: F811
    return World(zone)


class TestTheFigures:
    def test_each_with_who_stated_it_and_what_was_not_followed(self, world):
        world.stated({"revenue": 100.0})
        world.stated({"revenue": 130.0}, "firm")
        page = world.page()
        assert 'tag-accent">100<' in page  # not yet decided
        assert "税务局" in page
        assert "未采用 130：企业自主填报" in page

    def test_what_was_decided_says_by_whom_and_why(self, world):
        disputes.decision(world.firm, world.science.department, world.office)
        page = world.page()
        assert "积分办甲于" in page
        assert "裁定：" in page

    def test_years_stand_side_by_side_and_older_ones_a_page_further(self, world):
        for year in range(2010, 2022):
            world.stated({"revenue": float(year)}, year=year)
        page = world.page()
        assert "2023年度</th>" in page
        assert "2012年度</th>" not in page
        assert "?figures=2#figures" in page
        assert "2012年度</th>" in world.page(url=f"{world.url()}?figures=2")


def entries(world, count: int, kind: str = "award") -> None:
    for n in range(count):
        RegisterEntry.objects.create(
            firm=world.firm, kind=kind, level="municipal", title=f"奖励{n:03d}", starts_on=date(2022, 1, 1), amount=Decimal("1.5"),
        )  # fmt: skip


class TestTheRegisters:
    def test_by_register_newest_first_and_paged(self, world):
        entries(world, 25)
        entries(world, 2, "contest")
        page = world.page()
        assert "科技奖励（25条）" in page
        assert "创新创业赛事（2条）" in page
        assert "奖励024" in page
        assert "奖励004" not in page
        older = world.page(url=f"{world.url()}?register-award=3")
        assert "奖励004" in older
        assert "创新创业赛事（2条）" in older

    def test_a_voided_entry_is_in_no_file(self, world):
        entries(world, 1)
        RegisterEntry.objects.update(voided_at=timezone.now())
        assert "台账中没有这家企业的条目" in world.page()


class TestTheResults:
    def test_every_period_with_stage_points_and_ranks(self, world):
        page = world.page()
        assert "2022年度企业创新积分" in page
        assert "第1次计算，试算，未公布" in page
        assert "已公布" in page

    def test_what_took_effect_of_the_negative_list(self, world):
        world.firm = world.zone.firms[9]
        assert "不纳入评价" in world.page()

    def test_a_stage_stated_by_a_person_with_its_reason(self, world):
        StageRecord.objects.create(
            firm=world.firm, year=2020, stage="growth", reason="审计报告佐证", stated_by=world.office
        )
        page = world.page()
        assert "审计报告佐证" in page
        assert "成长期" in page


def deal(world) -> None:
    """Something in every section."""
    disputes.claim(world.firm, world.science.department, world.manager)
    disputes.conflict(world.firm, world.science.department)
    disputes.objection(world.firm, world.science.department, world.manager)
    report = FirmReport.objects.create(
        firm=world.firm, year=YEAR, state="returned", submitted_by=world.manager, submitted_at=timezone.now(), cells={},
    )  # fmt: skip
    ReportEvent.objects.create(
        report=report, kind="returned", by=world.office, edition=3, remarks={"revenue": "与年报不符"}, note="请补正"
    )
    Extension.objects.create(
        firm=world.firm, year=YEAR, due_on=date(2099, 1, 1), reason="财务人员变动", approved_by=world.office
    )
    Message.objects.create(user=world.manager, key="k", title="请尽快填报", body="还有3天")
    budget = Budget.objects.create(year=2023, purpose="contract", amount=100)
    Payment.objects.create(
        budget=budget, firm=world.firm, amount=Decimal("12.5"), paid_on=date(2023, 6, 1), title="技术合同奖补", recorded_by=world.office
    )  # fmt: skip
    audit.record(
        "firm.change",
        "修改企业名录",
        by=world.office,
        target=world.firm,
        before={"name": "旧名"},
        after={"name": "新名"},
    )


class TestWhatPassed:
    SAID = ("与年报不符", "财务人员变动", "请尽快填报", "技术合同奖补", "企业名称：旧名 → 新名")

    def test_office_and_leaders_read_all_of_it(self, world):
        deal(world)
        for user in (world.office, world.leader):
            page = world.page(user)
            assert [text for text in self.SAID if text not in page] == []

    def test_a_department_reads_figures_and_its_own_dealings(self, world):
        deal(world)
        audit.record("registerentry.change", "科技局改台账", by=world.science, target=world.firm)
        page = world.page(world.tax)
        assert [text for text in self.SAID if text in page] == []
        assert "科技局改台账" not in page
        assert "没有提交过的台账申报" in page
        assert "科技局改台账" in world.page(world.science)
        assert "没有提交过的台账申报" not in world.page(world.science)

    def test_another_firms_dealings_are_in_no_other_file(self, world):
        deal(world)
        world.firm = world.zone.firms[4]
        page = world.page()
        assert [text for text in self.SAID if text in page] == []

    def test_a_long_trail_is_paged(self, world):
        for n in range(25):
            audit.record("firm.change", f"第{n:02d}次改名", by=world.office, target=world.firm)
        page = world.page()
        assert "第24次改名" in page
        assert "第04次改名" not in page
        assert "第04次改名" in world.page(url=f"{world.url()}?trail=3")


def queries(world) -> int:
    with CaptureQueriesContext(connection) as asked:
        world.page()
    return len(asked)


def test_as_many_queries_for_a_long_history_as_for_a_short_one(world):
    deal(world)
    entries(world, 1)
    world.stated({"revenue": 1.0})
    disputes.decision(world.firm, world.science.department, world.office)
    ContentType.objects.clear_cache()
    world.page()
    few = queries(world)
    for year in range(2010, 2022):
        DataYear.objects.get_or_create(year=year)
        world.stated({"revenue": float(year), "headcount": 5.0}, year=year)
        world.stated({"revenue": float(year) * 2}, "firm", year=year)
    entries(world, 30, "contest")
    entries(world, 30, "project")
    for n in range(30):
        audit.record("firm.change", f"{n}", by=world.office, target=world.firm, after={"name": str(n)})
        Message.objects.create(user=world.manager, key=f"m{n}", title=f"消息{n}")
    assert queries(world) <= few


class TestFindingAFirm:
    def find(self, world, q: str):
        client = Client()
        client.force_login(world.office)
        return client.get(reverse("scoring:firm_files"), {"q": q})

    def test_by_part_of_the_name_initials_or_code(self, world):
        for q in ("市试", "xxss", world.firm.credit_code[:12]):
            page = self.find(world, q)
            assert page.status_code == 200
            assert world.firm.name in page.text

    @pytest.mark.parametrize("part", ["name", "credit_code"])
    def test_the_only_one_meant_is_opened_at_once(self, world, part):
        answer = self.find(world, getattr(world.firm, part))
        assert answer.status_code == 302
        assert answer.url == world.url()

    def test_nothing_found_says_how_to_ask_again(self, world):
        assert "没有找到“查无此企”" in self.find(world, "查无此企").text
        assert "请先查找一家企业" in self.find(world, "").text

    def test_too_many_ask_for_more_of_the_name(self, world):
        Firm.objects.bulk_create(
            Firm(credit_code=f"91410700MB{n:08d}", name=f"新乡重名{n:03d}有限公司") for n in range(40)
        )
        assert "只列前30家" in self.find(world, "重名").text


class TestTheWorkbook:
    def test_it_holds_what_the_page_shows_and_all_of_it(self, world):
        deal(world)
        entries(world, 25)
        world.stated({"revenue": 1234.5})
        world.stated({"revenue": 2000.0}, "firm")
        answer = world.file()
        assert answer.status_code == 200
        book = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(answer.streaming_content)))
        sheets = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
        assert list(sheets)[:4] == ["基本信息", "历年评价", "历年数据", "台账"]
        figures = [row for row in sheets["历年数据"] if row[0].startswith("营业收入")]
        assert 1234.5 in figures[0]  # a number, and its source beside it
        assert any("未采用 2,000" in str(cell) for cell in figures[0])
        assert sum("奖励0" in str(row[0]) for row in sheets["台账"]) == 25
        assert any("财务人员变动" in map(str, row) for row in sheets["填报与延期"])
        assert AuditEntry.objects.get(action="firm.export").target_id == str(world.firm.pk)

    def test_a_department_s_file_holds_no_more_than_its_page(self, world):
        deal(world)
        book = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(world.file(world.tax).streaming_content)))
        assert {"填报与延期", "消息与催报", "资金支出", "计分说明"}.isdisjoint(book.sheet_names)


def test_a_firm_of_which_nothing_is_known_has_a_file_that_says_so(world):
    world.firm = Firm.objects.create(credit_code=world.firm.credit_code[:-1] + "Z", name="新乡新来有限公司")
    page = world.page()
    for said in ("还没有评价结果", "还没有任何来源报送过数据", "还没有变更记录", "没有延期"):
        assert said in page


def test_firms_and_strangers_have_no_such_page(world):
    client = Client()
    assert client.get(world.url()).status_code == 302
    client.force_login(world.manager)
    for name in ("firm_file", "firm_file_export"):
        assert client.get(world.url(name)).status_code == 403
    assert client.get(reverse("scoring:firm_files")).status_code == 403
    client.force_login(world.office)
    assert client.get(world.url(credit_code="91410700MA0000000X")).status_code == 404
    assert client.get(f"{world.url()}?figures=x&trail=99999999999999").status_code == 200


def test_the_profile_leads_to_the_file_those_who_may_read_it(world):
    profile = reverse("scoring:profile", args=[world.firm.credit_code])
    for user in (world.office, world.leader, world.tax):
        assert world.url() in world.page(user, profile)
    assert world.url() not in world.page(world.manager, profile)
    assert world.url() not in Client().get(profile).text


def test_what_changed_is_told_in_words_and_not_in_codes(world):
    claim = disputes.claim(world.firm, world.science.department, world.manager)
    after = {"kind": "patent", "category": "invention_grant", "department": world.science.department.code, "entry": 7}
    audit.record("claim.submit", "申报专利", by=world.manager, target=claim, after=after)
    page = world.page()
    for said in ("台账：专利", "类别：发明专利授权", f"核验部门：{world.science.department.name}"):
        assert said in page
    assert "entry" not in page.partition('id="trail"')[2].partition("</main>")[0]
