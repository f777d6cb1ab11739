"""台账申报: the fields of one register, called as that register calls them."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from firms import catalogue
from firms.forms.amounts import AmountField
from firms.forms.days import DayInput
from firms.forms.files import ManyFilesField
from firms.importing.claims import FIELDS, completed, faults

# Which fields a register asks for beside 名称 and 起始日期, and what it calls them.
ASKED: dict[str, dict[str, Any]] = {
    "qualification": {"starts_on": _("认定日期"), "ends_on": _("有效期至"), "document_number": _("证书编号")},
    "platform": {"title": _("平台名称"), "starts_on": _("认定日期"), "ends_on": _("有效期至"), "document_number": _("批准文号")},
    "award": {"title": _("奖励名称"), "starts_on": _("获奖日期"), "document_number": _("证书编号")},
    "project": {"title": _("项目名称"), "starts_on": _("立项日期"), "ends_on": _("验收或截止日期"), "amount": _("财政资助金额（万元）"), "document_number": _("项目编号")},
    "contest": {"title": _("赛事名称"), "starts_on": _("获奖日期"), "document_number": _("证书编号")},
    "talent": {"title": _("人才或团队名称"), "starts_on": _("认定日期"), "ends_on": _("有效期至"), "document_number": _("批准文号")},
    "patent": {"title": _("专利名称"), "starts_on": _("申请日或授权公告日"), "document_number": _("申请号或专利号")},
    "contract": {"title": _("合同名称"), "starts_on": _("登记日期"), "amount": _("合同成交金额（万元）"), "document_number": _("合同登记编号")},
}  # fmt: skip

# What a register's fields do not say of themselves.
HELP: dict[str, dict[str, Any]] = {
    "patent": {
        "starts_on": _("申请填受理通知书上的申请日，授权填授权公告日，PCT填国际申请日。"),
        "document_number": _("例如 ZL202210123456.1，PCT申请如 PCT/CN2022/123456；按号码判断是否同一件。"),
    }
}


class ClaimForm(forms.Form):
    """One dated fact of register ``kind`` and its evidence. A draft may be incomplete only in its files."""

    category = forms.ChoiceField(label=_("类别"), required=False)
    level = forms.ChoiceField(label=_("级别"), required=False)
    title = forms.CharField(label=_("名称"), max_length=200, required=False)
    starts_on = forms.DateField(label=_("起始日期"), required=False, widget=DayInput())
    ends_on = forms.DateField(label=_("终止日期"), required=False, widget=DayInput())
    amount = AmountField(
        label=_("金额（万元）"), required=False, min_value=0, max_digits=16, decimal_places=4,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )  # fmt: skip
    document_number = forms.CharField(label=_("文号或证书编号"), max_length=100, required=False)
    evidence = ManyFilesField(
        label=_("佐证材料"), required=False,
        help_text=_("证书、批文、合同等，PDF 或图片，可一次选几个；提交前至少要有一个。"),
    )  # fmt: skip
    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.spec = catalogue.load().registers[kind]
        levels = catalogue.load().levels
        blank = [("", _("请选择"))]
        self.fields["category"].choices = blank + [(term.code, term.name) for term in self.spec.categories]
        self.fields["level"].choices = blank + [(term.code, term.name) for term in levels]
        asked = {"title", "starts_on", *ASKED[kind]} | {name for name in self.spec.required if name in FIELDS}
        asked |= {"category"} if self.spec.categories else set()
        asked -= {"title"} if self.spec.default_title else set()
        for name in [name for name in FIELDS if name in self.fields and name not in asked]:
            del self.fields[name]
        for name, label in ASKED[kind].items():
            self.fields[name].label = label
        for name, text in HELP.get(kind, {}).items():
            self.fields[name].help_text = text
        needed = {*self.spec.required, "title", "starts_on"}
        for name, field in self.fields.items():
            control = "form-select" if isinstance(field, forms.ChoiceField) else "form-control"
            field.widget.attrs["class"] = control
            if name in needed:
                field.widget.attrs["required"] = True  # said by the page at once, checked by ``clean``

    @property
    def fact(self) -> dict[str, Any]:
        """What was typed, as the service takes it."""
        return {name: self.cleaned_data.get(name) for name in FIELDS if name in self.fields}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.cleaned_data = data
        for fault in faults(self.spec, completed(self.spec, self.fact), timezone.localdate()):
            if fault.column in self.fields and not self.has_error(fault.column):
                self.add_error(fault.column, f"{fault.message}。{fault.hint}")
        return self.cleaned_data


class AnswerForm(forms.Form):
    """A department's word on a claim."""

    version = forms.IntegerField(label=_("版本"), min_value=0)
    answer = forms.CharField(label=_("意见"), max_length=500, required=False)
    department = forms.SlugField(label=_("部门"), max_length=32, required=False)


class PicksForm(forms.Form):
    """Several claims ticked in the queue, each as ``id:version``."""

    picks = forms.MultipleChoiceField(label=_("所选申报"), error_messages={"required": _("没有选中任何申报。")})

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        picked = data.getlist("picks")[:200]
        self.fields["picks"].choices = [(pick, pick) for pick in picked if _is_pick(pick)]

    def clean_picks(self) -> dict[int, int]:
        """Claim id → version seen."""
        pairs = (pick.split(":") for pick in self.cleaned_data["picks"])
        return {int(pk): int(version) for pk, version in pairs}


def _is_pick(text: str) -> bool:
    parts = text.split(":")
    return len(parts) == 2 and all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts)
