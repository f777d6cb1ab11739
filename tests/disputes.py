"""Two firms' claims, objections and conflicts in one department's hands: what tests of access and of lists ask for."""

from __future__ import annotations

from django.utils import timezone

from firms.models import DataYear, Decision, Department, Firm, Metric, Objection, RegisterClaim, User
from firms.services import decisions, filings
from tests.factories import FilingFactory

YEAR = 2021


def metric_of(department: Department, code: str = "hightech_revenue") -> Metric:
    defaults = {"name": f"试样{code}", "unit": "万元", "kind": "amount", "owner": department}
    return Metric.objects.get_or_create(code=code, defaults=defaults)[0]


def conflict(firm: Firm, department: Department, code: str = "hightech_revenue") -> None:
    """The department says 100 of the metric, the firm 120."""
    metric = metric_of(department, code)
    DataYear.objects.get_or_create(year=YEAR)
    FilingFactory(firm=firm, year=YEAR, values={metric.code: 100.0}, department=department)
    FilingFactory(firm=firm, year=YEAR, values={metric.code: 120.0}, source="firm")
    filings.refold(YEAR, [firm.pk])


def decision(firm: Firm, department: Department, by: User) -> Decision:
    """A conflict on a metric of its own, decided for the firm."""
    conflict(firm, department, "tech_contract_value")
    metric = metric_of(department, "tech_contract_value")
    decisions.decide_all(metric, YEAR, "firm", expected=1, reason="核对凭证", by=by, firms=[firm.pk])
    return Decision.objects.get(firm=firm)


def claim(firm: Firm, department: Department, by: User) -> RegisterClaim:
    """A claim of the firm, handed in to the department."""
    return RegisterClaim.objects.create(
        firm=firm, kind="platform", level="provincial", title=f"研究中心{firm.pk}", starts_on="2023-03-01", state="submitted",
        department=department, claimed_by=by, submitted_at=timezone.now(),
    )  # fmt: skip


def objection(firm: Firm, department: Department, by: User) -> Objection:
    """An open objection of the firm to what the department stated of ``sample_revenue`` (after ``conflict``)."""
    metric = metric_of(department)
    filing = firm.filings.filter(year=YEAR, source="government", values__has_key=metric.code).latest("pk")
    return Objection.objects.create(
        firm=firm, year=YEAR, metric=metric, filing=filing, stated=100, claimed=120, reason="申报表为120",
        department=department, raised_by=by, due_on="2030-01-01",
    )  # fmt: skip


def world(own: Firm, other: Firm, officer: User) -> dict[str, object]:
    """What addresses are made of: objects of ``own`` (and one decision about ``other``), all of the officer's department."""
    department = officer.department
    assert department is not None
    made = decision(other, department, officer)
    conflict(own, department)
    return {
        "decision": made.pk,
        "metric": metric_of(department).code,
        "conflict_year": YEAR,
        "claim": claim(own, department, officer).pk,
        "objection": objection(own, department, officer).pk,
    }
