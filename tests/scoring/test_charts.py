"""A chart's table: as a file it is what stands on the page, and nothing in it runs."""

import base64
import csv
import io
import json
import re
from html import unescape

import pytest
from django.template.loader import render_to_string
from django.urls import reverse

from scoring.presenters.charts import Chart
from scoring.presenters.overview import Chart as FromOverview
from scoring.templatetags.charts import chart_csv
from tests.scoring.pages import body, published


def chart(rows, **rest):
    spec = {"kind": "rows", "unit": "家", "labels": [], "series": []}
    return Chart("some", "某图", spec, ["年度", "得分（分）"], rows, **rest)


def file_of(address):
    head, _, content = address.partition(",")
    assert head == "data:text/csv;charset=utf-8;base64"
    raw = base64.b64decode(content)
    assert raw.startswith(b"\xef\xbb\xbf")  # Excel reads it as UTF-8
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))


def test_numbers_are_plain_and_a_dash_is_an_empty_cell():
    rows = file_of(chart_csv(chart([["2022年", "1,234.50"], ["2023年", "−0.5"], ["甲", "+1,000"], ["乙", "—"]])))
    assert rows == [["年度", "得分（分）"], ["2022年", "1234.50"], ["2023年", "-0.5"], ["甲", "1000"], ["乙", ""]]


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", "＝1+1", "\t=1", '=A1,"x"'])
def test_nothing_in_the_file_runs(text):
    (_head, (name, _value)) = file_of(chart_csv(chart([[text, "1"]])))
    assert name.startswith("'")


def test_a_hostile_label_stays_text_in_picture_table_and_file():
    hostile = "</script><script>alert(1)</script>\"'"
    html = render_to_string("public/_chart.html", {"chart": chart([[hostile, "1"]], note=hostile)})
    assert "<script>alert" not in html
    assert file_of(unescape(re.search(r'href="(data:[^"]+)"', html)[1]))[1] == [hostile, "1"]


def test_a_cell_with_a_link_leads_to_its_firms():
    html = render_to_string("public/_chart.html", {"chart": chart([["甲", "3"]], links={(0, 1): "/rankings/?x=1&y=2"})})
    assert '<td class="num"><a href="/rankings/?x=1&amp;y=2">3</a></td>' in html
    assert '<th scope="row">甲</th>' in html


def test_the_old_place_still_gives_the_chart():
    assert FromOverview is Chart


@pytest.mark.django_db
def test_every_chart_of_a_page_has_its_values_its_table_its_file_and_its_button(client):
    published(14)
    response = client.get(reverse("scoring:overview"))
    html, charts = body(response), response.context["page"].charts
    assert len(charts) >= 6
    for item in charts.values():
        spec = re.search(rf'<script id="{item.data_id}" type="application/json">(.*?)</script>', html)
        assert json.loads(spec[1]) == item.spec
        assert re.search(rf'data-picture="{item.data_id}"[^>]* hidden>', html)  # until there is a picture
        assert f'download="{item.title}.csv"' in html
    heads = [file_of(unescape(address))[0] for address in re.findall(r'href="(data:text/csv[^"]+)"', html)]
    assert sorted(heads) == sorted(item.head for item in charts.values())
