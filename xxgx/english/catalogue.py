"""``locale/en`` as ``sentences`` asks it: texts that stand in it whole, and sentences with gaps by what they say."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache
from gettext import GNUTranslations
from pathlib import Path
from typing import NamedTuple

CATALOGUE = Path(__file__).resolve().parent.parent.parent / "locale" / "en" / "LC_MESSAGES" / "django.mo"
CANDIDATES = 100  # sentences tried for one text, those that say most first

HAN = re.compile(r"[\u3400-\u9fff]")
GAP = re.compile(r"%\((\w+)\)[sd]|%[sd]|\{(\w*)\}")
# A gap and a unit: only a figure stands there, else every sentence that ends so would be one.
_UNIT = re.compile(
    r"[(（+−/ ]*%(?:\(\w+\))?[sd] ?(?:万元|亿元|万美元|元|[件个项家人年分名份次条行处天笔页位批倍秒]|小时|个百分点|%%)[)）]?"
)
_NUMERIC = re.compile(r"%\(\w+\)d|%d")
_FIGURE = r"([+−-]?[\d,.]+(?:[Ee][+−-]?\d+)?)"
_OWN = re.compile(r"[\u3400-\u9fff《》“”]")
_HALF = str.maketrans("（），：；？！", "(),:;?!")
# A presenter sets marks beside Chinese in full width, the code that made the sentence may not have: both are one.
_EITHER = {mark: f"[{pair}]" for pair in ("(（", ")）", ",，", ":：", ";；", "?？", "!！") for mark in pair}


class Sentence(NamedTuple):
    """A msgid with gaps: ``shape`` reads a finished text, ``english`` has the same gaps, ``own`` counts its characters.

    ``gaps``: the names behind each group of the shape; gaps without a text between them share one.
    """

    shape: re.Pattern[str]
    gaps: tuple[tuple[str, ...], ...]
    english: str
    own: int


def candidates(text: str) -> Iterable[Sentence]:
    _whole, sentences = catalogue()
    found = {id(one): one for gram in _grams(text) for one in sentences.get(gram, ())}
    return sorted(found.values(), key=lambda one: (-one.own, _FIGURE not in one.shape.pattern))[:CANDIDATES]


def plain(text: str) -> str:
    """Marks in half width: a presenter may set those beside Chinese in full width, and they stay the same text."""
    return text.translate(_HALF)


def _grams(text: str) -> set[str]:
    text = plain(text)
    return {text[i : i + 2] for i in range(len(text) - 1)} | {char for char in text if HAN.match(char)}


@cache
def catalogue() -> tuple[dict[str, str], dict[str, list[Sentence]]]:
    """What stands in the catalogue whole, and its sentences with gaps under the rarest pair of characters each has."""
    exact: dict[str, str] = {}
    open_ones: list[tuple[str, str]] = []
    for msgid, english in messages():
        if GAP.search(msgid):
            open_ones.append((msgid, english))
        else:
            exact.setdefault(plain(msgid.replace("%%", "%")), english.replace("%%", "%"))
    grams_of = [set().union(*map(_grams, _literals(msgid))) or {""} for msgid, _english in open_ones]
    often = Counter(gram for grams in grams_of for gram in grams)
    sentences: dict[str, list[Sentence]] = defaultdict(list)
    for (msgid, english), grams in zip(open_ones, grams_of, strict=True):
        han = [gram for gram in grams if HAN.search(gram)]
        if han:
            rarest = min(han, key=lambda gram: (often[gram], -len(gram), gram))
            sentences[rarest].append(_read(msgid, english))
    return exact, dict(sentences)


def messages() -> Iterable[tuple[str, str]]:
    if not CATALOGUE.exists():
        return
    with CATALOGUE.open("rb") as file:
        found = GNUTranslations(file)._catalog  # type: ignore[attr-defined]  # as Django's own catalogues do
    for msgid, english in found.items():
        if isinstance(msgid, str) and msgid and english:
            yield msgid.rpartition("\x04")[2].strip(), english.strip()


def _literals(msgid: str) -> list[str]:
    return [part.replace("%%", "%") for part in GAP.sub("\0", msgid).split("\0")]


def _read(msgid: str, english: str) -> Sentence:
    # Each literal is taken where it first fits and never given back (``(?>…)``): a text that repeats what stands between the
    # gaps is refused in one pass, and the gaps are those that trying every way would find first.
    unit = _UNIT.fullmatch(msgid) is not None
    gaps: list[list[str]] = []
    shape = part = ""  # part: from one gap for anything to the next
    at = -1
    for turn, match in enumerate(GAP.finditer(msgid)):
        name = match[1] or match[2] or f"\0{turn}"
        if match.start() == at:
            gaps[-1].append(name)
        else:
            figure = unit or _NUMERIC.fullmatch(match[0])
            part += _literal(msgid[max(at, 0) : match.start()])
            if part and not figure:
                shape, part = f"{shape}(?>{part})", ""
            part += _FIGURE if figure else "(.*?)" if shape else "(.+?)"
            gaps.append([name])
        at = match.end()
    shape += part + _literal(msgid[at:])
    own = len(_OWN.findall("".join(_literals(msgid))))
    return Sentence(re.compile(shape, re.DOTALL), tuple(map(tuple, gaps)), english, own)


def _literal(text: str) -> str:
    return "".join(_EITHER.get(char) or re.escape(char) for char in text.replace("%%", "%"))
