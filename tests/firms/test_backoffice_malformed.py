"""Addresses and forms nobody can read: refused with what is wrong, never a fault of the back office."""

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import reverse

from firms.models import Firm, Role
from firms.services.refusal import Refusal
from tests.scoring import zone
from xxgx import roles
from xxgx.site import readable

pytestmark = pytest.mark.django_db

HUGE = "9" * 30
HOSTILE = [
    "x",
    "%",
    "'",
    "NaN",
    "1e400",
    HUGE,
    "9" * 400,
    "９" * 30,
    "-1",
    "",
    "\ud800".encode("utf-8", "surrogatepass"),
]
STAFF = [Role.OFFICE, Role.DEPARTMENT, Role.SYSTEM, Role.SECURITY, Role.AUDIT]


def hostile_client(people, role):
    client = Client(raise_request_exception=False)
    client.force_login(people[role], "xxgx.roles.RoleBackend")
    return client


def names_of(model_admin, request):
    """Every parameter a list page or a blank form of this model listens to."""
    filters = [entry[0] if isinstance(entry, tuple) else entry for entry in model_admin.get_list_filter(request)]
    lookups = [f"{name}{suffix}" for name in filters for suffix in ("", "__exact", "__id__exact", "__isnull")]
    days = [f"{model_admin.date_hierarchy}__{part}" for part in ("year", "month", "day") if model_admin.date_hierarchy]
    return [*lookups, *days, "q", "p", "o", "id", "id__exact", "_to_field", "_facets", "all"]


@pytest.mark.parametrize("role", STAFF)
def test_no_parameter_of_a_list_makes_it_fall_over(people, role):
    Firm.objects.create(credit_code="91410700MA3X1A0007", name="新乡测试有限公司")
    client, wrong = hostile_client(people, role), []
    for model, model_admin in admin.site._registry.items():
        label = f"{model._meta.app_label}.{model._meta.model_name}"
        if "view" not in roles.GRANTS[role].get(label, ()):
            continue
        base = f"admin:{label.replace('.', '_')}"
        pages = [f"{base}_changelist"]
        if hasattr(model_admin, "process_import") and role == Role.OFFICE:
            pages.append(f"{base}_export")
        for name in names_of(model_admin, RequestFactory().get("/")):
            for value in ("x", HUGE, *(["９" * 30] if "__" in name else [])):
                wrong += [
                    (page, name, value) for page in pages if client.get(reverse(page), {name: value}).status_code >= 500
                ]
    assert not wrong


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("role", [Role.OFFICE, Role.SYSTEM])
def test_no_value_to_begin_a_form_with_makes_it_fall_over(people, role, value):
    client = hostile_client(people, role)
    for model in admin.site._registry:
        label = f"{model._meta.app_label}.{model._meta.model_name}"
        if "add" in roles.GRANTS[role].get(label, ()):
            url = reverse(f"admin:{label.replace('.', '_')}_add")
            for field in model._meta.concrete_fields:
                assert client.get(url, {field.name: value}).status_code < 500, (label, field.name)


@pytest.mark.parametrize("value", ["x", HUGE, "1e400", "１" * 30])
def test_no_key_typed_into_a_form_makes_it_fall_over(people, value):
    zone.make_period(2)
    client = hostile_client(people, Role.OFFICE)
    forms = {
        "firms_firm": {"credit_code": "9" * 18, "name": "甲", "park": value, "industry": value},
        "firms_registerentry": {"firm": value, "kind": "platform", "title": "x", "starts_on": value, "quantity": value},
        "scoring_stagerecord": {"firm": value, "year": value, "stage": "growth", "reason": "x"},
        "firms_metric": {"code": "x", "name": "x", "owner": value, "kind": "count", "position": value},
    }
    for name, form in forms.items():
        assert client.post(reverse(f"admin:{name}_add"), form).status_code in {200, 400}, name


@pytest.mark.parametrize("chosen", ["abc", HUGE, "1\0", "", "NaN", "1e400"])
def test_rows_are_chosen_by_keys_that_can_be_keys(people, chosen):
    client = hostile_client(people, Role.OFFICE)
    for name, action in (("firms_registerentry", "void"), ("firms_job", "cancel")):
        response = client.post(reverse(f"admin:{name}_changelist"), {"action": action, "_selected_action": chosen})
        assert response.status_code == 400, (name, chosen)
        assert "请刷新页面后重新选择" in response.text


def test_what_cannot_be_read_is_said_and_what_is_our_fault_stays_one(people):
    client = hostile_client(people, Role.OFFICE)
    response = client.get(reverse("admin:firms_firm_add"), {"park": "%"})
    assert response.status_code == 400
    assert "无法识别" in response.text

    def faulty(_request):
        raise ValueError("ours")

    with pytest.raises(Refusal):
        readable(faulty)(RequestFactory().get("/", {"park": "x"}))
    for request in (RequestFactory().get("/"), RequestFactory().post("/", {"park": "x"})):
        with pytest.raises(ValueError, match="ours"):
            readable(faulty)(request)


@pytest.mark.parametrize("year", [HUGE, "0", "1948", "2101", "99999", "２０２２", "-1"])
def test_a_year_that_is_none_has_no_page(people, year):
    client = hostile_client(people, Role.OFFICE)
    assert client.get(f"/imports/template/{year}.xlsx").status_code == 404
    assert client.get(f"/office/periods/{year}/").status_code == 404
    for deed in ("lock", "unlock", "publish", "withdraw", "rescore", "stage"):
        assert client.post(f"/office/periods/{year}/{deed}/").status_code == 404


def test_the_years_at_both_ends_are_years():
    for year in (1949, 1999, 2100):
        assert reverse("scoring:period", args=[year]) == f"/office/periods/{year}/"
