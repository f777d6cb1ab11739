"""Firms, what was stated about them, and the registers."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from import_export import fields
from stdnum.cn import uscc

from firms import catalogue
from firms.admin.base import OfficeAdmin, ReadOnlyAdmin, StampedForm, snapshot
from firms.admin.tables import TableAdmin, TableResource
from firms.admin.widgets import ChoiceWidget, CodeWidget
from firms.models import DataYear, Department, FactSheet, Filing, Firm, RegisterEntry
from firms.services.firms_registry import pinyin_of


class FirmForm(StampedForm):
    def clean_credit_code(self) -> str:
        code = self.cleaned_data["credit_code"].strip().upper()
        if not uscc.is_valid(code):
            raise ValidationError(_("统一社会信用代码的校验位不符（GB 32100-2015），请核对。"))
        return code


@admin.register(Firm)
class FirmAdmin(OfficeAdmin):
    """One firm by hand; lists of firms come in through the staged import."""

    form = FirmForm
    list_display = ("credit_code", "name", "registered_on", "park", "industry")
    list_filter = ("park", "industry__cluster")
    list_select_related = ("park", "industry")
    search_fields = ("name", "credit_code", "name_initials", "name_pinyin")
    search_help_text = "企业名称、拼音首字母或统一社会信用代码"
    date_hierarchy = "registered_on"
    autocomplete_fields = ("park", "industry")

    def get_readonly_fields(self, request: HttpRequest, obj: Firm | None = None) -> Any:
        return ("credit_code",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Firm, form: Any, change: bool) -> None:
        obj.name_pinyin, obj.name_initials = pinyin_of(obj.name)
        super().save_model(request, obj, form, change)


def owned_kinds(department: Department | None) -> set[str]:
    """The registers a department keeps; every one for None (the office)."""
    registers = catalogue.load().registers
    return {kind for kind, spec in registers.items() if department is None or department.code in spec.owners}


def locked_years(*entries: Any) -> list[int]:
    """Which of the years these entries begin or end in are locked. Locks the years' rows against a lock in between."""
    years = {day.year for entry in entries for day in (entry.starts_on, entry.ends_on) if day}
    held = DataYear.objects.select_for_update().filter(year__in=years)
    return sorted(year.year for year in held if year.is_locked)


LOCKED = "%(years)s年度已锁定，不能改动该年度的台账；请先由积分办解锁。"


def check_entry(entry: RegisterEntry) -> None:
    """The register's own rules: a category it knows, and what must be filled."""
    spec = catalogue.load().registers[entry.kind]
    known = {term.code for term in spec.categories}
    if (entry.category or known) and entry.category not in known:
        names = "、".join(term.name for term in spec.categories) or _("不填")
        raise ValidationError(
            {"category": _("%(kind)s台账的类别应为：%(names)s") % {"kind": spec.name, "names": names}}
        )
    if "level" in spec.required and not entry.level:
        raise ValidationError({"level": _("此台账必须填写级别。")})
    if entry.category in spec.needs_end and entry.ends_on is None:
        raise ValidationError({"ends_on": _("此类条目必须填写终止日期。")})


class RegisterEntryForm(StampedForm):
    department_of_user: Department | None = None

    def clean_kind(self) -> str:
        kind = self.cleaned_data["kind"]
        if kind not in owned_kinds(self.department_of_user):
            raise ValidationError(_("此台账不由您所在的部门登记。"))
        return kind

    def _post_clean(self) -> None:
        before = [RegisterEntry(starts_on=self.instance.starts_on, ends_on=self.instance.ends_on)]
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        try:
            check_entry(self.instance)
        except ValidationError as error:
            self._update_errors(error)
        if years := locked_years(self.instance, *before):
            self.add_error(None, _(LOCKED) % {"years": "、".join(map(str, years))})


class RegisterEntryResource(TableResource):
    firm = fields.Field("firm", "统一社会信用代码", widget=CodeWidget(Firm, "credit_code"))
    kind = fields.Field("kind", "台账", widget=ChoiceWidget(RegisterEntry.Kind))
    category = fields.Field("category", "类别", widget=ChoiceWidget(RegisterEntry.Category))
    level = fields.Field("level", "级别", widget=ChoiceWidget(RegisterEntry.Level))

    class Meta(TableResource.Meta):
        model = RegisterEntry
        import_id_fields = ("firm", "kind", "category", "level", "title", "starts_on")
        fields = (*import_id_fields, "ends_on", "amount", "quantity", "document_number")

    def __init__(self, by: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.by = by
        # Read anew for every file: a widget kept on the class would remember firms that are gone.
        self.fields["firm"].widget = CodeWidget(Firm, "credit_code")

    def get_queryset(self) -> models.QuerySet:
        queryset = RegisterEntry.objects.in_force().select_related("firm")
        return queryset.visible_to(self.by) if self.by is not None else queryset

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        self.kinds = owned_kinds(self.by.department)
        self.locked = {year.year for year in DataYear.objects.select_for_update() if year.is_locked}

    def after_init_instance(self, instance: Any, new: bool, row: Any, **kwargs: Any) -> None:
        instance.dates_before = () if new else (instance.starts_on, instance.ends_on)

    def validate_instance(self, instance: Any, *args: Any, **kwargs: Any) -> None:
        super().validate_instance(instance, *args, **kwargs)
        if instance.firm_id is None:
            raise ValidationError(_("没有填写统一社会信用代码。"))
        if instance.kind not in self.kinds:
            raise ValidationError(_("此台账不由您所在的部门登记。"))
        if instance.ends_on and instance.ends_on < instance.starts_on:
            raise ValidationError({"ends_on": _("终止日期不能早于起始日期。")})
        check_entry(instance)
        days = {*getattr(instance, "dates_before", ()), instance.starts_on, instance.ends_on}
        if years := sorted({day.year for day in days if day} & self.locked):
            raise ValidationError(_(LOCKED) % {"years": "、".join(map(str, years))})

    def before_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        instance.department_id = instance.department_id or self.by.department_id
        instance.updated_at = timezone.now()
        if instance.pk:
            instance.version += 1


@admin.register(RegisterEntry)
class RegisterEntryAdmin(TableAdmin, OfficeAdmin):
    form = RegisterEntryForm
    resource_classes = (RegisterEntryResource,)
    list_display = ("firm", "kind", "category", "level", "title", "starts_on", "ends_on", "amount", "in_force")
    list_filter = ("kind", "category", "level", ("voided_at", admin.EmptyFieldListFilter))
    list_select_related = ("firm",)
    search_fields = ("firm__name", "firm__credit_code", "firm__name_initials", "title", "document_number")
    search_help_text = "企业名称、拼音首字母、统一社会信用代码，条目名称或文号"
    date_hierarchy = "starts_on"
    autocomplete_fields = ("firm",)
    exclude = ("batch", "voided_at", "department")
    actions = ("void", "restore")

    @admin.display(description="有效", boolean=True)
    def in_force(self, entry: RegisterEntry) -> bool:
        return entry.voided_at is None

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"department_of_user": request.user.department})

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_choice_field(db_field, request, **kwargs)
        if db_field.name == "kind":
            kinds = owned_kinds(request.user.department)
            field.choices = [choice for choice in field.choices if not choice[0] or choice[0] in kinds]
        return field

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.department = request.user.department
        super().save_model(request, obj, form, change)

    @admin.action(description="作废所选条目", permissions=["change"])
    def void(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        self._set_voided(request, queryset.filter(voided_at=None), timezone.now(), _("作废"))

    @admin.action(description="恢复所选条目", permissions=["change"])
    def restore(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        self._set_voided(request, queryset.exclude(voided_at=None), None, _("恢复"))

    def _set_voided(self, request: HttpRequest, queryset: models.QuerySet, at: Any, verb: str) -> None:
        entries = list(queryset.select_for_update(of=("self",)).select_related("firm"))
        if years := locked_years(*entries):
            messages.error(request, _(LOCKED) % {"years": "、".join(map(str, years))})
            return
        for entry in entries:
            before = snapshot(entry)
            entry.voided_at = at
            entry.version += 1
            entry.save(update_fields=["voided_at", "version", "updated_at"])
            self.trace(request, entry, verb, {"voided_at": before["voided_at"]}, {"voided_at": at})
        messages.success(request, _("已%(verb)s %(n)s 条。") % {"verb": verb, "n": len(entries)})


@admin.register(Filing)
class FilingAdmin(ReadOnlyAdmin):
    list_display = ("id", "firm", "year", "source", "department", "batch", "row_number", "filed_by", "filed_at")
    list_filter = ("year", "source", "department")
    list_select_related = ("firm", "department", "batch", "filed_by")
    search_fields = ("firm__name", "firm__credit_code", "firm__name_initials")
    date_hierarchy = "filed_at"


@admin.register(FactSheet)
class FactSheetAdmin(ReadOnlyAdmin):
    list_display = ("firm", "year", "has_conflicts", "version", "updated_at")
    list_filter = ("year", "has_conflicts")
    list_select_related = ("firm",)
    search_fields = ("firm__name", "firm__credit_code", "firm__name_initials")
