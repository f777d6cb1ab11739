"""The firms to evaluate, as columns: read-only arrays whose shapes are checked on entry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
NEVER = np.int64(2**31)  # days; stands for "no end"
ALWAYS = -NEVER  # stands for "no known start"


class CohortError(ValueError):
    """A cohort whose columns do not fit together; the message is Chinese."""


@dataclass(frozen=True)
class Coded:
    """A column of short texts as codes into names."""

    codes: NDArray[np.int16]
    names: tuple[str, ...]

    @classmethod
    def of(cls, texts: Sequence[str] | NDArray[Any] | Coded) -> Coded:
        """Encode a sequence of texts."""
        if isinstance(texts, Coded):
            return texts
        names: dict[str, int] = {}
        values = texts.tolist() if isinstance(texts, np.ndarray) else texts
        codes = np.fromiter((names.setdefault(text, len(names)) for text in values), dtype=np.int16, count=len(values))
        return cls(codes, tuple(names))

    def is_in(self, wanted: Iterable[str], rows: Any = slice(None)) -> NDArray[np.bool_]:
        """Mask over the given rows: where the text is one of the wanted."""
        table = np.isin(np.array(self.names, dtype=str), list(wanted)) if self.names else np.zeros(0, dtype=bool)
        return table[self.codes[rows]] if len(self.codes) else np.zeros(0, dtype=bool)


def _frozen(array: Any, dtype: Any, size: int, what: str) -> Any:
    result = np.asarray(array)
    if result.shape != (size,):
        raise CohortError(f"{what}应有{size}个值,实际形状为{result.shape}")
    try:
        result = result.astype(dtype, copy=False).view()
    except (TypeError, ValueError):
        raise CohortError(f"{what}的数据类型不对") from None
    result.flags.writeable = False
    return result


@dataclass(frozen=True)
class Registers:
    """Dated entries of all firms, one row an entry.

    firm: int32[m] index into Cohort.keys; kind, category, level: texts (or Coded); starts, ends: datetime64[D] (NaT =
    unknown start / open); amount (万元), quantity: float64 (NaN = unknown).
    """

    firm: NDArray[np.int32]
    kind: Coded
    category: Coded
    level: Coded
    starts: NDArray[Any]
    ends: NDArray[Any]
    amount: Floats
    quantity: Floats

    def __post_init__(self) -> None:
        m = len(self.firm)
        put = object.__setattr__
        put(self, "firm", _frozen(self.firm, np.int32, m, "台账的企业"))
        for name in ("kind", "category", "level"):
            coded = Coded.of(getattr(self, name))
            _frozen(coded.codes, np.int16, m, f"台账的{name}")
            put(self, name, coded)
        for name in ("starts", "ends"):
            put(self, name, _frozen(self.__dict__[name], "datetime64[D]", m, f"台账的{name}"))
        for name in ("amount", "quantity"):
            put(self, name, _frozen(self.__dict__[name], np.float64, m, f"台账的{name}"))

    @classmethod
    def empty(cls) -> Registers:
        """No entries."""
        return cls.build([], [])

    @classmethod
    def build(cls, keys: Sequence[str], rows: Iterable[Sequence[Any]]) -> Registers:
        """From rows (key or index, kind, category, level, starts, ends, amount, quantity); the tail may be left out."""
        index = {key: i for i, key in enumerate(keys)}
        full: list[tuple[Any, ...]] = [(*row, *("", "", "", "", None, None, None, None)[len(row) :]) for row in rows]
        columns = list(zip(*full, strict=True)) or [()] * 8
        try:
            firm = [index[key] if isinstance(key, str) else int(key) for key in columns[0]]
        except KeyError as error:
            raise CohortError(f"台账里的企业不在参评名单中:{error.args[0]}") from None
        return cls(
            np.array(firm, dtype=np.int32),
            Coded.of(columns[1]),
            Coded.of([text or "" for text in columns[2]]),
            Coded.of([text or "" for text in columns[3]]),
            np.array([None if d in ("", None) else d for d in columns[4]], dtype="datetime64[D]"),
            np.array([None if d in ("", None) else d for d in columns[5]], dtype="datetime64[D]"),
            np.array([np.nan if v is None else v for v in columns[6]], dtype=np.float64),
            np.array([np.nan if v is None else v for v in columns[7]], dtype=np.float64),
        )


@dataclass(frozen=True)
class History:
    """What earlier periods say of each firm. Stages are indices into Scheme.stages, -1 = unknown or none.

    previous_stage, previous2_stage: one and two scored periods ago. demoted_previous: dropped in the previous period.
    stage_since: start of the present unbroken run in that stage (NaT unknown). override_stage: a manual stage.
    peak_stage: the stage from which the last unrecovered fall began.
    """

    previous_stage: NDArray[np.int8]
    previous2_stage: NDArray[np.int8]
    demoted_previous: NDArray[np.bool_]
    stage_since: NDArray[Any]
    override_stage: NDArray[np.int8]
    peak_stage: NDArray[np.int8] | None = None

    @classmethod
    def unknown(cls, n: int) -> History:
        """A first period: nothing is known of any firm."""
        none = np.full(n, -1, dtype=np.int8)
        return cls(none, none, np.zeros(n, dtype=bool), np.full(n, "NaT", dtype="datetime64[D]"), none, none)

    def checked(self, n: int) -> History:
        """The same with shapes and types checked and arrays read-only."""
        peak = np.full(n, -1, dtype=np.int8) if self.peak_stage is None else self.peak_stage
        return History(
            _frozen(self.previous_stage, np.int8, n, "上期阶段"),
            _frozen(self.previous2_stage, np.int8, n, "上上期阶段"),
            _frozen(self.demoted_previous, np.bool_, n, "上期降档"),
            _frozen(self.stage_since, "datetime64[D]", n, "阶段起始日"),
            _frozen(self.override_stage, np.int8, n, "核定阶段"),
            _frozen(peak, np.int8, n, "最高阶段"),
        )


@dataclass(frozen=True)
class Cohort:
    """All firms of one data year.

    keys: unique text per firm. current, previous: metric code → float64[n], NaN = not provided. dates: name →
    datetime64[D][n] (registered_on). groups: name → int or text array[n] (industry, park). overrides: name → bool[n]
    set by a person. Raises CohortError.
    """

    keys: list[str]
    year: int
    as_of: dt.date
    current: Mapping[str, Floats]
    previous: Mapping[str, Floats] = field(default_factory=dict)
    dates: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    groups: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    registers: Registers = field(default_factory=Registers.empty)
    history: History | None = None
    overrides: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n = len(self.keys)
        if len(set(self.keys)) != n:
            raise CohortError("企业编号有重复")
        put = object.__setattr__
        for name in ("current", "previous"):
            columns = {code: _frozen(a, np.float64, n, f"数据项{code}") for code, a in getattr(self, name).items()}
            for code, column in columns.items():
                if np.isinf(column).any():
                    raise CohortError(f"数据项{code}里有无穷大的数")
            put(self, name, columns)
        dates = {k: _frozen(a, "datetime64[D]", n, f"日期{k}") for k, a in self.dates.items()}
        put(self, "dates", dates)
        put(self, "groups", {k: _frozen(a, np.asarray(a).dtype, n, f"分组{k}") for k, a in self.groups.items()})
        put(self, "overrides", {k: _frozen(a, np.bool_, n, f"人工标记{k}") for k, a in self.overrides.items()})
        put(self, "history", (History.unknown(n) if self.history is None else self.history).checked(n))
        firm = self.registers.firm
        if len(firm) and (firm.min() < 0 or firm.max() >= n):
            raise CohortError("台账里的企业不在参评名单中")

    def __len__(self) -> int:
        return len(self.keys)
