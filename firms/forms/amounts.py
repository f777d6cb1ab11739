"""Money as people type it, read as the form's cells and the files' cells are read."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from firms.importing.fields import Field
from firms.importing.problem import BadCell

_READ = Field("", "金额", "amount", unit="万元", minimum=0).parser()


class AmountField(forms.DecimalField):
    """万元. ``1,234.5``, ``１２``, ``5000元`` and ``1.2亿元`` are read; what is not a figure is told as everywhere else."""

    widget = forms.TextInput

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        try:
            read = _READ(value) if isinstance(value, str) else value
        except BadCell as bad:
            raise ValidationError(f"{bad.message}。{bad.hint}", code="invalid") from bad
        return None if read is None else super().to_python(str(read))
