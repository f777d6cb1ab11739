"""What the office types or picks; rules beyond form stand in the services."""

from django import forms
from django.utils.translation import gettext_lazy as _

from scoring.models import Scheme


class OpenPeriodForm(forms.Form):
    year = forms.IntegerField(
        label=_("数据年度"), min_value=1949, max_value=2100, widget=forms.NumberInput(attrs={"class": "form-control"})
    )
    scheme = forms.ModelChoiceField(
        label=_("指标体系"),
        queryset=Scheme.objects.all(),
        empty_label=None,
        widget=forms.Select(attrs={"class": "form-select"}),
    )


class PublishForm(forms.Form):
    """``version`` is the period's version the page was made from: two officers do not overwrite each other."""

    run = forms.IntegerField(label=_("评价计算"), min_value=1)
    version = forms.IntegerField(label=_("版本"), min_value=0)


class LockForm(forms.Form):
    version = forms.IntegerField(label=_("版本"), min_value=0, widget=forms.HiddenInput)


class WithdrawForm(LockForm):
    reason = forms.CharField(
        label=_("原因"), max_length=200, widget=forms.TextInput(attrs={"class": "form-control", "required": True})
    )


class StageForm(forms.Form):
    credit_code = forms.CharField(label=_("统一社会信用代码"), max_length=18)
    stage = forms.CharField(label=_("企业类型"), max_length=16)
    reason = forms.CharField(label=_("理由"), max_length=300)


class ScheduleForm(forms.Form):
    at = forms.TimeField(
        label=_("每夜计算时间"), widget=forms.TimeInput(format="%H:%M", attrs={"type": "time", "class": "form-control"})
    )
