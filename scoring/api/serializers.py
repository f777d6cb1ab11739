"""What the API says, key by key. Nothing is said that is not named here."""

from rest_framework import serializers


class PeriodSerializer(serializers.Serializer):
    year = serializers.IntegerField(source="year_id", help_text="数据年度")
    name = serializers.CharField(help_text="名称")
    published = serializers.SerializerMethodField(help_text="是否已发布")
    published_at = serializers.DateTimeField(allow_null=True, help_text="发布时间")
    as_of = serializers.DateField(help_text="计龄截止日")
    scheme = serializers.CharField(source="scheme.code", help_text="指标体系代码")
    scheme_version = serializers.CharField(source="scheme.version", help_text="指标体系版本")

    def get_published(self, period) -> bool:
        return period.published_run_id is not None
