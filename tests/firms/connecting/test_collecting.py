"""Whole sources: page after page within one budget, and what becomes of them as a file."""

import pytest
from python_calamine import CalamineWorkbook

from firms.connecting import collecting
from firms.connecting.collecting import collect
from firms.connecting.fieldmap import FieldMap, Pick
from firms.connecting.problem import Unfetched
from tests.firms.connecting.site import Site, as_json, page, raw

PICKS = (Pick("name", "n"), Pick("revenue", "v", "元"))
HEADINGS = ["企业名称", "营业收入（元）"]


def records(first, last):
    return [{"n": f"企业{number}", "v": number} for number in range(first, last)]


def run(site, fieldmap, path="/", kind="json", **guard):
    return collect(site.url(path), kind, fieldmap, site.guard(**guard))


def refused(site, fieldmap, **more):
    with pytest.raises(Unfetched) as problem:
        run(site, fieldmap, **more)
    return problem.value.code


def paged(site, step, *, total=25, by="page"):
    """Answers any page: ``by`` its number or its offset."""

    def answer(handler):
        asked = int(handler.path.partition("=")[2] or (1 if by == "page" else 0))
        first = (asked - 1) * step if by == "page" else asked
        as_json({"rows": records(first, min(first + step, total))})(handler)

    return answer


def test_one_answer(site):
    site.answers["/"] = as_json(records(0, 3))
    told = []
    found = collect(
        site.url("/"), "json", FieldMap(PICKS), site.guard(), lambda pages, rows: told.append((pages, rows))
    )
    assert found.rows == [["企业0", 0.0], ["企业1", 1.0], ["企业2", 2.0]]
    assert told == [(1, 3)]
    assert found.size == len(found.bodies[0])


@pytest.mark.parametrize("size", [0, 10])
def test_pages_by_number_and_by_offset(site, size):
    site.answers["/page"], site.answers["/offset"] = paged(site, 10), paged(site, 10, by="offset")
    for paging in ("page", "offset"):
        fieldmap = FieldMap(PICKS, path="rows", paging=paging, parameter=paging, size=size)
        assert len(run(site, fieldmap, f"/{paging}").rows) == 25
    assert len(site.asked) == (6 if size else 8)  # without a size the empty page after the last has to be asked for


def test_pages_by_the_address_and_by_the_mark_of_the_next(site):
    site.answers["/"] = as_json({"rows": records(0, 2), "next": "/two", "mark": "b"})
    site.answers["/two"] = as_json({"rows": records(2, 3), "next": None})
    assert len(run(site, FieldMap(PICKS, path="rows", paging="next", next_path="next")).rows) == 3
    site.answers["/?after=b"] = as_json({"rows": records(2, 3)})
    fieldmap = FieldMap(PICKS, path="rows", paging="next", next_path="mark", parameter="after")
    assert len(run(site, fieldmap).rows) == 3


def test_the_next_address_is_under_the_same_guard(site):
    with Site() as other:
        other.answers["/"] = as_json({"rows": records(2, 3)})
        site.answers["/"] = as_json({"rows": records(0, 2), "next": other.url("/")})
        assert refused(site, FieldMap(PICKS, path="rows", paging="next", next_path="next")) == "host_not_listed"
        assert not other.asked


def test_a_site_that_does_not_turn_its_pages_is_noticed(site):
    site.answers["/"] = as_json({"rows": records(0, 10)})
    assert refused(site, FieldMap(PICKS, path="rows", paging="page", parameter="p", size=10)) == "paging_loop"


def test_pages_without_end_are_left(site):
    site.answers["/"] = paged(site, 10, total=10**9)
    fieldmap = FieldMap(PICKS, path="rows", paging="page", parameter="p")
    assert refused(site, fieldmap, pages=3) == "too_many_pages"


def test_the_limit_of_bytes_counts_for_all_pages_together(site):
    site.answers["/"] = paged(site, 10)
    fieldmap = FieldMap(PICKS, path="rows", paging="page", parameter="p")
    one = len(run(site, FieldMap(PICKS, path="rows")).bodies[0])
    assert refused(site, fieldmap, size=one * 2) == "too_large"


def test_one_bad_page_spoils_the_whole(site):
    site.answers["/"] = as_json({"rows": records(0, 2), "next": "/two"})
    site.answers["/two"] = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{")
    assert refused(site, FieldMap(PICKS, path="rows", paging="next", next_path="next")) == "cut_short"


def test_an_empty_list_and_a_field_that_is_gone_are_failures(site):
    site.answers["/"] = as_json([])
    assert refused(site, FieldMap(PICKS)) == "no_rows"
    site.answers["/"] = as_json([{"n": "甲", "value": 1}])
    assert refused(site, FieldMap(PICKS)) == "field_missing"


def test_what_names_the_content_is_what_we_take_from_it(site):
    usual = FieldMap(PICKS, path="rows")

    def digest(answer, fieldmap=usual):
        site.answers["/"] = answer
        return run(site, fieldmap).digest(fieldmap)

    first = digest(as_json({"rows": records(0, 2), "time": 1}))
    assert digest(as_json({"time": 2, "rows": records(0, 2)})) == first
    assert digest(as_json({"rows": records(0, 3), "time": 1})) != first
    other = FieldMap((PICKS[0], Pick("net_assets", "v", "元")), path="rows")
    assert digest(as_json({"rows": records(0, 2), "time": 1}), other) != first


def test_a_type_that_is_a_lie_changes_nothing(site):
    site.answers["/"] = page(b'[{"n": "\xe7\x94\xb2", "v": 1}]', kind="image/png")
    assert run(site, FieldMap(PICKS)).rows == [["甲", 1.0]]
    site.answers["/"] = page(b"<html>", kind="application/json")
    assert refused(site, FieldMap(PICKS)) == "not_json"


def test_the_file_for_the_import(tmp_path):
    picks = (*PICKS, Pick("title", value="=1+1"))
    path = tmp_path / "x.xlsx"
    collecting.workbook(
        path, [*HEADINGS, "名称"], FieldMap(picks), [["=cmd|' /C calc'!A0", 10.5], [{"fault": "#N/A"}, ""]]
    )
    sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert sheet == [
        ["企业名称", "营业收入（元）", "名称"],
        ["=cmd|' /C calc'!A0", 10.5, "=1+1"],
        ["##N/A", "", "=1+1"],
    ]
