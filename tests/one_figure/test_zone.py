"""The zone's figures: overview, board, dashboard, rankings, 荣誉榜, 多维检索."""

import datetime as dt
import re
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from io import BytesIO

import numpy as np
import openpyxl
import pytest
from django.test import Client
from django.urls import reverse

from scoring.analysis.query import Condition, Group, Query
from scoring.assembly import outcomes
from scoring.models import EvaluationPeriod, RunColumn, Score
from scoring.presenters.board import board
from scoring.presenters.formatting import number
from scoring.presenters.honours import honour_page
from scoring.presenters.leader import leader, leader_firms
from scoring.presenters.overview import overview
from scoring.presenters.own.statement import paper, verification
from scoring.presenters.profile import profile
from scoring.services import certificates, honours
from scoring.services.analysis import ask
from tests.one_figure.world import (
    COUNT,
    FIRST,
    MIDDLE,
    NO_INDUSTRY,
    NO_PARK,
    NOBODY,
    OTHER,
    OWN,
    SHOWN,
    SHUT_OUT,
    TIED,
    TWIN,
    WAITING,
    YOUNG,
    half_up,
    mean,
    measured,
)
from tests.oracle import judge

pytestmark = pytest.mark.django_db


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
