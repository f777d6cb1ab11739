"""The project's settings on the services that answer, with passwords that hash fast."""

from tests import backends  # noqa: I001  (must come first: it chooses DATABASE_URL and REDIS_URL)

from xxgx.settings import *  # noqa: F403

assert backends.CHOSEN
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# A suite asks more in a minute than any reader; the tests of throttling set their own rates.
REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] = {"anon": "1000000/min", "user": "1000000/min"}  # noqa: F405
