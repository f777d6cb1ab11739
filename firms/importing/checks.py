"""What a firm typed into its form, examined: the figures it amounts to, and what stands against them. Pure.

An error must be mended; a warning may stand if the cell gives a reason; a notice only says how something was read.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from firms.catalogue import CheckSpec, MetricSpec
from firms.importing import cells
from firms.importing.fields import Field, dimension_of
from firms.importing.figures import plain
from firms.importing.problem import BadCell

VALUE, ZERO, NONE = "value", "zero", "none"
STATES = (VALUE, ZERO, NONE)
REASON_LENGTH = 4  # characters; less explains nothing
JUMP = 5.0  # times last year's figure, or a fifth of it
FAR = 300.0  # times: no firm grows so; a unit does
# Below this difference a jump is small change: 1 person to 6, 3 万元 to 20.
SMALL = {"amount": 100.0, "count": 10.0}
# Which other unit the figure looks typed in, and how near (in powers of ten) it has to come.
_SUSPECTS = (("元", 0.4), ("千元", 0.12), ("亿元", 0.4), ("美元", 0.4))


@dataclass(frozen=True, slots=True)
class Typed:
    """One cell as typed. ``state``: value, zero (confirmed) or none (not provided); "" while nothing was chosen."""

    state: str = ""
    text: str = ""
    reason: str = ""

    @classmethod
    def of(cls, cell: Mapping[str, Any] | None) -> Typed:
        cell = cell or {}
        return cls(str(cell.get("state", "")), str(cell.get("text", "")), str(cell.get("reason", "")))

    @property
    def answered(self) -> bool:
        return self.state in (ZERO, NONE) or (self.state == VALUE and bool(self.text.strip()))


@dataclass(frozen=True, slots=True)
class Finding:
    """``metric`` is the cell it stands at. ``excused``: a warning whose cell gives its reason; it no longer stands in the way."""

    metric: str
    level: str
    code: str
    message: str
    hint: str = ""
    excused: bool = False

    @property
    def blocks(self) -> bool:
        return self.level == "error" or (self.level == "warning" and not self.excused)

    def as_dict(self) -> dict[str, Any]:
        return {
            "level": self.level, "code": self.code, "message": self.message, "hint": self.hint, "excused": self.excused,
        }  # fmt: skip


@dataclass(slots=True)
class Examined:
    """``figures``: metric code → number of every cell that holds one (0.0 where confirmed); nothing for 未提供 and faults."""

    figures: dict[str, float] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    answered: int = 0
    total: int = 0

    @property
    def blocking(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.blocks]

    def of(self, metric: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.metric == metric]


@cache
def _parser(name: str, kind: str, unit: str, low: float | None, high: float | None) -> Any:
    return Field("", name, kind, unit=unit, minimum=low, maximum=high).parser()


def figure(text: str, metric: MetricSpec) -> float | None:
    """The number a text states in the metric's unit; None for an empty one or 无, —, 未提供. Raises BadCell.

    Full-width digits, thousand separators and a unit of the same dimension behind the number (5000元, 1.2亿元) are read.
    """
    return _parser(metric.name, metric.kind, metric.unit, metric.minimum, metric.maximum)(text)


def figures_of(cells: Mapping[str, Mapping[str, Any]], metrics: Mapping[str, MetricSpec]) -> dict[str, float]:
    """What a form's cells state: metric code → number of the valid ones, 0.0 where confirmed; nothing for 未提供 and faults."""
    found: dict[str, float] = {}
    for code in cells.keys() & metrics.keys():
        typed = Typed.of(cells[code])
        if typed.state == VALUE:
            try:
                value = figure(typed.text, metrics[code])
            except BadCell:
                continue
            if value is not None:
                found[code] = value
        elif typed.state == ZERO:
            found[code] = 0.0
    return found


def examine(
    typed: Mapping[str, Typed],
    metrics: Mapping[str, MetricSpec],
    *,
    provided: Mapping[str, float],
    last_year: Mapping[str, float],
    checks: Iterable[CheckSpec] = (),
    evidence: Collection[str] = (),
    returned: Mapping[str, Typed] | None = None,
) -> Examined:
    """All that can be said of one form.

    ``metrics``: the whole catalogue; those in ``provided`` (code → figure a department or the public stated) are not the
    firm's to fill. ``evidence``: codes with a file. ``returned``: the cells a review sent back, as they then were.
    """
    found = Examined()
    own = {code: metric for code, metric in metrics.items() if code not in provided}
    found.total = len(own)
    for code, metric in own.items():
        cell = typed.get(code, Typed())
        found.answered += cell.answered
        said = list(_cell(cell, metric, found, last_year.get(code)))
        if metric.needs_evidence and found.figures.get(code) and code not in evidence:
            said.append(
                Finding(
                    code, "error", "evidence_required", "该项须附佐证材料", "请在本行上传 PDF、图片或 Office 文件。"
                )
            )
        if returned and code in returned and _same(cell, returned[code]):
            said.append(Finding(code, "warning", "returned_unchanged", "审核退回的这一项没有改动", _EXPLAIN))
        found.findings += said
    found.findings += _across(found.figures, provided, metrics, checks)
    found.findings = [_excused(finding, typed.get(finding.metric, Typed())) for finding in found.findings]
    return found


_EXPLAIN = "请核对；确实无误的，请在“说明”中写明原因。"


def _excused(finding: Finding, cell: Typed) -> Finding:
    if finding.level != "warning" or len("".join(cell.reason.split())) < REASON_LENGTH:
        return finding
    return Finding(finding.metric, finding.level, finding.code, finding.message, finding.hint, excused=True)


def _same(cell: Typed, before: Typed) -> bool:
    return (cell.state, cell.text.strip()) == (before.state, before.text.strip())


def _cell(cell: Typed, metric: MetricSpec, found: Examined, before: float | None) -> Iterator[Finding]:
    """Reads one cell into ``found.figures``; yields what is wrong with it or odd about it."""
    code = metric.code
    if not cell.answered:
        yield Finding(code, "error", "unanswered", "还没有填", "请填数，或选择“确认为零”“未提供”。")
        return
    if cell.state == NONE:
        return
    value: float | None = 0.0
    if cell.state == VALUE:
        try:
            value = figure(cell.text, metric)
        except BadCell as bad:
            yield Finding(code, "error", bad.code, bad.message, bad.hint)
            return
        if value is None:
            yield Finding(
                code,
                "error",
                "nothing",
                f"“{cell.text.strip()[:20]}”不是数",
                "没有数据请选“未提供”，确实为零请选“确认为零”。",
            )
            return
        if (read := _reading(cell.text, value, metric)) is not None:
            yield read
    assert value is not None
    found.figures[code] = value
    if metric.kind != "flag" and before is not None:
        yield from _against(value, before, metric)


def _reading(text: str, value: float, metric: MetricSpec) -> Finding | None:
    """How a figure with a unit of its own was read; the typist should see it."""
    typed = cells.folded(text).replace(" ", "")
    other = next(
        (unit for unit in sorted(dimension_of(metric.unit), key=len, reverse=True) if typed.endswith(unit)), ""
    )
    if other and other != metric.unit and metric.kind == "amount":
        return Finding(metric.code, "notice", "unit_read", f"按 {plain(value)} {metric.unit} 计")
    return None


def _against(value: float, before: float, metric: MetricSpec) -> Iterator[Finding]:
    """Beside last year's figure: typed in another unit, or grown or shrunk past belief.

    Magnitudes are compared, so that a loss after a profit is no jump by itself; small figures may move freely.
    """
    large, small = abs(value), abs(before)
    if abs(large - small) < SMALL.get(metric.kind, 0.0) or large == small:
        return
    last = f"上年为 {plain(before)} {metric.unit}".rstrip()
    if large and small:
        ratio = large / small
        if metric.kind == "amount" and (unit := _suspect(ratio, metric)):
            said = f"与上年相差约{_times(ratio)}，像是按“{unit}”填的（{last}）"
            yield Finding(metric.code, "warning", "unit_suspect", said, f"本项单位是{metric.unit}。{_EXPLAIN}")
        elif ratio >= JUMP or ratio <= 1 / JUMP:
            yield Finding(metric.code, "warning", "jump", f"与上年相差约{_times(ratio)}（{last}）", _EXPLAIN)
    elif small:
        yield Finding(metric.code, "warning", "jump", f"本年为零，{last}", _EXPLAIN)


def _suspect(ratio: float, metric: MetricSpec) -> str:
    dimension = dimension_of(metric.unit)
    own = dimension.get(metric.unit)
    if not own:
        return ""
    for unit, near in _SUSPECTS:
        # A figure counted in ``unit`` and written down as if it were ours is own/unit times too large.
        if (
            unit in dimension
            and unit != metric.unit
            and abs(math.log10(ratio) - math.log10(own / dimension[unit])) < near
        ):
            return unit
    return "其他单位" if ratio > FAR or ratio < 1 / FAR else ""


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}倍" if ratio >= 1 else f"{1 / ratio:,.0f}倍（减少）"


def _across(
    figures: Mapping[str, float],
    provided: Mapping[str, float],
    metrics: Mapping[str, MetricSpec],
    checks: Iterable[CheckSpec],
) -> Iterator[Finding]:
    """Part ≤ whole over the form's own figures and those provided. Two provided ones are not the firm's to mend."""
    for check in checks:
        own_part, own_whole = check.part in figures, check.whole in figures
        if not (own_part or own_whole):
            continue
        part = figures.get(check.part, provided.get(check.part))
        whole = figures.get(check.whole, provided.get(check.whole))
        if part is None or whole is None or part <= whole:
            continue
        names = metrics[check.part].name, metrics[check.whole].name
        message = f"{names[0]} {plain(part)} 大于{names[1]} {plain(whole)}"
        place = check.part if own_part else check.whole
        if own_part and own_whole:
            hint = "部分不能大于整体，请核对两项。" if check.severity == "error" else _EXPLAIN
            yield Finding(place, check.severity, check.code, message, hint)
        else:
            other = names[1] if own_part else names[0]
            yield Finding(place, "warning", check.code, message, f"{other}由部门提供；认为有误的可提异议。{_EXPLAIN}")
