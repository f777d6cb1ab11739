"""Firms, what was stated about them, and the registers."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from import_export import fields
from stdnum.cn import uscc

from firms import catalogue
from firms.admin.base import OfficeAdmin, ReadOnlyAdmin, StampedForm, snapshot
from firms.admin.tables import TableAdmin, TableResource
from firms.admin.widgets import ChoiceWidget, CodeWidget
from firms.importing import patents
from firms.importing.plan import locked_years_touched
from firms.models import DataYear, FactSheet, Filing, Firm, RegisterEntry, Role, User
from firms.permissions import role_of
from firms.services import register_entries, register_figures
from firms.services.firms_registry import pinyin_of
from firms.services.registers import stated


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


def owned_kinds(user: Any) -> set[str]:
    """The registers a person keeps: the office every one, a department's officer the department's, anybody else none."""
    registers = catalogue.load().registers
    role = role_of(user)
    if role == Role.OFFICE:
        return set(registers)
    if role != Role.DEPARTMENT or user.department is None:
        return set()
    return {kind for kind, spec in registers.items() if user.department.code in spec.owners}


def locked_now() -> list[int]:
    """The locked years. Holds every year's row against a lock or unlock until the transaction ends."""
    return [year.year for year in DataYear.objects.select_for_update().order_by("year") if year.is_locked]


LOCKED = "%(years)s年度已锁定，不能改动该年度的台账；请先由积分办解锁。"


def in_force(entry: RegisterEntry) -> Any:
    """What an entry states, or None while it is new or void and a judgement reads nothing of it."""
    return stated(entry) if entry.firm_id and entry.voided_at is None else None


def refuse_judged(before: Any, after: Any, locked: list[int]) -> None:
    """ValidationError when a locked year was judged by what would change (``stated`` before and after; None: nothing)."""
    if years := locked_years_touched(before, after, locked):
        raise ValidationError(_(LOCKED) % {"years": "、".join(map(str, years))})


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


def number_entry(entry: RegisterEntry, known: dict[tuple[str, str], RegisterEntry] | None = None) -> None:
    """Where a register's entries are numbered: the number as it is written there, and no other entry's.

    ``known``: (category, number) → the entry in force, where somebody has read them already.
    """
    if not catalogue.load().registers[entry.kind].numbered:
        return
    if found := patents.number_faults(entry.category, entry.document_number):
        raise ValidationError({"document_number": f"{found[0].message}。{found[0].hint}"})
    entry.document_number = patents.number(entry.document_number)
    key = entry.category, entry.document_number
    if known is None:
        others = RegisterEntry.objects.in_force().filter(kind=entry.kind, category=key[0], document_number=key[1])
        other = others.exclude(pk=entry.pk).select_related("firm").first()
    else:
        other = known.setdefault(key, entry)
    if other is not None and other is not entry and (other.pk is None or other.pk != entry.pk):
        text = _("%(number)s已登记在“%(firm)s”名下，一件专利只计一次。")
        raise ValidationError({"document_number": text % {"number": key[1], "firm": other.firm.name}})


def counted_in(*entries: Any) -> list[tuple[int, int]]:
    """(firm, year) of what these entries stated (None: nothing)."""
    return [(entry["firm"], int(entry["starts_on"][:4])) for entry in entries if entry is not None]


class RegisterEntryForm(StampedForm):
    user: User
    stated_before: Any = None

    def clean_kind(self) -> str:
        kind = self.cleaned_data["kind"]
        if kind not in owned_kinds(self.user):
            raise ValidationError(_("此台账不由您所在的部门登记。"))
        return kind

    def _post_clean(self) -> None:
        before = self.stated_before = in_force(self.instance)
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        try:
            check_entry(self.instance)
            register_entries.hold(self.instance.kind)
            if self.instance.voided_at is None:
                number_entry(self.instance)
            refuse_judged(before, in_force(self.instance), locked_now())
        except ValidationError as error:
            self._update_errors(error)


class RegisterEntryResource(TableResource):
    firm = fields.Field("firm", "统一社会信用代码", widget=CodeWidget(Firm, "credit_code"))
    kind = fields.Field("kind", "台账", widget=ChoiceWidget(RegisterEntry.Kind))
    category = fields.Field("category", "类别", widget=ChoiceWidget(RegisterEntry.Category))
    level = fields.Field("level", "级别", widget=ChoiceWidget(RegisterEntry.Level))

    class Meta(TableResource.Meta):
        model = RegisterEntry
        import_id_fields = ("firm", "kind", "category", "level", "title", "starts_on")
        fields = (*import_id_fields, "ends_on", "amount", "quantity", "document_number")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # Read anew for every file: a widget kept on the class would remember firms that are gone.
        self.fields["firm"].widget = CodeWidget(Firm, "credit_code")

    def get_queryset(self) -> models.QuerySet:
        queryset = RegisterEntry.objects.in_force().select_related("firm")
        return queryset.visible_to(self.by) if self.by is not None else queryset

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        self.kinds = owned_kinds(self.by)
        numbered = [kind for kind, spec in catalogue.load().registers.items() if spec.numbered and kind in self.kinds]
        for kind in numbered:
            register_entries.hold(kind)
        self.locked = locked_now()
        entries = RegisterEntry.objects.in_force().filter(kind__in=numbered).select_related("firm")
        self.known = {(entry.category, entry.document_number): entry for entry in entries}
        self.touched: dict[str, set[tuple[int, int]]] = {}

    def after_init_instance(self, instance: Any, new: bool, row: Any, **kwargs: Any) -> None:
        instance.before = None if new else stated(instance)

    def validate_instance(self, instance: Any, *args: Any, **kwargs: Any) -> None:
        super().validate_instance(instance, *args, **kwargs)
        if instance.firm_id is None:
            raise ValidationError(_("没有填写统一社会信用代码。"))
        if instance.kind not in self.kinds:
            raise ValidationError(_("此台账不由您所在的部门登记。"))
        if instance.ends_on and instance.ends_on < instance.starts_on:
            raise ValidationError({"ends_on": _("终止日期不能早于起始日期。")})
        check_entry(instance)
        number_entry(instance, self.known)
        refuse_judged(instance.before, stated(instance), self.locked)
        self.touched.setdefault(instance.kind, set()).update(counted_in(instance.before, stated(instance)))

    def before_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        instance.department_id = instance.department_id or self.by.department_id
        instance.updated_at = timezone.now()
        if instance.pk:
            instance.version += 1

    def after_import(self, dataset: Any, result: Any, **kwargs: Any) -> None:
        super().after_import(dataset, result, **kwargs)
        for kind, touched in self.touched.items():
            register_figures.restate(kind, touched, by_id=self.by.pk)


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
        return type(form.__name__, (form,), {"user": request.user})

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_choice_field(db_field, request, **kwargs)
        if db_field.name == "kind":
            kinds = owned_kinds(request.user)
            field.choices = [choice for choice in field.choices if not choice[0] or choice[0] in kinds]
        return field

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.department = request.user.department
        super().save_model(request, obj, form, change)
        touched = counted_in(form.stated_before, in_force(obj))
        register_figures.restate(obj.kind, touched, by_id=request.user.pk)

    @admin.action(description="作废所选条目", permissions=["change"])
    def void(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        self._set_voided(request, queryset.filter(voided_at=None), timezone.now(), _("作废"))

    @admin.action(description="恢复所选条目", permissions=["change"])
    def restore(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        self._set_voided(request, queryset.exclude(voided_at=None), None, _("恢复"))

    @transaction.atomic  # the list page opens none of its own
    def _set_voided(self, request: HttpRequest, queryset: models.QuerySet, at: Any, verb: str) -> None:
        entries = list(queryset.select_for_update(of=("self",)).select_related("firm"))
        for kind in sorted({entry.kind for entry in entries}):
            register_entries.hold(kind)
        locked = locked_now()
        try:
            for entry in entries:
                if at is None:
                    number_entry(entry)
                refuse_judged(None if at is None else stated(entry), stated(entry) if at is None else None, locked)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return
        for entry in entries:
            before = snapshot(entry)
            entry.voided_at = at
            entry.version += 1
            entry.save(update_fields=["voided_at", "version", "updated_at"])
            self.trace(request, entry, verb, {"voided_at": before["voided_at"]}, {"voided_at": at})
        for kind in {entry.kind for entry in entries}:
            touched = counted_in(*(stated(entry) for entry in entries if entry.kind == kind))
            register_figures.restate(kind, touched, by_id=request.user.pk)
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
