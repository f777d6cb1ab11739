"""The words of the builder: operators by kind of field, statistics, how conditions join, which period."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from scoring.analysis.fields import base

if TYPE_CHECKING:
    from scoring.analysis.fields import Field

Words = Mapping[str, str | Promise]

HOWS: Words = {"all": lazy("同时满足"), "any": lazy("满足任一"), "none": lazy("均不满足")}
_KNOWN: Words = {"known": lazy("已提供"), "unknown": lazy("未提供")}
OPS: Mapping[str, Words] = {
    "number": {
        "ge": lazy("不小于"), "gt": lazy("大于"), "le": lazy("不超过"), "lt": lazy("小于"), "between": lazy("介于"),
        "eq": lazy("等于"), "ne": lazy("不等于"), "top": lazy("数值最大的"), "bottom": lazy("数值最小的"), **_KNOWN,
    },
    "date": {
        "ge": lazy("不早于"), "gt": lazy("晚于"), "le": lazy("不晚于"), "lt": lazy("早于"), "between": lazy("介于"),
        "eq": lazy("恰为"), "ne": lazy("不是"), "top": lazy("最晚的"), "bottom": lazy("最早的"), **_KNOWN,
    },
    "choice": {"in": lazy("是其中之一"), "not_in": lazy("不是其中任何一个"), **_KNOWN},
    "flag": {"is": lazy("为"), **_KNOWN},
    "text": {"contains": lazy("含有"), "in": lazy("是其中之一"), **_KNOWN},
}  # fmt: skip
STATISTICS: Words = {
    "count": lazy("企业数"), "sum": lazy("合计"), "mean": lazy("平均值"), "median": lazy("中位数"),
    "p25": lazy("25%分位"), "p75": lazy("75%分位"), "p10": lazy("10%分位"), "p90": lazy("90%分位"),
    "min": lazy("最小值"), "max": lazy("最大值"), "share": lazy("占比"),
}  # fmt: skip


def with_unit(label: str, unit: str) -> str:
    return _("%(name)s（%(unit)s）") % {"name": label, "unit": unit} if unit else label


def which_period(back: int) -> str:
    """The period a figure is of, seen from the period asked about."""
    if not back:
        return _("本期")
    return _("上一期") if back == 1 else _("前%(n)d期") % {"n": back}


def earlier_words(label: str, back: int) -> str:
    """A figure's name; of an earlier period with that period."""
    return _("%(name)s（%(period)s）") % {"name": label, "period": which_period(back)} if back else label


def label_of(code: str, fields: Mapping[str, Field]) -> str:
    """The name of the field behind a code, with its period where that is an earlier one; of an unknown one the code."""
    plain, back = base(code)
    return earlier_words(fields[plain].label, back) if plain in fields else code
