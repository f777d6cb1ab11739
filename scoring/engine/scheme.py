"""A scheme: the regulation as immutable data, parsed from one TOML text (docs/scheme-format.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from scoring.engine.nodes import Expression, InputKey
from scoring.engine.rules import REGISTRY, RuleType

STEPS = ("deductions", "floor", "decay", "bonus", "cap")


class SchemeError(ValueError):
    """A scheme that cannot be used. problems: every (line, message in Chinese)."""

    def __init__(self, problems: list[tuple[int, str]]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(f"第{line}行:{message}" for line, message in self.problems))


@dataclass(frozen=True)
class Source:
    """Where a number or a choice comes from: article of the regulation, or one of our readings."""

    article: str = ""
    basis: str = "regulation"
    reading: int | None = None
    line: int = 1


@dataclass(frozen=True)
class Option:
    """A named switch, as the method page prints it."""

    key: str
    value: Any
    basis: str
    article: str
    text: str
    reading: int | None = None
    choices: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Metric:
    """A reported number of one firm in one year."""

    code: str
    name: str
    unit: str


@dataclass(frozen=True)
class RegisterKind:
    """A kind of register entries and its categories (code → name)."""

    code: str
    name: str
    categories: Mapping[str, str]


@dataclass(frozen=True)
class Condition:
    """A named condition: eligibility, exclusion, veto, confirmation. words: the file's own phrase for it, "" if none."""

    code: str
    name: str
    when: Expression
    source: Source
    words: str = ""


@dataclass(frozen=True)
class Stage:
    """发展阶段. grade orders the stages (higher = later)."""

    code: str
    name: str
    grade: int
    when: Expression | None
    source: Source


@dataclass(frozen=True)
class Rule:
    """计分标准 of an indicator. references: field → per stage index, a Fraction or the name of a statistic."""

    type: str
    params: Mapping[str, Any]
    references: Mapping[str, tuple[Fraction | str, ...]]
    peers: str
    source: Source

    @property
    def kind(self) -> RuleType:
        """Its entry in the registry."""
        return REGISTRY[self.type]

    @property
    def floor(self) -> Fraction | None:
        """What a statistic must exceed to serve as a reference; None if anything serves."""
        return self.params.get("floor", Fraction(0)) if self.kind.above else None


@dataclass(frozen=True)
class Missing:
    """What a value that is not provided does: zero | mean | penalty (points lost) | rescale."""

    method: str
    points: Fraction = Fraction(0)


@dataclass(frozen=True)
class Indicator:
    """二级指标. weight, exists: per stage index. winsorise: (lower, upper) percentiles or None."""

    code: str
    name: str
    aliases: tuple[str, ...]
    unit: str
    category: str
    dimension: str
    max_points: Fraction
    weight: tuple[Fraction, ...]
    exists: tuple[bool, ...]
    value: Expression
    rule: Rule
    missing: Missing
    winsorise: tuple[Fraction, Fraction] | None
    decimals: int
    source: Source


@dataclass(frozen=True)
class Dimension:
    """一级指标 (or a node above it). parent "" = the total. weight: per stage index."""

    code: str
    name: str
    parent: str
    method: str
    weight: tuple[Fraction, ...]
    max_points: Fraction | None
    minimum: Fraction | None
    source: Source


@dataclass(frozen=True)
class Adjustment:
    """A deduction or bonus item."""

    code: str
    name: str
    points: Expression
    cap: Fraction | None
    source: Source


@dataclass(frozen=True)
class Decay:
    """衰减系数: factor applies when the condition is known to be true."""

    code: str
    name: str
    when: Expression
    factor: Fraction
    source: Source
    words: str = ""


@dataclass(frozen=True)
class Grade:
    """A grade by absolute band (`lowest`) or by share of the stage (`top`, percent)."""

    code: str
    name: str
    lowest: Fraction | None
    top: Fraction | None


@dataclass(frozen=True)
class Outcome:
    """合格 conditions."""

    passes: Expression | None = None
    direct_pass: Expression | None = None
    vetoes: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Scheme:
    """A whole scheme. Everything the method page prints and the engine needs, in the order of the file."""

    code: str
    version: str
    title: str
    document: str
    issued_on: str
    total: Fraction | None
    text: str = field(repr=False)
    sha256: str
    options: tuple[Option, ...]
    metrics: Mapping[str, Metric]
    levels: Mapping[str, str]
    registers: Mapping[str, RegisterKind]
    eligibility: Condition | None
    stages: tuple[Stage, ...]
    confirmation: Condition | None
    exclusions: tuple[Condition, ...]
    method: str
    dimensions: tuple[Dimension, ...]
    indicators: tuple[Indicator, ...]
    deductions: tuple[Adjustment, ...]
    decays: tuple[Decay, ...]
    bonuses: tuple[Adjustment, ...]
    deduction_cap: Fraction | None
    bonus_cap: Fraction | None
    outcome: Outcome
    grades: tuple[Grade, ...]
    inputs: tuple[InputKey, ...] = field(repr=False)
    settings: Mapping[str, Any]

    @property
    def metrics_used(self) -> tuple[str, ...]:
        """Codes of the metrics some expression reads, this year's or last year's."""
        return tuple(dict.fromkeys(key[1] for key in self.inputs if key[0] in ("metric", "previous")))

    @property
    def previous_used(self) -> tuple[str, ...]:
        """Codes of the metrics whose last year's figure is read."""
        return tuple(key[1] for key in self.inputs if key[0] == "previous")

    @property
    def registers_used(self) -> tuple[str, ...]:
        """Kinds of register entries some expression reads."""
        return tuple(dict.fromkeys(key[1].kind for key in self.inputs if key[0] == "register"))

    @property
    def groups_used(self) -> tuple[str, ...]:
        """Names of the groups that peers, ranks and conditions need."""
        names = [key[1] for key in self.inputs if key[0] == "group"]
        peers = [indicator.rule.peers for indicator in self.indicators]
        names += [peer_group(name) for name in peers if name not in ("stage", "all")]
        return tuple(dict.fromkeys(["industry", *names]))

    @property
    def grade_order(self) -> tuple[int, ...]:
        """Grade per stage index."""
        return tuple(stage.grade for stage in self.stages)

    def indicator(self, code: str) -> Indicator:
        """The indicator with this code. Raises KeyError."""
        for indicator in self.indicators:
            if indicator.code == code:
                return indicator
        raise KeyError(code)

    def describe(self, indicator: Indicator | str, stage: str | None = None) -> str:
        """The indicator's rule in Chinese words; with a stage code, for that stage."""
        from scoring.engine.words import describe

        return describe(self, self.indicator(indicator) if isinstance(indicator, str) else indicator, stage)


def peer_group(peers: str) -> str:
    """The group a peer definition splits by: industry and stage_industry both split by industry."""
    return peers.removeprefix("stage_")


def parse_scheme(text: str) -> Scheme:
    """Parse and check a scheme. Raises SchemeError with every problem and its line."""
    from scoring.engine.reader import Reader

    return Reader(text).scheme()
