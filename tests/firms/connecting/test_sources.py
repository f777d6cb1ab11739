"""What the three kinds of source make of a body, good and bad; what a site calls its answer is never believed."""

import contextlib
import random
import time

import orjson
import pytest

from firms.connecting import reading
from firms.connecting.fieldmap import FieldMap, Pick, faults
from firms.connecting.problem import Unfetched
from firms.connecting.sources import source_of
from firms.importing import fields
from firms.services import catalogue
from tests.factories import workbook

BOTH = FieldMap((Pick("name", "企业"), Pick("revenue", "收入")))
PAGE = "<table><tr><th>序号<th>企业<th>收入</tr><tr><td>1<td>甲<td>10<tr><td>2<td>乙<td>20</table>"


def rows(kind, body, fieldmap=BOTH):
    return source_of(kind).rows(body if isinstance(body, bytes) else body.encode(), fieldmap).rows


def code(kind, body, fieldmap=BOTH):
    with pytest.raises(Unfetched) as problem:
        rows(kind, body, fieldmap)
    assert problem.value.message
    return problem.value.code


def test_json_from_a_list_inside():
    body = {"code": 0, "data": {"list": [{"企业": "甲", "收入": 10.5, "x": {"y": [7]}}, {"企业": "乙"}]}}
    fieldmap = FieldMap((Pick("name", "企业"), Pick("revenue", "收入"), Pick("headcount", "x.y.0")), path="data.list")
    assert rows("json", orjson.dumps(body), fieldmap) == [["甲", 10.5, 7.0], ["乙", "", ""]]


def test_json_values_become_cells_without_losing_digits():
    body = [{"企业": 91410700123456789, "收入": None}, {"企业": True, "收入": [1]}, {"企业": "a\0b", "收入": -3}]
    expected = [["91410700123456789", ""], ["是", "[1]"], ["a\ufffdb", -3.0]]
    assert rows("json", orjson.dumps(body)) == expected


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<html><body>请登录</body></html>", "not_json"),
        ("", "not_json"),
        ('{"a": [1, 2', "not_json"),
        ("[" * 5000, "not_json"),
        ('{"a": NaN}', "not_json"),
        ("%PDF-1.7", "not_json"),
        (b"\xff\xfe\x00", "not_json"),
        ('{"error": "too many requests"}', "no_list"),
        ('"text"', "no_list"),
        ("[1, 2, 3]", "no_records"),
    ],
)
def test_json_that_is_none_or_another(body, said):
    assert code("json", body) == said


def test_the_message_says_what_came_instead():
    with pytest.raises(Unfetched, match="网页"):
        rows("json", "<!doctype html><title>登录</title>")


def test_a_table_however_badly_written():
    assert rows("table", PAGE) == [["甲", "10"], ["乙", "20"]]
    assert rows("table", f"<p>广告<table><tr><td>别的</table><div>{PAGE}</div></b></i>") == [["甲", "10"], ["乙", "20"]]
    assert rows("table", f"<meta charset=utf-8>{PAGE}".encode("gb18030")) == [["甲", "10"], ["乙", "20"]]


def test_scripts_comments_and_tables_inside_cells_are_not_rows():
    inner = "<table><tr><td>企业<td>收入<tr><td>假<td>1</table>"
    body = f"<table><tr><td>企业<td>收入<td>备注<tr><td>甲<script>x</script><!-- 乙 --><td>10<td>{inner}</table>"
    assert rows("table", body) == [["甲", "10"]]


def test_merged_cells_stand_in_every_place_they_cover():
    body = (
        "<table><tr><th rowspan=2>企业<th colspan=2>指标<tr><th>收入<th>人数"
        "<tr><td rowspan=2>甲<td>10<td>1<tr><td>20<td>2</table>"
    )
    assert rows("table", body) == [["甲", "10"], ["甲", "20"]]


def test_a_table_by_its_number():
    two = PAGE + PAGE.replace("甲", "丙")
    assert rows("table", two, FieldMap(BOTH.picks, table=2))[0] == ["丙", "10"]
    assert code("table", two, FieldMap(BOTH.picks, table=3)) == "no_table"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "no_table"),
        ('{"data": []}', "no_table"),
        ("<html><script>render()</script></html>", "no_table"),
        (b"PK\x03\x04....", "no_table"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "no_table"),
        ("<table></table>", "field_missing"),
        ("<table><tr><td>企业</table>", "field_missing"),
        ("<table><tr><td>企业<td>收入<td>收入<tr><td>1<td>2<td>3</table>", "field_twice"),
        ("<table><tr>" + "<td colspan=100>x" * 20 + "</table>", "too_many_columns"),
        (b"<table>\xff\xff\xff", "unknown_encoding"),
    ],
)
def test_pages_that_are_none_or_another(body, said):
    assert code("table", body) == said


def test_a_merge_that_claims_a_million_cells_covers_what_there_is():
    body = "<table><tr><td rowspan=99999999 colspan=-3>企业<td>收入<tr><td>5</table>"
    assert rows("table", body) == [["企业", "5"]]


def test_any_rubbish_is_an_answer_and_never_an_accident():
    chance = random.Random(7)
    pieces = ["<table>", "<tr>", "<td rowspan=3>", "<td>企业", "</tr>", "<!--", "]]>", "<td>收入", "&#0;", "&amp", "\ud7ff", "<svg>", "</table>", "x" * 40]  # fmt: skip
    for _ in range(300):
        body = "".join(chance.choice(pieces) for _ in range(chance.randint(1, 60))).encode()
        for kind in ("json", "table", "file"):
            if kind == "file" and chance.random() > 0.05:  # a process each
                continue
            with contextlib.suppress(Unfetched):
                source_of(kind).rows(body, BOTH)


def test_a_file_under_its_title_in_any_of_its_forms():
    table = [["2024年度情况表", None, None], ["序号", "企业", "收入"], [1, "甲", 10.5], [2, "乙", None]]
    assert rows("file", workbook(table).read()) == [["甲", 10.5], ["乙", ""]]
    text = "\n".join(",".join("" if cell is None else str(cell) for cell in line) for line in table)
    for encoding in ("utf-8-sig", "gb18030"):
        assert rows("file", text.encode(encoding)) == [["甲", "10.5"], ["乙", ""]]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html><table><tr><td>x</table></html>", "web_page"),
        (b"%PDF-1.7 ...", "not_a_table"),
        (b"PK\x03\x04broken", "cut_file"),
        (b"\x1f\x8b\x08\0", "not_a_table"),
        ("企业,别的\n甲,1\n".encode(), "field_missing"),
    ],
)
def test_files_that_are_none_or_another(body, said):
    assert code("file", body) == said


def test_reading_in_the_child_gives_the_same(tmp_path):
    read = reading.read("table", PAGE.encode(), BOTH)
    assert read.rows == [["甲", "10"], ["乙", "20"]]
    assert read.found == {"企业", "收入"}
    with pytest.raises(Unfetched, match="网页"):
        reading.read("json", b"<html>", BOTH)


SWOLLEN = b"[" + b"{}," * 1_500_000 + b"{}]"  # four MB that unfold to hundreds


def test_a_body_that_unfolds_to_too_much_takes_the_child_down_and_nothing_else():
    with pytest.raises(Unfetched) as problem:
        reading.read("json", SWOLLEN, BOTH, reading.Bounds(memory=150))
    assert problem.value.code == "too_much_memory"
    with pytest.raises(Unfetched) as problem:  # the control: with room enough it is read, and refused for what it says
        reading.read("json", SWOLLEN, BOTH)
    assert problem.value.code == "too_many_rows"


def test_a_reader_that_never_ends_is_ended(monkeypatch):
    deep = ("<table>" + "<tr><td>" * 60_000).encode()
    began = time.monotonic()
    with pytest.raises(Unfetched):
        reading.read("table", deep, BOTH, reading.Bounds(seconds=5))
    assert time.monotonic() - began < 12


# ---- what fields mean


def metrics():
    return fields.metrics_table(catalogue.catalogue.load())


def test_a_map_survives_being_stored():
    fieldmap = FieldMap(
        (Pick("credit_code", "code"), Pick("revenue", "v", "元")), path="data", paging="page", parameter="p", size=50
    )
    assert FieldMap.of(orjson.loads(orjson.dumps(fieldmap.as_data()))) == fieldmap
    assert FieldMap.of({}) == FieldMap()


@pytest.mark.parametrize(
    "data", [{"picks": 3}, {"picks": ["x"]}, {"picks": [{"nope": 1}]}, {"nope": 1}, [], None, {"table": "x"}]
)
def test_what_is_no_map_is_refused(data):
    with pytest.raises(Unfetched):
        FieldMap.of(data)


def test_headings_are_what_an_import_understands():
    fieldmap = FieldMap(
        (Pick("credit_code", "a"), Pick("revenue", "b", "元"), Pick("headcount", "c"), Pick("exports", "d"))
    )
    assert fieldmap.headings(metrics()) == [
        "统一社会信用代码",
        "营业收入（元）",
        "年末职工总数",
        "当年出口总额（万美元）",
    ]


GOOD = (Pick("credit_code", "a"), Pick("revenue", "b", "元"))


@pytest.mark.parametrize(
    ("fieldmap", "kind", "said"),
    [
        (FieldMap(GOOD), "json", ""),
        (FieldMap(GOOD[:1]), "json", "至少要有一个字段对应数据项"),
        (FieldMap(GOOD[1:]), "json", "统一社会信用代码"),
        (FieldMap((*GOOD, Pick("nonsense", "c"))), "json", "不在目录里"),
        (FieldMap((*GOOD, Pick("headcount", "c"))), "json", "不归该部门"),
        (FieldMap((*GOOD, Pick("revenue", "c"))), "json", "不止一次"),
        (FieldMap((*GOOD, Pick("net_assets"))), "json", "只填一项"),
        (FieldMap((GOOD[0], Pick("revenue", "b", "人"))), "json", "不能从“人”换算"),
        (FieldMap(GOOD, paging="page"), "json", "参数名"),
        (FieldMap(GOOD, paging="next"), "json", "哪个字段"),
        (FieldMap(GOOD, paging="page", parameter="p"), "table", "只有 JSON"),
    ],
)
def test_a_map_that_cannot_work_is_told_why(fieldmap, kind, said):
    found = "".join(faults(fieldmap, kind, metrics(), lambda item: item.owner == "tax"))
    assert said in found if said else not found


def test_a_register_needs_its_required_columns():
    table = fields.register_table(catalogue.catalogue.load(), "qualification")
    picks = (Pick("name", "企业"), Pick("category", value="高新技术企业"))
    assert "起始日期" in "".join(faults(FieldMap(picks), "table", table))
    assert not faults(FieldMap((*picks, Pick("starts_on", "日期"))), "table", table)
