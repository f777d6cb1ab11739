"""裁定: which figure, and why."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from firms.models import Source

REASONS = [
    ("document", lazy("经核对原始凭证（申报表、审计报告等）")),
    ("scope", lazy("统计口径不同，以主管部门口径为准")),
    ("time", lazy("取数时点不同，以最新数为准")),
    ("typing", lazy("未采用一方录入有误（单位、小数点、串行）")),
    ("confirmed", lazy("已与企业核实")),
    ("other", lazy("其他（请写明）")),
]


class ReasonedForm(forms.Form):
    """One of the usual reasons, and words of one's own; 其他 needs words."""

    why = forms.ChoiceField(label=lazy("理由"), choices=REASONS, error_messages={"required": lazy("请选择裁定理由。")})
    note = forms.CharField(label=lazy("说明"), max_length=300, required=False)

    def clean(self) -> dict:
        data = super().clean() or {}
        label = str(dict(REASONS).get(data.get("why", ""), ""))
        note = data.get("note", "").strip()
        if data.get("why") == "other":
            if not note:
                self.add_error("note", _("选择“其他”时请写明理由。"))
            label = note
        elif note:
            label = f"{label}：{note}"
        data["reason"] = label
        return data


class DecideForm(ReasonedForm):
    filing = forms.IntegerField(label=lazy("采用的数值"), min_value=1)
    seen = forms.CharField(label=lazy("所见数值"), max_length=200)


class RuleForm(ReasonedForm):
    source = forms.ChoiceField(label=lazy("来源"), choices=Source.choices)
    expected = forms.IntegerField(label=lazy("条数"), min_value=0)
    q = forms.CharField(required=False, max_length=100)
