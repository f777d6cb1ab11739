"""The pages of 多维检索: asked by address, by clicking, from a saved view; each figure leads to the firms behind it."""

import json
import re
from collections import Counter
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from firms.models import AuditEntry, Role
from firms.services.catalogue import load_catalogue
from scoring.analysis.query import Condition, Group, Measure, Query
from scoring.models import Score
from scoring.presenters.analysis.examples import examples
from scoring.services import rescore
from scoring.services.analysis import ask
from tests.analysing import by_stage, question
from tests.scoring import zone
from tests.scoring.pages import body, published, text
from tests.scoring.test_analysis_builder import FormReader

pytestmark = pytest.mark.django_db

PAGE = "/analysis/"


@pytest.fixture
def office(as_role):
    load_catalogue(by=None)
    published(12)
    return as_role(Role.OFFICE)


def show(client, query, **more):
    response = client.get(PAGE, {"q": query.address(), **more})
    assert response.status_code == 200, text(response)[-400:]
    return response


def rows(response):
    """The firms a list shows."""
    return re.findall(r'<th scope="row" class="stay"><a href="/files/\w+/">([^<]+)</a>', body(response))


def form_of(response):
    reader = FormReader()
    html = body(response)
    start = html.index('<form id="builder"')
    reader.feed(html[start : html.index("</form>", start)])
    return reader.sent


def press(client, sent, deed, page=PAGE, **headers):
    data = sent.copy()
    data["do"] = deed
    return client.post(
        f"{page}edit/", data.urlencode(), content_type="application/x-www-form-urlencoded", headers=headers
    )


# ---- asking
def test_the_empty_page_says_what_to_do_and_its_examples_run(office):
    response = office.get(PAGE)
    assert "从这些问题开始" in text(response)
    links = re.findall(r'href="(\?q=[\w-]+)"', body(response))
    assert len(links) == 5  # of one period: nothing to compare with yet
    for link in links:
        answer = office.get(PAGE + link)
        assert "需要更正" not in text(answer), link
        assert 'id="result"' in body(answer), link


def test_before_anything_was_computed_the_page_says_so(as_role):
    response = as_role(Role.OFFICE).get(PAGE)
    assert "还没有可以检索的评价期" in text(response)
    assert office_export(as_role(Role.OFFICE)).status_code == 400


def office_export(client):
    return client.get(f"{PAGE}export.csv")


def test_a_list_shows_exactly_the_firms_that_meet_the_conditions(office):
    query = question(("firm.stage", "in", ("growth",)), ("score.total", "ge", 1))
    response = show(office, query)
    expected = set(Score.objects.filter(stage="growth", total__gte=1).values_list("name", flat=True))
    assert expected
    assert set(rows(response)) == expected
    assert f"符合 <strong>{len(expected)}</strong> 家，共 12 家" in body(response)
    assert "最终得分不小于1" in text(response)


def test_an_empty_answer_says_which_condition_leaves_nobody(office):
    query = question(("firm.stage", "in", ("growth",)), ("score.total", "gt", 100000), ("firm.park", "in", ("main",)))
    words = text(show(office, query))
    assert "加上“最终得分大于100,000分”之后没有企业" in words
    growth = Score.objects.filter(stage="growth").count()
    assert growth
    assert f"企业类型为成长期 {growth} " in words


def test_a_trial_is_called_one(office):
    period = zone.make_period(firms=[score.firm for score in Score.objects.select_related("firm")], year=2023)
    rescore(period, by=None)
    words = text(show(office, question(periods=(2023, 2022))))
    assert "第1次计算，试算，未公布" in words
    assert "第1次计算，已公布" in words


def test_what_is_wrong_stands_at_its_row_with_what_was_typed(office):
    query = Query(where=Group("all", (Condition("score.total", "ge", "很多"),)))
    response = show(office, query)
    html = body(response)
    assert 'value="很多"' in html
    assert "有 1 处需要更正" in text(response)
    assert html.index('id="w-0-v"') < html.index('id="w-0-e"')
    assert 'id="result"' not in html


@pytest.mark.parametrize("q", ["x", "1", "1%%%", "1" + "A" * 9000, "2abc", "1eyJ"])
def test_an_address_cut_short_is_told_and_nothing_breaks(office, q):
    response = office.get(PAGE, {"q": q})
    assert response.status_code == 200
    assert "需要更正" in text(response)


@pytest.mark.parametrize("extra", [{"page": "x"}, {"page": "999"}, {"chart": "99"}, {"page": "-1"}])
def test_pages_that_are_not_there_show_one_that_is(office, extra):
    assert rows(show(office, question(), **extra))


def test_pages_keep_the_question(office, monkeypatch):
    monkeypatch.setattr("scoring.services.analysis.asking.SIZE", 5)
    monkeypatch.setattr(ask, "__kwdefaults__", {"page": 1, "size": 5})
    query = question(sort=(("score.total", "desc"),))
    seen = []
    url = f"{PAGE}?q={query.address()}"
    while url:
        response = office.get(url)
        seen += rows(response)
        found = re.search(r'href="([^"]+)" rel="next"|rel="next" href="([^"]+)"', body(response))
        url = (found[1] or found[2]).replace("&amp;", "&") if found else ""
    assert sorted(seen) == sorted(Score.objects.values_list("name", flat=True))


def test_heads_sort_and_turn_round(office):
    response = show(office, question(columns=("score.total",)))
    href = re.search(r'<a class="sort" href="([^"]+)">最终得分 ', body(response))[1]
    first = rows(office.get(href.replace("&amp;", "&")))
    response = office.get(href.replace("&amp;", "&"))
    assert 'aria-sort="descending"' in body(response)
    again = re.search(r'<a class="sort" href="([^"]+)">最终得分 ', body(response))[1]
    totals = dict(Score.objects.values_list("name", "total"))
    known = [totals[name] for name in first if totals[name] is not None]
    assert known == sorted(known, reverse=True)
    turned = [totals[name] for name in rows(office.get(again.replace("&amp;", "&"))) if totals[name] is not None]
    assert turned == sorted(known)


# ---- tables
def links(response):
    """(figure, address) of every figure of the result's tables that leads somewhere."""
    html = body(response)
    tables = html[html.index('id="result"') :]
    tables = tables[tables.index("table-result") :]
    return [
        (figure, url.replace("&amp;", "&"))
        for url, figure in re.findall(r'<td class="num"><a href="([^"]+)">([^<]+)</a></td>', tables)
    ]


def test_every_count_of_a_table_leads_to_that_many_firms(office):
    query = Query(rows="firm.stage", measures=(Measure("", "count"),))
    found = links(show(office, query))
    assert len(found) >= 4  # three stages and the total
    for figure, url in found:
        assert len(rows(office.get(url, follow=True))) == int(figure)


def test_a_pivot_shows_each_period_and_its_totals_are_the_lists(office):
    firms = [score.firm for score in Score.objects.select_related("firm")]
    rescore(zone.make_period(firms=firms, year=2023), by=None)
    query = Query(periods=(2023, 2022), rows="firm.cluster", across="firm.stage", measures=(Measure("", "count"),))
    response = show(office, query)
    assert "table-pivot" in body(response)
    found = links(response)
    assert sum(figure == "12" for figure, _url in found) == 2  # the whole zone, each period
    for figure, url in found:
        assert len(rows(office.get(url, follow=True))) == int(figure)


def test_a_list_opened_from_a_cell_says_so_and_can_leave_it(office):
    _figure, url = links(show(office, Query(rows="firm.stage", measures=(Measure("", "count"),))))[0]
    response = office.get(url, follow=True)
    assert "从统计表的一格打开" in text(response)
    gone = press(office, form_of(response), "drop:within:0")
    query = Query.from_address(parse_qs(urlsplit(gone["Location"]).query)["q"][0])
    assert query.within == ()


@pytest.mark.parametrize(
    "cell", ["", "2022", "2022~growth", "x~y~z", "2022~b9~*", "9999~*~*", "2022~*~*~*", "２０２２~a~b"]
)
def test_a_cell_that_is_none_breaks_nothing(office, cell):
    for query in (Query(rows="score.total", bands=(("score.total", (10, 20)),)), question()):
        assert office.get(PAGE, {"q": query.address(), "cell": cell}, follow=True).status_code == 200


def test_groups_are_sorted_by_a_measure_and_turned_round(office):
    query = by_stage()
    for turn in ("descending", "ascending"):
        html = body(show(office, query))
        query = Query.from_address(re.search(r'\?q=([\w-]+)">最终得分中位数 ', html)[1])
        html = body(show(office, query))
        assert f'aria-sort="{turn}"' in html
        table = html[html.index("table-result") :]
        medians = [
            float(figure) for figure in re.findall(r'\d</a></td><td class="num"><a href="[^"]+">([\d.]+)<', table)
        ]
        assert len(medians) >= 4
        assert medians[:-1] == sorted(medians[:-1], reverse=turn == "descending")  # the total stays last
    listed = press(office, form_of(show(office, query)), "shape:list")
    assert "需要更正" not in text(office.get(listed["Location"]))


def test_the_chart_holds_the_figures_of_the_table(office):
    response = show(office, by_stage(), chart="0")
    spec = json.loads(re.search(r'<script id="chart-result" type="application/json">(.+?)</script>', body(response))[1])
    assert spec["kind"] == "columns"
    counts = Counter(Score.objects.values_list("stage", flat=True))
    names = {"初创期": "startup", "成长期": "growth", "扩张期": "expansion", "成熟期": "mature"}
    assert dict(zip(spec["labels"], spec["series"][0]["data"], strict=True)) == {
        name: counts[code] for name, code in names.items() if counts[code]
    }
    assert "chart=1" in body(response)


@pytest.mark.parametrize(
    ("look", "kind"), [("rows", "rows"), ("stacked", "columns"), ("<b>", "columns"), ("trend", "columns")]
)
def test_the_chart_is_drawn_as_one_likes_where_that_makes_sense(office, look, kind):
    html = body(show(office, by_stage(), look=look))
    assert f'"kind": "{kind}"' in html
    assert set(re.findall(r"chart=0&amp;look=(\w+)\"", html)) == {"columns", "rows"}


# ---- clicking, without scripts
def test_a_question_is_put_together_by_buttons_alone(office):
    form = form_of(office.get(PAGE))
    response = press(office, form, "add:w")
    assert response.status_code == 302
    assert response["Location"].endswith("#w-0")
    page = office.get(response["Location"])
    assert "需要更正" not in text(page)  # a row just added is not wrong yet
    form = form_of(page)
    form["w.0.field"] = "score.total"
    page = office.get(press(office, form, "refresh")["Location"])
    form = form_of(page)
    assert form["w.0.op"] == "ge"
    form["w.0.value"] = "１"
    answer = office.get(press(office, form, "ask")["Location"])
    assert "最终得分不小于1分" in text(answer)
    assert rows(answer)


def test_an_unfinished_row_is_told_once_it_is_asked(office):
    page = office.get(press(office, form_of(office.get(PAGE)), "add:w")["Location"])
    answer = office.get(press(office, form_of(page), "ask")["Location"])
    assert "请选择数据项，或删除这个条件" in text(answer)


def test_htmx_gets_the_builder_alone_and_the_address_follows(office):
    form = form_of(office.get(PAGE))
    response = press(office, form, "group:w", **{"HX-Request": "true"})
    html = body(response)
    assert html.lstrip().startswith("<form")
    assert "autofocus" in html
    kept = Query.from_address(parse_qs(urlsplit(response["HX-Replace-Url"]).query)["q"][0])
    assert kept.where.children[0].how == "any"
    response = press(office, form, "ask", **{"HX-Request": "true"})
    assert response.status_code == 204
    assert urlsplit(response["HX-Redirect"]).path == PAGE


def test_a_list_too_long_for_an_address_is_told_and_kept_on_the_page(office):
    form = form_of(office.get(PAGE))
    form["w.0.field"], form["w.0.op"] = "firm.credit_code", "in"
    form["w.0.value"] = "\n".join(f"{n * 7919 % 10**9:09d}{n * 104729 % 10**9:09d}" for n in range(480))
    response = press(office, form, "ask")
    assert response.status_code == 200
    assert "地址放不下" in text(response)
    assert form["w.0.value"].split()[0] in body(response)
    assert body(response).lstrip().startswith("<!doctype html>")
    assert body(press(office, form, "add:w", **{"HX-Request": "true"})).lstrip().startswith("<form")


def test_bands_can_be_set_at_the_quartiles(office):
    form = form_of(show(office, Query(rows="score.total", bands=(("score.total", (1, 2)),), measures=(Measure(),))))
    assert form["bands.rows"] == "1，2"
    page = office.get(press(office, form, "quartiles:rows")["Location"])
    edges = [float(edge) for edge in form_of(page)["bands.rows"].split("，")]
    totals = [float(total) for total in Score.objects.exclude(total=None).values_list("total", flat=True)]
    expected = sorted({float(f"{x:.2g}") for x in np.quantile(totals, [0.25, 0.5, 0.75])})
    assert edges == expected
    for deed in ("quartiles:", "quartiles:x", "quartiles:across"):
        assert press(office, form, deed).status_code == 302


def test_a_page_asks_as_often_for_many_firms_and_rows_as_for_few(as_role):
    load_catalogue(by=None)
    client, counts = as_role(Role.OFFICE), []
    for year, firms in ((2021, 3), (2022, 24)):
        published(firms, year)
        queries = [
            question(periods=(year,)),
            by_stage(periods=(year,)),
            question(("score.total", "ge", 1e9), periods=(year,)),
        ]
        for query in queries:
            show(client, query)  # what is made once is made now
        for query in queries:
            with CaptureQueriesContext(connection) as asked:
                show(client, query)
            counts.append(len(asked))
    assert counts[:3] == counts[3:]


def test_names_are_words_whatever_they_hold(office):
    Score.objects.filter(pk=Score.objects.first().pk).update(name='<b>甲</b>"&lt;')
    html = body(show(office, question()))
    assert "&lt;b&gt;甲&lt;/b&gt;&quot;&amp;lt;</a>" in html


@pytest.mark.parametrize("nowhere", ["²", "9" * 5000, "-1"])
def test_a_place_that_is_none_breaks_nothing_and_changes_nothing(office, nowhere):
    """int() reads neither ² nor five thousand digits, though both are digits to Python."""
    data = {"w.how": "all", "w.0.field": "firm.stage", "w.0.op": "in", "w.0.value": "growth", "pick": "firm.stage"}
    for deed in (
        f"remove:w.{nowhere}",
        f"up:w.{nowhere}",
        f"add:w.{nowhere}",
        f"drop:columns:{nowhere}",
        f"drop:sort:{nowhere}",
    ):
        html = body(office.post(f"{PAGE}edit/", data | {"do": deed}, headers={"HX-Request": "true"}))
        assert html.count('name="w.0.field"') == 1, deed
        assert 'name="column" value="firm.stage"' in html, deed
    for name in (f"w.{nowhere}.field", "w.0.back"):
        assert office.post(f"{PAGE}edit/", data | {"do": "ask", name: nowhere}).status_code < 500
    sorted_by = question(rows="firm.stage", measures=(Measure("", "count"),), sort=((f"measure.{nowhere}", "asc"),))
    show(office, sorted_by)


def test_nonsense_posted_breaks_nothing(office):
    for data in ("", "do=ask", "w.how=x&w.0.field=nope&w.0.op=eq&w.0.value=%00", "periods=99999999999999999999&do=ask",
                 "within=%5B%5D&within=x&within=%7B%7D&do=ask", "sort=a&way=b&measure=c&statistic=d&rows=e&bands.rows=1"):  # fmt: skip
        response = office.post(f"{PAGE}edit/", data, content_type="application/x-www-form-urlencoded", follow=True)
        assert response.status_code == 200, data


# ---- files
def test_the_file_holds_what_the_page_shows(office):
    query = question(("firm.stage", "in", ("growth",)), columns=("score.total",))
    shown = rows(show(office, query))
    response = office.get(f"{PAGE}export.csv", {"q": query.address()})
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert any("企业类型为成长期" in line for line in lines[:6])
    head = next(i for i, line in enumerate(lines) if "企业名称" in line)
    assert [line.split(",")[1].strip('"') for line in lines[head + 1 :]] == shown
    assert AuditEntry.objects.filter(action="analysis.export").count() == 1


def test_a_department_is_offered_its_own_figures_and_all_points(office, as_role):
    html = body(as_role(Role.DEPARTMENT).get(PAGE))
    assert 'value="score.total"' in html
    assert 'value="metric.revenue"' not in html
    assert 'value="metric.revenue"' in body(office.get(PAGE))


def test_examples_offer_only_what_may_be_asked():
    assert examples({"firm.cluster", "score.total"}, [2022, 2021])[0].query.periods == (2022, 2021)
    assert examples({"firm.name"}, [2022]) == []
    assert examples({"firm.cluster", "score.total"}, []) == []


def test_the_query_string_of_a_form_is_what_a_browser_sends():
    """The reader of forms these tests use, against a form known by heart."""
    reader = FormReader()
    reader.feed(
        "<input name=a value=1><input type=checkbox name=b value=2><select name=c><option value=x><option value=y selected></select>"
    )
    assert reader.sent == QueryDict("a=1&c=y")
