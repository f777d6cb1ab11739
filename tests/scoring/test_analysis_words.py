"""多维检索 to one who sees it for the first time: what a number is of, which period is not published, where to begin."""

import pytest

from firms.models import Role
from firms.services.catalogue import load_catalogue
from scoring.analysis.query import Query
from scoring.models import Run, Score
from scoring.services import rescore
from scoring.services.analysis import ask
from tests.scoring import zone
from tests.scoring.pages import body, published, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(as_role):
    load_catalogue(by=None)
    published(24, year=2022)
    firms = [score.firm for score in Score.objects.select_related("firm").order_by("firm_id")]
    rescore(zone.make_period(firms=firms[:20], year=2023), by=None)
    return as_role(Role.OFFICE)


def test_all_firms_are_more_than_those_ranked_and_the_page_says_how_many(office, people):
    """The overview counts the ranked ones only: without the number the two pages seem to contradict each other."""
    run = Run.objects.get(period__year_id=2022)
    period = ask(people[Role.OFFICE], Query(periods=(2022,))).periods[0]
    assert (period.firms, period.ranked) == (run.firms, run.scores.ranked().count())
    assert f"共 {run.firms} 家（其中 {period.ranked} 家参加排名）" in text(office.get("/analysis/", {"q": Query(periods=(2022,)).address()}))  # fmt: skip


def test_a_period_not_published_is_marked_where_it_is_chosen(office):
    page = body(office.get("/analysis/"))
    chips = {year: page.split(f'name="periods" value="{year}"')[1].split("</label>")[0] for year in (2022, 2023)}
    assert "试算，未公布" in chips[2023]
    assert "未公布" not in chips[2022]
    options = body(office.get("/analysis/compare/"))
    assert "2023年度企业创新积分（试算）" in options
    assert "2022年度企业创新积分（试算）" not in options


def test_examples_come_before_the_builder(office):
    page = body(office.get("/analysis/"))
    assert 0 < page.index('class="examples"') < page.index('id="builder"')
