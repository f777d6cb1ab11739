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
    label = serializers.CharField(help_text="哪种排名")
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
