"""What a page's form says, or a refusal that names the field: for forms that have no page of their own to come back to."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from firms.services.refusal import Refusal


def cleaned(form: forms.Form) -> dict[str, Any]:
    """The form's data. Raises Refusal (400) with the first mistake."""
    if form.is_valid():
        return form.cleaned_data
    name, errors = next(iter(form.errors.items()))
    label = str(form.fields[name].label) if name in form.fields else ""
    raise Refusal("bad_form", str(errors[0]), place=label, hint=_("请返回上一页更正后重新提交。"), status=400)
