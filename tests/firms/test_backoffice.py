"""The back office: in Chinese, within the strict policy, constant in queries, no edit lost, every write traced."""

import datetime as dt
import re

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from firms.admin import base
from firms.models import AuditEntry, DataYear, Department, Firm, Park, RegisterEntry, Role, User
from firms.permissions import may_export, may_import
from xxgx import roles

pytestmark = pytest.mark.django_db

CODE = "91410700MA3X1A0007"


@pytest.fixture
def department(people):
    return people[Role.DEPARTMENT].department


def firm(code, name="新乡测试有限公司"):
    return Firm.objects.create(credit_code=code, name=name, name_initials="XXCSYXGS")


def entry(firm, department=None, **values):
    values = {
        "kind": "platform", "level": "provincial", "title": "研发中心", "starts_on": dt.date(2022, 3, 1)
    } | values  # fmt: skip
    return RegisterEntry.objects.create(firm=firm, department=department, **values)


def test_every_list_page_opens_for_a_role_that_may_and_for_no_other(as_role, people):
    for role in Role.values:
        client = as_role(role)
        for model in admin.site._registry:
            name = f"{model._meta.app_label}.{model._meta.model_name}"
            granted = "view" in roles.GRANTS[role].get(name, ())
            url = reverse(f"admin:{name.replace('.', '_')}_changelist")
            expected = 200 if granted else 403
            response = client.get(url)
            if role in {Role.FIRM, Role.LEADER, Role.BANK}:
                assert response.status_code in {302, 403}, (role, url)
            else:
                assert response.status_code == expected, (role, url)


INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")|\sstyle=|<style|\son[a-z]+=|javascript:", re.I
)


def test_no_page_needs_more_than_the_strict_policy(as_role, people, department):
    one = firm(CODE)
    entry(one, department)
    for role in (Role.OFFICE, Role.SYSTEM, Role.SECURITY, Role.AUDIT, Role.DEPARTMENT):
        client = as_role(role)
        for url in every_page(client, role):
            response = client.get(url)
            assert response.status_code == 200, (role, url, response.status_code)
            assert "unsafe" not in response.headers["Content-Security-Policy"]
            found = INLINE.search(response.text)
            assert not found, (url, response.text[found.start() - 80 : found.end() + 80])


def every_page(client, role):
    person = User.objects.get(role=role)
    yield reverse("admin:index")
    for model, model_admin in admin.site._registry.items():
        label = f"{model._meta.app_label}.{model._meta.model_name}"
        granted = roles.GRANTS[role].get(label, ())
        name = label.replace(".", "_")
        if "view" in granted:
            yield reverse(f"admin:{name}_changelist")
            for row in model_admin.model._default_manager.all()[:1]:
                if model_admin.get_queryset(client.get("/admin/").wsgi_request).filter(pk=row.pk).exists():
                    yield reverse(f"admin:{name}_change", args=[row.pk])
                    yield reverse(f"admin:{name}_history", args=[row.pk])
        if "add" in granted:
            yield reverse(f"admin:{name}_add")
        if hasattr(model_admin, "resource_classes"):
            if may_import(person) and {"add", "change"} <= set(granted):
                yield reverse(f"admin:{name}_import")
            if may_export(person) and "view" in granted:
                yield reverse(f"admin:{name}_export")


def test_a_second_save_of_a_stale_form_is_refused_and_shows_both_texts(as_role, monkeypatch):
    park = Park.objects.create(code="main", name="主园区")
    url = reverse("admin:firms_park_change", args=[park.pk])
    first, second = as_role(Role.OFFICE), as_role(Role.OFFICE)
    stale = stamp_of(second.get(url))
    form = {"code": "main", "name": "主园区甲", "position": 1, "_stamp": stamp_of(first.get(url))}
    assert first.post(url, form).status_code == 302
    mine = form | {"name": "主园区乙", "_stamp": stale}
    response = second.post(url, mine)
    assert response.status_code == 200
    assert "已被他人修改" in response.text
    assert "主园区甲" in response.text
    assert "主园区乙" in response.text
    park.refresh_from_db()
    assert park.name == "主园区甲"
    # With the guard off the very same request overwrites: it is the guard that refused.
    monkeypatch.setattr(base, "stamp", lambda row: stale)
    assert second.post(url, mine).status_code == 302
    park.refresh_from_db()
    assert park.name == "主园区乙"


def stamp_of(response):
    return re.search(r'name="_stamp" value="(\w+)"', response.text)[1]


def test_every_write_leaves_what_was_and_what_is(as_role):
    client = as_role(Role.OFFICE)
    client.post(reverse("admin:firms_park_add"), {"code": "east", "name": "东区", "position": 2})
    park = Park.objects.get()
    created = AuditEntry.objects.get(action="park.create")
    assert created.after["name"] == "东区"
    assert created.address == "127.0.0.1"
    url = reverse("admin:firms_park_change", args=[park.pk])
    client.post(url, {"code": "east", "name": "东区产业园", "position": 2, "_stamp": stamp_of(client.get(url))})
    changed = AuditEntry.objects.get(action="park.change")
    assert (changed.before, changed.after) == ({"name": "东区"}, {"name": "东区产业园"})
    client.post(reverse("admin:firms_park_delete", args=[park.pk]), {"post": "yes"})
    assert AuditEntry.objects.get(action="park.delete").before["name"] == "东区产业园"


def test_a_department_sees_and_writes_its_own_register_entries_only(as_role, department):
    other = Department.objects.create(code="market", name="市场监督管理局", short_name="市场监管")
    one = firm(CODE)
    mine, theirs = entry(one, department), entry(one, other, kind="listing", category="abnormal_operation", level="")
    client = as_role(Role.DEPARTMENT)
    assert client.get(reverse("admin:firms_registerentry_change", args=[mine.pk])).status_code == 200
    assert client.get(reverse("admin:firms_registerentry_change", args=[theirs.pk])).status_code == 302
    add = reverse("admin:firms_registerentry_add")
    form = {
        "firm": one.pk,
        "title": "新平台",
        "starts_on": "2022-05-01",
        "quantity": 1,
        "level": "national",
        "category": "",
    }
    client.post(add, form | {"kind": "platform"})
    assert RegisterEntry.objects.get(title="新平台").department == department
    response = client.post(add, form | {"kind": "listing", "category": "abnormal_operation", "title": "越权"})
    assert response.status_code == 200
    assert not RegisterEntry.objects.filter(title="越权").exists()


def test_a_locked_year_holds_in_the_back_office(as_role, department, django_user_model):
    one = firm(CODE)
    held = entry(one, department)
    year = DataYear.objects.create(year=2022, locked_at=dt.datetime(2023, 5, 1, tzinfo=dt.UTC))
    client = as_role(Role.OFFICE)
    url = reverse("admin:firms_registerentry_change", args=[held.pk])
    form = {
        "firm": one.pk, "kind": "platform", "category": "", "level": "national", "title": "改动", "quantity": 1,
        "starts_on": "2023-03-01",
    }  # fmt: skip
    response = client.post(url, form | {"_stamp": stamp_of(client.get(url))})
    assert "2022年度已锁定" in response.text
    void = {"action": "void", "_selected_action": [held.pk]}
    assert "2022年度已锁定" in client.post(reverse("admin:firms_registerentry_changelist"), void, follow=True).text
    held.refresh_from_db()
    assert held.title == "研发中心"
    assert held.voided_at is None
    year.locked_at = None
    year.save()
    client.post(reverse("admin:firms_registerentry_changelist"), void)
    held.refresh_from_db()
    assert held.voided_at is not None


@pytest.mark.parametrize("query", ["新乡测试", "XXCS", CODE])
def test_a_firm_is_found_by_name_by_initials_and_by_code(as_role, query):
    firm(CODE)
    assert CODE in as_role(Role.OFFICE).get(reverse("admin:firms_firm_changelist"), {"q": query}).text


def test_a_firm_typed_in_is_checked_and_can_be_searched_at_once(as_role):
    client = as_role(Role.OFFICE)
    url = reverse("admin:firms_firm_add")
    form = {"name": "新乡单雄阀门有限公司", "registered_on": "2015-01-01"}
    assert "校验位不符" in client.post(url, form | {"credit_code": CODE[:-1] + "8"}).text
    assert client.post(url, form | {"credit_code": CODE}).status_code == 302
    added = Firm.objects.get()
    assert added.name_initials
    assert CODE in client.get(reverse("admin:firms_firm_changelist"), {"q": added.name_initials}).text


def test_list_pages_ask_the_same_number_of_questions_for_one_row_and_for_thirty(as_role, department):
    client = as_role(Role.OFFICE)
    one = firm(CODE)
    entry(one, department)
    url = reverse("admin:firms_registerentry_changelist")
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    for number in range(29):
        entry(one, department, title=f"平台{number}")
    with CaptureQueriesContext(connection) as many:
        client.get(url)
    assert len(many) == len(few)


def test_an_account_is_opened_by_one_administrator_and_enabled_by_another(as_role):
    system, security = as_role(Role.SYSTEM), as_role(Role.SECURITY)
    form = {
        "username": "wang", "name": "王一", "role": "leader",
        "password1": "Long-enough-2026", "password2": "Long-enough-2026",
    }  # fmt: skip
    assert system.post(reverse("admin:firms_user_add"), form).status_code == 302
    user = User.objects.get(username="wang")
    assert not user.is_active
    url = reverse("admin:firms_user_change", args=[user.pk])
    system.post(
        url,
        {"username": "wang", "name": "王一", "is_active": "on", "role": "office", "_stamp": stamp_of(system.get(url))},
    )
    user.refresh_from_db()
    assert (user.is_active, user.role) == (False, "leader")
    security.post(url, {"is_active": "on", "role": "leader", "_stamp": stamp_of(security.get(url))})
    user.refresh_from_db()
    assert user.is_active
    assert AuditEntry.objects.filter(action="user.change", after__is_active=True).exists()


def test_nobody_grants_themselves_a_role_and_guardians_passwords_are_not_reset_from_here(as_role, people):
    security = as_role(Role.SECURITY)
    own = reverse("admin:firms_user_change", args=[people[Role.SECURITY].pk])
    security.post(own, {"role": "office", "is_active": "on", "_stamp": stamp_of(security.get(own))})
    people[Role.SECURITY].refresh_from_db()
    assert people[Role.SECURITY].role == Role.SECURITY
    reset = "admin:auth_user_password_change"
    system = as_role(Role.SYSTEM)
    assert system.get(reverse(reset, args=[people[Role.AUDIT].pk])).status_code == 403
    assert system.get(reverse(reset, args=[people[Role.OFFICE].pk])).status_code == 200
    assert security.get(reverse(reset, args=[people[Role.OFFICE].pk])).status_code == 403


def test_the_audit_administrator_reads_verifies_and_changes_nothing(as_role):
    client = as_role(Role.AUDIT)
    url = reverse("admin:firms_auditentry_changelist")
    assert client.get(url).status_code == 200
    assert "审计链完整" in client.post(reverse("admin:firms_auditentry_verify"), follow=True).text
    pk = AuditEntry.objects.earliest("sequence").pk
    assert client.post(reverse("admin:firms_auditentry_change", args=[pk]), {"summary": "x"}).status_code == 403
    assert client.post(reverse("admin:firms_auditentry_delete", args=[pk]), {"post": "yes"}).status_code == 403
    AuditEntry.objects.filter(pk=pk).update(summary="改")
    assert "断裂" in client.post(reverse("admin:firms_auditentry_verify"), follow=True).text


def test_the_back_office_has_no_door_of_its_own(client, people):
    response = client.get("/admin/login/?next=/admin/firms/firm/")
    assert response.status_code == 302
    assert response.url.startswith("/accounts/login/?next=/admin/firms/firm/")
