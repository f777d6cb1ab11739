"""裁定: whoever owns a metric says which of the disagreeing statements counts. The year's row is the mutex, as for all its facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from firms import permissions
from firms.importing.figures import plain
from firms.importing.fold import contenders, fingerprint
from firms.models import Decision, FactSheet, Filing, Firm, Metric, Source, User
from firms.services import audit, bulk, filings
from firms.services.refusal import Refusal

CHUNK = 2000

Cell = list[tuple[int, float]]  # the disagreeing (filing, value), the one that counts first


class _Ruled(NamedTuple):
    """A decision about to be written: the filing followed, among the cell's."""

    firm: int
    filing: int
    cell: Cell


@transaction.atomic
def decide(firm: Firm, year: int, metric: Metric, *, filing: int, seen: str, reason: str, by: User) -> Decision:
    """The figure of ``filing`` counts from now on. ``seen`` is the ``fingerprint`` of the statements the person was shown.

    Raises Refusal: not the owner's officer (403), no reason or not one of the statements (400); the year locked, decided by
    somebody else or stated otherwise meanwhile (409).
    """
    _permit(metric, by)
    reason = _reason(reason)
    place = f"{firm.name} {year}年度 {metric.name}"
    filings.lock_year(year)
    cell = _cells(year, metric.code, [firm.pk]).get(firm.pk, [])
    if not cell:
        raise _settled(firm.pk, year, metric.code, place)
    if fingerprint(cell) != seen:
        raise Refusal(
            "conflict_changed", "各方数值已有变化，没有写入裁定。", place=place, hint="请刷新页面，按最新数值裁定。"
        )
    if filing not in dict(cell):
        raise Refusal(
            "unknown_statement", "所选数值不在冲突之列。", place=place, hint="请从列出的数值中选择。", status=400
        )
    _write(year, metric.code, [_Ruled(firm.pk, filing, cell)], reason, by)
    decision = Decision.objects.in_force().get(firm=firm, year=year, metric=metric.code)
    audit.record(
        "decision.make", f"裁定 {place}：采用{Source(decision.source).label}的 {plain(decision.value)}", by=by, target=decision,
        before={"filing": cell[0][0], "value": cell[0][1]},
        after={"filing": filing, "value": decision.value, "against": decision.against, "reason": reason},
    )  # fmt: skip
    return decision


@transaction.atomic
def decide_all(
    metric: Metric,
    year: int,
    source: str,
    *,
    expected: int,
    reason: str,
    by: User,
    firms: Iterable[int] | None = None,
) -> int:
    """By rule: wherever the sources disagree on this metric (of these firms) and ``source`` is one of them, it counts.

    ``expected`` is how many such cells the person was told of; the number decided. Raises Refusal as ``decide`` does.
    """
    _permit(metric, by)
    reason = _reason(reason)
    if source not in Source.values:
        raise Refusal("unknown_source", "没有这种数据来源。", place="来源", hint="请从列表中选择。", status=400)
    place = f"{year}年度 {metric.name}"
    filings.lock_year(year)
    cells = _cells(year, metric.code, firms)
    sources = _sources(cells.values())
    ruled = [
        _Ruled(firm, filing, cell)
        for firm, cell in cells.items()
        for filing, _ in cell
        if sources[filing] == source
    ]  # fmt: skip
    if len(ruled) != expected or not ruled:
        raise Refusal(
            "conflicts_changed", f"冲突已有变化：现有{len(ruled)}条可按此规则裁定，页面上是{expected}条。", place=place,
            hint="请刷新页面，核对后再裁定。",
        )  # fmt: skip
    _write(year, metric.code, ruled, reason, by)
    audit.record(
        "decision.make_all", f"按规则裁定 {place}：{len(ruled)}条一律采用{Source(source).label}", by=by, target=metric,
        after={"year": year, "metric": metric.code, "source": source, "count": len(ruled), "reason": reason,
               "firms": [one.firm for one in ruled]},
    )  # fmt: skip
    return len(ruled)


@transaction.atomic
def revoke(decision: Decision, *, by: User) -> Decision:
    """Take a decision back: the sources' priority decides again, and the conflict is open again if it still is one.

    Raises Refusal: not the owner's officer (403); taken back already, the year locked (409).
    """
    metric = Metric.objects.get(code=decision.metric)
    _permit(metric, by)
    filings.lock_year(decision.year)
    decision = Decision.objects.select_related("firm", "revoked_by").get(pk=decision.pk)
    place = f"{decision.firm.name} {decision.year}年度 {metric.name}"
    if decision.revoked_at is not None:
        raise Refusal(
            "already_revoked", f"该裁定已由{decision.revoked_by}撤销。", place=place, hint="请刷新页面查看现状。"
        )
    decision.revoked_by, decision.revoked_at = by, timezone.now()
    decision.save(update_fields=["revoked_by", "revoked_at"])
    filings.refold(decision.year, [decision.firm_id])
    audit.record(
        "decision.revoke", f"撤销裁定 {place}", by=by, target=decision,
        before={"filing": decision.filing_id, "value": decision.value, "reason": decision.reason},
    )  # fmt: skip
    return decision


def settle(firm_id: int, year: int, metric: str, *, filing: int, reason: str, by: User) -> None:
    """Make ``filing`` count where it lost. For services that have shown why and hold the year (``lock_year``); no refusals."""
    cell = _cells(year, metric, [firm_id]).get(firm_id)
    if cell is None:  # within the tolerance of the winner: no conflict, but not the figure that was found right
        sheet = FactSheet.objects.get(firm_id=firm_id, year=year)
        cell = [(sheet.winners[metric], sheet.values[metric])]
    if filing not in dict(cell):
        cell.append((filing, Filing.objects.get(pk=filing).values[metric]))
    _write(year, metric, [_Ruled(firm_id, filing, cell)], reason, by)


def _permit(metric: Metric, by: User) -> None:
    if not permissions.may_write_metric(by, metric):
        owner = metric.owner.name if metric.owner else "积分办"
        raise Refusal(
            "not_your_metric", f"“{metric.name}”的冲突由{owner}裁定。", place=metric.name, hint=f"请联系{owner}。", status=403
        )  # fmt: skip


def _reason(text: str) -> str:
    text = text.strip()
    if not text:
        raise Refusal(
            "reason_required", "请写明裁定理由。", place="理由", hint="例如：经核对原始凭证，以部门数为准。", status=400
        )
    return text[:500]


def _cells(year: int, code: str, firms: Iterable[int] | None) -> dict[int, Cell]:
    """Firm id → the statements that disagree on this metric now (one query)."""
    sheets = FactSheet.objects.filter(year=year).disputed([code])
    if firms is not None:
        sheets = sheets.filter(firm_id__in=firms)
    return {
        firm: contenders(code, values, winners, conflicts)
        for firm, values, winners, conflicts in sheets.order_by("firm_id")
        .values_list("firm_id", "values", "winners", "conflicts")
        .iterator(chunk_size=CHUNK)
    }


def _sources(cells: Iterable[Cell]) -> dict[int, str]:
    """Filing id → source, of all filings in these cells."""
    ids = sorted({filing for cell in cells for filing, _ in cell})
    return dict(bulk.among(Filing.objects.all(), "id", ids).values_list("id", "source"))


def _write(year: int, code: str, ruled: Sequence[_Ruled], reason: str, by: User) -> None:
    """Decisions in place of earlier ones on the same cells, and the sheets folded by them."""
    now = timezone.now()
    for start in range(0, len(ruled), CHUNK):
        part = ruled[start : start + CHUNK]
        firms = [one.firm for one in part]
        sources = _sources(one.cell for one in part)
        # What lapsed with newer statements is replaced: one decision a cell.
        lapsed = Decision.objects.in_force().filter(year=year, metric=code, firm_id__in=firms)
        lapsed.update(revoked_by=by, revoked_at=now)
        latest = {
            firm: max(statement.filing for statement in told if code in statement.values)
            for firm, told in filings.statements(year, firms).items()
        }
        Decision.objects.bulk_create(
            [
                Decision(
                    firm_id=one.firm, year=year, metric=code, filing_id=one.filing, source=sources[one.filing],
                    value=dict(one.cell)[one.filing], latest=latest[one.firm], reason=reason, decided_by=by,
                    against=[[filing, sources[filing], value] for filing, value in one.cell if filing != one.filing],
                )
                for one in part
            ]
        )  # fmt: skip
        filings.refold(year, firms)


def _settled(firm: int, year: int, code: str, place: str) -> Refusal:
    made = Decision.objects.in_force().filter(firm_id=firm, year=year, metric=code).select_related("decided_by").first()
    if made is None:
        return Refusal("no_conflict", "各方数值已经一致，无需裁定。", place=place, hint="请刷新页面查看现状。")
    at = timezone.localtime(made.decided_at).strftime("%Y-%m-%d %H:%M")
    return Refusal(
        "already_decided", f"{made.decided_by}已于 {at} 裁定：采用{Source(made.source).label}的 {plain(made.value)}。",
        place=place, hint="需要改判的，请先在裁定记录中撤销。",
    )  # fmt: skip
