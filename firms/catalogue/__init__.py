"""The catalogue: departments, data items (metrics), registers and the checks between data items, read from TOML.

Plain values without Django, so that the pure import code and the services speak of the same things.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class DepartmentSpec:
    code: str
    name: str
    short_name: str
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, self.short_name, *self.aliases)


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One data item. ``kind``: amount (money in ``unit``), count (whole number), flag (1/0); bounds include their ends."""

    code: str
    name: str
    kind: str
    unit: str = ""
    aliases: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    decimals: int = 2
    owner: str = ""
    source_priority: tuple[str, ...] = ("government", "public", "firm")
    tolerance: float = 0.005
    help_text: str = ""
    topic: str = ""
    needs_evidence: bool = False


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """``part`` may not exceed ``whole``; ``severity`` error or warning."""

    code: str
    part: str
    whole: str
    severity: str = "error"


@dataclass(frozen=True, slots=True)
class Term:
    """A code with the Chinese names files use for it (a column, a category, a level)."""

    code: str
    name: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegisterSpec:
    """One register. ``figures``: category → the metric its entries of a year are counted into; ``others``: categories files
    name that are not kept here; ``columns``: columns of this register alone; ``numbered``: an entry is known by its number."""

    kind: str
    name: str
    owners: tuple[str, ...]
    required: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    categories: tuple[Term, ...] = ()
    needs_end: tuple[str, ...] = ()
    default_title: bool = False
    default_category: str = ""
    outranks: tuple[str, ...] = ()
    numbered: bool = False
    figures: Mapping[str, str] = field(default_factory=dict)
    others: tuple[Term, ...] = ()
    columns: tuple[Term, ...] = ()
    without: tuple[str, ...] = ()  # columns of every register that say nothing in this one

    def heads(self, columns: tuple[Term, ...]) -> tuple[Term, ...]:
        """Of the columns all registers know those this one has, by its own names first; then the ones only it has."""
        heads = {
            column.code: column for column in columns
            if column.code not in self.without and (column.code != "category" or self.categories)
        }  # fmt: skip
        for own in self.columns:
            usual = heads.get(own.code)
            also = (usual.name, *usual.aliases) if usual else ()
            heads[own.code] = Term(own.code, own.name, (*own.aliases, *also))
        return tuple(heads.values())


@dataclass(frozen=True, slots=True)
class Catalogue:
    departments: Mapping[str, DepartmentSpec]
    metrics: Mapping[str, MetricSpec]
    registers: Mapping[str, RegisterSpec]
    register_columns: tuple[Term, ...] = ()
    levels: tuple[Term, ...] = ()
    checks: tuple[CheckSpec, ...] = field(default=())

    @property
    def all_columns(self) -> tuple[Term, ...]:
        """Every column some register has, under the name most of them give it."""
        own = (column for spec in self.registers.values() for column in spec.columns)
        return tuple(
            {column.code: column for column in (*own, *self.register_columns) if column.code != "name"}.values()
        )

    @property
    def counted(self) -> RegisterSpec:
        """The register whose entries are counted into figures."""
        return next(spec for spec in self.registers.values() if spec.figures)


def _toml(name: str) -> dict:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))


def _terms(table: Mapping[str, Mapping]) -> tuple[Term, ...]:
    return tuple(Term(code, item["name"], tuple(item.get("aliases", ()))) for code, item in table.items())


@cache
def load() -> Catalogue:
    """The catalogue as the files beside this module state it, in their order. Raises ValueError where they contradict."""
    departments = {
        item["code"]: DepartmentSpec(**item | {"aliases": tuple(item.get("aliases", ()))})
        for item in _toml("departments.toml")["departments"]
    }
    text = _toml("metrics.toml")
    metrics = {}
    for entry in text["metrics"]:
        item = text["defaults"] | entry
        item = {key: tuple(value) if isinstance(value, list) else value for key, value in item.items()}
        metrics[item["code"]] = MetricSpec(**item)
    checks = tuple(CheckSpec(**item) for item in text["checks"])
    text = _toml("registers.toml")
    registers = {}
    for kind, entry in text["registers"].items():
        item = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
        terms = {name: _terms(entry.get(name, {})) for name in ("categories", "others", "columns")}
        registers[kind] = RegisterSpec(kind=kind, **item | terms)
    catalogue = Catalogue(departments, metrics, registers, _terms(text["columns"]), _terms(text["levels"]), checks)
    _check(catalogue)
    return catalogue


def _check(catalogue: Catalogue) -> None:
    names: dict[str, str] = {}
    for metric in catalogue.metrics.values():
        if metric.owner not in catalogue.departments:
            raise ValueError(f"metrics.toml: {metric.code}: unknown owner {metric.owner!r}")
        for name in (metric.name, *metric.aliases):
            if names.setdefault(name, metric.code) != metric.code:
                raise ValueError(f"metrics.toml: {name} names both {names[name]} and {metric.code}")
    for check in catalogue.checks:
        if not {check.part, check.whole} <= catalogue.metrics.keys():
            raise ValueError(f"metrics.toml: check {check.code}: unknown metric")
    if sum(bool(register.figures) for register in catalogue.registers.values()) != 1:
        # A filing of a register says all it has to say of a firm's year: two registers would take each other's back.
        raise ValueError("registers.toml: exactly one register is counted into figures")
    for register in catalogue.registers.values():
        if not set(register.owners) <= catalogue.departments.keys():
            raise ValueError(f"registers.toml: {register.kind}: unknown owner")
        known = {term.code for term in register.categories}
        if not (register.figures.keys() <= known and set(register.figures.values()) <= catalogue.metrics.keys()):
            raise ValueError(f"registers.toml: {register.kind}: figures of an unknown category or metric")
