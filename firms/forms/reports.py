"""What comes in from the page of a firm's form, with or without scripts."""

from __future__ import annotations

import orjson
from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from firms.importing.checks import NONE, VALUE, ZERO
from firms.services.refusal import Refusal
from firms.services.reports import Change, changes_of

# The page's choices → what a cell keeps; a flag is a value in words.
_CHOICES = {"": "", "value": VALUE, "zero": ZERO, "none": NONE, "yes": VALUE, "no": VALUE}
_WORDS = {"yes": "是", "no": "否"}


def posted(post: QueryDict) -> list[Change]:
    """The cells of a plain form: edition-CODE, state-CODE, text-CODE, reason-CODE. Untouched empty cells say nothing."""
    found = []
    for name in post:
        prefix, _dash, code = name.partition("-")
        if prefix != "edition" or not code:
            continue
        choice, text = post.get(f"state-{code}", ""), post.get(f"text-{code}", "")
        reason = post.get(f"reason-{code}", "").replace("\r\n", "\n")
        state = _CHOICES.get(choice, choice) or (VALUE if text.strip() else "")
        text = _WORDS.get(choice, text)
        if state or reason or post[name] != "0":
            found.append(Change(code, state, text, reason, whole(post[name])))
    return found


def sent(body: bytes) -> list[Change]:
    """The cells of an autosave: {"cells": {code: {state, text, reason, edition}}}. Raises Refusal (400)."""
    try:
        return changes_of(orjson.loads(body)["cells"])
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError) as error:
        raise Refusal(
            "malformed", "提交的内容格式不正确。", place="JSON", hint="请刷新页面后重试。", status=400
        ) from error


def whole(text: str) -> int:
    """A small whole number from a form; anything else is none that exists."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


class WorkbookForm(forms.Form):
    file = forms.FileField(
        label=_("填好的填报表"),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.xls", "class": "form-control"}),
        error_messages={"empty": _("文件是空的，没有任何内容。"), "required": _("请选择填好的填报表。")},
    )
