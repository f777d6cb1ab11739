"""Is the process alive, and can it serve? For the load balancer, the service manager and the person on call."""

import time
from collections.abc import Callable

from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from firms.models import Job
from xxgx.celery import app


@never_cache
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked, so that a slow database never gets it restarted."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when requests can be served, else 503; each part says ``ok`` or the kind of error, never its text.

    The worker is reported, not required: pages must stay up while it restarts.
    """
    parts = {name: _try(check) for name, check in REQUIRED.items()}
    ready = all(state == "ok" for state in parts.values())
    body = {"ready": ready, **parts, "worker": _try(_worker)}
    return JsonResponse(body, status=200 if ready else 503)


def _try(check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception as error:
        return f"error: {type(error).__name__}"


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(pending)} pending" if pending else "ok"


def _cache() -> str:
    stamp = str(time.time_ns())
    cache.set("readyz", stamp, 10)
    return "ok" if cache.get("readyz") is not None else "lost"


def _broker() -> str:
    with app.connection_for_write() as link:
        link.ensure_connection(max_retries=1, timeout=2)
    return "ok"


def _worker() -> str:
    """How long the oldest job that is due has been waiting: a worker that lives leaves none waiting for minutes."""
    oldest = Job.objects.filter(state=Job.State.QUEUED, due_at__lte=timezone.now()).order_by("due_at").first()
    if oldest is None:
        return "ok"
    waiting = int((timezone.now() - oldest.due_at).total_seconds())
    return "ok" if waiting < 120 else f"a job has been waiting for {waiting} s"


REQUIRED: dict[str, Callable[[], str]] = {
    "database": _database,
    "migrations": _migrations,
    "cache": _cache,
    "broker": _broker,
}
