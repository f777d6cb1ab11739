"""The project's settings on the services that answer, with passwords that hash fast."""

from tests import backends  # noqa: I001  (must come first: it chooses DATABASE_URL and REDIS_URL)

from xxgx.settings import *  # noqa: F403

assert backends.CHOSEN
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
