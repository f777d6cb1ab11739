"""Parts of a page written out once: a function of the values they name, and of nothing else."""

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.utils.safestring import mark_safe

from xxgx.templatetags import kept

TAGS = "{% load kept %}{% kept entries=entries %}{% for entry in entries %}[{{ entry }}{{ user }}]{% endfor %}{% endkept %}"


class Counting:
    """A value that says how often it was written out."""

    def __init__(self):
        self.times = 0

    def __str__(self):
        self.times += 1
        return "x"


def test_the_same_values_are_written_out_once():
    template, value = Template(TAGS), Counting()
    texts = [template.render(Context({"entries": [value]})) for _ in range(3)]
    assert texts == ["[x]"] * 3
    assert value.times == 1
    assert template.render(Context({"entries": [value, value]})) == "[x][x]"


def test_what_is_not_named_is_not_seen():
    template = Template(TAGS)
    assert template.render(Context({"entries": ["a"], "user": "somebody"})) == "[a]"
    assert template.render(Context({"entries": ["a"], "user": "another"})) == "[a]"


def test_text_is_escaped_whatever_was_safe_before():
    template = Template("{% load kept %}{% kept text=text %}{{ text }}{% endkept %}")
    assert template.render(Context({"text": mark_safe("<b>")})) == "<b>"
    assert template.render(Context({"text": "<b>"})) == "&lt;b&gt;"


def test_two_places_with_the_same_values_keep_their_own_text():
    template = Template("{% load kept %}{% kept n=n %}a{{ n }}{% endkept %}{% kept n=n %}b{{ n }}{% endkept %}")
    assert [template.render(Context({"n": 1})) for _ in range(2)] == ["a1b1"] * 2


def test_made_up_values_do_not_fill_the_memory():
    template = Template(TAGS)
    node = next(node for node in template.nodelist if isinstance(node, kept.Kept))
    for number in range(3 * kept.TEXTS):
        template.render(Context({"entries": [number]}))
    assert len(node.texts) == kept.TEXTS


def test_values_are_named():
    with pytest.raises(TemplateSyntaxError, match="name=value"):
        Template("{% load kept %}{% kept entries %}{% endkept %}")
