"""Choose what the tests run on before settings load: PostgreSQL and Redis when they answer, else the embedded default.

``DATABASE_URL``/``REDIS_URL`` win; ``XXGX_TEST_EMBEDDED=1`` forces SQLite. What was chosen is printed.
"""

import os
import socket
import tempfile
from urllib.parse import urlsplit

LOCAL_DATABASE = "postgres://postgres@127.0.0.1:5432/postgres"
LOCAL_REDIS = "redis://127.0.0.1:6379/9"


def _answers(url: str, default_port: int) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or default_port), timeout=1):
            return True
    except OSError:
        return False


def _accepts(url: str) -> bool:
    """Whether a PostgreSQL at ``url`` lets us in: a port that answers may still refuse the user."""
    import psycopg

    try:
        with psycopg.connect(url, connect_timeout=2):
            return True
    except psycopg.Error:
        return False


def _own(redis: str) -> str:
    """A database for each of the suite's processes: one that clears its cache does not empty another's."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    parts = urlsplit(redis)
    number = int(parts.path.strip("/") or 0) + int(worker)
    return parts._replace(path=f"/{number % 16}").geturl()


def choose() -> str:
    # Tests never write into the developer's own var/.
    os.environ["XXGX_VAR"] = tempfile.mkdtemp(prefix="xxgx-test-")
    if os.environ.get("XXGX_TEST_EMBEDDED") == "1":
        os.environ.pop("DATABASE_URL", None)
        os.environ.pop("REDIS_URL", None)
        return "SQLite + file queue (embedded, asked for)"
    database = os.environ.get("DATABASE_URL") or LOCAL_DATABASE
    redis = os.environ.get("REDIS_URL") or LOCAL_REDIS
    named = "DATABASE_URL" in os.environ
    if named or (_answers(database, 5432) and _accepts(database)):
        os.environ["DATABASE_URL"] = database
        if "REDIS_URL" in os.environ or _answers(redis, 6379):
            os.environ["REDIS_URL"] = _own(redis)
            return "PostgreSQL + Redis"
        return "PostgreSQL + file queue (Redis does not answer)"
    os.environ.pop("REDIS_URL", None)
    return "SQLite + file queue (PostgreSQL does not answer)"


CHOSEN = choose()
