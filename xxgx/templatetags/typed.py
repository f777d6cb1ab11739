"""What a person wrote stays in the words it was written in, whatever language the page is read in (docs/adr/0012)."""

from typing import Any

from django import template

register = template.Library()


@register.filter(is_safe=True)
def typed(value: Any) -> Any:
    """The value itself; by this name an English page knows not to read it (``xxgx.english.pages``)."""
    return value
