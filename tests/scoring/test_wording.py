"""Expressions of the scheme in words, and numbers as people read them."""

from decimal import Decimal
from fractions import Fraction

import pytest

from scoring.engine import parse_scheme
from scoring.presenters.formatting import brief, briefly, dates_in_words, number, signed, typeset
from scoring.presenters.wording import in_words
from tests.scoring.zone import TEXT


@pytest.fixture(scope="module")
def scheme():
    return parse_scheme(TEXT)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("1.1", "研发费用"),
        ("1.2", "研发费用比上年增长的百分数"),
        ("1.3", "研发费用 ÷ 营业收入 × 100%"),
        ("3.7", "近两年登记的市级科技奖励的数量"),
        ("3.14", "有基准日持有的资质（上市企业）"),
    ],
)
def test_what_an_indicator_takes(scheme, code, words):
    assert in_words(scheme, scheme.indicator(code).value) == words


def test_what_makes_a_stage(scheme):
    assert [in_words(scheme, stage.when) for stage in scheme.stages] == [
        "注册成立不超过4年", "营业收入低于2,000万元", "营业收入低于10,000万元", "营业收入达到10,000万元",
    ]  # fmt: skip


def test_what_costs_and_what_adds(scheme):
    said = {item.code: in_words(scheme, item.points) for item in (*scheme.deductions, *scheme.bonuses)}
    assert said["environment_warning"] == "有当年登记的环境信用等级（警示）的，5分"
    assert said["platform_delisted"] == "尚未恢复的平台摘牌（国家级5、省级2、市级1；每级只计一次，各级相加）"
    assert "500人" in said["tech_sme_failed"]


def test_words_follow_the_options(scheme):
    changed = parse_scheme(
        TEXT.replace("[options.expansion_revenue]\nvalue = 2000", "[options.expansion_revenue]\nvalue = 2500")
    )
    assert in_words(changed, changed.stages[1].when) == "营业收入低于2,500万元"


def test_nothing_of_the_program_stands_in_the_words(scheme):
    nodes = [item.value for item in scheme.indicators] + [item.when for item in scheme.stages + scheme.exclusions]
    nodes += [item.points for item in scheme.deductions + scheme.bonuses] + [item.when for item in scheme.decays]
    for node in nodes:
        said = in_words(scheme, node).replace("PCT", "")
        assert not any(letter.isascii() and letter.isalpha() for letter in said), said


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "—"), ("", "—"), (0, "0"), (-0.00001, "0"), (1234567.5, "1,234,567.5"), (0.1 + 0.2, "0.3"),
        (Decimal("12.50"), "12.5"), (Fraction(1, 3), "0.3333"), (float("inf"), "—"), (1e20, "1.000000E+20"),
    ],
)  # fmt: skip
def test_numbers(value, shown):
    assert number(value) == shown


def test_fixed_digits_are_rounded_half_up():
    assert number("2.675", 2) == "2.68"
    assert number(7, 2) == "7.00"
    assert (signed(3.5, 1), signed(-3.5, 1), signed(0)) == ("+3.5", "−3.5", "0")


@pytest.mark.parametrize(
    ("value", "shown"),
    [(-1792.5, "−1,792.5"), (3.47651, "3.48"), (0.00123, "0.0012"), (-0.001, "−0.001"), (0, "0"), (None, "—")],
)
def test_numbers_in_a_sentence(value, shown):
    assert brief(value) == shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("达到1,234.5678万元得满分12分", "达到1,234.57万元得满分12分"),
        ("净利润-1,792.5万元", "净利润−1,792.5万元"),
        ("第3.10项、2022-12-31、0.25%", "第3.10项、2022-12-31、0.25%"),
        ("每0.001个得1分", "每0.001个得1分"),
    ],
)
def test_a_sentence_s_numbers(said, shown):
    assert briefly(said) == shown


def test_chinese_punctuation():
    assert typeset("满9年,不足14年(民法典):乘0.9;见3.10、1,000") == "满9年，不足14年（民法典）：乘0.9；见3.10、1,000"
    assert typeset("a(b), c") == "a(b), c"
    assert dates_in_words("注册成立日期2001-01-26、") == "注册成立日期2001年1月26日、"
