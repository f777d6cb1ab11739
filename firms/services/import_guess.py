"""What a file seems to be, from its name and its columns; only what is unambiguous is said."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File

from firms.catalogue import Catalogue
from firms.importing import fields, header, patents, sniff, spool
from firms.importing.cells import key
from firms.importing.fields import Table
from firms.importing.header import Header
from firms.importing.problem import Unreadable
from firms.models import Department, ImportBatch
from firms.services import catalogue
from firms.services.import_headings import remembered
from firms.services.refusal import Refusal

Kind = ImportBatch.Kind


@dataclass(frozen=True)
class Guess:
    """``kind``, ``department`` (code), ``year`` and ``register_kind`` as far as they are clear; "" and None where not."""

    kind: str = ""
    department: str = ""
    year: int | None = None
    register_kind: str = ""


def guess(path: str | Path, file_name: str, department: Department | None = None) -> Guess:
    """Look at a file without storing anything. Raises Unreadable for a file that cannot be read at all.

    Headings that the department (None: nobody yet) once explained are known.
    """
    current = catalogue.in_force()
    said = {row.heading: row.column for row in remembered(department, Kind.METRICS).values()}
    with spool.read(path) as rows:
        for sheet in rows.sheets():
            if not sheet.visible:
                continue
            first = list(islice(sheet.rows, header.DEPTH))
            found = _of_sheet(first, sheet.first_column, f"{file_name} {sheet.name}", current, said)
            if found is not None:
                return found
    return Guess()


def _of_sheet(first: list, first_column: int, name: str, current: Catalogue, said: dict[str, str]) -> Guess | None:
    def find(table: Table) -> Header | None:
        found = header.find(first, table, first_column)
        return found if found and any(_is_data(column.field.kind) for column in found.columns) else None

    register = _register(first, first_column, name, current)
    if register:
        keepers = set(current.registers[register].owners)
        return Guess(Kind.REGISTERS, _department(name, current, keepers), None, register)
    if metrics := find(replace(fields.metrics_table(current), said=said)):
        owners = {column.field.owner for column in metrics.columns if column.field.owner}
        years = header.years_in(name) or metrics.years
        return Guess(Kind.METRICS, _department(name, current, owners), min(years) if len(years) == 1 else None)
    if find(fields.firms_table()) or ("名录" in name and header.find(first, fields.firms_table(), first_column)):
        return Guess(Kind.FIRMS, "market")
    return None


def _is_data(kind: str) -> bool:
    return kind not in ("code", "name", "year", "ignored")


def _register(first: list, first_column: int, name: str, current: Catalogue) -> str:
    """The one register whose name (or a category's) the file speaks of and whose required columns it has."""
    found = {}
    for kind, spec in current.registers.items():
        table = fields.register_table(current, kind)
        head = header.find(first, table, first_column)
        if head is None:
            continue
        columns = {column.field.code for column in head.columns}
        columns |= patents.supplied(columns) if spec.numbered else set()
        if not columns & {"starts_on", "level"}:
            continue
        text = key(f"{name} {head.title}")
        own = _longest((spec.name, *spec.aliases), text)
        category = _longest((word for term in spec.categories for word in (term.name, *term.aliases)), text)
        given = columns | {"category"} | ({"title"} if spec.default_title else set())
        if (own or category) and set(spec.required) <= given:
            found[kind] = (own > 0, max(own, category))
    for kind in [kind for kind in found if found[kind][0]]:
        for other in current.registers[kind].outranks:
            found.pop(other, None)
    ranked = sorted(found, key=lambda kind: found[kind], reverse=True)
    clear = len(ranked) == 1 or (len(ranked) > 1 and found[ranked[0]] > found[ranked[1]])
    # 高新技术企业 alone is a category of two registers; the one that says 未通过 has to say so.
    return ranked[0] if clear or ranked[:2] == ["qualification", "requalification"] else ""


def _longest(words: Iterable[str], text: str) -> int:
    return max((len(word) for word in map(key, words) if word in text), default=0)


def _department(name: str, current: Catalogue, owners: set[str]) -> str:
    """The department the name mentions, or the only one that owns what the file holds."""
    text = key(name)
    hits = {
        (len(word), code) for code, spec in current.departments.items() for word in map(key, spec.names) if word in text
    }
    named = {code for size, code in hits if size == max(size for size, _ in hits)}
    if len(named) == 1:
        return named.pop()
    return owners.pop() if len(owners) == 1 else ""


def completed(
    file: File, *, kind: str, department: Department | None, year: int | None, register_kind: str
) -> dict[str, Any]:
    """What was left open on upload, filled in from the file itself; what was said stands.

    Raises Refusal naming what cannot be told. The file is looked at in a bounded child, as when it is read.
    """
    open_ends = not kind or department is None or (kind == Kind.METRICS and year is None)
    open_ends = open_ends or (kind == Kind.REGISTERS and not register_kind)
    seen = _seen(file, department) if open_ends else Guess()
    register = register_kind or seen.register_kind
    kind = kind or seen.kind
    if not kind:
        raise _unclear("kind", "看不出这是名录、指标数据还是台账。", "请选择“内容”后重新上传。")
    year = year or seen.year
    if kind == Kind.METRICS and year is None:
        raise _unclear("year", "看不出是哪个年度的数据。", "请填写“数据年度”后重新上传。")
    if kind == Kind.REGISTERS and not register:
        raise _unclear("register", "看不出是哪一种台账。", "请选择“台账种类”后重新上传。")
    department = department or Department.objects.filter(code=seen.department).first()
    return {
        "kind": kind,
        "department": department,
        "year": year if kind == Kind.METRICS else None,
        "register_kind": register if kind == Kind.REGISTERS else "",
    }


def _unclear(what: str, message: str, hint: str) -> Refusal:
    return Refusal(f"unclear_{what}", message, place="上传文件", hint=hint, status=400)


def _seen(file: File, department: Department | None) -> Guess:
    """An upload may live in memory only; the child reads a path."""
    limits = sniff.Limits(size=settings.IMPORT_MAX_BYTES, unpacked=settings.IMPORT_MAX_UNPACKED_BYTES)
    try:
        sniff.identify(file, limits)  # type: ignore[arg-type]
        with tempfile.NamedTemporaryFile(prefix="look-") as copy:
            for block in file.chunks():
                copy.write(block)
            copy.flush()
            return guess(copy.name, file.name or "", department)
    except Unreadable as bad:
        raise Refusal(bad.code, bad.message, place=f"文件“{file.name}”", hint=bad.hint, status=400) from bad
    finally:
        file.seek(0)
