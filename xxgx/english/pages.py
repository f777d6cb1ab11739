"""Templates in two languages: the Chinese ones as Django compiles them, the English ones with every value read in English.

A request, its presenters and its services run in Chinese whoever asks; only what a template writes for an English reader is
turned (``sentences``). So nothing English can be stored, exported, mailed or kept for a Chinese reader, and a Chinese page
costs nothing: it never meets the nodes below.
"""

from __future__ import annotations

import html
import json
import re
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.template import Engine
from django.template.backends.django import DjangoTemplates, Template, reraise
from django.template.base import Node, NodeList, TextNode, VariableNode
from django.template.base import Template as Compiled
from django.template.context import Context
from django.template.exceptions import TemplateDoesNotExist
from django.template.library import SimpleNode
from django.template.loaders.cached import Loader
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.utils import translation
from django.utils.formats import localize
from django.utils.html import conditional_escape, json_script
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import template_localtime

from xxgx.english.catalogue import HAN
from xxgx.english.sentences import in_english, of_json, one
from xxgx.templatetags.typed import typed

ENGLISH = "en"
# Inside these a value is a machine's, or what somebody typed and will send again.
_OPEN_ATTRIBUTE = re.compile(
    r"\b(?:value|href|src|srcset|id|name|for|action|class|datetime|download|pattern|headers|aria-(?:controls|describedby|labelledby)|"
    r'hx-[\w-]+|data-(?!label|title|empty|text|word|hint|confirm|caption)[\w-]+)="[^"]*$'
)
_SHOWN_ATTRIBUTE = re.compile(r'((?:data-label|title|aria-label|placeholder|alt)=)"([^"]*)"')
_AFTER_A_VALUE = re.compile(r"·(?:<[^<>]*>)*$")
# Marks a template sets between values, outside any sentence of gettext's.
_MARKS = str.maketrans({"。": ". ", "，": ", ", "；": "; ", "：": ": ", "、": ", ", "（": " (", "）": ")", "　": " "})
_TAG = re.compile(r"(<[^>]*>)")
_SCRIPT = re.compile(r'<script id="([^"]*)" type="application/json">(.*)</script>', re.DOTALL)


class Templates(DjangoTemplates):
    """Django's backend with a second engine for English readers."""

    def __init__(self, params: dict[str, Any]) -> None:
        super().__init__(params)
        finders = ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"]
        self.english = Engine(
            self.dirs,
            context_processors=params["OPTIONS"]["context_processors"],
            debug=self.engine.debug,
            loaders=[("xxgx.english.pages.EnglishLoader", finders)],
            libraries=self.engine.libraries,
        )

    def from_string(self, template_code: str) -> Bilingual:
        return Bilingual(self.engine.from_string(template_code), self)

    def get_template(self, template_name: str) -> Bilingual:
        try:
            return Bilingual(self.engine.get_template(template_name), self)
        except TemplateDoesNotExist as missing:
            reraise(missing, self)
            raise


class Bilingual(Template):
    """A template that is written in the language of whoever asked for the page; without a request, in Chinese."""

    def render(self, context: Any = None, request: HttpRequest | None = None) -> str:
        if getattr(request, "LANGUAGE_CODE", "") != ENGLISH and not (request is None and _in_an_english_page()):
            return super().render(context, request)
        name = self.template.name
        english = Template(self.backend.english.get_template(name) if name else self.template, self.backend)
        with translation.override(ENGLISH):
            return english.render(context, request)


def _in_an_english_page() -> bool:
    """Widgets and lists of errors are templates too, and are rendered without the request."""
    return translation.get_language() == ENGLISH


class EnglishLoader(Loader):
    """Templates whose values are read in English."""

    def get_template(self, template_name: str, skip: Any = None) -> Compiled:
        template = super().get_template(template_name, skip)
        if not getattr(template, "speaks_english", False):
            _turn(template.nodelist, "")
            template.speaks_english = True  # type: ignore[attr-defined, union-attr]
        return template


def _turn(nodes: NodeList, written: str) -> str:
    """Every value of ``nodes`` that is shown becomes one read in English; ``written``: the page's text before it, from its last tag."""
    for node in nodes:
        if isinstance(node, TextNode):
            node.s = node.s.translate(_MARKS)
            written = (written + node.s)[-2000:]
        elif isinstance(node, VariableNode | SimpleNode | BlockTranslateNode | TranslateNode):
            if not _is_a_machines(written) and not _is_typed(getattr(node, "filter_expression", None)):
                _turn_one(node)
                node.follows = bool(_AFTER_A_VALUE.search(written))  # type: ignore[attr-defined, union-attr]
            written += "·"
        else:
            for name in getattr(node, "child_nodelists", ()):
                inner = getattr(node, name, None)
                if isinstance(inner, NodeList):
                    written = _turn(inner, written)
    return written


def _turn_one(node: Node) -> None:
    turned = _TURNED.get(type(node))
    if turned is None:
        return
    if isinstance(node, BlockTranslateNode):
        read: dict[str, Any] = {
            name: value if _is_typed(value) else _InEnglish(value) for name, value in node.extra_context.items()
        }
        if node.plural and node.countervar and node.counter:  # the catalogue has one form; ``one`` makes the other
            read[node.countervar] = node.counter
            node.plural = node.countervar = node.counter = None  # type: ignore[assignment]
        node.extra_context = read  # each resolves, which is all that is asked
    node.__class__ = turned


def _is_a_machines(written: str) -> bool:
    return bool(_OPEN_ATTRIBUTE.search(written)) or written.rfind("<textarea") > written.rfind("</textarea")


def _is_typed(expression: Any) -> bool:
    """Marked ``|typed``: a person wrote it."""
    return any(function is typed for function, _arguments in getattr(expression, "filters", ()))


class EnglishVariable(VariableNode):
    def render(self, context: Context) -> str:
        try:
            output = self.filter_expression.resolve(context)
        except UnicodeDecodeError:  # as Django's own node does
            return ""
        shown = _shown(output, context)
        return _apart(self, shown) if shown != str(output) else shown


class EnglishText(TranslateNode):
    def render(self, context: Context) -> str:
        text = super().render(context)
        return _apart(self, text if HAN.search(text) else text.translate(_MARKS))


class EnglishTag(SimpleNode):
    def render(self, context: Context) -> str:
        output = super().render(context)
        return _of_markup(output) if isinstance(output, str) else output


class EnglishBlock(BlockTranslateNode):
    """``blocktrans``: the sentence is gettext's; what stands in its gaps is read as everywhere."""

    def render(self, context: Context, nested: bool = False) -> str:
        names = {name for part in (self.singular, self.plural or []) for name in self.render_token_list(part)[1]}
        shown = {name: _value(context[name]) for name in names if name in context and name not in self.extra_context}
        with context.push(**shown):
            result = super().render(context, nested)
            kept = context[self.asvar] if self.asvar else None
        if self.asvar:
            context[self.asvar] = kept
        if not HAN.search(self.render_token_list(self.singular)[0]):  # marks alone, which gettext was not asked for
            result = result.translate(_MARKS)
        return one(_apart(self, result))


def _apart(node: Node, text: str) -> str:
    """A word behind a figure, which Chinese sets close: ``12`` ``家`` → ``12`` `` firms``."""
    return f" {text}" if node.follows and (text[:1].isalpha() or text[:1] == "(") else text  # type: ignore[attr-defined, union-attr]


class _InEnglish:
    """An expression of ``blocktrans with``, read."""

    def __init__(self, expression: Any) -> None:
        self.expression = expression

    def resolve(self, context: Context) -> Any:
        return _value(self.expression.resolve(context))


_TURNED: dict[type[Node], type[Node]] = {
    VariableNode: EnglishVariable,
    SimpleNode: EnglishTag,
    BlockTranslateNode: EnglishBlock,
    TranslateNode: EnglishText,
}


def _value(value: Any) -> Any:
    """A value for a gap: texts and things named by their text in English, numbers as they are."""
    if value is None or isinstance(value, bool | int | float | Decimal):
        return value
    if hasattr(value, "__html__"):
        return _of_markup(value.__html__())
    return in_english(str(localize(template_localtime(value))))


def _shown(output: Any, context: Context) -> str:
    value = localize(template_localtime(output, use_tz=context.use_tz), use_l10n=context.use_l10n)
    if isinstance(value, SafeString):
        return _of_markup(value)
    if hasattr(value, "__html__"):  # a form's field writes itself, by templates that are turned as well
        return mark_safe(value.__html__())  # noqa: S308  # nosec B308, B703  (what __html__ promises)
    text = in_english(str(value))
    return conditional_escape(text) if context.autoescape else text


def _of_markup(markup: str) -> SafeString:
    """Markup with the text between its tags read; a script's JSON with its texts read."""
    if not HAN.search(markup) and "\\u" not in markup:
        return SafeString(markup)  # nosec B703  (only markup that was safe already comes here)
    script = _SCRIPT.fullmatch(markup)
    if script:
        return json_script(of_json(json.loads(script[2])), html.unescape(script[1]))
    parts = _TAG.split(markup)
    typed = False  # inside a textarea, or what HTML itself says is not to be translated
    read = []
    for part in parts:
        if part.startswith("<"):
            typed = part.startswith("<textarea") or ' translate="no"' in part
            read.append(_of_tag(part))
        else:
            read.append(part if typed else _of_escaped(part))
    return SafeString("".join(read))  # nosec B703  (texts were escaped again, tags are as they were)


def _of_tag(tag: str) -> str:
    return _SHOWN_ATTRIBUTE.sub(lambda match: f'{match[1]}"{_of_escaped(match[2])}"', tag) if HAN.search(tag) else tag


def _of_escaped(text: str) -> str:
    plain = html.unescape(text)
    read = in_english(plain)
    return text if read == plain else html.escape(read)
