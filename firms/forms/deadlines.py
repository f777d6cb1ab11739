"""What the office fills in about deadlines: an extension for one firm, whom to remind."""

from django import forms
from django.utils.translation import gettext_lazy as _

from firms.forms.days import DayInput
from firms.forms.imports import MatchForm


class ExtensionForm(MatchForm):
    """The firm by credit code, or by a name that is one firm's alone."""

    row = None  # type: ignore[assignment]  # there is none: only the firm is looked up
    year = forms.IntegerField(label=_("数据年度"), min_value=1949, max_value=2100)
    due_on = forms.DateField(label=_("延至"), widget=DayInput())
    reason = forms.CharField(label=_("原因"), max_length=500)

    field_order = ("firm", "year", "due_on", "reason")

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for name, placeholder in (
            ("firm", _("企业名称、拼音首字母或信用代码")),
            ("reason", _("例如：审计报告尚未出具")),
        ):
            self.fields[name].widget.attrs["placeholder"] = placeholder
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-control"


class RemindForm(forms.Form):
    year = forms.IntegerField(min_value=1949, max_value=2100)
    departments = forms.BooleanField(required=False)
    firms = forms.BooleanField(required=False)
