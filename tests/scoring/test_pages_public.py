"""Overview, ranking and method as the public gets them."""

import datetime as dt
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from firms.models import FactSheet, Firm
from scoring.engine import parse_scheme
from scoring.models import EvaluationPeriod, Score
from scoring.presenters.formatting import typeset
from scoring.presenters.method import described
from scoring.services import open_period, publish, rescore
from scoring.views import caching
from tests.factories import FirmFactory
from tests.scoring import zone
from tests.scoring.pages import body, main, published, text

pytestmark = pytest.mark.django_db
PUBLIC = ["scoring:overview", "scoring:rankings", "scoring:method"]
HOSTILE = "<script>alert(1)</script>\"'&{{7*7}}</script>有限公司"


@pytest.fixture(autouse=True)
def nothing_kept():
    caching.pages.clear()
    yield
    caching.pages.clear()


@pytest.mark.parametrize("name", PUBLIC)
def test_before_anything_is_published_a_page_says_what_will_stand_there(client, name):
    response = client.get(reverse(name))
    assert response.status_code == 200
    assert "还没有" in text(response)


@pytest.mark.parametrize("name", PUBLIC)
def test_public_pages_hold_nothing_of_one_visitor(client, name):
    published()
    response = client.get(reverse(name))
    assert response.status_code == 200
    assert not response.cookies
    assert "csrf" not in body(response).lower()


@pytest.mark.parametrize("name", PUBLIC)
def test_no_page_has_inline_scripts_or_styles(client, name):
    published()
    html = body(client.get(reverse(name)))
    assert not re.search(r"<script(?![^>]*(?:\bsrc=|application/json))", html)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", html)


@pytest.mark.parametrize("name", PUBLIC)
def test_no_english_word_leaks(client, name):
    published()
    words = set(re.findall(r"[A-Za-z_]{3,}", text(client.get(reverse(name)))))
    digest = zone.scheme().sha256
    codes = set(Score.objects.values_list("credit_code", flat=True))
    assert words - {"PCT", "main", "east"} - set(re.findall(r"[A-Za-z_]{3,}", digest + " ".join(codes))) == set()


@pytest.mark.parametrize("name", PUBLIC)
def test_the_number_of_queries_does_not_grow_with_the_zone(client, name):
    few_firms = zone.make_firms(6)
    for year in (2020, 2021):
        published(firms=few_firms, year=year)
    few = queries(client, reverse(name))
    many_firms = zone.make_firms(60)
    for year in (2022, 2023):
        published(firms=many_firms, year=year)
    assert queries(client, reverse(name)) == few


def queries(client, url):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_an_unpublished_period_is_on_no_public_page(client):
    firms = zone.make_firms(12)
    published(firms=firms, year=2022)
    rescore(zone.make_period(year=2023, firms=firms), by=None)
    for name in PUBLIC:
        assert "2023" not in text(client.get(reverse(name)))
    assert client.get(reverse("scoring:rankings"), {"year": 2023}).status_code == 404
    assert "2022年度" in text(client.get(reverse("scoring:overview"), {"year": 2023}))


def test_a_hostile_name_stays_text_everywhere(client):
    firms = [FirmFactory(name=HOSTILE, registered_on=dt.date(2012, 1, 1)), *zone.make_firms(3)]
    published(firms=firms)
    for url in (
        reverse("scoring:overview"),
        reverse("scoring:rankings"),
        reverse("scoring:rankings") + "?q=" + "%3Cscript%3Ealert(1)",
        reverse("scoring:profile", args=[firms[0].credit_code]),
    ):
        html = body(client.get(url))
        assert "<script>alert" not in html
        assert "alert(1)" in html


def test_the_overview_counts_what_the_run_counted(client):
    period = published(14)
    response = client.get(reverse("scoring:overview"))
    figures = {figure.label: figure for figure in response.context["page"].figures}
    assert figures["参评企业"].value == str(period.published_run.ranked)
    spent = sum(
        sheet.values["rd_expense"]
        for sheet in FactSheet.objects.filter(firm__scores__run=period.published_run, firm__scores__status="scored")
    )
    assert figures["研发费用"].value == f"{spent / 1e4:.2f}"
    chart = response.context["page"].charts["distribution"]
    assert sum(sum(series["data"]) for series in chart.spec["series"]) == period.published_run.ranked


def test_what_nobody_stated_is_a_dash_and_a_stated_zero_a_zero(client):
    firms = zone.make_firms(6)
    zone.facts(firms, 2022, tech_contract_value=0)
    period = open_period(2022, zone.scheme(), by=None)
    publish(period, rescore(period, by=None).run, by=None)
    figures = {item.label: item for item in client.get(reverse("scoring:overview")).context["page"].figures}
    assert (figures["发明专利授权"].value, figures["发明专利授权"].unit) == ("—", "")
    assert (figures["技术合同成交额"].value, figures["技术合同成交额"].unit) == ("0.00", "亿元")
    assert "发明专利申请与授权" not in figures


def test_no_research_known_is_no_intensity_of_zero(client):
    firms = zone.make_firms(6)
    zone.facts(firms, 2022, rd_expense=None)
    period = open_period(2022, zone.scheme(), by=None)
    publish(period, rescore(period, by=None).run, by=None)
    page = client.get(reverse("scoring:overview")).context["page"]
    figures = {item.label: item.value for item in page.figures}
    assert (figures["研发费用"], figures["研发强度"]) == ("—", "—")
    assert page.charts["trend"].spec["series"][0]["data"] == [None]


def test_each_stage_lists_its_best_in_order(client):
    period = published(40)
    for top in client.get(reverse("scoring:overview")).context["page"].tops:
        totals = [score.total for score in top.rows]
        assert totals == sorted(totals, reverse=True)
        assert len(totals) == min(10, top.firms)
    assert period.published_run.ranked == 40


def test_key_figures_show_the_change_on_the_period_before(client):
    firms = zone.make_firms(6)
    published(firms=firms, year=2022)
    zone.facts(firms, 2023, rd_expense=2000.0)
    period = open_period(2023, zone.scheme(), by=None)
    publish(period, rescore(period, by=None).run, by=None)
    page = client.get(reverse("scoring:overview")).context["page"]
    spending = next(figure for figure in page.figures if figure.label == "研发费用")
    assert (spending.value, spending.change, spending.direction) == ("1.20", "+1.18亿元", "up")


# ---- ranking
def test_paging_forwards_reaches_every_firm_once(client):
    published(120)
    url, seen = reverse("scoring:rankings"), []
    while url:
        page = client.get(url).context
        seen += [line.row.credit_code for line in page["table"].lines]
        url = page["table"].next and reverse("scoring:rankings") + page["table"].next
    ranked = Score.objects.ranked().order_by("position").values_list("credit_code", flat=True)
    assert seen == list(ranked)
    assert len(seen) == 120


def test_conditions_stay_in_the_address_and_a_chip_removes_one(client):
    published(40)
    asked = {"year": "2022", "cluster": "equipment", "park": "main", "sort": "innovation", "q": "新乡"}
    table = client.get(reverse("scoring:rankings"), asked).context["table"]
    for link in table.around.stages[1:]:
        assert parse_qs(urlsplit(link.url).query) == {k: [v] for k, v in asked.items()} | {
            "stage": parse_qs(urlsplit(link.url).query)["stage"]
        }
    removed = [set(asked) - set(parse_qs(urlsplit(chip.url).query)) for chip in table.around.chips]
    assert sorted(map(sorted, removed)) == [["cluster"], ["park"], ["q"], ["sort"]]


def test_a_search_nobody_matches_says_what_to_do(client):
    published()
    response = client.get(reverse("scoring:rankings"), {"q": "查无此企业"})
    assert response.status_code == 200
    assert "没有符合条件的企业" in text(response)
    assert "拼音首字母" in text(response)


@pytest.mark.parametrize(
    "asked", [{"stage": "nope"}, {"sort": "total; drop"}, {"cursor": "a1.x"}, {"park": "\u0661"}, {"q": "长" * 65}]
)
def test_a_made_up_condition_is_refused_with_its_reason(client, asked):
    published()
    response = client.get(reverse("scoring:rankings"), asked)
    assert response.status_code == 400
    assert "请从页面上的选项中选择" in text(response) or "请回到第一页" in text(response)


@pytest.mark.parametrize("year", ["", "abc", "２０２２", "99999999999999999999", "-1"])
def test_a_year_that_is_none_shows_the_latest(client, year):
    published()
    assert client.get(reverse("scoring:rankings"), {"year": year}).context["page"].period.year_id == 2022


def test_movement_is_told_against_the_period_before(client):
    firms = zone.make_firms(10)
    published(firms=firms, year=2022)
    published(firms=firms[:9], year=2023)
    extra = FirmFactory(name="新乡新来的有限公司", registered_on=dt.date(2012, 1, 1))
    FactSheet.objects.create(firm=extra, year=2023, values={"revenue": 90000.0, "rd_expense": 9e4})
    period = EvaluationPeriod.objects.get(year=2023)
    publish(period, rescore(period, by=None).run, by=None)
    lines = {line.row.credit_code: line for line in client.get(reverse("scoring:rankings")).context["table"].lines}
    assert lines[extra.credit_code].move == "新上榜"
    before = dict(Score.objects.filter(run__period__year=2022).values_list("credit_code", "rank"))
    for line in lines.values():
        if line.direction in ("up", "down"):
            gained = before[line.row.credit_code] - line.row.rank
            assert line.move == str(abs(gained))
            assert (line.direction == "up") == (gained > 0)


def test_export_buttons_are_for_those_who_may(client, as_role):
    published()
    url = reverse("scoring:rankings")
    for role in ("office", "leader", "department"):
        html = unescape(body(as_role(role).get(url, {"stage": "growth"})))
        assert f"{url}export.xlsx?year=2022&stage=growth" in html
        assert f"{url}export.csv?year=2022&stage=growth" in html
    for reader in (client, as_role("firm"), as_role("bank")):
        assert "export." not in body(reader.get(url))


def test_a_trial_run_is_marked_and_only_for_those_who_may_see_it(as_role):
    firms = zone.make_firms(5)
    published(firms=firms)
    rescore(zone.make_period(year=2023, firms=firms), by=None)
    url = reverse("scoring:rankings") + "?year=2023"
    assert "试算，未公布" in text(as_role("office").get(url))
    assert "试算，未公布" in text(as_role("leader").get(url))
    for role in ("firm", "bank", "system", "security", "audit"):
        assert as_role(role).get(url).status_code == 404


# ---- method
def test_the_method_prints_every_indicator_with_its_points_and_rule(client):
    published()
    html = body(client.get(reverse("scoring:method")))
    scheme = parse_scheme(zone.TEXT)
    for item in scheme.indicators:
        row = html[html.index(f'id="i-{item.code.replace(".", "-")}"') :].partition("</tr>")[0]
        assert item.name in row
        assert f'class="num">{item.max_points}</td>' in row
        assert "满分" in row or "得" in row
    assert len(scheme.indicators) == 35


def test_the_method_marks_each_reading_as_ours_and_no_other(client):
    published()
    page = client.get(reverse("scoring:method")).context["method"]
    scheme = parse_scheme(zone.TEXT)
    told = [o for o in scheme.options if o.text]
    ours = sorted({o.reading for o in told if o.basis == "interpretation"})
    assert [line.reading for line in page.readings] == ours  # one point a reading, however many options settle it
    for basis, lines in (("interpretation", page.readings), ("regulation", page.regulations)):
        assert {key for line in lines for key in line.code.split("、")} == {o.key for o in told if o.basis == basis}
    assert all(line.article for line in (*page.readings, *page.regulations))


def test_a_point_of_several_options_says_each_with_the_value_in_force(client):
    published()
    points = {line.reading: line for line in client.get(reverse("scoring:method")).context["method"].readings}
    assert "最低家数为5家。" in points[31].words
    assert all(limit in points[16].words for limit in ("500人", "20,000万元", "资产总额"))
    assert points[16].article == "表3第4行"
    words = "".join(line.words for line in points.values())
    assert "{" not in words
    assert "可改为" not in words


def test_a_scheme_may_say_a_condition_in_its_own_words(client):
    published()
    page = client.get(reverse("scoring:method")).context["method"]
    scheme = parse_scheme(zone.TEXT)
    assert page.eligibility.words == typeset(scheme.eligibility.words)
    own = {item.code: item.words for item in scheme.decays}
    for line in page.decays:
        assert line.words == typeset(own[line.code]) if own[line.code] else line.words
    plain = described("x", re.sub(r"(?m)^words = .*\n", "", zone.TEXT))
    assert plain.eligibility.words != page.eligibility.words
    assert plain.eligibility.words.startswith("（有当年内有效的资质")


def test_levels_are_percentages_and_thresholds_have_two_decimals_at_most(client):
    published()
    page = client.get(reverse("scoring:method")).context["method"]
    lines = {line.code: line for dimension in page.dimensions for line in dimension.indicators}
    for code in ("3.10", "3.11"):
        assert "省级60%" in lines[code].value
        assert "省级60%" in lines[code].rule
    assert "国家级3分、省级2分、市级1分" in page.bonuses[0].words
    assert not any(re.search(r"\d\.\d{3}", line.rule) for line in lines.values())


def test_the_method_of_an_older_period_keeps_its_own_full_marks(client):
    older = published(year=2022)
    firms = list(Firm.objects.all())
    zone.facts(firms, 2023, revenue=90000.0)
    newer = open_period(2023, zone.scheme(), by=None)
    publish(newer, rescore(newer, by=None).run, by=None)
    for year, period in ((2022, older), (2023, newer), (None, newer)):
        page = client.get(reverse("scoring:method"), {"year": year} if year else {})
        assert page.context["full_marks"].period == period.name
        assert page.context["found"].period == period
    assert [item.year_id for item in page.context["found"].periods] == [2023, 2022]
    current = re.search(r'href="\?year=(\d+)" aria-current="page"', body(page))
    assert current[1] == "2023"


def test_every_reading_linked_to_is_on_the_method_page(client):
    published()
    html = body(client.get(reverse("scoring:method")))
    for target in set(re.findall(r'href="#([\w-]+)"', html)):
        assert f'id="{target}"' in html, target


def test_the_method_shows_the_full_marks_of_the_published_run(client):
    period = published(30)
    marks = client.get(reverse("scoring:method")).context["full_marks"]
    rows = {code: texts for code, _name, _unit, texts in marks.rows}
    found = period.published_run.references["1.1"]["growth"]["full"]
    assert rows["1.1"][marks.stages.index("成长期")].rstrip("*").replace(
        ",", ""
    ) == f"{float(found['value']):.2f}".rstrip("0").rstrip(".")


def test_a_page_works_without_the_packages_from_npm(client, settings, tmp_path):
    published()
    settings.BASE_DIR = tmp_path
    html = body(client.get(reverse("scoring:overview")))
    assert "vendor/" not in html
    assert html.count('<details class="fold" open>') == 8  # the tables stand where the charts would


def test_main_part_has_one_heading_of_the_first_order(client):
    published()
    for name in PUBLIC:
        assert main(client.get(reverse(name))).count("<h1") == 1
