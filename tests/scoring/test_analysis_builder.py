"""The builder of 多维检索: what is typed survives every button, and the form says the same question again."""

import json
from html.parser import HTMLParser

import pytest
from django.http import QueryDict
from django.template.loader import render_to_string
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.analysis.fields import Field
from scoring.analysis.query import Query
from scoring.presenters.analysis import draft as drafts
from scoring.presenters.analysis.builder import build
from scoring.presenters.analysis.edits import changed

FIELDS = {
    field.code: field
    for field in (
        Field("firm.name", "企业名称", "text", topic="企业"),
        Field("firm.stage", "企业类型", "choice", topic="企业", choices=(("startup", "初创期"), ("growth", "成长期"))),
        Field("firm.cluster", "主导产业", "choice", topic="企业", choices=(("equipment", "高端装备"),)),
        Field("firm.founded", "注册成立日期", "date", topic="企业"),
        Field("score.total", "最终得分", "number", "分", "得分"),
        Field("metric.revenue", "营业收入", "number", "万元", "数据项", hint="本年数"),
        Field("qualification.hightech", "高新技术企业", "flag", topic="资质"),
    )
}
KINDS = {code: field.kind for code, field in FIELDS.items()}
PERIODS = [(2023, "2023年度", True), (2022, "2022年度", True)]


class FormReader(HTMLParser):
    """What a browser sends of a form when one of its buttons is pressed (without the button)."""

    def __init__(self):
        super().__init__()
        self.sent, self.select, self.options, self.area = QueryDict(mutable=True), None, [], None

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "input" and attrs.get("name") and "disabled" not in attrs:
            ticked = attrs.get("type") not in ("checkbox", "radio") or "checked" in attrs
            if ticked:
                self.sent.appendlist(attrs["name"], attrs.get("value", ""))
        elif tag == "select":
            self.select, self.options = attrs.get("name"), []
        elif tag == "option":
            self.options.append((attrs.get("value"), "selected" in attrs))
        elif tag == "textarea":
            self.area = [attrs["name"], ""]

    def handle_data(self, data):
        if self.area:
            self.area[1] += data

    def handle_endtag(self, tag):
        if tag == "select" and self.select:
            chosen = [value for value, selected in self.options if selected] or [self.options[0][0]]
            self.sent.appendlist(self.select, chosen[-1])
            self.select = None
        elif tag == "textarea" and self.area:
            self.sent.appendlist(*self.area)
            self.area = None


def drawn(draft, problems=()):
    builder = build(draft, FIELDS, PERIODS, problems, may_trial=True)
    return render_to_string("analysis/_builder.html", {"builder": builder, "around": None})


def sent(draft):
    reader = FormReader()
    reader.feed(drawn(draft))
    return reader.sent


NUMBERS = st.one_of(
    st.integers(-(10**9), 10**9), st.floats(-1e9, 1e9, width=32).map(lambda x: int(x) if x.is_integer() else x)
)
WORDS = st.text("新乡氢能<&\"' ab12", min_size=1, max_size=12).map(str.strip).filter(bool)
TYPED = st.one_of(NUMBERS, st.sampled_from(["", "abc", "五千", "1e", "12 3"]))
DAYS = st.one_of(st.dates().map(str), st.sampled_from(["", "2023-13-45", "去年"]))


@st.composite
def conditions(draw):
    code = draw(st.sampled_from([*FIELDS, drafts.UNCHOSEN]))
    if code == drafts.UNCHOSEN:
        return {"field": code, "op": drafts.UNCHOSEN}
    field = FIELDS[code]
    op = draw(st.sampled_from(drafts.OPS[field.kind]))
    back = draw(st.integers(0, 4))
    node = {"field": f"{code}@-{back}" if back else code, "op": op}
    if op in ("known", "unknown"):
        return node
    if field.kind == "choice":
        value = [choice for choice, _label in field.choices if draw(st.booleans())]
    elif field.kind == "flag":
        value = draw(st.booleans())
    elif field.kind == "text":
        value = draw(st.lists(WORDS, max_size=4)) if op == "in" else draw(WORDS)
    else:
        one = TYPED if field.kind == "number" else DAYS
        if op in ("top", "bottom"):
            value = [draw(TYPED), draw(st.sampled_from(["firms", "percent"]))]
        else:
            value = [draw(one), draw(one)] if op == "between" else draw(one)
    return node | {"value": value}


def groups(depth):
    child = conditions() if depth == 1 else st.one_of(conditions(), conditions(), groups(depth - 1))
    return st.fixed_dictionaries({"how": st.sampled_from(drafts.HOWS), "children": st.lists(child, max_size=3)})


@st.composite
def questions(draw):
    codes = st.sampled_from([code for code in FIELDS if code != drafts.NAME])
    numbers = st.sampled_from([code for code, field in FIELDS.items() if field.kind == "number"])
    rows = draw(st.sampled_from(["", "firm.stage", "metric.revenue", "firm.founded"]))
    across = draw(st.sampled_from(["", "firm.cluster"])) if rows else ""
    bands = {"metric.revenue": [500, 2000], "firm.founded": ["2015-01-01", "2020-01-01"]}
    return drafts.empty([2023]) | {
        "periods": draw(st.sampled_from([[2023], [2023, 2022], []])),
        "where": draw(groups(3)),
        "columns": draw(st.lists(codes, unique=True, max_size=4)),
        "sort": draw(st.lists(st.tuples(codes, st.sampled_from(["asc", "desc"])).map(list), max_size=2)),
        "rows": rows,
        "across": across,
        "measures": draw(st.lists(st.fixed_dictionaries({"field": numbers, "statistic": st.sampled_from(["mean", "p75"])}), max_size=3)),
        "bands": {rows: bands[rows]} if rows in bands else {},
        "within": draw(st.sampled_from([[], [{"field": "firm.stage", "op": "in", "value": ["growth"]}]])),
        "trial": draw(st.booleans()),
    }  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(questions())
def test_the_form_says_the_same_question_again(draft):
    assert drafts.from_form(sent(draft), KINDS) == draft


@settings(max_examples=60, deadline=None)
@given(questions())
def test_the_address_says_the_same_question_again(draft):
    there = Query.from_json(draft)
    assert drafts.of(Query.from_address(there.address())) == drafts.of(there)


def question(*children, how="all", **more):
    return drafts.empty([2023]) | {"where": {"how": how, "children": list(children)}} | more


def stage(*codes):
    return {"field": "firm.stage", "op": "in", "value": list(codes)}


REVENUE = {"field": "metric.revenue", "op": "ge", "value": 500}
FRESH = {"field": drafts.UNCHOSEN, "op": drafts.UNCHOSEN}


def after(draft, *deeds):
    for deed in deeds:
        draft, _ = changed(draft, deed)
    return draft


def test_rows_are_added_where_the_button_stands_and_the_reader_goes_on_there():
    draft, focus = changed(question(REVENUE), "add:w")
    assert draft["where"]["children"] == [REVENUE, FRESH]
    assert focus == "w.1"
    draft, focus = changed(draft, "group:w")
    assert draft["where"]["children"][2] == {"how": "any", "children": [FRESH]}
    assert focus == "w.2.0"
    draft, focus = changed(draft, "add:w.2")
    assert draft["where"]["children"][2]["children"] == [FRESH, FRESH]


def test_rows_are_moved_lifted_and_removed():
    inner = {"how": "any", "children": [stage("growth"), REVENUE]}
    draft = question(REVENUE, inner)
    assert after(draft, "down:w.0")["where"]["children"] == [inner, REVENUE]
    assert after(draft, "up:w.0") == draft
    assert after(draft, "up:w.1.1")["where"]["children"][1]["children"] == [REVENUE, stage("growth")]
    assert after(draft, "lift:w.1.0")["where"]["children"] == [
        REVENUE, {"how": "any", "children": [REVENUE]}, stage("growth"),
    ]  # fmt: skip
    assert after(draft, "remove:w.1")["where"]["children"] == [REVENUE]
    assert after(draft, "remove:w")["where"]["children"] == []


@pytest.mark.parametrize(
    "deed", ["add:w.7", "remove:w.9.9", "up:x.0", "drop:columns:99", "shape:cube", "lift:w", "", "fly:w", "add:w.0"]
)
def test_a_button_that_is_none_changes_nothing(deed):
    draft = question(REVENUE)
    assert after(draft, deed) == draft


def test_more_conditions_than_a_question_may_have_are_not_added():
    full = question(*[REVENUE] * 50)
    assert after(full, "add:w") == full


def test_the_shape_of_the_result_brings_what_it_needs_and_keeps_the_columns():
    draft = question()
    table = after(draft, "shape:group")
    assert (table["rows"], table["across"]) == ("firm.stage", "")
    assert table["measures"][0] == {"field": "", "statistic": "count"}
    pivot = after(table, "shape:pivot")
    assert (pivot["rows"], pivot["across"]) == ("firm.stage", "firm.cluster")
    assert after(pivot, "shape:list")["columns"] == draft["columns"]


def test_columns_keep_their_order_and_an_earlier_period_stands_beside():
    form = QueryDict(mutable=True)
    for code in ("score.total", "firm.stage", "firm.cluster"):
        form.appendlist("column", code)
    for code in ("firm.founded", "firm.stage", "score.total"):
        form.appendlist("pick", code)
    draft = drafts.from_form(form, KINDS)
    assert draft["columns"] == ["score.total", "firm.stage", "firm.founded"]
    draft = after(draft, "before:columns:0", "before:columns:0", "earlier:columns:3")
    assert draft["columns"] == ["score.total", "score.total@-1", "firm.stage", "score.total@-2", "firm.founded"]
    assert drafts.from_form(sent(draft), KINDS)["columns"] == draft["columns"]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("1,200", 1200),
        ("１２００", 1200),
        ("1.5万", 15000),
        ("2亿", 200000000),
        ("−3.5", -3.5),
        ("5%", 5),
        ("abc", "abc"),
        ("", ""),
    ],
)
def test_numbers_are_read_as_people_write_them(typed, read):
    assert drafts.number(typed) == read


def test_changing_the_field_keeps_no_operator_that_does_not_fit():
    form = QueryDict("w.how=all&w.0.field=firm.stage&w.0.op=ge&w.0.value=500")
    assert drafts.from_form(form, KINDS)["where"]["children"] == [{"field": "firm.stage", "op": "in", "value": ["500"]}]


def test_a_problem_stands_at_its_row_and_what_was_typed_with_it():
    draft = question(REVENUE, {"how": "any", "children": [{"field": "metric.revenue", "op": "ge", "value": "五千"}]})
    html = drawn(draft, [("where.children[1].children[0].value", "请填写数字"), ("periods", "请至少选一个评价期")])
    assert 'value="五千"' in html
    assert html.index("请至少选一个评价期") < html.index("w-1-0-f") < html.index("请填写数字")
    assert 'aria-describedby="w-1-0-e"' in html


def test_fields_one_may_not_see_survive_the_form():
    """A colleague's question sent back unchanged is the same question, whatever of it one may see."""
    draft = question(
        {"field": "metric.secret", "op": "ge", "value": 5}, rows="firm.secret", across="firm.stage",
        measures=[{"field": "metric.secret", "statistic": "sum"}, {"field": "score.total@-1", "statistic": "mean"}],
        sort=[["metric.secret", "asc"]],
    )  # fmt: skip
    back = drafts.from_form(sent(draft), KINDS)
    assert (back["rows"], back["measures"], back["sort"]) == (draft["rows"], draft["measures"], draft["sort"])
    assert back["where"]["children"][0]["field"] == "metric.secret"


def test_bands_that_are_missing_are_told_at_the_dimension():
    html = drawn(question(rows="metric.revenue", measures=[]), [("rows", "请填写分段的界线")])
    assert html.index('id="rows"') < html.index("请填写分段的界线") < html.index("统计量<")


def test_hostile_words_stay_words():
    html = drawn(question({"field": "firm.name", "op": "contains", "value": '"><script>alert(1)</script>'}))
    assert "<script>alert" not in html


def test_what_is_nested_beyond_reading_is_left_out():
    kept = '{"field": "firm.stage", "op": "in", "value": ["growth"]}'
    posted = QueryDict(mutable=True)
    posted.setlist("within", ["[" * 200_000, "{", kept])
    assert drafts.from_form(posted, {})["within"] == [json.loads(kept)]


def test_a_field_of_nobody_is_told_at_its_row():
    html = drawn(question({"field": "metric.secret", "op": "ge", "value": 1}))
    assert "您无权查看" in html
