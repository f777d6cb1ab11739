"""The back office in English: Django's own words and ours, on every list and form of everybody who has one."""

import json
import re

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.urls import NoReverseMatch, reverse

from firms.models import AuditEntry
from scoring.models import Run
from tests.language.test_whole_site import kept_texts, left, shown
from tests.test_access import world  # noqa: F401  # one of everything

pytestmark = pytest.mark.django_db

RECORD = re.compile(r'<(span|pre) lang="zh-CN" translate="no">.*?</\1>', re.DOTALL)
ROLES = ("office", "system", "security", "audit")


def addresses():
    yield reverse("admin:index")
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        yield reverse(f"{name}_add")
        one = model._base_manager.first()
        if one is not None:
            for page in ("change", "delete", "history"):
                yield reverse(f"{name}_{page}", args=[one.pk])
        for page in ("import", "export"):
            try:
                yield reverse(f"{name}_{page}")
            except NoReverseMatch:
                continue
    for label in sorted({model._meta.app_label for model in admin.site._registry}):
        assert apps.get_app_config(label)
        yield reverse("admin:app_list", args=[label])


def test_no_page_of_the_back_office_leaves_chinese_of_ours(world):  # noqa: F811
    data = [json.dumps(summary, ensure_ascii=False) for summary in Run.objects.values_list("summary", flat=True)]
    kept, wrong, seen = [*data, *kept_texts()], {}, 0
    for role in ROLES:
        client = world.clients[role]
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
        for address in addresses():
            response = client.get(address)
            if response.status_code != 200:
                continue
            seen += 1
            assert '<html lang="en"' in response.text, address
            if faults := left(shown(RECORD.sub("", response.text)), kept):
                wrong[role, address] = faults[:6]
    assert seen > 60
    assert wrong == {}


def test_what_is_recorded_there_is_in_chinese(world):  # noqa: F811
    client = world.clients["system"]
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    address = reverse("admin:firms_department_add")
    page = client.post(
        address, {"code": "port", "name": "口岸办公室", "short_name": "口岸办", "position": 9}, follow=True
    )
    assert '<html lang="en"' in page.text
    entry = AuditEntry.objects.order_by("-sequence").first()
    assert (entry.action, entry.summary) == ("department.create", "新增职能部门：口岸办公室")
    client = world.clients["audit"]
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    assert ">新增职能部门：口岸办公室</span>" in client.get(reverse("admin:firms_auditentry_changelist")).text
