"""What the office types or picks; rules beyond form stand in the services."""

from django import forms
from django.utils.translation import gettext_lazy as _

from firms.services.refusal import Refusal
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
