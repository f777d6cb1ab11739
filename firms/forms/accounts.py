"""What a person types about accounts; rules beyond form stand in the services."""

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from firms.models import Role, User

# A name stands in mails sent in the zone's name: no second line in it, and nothing a mailbox would make a link of.
NAME = RegexValidator(
    r"[\x00-\x1f\x7f\u2028\u2029/\\@:：<>]|[0-9A-Za-z][.．。][0-9A-Za-z]", _("姓名不能含换行、网址或邮箱。"), inverse_match=True
)  # fmt: skip


class CodeForm(forms.Form):
    """The second step of signing in: six digits of the device, or a recovery code."""

    code = forms.CharField(
        label=_("动态口令或恢复码"),
        max_length=30,
        error_messages={"required": _("请输入动态口令。")},
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "off", "spellcheck": "false", "autofocus": True}
        ),
    )


class ContactForm(forms.Form):
    """One's own details. Staff names are the system administrator's to write."""

    name = forms.CharField(label=_("姓名"), max_length=64, required=False, validators=[NAME])
    phone = forms.CharField(
        label=_("联系电话"),
        max_length=32,
        required=False,
        validators=[RegexValidator(r"^[0-9+ ()\-]{5,32}$", _("电话为5至32位，只能含数字、空格、加号、括号和连字符。"))],
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )

    def __init__(self, *args, user: User, **kwargs) -> None:
        kwargs["initial"] = {"name": user.name, "phone": user.phone}
        super().__init__(*args, **kwargs)
        if user.role != Role.FIRM:
            del self.fields["name"]

    def clean(self) -> dict:
        return {"name": "", **(super().clean() or {})}


class NewEmailForm(forms.Form):
    email = forms.EmailField(
        label=_("新邮箱"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    password = forms.CharField(
        label=_("登录密码"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}), strip=False
    )


class ForgottenForm(forms.Form):
    email = forms.EmailField(
        label=_("账号登记的电子邮箱"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
