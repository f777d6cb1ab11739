"""A query compiled once gives what the ORM gives, for whatever values it is asked with."""

import pytest

from scoring.models import Run, Score
from scoring.presenters import keyset
from scoring.presenters.keyset import Listed
from scoring.presenters.statement import Slot, Statement
from tests.scoring import zone
from tests.scoring.pages import published

pytestmark = pytest.mark.django_db
COLUMNS = ("credit_code", "total", "dimension_points", "grade", "rank")


def test_rows_are_those_of_the_queryset_types_and_all():
    run = published(30).published_run
    statement = Statement.of(
        Score.objects.filter(run_id=Slot("run"), stage=Slot("stage"), position__gt=Slot("start"))
        .order_by("position")
        .values_list(*COLUMNS)[:5]
    )
    seen = 0
    for stage, start in (("startup", 0), ("growth", 3), ("mature", 10), ("nonsense", 0), ("growth", 10_000)):
        asked = Score.objects.filter(run=run, stage=stage, position__gt=start).order_by("position")
        expected = list(asked.values_list(*COLUMNS)[:5])
        rows = statement.rows(run=run.pk, stage=stage, start=start)
        assert rows == expected
        assert [[type(cell) for cell in row] for row in rows] == [[type(cell) for cell in row] for row in expected]
        seen += len(rows)
    assert seen


def test_values_travel_as_parameters():
    run = published(5).published_run
    statement = Statement.of(Score.objects.filter(run_id=Slot("run"), name=Slot("name")).values_list("name"))
    assert statement.rows(run=run.pk, name="' OR 1=1 --") == []
    assert "run" not in statement.sql.replace("run_id", "")


def test_a_value_that_was_not_brought_along_is_an_error():
    statement = Statement.of(Score.objects.filter(run_id=Slot("run")).values_list("name"))
    with pytest.raises(KeyError):
        statement.rows()


@pytest.mark.parametrize("chosen", [{}, {"stage": "growth"}, {"cluster": "hydrogen", "park": "main"}])
@pytest.mark.parametrize("compared", [False, True])
def test_a_page_by_statement_is_the_page_by_the_orm(chosen, compared):
    firms = zone.make_firms(40)
    before = published(year=2021, firms=firms).published_run if compared else None
    run = published(year=2022, firms=firms).published_run
    for column, up, start in (("position", True, 4), ("by_name", False, 30), ("by_dimension_1", True, 0)):
        statement = keyset._statement(column, up, 8, compared, tuple(chosen))
        found = statement.rows(run=run.pk, before=before and before.pk, start=start, **chosen)
        scores = keyset._behind(keyset._scores(run, before, chosen), column, up, start)
        assert found == list(scores.values_list(*Listed._fields)[:8]) != []
        assert all(Listed._make(row).position for row in found)
        ranks = dict(Score.objects.filter(run=before).values_list("firm_id", "rank")) if before else {}
        assert [Listed._make(row).rank_before for row in found] == [ranks.get(row[1]) for row in found]
    assert Run.objects.count() == 1 + compared
