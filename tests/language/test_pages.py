"""English templates: values are read where they are shown, and only there; the Chinese ones are Django's own."""

import json
import re

import pytest
from django.conf import settings
from django.template import engines
from django.template.base import VariableNode
from django.test import RequestFactory

from xxgx.english.pages import EnglishVariable


@pytest.fixture
def written(tmp_path, settings):
    """Writes out a template of the given text for a reader of English, or of Chinese."""
    backend = engines["django"]

    def write(source, language="en", **context):
        (tmp_path / "page.html").write_text(source)
        request = RequestFactory().get("/")
        request.LANGUAGE_CODE = language
        request.user = None
        return backend.get_template("page.html").render(context, request)

    dirs = [engine.dirs for engine in (backend.engine, backend.english)]
    loaders = [engine.template_loaders[0] for engine in (backend.engine, backend.english)]
    for engine in (backend.engine, backend.english):
        engine.dirs = [tmp_path]
    for loader in loaders:
        loader.reset()
    yield lambda source, language="en", **context: (
        [loader.reset() for loader in loaders],
        write(source, language, **context),
    )[1]
    for engine, kept in zip((backend.engine, backend.english), dirs, strict=True):
        engine.dirs = kept
    for loader in loaders:
        loader.reset()


def test_a_value_is_read_for_who_reads_english_and_nobody_else(written):
    assert written("<b>{{ stage }}</b>", stage="初创期") == "<b>Start-up</b>"
    assert written("<b>{{ stage }}</b>", "zh-hans", stage="初创期") == "<b>初创期</b>"


def test_what_is_marked_as_typed_stays_as_it_was_written(written):
    marked = "{% load i18n typed %}<b>{{ a|typed }}</b> {{ b|linebreaksbr|typed }} {% blocktrans with a=a|typed %}{{ a }}{% endblocktrans %}"
    assert written(marked, a="初创期", b="<初创期>") == "<b>初创期</b> &lt;初创期&gt; 初创期"
    assert written(marked.replace("|typed", ""), a="初创期", b="<初创期>").count("Start-up") >= 2  # the control


def test_what_is_read_is_escaped(written):
    assert written("{{ a }}", a="<初创期>") == "&lt;初创期&gt;"
    assert written("{{ a }}", a="初创期 / <b>") == "Start-up / &lt;b&gt;"


@pytest.mark.parametrize(
    "source",
    [
        '<input value="{{ a }}">', "<textarea>{{ a }}</textarea>", '<a href="/?q={{ a }}">', '<i data-code="{{ a }}">',
        '<input value="{% if a %}{{ a }}{% endif %}">', '<option value="{% firstof a %}">', '<i id="x-{{ a }}">',
    ],
)  # fmt: skip
def test_what_a_machine_reads_or_a_person_typed_is_left_alone(written, source):
    assert "初创期" in written(source, a="初创期")


@pytest.mark.parametrize(
    "source",
    ['<i aria-label="{{ a }}">', '<td data-label="{{ a }}">', '<i title="{{ a }}">', "<option value=1>{{ a }}"],
)
def test_what_a_person_reads_in_an_attribute_is_read(written, source):
    assert "Start-up" in written(source, a="初创期")


def test_sentences_with_values_in_them(written):
    assert (
        written("{% load i18n %}{% blocktrans with title=a %}{{ title }}数据表{% endblocktrans %}", a="得分分布")
        == "Data of Distribution of scores"
    )
    assert written("{% load i18n %}{% blocktrans %}共{{ n }}家。{% endblocktrans %}", n=1) == "1 firm in all."
    assert (
        written("{% load i18n %}{% blocktrans asvar x %}共{{ n }}家。{% endblocktrans %}[{{ x }}]", n=2)
        == "[2 firms in all.]"
    )
    counted = "{% load i18n %}{% blocktrans count n=k %}共{{ n }}家。{% plural %}共{{ n }}家。{% endblocktrans %}"
    assert (written(counted, k=1), written(counted, k=3)) == ("1 firm in all.", "3 firms in all.")
    assert written("{% load i18n %}{% blocktrans %}（{{ a }}）{% endblocktrans %}", a="万元") == " (CNY 10,000)"
    assert written("<b>{{ n }}</b>{% load i18n %}{% trans '家' %}", n=2) == "<b>2</b> firms"


def test_markup_made_by_code_is_read_between_its_tags(written):
    from django.utils.safestring import mark_safe

    markup = mark_safe('<td data-label="名次" data-code="初创期"><a href="/初创期">成长期</a> &lt;b&gt;</td>')
    assert (
        written("{{ a }}", a=markup)
        == '<td data-label="Rank" data-code="初创期"><a href="/初创期">Growth</a> &lt;b&gt;</td>'
    )


def test_values_given_to_scripts_are_read(written):
    page = written('{{ a|json_script:"x" }}', a={"初创期": ["成长期", "</script>"]})
    assert json.loads(re.search(r">(.*)</script>", page)[1]) == {"初创期": ["Growth", "</script>"]}
    assert page.count("</script>") == 1


def test_widgets_choices_and_errors_are_read_and_what_was_typed_is_not(written):
    from django import forms

    class Form(forms.Form):
        stage = forms.ChoiceField(label="企业类型", choices=[("初创期", "初创期")])
        words = forms.CharField(label="说明", initial="成长期", help_text="请先登录。", widget=forms.Textarea)

    page = written("{{ form }}", form=Form())
    assert '<option value="初创期">Start-up</option>' in page
    assert "Stage" in page
    assert "Please sign in first." in page
    assert "成长期</textarea>" in page


def test_chinese_templates_are_compiled_as_django_does():
    """The negative control of the cost: a Chinese page never meets a node of ours."""
    backend = engines["django"]

    def nodes(engine):
        return {
            type(node) for node in engine.get_template("public/overview.html").nodelist.get_nodes_by_type(VariableNode)
        }

    assert nodes(backend.engine) == {VariableNode}
    assert EnglishVariable in nodes(backend.english)


@pytest.mark.django_db
def test_answers_to_scripts_are_read_and_those_to_programs_are_not(client):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    refused = client.get("/nowhere/", headers={"accept": "application/json"}).json()
    assert refused["message"] == "What you asked for was not found."
    refused = client.get("/api/v1/nowhere/").json()
    assert refused["message"] == "没有找到您要的内容。"


@pytest.mark.django_db
def test_the_scripts_catalogue(client):
    answer = client.get("/language/en.js")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "Saving\\u2026" in answer.text
