"""What each row would do: a pure function of the rows read and of what is known now. Nothing here writes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from firms.catalogue import CheckSpec, MetricSpec
from firms.importing.figures import plain
from firms.importing.fold import Folded, Ruling, Statement, fold
from firms.importing.problem import Reason
from firms.importing.rows import ReadRow

CREATE, CHANGE, SAME = "create", "change", "same"
UNMATCHED, REFUSED, LEFT_OUT = "unmatched", "refused", "left_out"
ACCEPTED = (CREATE, CHANGE, SAME)
SOURCE = "government"  # a department's file; a connector's batch says otherwise
JUMP = 1000  # times: a figure in 元 filed as 万元 is 10,000 times too large


@dataclass(slots=True)
class PlannedRow:
    """``before`` holds the value in force of each cell that would change (None: nothing was provided)."""

    sheet: str
    number: int
    verdict: str
    firm: int | None = None
    values: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    reasons: list[dict[str, str]] = field(default_factory=list)
    cells: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class KnownFirm:
    """``name`` as registered, ``key`` as names compare."""

    id: int
    code: str
    name: str
    key: str


@dataclass(slots=True)
class Registry:
    """The registered firms a set of rows may speak of."""

    by_code: dict[str, KnownFirm] = field(default_factory=dict)
    by_name: dict[str, list[KnownFirm]] = field(default_factory=dict)

    def add(self, firm: KnownFirm) -> None:
        if firm.code not in self.by_code:
            self.by_code[firm.code] = firm
            self.by_name.setdefault(firm.key, []).append(firm)


def match(code: str, name: str, registry: Registry) -> tuple[KnownFirm | None, Reason | None]:
    """The firm a row speaks of: by code, then by exact name; never on an empty code.

    (None, error) when code and name contradict the register; (None, notice) when a person has to say.
    """
    if code:
        known = registry.by_code.get(code)
        if known is not None:
            if name and known.key != name:
                return None, Reason(
                    "code_name_disagree",
                    f"代码 {code} 登记的是“{known.name}”，本行写的是“{name}”",
                    "请核对代码和名称；企业已更名的，先更新企业名录。",
                )
            return known, None
        if name and (named := registry.by_name.get(name)):
            registered = "、".join(firm.code for firm in named[:3])
            return None, Reason(
                "code_name_disagree",
                f"“{name}”登记的代码是 {registered}，本行写的是 {code}",
                "请核对代码；确为两家企业的，先更新企业名录。",
            )
        return None, Reason(
            "unknown_firm", f"企业名录里没有代码 {code}", "请指定对应的企业，或先导入企业名录。", level="notice"
        )
    named = registry.by_name.get(name, [])
    if len(named) == 1:
        return named[0], Reason("matched_by_name", f"没有代码，按名称对应到 {named[0].code}", level="notice")
    if named:
        return None, Reason("many_firms", f"企业名录里有{len(named)}家叫“{name}”", "请指定其中一家。", level="notice")
    return None, Reason(
        "unknown_firm", f"企业名录里没有“{name}”", "请指定对应的企业，或先导入企业名录。", level="notice"
    )


def metrics_row(
    row: PlannedRow,
    statements: Sequence[Statement],
    metrics: Mapping[str, MetricSpec],
    checks: Iterable[CheckSpec] = (),
    last_year: Mapping[str, float] | None = None,
    rulings: Mapping[str, Ruling] | None = None,
    source: str = SOURCE,
) -> None:
    """Verdict, before and warnings of a row of figures for a matched firm, against the filings in force of its year."""
    if not statements:
        row.verdict, row.before = CREATE, {}
        in_force: Mapping[str, float] = {}
    else:
        in_force = fold(statements, metrics, rulings).values
        own = fold((statement for statement in statements if statement.source == source), metrics).values
        if all(code in own and own[code] == value for code, value in row.values.items()):
            row.verdict, row.before = SAME, {}
            return
        after = folded_with(row, statements, metrics, rulings=rulings, source=source).values
        row.before = {code: in_force.get(code) for code in row.values if in_force.get(code) != after[code]}
        row.verdict = CHANGE if any(code in in_force for code in row.values) else CREATE
        lost = [code for code, value in row.values.items() if after[code] != value]
        # Said before and decided against: known, so no news and no conflict.
        kept = [code for code in lost if code not in (rulings or ()) or own.get(code) != row.values[code]]
        if kept:
            named = "、".join(metrics[code].name for code in kept)
            row.reasons.append(
                Reason(
                    "outranked", f"{named}采用优先级更高的来源", "本次数值会留存并记为冲突。", level="warning"
                ).as_dict()
            )
    if in_force:
        row.reasons += [reason.as_dict() for reason in _checks_against(row.values, in_force, metrics, checks)]
    if in_force or last_year:
        row.reasons += [reason.as_dict() for reason in _jumps(row.values, in_force, last_year or {}, metrics)]


def folded_with(
    row: PlannedRow,
    statements: Sequence[Statement],
    metrics: Mapping[str, MetricSpec],
    filing: int | None = None,
    rulings: Mapping[str, Ruling] | None = None,
    source: str = SOURCE,
) -> Folded:
    """The fold once this row is filed (as the latest statement, later than any ruling, or under the id it was given)."""
    known = (*(statement.filing for statement in statements), *(ruling.latest for ruling in (rulings or {}).values()))
    new = filing if filing is not None else max(known, default=0) + 1
    return fold((*statements, Statement(new, source, row.values)), metrics, rulings)


def _checks_against(
    values: Mapping[str, float],
    in_force: Mapping[str, float],
    metrics: Mapping[str, MetricSpec],
    checks: Iterable[CheckSpec],
) -> list[Reason]:
    """Part ≤ whole where the row states one of the two and another source or file the other: never more than a warning."""
    found = []
    for check in checks:
        if (check.part in values) == (check.whole in values):
            continue
        part = values.get(check.part, in_force.get(check.part))
        whole = values.get(check.whole, in_force.get(check.whole))
        if part is not None and whole is not None and part > whole:
            names = metrics[check.part].name, metrics[check.whole].name
            mine = names[0] if check.part in values else names[1]
            found.append(
                Reason(
                    check.code,
                    f"{names[0]} {plain(part)} 将大于{names[1]} {plain(whole)}",
                    "请与对方部门核对。",
                    mine,
                    "warning",
                )
            )
    return found


def _jumps(
    values: Mapping[str, float],
    in_force: Mapping[str, float],
    last_year: Mapping[str, float],
    metrics: Mapping[str, MetricSpec],
) -> list[Reason]:
    """Figures so far from the one before that the unit is the likeliest reason."""
    found = []
    for code, value in values.items():
        before = in_force.get(code) or last_year.get(code)
        if metrics[code].kind == "amount" and value and before and not 1 / JUMP < abs(value / before) < JUMP:
            found.append(
                Reason(
                    "unit_suspect",
                    f"{metrics[code].name} {plain(value)} 与此前的 {plain(before)} 相差千倍以上",
                    "请核对单位。",
                    metrics[code].name,
                    "warning",
                )
            )
    return found


def firm_row(row: PlannedRow, current: Mapping[str, Any] | None) -> None:
    """Verdict of a row of the register of firms; ``current`` is the firm as registered, None if it is not."""
    if current is None:
        row.verdict, row.before = CREATE, {}
        return
    row.before = {code: current.get(code) for code, value in row.values.items() if current.get(code) != value}
    row.verdict = CHANGE if row.before else SAME


ENTRY_KEY = ("category", "level", "title", "starts_on")


NUMBER_KEY = ("category", "document_number")
# Counted in the year they begin and in no other: what a locked later year was judged by does not change with them.
MOMENTS = frozenset({"patent"})


def entry_key(firm: int, values: Mapping[str, Any], *, numbered: bool = False) -> tuple:
    """What makes a register entry the same fact: firm, category, level, title and first day; where entries are ``numbered``,
    firm, category and number."""
    return (firm, *(values.get(code, "") for code in (NUMBER_KEY if numbered else ENTRY_KEY)))


Entry = Mapping[str, Any]  # what a register entry states: at least starts_on and ends_on, ISO days or dates


def _judged_in(entry: Entry | None, year: int) -> tuple | None:
    """What a judgement of ``year`` sees of an entry: nothing, or what it states with its end cut off at the year's."""
    if entry is None:
        return None
    starts, ends = str(entry["starts_on"]), str(entry.get("ends_on") or "9999-12-31")
    if entry.get("kind") in MOMENTS:
        ends = starts
    if starts > f"{year}-12-31" or ends < f"{year}-01-01":
        return None
    unread = ("starts_on", "ends_on", "document_number")
    said = {code: value for code, value in entry.items() if code not in unread and value not in ("", None)}
    return starts, min(ends, f"{year + 1}-01-01"), sorted((code, str(value)) for code, value in said.items())


def locked_years_touched(before: Entry | None, after: Entry | None, locked_years: Iterable[int]) -> list[int]:
    """The locked years that would be judged otherwise if ``after`` replaced ``before`` (None: there is no such entry).

    Ending a platform in 2025 leaves a locked 2023 as it was; voiding it, moving its first day or raising its level does not.
    """
    return sorted(year for year in set(locked_years) if _judged_in(before, year) != _judged_in(after, year))


def register_row(
    row: PlannedRow, current: Entry | None, locked_years: frozenset[int] = frozenset(), *, kind: str = ""
) -> None:
    """Verdict of a register row for a matched firm; ``current`` is the entry in force with the same key, or None.

    A row that would change what was judged in a locked year is refused.
    """
    if current is None:
        row.verdict, row.before = CREATE, {}
    else:
        details = {code: value for code, value in row.values.items() if code not in ENTRY_KEY}
        row.before = {code: current.get(code) for code, value in details.items() if current.get(code) != value}
        row.verdict = CHANGE if row.before else SAME
    if row.verdict == SAME or not locked_years:
        return
    starts = {"starts_on": row.values["starts_on"], "kind": kind}
    before = None if current is None else starts | dict(current)
    after = starts | {code: value for code, value in (dict(current or {}) | row.values).items() if code != "starts_on"}
    if current is not None:  # what names the entry is the same on both sides
        after = {code: value for code, value in after.items() if code not in ENTRY_KEY or code == "starts_on"}
    if years := locked_years_touched(before, after, locked_years):
        named = "、".join(map(str, years))
        reason = Reason(
            "year_locked",
            f"{named}年度已锁定，本行会改变该年度已评价的事项",
            "需要更正的，请积分办先解除锁定。",
            "起始日期",
        )
        row.verdict, row.before = REFUSED, {}
        row.reasons.append(reason.as_dict())


def settle_duplicates(groups: Iterable[Sequence[PlannedRow]]) -> list[PlannedRow]:
    """Rows of one file that speak of the same thing: equal ones count once, differing ones are all refused.

    Each group is in file order. Returns the rows whose verdict was changed.
    """
    changed = []
    for group in groups:
        first, *others = group
        places = "、".join(f"{row.sheet}第{row.number}行" for row in group)
        if all(row.values == first.values for row in others) and all(row.verdict != REFUSED for row in group):
            for row in others:
                row.reasons.append(
                    Reason("repeated_row", f"与第{first.number}行相同，只计一次", level="notice").as_dict()
                )
                row.verdict, row.before = LEFT_OUT, {}
                changed.append(row)
            continue
        for row in group:
            row.reasons.append(
                Reason(
                    "same_firm_twice",
                    f"同一企业在文件中出现{len(group)}次且内容不同（{places}）",
                    "请核对后只保留一行。",
                ).as_dict()
            )
            row.verdict, row.before = REFUSED, {}
            changed.append(row)
    return changed


def planned(read: ReadRow) -> PlannedRow:
    """A row as read, before anything is known about its firm. Its identity is kept for the person who may have to match it."""
    return PlannedRow(
        read.sheet,
        read.number,
        read.verdict,
        None,
        read.values,
        {},
        [reason.as_dict() for reason in read.reasons],
        read.cells,
    )


class Digest:
    """The fingerprint of a plan, row by row in file order; ``values`` and ``before`` as JSON."""

    def __init__(self) -> None:
        self._sha = hashlib.sha256()

    def add(self, sheet: str, number: int, verdict: str, firm: int | None, values: bytes, before: bytes) -> None:
        self._sha.update(orjson.dumps([sheet, number, verdict, firm]) + values + before)

    def hexdigest(self) -> str:
        return self._sha.hexdigest()
