"""What every admin of ours does: shows only what the person may see, never loses another's edit, leaves a trace."""

import hashlib
import json
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _

from firms.services import audit
from firms.services.refusal import Refusal

# Moves without anybody editing, or must not be written down.
UNSTAMPED = frozenset({"password", "last_login", "updated_at", "version"})


def snapshot(row: models.Model) -> dict[str, Any]:
    """The row's own columns as JSON-able values, without secrets: what a trace of a change shows."""
    return {
        field.attname: field.value_to_string(row) if value is not None and not _plain(value) else value
        for field in row._meta.concrete_fields
        if field.name not in UNSTAMPED
        for value in [field.value_from_object(row)]
    }


def _plain(value: Any) -> bool:
    return isinstance(value, str | int | float | bool | list | dict)


def stamp(row: models.Model) -> str:
    """Names the state of a row: two people editing the same state carry the same stamp."""
    text = json.dumps(snapshot(row), ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def differing(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Only the members that differ, of both."""
    names = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in names}, {name: after[name] for name in names}


class StampedForm(forms.ModelForm):
    """Refuses to save over what somebody else has saved since this form was shown."""

    posted_stamp: str | None = None
    before: dict[str, Any] | None = None

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.instance.pk is not None:
            # Locked until the transaction ends, so that of two saves at once the second one sees the first.
            current = type(self.instance)._base_manager.select_for_update().get(pk=self.instance.pk)
            self.before = snapshot(current)
            if self.posted_stamp != stamp(current):
                raise ValidationError(self._both_texts(current), code="stale")
        return cleaned

    def _both_texts(self, current: models.Model) -> list[str]:
        lines = [_("已被他人修改，没有保存。请核对下列内容，确认无误后再次保存将以您的内容为准。")]
        for name in self.fields:
            if name not in self.cleaned_data or not hasattr(current, name):
                continue
            now, yours = getattr(current, name), self.cleaned_data[name]
            if now != yours and not (now in {None, ""} and yours in {None, ""}):
                lines.append(
                    _("%(field)s：现为“%(now)s”，您填写的是“%(yours)s”。")
                    % {"field": self.fields[name].label or name, "now": _shown(now), "yours": _shown(yours)}
                )
        return lines


def _shown(value: Any) -> str:
    return "—" if value is None or value == "" else str(value)


class OfficeAdmin(admin.ModelAdmin):
    """The base of every editable model."""

    form = StampedForm
    list_per_page = 50
    show_full_result_count = False
    save_on_top = False
    # A deletion cannot be undone; models that may lose rows say so themselves.
    actions: Any = ()

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        queryset = super().get_queryset(request)
        return queryset.visible_to(request.user) if hasattr(queryset, "visible_to") else queryset

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def response_action(self, request: HttpRequest, queryset: models.QuerySet, *args: Any, **kwargs: Any) -> Any:
        """Rows are chosen by keys that can be keys."""
        for chosen in request.POST.getlist(ACTION_CHECKBOX_NAME):
            try:
                self.opts.pk.clean(chosen, None)
            except ValidationError:
                raise Refusal(
                    "bad_selection",
                    _("所选的行无法识别。"),
                    place=_("所选行"),
                    hint=_("请刷新页面后重新选择。"),
                    status=400,
                ) from None
        return super().response_action(request, queryset, *args, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"posted_stamp": request.POST.get("_stamp")})

    def render_change_form(
        self, request: HttpRequest, context: Any, add=False, change=False, form_url="", obj=None
    ) -> Any:
        if obj is not None and obj.pk is not None:
            # Afresh: a form that failed has already written its values into ``obj``.
            saved = type(obj)._base_manager.filter(pk=obj.pk).first()
            context["stamp"] = stamp(saved) if saved is not None else ""
        return super().render_change_form(request, context, add, change, form_url, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change and hasattr(obj, "version"):
            obj.version += 1
        super().save_model(request, obj, form, change)
        before, after = differing(getattr(form, "before", None) or {}, snapshot(obj))
        if before or after or not change:
            self.trace(request, obj, "change" if change else "create", before if change else None, after)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.trace(request, obj, "delete", snapshot(obj), None)
        super().delete_model(request, obj)

    def trace(self, request: HttpRequest, obj: Any, verb: str, before: Any, after: Any) -> None:
        # A record is in Chinese, whatever language the office works in (docs/adr/0012).
        words = {"create": "新增", "change": "修改", "delete": "删除"}
        summary = f"{words.get(verb, verb)}{self.opts.verbose_name}：{obj}"
        audit.record(f"{self.opts.model_name}.{verb}", summary, by=request.user, target=obj, before=before, after=after)


def as_written(field: str, description: str) -> Any:
    """A column or field of an admin that shows a text in its own words, whatever language the page is read in."""

    @admin.display(description=description, ordering=field)
    def shown(obj: models.Model) -> str:
        text = getattr(obj, field)
        tag = "pre" if "\n" in text else "span"
        return format_html('<{} lang="zh-CN" translate="no">{}</{}>', tag, text, tag)

    return shown


class ReadOnlyAdmin(OfficeAdmin):
    """To look at: these rows are written by services only."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
