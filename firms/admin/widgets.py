"""How cells of back office tables are read and written: labels for choices, codes for rows of other tables."""

from functools import cached_property
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from import_export.widgets import Widget


class ChoiceWidget(Widget):
    """A choice by its Chinese label (or its code); written by its label."""

    def __init__(self, choices: type[models.TextChoices]) -> None:
        super().__init__()
        self.labels = {str(value): str(label) for value, label in choices.choices}
        self.values = {label: value for value, label in self.labels.items()} | {value: value for value in self.labels}

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        text = str(value if value is not None else "").strip()
        if text not in self.values and text:
            raise ValueError(
                _("“%(text)s”不在可选范围：%(choices)s") % {"text": text, "choices": "、".join(self.values)}
            )
        return self.values.get(text, "")

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return self.labels.get(str(value or ""), "")


class CodeWidget(Widget):
    """A row of another table by its code; the codes are read once a file, not once a row."""

    def __init__(self, model: type[models.Model], code: str) -> None:
        super().__init__()
        self.model, self.code = model, code

    @cached_property
    def rows(self) -> dict[str, models.Model]:
        return {getattr(row, self.code): row for row in self.model._default_manager.all()}

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> models.Model | None:
        text = str(value if value is not None else "").strip()
        if not text:
            return None
        if isinstance(value, float | int) and self.code == "credit_code":
            raise ValueError(_("统一社会信用代码在表中是数字，已被电子表格截断；请把该列设为文本后重新填写。"))
        if text not in self.rows:
            raise ValueError(
                _("没有代码为“%(text)s”的%(what)s。") % {"text": text, "what": self.model._meta.verbose_name}
            )
        return self.rows[text]

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return getattr(value, self.code) if value is not None else ""
