"""What the office types or picks; rules beyond form stand in the services."""

import re
import unicodedata
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from firms.forms.amounts import AmountField
from firms.forms.days import DayInput
from firms.forms.files import ManyFilesField, ManyFilesInput
from firms.forms.imports import MatchForm
from firms.importing.attachments import MEDIA_TYPES
from firms.services.import_scope import clean_name
from firms.services.refusal import Refusal
from firms.services.uploads import examined
from scoring.models import Announcement, AnnouncementFile, Budget, Scheme


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


class DeadlinesForm(LockForm):
    """``version`` here is the data year's: phase and deadlines are its own."""

    firms_due_on = forms.DateField(label=_("企业填报截止日"))
    departments_due_on = forms.DateField(label=_("部门报送截止日"))


class MoveForm(LockForm):
    move = forms.ChoiceField(
        label=_("操作"), choices=[("close", _("截止填报")), ("trial", _("进入试算")), ("back", _("退回上一阶段"))]
    )
    reason = forms.CharField(label=_("原因"), max_length=200, required=False)


class LockPeriodForm(LockForm):
    reason = forms.CharField(label=_("原因"), max_length=200, required=False)


class EditionForm(forms.Form):
    """``edition``: of the form as the reviewer saw it."""

    edition = forms.IntegerField(label=_("版本"), min_value=0, max_value=2**31 - 1)


class ReturnForm(EditionForm):
    """Cells ticked (``cell``), each with a usual reason (``why-<code>``), words of one's own (``text-<code>``), or both."""

    due_on = forms.DateField(label=_("修改期限"), required=False)
    WHOLE = "whole"

    def remarks(self) -> dict[str, str]:
        """Metric code → reason, "" for the form as a whole; a cell ticked without any reason has an empty one."""
        chosen = self.data.getlist("cell")  # type: ignore[union-attr]
        return {("" if code == self.WHOLE else code): self._why(code) for code in chosen}

    def _why(self, code: str) -> str:
        parts = [self.data.get(f"{name}-{code}", "").strip() for name in ("why", "text")]
        return "；".join(part for part in parts if part)


class ManyForm(forms.Form):
    """``chosen``: id:edition of each form ticked; ``query``: the page they were ticked on."""

    verb = forms.ChoiceField(label=_("操作"), choices=[("accept", _("通过")), ("return", _("退回"))])
    reason = forms.CharField(label=_("退回原因"), max_length=200, required=False)
    query = forms.CharField(max_length=1000, required=False)

    def editions(self) -> dict[int, int]:
        """Raises Refusal (400) for anything that is not id:edition."""
        try:
            pairs = [text.split(":") for text in self.data.getlist("chosen")]  # type: ignore[union-attr]
            found = {int(pk): int(edition) for pk, edition in pairs}
        except ValueError:
            found = {-1: 0}
        if any(not 0 <= number < 2**31 for pair in found.items() for number in pair):
            raise Refusal("malformed", _("提交的内容格式不正确。"), hint=_("请刷新页面后重试。"), status=400)
        return found


class ReopenForm(forms.Form):
    reason = forms.CharField(label=_("重新开放的原因"), max_length=500)


class DecideReopeningForm(forms.Form):
    granted = forms.ChoiceField(label=_("复核意见"), choices=[("1", _("同意")), ("0", _("不同意"))])
    note = forms.CharField(label=_("说明"), max_length=500, required=False)


class BudgetForm(forms.Form):
    """``version``: of the budget the page showed, empty where it showed none."""

    year = forms.IntegerField(label=_("预算年度"), min_value=1949, max_value=2100)
    purpose = forms.ChoiceField(label=_("用途"), choices=Budget.Purpose.choices)
    amount = AmountField(label=_("预算（万元）"), max_digits=14, decimal_places=4)
    document_number = forms.CharField(label=_("文号"), max_length=100, required=False)
    note = forms.CharField(label=_("说明"), max_length=200, required=False)
    version = forms.IntegerField(label=_("版本"), min_value=0, required=False)


class PaymentForm(MatchForm):
    """A payment out of one of the year's budgets; the firm, where there is one, by name or credit code."""

    row = None  # type: ignore[assignment]  # there is none: only the firm is looked up
    budget = forms.ModelChoiceField(label=_("用途"), queryset=Budget.objects.none(), empty_label=_("请选择"))
    amount = AmountField(label=_("金额（万元）"), max_digits=14, decimal_places=4)
    paid_on = forms.DateField(label=_("支付日期"), widget=DayInput())
    title = forms.CharField(label=_("事由"), max_length=200)
    document_number = forms.CharField(label=_("凭证号"), max_length=100, required=False)
    over_reason = forms.CharField(label=_("超预算原因（超出预算时填写）"), max_length=200, required=False)

    field_order = ("budget", "amount", "paid_on", "firm", "title", "document_number", "over_reason")

    def __init__(self, *args: Any, year: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["budget"].queryset = Budget.objects.filter(year=year)  # type: ignore[attr-defined]
        self.fields["budget"].label_from_instance = lambda budget: budget.get_purpose_display()  # type: ignore[attr-defined]
        self.fields["firm"].required = False
        self.fields["firm"].label = _("企业（可不填）")
        self.fields["firm"].widget.attrs["placeholder"] = _("企业名称或信用代码")
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-select" if isinstance(field, forms.ModelChoiceField) else "form-control"

    def clean_firm(self) -> Any:
        return super().clean_firm() if self.cleaned_data["firm"].strip() else None


class VoidForm(LockForm):
    reason = forms.CharField(label=_("作废原因"), max_length=200)


class AnnouncementForm(forms.ModelForm):
    """``version``: of the text as it was when the page was made; ``added``: files to be attached, ``removed``: to be taken away."""

    version = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)
    added = ManyFilesField(
        label=_("添加附件"), required=False, allow_empty_file=True,  # which ``examined`` refuses by its name
        widget=ManyFilesInput(attrs={"class": "form-control"}),
    )  # fmt: skip
    removed = forms.ModelMultipleChoiceField(
        label=_("已有附件"), queryset=AnnouncementFile.objects.none(), required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )  # fmt: skip

    class Meta:
        model = Announcement
        fields = ("kind", "title", "body", "period", "pinned")
        labels = {
            "kind": _("类型"),
            "title": _("标题"),
            "body": _("正文"),
            "period": _("相关评价期"),
            "pinned": _("置顶"),
        }
        help_texts = {
            "body": _("纯文本，空一行分段；网址会自动成为链接。"),
            "period": _("可不选。评价期公布之后，公告页才显示并链接到它的榜单。"),
            "pinned": _("排在首页和公告列表的最前面。"),
        }
        widgets = {
            "kind": forms.Select(attrs={"class": "form-select"}),
            "title": forms.TextInput(attrs={"class": "form-control"}),
            "body": forms.Textarea(attrs={"class": "form-control", "rows": 14}),
            "period": forms.Select(attrs={"class": "form-select"}),
            "pinned": forms.CheckboxInput(attrs={"class": "form-check-input"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["period"].empty_label = _("不关联评价期")  # type: ignore[attr-defined]
        if self.instance.pk:  # one that somebody removed meanwhile may be ticked as well
            self.fields["removed"].queryset = self.instance.files.all()  # type: ignore[attr-defined]
        files = self.fields["added"]
        # What a request may carry is what an import may: see deploy/nginx.conf.
        files.widget.attrs |= {
            "accept": ",".join(f".{kind}" for kind in MEDIA_TYPES), "data-each": settings.EVIDENCE_MAX_BYTES,
            "data-all": settings.IMPORT_MAX_BYTES,
        }  # fmt: skip
        files.help_text = _(
            "可一次选几个：PDF、JPG、PNG、XLSX、DOCX，每个不超过%(each)dMB；一篇公告最多%(count)d个。"
        ) % {"each": settings.EVIDENCE_MAX_BYTES // 1024**2, "count": settings.ANNOUNCEMENT_MAX_FILES}

    def clean_added(self) -> list[Any]:
        """Each file that cannot be taken is named, not the first one only."""
        refused = []
        for file in self.cleaned_data["added"]:
            try:
                examined(file, settings.EVIDENCE_MAX_BYTES)
            except Refusal as refusal:
                refused.append(str(refusal))
        if refused:
            raise forms.ValidationError(refused)
        return self.cleaned_data["added"]

    @property
    def hanging(self) -> bool:
        """Whether there is a file to be taken away."""
        return self.fields["removed"].queryset.attached().exists()  # type: ignore[attr-defined]

    @property
    def sent(self) -> list[str]:
        """What the files were called that came with a form which is shown again: no browser keeps them chosen."""
        return [clean_name(file.name) for file in self.files.getlist("added")] if self.files else []  # type: ignore[attr-defined]

    def _post_clean(self) -> None:
        """The form only reads: its instance stays what the database says, the service writes."""

    def take_up(self, row: Announcement) -> Announcement:
        """What was typed goes on from ``row``, which somebody else saved meanwhile and this person is now shown."""
        self.data = self.data.copy()  # type: ignore[union-attr]
        self.data["version"] = str(row.version)
        return row


class HonoursForm(LockForm):
    """``version``: the period's, as it was when the counts were shown."""

    year = forms.IntegerField(label=_("评价期"), min_value=1949, max_value=2100)
    bands = forms.CharField(label=_("档次"), max_length=60)


def bands_of(text: str) -> list[int]:
    """Per cents however they are written: ``5、10、20``, ``5%, 10%``, ``前5％　前10％``. What is no number is -1, which no band is."""
    parts = re.split(r"[^\w.%+-]+", unicodedata.normalize("NFKC", text[:60]))
    numbers = [part.removeprefix("前").removesuffix("%") for part in parts if part]
    return [int(number) if number.isascii() and number.isdigit() else -1 for number in numbers]
