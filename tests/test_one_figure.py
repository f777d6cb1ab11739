"""One figure is the same through every door, and is what the oracle or a plain sum says it is.

A small zone with all that makes figures differ: ties, a stage of one firm, a firm shut out, one that awaits its data, figures
nobody gave, firms of no industry and of no park, another scheme in the first period, a period withdrawn in the middle, and a
trial newer than what is published.
"""

import datetime as dt
import re
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from io import BytesIO

import numpy as np
import openpyxl
import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import reverse

from firms.models import FactSheet, Firm, Membership, RegisterEntry, Role, User
from firms.services.catalogue import load_catalogue
from scoring.analysis.query import Condition, Group, Measure, Query
from scoring.assembly import outcomes, spreads
from scoring.models import EvaluationPeriod, RunColumn, Score
from scoring.presenters import run_sums
from scoring.presenters.board import _kept, board
from scoring.presenters.formatting import number, rounded, signed
from scoring.presenters.honours import honour_page
from scoring.presenters.leader import leader, leader_firms
from scoring.presenters.overview import overview
from scoring.presenters.own.peers import comparison
from scoring.presenters.own.portrait import portrait
from scoring.presenters.own.simulate import simulation
from scoring.presenters.own.standing import standing
from scoring.presenters.own.statement import paper, verification
from scoring.presenters.own.target import way
from scoring.presenters.profile import profile
from scoring.services import certificates, honours, load_scheme, open_period, publish, rescore, withdraw
from scoring.services.analysis import ask
from scoring.views import caching
from tests.factories import UserFactory
from tests.oracle import judge
from tests.oracle_schemes import switch
from tests.scoring import zone

pytestmark = pytest.mark.django_db
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


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


@pytest.fixture
def w(world, db):
    spreads._known.clear()
    run_sums._known.clear()
    caching.pages.clear()
    _kept.clear()
    outcomes.KEPT.clear()
    cache.clear()
    return world


def half_up(value, decimals=2):
    return f"{Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):,}".replace("-", "−")


def mean(rows):
    return sum((row.total for row in rows.values()), Decimal(0)) / len(rows)


def measured(w, *measures, where=(), **more):
    query = Query(periods=(SHOWN,), where=Group("all", where), measures=tuple(Measure(*m) for m in measures), **more)
    result = ask(w.office, query)
    assert result.answered, result.problems
    return result


# ---- right at all
def test_the_scores_are_the_oracle_s(w):
    case = {
        "year": FIRST,
        "as_of": dt.date(FIRST, 12, 31),
        "firms": {
            str(i): {"current": w.values[i, FIRST], "previous": {}, "registered_on": w.firms[i].registered_on,
                     "industry": row.cluster, "park": row.park, "entries": [], "manual": set()}
            for i, row in w.judged[FIRST].items()
        },
    }  # fmt: skip
    found = judge(OTHER, case)
    for i, row in w.judged[FIRST].items():
        said = found[str(i)]
        assert (row.status, row.stage, row.rank or 0) == (said.status, said.stage or "", said.rank), i
        if row.rank:
            assert Fraction(row.total) == said.total, i
            assert (row.stage_rank, row.industry_rank or 0) == (said.rank_stage, said.rank_industry), i


def test_the_zone_holds_what_makes_figures_differ(w):
    rows = w.judged[SHOWN]
    assert rows[TIED].total == rows[TWIN].total
    assert rows[TIED].rank == rows[TWIN].rank
    assert len(w.among(stage="startup")) == 1
    assert (rows[SHUT_OUT].status, rows[WAITING].status) == ("excluded", "unclassified")
    assert (rows[NO_INDUSTRY].cluster, rows[NO_PARK].park) == ("", "")
    assert EvaluationPeriod.objects.get(year=MIDDLE).published_run is None
    assert w.trial.pk != w.run.pk
    assert {row.stage for row in w.judged[FIRST].values()} >= {"giant"}


# ---- the zone as a whole
def test_the_zone_s_figures_are_one_on_the_overview_the_board_the_dashboard_and_in_the_analysis(w):
    rows, before = w.ranked, {i: r for i, r in w.judged[FIRST].items() if r.rank}
    spent, revenue = w.sum("rd_expense", rows), w.sum("revenue", rows)
    spent_before, revenue_before = w.sum("rd_expense", before, FIRST), w.sum("revenue", before, FIRST)
    wanted = {
        "参评企业": (str(len(rows)), Decimal(len(rows) - len(before))),
        "平均得分": (half_up(mean(rows)), Decimal(half_up(mean(rows))) - Decimal(half_up(mean(before)))),
        "研发费用": (half_up(spent / 10000), Decimal(half_up(spent / 10000)) - Decimal(half_up(spent_before / 10000))),
        "研发强度": (
            half_up(100 * spent / revenue),
            Decimal(half_up(100 * spent / revenue)) - Decimal(half_up(100 * spent_before / revenue_before)),
        ),
    }
    page = overview(NOBODY)
    doors = {
        "overview": {f.label: (f.value, f.change) for f in page.figures},
        "board": {f["label"]: (f["value"], f["change"]) for f in board().values["figures"]},
        "dashboard": {f.label: (f.cell.text, f.cell.change) for f in leader(w.office, {}).figures},
    }
    for door, figures in doors.items():
        for label, (value, change) in wanted.items():
            if label in figures:
                assert figures[label][0] == value, (door, label)
                said = re.match(r"[+−][\d,.]+", figures[label][1])
                assert Decimal(said[0].replace("−", "-")) == change if said else not change, (door, label)
    trend = {row[0]: row[1:] for chart in ("trend", "participation") for row in page.charts[chart].rows[-1:]}
    assert page.charts["trend"].rows[-1][1:] == [wanted["研发费用"][0], wanted["研发强度"][0]]
    assert page.charts["participation"].rows[-1][1:] == [wanted["参评企业"][0], wanted["平均得分"][0]]
    assert trend
    assert [row[0] for row in page.charts["trend"].rows] == [f"{FIRST}年", f"{SHOWN}年"]
    assert board().values["trend"]["rows"][-1][1:] == page.charts["trend"].rows[-1][1:]
    ranked = (Condition("score.rank", "known"),)
    result = measured(
        w, ("", "count"), ("score.total", "mean"), ("metric.rd_expense", "sum"), rows="firm.status", where=ranked
    )
    cell = result.cells[SHOWN, "*", "*"]
    assert cell.texts == (str(len(rows)), half_up(mean(rows)), half_up(spent))


@pytest.mark.parametrize("key", ["stage", "cluster", "park"])
def test_the_parts_add_up_and_are_the_same_everywhere(w, key):
    groups = {}
    for i, row in w.ranked.items():
        groups.setdefault(getattr(row, key), {})[i] = row
    wanted = sorted(
        (str(len(g)), half_up(mean(g)), half_up(100 * w.sum("rd_expense", g) / w.sum("revenue", g)))
        for g in groups.values()
    )
    for measure in ("firms", "mean", "intensity"):
        chart = overview(NOBODY, SHOWN, measure).charts[key]
        assert sorted(tuple(row[1:]) for row in chart.rows) == wanted
        column = ("firms", "mean", "intensity").index(measure)
        drawn = [number(value, chart.spec["decimals"]) for value in chart.spec["series"][0]["data"]]
        assert drawn == [row[1 + column] for row in chart.rows]  # the picture says what its table says
    ranked = (Condition("score.rank", "known"),)
    result = measured(w, ("", "count"), ("score.total", "mean"), ("", "share"), rows=f"firm.{key}", where=ranked)
    cells = {row: cell for (_year, row, _across), cell in result.cells.items()}
    whole = cells.pop("*")
    assert {row: cell.texts[:2] for row, cell in cells.items()} == {
        code: (str(len(g)), half_up(mean(g))) for code, g in groups.items()
    }
    assert sum(cell.values[2] for cell in cells.values()) == pytest.approx(100)
    assert whole.values[2] == 100
    page = leader(w.office, {})
    if key != "stage":
        grid = page.structure.clusters if key == "cluster" else page.structure.parks
        for _name, cells in grid.rows:
            *parts, total = [int(cell.text) for cell in cells]
            assert sum(parts) == total
        for j in range(len(grid.head)):
            *parts, total = [int(cells[j].text) for _name, cells in grid.rows]
            assert sum(parts) == total
        assert sorted(int(cell.text) for cell in grid.rows[-1][1][:-1]) == sorted(len(g) for g in groups.values())


def test_the_scores_distribution_counts_each_ranked_firm_once(w):
    chart = overview(NOBODY).charts["distribution"]
    assert sum(int(row[-1]) for row in chart.rows) == len(w.ranked)
    for row in chart.rows:
        low, high = (Decimal(text) for text in row[0].split("–"))
        assert int(row[-1]) == sum(low <= score.total < high for score in w.ranked.values())
    bands = board().values["distribution"]["rows"]
    assert sum(int(cell) for row in bands for cell in row[1:]) == len(w.ranked)


# ---- rankings, lists, ties
def test_a_firm_s_total_and_ranks_are_one_through_every_door(w):
    certificates.issue(w.firms[OWN], SHOWN, by=w.office)
    client = Client()
    client.force_login(w.office, "xxgx.roles.RoleBackend")
    for i in (OWN, TIED, TWIN, YOUNG, NO_INDUSTRY):
        row, code = w.ranked[i], w.code(i)
        shown = {(row.total, row.rank, row.stage_rank, row.industry_rank)}
        mine = profile(NOBODY, code, SHOWN)
        shown.add((mine.score.total, mine.score.rank, mine.score.stage_rank, mine.score.industry_rank))
        api = client.get(f"/api/v1/rankings/?year={SHOWN}&q={code}").json()["rows"][0]
        shown.add((Decimal(api["total"]), api["rank"], api["stage_rank"], api["cluster_rank"]))
        query = Query(
            periods=(SHOWN,), where=Group("all", (Condition("firm.credit_code", "in", (code,)),)),
            columns=("score.total", "score.rank", "score.stage_rank", "score.industry_rank"),
        )  # fmt: skip
        total, *ranks = ask(w.office, query).rows[0].values
        shown.add((Decimal(str(total)), *(None if rank is None else int(rank) for rank in ranks)))
        assert len(shown) == 1, (i, shown)
    score = w.ranked[OWN]
    page = paper(w.office, w.code(), SHOWN)
    assert Decimal(page.said["total"]) == score.total == verification(page.code).total
    assert page.said["ranks"] == {"overall": score.rank, "stage": score.stage_rank, "cluster": score.industry_rank}
    assert page.said["of"] == {rank: len(rows) for rank, rows in (
        ("overall", w.ranked), ("stage", w.among(stage=score.stage)), ("cluster", w.among(cluster=score.cluster)))}  # fmt: skip
    assert {(rank.rank, rank.of) for rank in profile(NOBODY, w.code(), SHOWN).ranks} == {
        (page.said["ranks"][kind], page.said["of"][kind]) for kind in page.said["ranks"]
    }


def test_a_file_holds_the_page_s_numbers_as_numbers(w):
    client = Client()
    client.force_login(w.office, "xxgx.roles.RoleBackend")
    response = client.get(reverse("scoring:rankings_export", args=["xlsx"]), {"year": SHOWN})
    sheet = openpyxl.load_workbook(BytesIO(b"".join(response.streaming_content))).active
    rows = [row for row in sheet.iter_rows(values_only=True) if row[0] is not None]
    at = {row[2]: row for row in rows if isinstance(row[0], int | float)}
    assert {code: (row[0], round(Decimal(str(row[-1])), 4)) for code, row in at.items()} == {
        w.code(i): (row.rank, row.total) for i, row in w.ranked.items()
    }
    assert all(isinstance(row[-1], float | int) for row in at.values())


@pytest.mark.parametrize("kind", ["stage", "cluster"])
def test_the_bands_of_the_honour_list_hold_the_ranks_and_their_ties(w, kind):
    honours.issue(w.period, (5, 20, 50), version=w.period.version, by=w.office)
    rank_of = {"stage": "stage_rank", "cluster": "industry_rank"}[kind]
    for code in {getattr(row, kind) for row in w.ranked.values()} - {""}:
        group = w.among(**{kind: code})
        page = honour_page(SHOWN, **{kind: code})
        assert page.group.code == code
        before = 0
        for band, percent in zip(page.bands, (5, 20, 50), strict=True):
            last = -(-len(group) * percent // 100)
            held = {r.credit_code for r in group.values() if before < getattr(r, rank_of) <= last}
            assert {row.credit_code for row in band.rows} == held
            assert band.count == len(held)
            before = last
        where = (
            Condition(f"firm.{kind}", "in", (code,)),
            Condition("score.rank", "known"),
            Condition(f"score.{rank_of}", "le", before),
        )
        assert ask(w.office, Query(periods=(SHOWN,), where=Group("all", where))).total == page.count


def test_places_won_are_counted_from_the_same_period_everywhere(w):
    """From what was published last: the period withdrawn is nobody's measure."""
    now, then = w.ranked[OWN].rank, w.judged[FIRST][OWN].rank
    client = Client()
    api = client.get(f"/api/v1/rankings/?year={SHOWN}&q={w.code()}").json()["rows"][0]
    assert api["movement"] == then - now
    for reader in (w.user, w.office):
        change = profile(reader, w.code(), SHOWN).change
        assert (change.before, change.after) == (FIRST, SHOWN), reader.role
    page = leader(w.office, {"year": str(SHOWN), "rank": "1"})
    assert page.shown.previous.year_id == FIRST
    lost = [i for i, row in w.ranked.items() if i in w.judged[FIRST] and (w.judged[FIRST][i].rank or 99) < row.rank]
    assert next(kind.count for kind in page.risks.kinds if kind.code == "fell_rank") == len(lost)


# ---- one firm among its peers
def test_the_middle_and_the_top_quarter_are_the_same_numbers_in_portrait_peers_and_analysis(w):
    row = w.ranked[OWN]
    where = (Condition("firm.stage", "in", (row.stage,)), Condition("score.rank", "known"))
    page = portrait(w.user, w.code(), SHOWN)
    items = {item.code: item for item in [*page.strengths, *page.gaps]}
    lines = {line.code: line for part in comparison(w.user, w.code(), SHOWN).parts for line in part.lines if line.code}
    assert page.peers == len(w.among(stage=row.stage))
    assert items
    for code, line in lines.items():
        field = f"points.{code}"
        result = measured(
            w, (field, "median"), (field, "p75"), (field, "p25"), (field, "count"), rows="firm.stage", where=where
        )
        median, top, low, count = result.cells[SHOWN, "*", "*"].texts
        assert count == str(page.peers)
        assert (line.low, line.median, line.high) == (low, median, top), code
        if code in items:
            assert (items[code].median, items[code].top, items[code].points) == (median, top, line.points)
        mine = result.cells[SHOWN, "*", "*"]
        assert mine.values[2] <= mine.values[0] <= mine.values[1]


def test_the_quartiles_of_many_firms_are_exact(w, monkeypatch):
    """Beyond a thousand firms not all are kept: their quartiles are still those of all."""
    monkeypatch.setattr(spreads, "KNOTS", 5)
    scheme = standing(w.user, w.code(), SHOWN).scheme
    table = spreads._Table.of(w.run, scheme)
    place = next(i for i, stage in enumerate(scheme.stages) if stage.code == w.ranked[OWN].stage)
    rows = np.flatnonzero(table.stage == place)
    assert len(rows) > 6
    made = spreads._spreads(w.run, scheme, "x", place, table, rows)
    numbers, start = np.frombuffer(made.data, made.header["type"]), 0
    for kind, code, count, knots in made.header["spreads"]:
        spread = spreads.Spread(count, numbers[start : start + knots])
        start += knots
        if kind == "points":
            points = table.points[rows, [item.code for item in scheme.indicators].index(code)]
            for share in (0.25, 0.5, 0.75):
                assert spread.quantile(share) == pytest.approx(np.quantile(points, share), abs=1e-12)


def test_the_parts_of_a_change_add_up_to_it(w):
    assert profile(w.office, w.code(), SHOWN).change.reason  # other stages: said, not guessed
    middle = EvaluationPeriod.objects.get(year=MIDDLE)
    publish(middle, middle.runs.get(), by=None)
    before = w.scores(MIDDLE)
    found = 0
    for i, row in w.ranked.items():
        change = profile(w.office, w.code(i), SHOWN).change
        if change is None or not change.causes:
            continue
        found += 1
        plain = lambda text: Decimal(text.replace("−", "-").replace(",", ""))  # noqa: E731
        for which in ("total", "overall", "stage"):
            parts = sum(plain(getattr(cause, which)) for cause in change.causes)
            assert parts == plain(getattr(change, which)), (i, which)
        assert plain(change.total) == row.total - before[i].total
        assert plain(change.overall) == before[i].rank - row.rank
    assert found > 15


def test_what_is_tried_out_is_what_a_run_on_those_figures_says(w):
    """One figure changed by hand and the firm's own published references: the engine's answer, digit by digit."""
    tried = {"m-rd_expense": "333.33"}
    shown = simulation(w.user, w.code(), SHOWN, typed=tried).result
    assert shown.pairs[0].before == number(w.ranked[OWN].total, 2)
    alone = standing(w.user, w.code(), SHOWN).alone
    (then,) = alone.what_if([{"rd_expense": 333.33}])
    assert shown.pairs[0].after == number(Decimal(then.units) / 100, 2)
    others = [row.total for i, row in w.ranked.items() if i != OWN]
    assert shown.pairs[2].after == str(1 + sum(total > Decimal(then.units) / 100 for total in others))


def test_the_cheapest_plan_once_done_reaches_its_goal(w):
    goal = w.ranked[OWN].total + 2
    found = way(w.user, w.code(), SHOWN, asked={"kind": "total", "goal": str(goal), "factor": "5.0"}).found
    assert found.reached
    assert found.steps
    done = simulation(w.user, w.code(), SHOWN, typed={step.field: step.value for step in found.steps}).result
    assert Decimal(done.pairs[0].after) >= goal
    assert done.pairs[0].after == found.total
    assert done.pairs[2].after == str(found.rank)


# ---- movement and risks
def test_the_movement_counts_every_firm_once_also_across_schemes(w):
    before, now = w.judged[FIRST], w.judged[SHOWN]
    stood = lambda row: "none" if row is None else row.stage if row.rank else row.status  # noqa: E731
    pairs = Counter((stood(before.get(i)), stood(now.get(i))) for i in range(COUNT) if i in before or i in now)
    page = leader(w.office, {"year": str(SHOWN)})
    shown = {(f.was, f.is_now): f.firms for _name, flows, _n in page.movement.rows for f in flows if f.firms}
    assert shown == dict(pairs)
    assert sum(n for _name, _flows, n in page.movement.rows) == len(set(before) | set(now))
    for _name, flows, total in page.movement.rows:
        assert sum(flow.firms for flow in flows) == total
    for (was, is_now), count in pairs.items():
        behind = leader_firms(w.office, {"year": str(SHOWN), "from": was, "to": is_now}).moves
        assert behind.count == len(behind.lines) == count, (was, is_now)
    ranked = lambda rows, i: i in rows and bool(rows[i].rank)  # noqa: E731
    entered = sum(ranked(now, i) and not ranked(before, i) for i in range(COUNT))
    left = sum(ranked(before, i) and not ranked(now, i) for i in range(COUNT))
    assert (page.movement.entered.text, page.movement.left.text) == (str(entered), str(left))
    for move, cell in (("entered", page.movement.entered), ("left", page.movement.left), ("same", page.movement.stayed),
                       ("up", page.movement.risen), ("down", page.movement.fallen)):  # fmt: skip
        assert leader_firms(w.office, {"year": str(SHOWN), "move": move}).moves.count == int(cell.text), move


def test_a_fall_of_exactly_the_threshold_is_told(w):
    """73.99 − 63.99 is 10, though not in floating point; 10.01 − 0.01 neither, in the database."""
    for was, now in (("73.99", "63.99"), ("10.01", "0.01"), ("73.99", "64.00")):
        Score.objects.filter(pk=w.judged[FIRST][OWN].pk).update(total=Decimal(was))
        Score.objects.filter(pk=w.judged[SHOWN][OWN].pk).update(total=Decimal(now))
        outcomes.KEPT.clear()  # a run never changes, but here
        RunColumn.objects.all().delete()
        page = leader(w.office, {"year": str(SHOWN), "score": "10", "rank": "999999", "risk": "fell_score"})
        told = [line for line in page.risks.lines if line.credit_code == w.code()]
        assert bool(told) == (Decimal(was) - Decimal(now) >= 10), (was, now)


# ---- 多维检索
def test_every_statistic_is_the_plain_one_of_the_firms_behind_it(w):
    names = ("count", "sum", "mean", "median", "p10", "p25", "p75", "p90", "min", "max", "share")
    field = "metric.rd_expense"
    result = measured(w, *((field, name) for name in names), rows="firm.stage", across="firm.park",
                      where=(Condition("score.rank", "known"),))  # fmt: skip
    everything = float(w.sum("rd_expense", w.ranked))
    for (year, row, across), cell in result.cells.items():
        where = {k: v for k, v in (("stage", row), ("park", across)) if v != "*"}
        rows = w.among(**where)
        assert cell.count == len(rows)
        x = [w.values[i, SHOWN]["rd_expense"] for i in rows if "rd_expense" in w.values[i, SHOWN]]
        wanted = [len(x), sum(x), np.mean(x), np.median(x), *(np.quantile(x, q) for q in (0.1, 0.25, 0.75, 0.9)),
                  min(x), max(x), 100 * sum(x) / everything] if x else [0, *[None] * 10]  # fmt: skip
        assert list(cell.values) == pytest.approx(wanted), (row, across)
        behind = ask(w.office, result.drill(year, row, across), size=100)
        assert behind.total == len(rows)
        assert {one.credit_code for one in behind.rows} == {r.credit_code for r in rows.values()}


# ---- a scheme that counts otherwise
def test_a_scheme_of_three_decimals_is_shown_with_three_and_the_smallest_decay_as_the_one_that_counts(db):
    load_catalogue(by=None)
    caching.pages.clear()
    text = switch(switch(zone.TEXT, "decimals", "3"), "decay_stacking", '"smallest"')
    scheme = load_scheme(text.replace('version = "1.1"', 'version = "3"'), by=None)
    firms, office = zone.make_firms(9), UserFactory()
    for year in (2024, 2025):
        zone.facts(firms, year)
        if year == 2025:  # from 扩张期 back to 成长期, and registered for ten years: two decays
            FactSheet.objects.filter(firm=firms[1], year=year).update(values={"revenue": 900.0, "rd_expense": 17.77})
        period = open_period(year, scheme, by=None)
        publish(period, rescore(period, by=None).run, by=None)
    score = Score.objects.get(firm=firms[1], run__period__year=2025)
    assert score.total.as_tuple().exponent == -4
    told = f"{score.total:.3f}"
    assert told != f"{score.total:.2f}0"
    account = profile(office, firms[1].credit_code, 2025).account
    assert len([line for line in account.applied if line.kind == "decay"]) == 2
    (decay,) = (step for step in account.steps if step.code == "decay")
    assert decay.name.endswith("× 0.9")
    before = account.steps[account.steps.index(decay) - 1]
    assert Decimal(decay.after) == pytest.approx(Decimal(before.after) * Decimal("0.9"), abs=Decimal("0.002"))
    made = certificates.issue(firms[1], 2025, by=office)
    client = Client()
    client.force_login(office, "xxgx.roles.RoleBackend")
    assert paper(office, firms[1].credit_code, 2025).said["total"] == told
    for url in (
        reverse("scoring:verified", args=[made.code]),
        reverse("scoring:profile", args=[firms[1].credit_code]),
        reverse("scoring:overview"),
        reverse("scoring:rankings"),
        reverse("scoring:firm_file", args=[firms[1].credit_code]),
        f"/api/v1/rankings/?year=2025&q={firms[1].credit_code}",
    ):
        assert re.search(rf"(?<![\d.]){re.escape(told)}(?!\d)", client.get(url).content.decode()), url


# ---- how it is written
@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (2.675, 2, "2.68"),  # the float is a hair below; the decimal it stands for is not
        (75.125, 2, "75.13"),  # half up, not half to even
        (901.38 / 12, 2, "75.12"),  # 75.115: the division's last digit is not the figure's
        (0.1 + 0.2, 16 - 1, "0.300000000000000"),
        (-0.001, 2, "0.00"),  # nothing has no sign
        (-2.675, 2, "−2.68"),
        (123456789.1234, 4, "123,456,789.1234"),
    ],
)
def test_one_rule_of_rounding(value, decimals, text):
    assert number(value, decimals) == text
    assert number(rounded(value, decimals), decimals) == text


def test_a_change_that_shows_as_nothing_has_no_sign():
    assert (signed(0.001, 2), signed(-0.001, 2), signed(0.005, 2), signed(-10, 0)) == ("0.00", "0.00", "+0.01", "−10")
