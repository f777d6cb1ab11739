"""One score explained, as the API says it: what the profile page shows to those who may see a firm's facts."""

from rest_framework import serializers

from scoring.api.serializers import FirmSerializer


class OriginSerializer(serializers.Serializer):
    source = serializers.CharField(allow_blank=True, help_text="数据来源")  # type: ignore[assignment]
    filed_on = serializers.DateField(allow_null=True, help_text="报送日期")
    place = serializers.CharField(allow_blank=True, help_text="批次、文件和行号")
    changed = serializers.BooleanField(help_text="此后该数据已变动")
    conflict = serializers.BooleanField(help_text="各来源不一致")


class FigureSerializer(serializers.Serializer):
    name = serializers.CharField(help_text="数据项")
    text = serializers.CharField(help_text="数值")
    known = serializers.BooleanField(help_text="是否已提供")
    origin = OriginSerializer(allow_null=True, help_text="出处")


class IndicatorScoreSerializer(serializers.Serializer):
    code = serializers.CharField(help_text="编号")
    name = serializers.CharField(help_text="名称")
    unit = serializers.CharField(allow_blank=True, help_text="单位")
    figures = FigureSerializer(many=True, help_text="所用数据")
    value = serializers.CharField(allow_blank=True, help_text="指标值")
    state = serializers.CharField(help_text="状态代码")
    state_text = serializers.CharField(help_text="状态")
    rule = serializers.CharField(help_text="计分标准")
    reference = serializers.CharField(allow_blank=True, help_text="满分值及其来源")
    points = serializers.CharField(help_text="得分")
    max_points = serializers.CharField(help_text="分值")
    at_stake = serializers.CharField(allow_blank=True, help_text="尚可争取的分数")


class DimensionScoreSerializer(serializers.Serializer):
    code = serializers.CharField(help_text="代码")
    name = serializers.CharField(help_text="一级指标")
    points = serializers.CharField(help_text="得分")
    max_points = serializers.CharField(help_text="分值")
    weight = serializers.CharField(help_text="权重")
    weighted = serializers.CharField(help_text="加权得分")
    indicators = IndicatorScoreSerializer(many=True, help_text="二级指标")


class AdjustmentSerializer(serializers.Serializer):
    kind = serializers.CharField(help_text="种类代码")
    kind_text = serializers.CharField(help_text="种类")
    name = serializers.CharField(help_text="名称")
    applies = serializers.BooleanField(help_text="是否适用")
    amount = serializers.CharField(allow_blank=True, help_text="分数或系数")
    article = serializers.CharField(allow_blank=True, help_text="条款或表行")
    figures = FigureSerializer(many=True, help_text="所用数据")


class StepSerializer(serializers.Serializer):
    code = serializers.CharField(help_text="代码")
    name = serializers.CharField(help_text="步骤")
    change = serializers.CharField(help_text="变动")
    after = serializers.CharField(help_text="累计")


class ExplanationSerializer(FirmSerializer):
    """The public part, and how the total came about; the steps add up to it exactly."""

    stage_reason = serializers.CharField(source="account.stage_reason", allow_blank=True, help_text="企业类型的依据")
    steps = StepSerializer(source="account.steps", many=True, help_text="得分构成")
    dimensions = DimensionScoreSerializer(source="account.dimensions", many=True, help_text="一级指标")
    exclusions = AdjustmentSerializer(source="account.exclusions", many=True, help_text="不纳入的原因")
    applied = AdjustmentSerializer(source="account.applied", many=True, help_text="适用的扣分、衰减与附加分")
    idle = AdjustmentSerializer(source="account.idle", many=True, help_text="不适用的扣分、衰减与附加分")
    unrounded = serializers.CharField(source="account.total_exact", allow_blank=True, help_text="舍入前的最终得分")
