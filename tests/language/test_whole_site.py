"""Every page in English, for everybody who may open it: nothing of ours is left in Chinese, and the Chinese page is as it was."""

import html
import json
import re

import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import CharField, JSONField, TextField

from tests.test_access import TABLE, world  # noqa: F401  # the world of the access table: one of everything
from xxgx.english.catalogue import HAN, catalogue

pytestmark = pytest.mark.django_db

TAGS = re.compile(r"<[^>]*>")
GIVEN = re.compile(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', re.DOTALL)
UNSEEN = re.compile(r"<(script|style|textarea|option|pre)\b.*?</\1>", re.DOTALL)
SHOWN = re.compile(r'\b(?:aria-label|title|placeholder|alt|data-label)="([^"]*)"')
# The switch itself, what one must write in Chinese because it is read as Chinese, and names the law gives.
OURS = re.compile(r"中文(?: / English)?|“(?:是|否)”|\(是\)|\(否\)|5000元|1\.2亿元|【.*?】")


def shown(text: str) -> list[str]:
    """What a person reads of a page: its text, part by part, and the names of things without text."""
    given = [json.loads(script) for script in GIVEN.findall(text)]
    text = UNSEEN.sub("", text)
    named = [html.unescape(part) for part in SHOWN.findall(text)]
    return [part.strip() for part in (*map(html.unescape, TAGS.split(text)), *named, *texts_of(given)) if part.strip()]


def texts_of(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in texts_of(one)]


def kept_texts() -> list[str]:
    """What people and files wrote: every text in the database that is not a text of ours. The longest first."""
    exact, _sentences = catalogue()
    texts: set[str] = set()
    for model in apps.get_models():
        names = [
            field.name for field in model._meta.concrete_fields if isinstance(field, CharField | TextField | JSONField)
        ]
        for row in model._base_manager.values_list(*names) if names else ():
            for value in row:
                texts.update(line for line in (str(value), *str(value).splitlines()) if HAN.search(line))
    return sorted(texts - set(exact), key=len, reverse=True)


def left(parts: list[str], kept: list[str]) -> list[str]:
    """The parts that hold Chinese nobody but us can have written."""
    found = []
    for part in parts:
        if HAN.search(part):
            rest = OURS.sub("", part)
            for text in kept:
                rest = rest.replace(text, "")
            if HAN.search(rest):
                found.append(part)
    return found


def pages(world, language):  # noqa: F811
    """Name, audience and answer of every page of the table for one who may open it, in a language."""
    for client in world.clients.values():
        client.cookies.pop(settings.LANGUAGE_COOKIE_NAME, None)
        if language == "en":
            client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    for name, (who, method, _arguments) in TABLE.items():
        if method != "get" or name.startswith("language"):
            continue
        for audience in sorted(who, key=lambda one: one != "office")[:2]:
            response = world.ask(audience, world.url(name))
            if response.status_code == 200 and response.headers.get("Content-Type", "").startswith("text/html"):
                yield name, audience, response


def test_no_page_leaves_chinese_of_ours(world):  # noqa: F811
    kept = kept_texts()
    wrong, seen = {}, 0
    for name, audience, response in pages(world, "en"):
        seen += 1
        assert '<html lang="en"' in response.text, (name, audience)
        if faults := left(shown(response.text), kept):
            wrong[name] = faults[:6]
    assert seen > 80
    assert wrong == {}


def test_no_page_of_a_chinese_reader_has_english_of_ours_after_an_english_one(world):  # noqa: F811
    """Whatever is remembered between requests is remembered in Chinese."""
    exact, _sentences = catalogue()
    english = {text for text in exact.values() if len(text) > 20}
    for _page in pages(world, "en"):
        pass
    wrong = {}
    for name, _audience, response in pages(world, "zh"):
        assert '<html lang="zh-CN"' in response.text, name
        if faults := english & set(shown(response.text)):
            wrong[name] = faults
    assert wrong == {}


def test_a_text_without_english_is_noticed():
    """The negative control."""
    parts = shown('<p title="试算">Firm 甲公司</p><textarea>草稿</textarea><b>未译</b>')
    assert left(parts, ["甲公司"]) == ["未译", "试算"]
