"""What a firm may state of itself in which register, and what it must then fill in. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from firms.catalogue import RegisterSpec
from firms.importing import patents
from firms.importing.problem import BadCell, Reason

# The registers that speak for a firm; nobody enters itself into those that speak against it.
CLAIMABLE = ("qualification", "platform", "award", "project", "contest", "talent", "contract", "patent")

FIELDS = ("category", "level", "title", "starts_on", "ends_on", "amount", "quantity", "document_number")
NAMES = {
    "category": "类别", "level": "级别", "title": "名称", "starts_on": "起始日期", "ends_on": "终止日期",
    "amount": "金额", "quantity": "数量", "document_number": "文号或证书编号",
}  # fmt: skip


def plain(text: str) -> str:
    """What a person typed, without marks nobody sees: two titles that look alike must be alike."""
    return " ".join("".join(sign for sign in text if unicodedata.category(sign) != "Cf").split())


def alike(one: Any, other: Any) -> bool:
    """Whether two facts of one firm's register may be the same matter: one number, or one title on one day or in one category.

    Width, case, spaces and punctuation are not told apart. A patent is known by its number: its application and its grant
    have the same one, and are two facts.
    """
    if getattr(one, "kind", "") == "patent":
        return one.category == other.category and _bare(one.document_number) == _bare(other.document_number)
    if _bare(one.document_number) and _bare(one.document_number) == _bare(other.document_number):
        return True
    near = one.starts_on == other.starts_on or one.category == other.category
    return near and _bare(one.title) == _bare(other.title)


def _bare(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).casefold() if sign.isalnum())


def completed(spec: RegisterSpec, fact: Mapping[str, Any]) -> dict[str, Any]:
    """The fact with what the register itself supplies: its usual category, and a category's name for a title."""
    full = {name: fact.get(name) for name in FIELDS}
    for name in ("category", "level", "title", "document_number"):
        full[name] = plain(full[name] or "")
    full["category"] = full["category"] or spec.default_category
    if spec.default_title and not full["title"]:
        full["title"] = next((term.name for term in spec.categories if term.code == full["category"]), "")
    full["quantity"] = full["quantity"] or 1
    if spec.numbered:
        with suppress(BadCell):  # as typed, until ``faults`` has it mended
            full["document_number"] = patents.number(str(full["document_number"]))
    return full


def faults(spec: RegisterSpec, fact: Mapping[str, Any], today: date) -> list[Reason]:
    """What stands against handing in a ``completed`` fact; ``column`` names its field."""
    found = [
        Reason("required", f"没有填写{NAMES[name]}", "该项必填。", name)
        for name in dict.fromkeys((*spec.required, "title", "starts_on"))
        if fact[name] in ("", None)
    ]
    known = {term.code for term in spec.categories}
    if fact["category"] and fact["category"] not in known:
        found.append(Reason("unknown_category", "没有这个类别", "请从列表中选择。", "category"))
    if fact["category"] in spec.needs_end and fact["ends_on"] is None:
        found.append(Reason("required", "没有填写有效期（终止日期）", "该类资质有有效期，请补上。", "ends_on"))
    if fact["starts_on"] and fact["starts_on"] > today:
        found.append(Reason("not_yet", "起始日期还没有到", "只申报已经发生的事项。", "starts_on"))
    if fact["starts_on"] and fact["ends_on"] and fact["ends_on"] < fact["starts_on"]:
        found.append(Reason("dates_reversed", "终止日期早于起始日期", "请核对两个日期。", "ends_on"))
    if fact["amount"] is not None and fact["amount"] < 0:
        found.append(Reason("below_minimum", "金额不能为负", "请核对金额。", "amount"))
    if spec.numbered and fact["document_number"]:
        found += patents.number_faults(fact["category"], fact["document_number"])
    return found
