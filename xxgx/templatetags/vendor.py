"""Links to front-end packages that stay silent when the package could not be fetched."""

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from xxgx.vendor import PREFIX, available

register = template.Library()


def _address(path: str) -> str:
    """The static address of a vendored file, or "" when it is not there (not fetched, or not collected)."""
    if not available(path):
        return ""
    try:
        return static(f"{PREFIX}/{path}")
    except ValueError:  # fetched after collectstatic: not in the manifest, so not served either
        return ""


@register.simple_tag
def vendor_css(path: str) -> SafeString | str:
    url = _address(path)
    return format_html('<link rel="stylesheet" href="{}">', url) if url else ""


@register.simple_tag
def vendor_js(path: str) -> SafeString | str:
    url = _address(path)
    return format_html('<script src="{}" defer></script>', url) if url else ""


@register.simple_tag
def charts_drawn() -> bool:
    """Whether the chart library is here; where it is not, a page opens its tables instead."""
    return bool(_address("echarts/dist/echarts.common.min.js"))
