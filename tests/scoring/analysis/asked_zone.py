"""Two periods of a zone with registers and every kind of firm, the first published and the second a trial."""

import datetime as dt
from dataclasses import dataclass

from firms.models import Department, FactSheet, Firm, RegisterEntry, Role, User
from firms.services.catalogue import load_catalogue
from scoring.analysis.query import Query
from scoring.models import EvaluationPeriod, Run
from scoring.services import open_period, publish, rescore
from tests.factories import UserFactory
from tests.scoring import zone


@dataclass
class Asked:
    firms: list[Firm]
    published: EvaluationPeriod
    trial: EvaluationPeriod
    runs: tuple[Run, Run]
    office: User
    leader: User
    tax: User
    science: User

    def refresh(self):
        self.published.refresh_from_db()
        self.trial.refresh_from_db()


def entry(firm, kind, category="", level="", starts=dt.date(2021, 5, 1), **more):
    return RegisterEntry.objects.create(
        firm=firm, kind=kind, category=category, level=level, title=f"{kind}{category}", starts_on=starts, **more
    )


def make(count: int = 14) -> Asked:
    load_catalogue(by=None)
    firms = zone.make_firms(count)
    for year in (2022, 2023):
        zone.facts(firms, year, **({"rd_expense": 500.0} if year == 2023 else {}))
    # What is not stated, a zero, and a data item no scheme reads.
    sheet = FactSheet.objects.get(firm=firms[0], year=2022)
    sheet.values = {"revenue": 0}
    sheet.save()
    FactSheet.objects.filter(firm=firms[8], year=2022).update(values={"rd_expense": 3.0})  # nobody knows its stage
    FactSheet.objects.filter(firm=firms[1], year=2023).delete()  # gone from the second period
    for firm in firms[:6]:
        entry(firm, "qualification", "hightech", ends_on=dt.date(2022, 12, 31) if firm == firms[0] else None)
    entry(firms[2], "contract", "general", starts=dt.date(2022, 3, 1), amount=120)
    entry(firms[2], "contract", "university", starts=dt.date(2022, 4, 1), amount="30.5")
    entry(firms[2], "contract", "general", starts=dt.date(2021, 4, 1), amount=999)
    entry(firms[3], "platform", level="provincial")
    entry(firms[3], "platform", level="municipal", voided_at=dt.datetime(2022, 1, 1, tzinfo=dt.UTC))
    scheme = zone.scheme()
    published, trial = (open_period(year, scheme, by=None) for year in (2022, 2023))
    first = rescore(published, by=None).run
    published = publish(published, first, by=None)
    second = rescore(trial, by=None).run
    return Asked(
        firms, published, trial, (first, second),
        UserFactory(role=Role.OFFICE), UserFactory(role=Role.LEADER),
        *(UserFactory(role=Role.DEPARTMENT, department=Department.objects.get(code=code)) for code in ("tax", "science")),
    )  # fmt: skip


def question(*conditions, how="all", **said) -> Query:
    """(field, op[, value]) each."""
    children = [dict(zip(("field", "op", "value"), condition, strict=False)) for condition in conditions]
    query = Query.from_json({"periods": [2022], "where": {"how": how, "children": children}, **said})
    assert query.problems == ()
    return query
