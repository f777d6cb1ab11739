"""Forms that anybody may send, by address: the same throttle as the API's, for pages."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from rest_framework.throttling import SimpleRateThrottle

from firms.services.refusal import Refusal


class FormThrottle(SimpleRateThrottle):
    """So many of one form from one address; behind our own proxies only, whoever writes the header."""

    def __init__(self, form: str) -> None:
        self.form = form
        super().__init__()

    def get_rate(self) -> str:
        return settings.FORM_RATES[self.form]

    def get_cache_key(self, request: HttpRequest, view: object) -> str:  # type: ignore[override]
        return f"form:{self.form}:{self.get_ident(request)}"  # type: ignore[arg-type]


def throttled(form: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Refuse the form sent too often (429); opening its page costs nothing."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def counted(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if request.method == "POST" and not FormThrottle(form).allow_request(request, None):  # type: ignore[arg-type]
                raise Refusal("too_many", _("提交过于频繁。"), hint=_("请一小时后再试。"), status=429)
            return view(request, *args, **kwargs)

        return counted

    return decorate
