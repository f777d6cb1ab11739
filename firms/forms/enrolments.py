"""What a person types to get a firm's account; rules beyond form stand in the services."""

from django import forms
from django.contrib.auth.forms import SetPasswordMixin
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _
from stdnum.cn import uscc

from firms.forms.accounts import NAME
from firms.models import Membership

PHONE = RegexValidator(r"^[0-9+ ()\-]{5,32}$", _("电话为5至32位，只能含数字、空格、加号、括号和连字符。"))


class EnrolmentForm(forms.Form):
    """企业注册, by anybody: nothing here is compared with what the system knows."""

    credit_code = forms.CharField(
        label=_("统一社会信用代码"),
        max_length=30,
        help_text=_("18位，见营业执照。"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    firm_name = forms.CharField(label=_("企业名称"), max_length=128, help_text=_("与营业执照一致的全称。"))
    name = forms.CharField(
        label=_("联系人姓名"), max_length=64, validators=[NAME], widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    phone = forms.CharField(
        label=_("联系电话"), max_length=32, validators=[PHONE],
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )  # fmt: skip
    email = forms.EmailField(
        label=_("电子邮箱"), max_length=150, help_text=_("审批通过后即为用户名，设置密码的链接发到此邮箱。"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )  # fmt: skip
    letter = forms.FileField(
        label=_("企业授权书"),
        help_text=_("加盖公章的扫描件或照片，PDF、JPG 或 PNG，不超过10 MB。"),
        widget=forms.FileInput(attrs={"accept": ".pdf,.jpg,.jpeg,.png"}),
        error_messages={"required": _("请上传加盖公章的授权书。"), "empty": _("文件是空的，请重新扫描后上传。")},
    )

    def clean_credit_code(self) -> str:
        try:
            return uscc.validate(self.cleaned_data["credit_code"].upper())
        except Exception:
            raise forms.ValidationError(_("统一社会信用代码不正确，请与营业执照逐位核对。")) from None


class InvitationForm(forms.Form):
    email = forms.EmailField(label=_("电子邮箱"), max_length=150)
    name = forms.CharField(label=_("姓名"), max_length=64, required=False, validators=[NAME])
    kind = forms.ChoiceField(label=_("身份"), choices=Membership.Kind.choices, initial=Membership.Kind.REPORTER)

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-select" if isinstance(field, forms.ChoiceField) else "form-control"


class AcceptForm(SetPasswordMixin, forms.Form):
    """A new account by invitation: a name and a password; the policy is the service's to apply."""

    name = forms.CharField(
        label=_("姓名"), max_length=64, validators=[NAME], widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    password1, password2 = SetPasswordMixin.create_password_fields(_("密码"), _("再次输入密码"))

    def clean(self) -> dict:
        self.validate_passwords("password1", "password2")
        return super().clean() or {}
