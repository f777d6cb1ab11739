"""积分办法 as the API says it: the scheme in force, provision by provision, and its text."""

from rest_framework import serializers


class LineSerializer(serializers.Serializer):
    """One provision of the method: an exclusion, a deduction, a decay, a bonus, a reading."""

    code = serializers.CharField(help_text="代码")
    name = serializers.CharField(allow_blank=True, help_text="名称")
    words = serializers.CharField(allow_blank=True, help_text="规定")
    points = serializers.CharField(allow_blank=True, help_text="分值或系数")
    article = serializers.CharField(allow_blank=True, help_text="条款或表行")
    reading = serializers.IntegerField(allow_null=True, help_text="本系统解释的编号；空为方案原文")


class IndicatorSerializer(serializers.Serializer):
    code = serializers.CharField(help_text="编号")
    name = serializers.CharField(help_text="名称")
    unit = serializers.CharField(allow_blank=True, help_text="单位")
    category = serializers.CharField(allow_blank=True, help_text="指标分类")
    points = serializers.CharField(help_text="分值")
    value = serializers.CharField(help_text="指标值怎样计算")
    rule = serializers.CharField(help_text="计分标准")
    article = serializers.CharField(allow_blank=True, help_text="条款或表行")
    reading = serializers.IntegerField(allow_null=True, help_text="本系统解释的编号；空为方案原文")


class DimensionSerializer(serializers.Serializer):
    code = serializers.CharField(help_text="代码")
    name = serializers.CharField(help_text="名称")
    points = serializers.CharField(help_text="分值合计")
    indicators = IndicatorSerializer(many=True, help_text="二级指标")


class StageWeightsSerializer(serializers.Serializer):
    stage = serializers.CharField(help_text="企业类型")
    weights = serializers.ListField(child=serializers.CharField(), help_text="各一级指标的权重，次序同 dimension_names")


class MethodSerializer(serializers.Serializer):
    title = serializers.CharField(help_text="名称")
    document = serializers.CharField(allow_blank=True, help_text="文号")
    issued_on = serializers.CharField(allow_blank=True, help_text="印发日期")
    version = serializers.CharField(help_text="版本")
    sha256 = serializers.CharField(help_text="方案文件的 SHA-256")
    eligibility = LineSerializer(allow_null=True, help_text="评价对象")
    stages = LineSerializer(many=True, help_text="企业类型")
    dimension_names = serializers.ListField(child=serializers.CharField(), help_text="一级指标名称")
    weights = serializers.SerializerMethodField(help_text="各企业类型的权重")
    dimensions = DimensionSerializer(many=True, help_text="一级指标")
    exclusions = LineSerializer(many=True, help_text="不纳入")
    deductions = LineSerializer(many=True, help_text="扣分")
    decays = LineSerializer(many=True, help_text="衰减系数")
    bonuses = LineSerializer(many=True, help_text="附加分")
    steps = serializers.ListField(child=serializers.CharField(), help_text="计算次序")
    readings = LineSerializer(many=True, help_text="本系统解释")
    text = serializers.SerializerMethodField(help_text="方案文件全文（TOML），可用 score_file 复核已发布的结果")

    def get_weights(self, page) -> StageWeightsSerializer(many=True):  # type: ignore[valid-type]
        return [{"stage": stage, "weights": list(weights)} for stage, weights in page.weights]

    def get_text(self, page) -> str:
        return self.context["text"]
