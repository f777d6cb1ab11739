"""Stand-in for the importing service's fold until it lands; removed then."""

from firms.models import FactSheet, Filing
from firms.services.catalogue import in_force


def refold(year: int, firms: list[int]) -> int:
    metrics = in_force().metrics
    told: dict[int, list[Filing]] = {pk: [] for pk in firms}
    for filing in Filing.objects.in_force().filter(year=year).order_by("id"):
        told[filing.firm_id].append(filing)
    sheets, conflicts = [], 0
    for firm, filings in told.items():
        if not filings:
            continue
        sheet = FactSheet(firm_id=firm, year=year, values={}, winners={}, conflicts={})
        for code, metric in metrics.items():
            stated = [f for f in filings if code in f.values]
            if not stated:
                continue
            best = min(stated, key=lambda f: (metric.source_priority.index(f.source), -f.pk))
            value = best.values[code]
            sheet.values[code], sheet.winners[code] = value, best.pk
            lost = [
                [f.pk, f.values[code]]
                for f in stated
                if abs(f.values[code] - value) > metric.tolerance * max(abs(value), abs(f.values[code]))
            ]
            if lost:
                sheet.conflicts[code] = lost
                sheet.has_conflicts = True
                conflicts += len(lost)
        sheets.append(sheet)
    FactSheet.objects.bulk_create(sheets, batch_size=1000)
    return conflicts
