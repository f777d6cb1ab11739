"""专利 on the pages: the back office, the firm's claim and form, the conflict queue, the profile's provenance."""

from __future__ import annotations

from datetime import date

import pytest
import tablib
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from firms.admin.facts import RegisterEntryResource
from firms.importing.patents import check_digit
from firms.models import DataYear, Department, FactSheet, Filing, RegisterClaim, RegisterEntry
from firms.services import filings, imports, register_figures
from firms.services.catalogue import load_catalogue
from firms.services.import_guess import completed
from scoring.services import open_period, publish, rescore
from tests.factories import FirmFactory, MembershipFactory, OfficerFactory, UserFactory
from tests.scoring import zone
from xxgx import roles
from xxgx.demo.samples import write_samples
from xxgx.demo.zone import build_zone

pytestmark = pytest.mark.django_db
YEAR = 2022
NUMBER = "200310100002.X"


def number(serial: int) -> str:
    digits = f"20201{serial:07d}"
    return f"{digits}.{check_digit(digits)}"


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


class World:
    def __init__(self) -> None:
        load_catalogue(by=None)
        roles.load()
        DataYear.objects.create(year=YEAR, phase=DataYear.Phase.REPORTING, firms_due_on=date(2100, 1, 1))
        self.firm, self.other = (FirmFactory(registered_on=date(2012, 3, 1)) for _ in range(2))
        self.office = UserFactory()
        self.market = OfficerFactory(department__code="market")
        self.department = Department.objects.get(code="market")
        self.manager = MembershipFactory(firm=self.firm, kind="manager").user

    def typed(self, by, **changed):
        data = {"firm": self.firm.pk, "kind": "patent", "category": "invention_grant", "level": "", "title": "一种轴承",
                "starts_on": "2022-05-06", "ends_on": "", "amount": "", "quantity": 1, "document_number": f"ZL {NUMBER}"}  # fmt: skip
        return signed_in(by).post(reverse("admin:firms_registerentry_add"), data | changed)

    def figures(self, firm=None) -> dict[str, float]:
        sheet = FactSheet.objects.filter(firm=firm or self.firm, year=YEAR).first()
        return dict(sheet.values) if sheet else {}


@pytest.fixture
def world(db) -> World:
    return World()


class TestTheBackOffice:
    def test_what_is_typed_in_counts_and_is_kept_by_its_number(self, world):
        assert world.typed(world.market).status_code == 302
        assert RegisterEntry.objects.get().document_number == NUMBER
        assert world.figures() == {"invention_grants": 1}

    @pytest.mark.parametrize(
        "changed", [{"document_number": "ZL200310100002.3"}, {"document_number": ""}, {"category": "pct_application"}]
    )
    def test_what_is_no_patent_s_number_is_refused(self, world, changed):
        assert world.typed(world.market, **changed).status_code == 200
        assert not RegisterEntry.objects.exists()

    def test_the_same_number_again_is_refused_whosever_it_is(self, world):
        world.typed(world.market)
        for firm in (world.firm, world.other):
            page = world.typed(world.market, firm=firm.pk, title="别的名称")
            assert (page.status_code, "一件专利只计一次" in page.text) == (200, True)
        assert RegisterEntry.objects.count() == 1

    def test_moved_to_another_firm_it_counts_there(self, world):
        world.typed(world.market)
        entry = RegisterEntry.objects.get()
        page = signed_in(world.market)
        url = reverse("admin:firms_registerentry_change", args=[entry.pk])
        form = page.get(url).context["adminform"].form
        data = {name: form[name].value() if form[name].value() is not None else "" for name in form.fields}
        stamp = page.get(url).context["stamp"]
        assert page.post(url, data | {"firm": world.other.pk, "_stamp": stamp}).status_code == 302
        assert (world.figures(), world.figures(world.other)) == ({}, {"invention_grants": 1})

    def test_voided_it_counts_no_more_and_restored_again(self, world):
        world.typed(world.market)
        client, url = signed_in(world.market), reverse("admin:firms_registerentry_changelist")
        pk = RegisterEntry.objects.get().pk
        client.post(url, {"action": "void", "_selected_action": [pk]})
        assert world.figures() == {}
        world.typed(world.market, title="重新登记")
        client.post(url, {"action": "restore", "_selected_action": [pk]})
        assert RegisterEntry.objects.in_force().get().title == "重新登记"  # the number is taken
        assert world.figures() == {"invention_grants": 1}

    def test_a_table_counts_each_once_and_refuses_a_number_twice(self, world):
        def rows(*numbers):
            heads = ["统一社会信用代码", "台账", "类别", "级别", "名称", "起始日期", "文号或证书编号"]
            return tablib.Dataset(
                *([world.firm.credit_code, "专利", "发明专利授权", "", f"甲{at}", "2022-05-06", one] for at, one in enumerate(numbers)),
                headers=heads,
            )  # fmt: skip

        RegisterEntryResource(by=world.market).import_data(rows(number(1), f"ZL{number(2)}"), raise_errors=True)
        assert world.figures() == {"invention_grants": 2}
        found = RegisterEntryResource(by=world.market).import_data(rows(number(3), number(3)))
        assert found.has_validation_errors()
        assert world.figures() == {"invention_grants": 2}


def test_a_firm_claims_a_patent_and_reads_what_is_wrong_with_its_number(world):
    mine = signed_in(world.manager)
    url = reverse("firms:claim_new", args=[world.firm.credit_code, "patent"])
    page = mine.get(url).text
    for label in ("专利名称", "申请号或专利号", "申请日或授权公告日", "PCT专利申请"):
        assert label in page
    data = {
        "category": "invention_grant",
        "title": "一种轴承",
        "starts_on": "2022-05-06",
        "document_number": "ZL200310100002.3",
    }
    page = mine.post(url, data)
    assert (page.status_code, "校验位不符" in page.text) == (400, True)
    file = SimpleUploadedFile("证书.pdf", b"%PDF-1.4\ntrailer\n%%EOF\n")
    assert mine.post(url, data | {"document_number": f"zl{NUMBER}", "evidence": file}).status_code == 302
    assert RegisterClaim.objects.get().document_number == NUMBER
    assert NUMBER in mine.get(reverse("firms:claims")).text


@pytest.fixture
def counted(world) -> World:
    for serial in (1, 2):
        RegisterEntry.objects.create(
            firm=world.firm, kind="patent", category="invention_grant", title=f"一种轴承{serial}", starts_on="2022-05-06",
            document_number=number(serial), department=world.department,
        )  # fmt: skip
    register_figures.restate("patent", [(world.firm.pk, YEAR)], by_id=None)
    return world


def test_the_form_says_that_the_register_supplies_the_figure(counted):
    page = signed_in(counted.manager).get(reverse("firms:report", args=[counted.firm.credit_code, YEAR])).text
    assert "（专利台账）提供" in page


def test_the_queue_sets_the_register_beside_the_department_s_figure(counted):
    new = filings.NewFiling(counted.firm.pk, {"invention_grants": 5})
    filings.append([new], year=YEAR, source="government", by_id=None, department_id=counted.department.pk)
    filings.refold(YEAR, [counted.firm.pk])
    client = signed_in(counted.market)
    page = client.get(reverse("firms:conflicts")).text
    assert "按专利台账计数" in page
    assert page.index("5件") < page.index("2件")
    sheet, register = FactSheet.objects.get(), Filing.objects.get(source="register")
    url = reverse("firms:conflict_decide", args=[YEAR, "invention_grants", counted.firm.credit_code])
    seen = "-".join(map(str, sorted((sheet.winners["invention_grants"], register.pk))))
    client.post(url, {"filing": register.pk, "seen": seen, "why": "document"})
    sheet.refresh_from_db()
    assert (sheet.values["invention_grants"], sheet.has_conflicts) == (2, False)
    assert "部门台账" in client.get(reverse("firms:decisions")).text


def test_the_profile_names_the_register_and_lists_the_patents(counted):
    new = filings.NewFiling(counted.firm.pk, {"revenue": 800, "rd_expense": 50})
    filings.append([new], year=YEAR, source="government", by_id=None)
    filings.refold(YEAR, [counted.firm.pk])
    period = open_period(YEAR, zone.scheme(), by=None)
    publish(period, rescore(period, by=None).run, by=None)
    page = signed_in(counted.manager).get(reverse("scoring:profile", args=[counted.firm.credit_code])).text
    assert "按专利台账计数" in page
    assert "一种轴承2" in page


def test_a_list_as_an_agency_sends_it_is_told_apart_row_by_row(world, client, tmp_path):
    """The demo's own sample: what is known, new, mistyped and of another sort; guessed from the file alone."""
    zone_ = build_zone()
    write_samples(tmp_path, zone_)
    year = zone_.years[-1]
    known = [e for e in zone_.entries if e.category == "invention_grant" and e.starts_on.year == year][:12]
    firms = {}
    for entry in known:
        row = zone_.firms[entry.firm]
        firms[row.credit_code] = firms.get(row.credit_code) or FirmFactory(credit_code=row.credit_code, name=row.name)
        RegisterEntry.objects.create(
            firm=firms[row.credit_code], kind="patent", category=entry.category, title=entry.title, starts_on=entry.starts_on,
            document_number=entry.document_number, department=world.department,
        )  # fmt: skip
    name = f"市场监管局-{year}年度发明专利.csv"
    file = SimpleUploadedFile(name, (tmp_path / name).read_bytes())
    asked = completed(file, kind="", department=None, year=None, register_kind="")
    assert (asked["kind"], asked["register_kind"], asked["department"]) == ("registers", "patent", world.department)
    batch = imports.plan(imports.upload(file, **asked, by=world.market))
    assert {verdict: batch.counts[verdict] for verdict in ("same", "create", "refused", "left_out")} == {
        "same": 12, "create": 11, "refused": 1, "left_out": 3,
    }  # fmt: skip
    page = signed_in(world.market).get(reverse("firms:import_detail", args=[batch.pk])).text
    assert "发明专利授权" in page
    assert "invention_grant" not in page
