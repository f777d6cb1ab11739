"""The catalogues are whole: every text a page may show has its English, gaps agree, and what is compiled is what is written."""

import pytest
from babel.messages.catalog import Catalog

from tests.language.collecting import collect

DOMAINS = ("django", "djangojs")


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_text_has_its_english_and_no_other_is_kept(domain):
    """``make messages`` collects what is new; the English is written into the .po, and ``make messages`` compiles it."""
    assert collect.faults(domain) == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_what_is_compiled_is_what_is_written(domain):
    compiled = (collect.FOLDER / f"{domain}.mo").read_bytes()
    assert compiled == collect.compiled(collect.present(domain))


def catalogue(**english):
    made = Catalog(locale="en")
    for msgid, text in english.items():
        made.add(msgid, text)
    return made


@pytest.mark.parametrize(
    ("msgid", "english", "fault"),
    [
        ("没有企业", "", "no English: 没有企业"),
        ("共%(n)s家", "%(m)s firms", "gaps differ: 共%(n)s家 → %(m)s firms"),
        ("共%(n)s家", "firms", "gaps differ: 共%(n)s家 → firms"),
        ("没有企业", "no 企业", "Chinese left: 没有企业 → no 企业"),
        ("没有企业", "no firms", None),
    ],
)
def test_a_fault_is_noticed(monkeypatch, msgid, english, fault):
    monkeypatch.setattr(collect, "collected", lambda: {"django": catalogue(**{msgid: ""})})
    monkeypatch.setattr(collect, "present", lambda _domain: catalogue(**{msgid: english}))
    assert collect.faults("django") == ([fault] if fault else [])


def test_a_text_nobody_says_any_more_is_noticed(monkeypatch):
    monkeypatch.setattr(collect, "collected", lambda: {"django": catalogue()})
    monkeypatch.setattr(collect, "present", lambda _domain: catalogue(没有企业="no firms"))
    assert collect.faults("django") == ["nowhere used: 没有企业"]


SOURCE = '''
"""文档不收集。"""
def f(row, name):
    """也不收集。"""
    audit.record("x", f"登记{name}")          # the record
    if name == "甲":                          # a value, which a page may show all the same
        raise Refusal("x", f"第{row.number}行的{name}有误。", hint=_("请核对%(a)s。") % {"a": name})
    return f"{row:.2f}%和{row}与{row}"
'''


def test_what_is_collected_from_a_module():
    found = [text for _line, text in collect.python_texts(SOURCE)]
    assert set(found) == {"甲", "第%(number)s行的%(name)s有误。", "请核对%(a)s。", "%(row)s%%和%(row2)s与%(row3)s"}


def test_what_is_collected_from_a_template():
    source = '{% load i18n %}{% trans "一" %}{% blocktrans with a=b.c %}共{{ a }}家{% endblocktrans %}{% include "x" with head=_("二") %}'
    assert [text for _line, text in collect.template_texts(source)] == ["一", "共%(a)s家", "二"]
