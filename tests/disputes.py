"""Two firms' claims, objections and conflicts in one department's hands: what tests of access and of lists ask for."""

from __future__ import annotations

from firms.models import DataYear, Decision, Department, Firm, Metric, User
from firms.services import decisions, filings
from tests.factories import FilingFactory

YEAR = 2021


def metric_of(department: Department) -> Metric:
    defaults = {"name": "试样收入", "unit": "万元", "kind": "amount", "owner": department}
    return Metric.objects.get_or_create(code="sample_revenue", defaults=defaults)[0]


def conflict(firm: Firm, department: Department) -> None:
    """The department says 100 of ``sample_revenue``, the firm 120."""
    metric = metric_of(department)
    DataYear.objects.get_or_create(year=YEAR)
    FilingFactory(firm=firm, year=YEAR, values={metric.code: 100.0}, department=department)
    FilingFactory(firm=firm, year=YEAR, values={metric.code: 120.0}, source="firm")
    filings.refold(YEAR, [firm.pk])


def decision(firm: Firm, department: Department, by: User) -> Decision:
    """A conflict decided for the firm."""
    conflict(firm, department)
    metric = metric_of(department)
    decisions.decide_all(metric, YEAR, "firm", expected=1, reason="核对凭证", by=by, firms=[firm.pk])
    return Decision.objects.get(firm=firm)


def world(own: Firm, other: Firm, officer: User) -> dict[str, object]:
    """What addresses are made of: objects of ``own`` (and one decision about ``other``), all of the officer's department."""
    department = officer.department
    assert department is not None
    made = decision(other, department, officer)
    conflict(own, department)
    return {"decision": made.pk, "metric": metric_of(department).code, "conflict_year": YEAR}
