"""Links with a secret in them, made when a mail leaves and never kept: the mail's row holds only a sealed marker.

Whoever reads the table of mails, or a backup of it, finds nothing to sign in by. The seal keeps a marker from being
written into a mail by somebody's name or reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from django.conf import settings
from django.core import signing

_MARKER = re.compile(r"\[\[link ([\w:-]+)\]\]")
_SALT = "firms.mail.link"
_makers: dict[str, Callable[[int], str]] = {}

GONE = "（链接已失效）"


def maker(kind: str) -> Callable[[Callable[[int], str]], Callable[[int], str]]:
    """Register ``fn(pk)``: the path (from ``/``) of this kind of link for one row, or "" when there is none any more."""

    def register(fn: Callable[[int], str]) -> Callable[[int], str]:
        _makers[kind] = fn
        return fn

    return register


def marker(kind: str, pk: int) -> str:
    """What stands in a mail's body for the link."""
    return f"[[link {signing.dumps([kind, pk], salt=_SALT)}]]"


def page(path: str) -> str:
    """The full address of one of our pages, for a mail."""
    return settings.SITE_URL + path


def resolved(body: str, *, origin: str = "") -> str:
    """``body`` with each marker replaced by its link; ``origin`` instead of the site's own address, for the demo's page."""

    def put(found: re.Match[str]) -> str:
        try:
            kind, pk = signing.loads(found[1], salt=_SALT)
        except signing.BadSignature:
            return ""
        path = _makers[kind](pk)
        return f"{origin or settings.SITE_URL}{path}" if path else GONE

    return _MARKER.sub(put, body)
