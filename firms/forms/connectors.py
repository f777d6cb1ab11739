"""A source of public data as the office types it in; whether it can work is the service's to say."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from firms import catalogue
from firms.connecting.fieldmap import FieldMap, Pick
from firms.models import Connector, Department, ImportBatch, Metric, RegisterEntry

FIELDS_OF_MAP = ("path", "table", "paging", "next_path", "parameter", "size")


class ConnectorForm(forms.Form):
    name = forms.CharField(label=_("名称"), max_length=64, help_text=_("例如：市知识产权局发明专利授权公告"))
    code = forms.SlugField(
        label=_("代码"), max_length=32, help_text=_("小写字母、数字和连字符；建立后不能改。"),
    )  # fmt: skip
    department = forms.ModelChoiceField(
        label=_("归口部门"), queryset=Department.objects.all(), empty_label=_("请选择"), help_text=_("采集到的数据以该部门名义、按“公开数据”写入，由其核对确认。"),
    )  # fmt: skip
    batch_kind = forms.ChoiceField(
        label=_("数据内容"),
        choices=[choice for choice in ImportBatch.Kind.choices if choice[0] != ImportBatch.Kind.FIRMS],
    )
    register_kind = forms.ChoiceField(label=_("台账种类"), required=False)
    kind = forms.ChoiceField(label=_("方式"), choices=Connector.Kind.choices)
    url = forms.CharField(
        label=_("地址"), max_length=500, help_text=_("可用 {year} 代表数据年度；主机须在允许名单内。")
    )
    path = forms.CharField(
        label=_("列表所在位置"),
        max_length=100,
        required=False,
        help_text=_("JSON 里列表的路径，例如 data.list；最外层就是列表的留空。"),
    )
    paging = forms.ChoiceField(
        label=_("翻页"), required=False,
        choices=[("", _("不翻页")), ("next", _("按下一页地址或标记")), ("page", _("按页码")), ("offset", _("按偏移量"))],
    )  # fmt: skip
    next_path = forms.CharField(label=_("下一页所在字段"), max_length=100, required=False)
    parameter = forms.CharField(label=_("翻页参数名"), max_length=50, required=False, help_text=_("例如 pageNo。"))
    size = forms.IntegerField(
        label=_("每页行数"),
        required=False,
        min_value=0,
        max_value=100_000,
        help_text=_("不足此数即为最后一页；不清楚留空。"),
    )
    table = forms.IntegerField(
        label=_("第几个表格"),
        required=False,
        min_value=0,
        max_value=1000,
        help_text=_("网页中有几个相似表格时填写；留空取第一个列名齐全的。"),
    )
    every_hours = forms.IntegerField(label=_("间隔（小时）"), min_value=1, max_value=744, initial=24)
    auto_confirm = forms.BooleanField(
        label=_("变动不大时自动确认"), required=False,
        help_text=_("没有拒收、没有待匹配、没有提示，且每个数值的变动（与现值比，也与人工确认过的值比）、新出现内容所占的行数都不超过所填的比例时，不等人确认；设置或修改后的第一批总由人确认。"),
    )  # fmt: skip
    auto_confirm_limit = forms.IntegerField(label=_("最大变动（%）"), min_value=0, max_value=100, initial=20)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)

    def __init__(self, data: Any = None, *, source: Connector | None = None) -> None:
        super().__init__(data, initial=_initial(source) if source else None)
        if source is not None:
            del self.fields["code"]
        self.fields["register_kind"].choices = [("", "—"), *RegisterEntry.Kind.choices]  # type: ignore[attr-defined]
        for field in self.fields.values():
            control = "form-select" if isinstance(field, forms.ChoiceField) else "form-control"
            if isinstance(field, forms.BooleanField):
                control = "form-check-input"
            field.widget.attrs.setdefault("class", control)

    def values(self, picks: list[Pick]) -> dict[str, Any]:
        """What the service takes; unused parts of the map are left out."""
        given = dict(self.cleaned_data)
        told = {name: given.pop(name) for name in FIELDS_OF_MAP}
        fieldmap = FieldMap(tuple(picks), **{name: value for name, value in told.items() if value})
        for name in ("code", "version"):
            given.pop(name, None)
        given["auto_confirm_limit"] /= 100
        if given["batch_kind"] != ImportBatch.Kind.REGISTERS:
            given["register_kind"] = ""
        return given | {"mapping": fieldmap.as_data()}

    def at_version(self, version: int) -> None:
        """Say of which state the next submission is an edit: its reader has now seen that one."""
        self.data = self.data.copy()
        self.data["version"] = str(version)


def _initial(source: Connector) -> dict[str, Any]:
    told = source.mapping if isinstance(source.mapping, dict) else {}
    names = (
        "name",
        "department",
        "batch_kind",
        "register_kind",
        "kind",
        "url",
        "every_hours",
        "auto_confirm",
        "version",
    )
    return (
        {name: getattr(source, name) for name in names}
        | {name: told.get(name) for name in FIELDS_OF_MAP}
        | {"auto_confirm_limit": round(source.auto_confirm_limit * 100)}
    )


class PickForm(forms.Form):
    """One line of the map. A line left empty is no line."""

    field = forms.CharField(label=_("来源字段"), max_length=100, required=False)
    value = forms.CharField(label=_("或固定值"), max_length=100, required=False)
    column = forms.ChoiceField(label=_("对应"), required=False)
    unit = forms.CharField(label=_("来源单位"), max_length=16, required=False)

    def __init__(self, *args: Any, columns: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["column"].choices = columns  # type: ignore[attr-defined]
        for name, field in self.fields.items():
            field.widget.attrs["class"] = (
                f"form-{'select' if name == 'column' else 'control'} form-{'select' if name == 'column' else 'control'}-sm"
            )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if (given.get("field") or given.get("value")) and not given.get("column"):
            raise forms.ValidationError(
                _("请选择“%(name)s”对应什么，或清空这一行。"), params={"name": given.get("field") or given["value"]}
            )
        return given


class _Picks(forms.BaseFormSet):
    def picks(self) -> list[Pick]:
        given = [form.cleaned_data for form in self.forms]
        return [
            Pick(row["column"], row.get("field", ""), row.get("unit", ""), row.get("value", ""))
            for row in given
            if row.get("column")
        ]


def picks_form(data: Any = None, *, source: Connector | None = None) -> _Picks:
    """The lines of the map, with a few empty ones below."""
    stored = source.mapping.get("picks", []) if source is not None and isinstance(source.mapping, dict) else []
    formset = forms.formset_factory(PickForm, formset=_Picks, extra=1 if stored else 4, max_num=80, absolute_max=100)
    return formset(
        data, prefix="picks", initial=None if data is not None else stored, form_kwargs={"columns": _columns()}
    )  # type: ignore[return-value]


def _columns() -> list[Any]:
    """Everything a field may fill, in groups: who it is about, each department's metrics, the registers' columns."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for metric in Metric.objects.select_related("owner").order_by("owner__position", "position"):
        owner = metric.owner.name if metric.owner else ""
        groups.setdefault(f"{_('指标')} · {owner}", []).append((metric.code, str(metric)))
    registers = [(term.code, term.name) for term in catalogue.load().all_columns]
    identity = [("credit_code", _("统一社会信用代码")), ("name", _("企业名称"))]
    return [("", "—"), (_("企业"), identity), *groups.items(), (_("台账"), registers)]
