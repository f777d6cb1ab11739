"""Query parameters, checked: an unknown name, a wrong type or a value out of range is refused by its name."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request


class Parameters(serializers.Serializer):
    """Parameters as fields. Repeating one or inventing one is a mistake worth telling, not ignoring."""

    @classmethod
    def read(cls, request: Request) -> dict[str, Any]:
        """The checked values. Raises ValidationError (400) naming the parameter."""
        query = request.query_params
        declared = cls()
        wrong = {name: ["没有这个参数。"] for name in query if name not in declared.fields}
        wrong |= {name: ["参数只能出现一次。"] for name, values in query.lists() if len(values) > 1}
        if wrong:
            raise serializers.ValidationError(wrong)
        checked = cls(data=query.dict())
        checked.is_valid(raise_exception=True)
        return checked.validated_data


class YearParameters(Parameters):
    year = serializers.IntegerField(
        min_value=1949, max_value=2100, required=False, help_text="数据年度；不填为最近已发布的评价期"
    )


class RankingParameters(YearParameters):
    """The filters, search and order of the ranking page; the values are the page's own."""

    stage = serializers.CharField(required=False, max_length=32, help_text="企业类型代码")
    cluster = serializers.CharField(required=False, max_length=32, help_text="主导产业代码")
    park = serializers.CharField(required=False, max_length=32, help_text="园区代码")
    q = serializers.CharField(
        required=False, max_length=64, help_text="名称的一部分、拼音首字母，或统一社会信用代码的开头"
    )
    sort = serializers.CharField(
        required=False, max_length=48, help_text="次序：rank、name 或一级指标代码；前加 - 为倒序"
    )
    cursor = serializers.CharField(
        required=False, max_length=32, help_text="上一次返回的 next 或 previous；last 为末页"
    )
    size = serializers.IntegerField(required=False, min_value=1, max_value=500, help_text="每页行数，默认50")
