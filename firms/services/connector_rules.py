"""When what a source brought may take effect without a person: the rule, and why it does not hold."""

from __future__ import annotations

from typing import Any

from firms.importing.plan import CHANGE, CREATE, SAME, PlannedRow
from firms.models import Connector, ImportBatch
from firms.services import import_rows

HARMLESS = {"outranked"}  # loses to a better source, and is kept as its conflict


def says_nothing_new(batch: ImportBatch) -> bool:
    """Every row says what is known already; nothing to write, to match or to mend."""
    return not any(batch.counts.get(name) for name in ("create", "change", "unmatched", "refused"))


def why_a_person(connector: Connector, batch: ImportBatch) -> str:
    """Why a person has to look at a planned batch; "" when the source's own rule lets it take effect.

    The rule: nothing refused or unmatched, no warning, no value moved by more than the limit, no larger share of the rows new,
    and a person has confirmed what this source, defined as it is now, brought before.
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
        for _, row in chunk:
            if why := _why_row(row, connector.auto_confirm_limit):
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


def _why_row(row: PlannedRow, limit: float) -> str:
    place = f"第{row.number}行"
    for reason in row.reasons:
        if reason.get("level") == "warning" and reason.get("code") not in HARMLESS:
            return f"{place}：{reason['message']}。"
    for code, before in row.before.items():
        if before is not None and moved(before, row.values.get(code)) > limit:
            return f"{place}的数值变动超过{limit:.0%}。"
    return ""


def moved(before: Any, after: Any) -> float:
    """By what share of the old value a value moved; what is no number, or was zero, moved without measure."""
    if before == after:
        return 0.0
    numbers = isinstance(before, int | float) and isinstance(after, int | float)
    return abs(after - before) / abs(before) if numbers and before else float("inf")
