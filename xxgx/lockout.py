"""Two limits on failed sign-ins: five for a name from one address (axes' own), twenty for a name from all of them.

One address alone can lock a name for itself only, never for its owner elsewhere; who guesses from many addresses is
stopped after twenty tries in half an hour, and the owner with them, until it has passed or the security administrator
unlocks the name.
"""

from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Sum
from django.http import HttpRequest


class TwoLimits(AxesDatabaseHandler):
    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Failures that count against axes' limit; a name over its own limit has reached that as well."""
        here = super().get_failures(request, credentials)
        if (
            here < settings.AXES_FAILURE_LIMIT
            and self._of_the_name(request, credentials) >= settings.LOCKOUT_NAME_LIMIT
        ):
            return settings.AXES_FAILURE_LIMIT
        return here

    def _of_the_name(self, request: HttpRequest, credentials: dict[str, Any] | None) -> int:
        name = get_client_username(request, credentials)
        recent = AccessAttempt.objects.filter(username=name, attempt_time__gte=get_cool_off_threshold(request))
        return recent.aggregate(sum=Sum("failures_since_start"))["sum"] or 0
