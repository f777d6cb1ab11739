"""专利: a register whose entries are counted into the figures of their year, once each, by number."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from firms import catalogue, exports
from firms.importing.patents import check_digit
from firms.models import (
    DataYear,
    Department,
    FactSheet,
    Filing,
    Firm,
    ImportBatch,
    RegisterClaim,
    RegisterEntry,
    Source,
    User,
)
from firms.services import claims, filings, imports, register_entries, register_figures
from firms.services.catalogue import load_catalogue
from firms.services.collection import open_reporting
from firms.services.refusal import Refusal
from firms.services.report_standing import provided
from scoring.assembly import load_cohort
from scoring.engine import STATUSES, evaluate, parse_scheme
from scoring.services import open_period
from tests import races
from tests.factories import FirmFactory, MembershipFactory, OfficerFactory, workbook
from tests.scoring import zone

YEAR = 2022
HEADER = ["企业名称", "专利名称", "专利类型", "专利号", "申请日", "授权公告日"]


def number(serial: int, sort: int = 1, year: int = 2020) -> str:
    digits = f"{year}{sort}{serial:07d}"
    return f"{digits}.{check_digit(digits)}"


class World:
    def __init__(self) -> None:
        load_catalogue(by=None)
        DataYear.objects.create(year=YEAR, phase=DataYear.Phase.REPORTING, firms_due_on=date(2100, 1, 1))
        self.firm = FirmFactory(name="新乡甲有限公司")
        self.other = FirmFactory(name="新乡乙有限公司")
        self.manager = MembershipFactory(firm=self.firm, kind="manager").user
        self.market = OfficerFactory(department__code="market", department__name="市场监督管理局")
        self.department = Department.objects.get(code="market")

    def batch(self, *rows, header=HEADER, name="专利清单.xlsx") -> ImportBatch:
        file = workbook([header, *rows], name=name)
        batch = imports.upload(
            file, kind="registers", register_kind="patent", department=self.department, by=self.market
        )
        return imports.plan(batch)

    def confirmed(self, *rows, **kwargs) -> ImportBatch:
        batch = self.batch(*rows, **kwargs)
        return imports.confirm(batch, digest=batch.plan_digest, by=self.market)

    def grant(self, serial: int, day: str = "2022-05-06", firm=None) -> list[str]:
        return [(firm or self.firm).name, f"一种轴承{serial}", "发明专利", number(serial), "2020-03-01", day]

    def claim(self, serial: int = 1, **changed) -> RegisterClaim:
        fact = {
            "title": "一种轴承",
            "category": "invention_grant",
            "starts_on": date(YEAR, 5, 6),
            "document_number": f"ZL {number(serial)}",
        }
        file = SimpleUploadedFile(
            "证书.pdf", b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n" + bytes([65 + serial])
        )
        claim = claims.draft(self.firm, "patent", fact | changed, files=[file], by=self.manager)
        return claims.submit(claim, version=claim.version, by=self.manager)

    def verified(self, *args, **changed) -> RegisterClaim:
        claim = self.claim(*args, **changed)
        return claims.verify(claim, version=claim.version, by=self.market)

    def figures(self, year: int = YEAR, firm=None) -> dict[str, float]:
        sheet = FactSheet.objects.filter(firm=firm or self.firm, year=year).first()
        return dict(sheet.values) if sheet else {}

    def states(self, value: float, metric: str = "invention_grants", source: str = "government") -> None:
        """The department's own figure."""
        filings.append(
            [filings.NewFiling(self.firm.pk, {metric: value})], year=YEAR, source=source, by_id=None, department_id=self.department.pk
        )  # fmt: skip
        filings.refold(YEAR, [self.firm.pk])


@pytest.fixture
def world(db) -> World:
    return World()


def verdicts(batch):
    return list(batch.rows.order_by("row_number").values_list("verdict", flat=True))


def reasons(batch):
    return [
        [reason["code"] for reason in row]
        for row in batch.rows.order_by("row_number").values_list("reasons", flat=True)
    ]


class TestTheWorkbook:
    def test_each_row_is_one_patent_counted_in_the_year_of_its_day(self, world):
        world.confirmed(
            world.grant(1, "2022-01-01"), world.grant(2, "2022-12-31"), world.grant(3, "2021-12-31"), world.grant(8, "2023-01-01"),
            [world.firm.name, "一种机床", "发明专利", number(4, year=2022), "2022-03-01", ""],
            [world.firm.name, "一种机床", "PCT", "PCT/CN2022/000123", "2022-03-02", ""],
        )  # fmt: skip
        assert world.figures() == {"invention_grants": 2, "invention_applications": 1, "pct_applications": 1}
        filing = Filing.objects.get(source=Source.REGISTER)
        assert (filing.department.code, filing.filed_by, filing.batch) == ("market", world.market, None)
        assert not FactSheet.objects.filter(year=2021).exists()  # nobody has opened that year

    def test_what_is_no_invention_is_left_out_and_what_is_wrong_refused(self, world):
        batch = world.batch(
            world.grant(1),
            [world.firm.name, "一种扳手", "实用新型", number(5, 2), "2022-01-05", "2022-05-06"],
            [world.firm.name, "一种扳手", "发明专利", "ZL202010000001.0", "2022-01-05", "2022-05-06"],
            [world.firm.name, "", "发明专利", number(6), "2022-01-05", "2022-05-06"],
            [world.firm.name, "一种夹具", "发明专利", number(7), "", ""],
        )
        assert verdicts(batch) == ["create", "left_out", "refused", "refused", "refused"]
        assert [code[0] for code in reasons(batch)[1:]] == ["other_sort", "wrong_check_digit", "required", "required"]
        counts = batch.counts
        assert counts["rows"] == counts["accepted"] + counts["refused"] + counts["unmatched"] + counts["left_out"]

    def test_one_patent_twice_in_a_file_is_one_entry(self, world):
        again = [*world.grant(1)]
        again[3] = f"ＺＬ {number(1)}"
        batch = world.confirmed(world.grant(1), again)
        assert verdicts(batch) == ["create", "left_out"]
        assert world.figures() == {"invention_grants": 1}

    def test_the_same_number_otherwise_named_is_the_same_patent(self, world):
        world.confirmed(world.grant(1))
        renamed = world.grant(1)
        renamed[1], renamed[3] = "一种轴承（改名）", f"ZL{number(1)}".replace(".", "")
        batch = world.batch(renamed)
        assert verdicts(batch) == ["same"]
        moved = world.batch(world.grant(1, "2022-06-06"))
        assert (verdicts(moved), reasons(moved)) == (["refused"], [["matched_by_name", "other_day"]])

    def test_a_patent_belongs_to_one_firm(self, world):
        world.confirmed(world.grant(1))
        batch = world.batch(world.grant(1, firm=world.other), world.grant(2), world.grant(2, firm=world.other))
        assert verdicts(batch) == ["refused", "create", "refused"]
        assert [codes[-1] for codes in reasons(batch)[::2]] == ["number_elsewhere", "number_twice"]

    def test_undone_it_counts_no_more_and_nothing_is_left_said(self, world):
        first = world.confirmed(world.grant(1))
        second = world.confirmed(world.grant(2))
        imports.undo(second, by=world.market, reason="有误")
        assert world.figures() == {"invention_grants": 1}
        imports.undo(first, by=world.market, reason="有误")
        assert not FactSheet.objects.exists()
        world.confirmed(world.grant(1))
        assert world.figures() == {"invention_grants": 1}

    def test_a_row_matched_by_hand_counts_at_once(self, world):
        row = world.grant(1)
        row[0] = "不知名公司"
        batch = world.confirmed(world.grant(2), row)
        imports.match_row(batch.rows.get(verdict="unmatched"), world.firm, by=world.market)
        assert world.figures() == {"invention_grants": 2}

    def test_a_locked_year_refuses_only_its_own_patents(self, world):
        DataYear.objects.create(year=2023, locked_at=timezone.now())
        batch = world.confirmed(world.grant(1, "2023-05-06"), world.grant(2), world.grant(3, "2019-05-06"))
        assert verdicts(batch) == ["refused", "create", "create"]
        assert world.figures() == {"invention_grants": 1}

    def test_the_template_sent_back_changes_nothing(self, world, tmp_path):
        world.confirmed(world.grant(1), [world.firm.name, "一种机床", "PCT", "PCT/CN2022/000123", "2022-03-02", ""])
        table = exports.register_template(world.department, "patent")
        assert [column.heading for column in table.columns][2:] == ["类别", "专利名称", "起始日期", "专利号"]
        path = tmp_path / "t.xlsx"
        exports.write_xlsx(table, path)
        file = SimpleUploadedFile("专利台账.xlsx", path.read_bytes())
        batch = imports.upload(
            file, kind="registers", register_kind="patent", department=world.department, by=world.market
        )
        assert verdicts(imports.plan(batch)) == ["same", "same"]


class TestTheClaim:
    def test_it_counts_once_verified(self, world):
        claim = world.claim()
        assert (claim.department.code, claim.document_number, world.figures()) == ("market", number(1), {})
        claims.verify(claim, version=claim.version, by=world.market)
        assert world.figures() == {"invention_grants": 1}
        given = provided(world.firm, YEAR)["invention_grants"]
        assert (given.value, given.source) == (1, "register")
        assert "专利台账" in given.department

    def test_claimed_and_imported_it_is_one(self, world):
        world.confirmed(world.grant(1))
        claim = world.verified()
        assert (claim.entry, world.figures()) == (RegisterEntry.objects.get(), {"invention_grants": 1})
        batch = world.confirmed(world.grant(1), world.grant(2))
        assert (verdicts(batch), world.figures()) == (["same", "create"], {"invention_grants": 2})

    def test_application_and_grant_of_one_patent_are_two_facts(self, world):
        world.verified()
        claim = world.claim(2, category="invention_application", document_number=number(1), starts_on=date(YEAR, 1, 3))
        outcome = claims.verify_many([(claim, claim.version)], by=world.market)
        assert (outcome.done, outcome.refused) == (1, [])
        assert world.figures() == {"invention_grants": 1, "invention_applications": 1}

    @pytest.mark.parametrize(
        ("changed", "code"),
        [({"document_number": "ZL202010000001.0"}, "incomplete"), ({"document_number": ""}, "incomplete"),
         ({"category": "pct_application"}, "incomplete"), ({"category": ""}, "incomplete")],
    )  # fmt: skip
    def test_what_is_wrong_is_not_handed_in(self, world, changed, code):
        with pytest.raises(Refusal) as refused:
            world.claim(**changed)
        assert refused.value.code == code

    def test_another_firms_patent_is_not_verified(self, world):
        world.confirmed(world.grant(1, firm=world.other))
        with pytest.raises(Refusal) as refused:
            world.verified()
        assert (refused.value.code, world.other.name in refused.value.message) == ("number_elsewhere", True)
        assert world.figures() == {}

    def test_a_locked_year_refuses_it(self, world):
        claim = world.claim(starts_on=date(2021, 5, 6))
        DataYear.objects.create(year=2021, locked_at=timezone.now())
        with pytest.raises(Refusal) as refused:
            claims.verify(claim, version=claim.version, by=world.market)
        assert (refused.value.code, RegisterEntry.objects.exists()) == ("year_locked", False)


class TestBesideOtherSources:
    def test_the_departments_own_figure_counts_and_the_difference_is_a_conflict(self, world):
        world.confirmed(world.grant(1), world.grant(2))
        world.states(5)
        sheet = FactSheet.objects.get()
        register = Filing.objects.get(source=Source.REGISTER)
        assert (sheet.values, sheet.conflicts) == ({"invention_grants": 5}, {"invention_grants": [[register.pk, 2]]})
        world.confirmed(world.grant(3), world.grant(4), world.grant(5))
        assert not FactSheet.objects.get().has_conflicts  # both say five: counted once
        assert world.figures() == {"invention_grants": 5}

    def test_before_what_the_public_or_the_firm_says(self, world):
        world.confirmed(world.grant(1))
        world.states(3, source="firm")
        world.states(4, source="public")
        sheet = FactSheet.objects.get()
        assert (sheet.values["invention_grants"], len(sheet.conflicts["invention_grants"])) == (1, 2)

    def test_what_the_register_no_longer_says_leaves_the_others_standing(self, world):
        world.states(3, source="firm")
        batch = world.confirmed(world.grant(1))
        assert world.figures() == {"invention_grants": 1}
        imports.undo(batch, by=world.market, reason="有误")
        sheet = FactSheet.objects.get()
        assert (sheet.values, sheet.has_conflicts) == ({"invention_grants": 3}, False)

    def test_nothing_is_stated_twice(self, world):
        world.confirmed(world.grant(1))
        assert register_figures.restate("patent", [(world.firm.pk, YEAR)], by_id=None) == 0
        assert Filing.objects.filter(source=Source.REGISTER).count() == 1


class TestAYearOpenedLater:
    def test_patents_registered_before_count_once_it_is_open(self, world):
        world.confirmed(world.grant(1, "2021-05-06"))
        soon = timezone.localdate()
        open_reporting(2021, firms_due_on=soon, departments_due_on=soon, by=None)
        assert world.figures(2021) == {"invention_grants": 1}

    def test_or_once_it_is_to_be_judged(self, world):
        world.confirmed(world.grant(1, "2021-05-06"))
        open_period(2021, zone.scheme(), by=None)
        assert world.figures(2021) == {"invention_grants": 1}


def test_the_engine_counts_them(world):
    """From a row of a workbook to points: the firm has nothing but its patents, and is judged by them."""
    world.confirmed(world.grant(1), world.grant(2))
    world.states(500, "revenue")
    Firm.objects.filter(pk=world.firm.pk).update(registered_on=date(2015, 3, 1))
    period = open_period(YEAR, zone.scheme(), by=None)
    scheme = parse_scheme(period.scheme.text)
    cohort = load_cohort(period, scheme).cohort
    assert cohort.current["invention_grants"].tolist() == [2]
    found = evaluate(scheme, cohort)
    assert (STATUSES[found.status[0]], float(found.dimensions[0, 0])) == ("scored", 12)  # all the points of 1.10


def test_patents_count_in_the_year_they_begin_and_only_one_register_is_counted():
    assert catalogue.load().counted.kind == "patent"


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
class TestTwoAtOnce:
    @pytest.fixture(autouse=True)
    def _needs_real_connections(self):
        races.needs_real_connections()

    def verify(self, claim: RegisterClaim, by: User) -> None:
        found = RegisterClaim.objects.get(pk=claim.pk)
        claims.verify(found, version=found.version, by=User.objects.get(pk=by.pk))

    def one_patent_of_two_firms(self, world: World, monkeypatch) -> list[str]:
        picks = [world.claim()]
        world.firm, world.manager = world.other, MembershipFactory(firm=world.other, kind="manager").user
        picks.append(world.claim())
        races.meet(monkeypatch, register_figures, "refuse_elsewhere", after=True)
        return races.outcomes(*[lambda claim=claim: self.verify(claim, world.market) for claim in picks])

    def test_a_patent_of_two_firms_becomes_one_firm_s(self, world, monkeypatch):
        assert self.one_patent_of_two_firms(world, monkeypatch) == ["done", "number_elsewhere"]
        assert RegisterEntry.objects.count() == 1

    def test_the_control_without_the_register_s_mutex_only_the_database_refuses_the_second(self, world, monkeypatch):
        monkeypatch.setattr(register_entries, "hold", lambda kind: None)
        assert self.one_patent_of_two_firms(world, monkeypatch) == ["IntegrityError", "done"]
        assert RegisterEntry.objects.count() == 1

    def opened_meanwhile(self, world: World, monkeypatch) -> None:
        """A patent of 2021 is verified while somebody opens 2021."""
        claim = world.claim(starts_on=date(2021, 5, 6))
        races.meet(monkeypatch, register_figures, "restate")
        soon = timezone.localdate()
        answers = races.outcomes(
            lambda: self.verify(claim, world.market),
            lambda: open_reporting(2021, firms_due_on=soon, departments_due_on=soon, by=None),
        )
        assert answers == ["done", "done"]

    def test_a_year_opened_meanwhile_misses_nothing(self, world, monkeypatch):
        self.opened_meanwhile(world, monkeypatch)
        assert world.figures(2021) == {"invention_grants": 1}

    def test_the_control_without_the_mutex_of_who_opens_it_is_missed(self, world, monkeypatch):
        monkeypatch.setattr(register_figures, "hold", lambda: None)
        self.opened_meanwhile(world, monkeypatch)
        assert world.figures(2021) == {}
