"""What a person types or picks on the pages of `firms`; rules beyond form stand in the services."""

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from firms.models import Department, Firm, ImportBatch, RegisterEntry, Role, User


class UploadForm(forms.Form):
    """One file on its way in. A department's officer does not choose the department: it is theirs."""

    kind = forms.ChoiceField(label=_("内容"), choices=ImportBatch.Kind.choices, initial=ImportBatch.Kind.METRICS)
    department = forms.ModelChoiceField(
        label=_("数据所属部门"), queryset=Department.objects.all(), required=False, empty_label=_("请选择部门")
    )
    year = forms.IntegerField(
        label=_("数据年度"),
        required=False,
        min_value=1949,
        max_value=2100,
        help_text=_("指标数据必填：表中数字是哪一年的。"),
    )
    register_kind = forms.ChoiceField(
        label=_("台账种类"), choices=[("", _("请选择台账")), *RegisterEntry.Kind.choices], required=False
    )
    file = forms.FileField(
        label=_("文件"),
        help_text=_("xlsx、xls 或 csv；表头不必在第一行，合计行和备注会自动识别。"),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.xls,.csv"}),
        error_messages={
            "empty": _("文件是空的，没有任何内容。请重新导出后上传。"),
            "required": _("请选择要导入的文件。"),
        },
    )

    def __init__(self, *args, user: User, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["year"].initial = timezone.localdate().year - 1
        if user.role == Role.DEPARTMENT:
            del self.fields["department"]
            self.fields["kind"].choices = [c for c in ImportBatch.Kind.choices if c[0] != ImportBatch.Kind.FIRMS]
            if user.department.code == "market":  # the registry of firms is the market supervision's own
                self.fields["kind"].choices = ImportBatch.Kind.choices
        for field in self.fields.values():
            control = "form-select" if isinstance(field, forms.ChoiceField) else "form-control"
            field.widget.attrs.setdefault("class", control)

    def clean(self) -> dict:
        cleaned = super().clean() or {}
        kind = cleaned.get("kind")
        if kind == ImportBatch.Kind.METRICS and not cleaned.get("year") and "year" not in self.errors:
            self.add_error("year", _("指标数据要写明数据年度。"))
        if kind == ImportBatch.Kind.REGISTERS and not cleaned.get("register_kind"):
            self.add_error("register_kind", _("请选择这份文件是哪一种台账。"))
        if self.user.role == Role.DEPARTMENT:
            cleaned["department"] = self.user.department
        return cleaned


class UndoForm(forms.Form):
    reason = forms.CharField(
        label=_("撤销原因"),
        max_length=200,
        widget=forms.TextInput(attrs={"class": "form-control", "placeholder": _("例如：文件取错年度")}),
    )


class MatchForm(forms.Form):
    """A person says which firm a row is about."""

    row = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    credit_code = forms.CharField(
        label=_("统一社会信用代码"),
        max_length=18,
        widget=forms.TextInput(attrs={"class": "form-control form-control-sm"}),
    )

    def clean_credit_code(self) -> Firm:
        code = self.cleaned_data["credit_code"].strip().upper()
        firm = Firm.objects.filter(credit_code=code).first()
        if firm is None:
            raise forms.ValidationError(
                _("企业名录中没有代码为 %(code)s 的企业，请先导入名录。"), params={"code": code}
            )
        return firm
