"""Registers (台账) brought in by a workbook: entries created or corrected, and taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils import timezone

from firms import catalogue
from firms.importing.plan import (
    CHANGE,
    CREATE,
    ENTRY_KEY,
    REFUSED,
    SAME,
    PlannedRow,
    entry_key,
    locked_years_touched,
    register_row,
)
from firms.importing.problem import Reason
from firms.models import DataYear, Department, Firm, ImportBatch, RegisterEntry, Source
from firms.services import bulk, register_figures
from firms.services.filings import refuse_if_locked
from firms.services.restatements import Restatement, restatements

_DETAILS = ("ends_on", "amount", "quantity", "document_number")
_DEFAULTS = {"quantity": 1, "document_number": ""}


class RegistersTarget:
    """Entries of one register; the owner departments' rows are its mutex."""

    matches_firms = True

    def __init__(self, batch: ImportBatch) -> None:
        self.batch = batch
        self.spec = catalogue.load().registers[batch.register_kind]
        self.locked_years = self._locked_years()
        self._numbers: dict[tuple[str, str], int] = {}  # (category, number) → the firm the file first gave it to

    def _locked_years(self) -> frozenset[int]:
        return frozenset(DataYear.objects.filter(locked_at__isnull=False).values_list("year", flat=True))

    def lock(self) -> None:
        """Nobody else imports into this register, and no year is locked or unlocked, until the transaction ends."""
        owners = Department.objects.filter(code__in=self.spec.owners).order_by("id")
        list(owners.select_for_update(no_key=True))
        list(DataYear.objects.select_for_update(no_key=True).order_by("year"))
        self.locked_years = self._locked_years()

    def key(self, row: PlannedRow) -> Any:
        return self._key(row.firm, row.values) if row.firm is not None else None

    def _key(self, firm: int, values: Mapping[str, Any]) -> Any:
        return entry_key(firm, values, numbered=self.spec.numbered)

    def plan(self, rows: Sequence[PlannedRow]) -> None:
        """Verdict of each matched row by the entry in force with the same key (one query a chunk)."""
        known = self._in_force(row.firm for row in rows)
        elsewhere = self._elsewhere(rows)
        for row in rows:
            if "amount" in row.values:
                row.values["amount"] = float(_money(row.values["amount"]) or 0)
            entry = known.get(self.key(row))
            register_row(row, _details(entry) if entry else None, self.locked_years, kind=self.spec.kind)
            if self.spec.numbered and row.verdict != REFUSED and (why := self._contradicts(row, entry, elsewhere)):
                row.verdict, row.before = REFUSED, {}
                row.reasons.append(why.as_dict())
            if entry is not None and row.verdict == CHANGE and not self._may_correct(entry):
                owner = entry.department.name if entry.department else "积分办"
                whom = "公开数据" if self.batch.source == Source.PUBLIC else "本部门"
                reason = Reason("foreign_entry", f"该条目由{owner}登记，不能由{whom}更改", f"请联系{owner}更正。")
                row.verdict, row.before = REFUSED, {}
                row.reasons.append(reason.as_dict())

    def _elsewhere(self, rows: Sequence[PlannedRow]) -> dict[tuple[str, str], Firm]:
        if not self.spec.numbered:
            return {}
        return register_figures.holders(self.spec.kind, [numbered_key(row.values) for row in rows])

    def _contradicts(
        self, row: PlannedRow, entry: RegisterEntry | None, elsewhere: Mapping[tuple[str, str], Firm]
    ) -> Reason | None:
        """Why a row about a number that is known may not be taken: of another firm, here or in this file, or of another day."""
        number = numbered_key(row.values)
        holder = elsewhere.get(number) if entry is None else None
        first = self._numbers.setdefault(number, row.firm or 0)
        if holder is not None and holder.pk != row.firm:
            return Reason(
                "number_elsewhere", f"{number[1]}已登记在“{holder.name}”名下，一件专利只计一次",
                "请核对第一申请人；登记有误的，先作废原条目。", "专利号",
            )  # fmt: skip
        if first != row.firm:
            return Reason(
                "number_twice", f"{number[1]}在文件中属于两家企业", "一件专利只计一次，请核对第一申请人。", "专利号"
            )
        if entry is not None and _plain(entry.starts_on) != row.values["starts_on"]:
            return Reason(
                "other_day", f"{number[1]}已登记，日期是 {entry.starts_on}，本行是 {row.values['starts_on']}",
                "请核对日期；登记有误的，在后台更正原条目。", "起始日期",
            )  # fmt: skip
        return None

    def _may_correct(self, entry: RegisterEntry) -> bool:
        """Departments that share a register add to it side by side; each corrects only what it entered. The office corrects all."""
        if (
            self.batch.source == Source.PUBLIC
        ):  # a public list adds to a register; what an office entered it cannot correct
            return entry.stated_by == Source.PUBLIC  # type: ignore[attr-defined]
        by = self.batch.uploaded_by
        return by is None or by.role != "department" or entry.department_id == self.batch.department_id

    def _in_force(self, firms: Iterable[int | None]) -> dict[Any, RegisterEntry]:
        entries = RegisterEntry.objects.in_force().filter(kind=self.spec.kind, firm_id__in={pk for pk in firms if pk})
        entries = entries.select_related("department").annotate(stated_by=models.F("batch__source"))
        return {
            self._key(
                entry.firm_id, {code: _plain(getattr(entry, code)) for code in (*ENTRY_KEY, "document_number")}
            ): entry
            for entry in entries
        }

    def apply_staged(self) -> int:
        return 0  # every row is judged again

    def apply(self, rows: Sequence[tuple[int, PlannedRow]]) -> None:
        """Create and correct entries."""
        now = bulk.now_value()
        bulk.insert(
            RegisterEntry,
            (
                "firm_id", "kind", "category", "level", "title", "starts_on", "ends_on", "amount", "quantity",
                "document_number", "department_id", "batch_id", "version", "created_at", "updated_at",
            ),
            (
                (
                    row.firm, self.spec.kind, values.get("category", ""), values.get("level", ""), values["title"],
                    values["starts_on"], values.get("ends_on"), _money(values.get("amount")), int(values.get("quantity", 1)),
                    values.get("document_number", ""), self.batch.department_id, self.batch.pk, 0, now, now,
                )
                for row in (row for _, row in rows if row.verdict == "create")
                for values in (row.values,)
            ),
        )  # fmt: skip
        self._restate((row.firm, row.values["starts_on"]) for _, row in rows if row.verdict == CREATE)
        changed = [row for _, row in rows if row.verdict == "change"]
        known = self._in_force(row.firm for row in changed)
        self._correct([(known[self.key(row)], {code: row.values[code] for code in row.before}) for row in changed])

    def _restate(self, touched: Iterable[tuple[int | None, Any]], by_id: int | None = None) -> None:
        """The figures counted from this register, once its entries have changed. ``touched``: (firm, first day)."""
        pairs = [(firm, int(str(day)[:4])) for firm, day in touched if firm is not None]
        register_figures.restate(self.spec.kind, pairs, by_id=by_id or self.batch.uploaded_by_id)

    def _correct(self, changes: Sequence[tuple[RegisterEntry, dict[str, Any]]]) -> None:
        for entry, values in changes:
            for name, value in values.items():
                setattr(entry, name, _DEFAULTS.get(name) if value is None else value)
            entry.version += 1
            entry.updated_at = timezone.now()
        RegisterEntry.objects.bulk_update(
            [entry for entry, _ in changes], [*_DETAILS, "version", "updated_at"], batch_size=500
        )  # fmt: skip

    def kept(self, chunk: Sequence[tuple[int, PlannedRow]]) -> list[str]:
        """What an undo would leave as it is, in words (reads only)."""
        return self._settled(chunk).kept

    def undo(self, chunk: Sequence[tuple[int, PlannedRow]]) -> list[str]:
        """Void what these rows created and restore what they corrected; what was changed or stated since is kept and named.

        An entry that another batch stated as well is that batch's from now on, and goes when that one is undone.
        """
        settled = self._settled(chunk)
        for entry in settled.void:
            refuse_if_judged(stated(entry), None, self.locked_years)
        for entry, before in settled.back:
            refuse_if_judged(stated(entry), stated(entry) | before, self.locked_years)
        now = timezone.now()
        RegisterEntry.objects.filter(pk__in=[entry.pk for entry in settled.void]).update(voided_at=now, updated_at=now)
        for entry, again in settled.handed:
            entry.batch_id, entry.department_id, entry.updated_at = again.batch, again.department, now
        RegisterEntry.objects.bulk_update(
            [entry for entry, _ in settled.handed], ["batch", "department", "updated_at"], batch_size=500
        )
        self._correct(settled.back)
        self._restate(((entry.firm_id, entry.starts_on) for entry in settled.void), self.batch.undone_by_id)
        return settled.kept

    def _settled(self, chunk: Sequence[tuple[int, PlannedRow]]) -> _Settled:
        known = self._in_force(row.firm for _, row in chunk)
        again: dict[Any, Restatement] = {}
        for restated in restatements(self.batch, (row.firm for _, row in chunk)):
            again[self._key(restated.firm, restated.values)] = restated
        settled = _Settled()
        for _, row in chunk:
            key = self.key(row)
            entry, said = known.get(key), again.get(key)
            # Stated by this row alone since the batch that created it was undone: as good as its own.
            created = row.verdict == CREATE or (
                row.verdict == SAME and entry is not None and entry.batch_id == self.batch.pk
            )
            if entry is None or not (created or row.verdict == CHANGE):
                continue
            current = _details(entry)
            mine = {code: value for code, value in row.values.items() if code in _DETAILS}
            untouched = all(current.get(code) == value for code, value in mine.items())
            name = f"{entry.title}（{row.sheet}第{row.number}行，"
            if not untouched or (created and (entry.batch_id != self.batch.pk or entry.version)):
                settled.kept.append(f"{name}之后又有更改，保留）")
            elif created and said is not None:
                settled.kept.append(f"{name}第{said.batch}批也登记了，保留）")
                settled.handed.append((entry, said))
            elif created:
                settled.void.append(entry)
            elif said is not None and any(said.values.get(code) == row.values[code] for code in row.before):
                settled.kept.append(f"{name}第{said.batch}批也登记了，保留）")
            else:
                settled.back.append((entry, row.before))
        return settled


@dataclass(slots=True)
class _Settled:
    """What an undo comes to: entries voided, put back (with the values from before), handed to another batch; what is kept."""

    void: list[RegisterEntry] = field(default_factory=list)
    back: list[tuple[RegisterEntry, dict[str, Any]]] = field(default_factory=list)
    handed: list[tuple[RegisterEntry, Restatement]] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def numbered_key(values: Mapping[str, Any]) -> tuple[str, str]:
    """What a numbered entry is known by, whosever it is."""
    return values.get("category", ""), values.get("document_number", "")


def stated(entry: RegisterEntry) -> dict[str, Any]:
    """All that an entry states and a judgement may read."""
    key = {code: _plain(getattr(entry, code)) for code in ENTRY_KEY}
    return {"firm": entry.firm_id, "kind": entry.kind} | key | _details(entry)


def refuse_if_judged(
    before: dict[str, Any] | None, after: dict[str, Any] | None, locked_years: Iterable[int] | None = None
) -> None:
    """Refuse a change of an entry (``stated`` before and after; None: none) that a locked year was judged by.

    Without ``locked_years`` they are read, and held against a lock or unlock until the transaction ends.
    """
    if locked_years is None:
        held = DataYear.objects.select_for_update(no_key=True).order_by("year")
        locked_years = [year.year for year in held if year.is_locked]
    if years := locked_years_touched(before, after, locked_years):
        refuse_if_locked(DataYear.objects.get(year=years[0]))


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _details(entry: RegisterEntry) -> dict[str, Any]:
    """An entry's correctable fields as a row would state them."""
    return {
        "ends_on": _plain(entry.ends_on),
        "amount": float(entry.amount) if entry.amount is not None else None,
        "quantity": float(entry.quantity),
        "document_number": entry.document_number,
    }


def _money(value: float | None) -> Decimal | None:
    """Register amounts are kept to 0.0001 万元 (1 元)."""
    return None if value is None else round(Decimal(repr(value)), 4)
