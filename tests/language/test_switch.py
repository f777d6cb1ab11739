"""The switch of languages: Chinese for whoever has not asked for English, and never one reader's page for another."""

import re

import pytest
from django.conf import settings
from django.template import engines
from django.test import RequestFactory
from django.urls import reverse
from django.utils import translation

from firms.models import AuditEntry
from scoring.services import publish, rescore
from scoring.views import caching
from tests.scoring import zone

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    period = zone.make_period()
    publish(period, rescore(period, by=None).run, by=None)


def lang(response):
    return re.search(r'<html lang="([^"]+)"', response.text)[1]


def test_a_browser_that_prefers_english_is_answered_in_chinese(client, site):
    response = client.get("/", headers={"accept-language": "en-GB,en;q=0.9"})
    assert lang(response) == "zh-CN"
    assert "积分榜单" in response.text


def test_the_switch_goes_back_to_the_page_with_its_query_and_is_remembered(client, site):
    came = "http://testserver/rankings/?stage=growth"
    response = client.get(reverse("language", args=["en"]), headers={"referer": came})
    assert response.status_code == 302
    assert response.url == came
    cookie = response.cookies[settings.LANGUAGE_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    page = client.get("/rankings/?stage=growth")
    assert lang(page) == "en"
    assert "Rankings" in page.text
    client.get(reverse("language", args=["zh-hans"]), headers={"referer": came})
    assert lang(client.get("/rankings/?stage=growth")) == "zh-CN"


def test_the_cookie_is_secure_where_the_site_is(client, settings):
    settings.LANGUAGE_COOKIE_SECURE = True
    response = client.get(reverse("language", args=["en"]))
    assert response.cookies[settings.LANGUAGE_COOKIE_NAME]["secure"]


@pytest.mark.parametrize("came", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", ""])
def test_the_switch_leads_nowhere_else(client, came):
    assert client.get(reverse("language", args=["en"]), headers={"referer": came}).url == "/"


def test_a_language_there_is_not_is_not_found(client):
    assert client.get(reverse("language", args=["fr"])).status_code == 404
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "fr"
    assert lang(client.get("/")) == "zh-CN"


@pytest.mark.parametrize("first", ["en", "zh-hans"])
def test_a_page_kept_for_one_language_is_never_given_to_the_other(client, site, first):
    caching.pages.clear()
    english = {settings.LANGUAGE_COOKIE_NAME: "en"}
    for _turn in range(3):  # made, kept, given
        for language in [first, "en" if first != "en" else "zh-hans"]:
            client.cookies.clear()
            if language == "en":
                client.cookies.load(english)
            for url in ("/", "/rankings/", "/method/"):
                page = client.get(url)
                assert lang(page) == ("en" if language == "en" else "zh-CN"), (url, language)
                assert ("积分榜单" in page.text) == (language != "en")
    client.cookies.clear()


def test_without_the_language_in_the_key_the_two_would_meet(client, site, monkeypatch):
    """The negative control."""
    caching.pages.clear()
    key = caching._key

    def blind(request, parameters, state):
        request.LANGUAGE_CODE = ""
        return key(request, parameters, state)

    monkeypatch.setattr(caching, "_key", blind)
    client.get("/rankings/")
    client.cookies.load({settings.LANGUAGE_COOKIE_NAME: "en"})
    assert lang(client.get("/rankings/")) == "zh-CN"


def test_the_work_behind_an_english_page_is_done_in_chinese(rf: RequestFactory):
    """What is stored, exported or mailed while an English reader asks is what a Chinese reader's request would have made."""
    from django.http import HttpResponse

    from xxgx.language import of_reader

    seen = []

    def view(request):
        seen.append((request.LANGUAGE_CODE, translation.get_language()))
        return HttpResponse()

    request = rf.get("/rankings/")
    request.COOKIES[settings.LANGUAGE_COOKIE_NAME] = "en"
    of_reader(view)(request)
    assert seen == [("en", "zh-hans")]


def test_a_mail_or_a_document_made_without_a_reader_is_chinese():
    template = engines["django"].from_string("{% load i18n %}{% trans '积分榜单' %}")
    assert template.render({}) == "积分榜单"


def test_an_export_and_its_audit_entry_stay_chinese(client, people, site):
    client.force_login(people["office"], "xxgx.roles.RoleBackend")
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    response = client.get(reverse("scoring:rankings_export", args=["csv"]))
    content = b"".join(response.streaming_content) if response.streaming else response.content
    assert "统一社会信用代码" in content.decode("utf-8-sig")
    assert AuditEntry.objects.latest("pk").summary.startswith("导出")


def test_the_api_stays_chinese(client, site):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    answer = client.get("/api/v1/rankings/?year=1900")
    assert re.search(r"[\u4e00-\u9fff]", answer.json()["message"])


def test_a_refusal_is_read_in_english(client, people):
    client.force_login(people["leader"], "xxgx.roles.RoleBackend")
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    response = client.get(reverse("scoring:office"))
    assert response.status_code == 403
    assert lang(response) == "en"
    assert "您的账号" not in response.text
