"""The English of a finished Chinese text, found in the catalogue ``locale/en``: whole, as a sentence with gaps, or in parts.

Refusals, verdicts, messages and the engine's words are made in Chinese, because they are kept as records, and by packages
that know no Django. So they come here finished: ``第3行：金额不是数字`` is recognised as ``第%(row)s行：%(what)s`` and what
stood in the gaps is read the same way. What is not known stays as it is: a firm's name is its name in any language.
"""

from __future__ import annotations

import datetime as dt
import re
from contextvars import ContextVar
from functools import lru_cache

from xxgx.english.catalogue import GAP, HAN, Sentence, candidates, catalogue, plain

LONGEST = 1000  # characters; what is longer was written by people, and is theirs
DEEPEST = 8  # gaps inside gaps
STRONG = 5  # Chinese characters a sentence has of its own for anything unknown to stand in its gap
WEAK = 2  # and for a name to
LONGEST_NAME, LONGEST_UNKNOWN = 4, 80  # characters: of a person's name, of anything
EFFORT = 20_000  # sentences tried and partings weighed for one text; made-up texts (年年年…) would take minutes, ours some hundred

_NAME = re.compile(r".*(?:公司|集团|合伙[）)]|企业|研究院|研究所|厂|店|社|中心|[.]\w{2,4})")
_SPACE = re.compile(r"^(\s*)(.*?)(\s*)$", re.DOTALL)
_MARKS = str.maketrans("：，；。", ":,;.")
# Chinese between two parts → what stands between them in English. The first that is found splits the text.
_BETWEEN = (("\n", "\n"), ("；", "; "), ("。", " "), (" · ", " · "), ("：", ": "), ("，且", ", and "), ("，或", ", or "), ("，", ", "), ("、", ", "), (" / ", " / "), ("　", "  "), (" ", " "))  # fmt: skip
_BRACKETS = re.compile(r"(.*?)[（(]([^（()）]*)[）)](.*)", re.DOTALL)
_QUOTED = re.compile(r"“([^”]*)”")
# One of a thing: the catalogue has the plural only, as a Chinese sentence has one form.
_ONE = re.compile(
    r"(?<![\d.,])1 ((?:(?:background|changed|empty|import|imported|more|other|ranked|recovery) )?)"
    r"(firm|row|cell|item|entry|entrie|account|batche|batch|day|file|message|objection|claim|figure|indicator|metric|period|"
    r"point|record|report|column|condition|certificate|conflict|decision|department|run|extension|year|month|hour|minute|second|"
    r"place|page|payment|view|list|announcement|reminder|attempt|error|warning|difference|change|value|rule|field|patent|contract|"
    r"project|award|application|character|table|group|result|code|mail|band|hit|other|reason|working day|calculation|"
    r"peer|rank|stage|time|reopening|hint|level|manager|byte|job|percentage point)s\b"
)
_IRREGULAR = {"entrie": "entry", "batche": "batch"}


class _TooMuchError(Exception):
    """More effort than any text of ours is worth."""


_spent: ContextVar[list[int]] = ContextVar("effort spent on the text being read")


def in_english(text: str) -> str:
    """``text`` in English as far as it is known; the text itself, unchanged, where nothing of it is."""
    if not HAN.search(text) or len(text) > LONGEST:
        return text
    return _bounded(text)


@lru_cache(maxsize=16384)
def _bounded(text: str) -> str:
    """Anybody may have anything written out: what takes too long to be read stays as it is."""
    token = _spent.set([0])
    try:
        return _whole(text)
    except _TooMuchError:
        return text
    finally:
        _spent.reset(token)


def _spend() -> None:
    spent = _spent.get()
    spent[0] += 1
    if spent[0] > EFFORT:
        raise _TooMuchError


def of_json(value: object) -> object:
    """A JSON value with every text in it read, names of keys left alone."""
    if isinstance(value, str):
        return in_english(value)
    if isinstance(value, list):
        return [of_json(item) for item in value]
    if isinstance(value, dict):
        return {key: of_json(item) for key, item in value.items()}
    return value


def one(text: str) -> str:
    """``1 firms`` → ``1 firm``."""
    return _ONE.sub(lambda match: f"1 {match[1]}{_IRREGULAR.get(match[2], match[2])}", text)


@lru_cache(maxsize=16384)
def _whole(text: str, depth: int = 0) -> str:
    before, inner, after = _SPACE.match(text).groups()  # type: ignore[union-attr]  # matches any text
    found = _exact(inner) or _date(inner) or _dated(inner)
    if found is None and depth < DEEPEST:
        found = _numbered(inner, depth)
        for read in (_sentence, _parts) if found is None else ():
            other = read(inner, depth)
            if other is not None and (found is None or _left(other) < _left(found)):
                found = other
            if found is not None and not _left(found):
                break
    return text if found is None else f"{before}{found}{after}"


def _left(text: str) -> int:
    return len(HAN.findall(text))


def _numbered(text: str, depth: int) -> str | None:
    """``1.8 研发费用``: the number, and the rest by itself."""
    match = _NUMBER.fullmatch(text)
    rest = _whole(match[2], depth + 1) if match else ""
    return f"{match[1]}{rest}" if match and rest != match[2] else None


def _exact(text: str) -> str | None:
    exact, _sentences = catalogue()
    same = plain(text)
    found = exact.get(same)
    if found is None:
        found = exact.get(f"{same}:")
        found = found and found.removesuffix(":")
    if found is None and text[-1:] in "。：:，；":
        found = exact.get(same[:-1])
        found = found and f"{found}{text[-1].translate(_MARKS)}"
    return found


def _sentence(text: str, depth: int) -> str | None:
    """The sentence that says most of ``text`` and leaves least of it in Chinese."""
    best: tuple[int, int] | None = None
    answer = None
    for sentence in candidates(text):
        _spend()
        match = sentence.shape.fullmatch(text)
        if match is None:
            continue
        given = [
            read
            for part, names in zip(match.groups(), sentence.gaps, strict=True)
            for read in _side_by_side(part, names, depth)
        ]
        left = sum(map(_left, given))
        if left and not all(_may_stay(part, sentence.own) for part in given if HAN.search(part)):
            continue
        worth = (left, -sentence.own)
        if best is None or worth < best:
            best = worth
            answer = one(_fill(sentence, given))
        if left == 0:
            break
    return answer


def _may_stay(text: str, own: int) -> bool:
    """Whether an unknown text may stand in the gap of a sentence with ``own`` characters: a name, or little beside much."""
    if own >= STRONG:
        return len(text) <= LONGEST_UNKNOWN and "。" not in text
    return own >= WEAK and ((len(text) <= LONGEST_NAME and own > WEAK) or bool(_NAME.fullmatch(text)))


def _side_by_side(text: str, names: tuple[str, ...], depth: int) -> list[str]:
    """What stands in gaps that touch: parted where that leaves least in Chinese."""
    if len(names) == 1:
        return [_whole(text, depth + 1) if HAN.search(text) else text]
    best, least = [text, *[""] * (len(names) - 1)], _left(text) + 1
    for at in [*range(len(text) - 1, 0, -1), len(text), 0]:  # an empty gap only where nothing else leaves as little
        _spend()
        first = _whole(text[:at], depth + 1) if HAN.search(text[:at]) else text[:at]
        read = [first, *_side_by_side(text[at:], names[1:], depth)]
        left = sum(map(_left, read))
        if left < least:
            best, least = read, left
        if left == 0:
            break
    return best


def _fill(sentence: Sentence, given: list[str]) -> str:
    by_name = dict(zip([name for names in sentence.gaps for name in names], given, strict=True))
    turn = iter(given)

    def put(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return by_name[name] if name else next(turn)

    return GAP.sub(put, sentence.english).replace("%%", "%")


def _parts(text: str, depth: int) -> str | None:
    """``甲、乙（丙）`` read part by part; only where that leaves nothing, or only whole names, in Chinese."""
    quoted = _QUOTED.fullmatch(text)
    if quoted:
        inner = _whole(quoted[1], depth + 1)
        return None if inner == quoted[1] else f"“{inner}”"
    if text.endswith(("）", ")")):
        bracketed = _bracketed(text, depth)
        if bracketed is not None and not HAN.search(bracketed):
            return bracketed
    for mark, english in _BETWEEN:
        pieces = _outside_brackets(text, mark)
        if len(pieces) == 1:
            continue
        read = [_whole(piece, depth + 1) if HAN.search(piece) else piece for piece in pieces]
        joined = english.join(read).rstrip()
        known = sum(old != new and not HAN.search(new) for old, new in zip(pieces, read, strict=True))
        if not HAN.search(joined) or (known and mark in _NAMED) or (mark == "、" and known * 2 >= len(pieces)):
            return joined
    return _bracketed(text, depth) or _in_a_row(text, depth)


def _bracketed(text: str, depth: int) -> str | None:
    brackets = _BRACKETS.fullmatch(text)
    if brackets:
        outer, inner, rest = (_whole(part, depth + 1) if HAN.search(part) else part for part in brackets.groups())
        if rest[:1] in ("：", "，", "；"):
            rest = f"{rest[0].translate(_MARKS)} {rest[1:]}"
        if outer != brackets[1] or inner != brackets[2]:
            joined = f"{outer.rstrip()} ({inner}){' ' if rest[:1].isalnum() else ''}{rest}".lstrip()
            if not HAN.search(joined) or not HAN.search(outer) or not HAN.search(inner):
                return joined
    return None


def _outside_brackets(text: str, mark: str) -> list[str]:
    """``text`` parted at ``mark``; a full stop stays with its sentence."""
    if mark == "。":
        return [piece for piece in _STOP.split(text) if piece]
    pieces, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += (char in "（(“《") - (char in "）)”》")
        if depth <= 0 and text.startswith(mark, at) and at >= start:
            pieces.append(text[start:at])
            start = at + len(mark)
    return [*pieces, text[start:]]


def _in_a_row(text: str, depth: int) -> str | None:
    """Known phrases put one behind another: ``近两年登记的`` + ``省级`` + ``科技奖励``."""
    for at in range(min(len(text) - 1, 24), 1, -1):
        first = _exact(text[:at])
        if first is None:
            continue
        rest = _whole(text[at:], depth + 1)
        if not HAN.search(rest):
            return f"{first} {rest[:1].lower()}{rest[1:]}" if rest[1:2].islower() else f"{first} {rest}"
    return None


_STOP = re.compile(r"(?<=。)(?=.)")
_NUMBER = re.compile(r"(\d[\d.]*\s+)(.+)", re.DOTALL)
_NAMED = ("：", " · ", "\n", "　", "。")  # between these a part may be somebody's name or words
_DATED = re.compile(r"(\D+)(\d{4}年\d{1,2}月\d{1,2}日)")
_DATE = re.compile(r"(?:(\d{4})年(?:度)?)?(?:(\d{1,2})月)?(?:(\d{1,2})日)?(?: ?(\d{1,2}:\d{2}(?::\d{2})?))?")


def _date(text: str) -> str | None:
    """``2024年5月3日 09:30`` → ``3 May 2024 09:30``; a year or a month alone as well."""
    match = _DATE.fullmatch(text)
    if match is None or not any(match.groups()[:3]):
        return None
    year, month, day, clock = match.groups()
    if (month and not 1 <= int(month) <= 12) or (day and not month):
        return None
    name = dt.date(2000, int(month), 1).strftime("%B") if month else ""
    return " ".join(str(part) for part in (int(day) if day else "", name, year, clock) if part)


def _dated(text: str) -> str | None:
    """``注册成立日期2008年7月30日``: a known word and its day, which no sentence with a year in a gap may take apart."""
    match = _DATED.fullmatch(text)
    name = _exact(match[1]) if match else None
    day = _date(match[2]) if match else None
    return f"{name} {day}" if name and day else None
