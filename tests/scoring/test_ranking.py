"""Pages of a ranking: every order forwards and backwards, words however they are typed, constant queries, one audience."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext

from firms.models import Firm, RegisterEntry
from firms.services.refusal import Refusal
from scoring.models import EvaluationPeriod, Score
from scoring.presenters import keyset
from scoring.presenters.ranking import ranking_chunks, ranking_page
from scoring.services import publish, rescore
from tests.scoring import zone

pytestmark = pytest.mark.django_db
PUBLIC = AnonymousUser()
ORDERS = ["rank", "-rank", "name", "-name", "innovation", "-innovation", "performance", "support", "-support"]


def published(count=40, year=2022, firms=None):
    period = zone.make_period(count, year, firms=firms)
    publish(period, rescore(period, by=None).run, by=None)
    return period


def forwards(**conditions):
    pages = [ranking_page(PUBLIC, size=7, **conditions)]
    while pages[-1].next_cursor:
        pages.append(ranking_page(PUBLIC, size=7, cursor=pages[-1].next_cursor, **conditions))
    return pages


def backwards(**conditions):
    pages = [ranking_page(PUBLIC, size=7, cursor="last", **conditions)]
    while pages[-1].previous_cursor:
        pages.append(ranking_page(PUBLIC, size=7, cursor=pages[-1].previous_cursor, **conditions))
    return pages[::-1]


def shown(pages):
    return [[row.credit_code for row in page.rows] for page in pages]


@pytest.fixture(params=["few firms", "many firms"])
def scale(request, monkeypatch):
    """The same promises where words are found by walking a stretch first and by index after."""
    if request.param == "many firms":
        monkeypatch.setattr(keyset, "STRETCH", 10)
    return request.param


@pytest.mark.parametrize("sort", ORDERS)
def test_every_order_pages_through_every_firm_once_and_back_again(sort):
    published()
    there, back = forwards(sort=sort), backwards(sort=sort)
    assert shown(there) == shown(back)
    codes = [code for page in shown(there) for code in page]
    assert len(codes) == len(set(codes)) == 40
    assert [(page.first, page.last) for page in there] == [(page.first, page.last) for page in back]
    assert (there[0].first, there[-1].last) == (1, 40)
    assert not there[0].previous_cursor
    assert not there[-1].next_cursor


def test_orders_are_what_they_say():
    published()
    everything = {sort: ranking_page(PUBLIC, size=100, sort=sort).rows for sort in ORDERS}
    ranks = [row.rank for row in everything["rank"]]
    assert ranks == sorted(ranks)
    assert [row.position for row in everything["-rank"]] == list(range(40, 0, -1))
    points = [row.dimension_points[0] for row in everything["innovation"]]
    assert points == sorted(points, reverse=True)
    pinyin = dict(Firm.objects.values_list("credit_code", "name_pinyin"))
    names = [pinyin[row.credit_code] for row in everything["name"]]
    assert names == sorted(names)


@pytest.mark.parametrize(
    "conditions", [{"stage": "mature"}, {"cluster": "hydrogen"}, {"park": "east"}, {"stage": "growth", "park": "main"}]
)
def test_filters_keep_what_they_name_and_count_it(conditions):
    published()
    pages = forwards(**conditions)
    rows = [row for page in pages for row in page.rows]
    expected = Score.objects.filter(**conditions).count()
    assert 0 < len(rows) == expected < 40
    assert {page.count for page in pages} == {expected}
    assert shown(pages) == shown(backwards(**conditions))
    for key, value in conditions.items():
        assert {getattr(row, key) for row in rows} == {value}


def test_a_choice_says_how_many_it_would_show():
    published()
    page = ranking_page(PUBLIC, stage="mature")
    for choice in page.parks:
        assert ranking_page(PUBLIC, stage="mature", park=choice.value).count == choice.count
    for choice in page.stages:
        assert ranking_page(PUBLIC, stage=choice.value).count == choice.count
    assert [choice.value for choice in page.stages] == ["", "startup", "growth", "expansion", "mature"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("生物医药", "生物医药"),
        (" 生物 医药 ", "生物医药"),
        ("Ａ(新)材", "Ａ（新）材料"),
        ("a（新）", "Ａ（新）材料"),
        ("znkj", "智能科技"),
        ("ＺＮＫＪ", "智能科技"),
        ("氢", "氢能装备"),
    ],
)
def test_words_are_found_however_they_are_typed(typed, found, scale):
    published()
    pages = forwards(q=typed)
    names = [row.name for page in pages for row in page.rows]
    assert sorted(names) == sorted(Firm.objects.filter(name__contains=found).values_list("name", flat=True))
    ranks = [row.position for page in pages for row in page.rows]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize("sort", ["rank", "-rank", "name"])
def test_found_firms_page_both_ways_as_well(sort, scale):
    published()
    there = forwards(q="有限公司", sort=sort)
    back = backwards(q="有限公司", sort=sort)
    codes = [code for page in shown(there) for code in page]
    assert len(codes) == len(set(codes)) == 40
    assert codes == [code for page in shown(back) for code in page]


def test_a_code_is_found_by_its_start_and_whole(scale):
    published()
    code = Firm.objects.order_by("?").first().credit_code
    assert [row.credit_code for row in ranking_page(PUBLIC, q=code.lower()).rows] == [code]
    assert code in {row.credit_code for row in ranking_page(PUBLIC, q=code[:14], size=100).rows}
    assert ranking_page(PUBLIC, q=code[1:9] + "X9X9").rows == []


@pytest.mark.parametrize("typed", ["%", "_", "\\", "'", "%%智", "🙂", "A" * 64])
def test_characters_that_mean_something_to_a_database_are_just_characters(typed, scale):
    published(10)
    assert ranking_page(PUBLIC, q=typed).rows == []


def test_a_nul_is_left_out_of_a_word(scale):
    published(10)
    assert ranking_page(PUBLIC, q="\x00智能\x00").rows == ranking_page(PUBLIC, q="智能").rows != []


def test_a_word_everybody_has_is_paged_without_counting(monkeypatch):
    monkeypatch.setattr(keyset, "STRETCH", 20)
    published()
    page = ranking_page(PUBLIC, q="有限", size=5)
    assert (page.count, page.count_exact) == (None, False)
    assert (page.first, page.last) == (1, 5)
    monkeypatch.setattr(keyset, "TOO_MANY", 3)
    rest = [row.position for row in ranking_page(PUBLIC, q="智能科技", size=5).rows]
    assert rest == sorted(rest)
    assert len(rest) == 5


def test_the_number_of_queries_does_not_grow():
    def queries(**conditions):
        with CaptureQueriesContext(connection) as captured:
            ranking_page(PUBLIC, **conditions)
        return len(captured)

    conditions = [{}, {"stage": "growth", "sort": "name"}, {"q": "智能"}, {"cursor": "last"}]
    firms = zone.make_firms(60)
    published(year=2022, firms=firms[:15])
    few = [queries(**one) for one in conditions]
    published(year=2023, firms=firms)
    published(year=2024, firms=firms)
    many = [queries(**one) for one in conditions]
    assert max(many) <= 7
    assert many == few


@pytest.mark.parametrize(
    "bad",
    [
        {"stage": "giant"}, {"park": "moon"}, {"cluster": "'"}, {"sort": "total"}, {"sort": "--rank"}, {"q": "长" * 65},
        {"cursor": "x"}, {"cursor": "a1"}, {"cursor": "a1.1; drop"}, {"cursor": "a٣.٣"}, {"cursor": "a9999999999.1"},
    ],
)  # fmt: skip
def test_what_no_page_offers_is_refused_with_its_place(bad):
    published(5)
    with pytest.raises(Refusal) as refused:
        ranking_page(PUBLIC, **bad)
    assert refused.value.status == 400
    assert refused.value.place


@pytest.mark.parametrize("cursor", ["a999999999.0", "b0.5", "b1.0", "a40.999999999", "b999999999.999999999"])
def test_a_cursor_beyond_the_ends_shows_what_there_is(cursor):
    published()
    page = ranking_page(PUBLIC, cursor=cursor, size=7)
    assert page.count == 40
    assert page.last is None or page.last <= 40


def test_the_public_sees_published_periods_and_the_office_trials_too(people):
    first = published(year=2022)
    trial = zone.make_period(firms=list(Firm.objects.all()), year=2023)
    run = rescore(trial, by=None).run
    assert [p.year_id for p in ranking_page(PUBLIC).periods] == [2022]
    assert ranking_page(PUBLIC).period == first
    with pytest.raises(EvaluationPeriod.DoesNotExist):
        ranking_page(PUBLIC, period=2023)
    for role in ("office", "leader", "department"):
        page = ranking_page(people[role], period=2023)
        assert (page.run_id, page.published, len(page.rows)) == (run.pk, False, 40)
        assert ranking_page(people[role]).period == first
    for role in ("firm", "bank", "system", "security", "audit"):
        with pytest.raises(EvaluationPeriod.DoesNotExist):
            ranking_page(people[role], period=2023)


def test_a_published_period_shows_its_published_run_to_the_office_too(people):
    period = published()
    shown_run = ranking_page(people["office"]).run_id
    Firm.objects.filter(pk=Firm.objects.first().pk).update(name="新名称有限公司")
    rescore(period, by=None)
    assert ranking_page(people["office"]).run_id == shown_run


def test_nothing_published_is_an_empty_page_not_an_error():
    assert ranking_page(PUBLIC).period is None
    zone.make_period(3)
    assert ranking_page(PUBLIC).rows == []


def test_an_excluded_firm_is_nowhere_on_public_pages():
    firms = zone.make_firms(8)
    RegisterEntry.objects.create(
        firm=firms[3], kind="listing", category="serious_dishonesty", title="失信", starts_on="2022-05-01"
    )
    published(firms=firms)
    page = ranking_page(PUBLIC, size=100)
    assert firms[3].credit_code not in {row.credit_code for row in page.rows}
    assert page.count == 7
    assert ranking_page(PUBLIC, q=firms[3].credit_code).rows == []
    assert ranking_page(PUBLIC, sort="-innovation", cursor="last").count == 7


def test_movement_is_places_gained_since_the_period_before():
    firms = zone.make_firms(12)
    published(year=2021, firms=firms[:11])
    published(year=2022, firms=firms)
    before = {row.firm_id: row.rank for row in ranking_page(PUBLIC, period=2021, size=100).rows}
    page = ranking_page(PUBLIC, period=2022, size=100)
    assert page.previous_period.year_id == 2021
    for row in page.rows:
        assert row.movement == (before[row.firm_id] - row.rank if row.firm_id in before else None)
    assert [row.movement for row in ranking_page(PUBLIC, period=2021).rows] == [None] * 11


def test_an_export_reads_every_row_of_one_run_even_if_another_is_published_meanwhile():
    period = published()
    head, chunks = ranking_chunks(PUBLIC, size=9, sort="innovation", park="east")
    Firm.objects.filter(pk=Firm.objects.first().pk).update(name="新名称有限公司")
    rows = list(next(chunks))
    publish(period, rescore(period, by=None).run, by=None)
    for chunk in chunks:
        rows.extend(chunk)
    assert len(rows) == head.count == 20
    assert "新名称有限公司" not in {row.name for row in rows}
