"""Where a score's figures come from: the filing that won for each, and the register entries counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from firms import catalogue
from firms.models import FactSheet, Filing, Firm, RegisterEntry, Source
from scoring.engine.nodes import RegisterQuery
from scoring.presenters.formatting import brief


@dataclass(frozen=True)
class Origin:
    """Who stated a figure, when, and in which file. ``changed``: the figure now in force is another one."""

    source: str
    filed_on: date | None
    place: str
    changed: bool = False
    conflict: bool = False


@dataclass(frozen=True)
class Entry:
    kind: str
    category: str
    level: str
    title: str
    starts_on: date
    ends_on: date | None
    amount: str


class Evidence:
    """What stands behind one firm's figures of ``year`` and the year before: three queries in all."""

    def __init__(self, firm: Firm, year: int, as_of: date) -> None:
        self.year = year
        self.as_of = as_of
        self.sheets = {sheet.year: sheet for sheet in FactSheet.objects.filter(firm=firm, year__in=[year, year - 1])}
        winners = {pk for sheet in self.sheets.values() for pk in sheet.winners.values()}
        filings = Filing.objects.filter(pk__in=winners).select_related("department", "batch")
        self.filings = {filing.pk: filing for filing in filings.defer("values", "batch__mapping", "batch__problems")}
        self._entries = list(RegisterEntry.objects.in_force().filter(firm=firm).order_by("kind", "-starts_on", "-pk"))

    def origin(self, key: str, value: float | None) -> Origin | None:
        """Of an engine fact such as ``metric|revenue`` or ``previous|revenue``; None for what no one files."""
        which, _bar, code = key.partition("|")
        if which not in ("metric", "previous"):
            return None
        sheet = self.sheets.get(self.year if which == "metric" else self.year - 1)
        if sheet is None:
            return None
        changed = sheet.values.get(code) != value
        filing = self.filings.get(sheet.winners.get(code))
        if filing is None:
            return Origin("", None, "", changed) if changed and code in sheet.values else None
        return Origin(
            source=filing.department.short_name if filing.department else filing.get_source_display(),
            filed_on=localdate(filing.filed_at),
            place=_place(filing),
            changed=changed,
            conflict=bool(sheet.conflicts.get(code)),
        )

    def entries(self, kinds: set[str]) -> list[Entry]:
        """The firm's entries of these registers, counted or not; and of the register that is counted into figures."""
        kinds = kinds | {catalogue.load().counted.kind}
        return [_entry(entry) for entry in self._entries if entry.kind in kinds]

    def counted(self, questions: Iterable[RegisterQuery]) -> list[Entry]:
        """The entries these questions counted."""
        questions = list(questions)
        return [
            _entry(entry)
            for entry in self._entries
            if any(
                query.kind == entry.kind
                and query.admits(
                    entry.category, entry.level, entry.starts_on, entry.ends_on, year=self.year, as_of=self.as_of
                )
                for query in questions
            )
        ]


def _entry(entry: RegisterEntry) -> Entry:
    return Entry(
        kind=entry.get_kind_display(),
        category=entry.get_category_display() if entry.category else "",
        level=entry.get_level_display() if entry.level else "",
        title=entry.title,
        starts_on=entry.starts_on,
        ends_on=entry.ends_on,
        amount="" if entry.amount is None else _("%s万元") % brief(entry.amount),
    )


def _place(filing: Filing) -> str:
    if filing.source == Source.REGISTER:
        return _("按%s台账计数") % catalogue.load().counted.name
    if filing.batch is None:
        return _("在线填报")
    row = _("第%s行") % filing.row_number if filing.row_number else ""
    return _("第%(batch)s批《%(file)s》%(row)s") % {
        "batch": filing.batch_id,
        "file": filing.batch.file_name,
        "row": row,
    }
