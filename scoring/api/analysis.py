"""多维检索 by program: the question as JSON, the same answer as the page's."""

from __future__ import annotations

from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from firms.models import Role, User
from firms.permissions import role_of
from firms.services.refusal import Refusal
from scoring.analysis.query import Query
from scoring.api.schema import answers
from scoring.services.analysis import Result, ask

PAGES = 1_000_000
SIZES = (1, 200)


class AnalysisRequestSerializer(serializers.Serializer):
    """Documentation of what ``Query.from_json`` reads; it is that which checks, and names every slip by its path."""

    periods = serializers.ListField(
        child=serializers.IntegerField(min_value=1949, max_value=2100), required=False,
        help_text="数据年度；不填为最近已发布的评价期",
    )  # fmt: skip
    where = serializers.DictField(
        required=False,
        help_text=(
            '条件组 {"how": "all|any|none", "children": [条件或条件组]}；条件为 {"field", "op", "value"}。比较方式：数值和日期 '
            "eq ne lt le gt ge between known unknown top bottom，选项 in not_in，是否 is，文字 contains in"
        ),
    )
    columns = serializers.ListField(child=serializers.CharField(), required=False, help_text="要列出的字段代码")
    sort = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField()), required=False,
        help_text='排序，如 [["score.total", "desc"]]；分组时可用 measure.0 等',
    )  # fmt: skip
    rows = serializers.CharField(required=False, allow_blank=True, help_text="分组字段；不填为企业清单")
    across = serializers.CharField(required=False, allow_blank=True, help_text="第二个分组字段，成为列")
    measures = serializers.ListField(
        child=serializers.DictField(), required=False,
        help_text='统计量，如 {"field": "metric.revenue", "statistic": "median"}；统计量有 count sum mean median p10 p25 p75 p90 min max share',
    )  # fmt: skip
    bands = serializers.DictField(required=False, help_text='数值或日期分段的界线，如 {"metric.revenue": [100, 500]}')
    within = serializers.ListField(
        child=serializers.DictField(), required=False, help_text="另须全部满足的条件（从表格某一格展开时使用）"
    )
    trial = serializers.BooleanField(required=False, help_text="是否用最近一次计算（试算），而不用已发布的")
    page = serializers.IntegerField(required=False, min_value=1, max_value=PAGES, help_text="第几页，从1起")
    size = serializers.IntegerField(
        required=False, min_value=SIZES[0], max_value=SIZES[1], help_text="每页企业数，默认50"
    )


class AnalysisPeriodSerializer(serializers.Serializer):
    year = serializers.IntegerField(help_text="数据年度")
    name = serializers.CharField(help_text="名称")
    run = serializers.IntegerField(source="run_id", help_text="评价计算的编号")
    published = serializers.BooleanField(help_text="是否已发布；否为试算")
    computed_at = serializers.DateTimeField(help_text="计算时间")
    firms = serializers.IntegerField(help_text="企业数")
    matched = serializers.IntegerField(help_text="符合条件的企业数")
    as_of = serializers.DateTimeField(allow_null=True, help_text="now_fields 所列字段的统计时间")
    now_fields = serializers.ListField(
        child=serializers.CharField(), help_text="不取自本次计算、而取自台账或现有数据的字段"
    )


class AnalysisFieldSerializer(serializers.Serializer):
    code = serializers.CharField(help_text="字段代码")
    label = serializers.CharField(help_text="名称")  # type: ignore[assignment]
    kind = serializers.CharField(help_text="number、choice、flag、text 或 date")
    unit = serializers.CharField(help_text="单位")


class AnalysisRowSerializer(serializers.Serializer):
    year = serializers.IntegerField(help_text="数据年度")
    credit_code = serializers.CharField(help_text="统一社会信用代码")
    name = serializers.CharField(help_text="企业名称")
    values = serializers.ListField(
        child=serializers.JSONField(allow_null=True), help_text="次序同 columns；未提供为空，选项为代码"
    )


class AnalysisHeadSerializer(serializers.Serializer):
    key = serializers.CharField(help_text="代码；* 为合计，空为未提供")
    label = serializers.CharField(help_text="名称")  # type: ignore[assignment]


class AnalysisCellSerializer(serializers.Serializer):
    year = serializers.IntegerField(help_text="数据年度")
    row = serializers.CharField(help_text="heads 中的代码")
    across = serializers.CharField(help_text="across 中的代码")
    count = serializers.IntegerField(help_text="企业数")
    values = serializers.ListField(
        child=serializers.FloatField(allow_null=True), help_text="次序同 measures；没有数值为空"
    )


class AnalysisSerializer(serializers.Serializer):
    periods = AnalysisPeriodSerializer(many=True, help_text="各评价期，最近的在前")
    conditions = serializers.ListField(
        source="conditions_in_words", child=serializers.CharField(), help_text="条件的文字说明"
    )
    total = serializers.IntegerField(help_text="各评价期符合条件的企业数之和")
    page = serializers.IntegerField(help_text="第几页")
    pages = serializers.IntegerField(help_text="共几页")
    columns = AnalysisFieldSerializer(many=True, help_text="清单的列")
    rows = AnalysisRowSerializer(many=True, help_text="本页企业")
    heads = AnalysisHeadSerializer(many=True, help_text="分组表的行")
    across = AnalysisHeadSerializer(many=True, help_text="分组表的列")
    measures = AnalysisFieldSerializer(many=True, help_text="统计量")
    cells = serializers.SerializerMethodField(help_text="分组表的各格；没有企业的格不在其中")

    def get_cells(self, result: Result) -> list[dict[str, Any]]:
        return [
            {"year": year, "row": row, "across": across, "count": cell.count, "values": list(cell.values)}
            for (year, row, across), cell in result.cells.items()
        ]


EXAMPLE = {
    "periods": [2022],
    "where": {"how": "all", "children": [{"field": "metric.rd_expense", "op": "ge", "value": 500}]},
    "rows": "firm.stage",
    "measures": [{"field": "", "statistic": "count"}, {"field": "metric.rd_expense", "statistic": "median"}],
}


class Analysis(APIView):
    http_method_names = ("post", "options")

    @extend_schema(
        operation_id="analysis",
        summary="多维检索",
        description="按条件列出企业、分组统计或做两维交叉，与多维检索页面相同。积分办和领导登录后可用。检索数据尚在准备时返回 409。",
        request=AnalysisRequestSerializer,
        responses={
            status: said for status, said in answers(AnalysisSerializer, 400, 403, 409).items() if status != 304
        },
        examples=[OpenApiExample("分组", value=EXAMPLE, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        if role_of(request.user) not in {Role.OFFICE, Role.LEADER}:
            raise PermissionDenied
        said = request.data
        page, size = 1, 50
        if isinstance(said, dict):
            said = dict(said)
            page, size = _whole(said.pop("page", 1), "page", 1, PAGES), _whole(said.pop("size", 50), "size", *SIZES)
        result = ask(cast("User", request.user), Query.from_json(said), page=page, size=size)
        _refuse_unanswered(result)
        return Response(AnalysisSerializer(result).data, headers={"Cache-Control": "private, no-store"})


def _whole(value: Any, place: str, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        said = {"low": low, "high": high}
        raise Refusal(
            "invalid", _("应为%(low)d至%(high)d的整数。") % said, place=place, hint=_("请更正后重试。"), status=400
        )
    return value


def _refuse_unanswered(result: Result) -> None:
    """Every problem by its path, in the shape of any refusal."""
    if result.problems:
        first = result.problems[0]
        refusal = Refusal("bad_query", first.message, place=first.path, hint=_("请更正后重试。"), status=400)
        fields: dict[str, list[str]] = {}
        for problem in result.problems:
            fields.setdefault(problem.path, []).append(problem.message)
        refusal.fields = fields  # type: ignore[attr-defined]  # as_json shows them
        raise refusal
    if result.preparing:
        raise Refusal(
            "preparing", _("检索数据正在准备。"), place=_("多维检索"), hint=_("请一分钟后重试，进度见多维检索页面。")
        )
