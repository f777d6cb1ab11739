"""When what a source brought may take effect without a person: the rule, and why it does not hold."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

from django.utils.translation import gettext as _

from firms.importing.plan import ACCEPTED, CHANGE, CREATE, SAME, PlannedRow, entry_key
from firms.models import Connector, Filing, ImportBatch, ImportRow, Source
from firms.services import bulk, import_rows

HARMLESS = {"outranked"}  # loses to a better source, and is kept as its conflict


def says_nothing_new(batch: ImportBatch) -> bool:
    """Every row says what is known already; nothing to write, to match or to mend."""
    return not any(batch.counts.get(name) for name in ("create", "change", "unmatched", "refused"))


def why_a_person(connector: Connector, batch: ImportBatch) -> str:
    """Why a person has to look at a planned batch; "" when the source's own rule lets it take effect.

    The rule: nothing refused or unmatched, no warning, no value moved by more than the limit, no larger share of the rows new,
    and a person has confirmed what this source, defined as it is now, brought before. A value is held against the one in
    force and against the last one a person stood behind: many small steps are no smaller than one large one.
    """
    if not connector.auto_confirm:
        return "该数据源由人确认。"
    counts = batch.counts
    if counts.get("refused") or counts.get("unmatched"):
        return f"有{counts.get('refused', 0)}行拒收、{counts.get('unmatched', 0)}行待匹配企业。"
    if any(problem.get("level") in ("warning", "error") for problem in batch.problems):
        return "文件有需要核对的提示。"
    if not _looked_at_before(connector):
        return "设置后的第一批须由人确认。"
    new = 0
    for chunk in import_rows.staged(batch, verdicts=(CREATE, CHANGE)):
        known = _stood_behind(batch, {row.firm for _pk, row in chunk if row.firm})
        for _pk, row in chunk:
            confirmed = known.get(_about(batch, row.firm, row.values), {})
            if why := _why_row(row, connector.auto_confirm_limit, confirmed):
                return why
            new += any(value is not None and row.before.get(code) is None for code, value in row.values.items())
    # What stood nowhere has no share it moved by; a site that is not itself any more could put in as much as it likes.
    if new > connector.auto_confirm_limit * sum(counts.get(verdict, 0) for verdict in (CREATE, CHANGE, SAME)):
        return f"有{new}行是以前没有的内容，超过全部的{connector.auto_confirm_limit:.0%}。"
    return ""


def _looked_at_before(connector: Connector) -> bool:
    """Whether a person confirmed a batch of this source as it is defined now; whatever is new may have its units wrong."""
    return ImportBatch.objects.filter(
        fetches__connector=connector, state=ImportBatch.State.APPLIED, applied_by__isnull=False,
        uploaded_at__gte=connector.updated_at,
    ).exists()  # fmt: skip


def _about(batch: ImportBatch, firm: int | None, values: dict[str, Any]) -> Hashable:
    """What a row speaks of: a firm's figures of the year, or one entry of the register."""
    return firm if batch.kind == ImportBatch.Kind.METRICS else entry_key(firm or 0, values)


def _stood_behind(batch: ImportBatch, firms: set[int]) -> dict[Hashable, dict[str, Any]]:
    """By what a row speaks of, each value as a person last confirmed it from public data; where nobody ever did, as another
    source states it, or else as public data first said it (one query)."""
    ranks: dict[tuple[Hashable, str], int] = {}
    found: dict[Hashable, dict[str, Any]] = {}
    for about, values, rank in _said(batch, firms):
        for code, value in values.items():
            if value is not None and (rank or (about, code) not in ranks) and rank >= ranks.get((about, code), 0):
                ranks[about, code] = rank
                found.setdefault(about, {})[code] = value
    return found


_BY_PERSON, _BY_ANOTHER, _BY_RULE = 2, 1, 0


def _said(batch: ImportBatch, firms: set[int]) -> Iterator[tuple[Hashable, dict[str, Any], int]]:
    """What was said before and counts, oldest first, with how much a person stands behind it."""
    if batch.kind == ImportBatch.Kind.METRICS:
        filings = bulk.among(Filing.objects.in_force().filter(year=batch.year), "firm_id", firms).order_by("pk")
        for firm, source, by, values in filings.values_list("firm_id", "source", "batch__applied_by", "values"):
            yield firm, values, _BY_ANOTHER if source != Source.PUBLIC else _BY_PERSON if by else _BY_RULE
        return
    rows = ImportRow.objects.filter(
        batch__state=ImportBatch.State.APPLIED, batch__source=Source.PUBLIC, verdict__in=ACCEPTED,
        batch__register_kind=batch.register_kind,
    )  # fmt: skip
    for firm, by, values in (
        bulk.among(rows, "firm_id", firms).order_by("pk").values_list("firm_id", "batch__applied_by", "values")
    ):
        yield entry_key(firm, values), values, _BY_PERSON if by else _BY_RULE


def _why_row(row: PlannedRow, limit: float, confirmed: dict[str, Any]) -> str:
    place = f"第{row.number}行"
    for reason in row.reasons:
        if reason.get("level") == "warning" and reason.get("code") not in HARMLESS:
            return f"{place}：{reason['message']}。"
    for code, before in row.before.items():
        if before is not None and moved(before, row.values.get(code)) > limit:
            return f"{place}的数值变动超过{limit:.0%}。"
        if code in confirmed and moved(confirmed[code], row.values.get(code)) > limit:
            return _("第%(row)d行的数值与人工确认过的相比，变动累计超过%(limit)s。") % {
                "row": row.number, "limit": f"{limit:.0%}",
            }  # fmt: skip
    return ""


def moved(before: Any, after: Any) -> float:
    """By what share of the old value a value moved; what is no number, or was zero, moved without measure."""
    if before == after:
        return 0.0
    numbers = isinstance(before, int | float) and isinstance(after, int | float)
    return abs(after - before) / abs(before) if numbers and before else float("inf")
