"""A department writes its own metrics and registers and nobody else's, whichever door it tries: import, mapping, template,
back office form and table, API. Swept over every department, metric and register there is."""

import pytest
from django.contrib import admin
from django.urls import NoReverseMatch, get_resolver, reverse

from firms import catalogue
from firms.importing.header import heading
from firms.models import Department, Metric, RegisterEntry
from firms.services import import_headings, imports
from firms.services.catalogue import load_catalogue
from firms.services.refusal import Refusal
from tests.factories import FirmFactory, OfficerFactory, workbook
from tests.test_access import names

pytestmark = pytest.mark.django_db
DEPARTMENTS = list(catalogue.load().departments)
# What a department's account may change in the back office at all; each row's own rules stand above.
WRITES = {"firms.registerentry"}


@pytest.fixture
def officers(people):
    load_catalogue(by=None)
    return {code: OfficerFactory(department=Department.objects.get(code=code)) for code in DEPARTMENTS}


def refusal(call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except Refusal as refused:
        return refused.code
    return ""


def test_figures_come_in_through_a_file_for_own_metrics_only(officers):
    firm = FirmFactory()
    metrics = list(Metric.objects.select_related("owner").order_by("position"))
    rows = [["统一社会信用代码", *(metric.name for metric in metrics)], [firm.credit_code, *(1 for _ in metrics)]]
    for code, officer in officers.items():
        batch = imports.upload(workbook(rows), kind="metrics", department=officer.department, year=2022, by=officer)
        assert refusal(imports.plan, batch) == "foreign_column", code
        batch.refresh_from_db()
        own = {metric.code for metric in metrics if metric.owner.code == code}
        foreign = {metric.name for metric in metrics if metric.owner.code != code}
        # Saying that a column is somebody else's metric is refused; leaving all of those out leaves the own ones.
        offered = {field for field, _ in import_headings.choices(batch, officer)} - {"credit_code", "name", "_year"}
        assert offered == own, code
        other = next(metric for metric in metrics if metric.code not in own)
        assert refusal(import_headings.assign, batch, {other.name: other.code}, by=officer) == "foreign_column"
        import_headings.assign(batch, dict.fromkeys(map(heading, foreign), "-"), by=officer)
        if not own:
            continue
        batch = imports.plan(batch, again=True)
        assert set(batch.rows.get().values) <= own, code


def test_registers_come_in_through_a_file_from_their_keepers_only(officers, client):
    entry = workbook([["统一社会信用代码", "名称", "级别", "起始日期"], ["x", "y", "省级", "2022-01-01"]])
    for kind, spec in catalogue.load().registers.items():
        for code, officer in officers.items():
            kwargs = {"kind": "registers", "register_kind": kind, "department": officer.department, "by": officer}
            assert refusal(imports.upload, entry, **kwargs) == ("" if code in spec.owners else "not_your_register")
            client.force_login(officer)
            status = client.get(reverse("firms:register_template", args=[kind])).status_code
            assert status == (200 if code in spec.owners else 403), (kind, code)


def test_nobody_writes_in_another_department_s_name(officers):
    file = workbook([["统一社会信用代码", "营业收入"], ["x", 1]])
    for code, officer in officers.items():
        for other in officers.values():
            if other != officer:
                kwargs = {"kind": "metrics", "year": 2022, "department": other.department, "by": officer}
                assert refusal(imports.upload, file, **kwargs) == "not_your_department", code


def test_registers_are_typed_in_by_their_keepers_only(officers, client):
    firm = FirmFactory()
    for kind, spec in catalogue.load().registers.items():
        category = next((term.code for term in spec.categories), "")
        data = {"firm": firm.pk, "kind": kind, "category": category, "level": "provincial", "title": "x", "quantity": 1,
                "starts_on": "2022-01-01", "ends_on": "2030-01-01", "amount": 1, "document_number": "200310100002.X" if spec.numbered else ""}  # fmt: skip
        for code in ("tax", "science", "market", "environment"):
            client.force_login(officers[code])
            client.post(reverse("admin:firms_registerentry_add"), data | {"title": code})
            assert RegisterEntry.objects.filter(kind=kind, title=code).exists() == (code in spec.owners), (kind, code)


def test_the_back_office_lets_a_department_change_nothing_else(officers, rf):
    request = rf.get("/admin/")
    request.user = officers["tax"]
    for model, site in admin.site._registry.items():
        may = any(
            (site.has_add_permission(request), site.has_change_permission(request), site.has_delete_permission(request))
        )
        assert may == (f"{model._meta.app_label}.{model._meta.model_name}" in WRITES), model


def test_the_api_has_nothing_a_department_could_write(officers, client):
    client.force_login(officers["tax"])
    seen = 0
    for name in names(get_resolver().url_patterns):
        if ":api-" not in name or name.endswith("api-docs"):  # a page, the same whatever is sent to it
            continue
        for arguments in ([], [FirmFactory().credit_code]):
            try:
                url = reverse(name, args=arguments)
            except NoReverseMatch:
                continue
            seen += 1
            for method in ("post", "put", "patch", "delete"):
                assert getattr(client, method)(url, {}, content_type="application/json").status_code in {403, 405}, name
    assert seen >= 6


def test_the_sweep_would_see_a_door_left_open(officers, monkeypatch):
    """The negative control: with the look at owners taken away, a stranger's file is planned."""
    firm = FirmFactory()
    rows = [["统一社会信用代码", "营业收入（万元）"], [firm.credit_code, 1]]
    officer = officers["hr"]
    monkeypatch.setattr("firms.services.import_planning._permit_columns", lambda *_: None)
    batch = imports.upload(workbook(rows), kind="metrics", department=officer.department, year=2022, by=officer)
    assert imports.plan(batch).counts["accepted"] == 1
