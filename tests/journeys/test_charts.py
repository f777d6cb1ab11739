"""Charts as a reader has them: drawn, zoomed, taken away as picture and table, on paper, and without any script."""

import csv
import json
from pathlib import Path

from playwright.sync_api import expect

PNG = b"\x89PNG\r\n\x1a\n"
DRAWN = ".chart[data-drawn]"


def taken(page, link) -> tuple[str, bytes]:
    with page.expect_download() as waiting:
        link.click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def drawn(page) -> int:
    """Wait until every chart of the page is; how many there are."""
    expect(page.locator(".chart:not([data-drawn])")).to_have_count(0)
    return page.locator(DRAWN).count()


def test_every_chart_is_drawn_and_its_table_folds_away_only_then(visit):
    page = visit().open("/")
    assert drawn(page) == page.locator("details.fold").count() == 8
    assert page.locator("details.fold[open]").count() == 0


def test_the_picture_and_the_table_can_be_taken_away(visit):
    page = visit().open("/")
    drawn(page)
    name, picture = taken(page, page.get_by_role("button", name="下载图片：研发投入"))
    assert name == "研发投入.png"
    assert picture.startswith(PNG)
    assert int.from_bytes(picture[16:20]) > 800  # pixels across
    name, table = taken(page, page.get_by_role("link", name="下载数据：研发投入"))
    assert name == "研发投入.csv"
    rows = list(csv.reader(table.decode("utf-8-sig").splitlines()))
    shown = page.locator("#trend table tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )
    assert rows == shown


def test_without_scripts_the_tables_stand_and_the_file_is_there(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.url)
    assert page.locator("details.fold[open]").count() == 8
    assert page.locator("#trend table").is_visible()
    assert not page.locator(".chart").first.is_visible()
    assert not page.locator("[data-picture]").first.is_visible()
    name, table = taken(page, page.locator("#trend a[download]"))
    assert name == "研发投入.csv"
    assert table.startswith(b"\xef\xbb\xbf")
    context.close()


def test_without_the_library_the_tables_stand_open(visit):
    visitor = visit()
    visitor.context.route("**/echarts*.js", lambda route: route.abort())
    page = visitor.open("/")
    expect(page.locator(".chart:visible")).to_have_count(0)
    assert page.locator("details.fold[open]").count() == 8


def test_on_paper_the_picture_stands_over_its_open_table(visit):
    page = visit().open("/")
    drawn(page)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    picture = page.locator("#distribution .chart canvas").bounding_box()
    assert picture["height"] > 80
    assert page.locator("#distribution table").is_visible()
    assert not page.locator(".chart-tools").first.is_visible()
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("#distribution details.fold[open]").count() == 0


def test_many_labels_can_be_zoomed_into_and_few_need_not(visit):
    page = visit().open("/")
    drawn(page)
    zooms = "box => (xxgxCharts.chart(box).getOption().dataZoom || []).map(zoom => zoom.type)"
    assert page.locator("#trend .chart").evaluate(zooms) == []
    spec = {
        "kind": "columns", "unit": "家", "labels": [str(n) for n in range(60)],
        "series": [{"name": "企业", "data": list(range(60))}],
    }  # fmt: skip
    # A part of a page that comes later is drawn when it comes.
    page.evaluate(
        """spec => {
          const part = document.createElement("section");
          part.innerHTML = '<div class="chart" id="late" data-chart="late-values"></div><script type="application/json" id="late-values"></script>';
          part.lastChild.textContent = spec;
          document.querySelector("main").append(part);
          document.dispatchEvent(new CustomEvent("htmx:load", { detail: { elt: part } }));
        }""",
        json.dumps(spec),
    )
    page.locator("#late[data-drawn]").wait_for()
    assert page.locator("#late").evaluate(zooms) == ["slider", "inside"]


def test_another_file_may_bring_a_kind_and_an_unknown_one_leaves_the_table(visit):
    page = visit().open("/")
    drawn(page)
    outcome = page.evaluate(
        """() => {
          xxgxCharts.kinds.own = (spec, narrow) => ({ xAxis: { type: "category", data: ["a"] }, yAxis: {}, series: [{ type: "bar", data: [narrow ? 1 : 2] }] });
          return ["own", "nobody-made", "constructor"].map((kind) => {
            const part = document.createElement("section");
            part.innerHTML = `<div class="chart" data-chart="values-${kind}"></div><script type="application/json" id="values-${kind}">{"kind": "${kind}"}</script>`;
            document.querySelector("main").append(part);
            xxgxCharts.drawAll(part);
            return [part.firstChild.hidden, Boolean(xxgxCharts.chart(part.firstChild))];
          });
        }"""
    )
    assert outcome == [[False, True], [True, False], [True, False]]
