"""Reading a scheme: what it tells, and every mistake named with its line."""

import hashlib

import pytest

from scoring.engine import SchemeError, evaluate, parse_scheme
from scoring.engine.lint import effective_weights, lint
from tests.scoring.engine import small, xinkai
from tests.scoring.engine.crowd import crowd


def test_the_regulation_as_it_is_published():
    scheme = xinkai.scheme()
    assert scheme.sha256 == hashlib.sha256(xinkai.TEXT.encode()).hexdigest()
    assert [(s.code, s.name) for s in scheme.stages] == [
        ("startup", "初创期"), ("growth", "成长期"), ("expansion", "扩张期"), ("mature", "成熟期"),
    ]  # fmt: skip
    assert len(scheme.indicators) == 35
    assert [sum(i.dimension == d.code for i in scheme.indicators) for d in scheme.dimensions] == [10, 10, 15]
    assert [sum(i.max_points for i in scheme.indicators if i.dimension == d.code) for d in scheme.dimensions] == [
        100
    ] * 3
    assert [i.category for i in scheme.indicators].count("core") == 18
    assert [[int(w) for w in d.weight] for d in scheme.dimensions] == [
        [50, 35, 30, 20],
        [30, 45, 40, 30],
        [20, 20, 30, 50],
    ]
    assert scheme.indicator("1.9").aliases == ("当年主导或参与制定国际标准、国家标准、行业标准",)
    assert set(scheme.metrics_used) == set(scheme.metrics)
    assert set(scheme.registers_used) == set(scheme.registers)
    assert scheme.previous_used == ("rd_expense", "revenue", "headcount", "total_profit")
    for option in scheme.options:
        assert option.text
        assert option.article
        assert option.basis in ("regulation", "interpretation")
        assert option.reading
    assert {option.reading for option in scheme.options} == set(range(1, 33))
    for indicator in scheme.indicators:
        assert indicator.source.article
        assert scheme.describe(indicator, "growth")


def test_the_regulation_has_nothing_odd():
    assert [finding for finding in lint(xinkai.scheme()) if finding.level != "note"] == []


def test_effective_weights_add_up():
    rules, firms = crowd(400)
    found = effective_weights(evaluate(rules, firms))
    for stage in rules.stages:
        mine = [w for w in found if w.stage == stage.name]
        assert len(mine) == 35
        assert sum(w.nominal for w in mine) == pytest.approx(100)
        if mine[0].effective is not None:
            assert sum(w.effective for w in mine) == pytest.approx(100)
    assert any(w.effective is not None for w in found)


@pytest.mark.parametrize(
    ("old", "new", "line_of", "message"),
    [
        ("format = 1", "format = 2", "format = 2", "format = 1"),
        ('code = "small"', "", "[scheme]", "缺少 code"),
        ('code = "small"', "code = 3", "code = 3", "应为文字"),
        ("max_points = 10", "max_points = 0", "max_points = 0", "大于0"),
        ("max_points = 10", 'max_points = "x"', 'max_points = "x"', "应为数字"),
        ("max_points = 10", "max_points = 0.12345678901234567", "max_points = 0", "15位"),
        ('dimension = "d"', 'dimension = "e"', 'dimension = "e"', "未知的一级指标 e"),
        ('value = "a"', 'value = "aa"', 'value = "aa"', "未知的名称 aa"),
        ('value = "a"', "value = 3", "value = 3", "应为文字"),
        ("[levels]", "[extra]\n[levels]", "[extra]", "未知的部分"),
        ('name = "一级"', 'name = "一级"\nparent = "q"', 'parent = "q"', "未知的上级"),
        ('name = "一级"', 'name = "一级"\nparent = "d"', 'parent = "d"', "成环"),
        ('name = "一级"', 'name = "一级"\nmethod = "median"', 'method = "median"', "method"),
        ('name = "一级"', 'name = "一级"\nweight = { x = 3 }', "weight = {", "未知的阶段 x"),
        ('value = "a"', 'value = "a"\nwinsorise = [90, 10]', "winsorise", "先小后大"),
        ('value = "a"', 'value = "a"\nmissing = "skip"', "missing", "missing 只能取"),
        ('value = "a"', 'value = "a"\nstages = ["x"]', "stages", "未知的阶段"),
        ('a = { name = "甲", unit = "万元" }', 'stage = { name = "甲" }\na = { name = "甲" }', "stage = {", "不能叫"),
    ],
)
def test_a_mistake_is_named_with_its_line(old, new, line_of, message):
    text = small.text().replace(old, new, 1)
    with pytest.raises(SchemeError) as caught:
        parse_scheme(text)
    line = next(i for i, row in enumerate(text.split("\n"), 1) if row.startswith(line_of))
    assert any(at == line and message in words for at, words in caught.value.problems), caught.value.problems


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("order", '["bonus", "bonus"]', "order"),
        ("order", '"floor"', "order"),
        ("decay_stacking", '"add"', "decay_stacking"),
        ("missing", '"skip"', "missing"),
        ("decimals", "99", "decimals"),
        ("decimals", "-1", "decimals"),
        ("decimals", "true", "decimals"),
        ("tie_breakers", '["nobody"]', "tie_breakers"),
        ("growth_zero_base", '"zero"', "应为数字"),
    ],
)
def test_a_wrong_option_is_named(key, value, message):
    with pytest.raises(SchemeError) as caught:
        small.scheme(top=f'[options.{key}]\nvalue = {value}\ntext = ""\n')
    assert any(message in words for _, words in caught.value.problems)


def test_an_option_takes_only_its_choices():
    with pytest.raises(SchemeError) as caught:
        xinkai.scheme({"stage_order": "name_first"})
    line = xinkai.TEXT[: xinkai.TEXT.index("[options.stage_order]")].count("\n") + 2
    assert caught.value.problems[0] == (line, "stage_order 只能取 age_first、revenue_first")


def test_every_mistake_is_reported_at_once():
    text = (
        small.text(value="nothing")
        .replace('dimension = "d"', 'dimension = "e"')
        .replace("max_points = 10", "max_points = -1")
    )
    with pytest.raises(SchemeError) as caught:
        parse_scheme(text)
    assert len(caught.value.problems) == 3


def test_what_is_not_toml_is_named_with_its_line():
    with pytest.raises(SchemeError) as caught:
        parse_scheme("format = 1\n[scheme\n")
    assert caught.value.problems[0][0] == 2


def test_the_same_code_twice_is_a_mistake():
    block = small.TAIL
    with pytest.raises(SchemeError, match="编号 d 重复"):
        parse_scheme(small.text().replace(block, block + block))


def test_lint_sees_sums_that_are_off():
    text = xinkai.TEXT.replace("max_points = 12\n", "max_points = 13\n", 1).replace("startup = 50", "startup = 55", 1)
    messages = [finding.message for finding in lint(parse_scheme(text))]
    assert any("技术创新指标在初创期的分值合计为101,应为100" in m for m in messages)
    assert any("初创期的权重合计为105" in m for m in messages)


def test_lint_sees_what_does_nothing():
    more = '[[decays]]\ncode = "x"\nname = "无"\nwhen = "False"\nfactor = 1\n'
    top = '[options.order]\nvalue = ["bonus"]\ntext = ""\n[options.mode]\nvalue = 1\nchoices = [1, 2]\ntext = ""\n'
    messages = " ".join(f.message for f in lint(small.scheme(more=more, top=top, value="3")))
    for words in ("条件恒为假", "系数为1", "order 里没有 decay", "选项 mode", "指标值是常量", "数据项 b"):
        assert words in messages


@pytest.mark.parametrize(("method", "points"), [("zero", 0), ("mean", 6), ("penalty", -1.5), ("rescale", 0)])
def test_missing_values_by_the_option(method, points):
    top = f'[options.missing]\nvalue = "{method}"\ntext = ""\n[options.missing_penalty]\nvalue = 1.5\ntext = ""\n'
    result = evaluate(small.scheme(top=top), small.cohort([40, 80, None]))
    assert result.points[2, 0] == pytest.approx(points)
