"""Questions, figures and problems in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scoring.analysis.check import field_of
from scoring.analysis.fields import CHOICE, DATE, FLAG, NUMBER, Field, base
from scoring.analysis.grouping import TOTAL, UNKNOWN, YES
from scoring.analysis.query import ALL, ANY, NONE, Condition, Group, Measure, Problem, Scalar
from scoring.engine.exact import decimal_of

Raw = float | str | bool | dt.date | None
Fields = Mapping[str, Field]

STATISTICS = {
    "count": gettext_lazy("企业数"),
    "sum": gettext_lazy("合计"),
    "mean": gettext_lazy("平均值"),
    "median": gettext_lazy("中位数"),
    "p10": gettext_lazy("10%分位"),
    "p25": gettext_lazy("25%分位"),
    "p75": gettext_lazy("75%分位"),
    "p90": gettext_lazy("90%分位"),
    "min": gettext_lazy("最小值"),
    "max": gettext_lazy("最大值"),
    "share": gettext_lazy("占比"),
}
_SAID: dict[str, str | Promise] = {
    "eq": gettext_lazy("%(field)s等于%(value)s"),
    "ne": gettext_lazy("%(field)s不等于%(value)s"),
    "lt": gettext_lazy("%(field)s小于%(value)s"),
    "le": gettext_lazy("%(field)s不超过%(value)s"),
    "gt": gettext_lazy("%(field)s大于%(value)s"),
    "ge": gettext_lazy("%(field)s不小于%(value)s"),
    "between": gettext_lazy("%(field)s在%(low)s至%(high)s之间"),
    "in": gettext_lazy("%(field)s为%(value)s"),
    "not_in": gettext_lazy("%(field)s不是%(value)s"),
    "contains": gettext_lazy("%(field)s包含“%(value)s”"),
    "known": gettext_lazy("%(field)s已提供"),
    "unknown": gettext_lazy("%(field)s未提供"),
    "top": gettext_lazy("%(field)s数值最大的%(value)s"),
    "bottom": gettext_lazy("%(field)s数值最小的%(value)s"),
}
# What is wrong, and how to mend it; ``about`` as ``Problem`` has it.
PROBLEMS: dict[str, str | Promise] = {
    "not_json": gettext_lazy("查询内容不是合法的JSON。"),
    "too_long": gettext_lazy("内容超过%(about)s个字符，请缩短。"),
    "bad_address": gettext_lazy("地址中的查询内容不完整，可能在复制时被截断。请从原来的页面重新打开，或重新设置条件。"),
    "not_object": gettext_lazy("这里应是一个对象。"),
    "not_list": gettext_lazy("这里应是一个列表，且不能为空。"),
    "not_bool": gettext_lazy("请选择“是”或“否”。"),
    "unknown_key": gettext_lazy("没有“%(about)s”这一项。"),
    "too_many": gettext_lazy("最多%(about)s项，请减少。"),
    "too_many_conditions": gettext_lazy("条件最多%(about)s个，请合并或删去一些。"),
    "too_deep": gettext_lazy("条件组最多嵌套%(about)s层，请简化。"),
    "unknown_how": gettext_lazy("条件组应为“同时满足”“满足任一”或“均不满足”。"),
    "no_op": gettext_lazy("请选择比较方式。"),
    "unfit_op": gettext_lazy("这个字段不能这样比较，请重新选择比较方式。"),
    "not_value": gettext_lazy("这里应是文字、数值或“是/否”。"),
    "no_value": gettext_lazy("请填写或选择比较的值。"),
    "not_number": gettext_lazy("“%(about)s”不是数值，请填写数字，例如 5000。"),
    "not_day": gettext_lazy("“%(about)s”不是日期，请按“2020-01-31”填写。"),
    "not_pair": gettext_lazy("请填写起止两个值。"),
    "not_one": gettext_lazy("这里只能有一个值。"),
    "not_rising": gettext_lazy("数值应从小到大，且不重复。"),
    "not_amount": gettext_lazy("请填写企业数（正整数）或百分比（大于0，不超过100）。"),
    "unknown_choice": gettext_lazy("没有“%(about)s”这个选项，请从列表中选择。"),
    "no_field": gettext_lazy("请选择字段。"),
    "unknown_field": gettext_lazy("没有字段“%(about)s”，可能已停用。请删去或重新选择。"),
    "hidden_field": gettext_lazy("您无权查看这个字段，请删去或重新选择。"),
    "not_year": gettext_lazy("“%(about)s”不是年度。"),
    "no_period": gettext_lazy("%(about)s年度没有评价结果，请选择其他评价期。"),
    "no_periods": gettext_lazy("还没有任何评价结果。评价期完成计算之后即可检索。"),
    "not_sort": gettext_lazy("排序应写明字段和升降。"),
    "unknown_statistic": gettext_lazy("没有这种统计量，请重新选择。"),
    "not_measurable": gettext_lazy("这个字段不是数值，不能求和或求分位数，只能计企业数。"),
    "not_groupable": gettext_lazy("不能按这个字段分组。"),
    "no_bands": gettext_lazy("按数值或日期分组时，请填写分段的界线，例如 100、500、2000。"),
    "unfit_bands": gettext_lazy("这个字段按选项分组，不需要分段。"),
    "across_without_rows": gettext_lazy("请先选择行，再选择列。"),
    "same_twice": gettext_lazy("行和列不能是同一个字段。"),
    "too_many_groups": gettext_lazy("分组结果超过%(about)s格，请增加条件，或改用类别较少的字段分组。"),
}


def told(problems: Iterable[Problem]) -> list[Problem]:
    """The problems with their messages."""
    return [replace(problem, message=str(PROBLEMS[problem.code]) % {"about": problem.about}) for problem in problems]


def label_of(code: str, fields: Fields) -> str:
    """The field's name; of an earlier period's figure, with how far back it is."""
    field, back = field_of(code, fields), base(code)[1]
    if field is None:
        return code
    if not back:
        return field.label
    if back == 1:
        return _("%(field)s（上一评价期）") % {"field": field.label}
    return _("%(field)s（前%(back)d个评价期）") % {"field": field.label, "back": back}


def as_asked(code: str, fields: Fields) -> Field | None:
    """The field under the code and the name it is asked by."""
    field = field_of(code, fields)
    return field and replace(field, code=code, label=label_of(code, fields))


def title_of(measure: Measure, fields: Fields) -> str:
    statistic = str(STATISTICS[measure.statistic])
    if not measure.field:
        return statistic
    if measure.statistic == "count":
        return _("%(field)s已提供的企业数") % {"field": label_of(measure.field, fields)}
    return _("%(field)s%(statistic)s") % {"field": label_of(measure.field, fields), "statistic": statistic}


def measure_field(measure: Measure, fields: Fields) -> Field:
    """What a measure's figures are: unit and decimals to show."""
    field = field_of(measure.field, fields)
    title = title_of(measure, fields)
    if measure.statistic == "share":
        return Field(measure.field, title, NUMBER, "%", decimals=1)
    if measure.statistic == "count" or field is None:
        return Field(measure.field, title, NUMBER, _("家"), decimals=0)
    # A mean of whole numbers is none.
    decimals = max(field.decimals, 2) if measure.statistic not in ("sum", "min", "max") else field.decimals
    return Field(measure.field, title, NUMBER, field.unit, decimals=decimals)


def shown(value: Raw, field: Field) -> str:
    """A value as a reader expects it, without its unit; nothing known is a dash."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, dt.date):
        return formats.date_format(value, "SHORT_DATE_FORMAT")
    if isinstance(value, str):
        return dict(field.choices).get(value, value)
    rounded = decimal_of(float(value)).quantize(Decimal(1).scaleb(-field.decimals), ROUND_HALF_UP)
    text = f"{rounded or abs(rounded):,f}"  # no minus before nothing
    if field.decimals > 2:  # the last digits where there are any; two in any case, so that a column stays in line
        text = text[: 2 - field.decimals] + text[2 - field.decimals :].rstrip("0")
    return text.replace("-", "−")


def group_label(key: str, field: Field, edges: tuple[Scalar, ...]) -> str:
    """What a group is called: a choice, 是/否, a band with its unit."""
    if key == TOTAL:
        return _("合计")
    if key == UNKNOWN:  # a stage is judged, not provided
        return _("未划分") if field.code == "firm.stage" else _("未提供")
    if field.kind == FLAG:
        return _("是") if key == YES else _("否")
    if field.kind == CHOICE:
        return dict(field.choices).get(key, key)
    i = int(key[1:])
    if not i:
        return _("低于%(edge)s") % {"edge": _bound(edges[0], field)}
    if i == len(edges):
        return _("%(edge)s及以上") % {"edge": _bound(edges[-1], field)}
    return _("%(low)s至不足%(high)s") % {"low": _bound(edges[i - 1], field), "high": _bound(edges[i], field)}


def in_words(node: Condition | Group, fields: Fields) -> str:
    """One condition, or a group of them, as a phrase."""
    if isinstance(node, Condition):
        return _condition(node, fields)
    parts = [_bracketed(child, fields) for child in node.children]
    if not parts:
        return _("不限")
    patterns = {
        ALL: _("同时满足：%(conditions)s"),
        ANY: _("满足任一：%(conditions)s"),
        NONE: _("均不满足：%(conditions)s"),
    }
    return patterns[node.how] % {"conditions": _("；").join(parts)}


def _bracketed(node: Condition | Group, fields: Fields) -> str:
    said = in_words(node, fields)
    return _("（%(conditions)s）") % {"conditions": said} if isinstance(node, Group) else said


def _condition(condition: Condition, fields: Fields) -> str:
    field = as_asked(condition.field, fields)
    if field is None:
        return condition.field
    value = condition.value
    if condition.op == "is":
        pattern = _("%(field)s：是") if value else _("%(field)s：否")
        return pattern % {"field": field.label}
    said: dict[str, str] = {"field": field.label}
    if condition.op == "between" and isinstance(value, tuple):
        said |= {"low": _bound(value[0], field), "high": _bound(value[1], field)}
    elif condition.op in ("top", "bottom") and isinstance(value, tuple):
        amount = f"{float(value[0]):g}"
        said["value"] = _("%(n)s家") % {"n": amount} if value[1] == "firms" else f"{amount}%"
    elif isinstance(value, tuple):
        names = [shown(str(one), field) for one in value]
        more = len(names) - 20
        said["value"] = _("、").join(names[:20])
        if more > 0:
            said["value"] = _("%(names)s等%(n)d项") % {"names": said["value"], "n": len(names)}
    elif value is not None:
        said["value"] = str(value) if condition.op == "contains" else _bound(value, field)
    return str(_SAID[condition.op]) % said


def _bound(value: Scalar, field: Field) -> str:
    """A bound as typed: all its decimals, with its unit."""
    if field.kind == DATE:
        return shown(dt.date.fromisoformat(str(value)), field)
    text = f"{Decimal(repr(float(value))):,f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{text.replace('-', '−')}{field.unit}"
