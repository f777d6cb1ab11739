"""What a period looks back at is one thing on every page: 多维检索, the ranking and the cockpit."""

from itertools import product
from types import SimpleNamespace

import pytest

from firms.models import FactSheet
from scoring.assembly import columns
from scoring.presenters.leader import leader, leader_firms
from scoring.presenters.ranking import ranking_page
from scoring.services import open_period, publish, rescore
from scoring.services.analysis import ask
from tests.scoring import zone
from tests.scoring.analysis import asked_zone
from tests.scoring.analysis.asked_zone import question

# Of a period: its run is published; is published and a newer one is not; is not.
STATES = ("published", "newer", "trial")


@pytest.mark.parametrize("trial", [False, True])
def test_what_the_period_before_looks_back_at_is_what_follows_it(trial):
    """Else ``@-1`` of a change were no figure of the period before, and nothing in a table's key would tell that it moved."""
    for states in product(STATES, repeat=4):
        runs = []
        for i, state in enumerate(states):
            period = SimpleNamespace(year_id=2020 + i, published_run_id=None if state == "trial" else 10 * i)
            runs.append(SimpleNamespace(pk=10 * i + (state == "newer" and trial), period=period))
        for at in range(len(runs)):
            back = columns.earlier_runs(runs, at)
            assert [run.pk for run in back] == sorted((run.pk for run in back), reverse=True)
            for k, earlier in enumerate(back):
                assert columns.earlier_runs(runs, runs.index(earlier)) == back[k + 1 :], (states, at)
            if any(state != "trial" for state in states[: at + 1]):
                assert all(run.period.published_run_id is not None for run in back)
            else:
                assert len(back) == at


@pytest.mark.django_db
@pytest.mark.parametrize(
    "states",
    [
        ("published", "published", "published"),
        ("published", "trial", "published"),
        ("newer", "trial", "trial"),
        ("newer", "newer", "trial"),
        ("trial", "published", "trial"),
        ("trial", "newer", "newer"),
        ("trial", "trial", "published"),
        ("trial", "trial", "trial"),
    ],
    ids="-".join,
)
def test_changes_are_those_of_the_ranking_and_of_the_cockpit(states):
    w = asked_zone.make(10)
    # 2022 is published, 2023 is not; a third one comes after both, each is then put into the state asked for.
    zone.facts(w.firms, 2024, rd_expense=700.0)
    third = open_period(2024, zone.scheme(), by=None)
    for i, (period, state) in enumerate(zip((w.published, w.trial, third), states, strict=True)):
        run = rescore(period, by=None).run
        type(period).objects.filter(pk=period.pk).update(published_run=None, published_at=None)
        period.refresh_from_db()
        if state != "trial":
            period = publish(period, run, by=None)
        if state == "newer":
            sheet = FactSheet.objects.filter(year=period.year_id).order_by("-firm")[0]
            sheet.values |= {"revenue": 77_000.0 + i, "rd_expense": 9_000.0}
            sheet.save()
            assert rescore(period, by=None).run != run
    seen = 0
    for year in (2022, 2023, 2024):
        found = ask(w.leader, question(periods=[year], columns=["change.rank", "score.rank@-1", "change.total"]))
        ours = {row.credit_code: row.values for row in found.rows}
        shown = leader(w.leader, {"year": str(year)}).shown
        assert found.periods[0].run_id == shown.run.pk
        assert found.periods[0].earlier[:1] == ((shown.previous.year_id,) if shown.previous else ())
        page = ranking_page(w.office, period=year, size=500)
        if page.previous_period or page.published:
            assert {row.credit_code: (row.movement, row.previous_rank) for row in page.rows} == {
                code: ours[code][:2] for code in (row.credit_code for row in page.rows)
            }
        if shown.before is None:
            assert set(ours.values()) == {(None, None, None)}
            continue
        lines = leader_firms(w.leader, {"year": str(year), "move": "same"}).moves.lines
        for line in lines:
            gained = line.total_now - line.total_before
            assert ours[line.credit_code] == (line.rank_before - line.rank_now, line.rank_before, float(gained))
            seen += 1
    assert seen or states[:2] == ("trial", "trial")
