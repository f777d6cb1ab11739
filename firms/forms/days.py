"""A day, chosen in the browser's own calendar."""

from typing import Any

from django import forms


class DayInput(forms.DateInput):
    """Always written ``2024-08-19``: a browser takes no other spelling and would show the day as not filled in."""

    input_type = "date"

    def __init__(self, attrs: Any = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")
