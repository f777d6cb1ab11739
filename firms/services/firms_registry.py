"""The register of firms: who they are, found by code or exact name, and brought in by a workbook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from types import ModuleType
from typing import Any

from django.db import models

from firms.importing.cells import firm_name
from firms.importing.plan import KnownFirm, PlannedRow, Registry, firm_row
from firms.importing.problem import Reason
from firms.models import Department, Firm, ImportBatch, ImportRow, Industry, Park
from firms.services import bulk
from firms.services.restatements import restatements


@cache
def _dictionary() -> ModuleType:
    """pypinyin with the places around here that it misreads. Its dictionaries take 55 MB, so only who spells a name loads them."""
    import pypinyin

    pypinyin.load_phrases_dict(
        {"单县": [["shàn"], ["xiàn"]], "长垣": [["cháng"], ["yuán"]], "浚县": [["xùn"], ["xiàn"]]}
    )
    return pypinyin


def pinyin_of(name: str) -> tuple[str, str]:
    """(full pinyin, initials) of a name for search: lower-case, without marks, Latin letters and digits as they are."""
    pypinyin = _dictionary()
    spoken = "".join(letter for letter in name if letter.isalnum()).lower()
    return (
        "".join(pypinyin.lazy_pinyin(spoken))[:512],
        "".join(pypinyin.lazy_pinyin(spoken, style=pypinyin.Style.FIRST_LETTER))[:128],
    )


def registry(identities: Sequence[tuple[str, str]]) -> Registry:
    """The registered firms that rows with these (code, name) may speak of, in at most two queries.

    A name is looked up only where the code finds nobody; names compare in registered form.
    """
    found = Registry()
    _add(found, bulk.among(Firm.objects.all(), "credit_code", {code for code, _ in identities if code}))
    names = {name for code, name in identities if name and code not in found.by_code}
    written = {form for name in names for form in (name, name.replace("（", "(").replace("）", ")"))}
    if written:
        _add(found, bulk.among(Firm.objects.all(), "name", written))
    return found


def _add(found: Registry, firms: models.QuerySet[Firm]) -> None:
    for pk, code, name in firms.values_list("id", "credit_code", "name"):
        found.add(KnownFirm(pk, code, name, firm_name(name)))


class FirmsTarget:
    """企业名录 workbooks: create firms and correct what the register says of them."""

    matches_firms = False

    def __init__(self, batch: ImportBatch) -> None:
        self.batch = batch
        self.parks = {
            name: pk for pk, code, label in Park.objects.values_list("id", "code", "name") for name in (code, label)
        }
        self.park_names = dict(Park.objects.values_list("id", "name"))
        self.industries = {
            name: pk for pk, code, label in Industry.objects.values_list("id", "code", "name")
            for name in (code, code.lstrip("ABCDEFGHIJKLMNOPQRST"), label)
        }  # fmt: skip
        self.industry_codes = dict(Industry.objects.values_list("id", "code"))
        self._created: list[int] = []

    def lock(self) -> None:
        """The registrar's row is the mutex of the register: two imports of firms never interleave."""
        Department.objects.select_for_update(no_key=True).filter(code="market").first()

    def key(self, row: PlannedRow) -> Any:
        return row.values.get("credit_code")

    def plan(self, rows: Sequence[PlannedRow]) -> None:
        """Verdict of each row by its code (one query a chunk)."""
        known = self._known(rows)
        for row in rows:
            for problem in self._resolve(row):
                row.reasons.append(problem.as_dict())
                row.verdict = "refused"
            if row.verdict == "refused":
                continue
            pk, current = known.get(row.values["credit_code"], (None, None))
            row.firm = pk
            firm_row(row, current)

    def _resolve(self, row: PlannedRow) -> list[Reason]:
        """Park and industry in the words of their tables; an unknown one is a problem."""
        problems = []
        for field, table, names, title in (
            ("park", self.parks, self.park_names, "园区"),
            ("industry", self.industries, self.industry_codes, "行业"),
        ):
            given = row.values.get(field)
            if given is None:
                continue
            if given in table:
                row.values[field] = names[table[given]]
            else:
                problems.append(
                    Reason(
                        f"unknown_{field}",
                        f"{title}“{given[:30]}”不在目录中",
                        f"请先在后台登记该{title}，或改为已有名称。",
                        title,
                    )
                )
        return problems

    def _known(self, rows: Sequence[PlannedRow]) -> dict[str, tuple[int, dict[str, Any]]]:
        codes = [row.values["credit_code"] for row in rows if "credit_code" in row.values]
        found = {}
        for pk, code, name, registered_on, park, industry in bulk.among(
            Firm.objects.all(), "credit_code", codes
        ).values_list("id", "credit_code", "name", "registered_on", "park__name", "industry__code"):
            since = registered_on.isoformat() if registered_on else None
            current: dict[str, Any] = {"credit_code": code, "name": firm_name(name), "park": park, "industry": industry}
            found[code] = (pk, current | {"registered_on": since})
        return found

    def apply_staged(self) -> int:
        return 0  # every row is judged again

    def apply(self, rows: Sequence[tuple[int, PlannedRow]]) -> None:
        """Create the new firms, correct the changed ones, and note on each row the firm it made."""
        new = [(pk, row) for pk, row in rows if row.verdict == "create"]
        ids = bulk.reserve_ids(Firm, len(new))
        now = bulk.now_value()
        bulk.insert(
            Firm,
            ("id", "credit_code", "name", "name_pinyin", "name_initials", "registered_on", "park_id", "industry_id", "version", "created_at", "updated_at"),
            (
                (
                    firm, row.values["credit_code"], row.values["name"], *pinyin_of(row.values["name"]), row.values.get("registered_on"),
                    self.parks.get(row.values.get("park", "")), self.industries.get(row.values.get("industry", "")), 0, now, now,
                )
                for firm, (_, row) in zip(ids, new, strict=True)
            ),
        )  # fmt: skip
        ImportRow.objects.bulk_update(
            [ImportRow(pk=pk, firm_id=firm) for firm, (pk, _) in zip(ids, new, strict=True)], ["firm"], batch_size=500
        )
        self._correct(
            [(row.firm, {code: row.values[code] for code in row.before}) for _, row in rows if row.verdict == "change"]
        )

    def _correct(self, changes: Sequence[tuple[int | None, dict[str, Any]]]) -> None:
        firms = Firm.objects.in_bulk([pk for pk, _ in changes if pk])
        for pk, values in changes:
            firm = firms[pk]  # type: ignore[index]
            for field, value in values.items():
                if field == "park":
                    firm.park_id = self.parks.get(value) if value else None
                elif field == "industry":
                    firm.industry_id = self.industries.get(value) if value else None
                else:
                    setattr(firm, field, value)
            firm.name_pinyin, firm.name_initials = pinyin_of(firm.name)
            firm.version += 1
        fields = ["name", "name_pinyin", "name_initials", "registered_on", "park", "industry", "version"]
        Firm.objects.bulk_update(firms.values(), fields, batch_size=500)

    def kept(self, chunk: Sequence[tuple[int, PlannedRow]]) -> list[str]:
        """What an undo would leave as it is, in words (reads only)."""
        return self._settled(chunk)[2]

    def undo(self, chunk: Sequence[tuple[int, PlannedRow]]) -> list[str]:
        """Take back what these rows did; the names of firms kept because more is known of them by now, with why."""
        gone, back, kept = self._settled(chunk)
        ImportRow.objects.filter(batch=self.batch, firm_id__in=gone).update(firm=None)
        Firm.objects.filter(pk__in=gone).delete()
        self._correct(back)
        return kept

    def _settled(
        self, chunk: Sequence[tuple[int, PlannedRow]]
    ) -> tuple[list[int], list[tuple[int | None, dict[str, Any]]], list[str]]:
        """Firms to be deleted, firms to be put back with the values from before, and what is kept, in words."""
        created = {row.firm: (pk, row) for pk, row in chunk if row.verdict == "create" and row.firm}
        used = self._used(created)
        edited = set(Firm.objects.filter(pk__in=created, version__gt=0).values_list("pk", flat=True)) - used
        kept = [f"{created[firm][1].values['name']}（已有其他数据，保留）" for firm in sorted(used)]
        kept += [f"{created[firm][1].values['name']}（之后又有更改，保留）" for firm in sorted(edited)]
        changed = [row for _, row in chunk if row.verdict == "change" and row.firm is not None]
        known = self._known(changed)
        again = {said.firm: said for said in restatements(self.batch, (row.firm for row in changed))}
        back = []
        for row in changed:
            current = known.get(row.values["credit_code"], (None, {}))[1]
            said = again.get(row.firm or 0)
            if not all(current.get(code) == row.values[code] for code in row.before):
                kept.append(f"{row.values['name']}（之后又有更改，保留）")
            elif said is not None and any(said.values.get(code) == row.values[code] for code in row.before):
                kept.append(f"{row.values['name']}（第{said.batch}批也这样登记，保留）")
            else:
                back.append((row.firm, row.before))
        return [firm for firm in created if firm not in used | edited], back, kept

    def _used(self, created: Iterable[int]) -> set[int]:
        """Firms that anything other than this batch's rows refers to, whichever app holds it."""
        ids = list(created)
        used: set[int] = set()
        for relation in Firm._meta.related_objects:
            rows = relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": ids})
            if relation.related_model is ImportRow:
                rows = rows.exclude(batch=self.batch)
            used.update(rows.values_list(relation.field.attname, flat=True).distinct())
        return used
