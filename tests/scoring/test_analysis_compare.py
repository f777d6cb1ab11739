"""群组对比: two groups side by side, the figures those of the firms themselves, and how many are in both."""

import re
from functools import partial
from html import unescape
from statistics import median

import pytest
from django.http import QueryDict

from firms.models import AuditEntry, FactSheet, Role
from firms.services.catalogue import load_catalogue
from scoring.analysis.query import Condition, Group, Query
from scoring.models import Score
from scoring.presenters.analysis import cohorts
from scoring.presenters.analysis.cohorts import Cohort, Comparison, both, population
from scoring.presenters.analysis.compare import compared
from scoring.services import publish, rescore
from scoring.services.analysis import ask
from tests import analysing
from tests.analysing import question
from tests.scoring import zone
from tests.scoring.pages import body, published, text
from tests.scoring.test_analysis_builder import KINDS
from tests.scoring.test_analysis_pages import form_of
from tests.scoring.test_analysis_pages import press as press_at

pytestmark = pytest.mark.django_db

PAGE = "/analysis/compare/"
FIELDS = ("score.total", "metric.rd_expense")


@pytest.fixture
def office(as_role):
    load_catalogue(by=None)
    published(24)
    firms = [score.firm for score in Score.objects.select_related("firm").order_by("firm_id")]
    later = zone.make_period(firms=firms[:20], year=2023)
    publish(later, rescore(later, by=None).run, by=None)
    return as_role(Role.OFFICE)


def of(*conditions, year=2022, how="all"):
    return Query(periods=(year,), where=Group(how, tuple(Condition(*one) for one in conditions)))


GROWING = ("firm.stage", "in", ("growth",))
EAST = ("firm.park", "in", ("east",))


def pair(a, b, fields=FIELDS, names=("", "")):
    return Comparison(Cohort(a, names[0]), Cohort(b, names[1]), fields)


def show(client, comparison):
    response = client.get(f"{PAGE}?{comparison.address()}")
    assert response.status_code == 200
    return response


def answer(people, comparison):
    return compared(comparison, lambda query: ask(people[Role.OFFICE], query, size=1))[0]


# ---- the figures
def test_both_groups_have_the_figures_of_their_own_firms(office, people):
    found = answer(people, pair(of(GROWING), of(EAST)))
    for side, chosen in (("a", {"stage": "growth"}), ("b", {"park": "east"})):
        scores = Score.objects.filter(run__period__year_id=2022, **chosen)
        assert found.groups[side].matched == scores.count()
        totals = [float(score.total) for score in scores if score.total is not None]
        spent = FactSheet.objects.filter(year=2022, firm__in=scores.values("firm")).values_list("values", flat=True)
        total, expense = found.figures
        assert total.side(side)["median"][0] == pytest.approx(median(totals))
        assert total.side(side)["count"][0] == len(totals)
        assert expense.side(side)["median"][0] == pytest.approx(median(values["rd_expense"] for values in spent))
        assert expense.side(side)["mean"][0] == pytest.approx(sum(v["rd_expense"] for v in spent) / len(spent))
    assert total.difference == pytest.approx(total.a["median"][0] - total.b["median"][0])
    assert total.ratio == pytest.approx(total.a["median"][0] / total.b["median"][0])


def test_the_firms_in_both_are_counted_and_listed(office, people):
    found = answer(people, pair(of(GROWING), of(EAST)))
    expected = Score.objects.filter(run__period__year_id=2022, stage="growth", park="east").count()
    assert expected
    assert found.overlap == expected
    html = body(show(office, pair(of(GROWING), of(EAST))))
    url = unescape(re.search(r'<a href="([^"]+)">\d+家企业</a>同在两组', html)[1])
    assert f"符合 <strong>{expected}</strong> 家" in body(office.get(url))


def test_of_two_periods_the_firms_in_both_are_counted_over_the_years(office, people):
    now = set(Score.objects.filter(run__period__year_id=2023, stage="growth").values_list("firm_id", flat=True))
    then = set(Score.objects.filter(run__period__year_id=2022, park="east").values_list("firm_id", flat=True))
    assert now & then
    assert answer(people, pair(of(GROWING, year=2023), of(EAST))).overlap == len(now & then)
    assert answer(people, pair(of(EAST), of(GROWING, year=2023))).overlap == len(now & then)


def test_who_was_not_there_the_year_before_is_in_no_group_of_that_year(office, people):
    everybody = answer(people, pair(of(year=2023), of()))
    assert (everybody.groups["a"].matched, everybody.groups["b"].matched, everybody.overlap) == (20, 24, 20)
    nobody = ("score.total", "gt", 1e9)
    none_of = answer(people, pair(of(year=2023), of(nobody, how="none")))
    assert none_of.overlap == 20


@pytest.mark.parametrize("condition", [("firm.name", "contains", "新乡"), ("score.total", "top", (3, "firms"))])
def test_what_cannot_be_asked_from_another_period_is_said_so(office, people, condition):
    comparison = pair(of(year=2023), of(condition))
    assert answer(people, comparison).overlap is None
    assert "不能核对有多少企业同在两组" in text(show(office, comparison))
    assert both(of(), of(condition), 0, KINDS) is not None  # of one period it can


def test_an_empty_group_is_told_and_compared_with_dashes(office):
    words = text(show(office, pair(of(("score.total", "gt", 1e6)), of())))
    assert "没有符合条件的企业，请放宽这一组的条件" in words
    assert "没有企业同在两组" in words


def test_each_figure_leads_to_the_firms_behind_it(office):
    html = body(show(office, pair(of(GROWING), of(EAST))))
    table = html[html.index("table-result") :]
    links = re.findall(r'<td class="num"><a href="([^"]+)">(\d+)</a></td>', table)
    assert len(links) == 4  # two fields, known in two groups
    for url, count in links:
        assert f"符合 <strong>{count}</strong> 家" in body(office.get(unescape(url)))


def test_the_chart_takes_the_second_group_as_a_hundred(office):
    html = body(show(office, pair(of(GROWING), of(EAST), names=("成长", "东区"))))
    assert "成长与东区的中位数（以东区为100）" in html
    assert re.search(r'"name": "\\u4e1c\\u533a", "data": \[100, 100\]', html)


# ---- putting it together
press = partial(press_at, page=PAGE)


def test_examples_run(office):
    html = body(office.get(PAGE))
    links = re.findall(r'<li><a href="(\?a=[^"]+)"', html)
    assert len(links) == 3
    for link in links:
        assert "逐项对比" in text(office.get(PAGE + unescape(link)))


def test_two_groups_are_put_together_by_buttons_alone(office):
    form = form_of(office.get(PAGE))
    page = office.get(press(office, form, "add:b")["Location"])
    form = form_of(page)
    form["b.0.field"], form["name_b"] = "firm.park", "东区"
    page = office.get(press(office, form, "refresh")["Location"])
    form = form_of(page)
    form.setlist("b.0.value", ["east"])
    answer = office.get(press(office, form, "ask")["Location"])
    assert "园区为园区east" in text(answer)
    assert "东区" in text(answer)
    swapped = form_of(office.get(press(office, form_of(answer), "swap")["Location"]))
    assert swapped["name_a"] == "东区"
    assert swapped.getlist("a.0.value") == ["east"]


def test_a_form_says_the_same_comparison_again(office):
    comparison = pair(
        of(GROWING, EAST, how="any"), of(("score.total", "between", (1, 50)), year=2023), names=("甲", "乙")
    )
    said, _trees = cohorts.of_form(
        form_of(show(office, comparison)), {"firm.stage": "choice", "firm.park": "choice", "score.total": "number"}
    )
    assert said == comparison
    assert cohorts.of_address(QueryDict(said.address())) == said


def test_a_saved_view_takes_the_place_of_a_group(office, people):
    view = analysing.saved(people[Role.OFFICE], "成长期企业")
    form = form_of(office.get(PAGE))
    form["view_b"] = str(view.pk)
    response = press(office, form, "load:b", **{"HX-Request": "true"})
    assert form_of(response)["name_b"] == "成长期企业"
    assert form_of(response).getlist("b.0.value") == ["growth"]


def test_a_list_is_taken_along_with_the_cell_it_was_opened_from():
    opened = question(
        GROWING, periods=(2023, 2022), within=(Condition("firm.park", "in", ("east",)),), sort=(("score.total", "asc"),)
    )
    assert population(opened) == Query(
        periods=(2023,),
        where=Group("all", (Condition("firm.park", "in", ("east",)), Group("all", (Condition(*GROWING),)))),
    )


def test_both_groups_of_an_address_are_of_the_same_runs():
    """Else who is in both would be asked of runs that one of them is not of."""
    mixed = pair(of(GROWING).but(trial=True), of(EAST))
    found = cohorts.of_address(QueryDict(mixed.address()))
    assert (found.a.query.trial, found.b.query.trial) == (True, True)


@pytest.mark.parametrize("query", ["a=x&b=y", "a=&b=", "a=1&b=2&f=nope&f=firm.name", "f=a&f=b", "a=1eyJ"])
def test_a_broken_address_is_told_and_nothing_breaks(office, query):
    response = office.get(f"{PAGE}?{query}")
    assert response.status_code == 200


def test_a_department_compares_no_figures_of_others(office, as_role):
    response = as_role(Role.DEPARTMENT).get(f"{PAGE}?{pair(of(), of(EAST), fields=('metric.rd_expense',)).address()}")
    assert "您无权查看" in text(response)
    assert "逐项对比" not in text(response)


def test_the_file_holds_what_the_page_shows(office, people):
    comparison = pair(of(GROWING), of(EAST), names=("成长", "东区"))
    found = answer(people, comparison)
    response = office.get(f"{PAGE}export.csv?{comparison.address()}")
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert any(line.startswith('"成长：') and "企业类型为成长期" in line for line in lines)
    assert any(f"同在两组的企业：{found.overlap}家" in line for line in lines)
    head = next(i for i, line in enumerate(lines) if line.startswith('"数据项'))
    assert len(lines) - head - 1 == len(FIELDS)
    assert str(round(found.figures[0].a["median"][0], 4)) in lines[head + 1]
    assert AuditEntry.objects.filter(action="analysis.compare_export").count() == 1
