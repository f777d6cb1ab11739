"""A small zone: ten firms, two years judged, the first published, the second a trial."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from stdnum.cn import uscc

from firms.models import DataYear, FactSheet, Firm, Industry, Membership, Park, RegisterEntry, Role, User
from firms.services.catalogue import load_catalogue
from scoring.models import EvaluationPeriod
from scoring.services import load_scheme, open_period, publish, rescore

SCHEME = Path(__file__).parents[2] / "scoring" / "schemes" / "xinkai-2022-110.toml"
PASSWORD = "not-a-secret-0"


def credit_code(number: int) -> str:
    body = f"91410700MA{number:07d}"
    return next(code for digit in "0123456789ABCDEFGHJKLMNPQRTUWXY" if uscc.is_valid(code := body + digit))


@dataclass
class SmallZone:
    firms: list[Firm]
    published: EvaluationPeriod
    trial: EvaluationPeriod

    def user(self, role: str, **kwargs) -> User:
        user = User(username=f"{role}-{User.objects.count()}", role=role, **kwargs)
        user.set_password(PASSWORD)
        user.save()
        return user

    def firm_user(self, firm: Firm) -> User:
        user = self.user(Role.FIRM)
        Membership.objects.create(user=user, firm=firm)
        return user


@pytest.fixture
def zone(db) -> SmallZone:
    load_catalogue(by=None)
    scheme = load_scheme(SCHEME.read_text(encoding="utf-8"), by=None)
    park = Park.objects.create(code="main", name="主园区")
    industry = Industry.objects.create(code="C3562", name="半导体器件专用设备制造", cluster="equipment")
    firms = [
        Firm.objects.create(
            credit_code=credit_code(n),
            name="=1+1 <b>某某</b>科技有限公司" if n == 3 else f"新乡市试{n}科技有限公司",
            name_initials="xxsskjyxgs",
            registered_on=date(2010 + n, 3, 1),
            park=park,
            industry=industry if n % 2 else None,
        )
        for n in range(10)
    ]
    periods = []
    for year in (2022, 2023):
        DataYear.objects.create(year=year)
        for n, firm in enumerate(firms):
            values = {
                "revenue": 500.0 * (n + 1) ** 2,
                "headcount": 20.0 + n,
                "rd_expense": 30.0 * (n + 1),
                "technologists": 5.0,
            }
            FactSheet.objects.create(firm=firm, year=year, values=values)
        periods.append(open_period(year, scheme, by=None))
    RegisterEntry.objects.create(
        firm=firms[9], kind="environment", category="bad", title="环境信用不良", starts_on=date(2022, 5, 1)
    )
    publish(periods[0], rescore(periods[0], by=None).run, by=None)
    rescore(periods[1], by=None)
    published, trial = EvaluationPeriod.objects.order_by("year")
    return SmallZone(firms, published, trial)
