"""What the API says, key by key. Nothing is said that is not named here."""

from decimal import Decimal

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from scoring.models import EvaluationPeriod


@extend_schema_field(OpenApiTypes.STR)
class PointsField(serializers.Field):
    """A score as published: two decimals, more only where the scheme keeps more. Text, so that no digit is lost."""

    def to_representation(self, value: Decimal) -> str:
        text = f"{value:.4f}"
        return text.removesuffix("0").removesuffix("0")


class PeriodSerializer(serializers.Serializer):
    year = serializers.IntegerField(source="year_id", help_text="数据年度")
    name = serializers.CharField(help_text="名称")
    published = serializers.SerializerMethodField(help_text="是否已发布")
    published_at = serializers.DateTimeField(allow_null=True, help_text="发布时间")
    as_of = serializers.DateField(help_text="计龄截止日")
    scheme = serializers.CharField(source="scheme.code", help_text="指标体系代码")
    scheme_version = serializers.CharField(source="scheme.version", help_text="指标体系版本")

    def get_published(self, period: EvaluationPeriod) -> bool:
        return period.published_run_id is not None


class RankSerializer(serializers.Serializer):
    label = serializers.CharField(help_text="哪种排名")  # type: ignore[assignment]
    rank = serializers.IntegerField(help_text="名次")
    of = serializers.IntegerField(allow_null=True, help_text="参加排名的企业数")


class YearSerializer(serializers.Serializer):
    year = serializers.IntegerField(help_text="数据年度")
    name = serializers.CharField(help_text="评价期")
    published = serializers.BooleanField(help_text="是否已发布")
    status = serializers.CharField(help_text="状态")
    stage = serializers.CharField(allow_blank=True, help_text="企业类型")
    total = PointsField(allow_null=True, help_text="最终得分")
    rank = serializers.IntegerField(allow_null=True, help_text="总排名")
    stage_rank = serializers.IntegerField(allow_null=True, help_text="同类型排名")


class FirmSerializer(serializers.Serializer):
    """A firm as the public may know it."""

    credit_code = serializers.CharField(source="firm.credit_code", help_text="统一社会信用代码")
    name = serializers.CharField(source="firm.name", help_text="企业名称")
    cluster = serializers.CharField(allow_blank=True, help_text="主导产业")
    park = serializers.CharField(allow_blank=True, help_text="园区")
    year = serializers.IntegerField(source="period.year_id", default=None, allow_null=True, help_text="数据年度")
    published = serializers.BooleanField(help_text="是否已发布")
    stage = serializers.CharField(allow_blank=True, help_text="企业类型")
    total = PointsField(source="score.total", default=None, allow_null=True, help_text="最终得分")
    ranks = RankSerializer(many=True, help_text="各种排名")
    years = YearSerializer(many=True, help_text="历年得分")


class RankingRowSerializer(serializers.Serializer):
    rank = serializers.IntegerField(help_text="总排名")
    stage_rank = serializers.IntegerField(allow_null=True, help_text="同类型排名")
    cluster_rank = serializers.IntegerField(source="industry_rank", allow_null=True, help_text="产业排名")
    credit_code = serializers.CharField(help_text="统一社会信用代码")
    name = serializers.CharField(help_text="企业名称")
    stage = serializers.CharField(help_text="企业类型代码")
    stage_name = serializers.CharField(help_text="企业类型")
    cluster = serializers.CharField(allow_blank=True, help_text="主导产业代码")
    cluster_name = serializers.CharField(allow_blank=True, help_text="主导产业")
    park = serializers.CharField(allow_blank=True, help_text="园区代码")
    park_name = serializers.CharField(allow_blank=True, help_text="园区")
    total = PointsField(help_text="最终得分")
    dimension_points = serializers.ListField(
        child=serializers.FloatField(), help_text="各一级指标得分，次序同 dimensions"
    )
    movement = serializers.IntegerField(allow_null=True, help_text="比上一评价期上升的名次；空为上期未参加排名")


class ChoiceSerializer(serializers.Serializer):
    value = serializers.CharField(allow_blank=True, help_text="参数值")
    label = serializers.CharField(help_text="名称")  # type: ignore[assignment]
    count = serializers.IntegerField(allow_null=True, help_text="企业数")


class RankingSerializer(serializers.Serializer):
    year = serializers.IntegerField(source="period.year_id", default=None, allow_null=True, help_text="数据年度")
    name = serializers.CharField(source="period.name", default="", allow_blank=True, help_text="评价期")
    published = serializers.BooleanField(help_text="是否已发布")
    run = serializers.IntegerField(source="run_id", allow_null=True, help_text="评价计算的编号")
    count = serializers.IntegerField(allow_null=True, help_text="符合条件的企业数；检索词太常见时为空")
    next = serializers.CharField(source="next_cursor", allow_blank=True, help_text="下一页的 cursor；空为没有")
    previous = serializers.CharField(source="previous_cursor", allow_blank=True, help_text="上一页的 cursor；空为没有")
    dimensions = serializers.ListField(child=serializers.CharField(), help_text="一级指标")
    stages = ChoiceSerializer(many=True, help_text="企业类型及企业数")
    clusters = ChoiceSerializer(many=True, help_text="主导产业及企业数")
    parks = ChoiceSerializer(many=True, help_text="园区及企业数")
    rows = RankingRowSerializer(many=True, help_text="本页企业")
