"""What a person types or picks on the pages of `firms`; rules beyond form stand in the services."""

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from firms import catalogue
from firms.models import Department, Firm, ImportBatch, Role, User


class UploadForm(forms.Form):
    """One file on its way in. What is left open is told from the file; a department's officer has one department."""

    kind = forms.ChoiceField(label=_("内容"), choices=[("", _("自动判断")), *ImportBatch.Kind.choices], required=False)
    department = forms.ModelChoiceField(
        label=_("数据所属部门"), queryset=Department.objects.all(), required=False, empty_label=_("自动判断")
    )
    year = forms.IntegerField(
        label=_("数据年度"),
        required=False,
        min_value=1949,
        max_value=2100,
        help_text=_("指标数据是哪一年的；不填则按文件名和标题判断。"),
    )
    register_kind = forms.ChoiceField(label=_("台账种类"), required=False)
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
        own = user.department.code if user.department else ""
        registers = [
            (kind, spec.name) for kind, spec in catalogue.load().registers.items() if not own or own in spec.owners
        ]
        self.fields["register_kind"].choices = [("", _("自动判断")), *registers]
        kinds = [("", _("自动判断")), *ImportBatch.Kind.choices]
        if user.role == Role.DEPARTMENT:
            del self.fields["department"]
            closed = set() if own == "market" else {ImportBatch.Kind.FIRMS}  # the register of firms is 市场监管局's own
            closed |= set() if registers else {ImportBatch.Kind.REGISTERS}
            kinds = [choice for choice in kinds if choice[0] not in closed]
        self.fields["kind"].choices = kinds
        for field in self.fields.values():
            control = "form-select" if isinstance(field, forms.ChoiceField) else "form-control"
            field.widget.attrs.setdefault("class", control)

    def clean(self) -> dict:
        cleaned = super().clean() or {}
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
    """A person says which firm a row is about: by credit code, or by a name that is one firm's alone."""

    row = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    firm = forms.CharField(label=_("企业"), max_length=128, error_messages={"required": _("请填写企业名称或代码。")})

    def clean_firm(self) -> Firm:
        text = self.cleaned_data["firm"].strip()
        exact = Firm.objects.filter(Q(credit_code=text.upper()) | Q(name=text))
        found = list(exact[:2]) or list(Firm.objects.filter(Q(name__contains=text) | Q(name_initials=text.lower()))[:2])
        if not found:
            raise forms.ValidationError(
                _("企业名录中没有“%(text)s”，请核对，或先导入企业名录。"), params={"text": text}
            )
        if len(found) > 1:
            raise forms.ValidationError(_("有多家企业符合“%(text)s”，请写全称或代码。"), params={"text": text})
        return found[0]
