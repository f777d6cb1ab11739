"""异议 and the answer to one. Figures are read by the service, in the metric's own words for what is wrong."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from firms.forms.files import ManyFilesField
from firms.models import Metric

_AREA = {"class": "form-control", "rows": 4}


class ObjectionForm(forms.Form):
    claimed = forms.CharField(
        label=_("我方主张的数值"), max_length=40, required=False, help_text=_("知道正确数值的请填写；可以不填，只说明理由。"),
        widget=forms.TextInput(attrs={"class": "form-control", "inputmode": "decimal"}),
    )  # fmt: skip
    reason = forms.CharField(
        label=_("理由"), max_length=1000, widget=forms.Textarea(attrs=_AREA),
        error_messages={"required": _("请写明异议理由：数值错在哪里、依据什么。")},
    )  # fmt: skip
    evidence = ManyFilesField(
        label=_("佐证材料"), required=False, help_text=_("申报表、审计报告等，PDF 或图片，可一次选几个。"),
        widget=ManyFilesField.widget(attrs={"class": "form-control"}),
    )  # fmt: skip

    def __init__(self, *args: Any, metric: Metric, **kwargs: Any) -> None:
        """``metric``: what is objected to; its unit stands beside the field, as everywhere a figure is typed."""
        super().__init__(*args, **kwargs)
        if metric.kind == Metric.Kind.FLAG:
            self.fields["claimed"].help_text = _("填“是”或“否”；可以不填，只说明理由。")
        elif metric.unit:
            self.fields["claimed"].label = _("我方主张的数值（%s）") % metric.unit


class UpholdForm(forms.Form):
    figure = forms.CharField(label=_("核实数值"), max_length=40, error_messages={"required": _("请填写核实后的数值。")})
    answer = forms.CharField(label=_("答复"), max_length=1000, required=False)


class RejectForm(forms.Form):
    answer = forms.CharField(label=_("答复"), max_length=1000, error_messages={"required": _("请写明不采纳的理由。")})
