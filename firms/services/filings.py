"""What the sources stated, and the sheets folded from it. The year's row is the mutex of its facts: ``lock_year`` first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection, models, transaction
from django.db.models.functions import Cast

from firms.catalogue import MetricSpec
from firms.importing.fold import Folded, Ruling, Statement, fold
from firms.models import DataYear, Decision, FactSheet, Filing, ImportBatch, ImportRow, Source
from firms.services import bulk, catalogue, coverage
from firms.services.refusal import Refusal

CHUNK = 2000  # firms at a time: queries and memory stay bounded whatever the size of a file
WHOLE = frozenset({Source.FIRM, Source.REGISTER})  # sources each of whose filings says all they have to say


def lock_year(year: int) -> DataYear:
    """Take the year's mutex until the transaction ends. Raises Refusal when the year has been judged and locked."""
    DataYear.objects.get_or_create(year=year)
    row = DataYear.objects.select_for_update(no_key=True).get(year=year)
    refuse_if_locked(row)
    return row


def refuse_if_locked(row: DataYear | None) -> None:
    if row is not None and row.is_locked:
        raise Refusal(
            "year_locked",
            f"{row.year}年度的数据已锁定，不能再更改。",
            place=f"{row.year}年度",
            hint="需要更正的，请积分办先解除该年度的锁定。",
        )


def statements(year: int, firms: Iterable[int] | None = None) -> dict[int, list[Statement]]:
    """The filings in force of a year by firm id, each list oldest first (one query)."""
    filings = Filing.objects.in_force().filter(year=year)
    if firms is not None:
        filings = bulk.among(filings, "firm_id", firms)  # type: ignore[assignment]
    rows = filings.order_by("id").values_list(
        "id", "firm_id", "source", Cast("values", models.TextField())
    )  # fmt: skip
    found: dict[int, list[Statement]] = defaultdict(list)
    with_whole = set()
    for pk, firm, source, values in rows.iterator(chunk_size=CHUNK):
        found[firm].append(Statement(pk, source, orjson.loads(values)))
        if source in WHOLE:
            with_whole.add(firm)
    for firm in with_whole:
        found[firm] = whole_statements(found[firm])
        if not found[firm]:
            del found[firm]
    return found


def whole_statements(told: list[Statement]) -> list[Statement]:
    """A firm's form and a register are stated whole: what the latest no longer states is taken back from the earlier ones.

    (A department's and the public's files each state a part: there, what a later one leaves out still stands.)
    """
    latest: dict[str, Statement] = {}
    for statement in told:
        if statement.source in WHOLE and statement.filing >= latest.get(statement.source, statement).filing:
            latest[statement.source] = statement
    kept = []
    for statement in told:
        if statement.source in WHOLE:
            whole = latest[statement.source].values
            values = {code: value for code, value in statement.values.items() if code in whole}
            statement = Statement(statement.filing, statement.source, values)
        if statement.values or statement.source not in WHOLE:
            kept.append(statement)
    return kept


def rulings(year: int, firms: Iterable[int] | None = None) -> dict[int, dict[str, Ruling]]:
    """The decisions in force of a year: firm id → metric → ruling (one query). Whether each still holds, the fold finds."""
    decisions = Decision.objects.in_force().filter(year=year)
    if firms is not None:
        decisions = bulk.among(decisions, "firm_id", firms)  # type: ignore[assignment]
    found: dict[int, dict[str, Ruling]] = defaultdict(dict)
    for firm, metric, filing, latest in decisions.order_by().values_list("firm_id", "metric", "filing_id", "latest"):
        found[firm][metric] = Ruling(filing, latest)
    return found


def sheet_values(year: int, firms: Iterable[int]) -> dict[int, dict[str, float]]:
    """The values in force of a year by firm id (one query)."""
    rows = bulk.among(FactSheet.objects.filter(year=year), "firm_id", firms)
    return {firm: orjson.loads(text) for firm, text in rows.values_list("firm_id", Cast("values", models.TextField()))}


@dataclass(frozen=True, slots=True)
class NewFiling:
    """A filing about to be appended; ``row_number`` is its row in the batch's file."""

    firm: int
    values: Mapping[str, float]
    sheet: str = ""
    row_number: int | None = None


def append(
    filings: Sequence[NewFiling],
    *,
    year: int,
    source: str,
    by_id: int | None,
    department_id: int | None = None,
    batch_id: int | None = None,
) -> list[int]:
    """Append filings and return their ids in order. Fold afterwards (``write_sheets`` or ``refold``), under ``lock_year``."""
    ids = bulk.reserve_ids(Filing, len(filings))
    now = bulk.now_value()
    bulk.insert(
        Filing,
        ("id", "firm_id", "year", "source", "department_id", "batch_id", "sheet", "row_number", "values", "filed_by_id", "filed_at"),
        (
            (pk, new.firm, year, source, department_id, batch_id, new.sheet, new.row_number, bulk.json_text(new.values), by_id, now)
            for pk, new in zip(ids, filings, strict=True)
        ),
    )  # fmt: skip
    return ids


def file_staged(batch: ImportBatch, *, source: str) -> int:
    """File a batch's staged rows about firms of which nobody ever stated anything for its year, and their sheets; how many.

    Inside the database, without reading them. Of such a firm there is nothing to compare, to rule or to fold: judged again,
    its row could only say what is staged. Every other row is left to ``append`` and ``write_sheets``. Under ``lock_year``.
    """
    assert batch.year is not None
    coverage.soon(batch.year)
    now = bulk.now_value()
    rows, filings, sheets = (model._meta.db_table for model in (ImportRow, Filing, FactSheet))
    about = f"SELECT firm_id FROM {rows} WHERE batch_id = %s AND verdict = 'create'"  # noqa: S608
    if connection.vendor == "postgresql":
        # As an array, whatever the planner believes of tables not analysed yet: the firms are looked up by index, once.
        among, pair = f"= ANY(ARRAY({about}))", "jsonb_build_object"
    else:
        among, pair = f"IN ({about})", "json_object"
    with connection.cursor() as cursor:  # only names of tables and functions go into the text
        cursor.execute(
            f"""INSERT INTO {filings} (firm_id, year, source, department_id, batch_id, sheet, row_number, "values", filed_by_id, filed_at)
                SELECT r.firm_id, %s, %s, %s, r.batch_id, r.sheet, r.row_number, r."values", %s, %s FROM {rows} r
                WHERE r.batch_id = %s AND r.verdict = 'create' AND r.before = '{{}}' AND r.firm_id IS NOT NULL
                  AND r.firm_id NOT IN (SELECT firm_id FROM {filings} WHERE year = %s AND firm_id {among})
                  AND r.firm_id NOT IN (SELECT firm_id FROM {sheets} WHERE year = %s AND firm_id {among})""",  # noqa: S608
            [batch.year, source, batch.department_id, batch.uploaded_by_id, now, batch.pk, *2 * (batch.year, batch.pk)],
        )
        filed = cursor.rowcount
        cursor.execute(
            f"""INSERT INTO {sheets} (firm_id, year, "values", winners, conflicts, has_conflicts, version, updated_at)
                SELECT f.firm_id, f.year, f."values", {pair}('{FactSheet.ALL}', f.id), '{{}}', false, 1, %s
                FROM {filings} f WHERE f.batch_id = %s""",  # noqa: S608
            [now, batch.pk],
        )
    return filed


def write_sheets(year: int, folded: Mapping[int, Folded]) -> None:
    """Put the sheets of these firms in force; a sheet that exists gets a new version. Under ``lock_year``."""
    coverage.soon(year)
    now = bulk.now_value()

    def row(firm: int, sheet: Folded) -> tuple[Any, ...]:
        text = bulk.json_text
        return (
            firm,
            year,
            text(sheet.values),
            text(_in_short(sheet)),
            text(sheet.conflicts),
            bool(sheet.conflicts),
            1,
            now,
        )

    columns = ("firm_id", "year", "values", "winners", "conflicts", "has_conflicts", "version", "updated_at")
    there = set(bulk.among(FactSheet.objects.filter(year=year), "firm_id", folded).values_list("firm_id", flat=True))
    new = [row(firm, sheet) for firm, sheet in folded.items() if firm not in there]
    bulk.insert(FactSheet, columns, new)
    if there:  # the slower way only where there is something to replace
        again = (row(firm, folded[firm]) for firm in there)
        bulk.upsert(FactSheet, columns, again, unique=("year", "firm_id"), bump="version")


def _in_short(sheet: Folded) -> Mapping[str, int]:
    """The winners as a sheet stores them."""
    filings = set(sheet.winners.values())
    return {FactSheet.ALL: filings.pop()} if len(filings) == 1 and not sheet.conflicts else sheet.winners


@transaction.atomic
def refold(year: int, firms: Iterable[int] | None = None, metrics: Mapping[str, MetricSpec] | None = None) -> int:
    """Make the sheets of these firms (default: all with filings) what their filings in force say; how many were written.

    A firm of which nothing is in force any more has no sheet: nothing was provided.
    """
    metrics = metrics if metrics is not None else catalogue.in_force().metrics
    if firms is None:
        firms = Filing.objects.filter(year=year).order_by().values_list("firm_id", flat=True).distinct()
    ids = sorted(set(firms))
    written = 0
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        stated, ruled = statements(year, part), rulings(year, part)
        write_sheets(year, {firm: fold(stated[firm], metrics, ruled.get(firm)) for firm in part if firm in stated})
        FactSheet.objects.filter(year=year, firm_id__in=[firm for firm in part if firm not in stated]).delete()
        written += len(stated)
    return written
