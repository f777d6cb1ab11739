"""Claims, objections and conflicts as people meet them on their pages; and no firm reaches another firm's anything."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from firms.models import (
    DataYear,
    Decision,
    Department,
    Evidence,
    FactSheet,
    FirmReport,
    Metric,
    Objection,
    RegisterClaim,
    RegisterEntry,
)
from firms.services import claims, filings, objections
from firms.services.catalogue import load_catalogue
from tests import disputes
from tests.factories import FilingFactory, FirmFactory, MembershipFactory, OfficerFactory, UserFactory

pytestmark = pytest.mark.django_db
YEAR = 2022


def pdf(name: str = "证书.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, b"%PDF-1.4\ntrailer\n%%EOF\n")


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


class World:
    def __init__(self) -> None:
        load_catalogue(by=None)
        DataYear.objects.create(year=YEAR, phase=DataYear.Phase.REPORTING, firms_due_on=date(2100, 1, 1))
        self.firm, self.other = FirmFactory(), FirmFactory()
        self.manager = MembershipFactory(firm=self.firm, kind="manager").user
        self.stranger = MembershipFactory(firm=self.other, kind="manager").user
        self.science, self.tax = (OfficerFactory(department__code=code) for code in ("science", "tax"))
        self.filing = FilingFactory(
            firm=self.firm, values={"revenue": 100.0}, department=Department.objects.get(code="tax")
        )
        filings.refold(YEAR, [self.firm.pk])
        self.mine, self.theirs = signed_in(self.manager), signed_in(self.stranger)

    def new_claim(self, **changed):
        fields = {
            "level": "provincial",
            "title": "河南省工程技术研究中心",
            "starts_on": "2022-03-01",
            "evidence": pdf(),
        }
        url = reverse("firms:claim_new", args=[self.firm.credit_code, "platform"])
        return self.mine.post(url, fields | changed)


@pytest.fixture
def world() -> World:
    return World()


def test_a_claim_from_the_form_to_the_register(world):
    response = world.new_claim()
    claim = RegisterClaim.objects.get()
    assert response.url == reverse("firms:claim", args=[claim.pk])
    shown = world.mine.get(response.url).text
    assert "提交核验" in shown
    assert "证书.pdf" in shown
    world.mine.post(reverse("firms:claim_submit", args=[claim.pk]), {"version": claim.version})
    queue = signed_in(world.science)
    assert "河南省工程技术研究中心" in queue.get(reverse("firms:claim_queue")).text
    claim.refresh_from_db()
    queue.post(reverse("firms:claim_verify_many"), {"picks": [f"{claim.pk}:{claim.version}"]})
    assert RegisterEntry.objects.get().firm == world.firm
    assert "已核验" in world.mine.get(response.url).text


def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(world):
    response = world.new_claim(level="", starts_on="2999-01-01")
    assert response.status_code == 400
    assert "没有填写级别" in response.text
    assert "起始日期还没有到" in response.text
    assert "河南省工程技术研究中心" in response.text
    assert not RegisterClaim.objects.exists()


def test_a_day_filled_in_is_there_again_when_the_claim_is_mended(world):
    """A browser's calendar takes 2022-03-01 only: spelled as the language spells days, it shows and then saves nothing."""
    world.new_claim()
    page = world.mine.get(reverse("firms:claim_edit", args=[RegisterClaim.objects.get().pk]))
    assert 'name="starts_on" value="2022-03-01"' in page.text


@pytest.mark.parametrize(
    ("typed", "kept"), [("1,234.5", "1234.5"), ("50万元", "50"), ("500000元", "50"), ("１２", "12")]
)
def test_an_amount_is_read_as_in_the_form(world, typed, kept):
    url = reverse("firms:claim_new", args=[world.firm.credit_code, "contract"])
    data = {"category": "general", "title": "技术服务合同", "starts_on": "2022-03-01", "amount": typed}
    assert world.mine.post(url, data).status_code == 302
    assert RegisterClaim.objects.get().amount == Decimal(kept)


def test_an_amount_that_is_none_is_told_how_to_write_it(world):
    url = reverse("firms:claim_new", args=[world.firm.credit_code, "contract"])
    page = world.mine.post(url, {"category": "general", "title": "合同", "starts_on": "2022-03-01", "amount": "1.2亿"})
    assert page.status_code == 400
    assert "单位请写全，如“1.2亿元”" in page.text


def test_the_field_of_an_objection_names_its_unit(world):
    url = reverse("firms:objection_new")
    asked = {"firm": world.firm.credit_code, "year": YEAR}
    assert "我方主张的数值（万元）" in world.mine.get(url, asked | {"metric": "revenue"}).text


def test_verifying_many_leads_back_to_what_was_searched(world):
    world.new_claim()
    claim = RegisterClaim.objects.get()
    claims.submit(claim, version=claim.version, by=world.manager)
    claim.refresh_from_db()
    asked = {"picks": f"{claim.pk}:{claim.version}", "kind": "platform", "q": "河南"}
    answer = signed_in(world.science).post(reverse("firms:claim_verify_many"), asked)
    assert answer.url == f"{reverse('firms:claim_queue')}?kind=platform&q=%E6%B2%B3%E5%8D%97"
    claim.refresh_from_db()
    assert claim.state == RegisterClaim.State.VERIFIED


def test_a_file_we_do_not_take_is_said_on_the_page_and_nothing_is_kept(world):
    response = world.new_claim(evidence=SimpleUploadedFile("证书.pdf", b"MZ not a pdf"))
    assert response.status_code == 400
    assert 'role="alert"' in response.text
    assert not RegisterClaim.objects.exists()
    assert not Evidence.objects.exists()


def test_each_register_has_its_own_form(world):
    for kind, labels in {"contract": "合同成交金额", "qualification": "有效期至", "award": "获奖日期"}.items():
        assert labels in world.mine.get(reverse("firms:claim_new", args=[world.firm.credit_code, kind])).text
    for kind in ("incident", "listing", "nonsense"):
        assert world.mine.get(reverse("firms:claim_new", args=[world.firm.credit_code, kind])).status_code == 404


@pytest.mark.parametrize("picks", [[], ["x"], ["1:1:1"], ["-1:0"], ["9" * 40 + ":0"]])
def test_ticks_that_are_none_are_refused(world, picks):
    response = signed_in(world.science).post(reverse("firms:claim_verify_many"), {"picks": picks})
    assert response.status_code == 400


def test_many_ticked_one_of_them_seen_to_meanwhile(world):
    claims_ = [disputes.claim(firm, world.science.department, world.manager) for firm in (world.firm, world.other)]
    claims.refuse(claims_[0], version=0, answer="不符", by=world.science)
    response = signed_in(world.science).post(
        reverse("firms:claim_verify_many"), {"picks": [f"{claim.pk}:0" for claim in claims_]}, follow=True
    )
    assert "已核验1条" in response.text
    assert "没有核验" in response.text
    assert RegisterEntry.objects.get().firm == world.other


def test_an_objection_from_the_cell_to_the_corrected_figure(world):
    url = reverse("firms:objection_new") + f"?firm={world.firm.credit_code}&year={YEAR}&metric=revenue"
    assert "100万元" in world.mine.get(url).text
    response = world.mine.post(url, {"claimed": "1300000元", "reason": "申报表为130万元", "evidence": [pdf("a.pdf")]})
    objection = Objection.objects.get()
    assert objection.claimed == 130  # the unit behind the figure is read
    assert response.url == reverse("firms:objection", args=[objection.pk])
    assert "已有一件异议待答复" in world.mine.get(url).text
    officer = signed_in(world.tax)
    assert "a.pdf" in officer.get(response.url).text
    officer.post(reverse("firms:objection_uphold", args=[objection.pk]), {"figure": "130", "answer": "已核实"})
    assert FactSheet.objects.get(firm=world.firm, year=YEAR).values["revenue"] == 130
    shown = world.mine.get(response.url).text
    assert "已采纳" in shown
    assert "已核实" in shown


def test_a_bad_objection_is_told_on_its_page(world):
    url = reverse("firms:objection_new") + f"?firm={world.firm.credit_code}&year={YEAR}&metric=revenue"
    assert world.mine.post(url, {"claimed": "很多", "reason": "错了"}).status_code == 400
    assert world.mine.post(url, {"claimed": "5", "reason": ""}).status_code == 400
    assert world.mine.get(reverse("firms:objection_new")).status_code == 400
    assert not Objection.objects.exists()


def test_a_conflict_decided_on_its_page_and_taken_back(world):
    disputes.conflict(world.firm, world.science.department)
    officer = signed_in(world.science)
    page = officer.get(reverse("firms:conflicts"))
    [conflict] = page.context["page"].conflicts
    assert "积分现用" in page.text
    own = next(side for side in conflict.sides if side.value.startswith("120"))
    url = reverse("firms:conflict_decide", args=[conflict.year, conflict.metric.code, world.firm.credit_code])
    assert officer.post(url, {"filing": own.filing, "seen": conflict.seen}).status_code == 400  # no reason
    assert officer.post(url, {"filing": own.filing, "seen": conflict.seen, "why": "other"}).status_code == 400
    done = officer.post(
        url, {"filing": own.filing, "seen": conflict.seen, "why": "other", "note": "电话核实"}, follow=True
    )
    assert "没有待裁定的冲突" in done.text
    decision = Decision.objects.get()
    assert (decision.value, decision.reason) == (120, "电话核实")
    again = officer.post(url, {"filing": own.filing, "seen": conflict.seen, "why": "document"})
    assert again.status_code == 409
    assert "生效中" in officer.get(reverse("firms:decisions")).text
    officer.post(reverse("firms:decision_revoke", args=[decision.pk]))
    assert "已撤销" in officer.get(reverse("firms:decisions")).text
    assert len(officer.get(reverse("firms:conflicts")).context["page"].conflicts) == 1


def test_a_firms_figure_comes_with_its_words_and_files_once_they_are_handed_in(world):
    disputes.conflict(world.firm, world.science.department)
    report = FirmReport.objects.create(
        firm=world.firm, year=disputes.YEAR, state="accepted", first_submitted_at=timezone.now(), submitted_at=timezone.now(),
        submitted_by=world.manager, decided_at=timezone.now(),
        cells={"hightech_revenue": {"state": "value", "text": "120", "reason": "含出口部分"}},
    )  # fmt: skip
    file = Evidence.objects.create(
        firm=world.firm, year=disputes.YEAR, metric="hightech_revenue", file=ContentFile(b"%PDF-1.4", "x.pdf"), size=8,
        file_name="高品收入明细.pdf", media_type="application/pdf", sha256=hashlib.sha256(b"%PDF-1.4").hexdigest(), uploaded_by=world.manager,
    )  # fmt: skip
    officer = signed_in(world.science)
    page = officer.get(reverse("firms:conflicts"))
    sides = {side.value[:3]: (side.said, side.files) for side in page.context["page"].conflicts[0].sides}
    assert sides == {"100": ("", []), "120": ("含出口部分", [file])}
    assert "企业说明：含出口部分" in page.text
    assert officer.get(reverse("firms:evidence", args=[file.pk])).status_code == 200
    FirmReport.objects.filter(pk=report.pk).update(state="returned")  # being mended
    assert "含出口部分" not in officer.get(reverse("firms:conflicts")).text


def test_a_lapsed_decision_says_why(world):
    made = disputes.decision(world.firm, world.science.department, world.science)
    FilingFactory(firm=world.firm, year=disputes.YEAR, values={made.metric: 333.0}, department=world.science.department)
    filings.refold(disputes.YEAR, [world.firm.pk])
    shown = signed_in(world.science).get(reverse("firms:decisions")).text
    assert "已失效" in shown
    assert "之后又报送了新的数值" in shown


def test_conflicts_are_found_by_metric_and_firm_and_decided_by_rule(world):
    firms = FirmFactory.create_batch(3)
    for firm in (*firms, world.firm):
        disputes.conflict(firm, world.science.department)
    officer = signed_in(world.science)
    code, year = "hightech_revenue", disputes.YEAR
    page = officer.get(reverse("firms:conflicts"), {"metric": code, "q": firms[0].name}).context["page"]
    assert [conflict.firm for conflict in page.conflicts] == [firms[0]]
    page = officer.get(reverse("firms:conflicts"), {"metric": code}).context["page"]
    assert {rule.source: rule.count for rule in page.rules} == {"government": 4, "firm": 4}
    rule = {"source": "firm", "expected": 4, "why": "scope", "note": ""}
    url = reverse("firms:conflict_rule", args=[year, code])
    assert officer.post(url, rule | {"expected": 3}).status_code == 409
    assert officer.post(url, rule).status_code == 302
    assert Decision.objects.count() == 4
    assert not FactSheet.objects.filter(has_conflicts=True).exists()


def test_another_departments_conflicts_are_not_shown_nor_decided(world):
    disputes.conflict(world.firm, world.science.department)
    officer = signed_in(world.tax)
    assert not officer.get(reverse("firms:conflicts")).context["page"].conflicts
    for name, args in (
        ("conflict_decide", [disputes.YEAR, "hightech_revenue", world.firm.credit_code]),
        ("conflict_rule", [disputes.YEAR, "hightech_revenue"]),
    ):
        assert officer.post(reverse(f"firms:{name}", args=args), {"why": "scope"}).status_code == 403
    assert signed_in(UserFactory(role="office")).get(reverse("firms:conflicts")).context["page"].conflicts


def test_each_sources_errors_are_counted(world):
    department = world.science.department
    decided, firms = FirmFactory(), FirmFactory.create_batch(2)
    for firm in firms:
        disputes.conflict(firm, department)
    disputes.decision(decided, department, world.science)
    page = signed_in(world.science).get(reverse("firms:source_record"), {"year": disputes.YEAR}).context["page"]
    lines = {line.name: line.total for line in page.lines}
    government, own = lines[department.name], lines["企业自主填报"]
    assert (government.stated, government.open, government.decided, government.against) == (3, 2, 1, 1)
    assert (own.stated, own.open, own.decided, own.against) == (3, 2, 1, 0)
    assert government.share == "33.33%"


def test_an_upheld_objection_counts_against_who_was_wrong(world):
    metric = Metric.objects.get(code="revenue")
    one = objections.raise_objection(world.firm, YEAR, metric, claimed="130", reason="错了", by=world.manager)
    objections.uphold(one, figure="130", by=world.tax)
    page = signed_in(world.tax).get(reverse("firms:source_record"), {"year": YEAR}).context["page"]
    [line] = page.lines
    assert (line.name, line.total.upheld, line.total.stated) == ("税务局", 1, 2)  # as it was, and as corrected


class TestAnotherFirm:
    """Every address of these pages with the other firm's objects."""

    def test_its_claims(self, world):
        world.new_claim()
        claim = RegisterClaim.objects.get()
        for name in ("claim", "claim_edit"):
            assert world.theirs.get(reverse(f"firms:{name}", args=[claim.pk])).status_code == 404
        posts = [("claim_edit", {"title": "改"}), ("claim_submit", {"version": 0}), ("claim_withdraw", {"version": 0}),
                 ("claim_discard", {"version": 0})]  # fmt: skip
        for name, data in posts:
            assert world.theirs.post(reverse(f"firms:{name}", args=[claim.pk]), data).status_code == 404
        new = reverse("firms:claim_new", args=[world.firm.credit_code, "platform"])
        assert world.theirs.get(new).status_code == 404
        assert world.theirs.post(new, {"title": "x"}).status_code == 404
        for url in (reverse("firms:claims"), reverse("firms:claims") + f"?firm={world.firm.credit_code}"):
            assert world.firm.name not in world.theirs.get(url).text
        claim.refresh_from_db()
        assert (claim.title, claim.state) == ("河南省工程技术研究中心", "draft")

    def test_its_objections_and_figures(self, world):
        metric = Metric.objects.get(code="revenue")
        one = objections.raise_objection(
            world.firm, YEAR, metric, claimed="", reason="密", files=[pdf()], by=world.manager
        )
        assert world.theirs.get(reverse("firms:objection", args=[one.pk])).status_code == 404
        assert world.theirs.post(reverse("firms:objection_withdraw", args=[one.pk])).status_code == 404
        cell = reverse("firms:objection_new") + f"?firm={world.firm.credit_code}&year={YEAR}&metric=revenue"
        assert world.theirs.get(cell).status_code == 404
        assert world.theirs.post(cell, {"reason": "x"}).status_code == 404
        assert world.firm.name not in world.theirs.get(reverse("firms:objections")).text
        # Without a firm named, the cell is one's own, and the other's figure is nowhere on it.
        assert "100万元" not in world.theirs.get(reverse("firms:objection_new") + f"?year={YEAR}&metric=revenue").text
        assert Objection.objects.get().state == "open"

    def test_its_files(self, world):
        world.new_claim()
        file = Evidence.objects.get()
        assert world.mine.get(reverse("firms:evidence", args=[file.pk])).status_code == 200
        assert world.theirs.get(reverse("firms:evidence", args=[file.pk])).status_code in {403, 404}
        assert signed_in(world.science).get(reverse("firms:evidence", args=[file.pk])).status_code in {403, 404}


def test_a_department_that_answers_for_nothing_yet_sees_no_conflicts(db):
    """Nothing to ask of a sheet's JSON is no question to the database: SQLite's would be wrong SQL."""
    new = Department.objects.create(code="new", name="新设部门", short_name="新部门")
    for name in ("firms:conflicts", "firms:source_record"):
        assert signed_in(OfficerFactory(department=new)).get(reverse(name)).status_code == 200
