"""The back office of judgements: schemes are loaded whole, everything else is written by its service."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from firms.admin.base import OfficeAdmin, ReadOnlyAdmin, StampedForm, as_written
from scoring.engine import SchemeError, parse_scheme
from scoring.models import (
    Announcement,
    Budget,
    Certificate,
    Dimension,
    EvaluationPeriod,
    HonourList,
    Indicator,
    Payment,
    Run,
    Scheme,
    StageRecord,
)
from scoring.services import load_scheme
from scoring.services.stages import state_past_stage, withdraw_stage


class SchemeForm(forms.ModelForm):
    """A whole scheme file, read by the engine before anything is kept; every problem with its line."""

    class Meta:
        model = Scheme
        fields = ("text",)

    def clean_text(self) -> str:
        text = self.cleaned_data["text"]
        try:
            parse_scheme(text)
        except SchemeError as error:
            raise ValidationError(
                [_("第%(line)s行：%(message)s") % {"line": line, "message": words} for line, words in error.problems]
            ) from None
        return text


@admin.register(Scheme)
class SchemeAdmin(ReadOnlyAdmin):
    written = staticmethod(as_written("text", "方案文件（TOML）"))
    form = SchemeForm  # type: ignore[assignment]
    list_display = ("title", "code", "version", "sha256", "loaded_at")
    search_fields = ("title", "code", "version")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("scoring.add_scheme")  # type: ignore[union-attr]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("code", "version", "title", "sha256", "loaded_at", "written") if obj else ("text",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("written",) if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return admin.ModelAdmin.get_form(self, request, obj, change=change, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        loaded = load_scheme(form.cleaned_data["text"], by=request.user)
        obj.__dict__.update(loaded.__dict__)


@admin.register(Dimension)
class DimensionAdmin(ReadOnlyAdmin):
    list_display = ("scheme", "code", "name", "position")
    list_select_related = ("scheme",)
    list_filter = ("scheme",)


@admin.register(Indicator)
class IndicatorAdmin(ReadOnlyAdmin):
    list_display = ("code", "name", "dimension", "category", "max_points", "unit", "scheme")
    list_select_related = ("dimension", "scheme")
    list_filter = ("scheme", "category")
    search_fields = ("code", "name")


@admin.register(EvaluationPeriod)
class EvaluationPeriodAdmin(ReadOnlyAdmin):
    list_display = ("name", "year", "scheme", "as_of", "published_run", "published_at")
    list_select_related = ("year", "scheme", "published_run", "published_run__period")


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = ("id", "period", "number", "state", "firms", "ranked", "engine_version", "created_at")
    list_filter = ("period", "state")
    list_select_related = ("period",)
    date_hierarchy = "created_at"


class StageRecordForm(StampedForm):
    stage = forms.ChoiceField(
        label="企业类型",
        choices=[("startup", "初创期"), ("growth", "成长期"), ("expansion", "扩张期"), ("mature", "成熟期")],
    )


@admin.register(StageRecord)
class StageRecordAdmin(OfficeAdmin):
    form = StageRecordForm
    list_display = ("firm", "year", "stage", "reason", "stated_by", "stated_at")
    list_filter = ("year", "stage")
    list_select_related = ("firm", "stated_by")
    search_fields = ("firm__name", "firm__credit_code", "firm__name_initials", "reason")
    autocomplete_fields = ("firm",)
    exclude = ("stated_by",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # Another firm or year is another statement: moving this one would take the first away untraced.
        return ("firm", "year") if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        said = state_past_stage(obj.firm, obj.year, obj.stage, reason=obj.reason, by=request.user)  # type: ignore[arg-type]
        obj.__dict__.update(said.__dict__)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        withdraw_stage(obj, by=request.user)  # type: ignore[arg-type]


@admin.register(Budget)
class BudgetAdmin(ReadOnlyAdmin):
    list_display = ("year", "purpose", "amount", "document_number", "note", "updated_at")
    list_filter = ("year", "purpose")


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = (
        "paid_on",
        "budget",
        "amount",
        "firm",
        "title",
        "over_reason",
        "document_number",
        "recorded_by",
        "voided_at",
    )
    list_filter = ("budget__year", "budget__purpose")
    list_select_related = ("budget", "firm", "recorded_by")
    search_fields = (
        "title",
        "over_reason",
        "document_number",
        "firm__name",
        "firm__credit_code",
        "firm__name_initials",
    )


@admin.register(Announcement)
class AnnouncementAdmin(ReadOnlyAdmin):
    list_display = ("title", "kind", "state", "pinned", "period", "author", "published_at", "updated_at")
    list_filter = ("state", "kind")
    list_select_related = ("period", "author")
    search_fields = ("title", "body")


@admin.register(HonourList)
class HonourListAdmin(ReadOnlyAdmin):
    list_display = ("run", "bands", "issued_by", "issued_at", "withdrawn_at")
    list_select_related = ("run__period", "issued_by")


@admin.register(Certificate)
class CertificateAdmin(ReadOnlyAdmin):
    """Issued and taken back on the site's own pages."""

    list_display = ("code", "firm", "issued_by", "issued_at", "revoked_at", "revoked_reason")
    list_select_related = ("firm", "issued_by")
    list_filter = ("revoked_at",)
    search_fields = ("code", "firm__name", "firm__credit_code", "firm__name_initials")
