"""A small zone with all that makes figures differ: ties, a stage of one firm, a firm shut out, one that awaits its data, figures
nobody gave, firms of no industry and of no park, another scheme in the first period, a period withdrawn in the middle, and a
trial newer than what is published.
"""

import datetime as dt
import re
from decimal import ROUND_HALF_UP, Decimal

from django.contrib.auth.models import AnonymousUser

from firms.models import FactSheet, Firm, Membership, RegisterEntry, Role, User
from firms.services.catalogue import load_catalogue
from scoring.analysis.query import Group, Measure, Query
from scoring.models import EvaluationPeriod, Score
from scoring.services import load_scheme, open_period, publish, rescore, withdraw
from scoring.services.analysis import ask
from tests.factories import UserFactory
from tests.scoring import zone

COUNT = 26
NOBODY = AnonymousUser()
FIRST, MIDDLE, SHOWN = 2020, 2021, 2022
OWN, TIED, TWIN, YOUNG, SHUT_OUT, WAITING, UNKNOWN, NO_INDUSTRY, NO_PARK, GROWN = 13, 1, 4, 21, 6, 9, 10, 16, 19, 22
# The first period by other words: what is 成熟期 afterwards is a stage of another name, and 满分值 is another one.
OTHER = re.sub(r"\bmature\b", "giant", zone.TEXT).replace('version = "1.1"', 'version = "0.9"')


class World:
    """``values``: (firm's number, year) → the figures that were judged; ``judged``: year → number → the published score."""

    def __init__(self):
        load_catalogue(by=None)
        self.firms = zone.make_firms(COUNT)
        for i, firm in enumerate(self.firms):
            firm.registered_on = dt.date(2020 if i == YOUNG else 2010, 3, 1)
            firm.industry = None if i == NO_INDUSTRY else firm.industry
            firm.park = None if i == NO_PARK else firm.park
        Firm.objects.bulk_update(self.firms, ["registered_on", "industry", "park"])
        self.values = {}
        self.office = UserFactory()
        for year, others in ((FIRST, 1.0), (MIDDLE, 2.5), (SHOWN, 1.25)):
            self.facts(year, others)
            scheme = load_scheme(OTHER, by=None) if year == FIRST else zone.scheme()
            period = open_period(year, scheme, by=None)
            publish(period, rescore(period, by=None).run, by=None)
        withdraw(EvaluationPeriod.objects.get(year=MIDDLE), by=self.office, reason="有误")
        self.period = EvaluationPeriod.objects.get(year=SHOWN)
        self.run = self.period.published_run
        self.judged = {year: self.scores(year) for year in (FIRST, SHOWN)}
        for sheet in FactSheet.objects.filter(year=SHOWN):  # a trial newer than what is published
            sheet.values["rd_expense"] = 777.0 + sheet.firm_id % 7
            sheet.save()
        self.trial = rescore(self.period, by=None).run
        self.period.refresh_from_db()
        self.user = User.objects.create_user("own", password="x", role=Role.FIRM)
        Membership.objects.create(user=self.user, firm=self.firms[OWN])

    def facts(self, year, others):
        zone.facts(self.firms if year != FIRST else self.firms[:-2], year)
        for i, firm in enumerate(self.firms):
            sheet = FactSheet.objects.filter(firm=firm, year=year).first()
            if sheet is None:
                continue
            sheet.values["rd_expense"] = round(sheet.values["rd_expense"] * (1 if i == OWN else others), 2)
            if i == GROWN and year > FIRST:
                sheet.values["revenue"] = 60_000.0
            if i == TWIN:
                sheet.values |= self.values[TIED, year]
            if i == WAITING and year == SHOWN:
                del sheet.values["revenue"]
            if i == UNKNOWN:
                del sheet.values["rd_expense"]
            sheet.save()
            self.values[i, year] = dict(sheet.values)
        if year == SHOWN:
            bad = {"kind": "environment", "category": "bad", "title": "环境信用不良", "starts_on": f"{SHOWN}-05-01"}
            RegisterEntry.objects.create(firm=self.firms[SHUT_OUT], **bad)

    def scores(self, year):
        rows = Score.objects.filter(run=EvaluationPeriod.objects.get(year=year).published_run)
        number_of = {firm.pk: i for i, firm in enumerate(self.firms)}
        return {number_of[row.firm_id]: row for row in rows}

    @property
    def ranked(self):
        return {i: row for i, row in self.judged[SHOWN].items() if row.rank}

    def among(self, **where):
        return {i: r for i, r in self.ranked.items() if all(getattr(r, k) == v for k, v in where.items())}

    def sum(self, code, rows, year=SHOWN):
        return sum((Decimal(str(self.values[i, year].get(code, 0))) for i in rows), Decimal(0))

    def code(self, i=OWN):
        return self.firms[i].credit_code


def half_up(value, decimals=2):
    return f"{Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):,}".replace("-", "−")


def mean(rows):
    return sum((row.total for row in rows.values()), Decimal(0)) / len(rows)


def measured(w, *measures, where=(), **more):
    query = Query(periods=(SHOWN,), where=Group("all", where), measures=tuple(Measure(*m) for m in measures), **more)
    result = ask(w.office, query)
    assert result.answered, result.problems
    return result
