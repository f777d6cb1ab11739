"""Two look-ups a template cannot write itself."""

from collections.abc import Iterable, Mapping

from django import template

register = template.Library()


@register.filter
def at(mapping: Mapping[str, str], key: str) -> str:
    return mapping.get(key, "")


@register.filter
def named(pairs: Iterable[tuple[str, str]], code: str) -> str:
    return dict(pairs).get(code, code)
