"""Where a request comes from: what the lock-out counts by and what the audit trail writes down."""

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from firms.services import audit


def client_address(request: HttpRequest) -> str | None:
    """The address outside our own proxies, or None.

    Each trusted proxy appends one entry to X-Forwarded-For; what stands further left was written by the client
    and is not believed.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.TRUSTED_PROXIES:
        hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        if len(hops) >= settings.TRUSTED_PROXIES:
            address = hops[-settings.TRUSTED_PROXIES].strip() or address
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None


class SourceAddressMiddleware:
    """Every audit entry written while a request is served carries its address; nobody has to pass it on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = audit.source_address.set(client_address(request))
        try:
            return self.get_response(request)
        finally:
            audit.source_address.reset(token)
