"""专利号: one patent, one way to write it; what a row of a list of patents states."""

import pytest

from firms.importing import patents
from firms.importing.problem import BadCell

# The example of standard ZC 0006-2003 and numbers worked by hand with its weights 2…9, 2…5, modulo 11.
KNOWN = "200310100002.X"


@pytest.mark.parametrize(
    "text",
    ["200310100002.X", "ZL200310100002.X", "zl 2003 1 0100002.x", "２００３１０１０００02．Ｘ", "CN200310100002X", "200310100002", "ZL 200310100002 X"],
)  # fmt: skip
def test_one_patent_is_one_number_however_it_is_written(text):
    assert patents.number(text) == KNOWN


def test_a_number_as_a_spreadsheet_keeps_it():
    digits = "202210123456"
    assert (
        patents.number(repr(float(f"{digits}.{patents.check_digit(digits)}")))
        == f"{digits}.{patents.check_digit(digits)}"
    )


@pytest.mark.parametrize(
    "text", ["PCT/CN2022/123456", "pct/cn2022/123456", "PCT CN22/123456", "ＰＣＴ／ＣＮ2022／123456"]
)
def test_an_international_application(text):
    assert patents.number(text) == "PCT/CN2022/123456"
    assert patents.sort_of(patents.number(text)) == "pct"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "required"), ("  ", "required"), ("甲", "required"), ("12345", "not_a_number"), ("ZL200310100002.3", "wrong_check_digit"),
        ("CN115012345B", "published_number"), ("CN115012345A", "published_number"), ("PCT/2022/123456", "not_a_number"),
    ],
)  # fmt: skip
def test_what_is_no_number_says_why(text, code):
    with pytest.raises(BadCell) as bad:
        patents.number(text)
    assert bad.value.code == code


def numbered(sort: int, serial: int = 123456, year: int = 2022) -> str:
    digits = f"{year}{sort}{serial:07d}"
    return f"{digits}.{patents.check_digit(digits)}"


@pytest.mark.parametrize(
    ("sort", "name"), [(1, "invention"), (8, "invention"), (2, "utility"), (9, "utility"), (3, "design")]
)
def test_the_fifth_digit_says_of_what_sort_it_is(sort, name):
    assert patents.sort_of(numbered(sort)) == name


def row(**values):
    return patents.read({"title": "一种轴承", "document_number": numbered(1)} | values)


class TestARow:
    def test_the_days_say_whether_it_is_an_application_or_a_grant(self):
        applied, _ = row(category="invention", applied_on="2022-03-01")
        assert (applied["category"], applied["starts_on"]) == ("invention_application", "2022-03-01")
        granted, _ = row(category="invention", applied_on="2020-03-01", granted_on="2022-05-06")
        assert (granted["category"], granted["starts_on"]) == ("invention_grant", "2022-05-06")
        assert not {"applied_on", "granted_on"} & granted.keys()

    def test_what_the_category_says_comes_first(self):
        stated, reasons = row(category="invention_application", applied_on="2022-03-01", granted_on="2024-05-06")
        assert (stated["category"], stated["starts_on"], reasons) == ("invention_application", "2022-03-01", [])

    def test_an_international_number_is_an_international_application(self):
        stated, reasons = row(document_number="PCT/CN2022/123456", applied_on="2022-03-01")
        assert (stated["category"], reasons) == ("pct_application", [])

    @pytest.mark.parametrize(
        "values", [{"category": "utility"}, {"category": "design"}, {"document_number": numbered(2)}]
    )
    def test_what_is_no_invention_is_left_out(self, values):
        stated, reasons = row(applied_on="2022-03-01", **values)
        assert stated is None
        assert [(reason.code, reason.level) for reason in reasons] == [("other_sort", "notice")]

    @pytest.mark.parametrize(
        ("values", "code", "column"),
        [
            ({"category": "invention", "starts_on": "2022-01-01"}, "required", "category"),
            ({"category": "invention_grant"}, "required", "starts_on"),
            ({"category": "invention_grant", "granted_on": "2022-01-01", "document_number": "1"}, "not_a_number", "document_number"),
            ({"category": "pct_application", "applied_on": "2022-01-01"}, "wrong_category", "document_number"),
            ({"category": "invention_grant", "granted_on": "2022-01-01", "document_number": numbered(2)}, "other_sort", "document_number"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_names_its_field(self, values, code, column):
        _, reasons = row(**values)
        assert [(reason.code, reason.column, reason.level) for reason in reasons] == [(code, column, "error")]
