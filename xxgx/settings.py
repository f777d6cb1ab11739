"""Settings, all from the environment, with an embedded default that needs no server.

With nothing set: SQLite under ``var/``, Celery on the file system, cache in memory. With
``DATABASE_URL`` and ``REDIS_URL`` set: PostgreSQL and Redis. Both are first-class.
"""

from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF

from xxgx.secret import own_secret

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

VAR_DIR = Path(env("XXGX_VAR", default=str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)

# Development is the embedded default; deploy/ sets XXGX_PRODUCTION=1 and everything strict follows from it.
PRODUCTION = env.bool("XXGX_PRODUCTION", default=False)
DEMO = env.bool("XXGX_DEMO", default=False)
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY", default="")
if not SECRET_KEY:
    if PRODUCTION:
        raise RuntimeError("SECRET_KEY must be set when XXGX_PRODUCTION=1")
    SECRET_KEY = own_secret(VAR_DIR / "secret.key")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "xxgx",
    "scoring",
    "firms",
    "xxgx.backoffice.BackOfficeConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "rest_framework",
    "drf_spectacular",
    "django_filters",
    "import_export",
    "django_celery_beat",
    "django_htmx",
    "axes",
    "csp",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
]

MIDDLEWARE = [
    "xxgx.address.SourceAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "xxgx.language.of_reader",
    "xxgx.errors.RefusalMiddleware",
    # Before it: what guards and marks every answer. Behind it: what only a page made for somebody needs.
    "scoring.views.caching.kept_pages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "xxgx.sessions.SessionLimitMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "xxgx.urls"
WSGI_APPLICATION = "xxgx.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "xxgx.english.pages.Templates",
        "NAME": "django",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "xxgx.context.site",
            ],
        },
    },
]
# Widgets and lists of errors by the same backend: in an English page they are English too.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

DATABASE_URL = env("DATABASE_URL", default="") or f"sqlite:///{VAR_DIR / 'xxgx.sqlite3'}"
DATABASES = {"default": env.db_url_config(DATABASE_URL)}
_database: dict[str, Any] = DATABASES["default"]
EMBEDDED = _database["ENGINE"] == "django.db.backends.sqlite3"
# Opening SQLite anew for each request cost two thirds of what a kept page can do.
_database["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
_database["CONN_HEALTH_CHECKS"] = True
if EMBEDDED:
    # Measured: Django's defaults gave 65 "database is locked" errors where this gives none.
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536;",
    }
else:
    # A page's few statements are parsed and planned once a connection: 2.0 → 1.2 ms of the server's time a ranking page.
    # Behind a pooler that hands out connections per transaction, set PREPARE_THRESHOLD=0.
    _prepare = env.int("PREPARE_THRESHOLD", default=5)
    if _prepare:
        _database.setdefault("OPTIONS", {}).update(server_side_binding=True, prepare_threshold=_prepare)
if env("XXGX_TEST_DB_NAME", default=""):
    _database["TEST"] = {"NAME": env("XXGX_TEST_DB_NAME")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env("REDIS_URL", default="")
if REDIS_URL:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
    CELERY_BROKER_URL = REDIS_URL
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {"visibility_timeout": 6 * 3600}
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 5000},
        }
    }
    _queue = VAR_DIR / "queue"
    for _name in ("messages", "control"):
        (_queue / _name).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_URL = "filesystem://"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_queue / "messages"),
        "data_folder_out": str(_queue / "messages"),
        "control_folder": str(_queue / "control"),
        "polling_interval": 0.3,
    }
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_EXPIRES = None  # no results are kept, so beat needs no cleaning job
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "Asia/Shanghai"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
# The only tick there is: it asks the rows what is due. A tick nobody took in time is worthless and goes away.
CELERY_BEAT_SCHEDULE = {"后台任务巡检": {"task": "firms.tasks.sweep", "schedule": 30.0, "options": {"expires": 25}}}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

AUTH_USER_MODEL = "firms.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "xxgx.roles.RoleBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
PASSWORD_MIN_LENGTH = env.int("PASSWORD_MIN_LENGTH", default=10)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "xxgx.passwords.MinimumLength",
        "OPTIONS": {"min_length": PASSWORD_MIN_LENGTH},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "firms:login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "scoring:overview"

# 等保2.0: five failures lock an account for half an hour; a session ends after half an hour of idleness.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.5
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
# A name is also locked for everybody after this many failures in the same half hour, whatever addresses they came from.
AXES_HANDLER = "xxgx.lockout.TwoLimits"
LOCKOUT_NAME_LIMIT = env.int("LOCKOUT_NAME_LIMIT", default=20)
AXES_LOCKOUT_TEMPLATE = "accounts/locked.html"
AXES_CLIENT_IP_CALLABLE = "xxgx.address.client_address"
# How many proxies of ours stand in front; X-Forwarded-For is believed for exactly that many, else not at all.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=1 if PRODUCTION else 0)
AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS = ["code"]  # of the second step: never written down with a failed try
AXES_ENABLE_ADMIN = False
SESSION_COOKIE_AGE = env.int("SESSION_IDLE_SECONDS", default=1800)
SESSION_SAVE_EVERY_REQUEST = False  # xxgx.sessions refreshes it at most once a minute, not on every read
SESSION_ABSOLUTE_SECONDS = env.int("SESSION_ABSOLUTE_SECONDS", default=12 * 3600)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# Two factors (等保2.0) for everybody but firms, who may choose; a code is good once, and wrong ones lock like wrong passwords.
REQUIRE_TOTP = env.bool("XXGX_REQUIRE_TOTP", default=PRODUCTION and not DEMO)
OTP_TOTP_ISSUER = "新乡创新积分"
OTP_TOTP_THROTTLE_FACTOR = OTP_STATIC_THROTTLE_FACTOR = 0  # the lock-out counts, in one place
PASSWORD_RESET_TIMEOUT = 24 * 3600
# Forms anybody may send, by address; see firms.views.throttle.
FORM_RATES = {
    "enrolment": env("ENROLMENT_RATE", default="10/hour"),
    "reset": env("RESET_RATE", default="10/hour"),
    "verify": env("VERIFY_RATE", default="30/hour"),  # of codes that do not exist
}
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "xxgx.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
if PRODUCTION:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31536000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
    }
}

# Mails are rows (firms.services.mail); without a server to send them they stay rows, for the page 邮件.
EMAIL_URL = env("EMAIL_URL", default="")
if EMAIL_URL:
    _mail: dict[str, Any] = env.email_url("EMAIL_URL")
    globals().update({name: value for name, value in _mail.items() if name.startswith("EMAIL_")})
else:
    EMAIL_BACKEND = "xxgx.mailbox.Kept"
EMAIL_TIMEOUT = 20  # seconds; far below a job's lease
DEFAULT_FROM_EMAIL = env("MAIL_FROM", default="jifen@localhost")
# Where `make demo` serves, which says at which port.
DEMO_SITE = env("XXGX_DEMO_SITE", default="127.0.0.1:8000")
# What links in mails and on papers begin with.
SITE_URL = env(
    "SITE_URL", default=f"https://{ALLOWED_HOSTS[0]}" if PRODUCTION and ALLOWED_HOSTS else f"http://{DEMO_SITE}"
)

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [
    ("zh-hans", "中文"),
    ("en", "English"),
]  # Chinese whatever a browser prefers, until one switches (xxgx.language)
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = PRODUCTION
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = Path(env("XXGX_STATIC_ROOT", default=str(VAR_DIR / "static")))
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "xxgx.vendor.VendorFinder",
]
STORAGES = {
    # Uploaded originals are private: no URL serves this folder.
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(VAR_DIR / "files"), "base_url": None},
    },
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if PRODUCTION
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = DEBUG

# 多维检索: columns of runs each process keeps at hand, one field of 100,000 firms being 0.8 MB.
ANALYSIS_MEMORY_MB = env.int("ANALYSIS_MEMORY_MB", default=192)
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
IMPORT_MAX_BYTES = env.int("IMPORT_MAX_BYTES", default=50 * 1024 * 1024)
LETTER_MAX_BYTES = 10 * 1024 * 1024  # a letter of authorisation, by anybody
IMPORT_MAX_UNPACKED_BYTES = env.int("IMPORT_MAX_UNPACKED_BYTES", default=600 * 1024 * 1024)
EVIDENCE_MAX_BYTES = env.int("EVIDENCE_MAX_BYTES", default=10 * 1024 * 1024)
EVIDENCE_MAX_FILES = env.int("EVIDENCE_MAX_FILES", default=10)  # behind one cell, claim or objection
EVIDENCE_FIRM_BYTES = env.int("EVIDENCE_FIRM_BYTES", default=1024 * 1024 * 1024)  # of one firm in all, removed ones too
ANNOUNCEMENT_MAX_FILES = env.int("ANNOUNCEMENT_MAX_FILES", default=10)  # each no larger than EVIDENCE_MAX_BYTES
CLAIM_MAX_DRAFTS = env.int("CLAIM_MAX_DRAFTS", default=100)  # of one firm, not handed in
OBJECTION_WORKING_DAYS = env.int("OBJECTION_WORKING_DAYS", default=10)  # Monday to Friday, to answer a firm

# Public data: which hosts may be asked at all (name, .below.it, name:port); networks let in though they are not public, such
# as an intranet's 10.20.0.0/16. The demo asks itself, and nobody else.
DEMO_SERVED = bool(env("XXGX_DEMO_SITE", default=""))  # by `manage.py serve`, which says at which port
CONNECTOR_HOSTS = env.list("XXGX_CONNECTOR_HOSTS", default=[DEMO_SITE] if DEMO else [])
CONNECTOR_NETWORKS = env.list("XXGX_CONNECTOR_NETWORKS", default=["127.0.0.1/32"] if DEMO else [])
CONNECTOR_HTTP = env.bool("XXGX_CONNECTOR_HTTP", default=DEMO)
CONNECTOR_MAX_BYTES = env.int("XXGX_CONNECTOR_MAX_BYTES", default=20 * 1024 * 1024)
CONNECTOR_SECONDS = env.int("XXGX_CONNECTOR_SECONDS", default=120)

# Days before a deadline on which whoever is behind is reminded (and on the day, and after it: firms.services.reminders).
REMINDER_DAYS = env.list("REMINDER_DAYS", cast=int, default=[7, 3, 1])

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["xxgx.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "anon": env("API_ANON_RATE", default="600/min"),
        "user": env("API_USER_RATE", default="1200/min"),
    },
    "NUM_PROXIES": TRUSTED_PROXIES,  # else the throttle would believe whatever address a client writes itself
    "EXCEPTION_HANDLER": "xxgx.errors.api_exception",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "新乡高新区企业创新积分信息系统 API",
    "DESCRIPTION": "已发布评价期的榜单、企业积分与积分办法。",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
}

IMPORT_EXPORT_USE_TRANSACTIONS = True
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = False  # our own format writes strings as strings (reliability 3)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "axes": {"level": "ERROR"},
        "kombu.connection": {"level": "ERROR"},
        "weasyprint": {"level": "ERROR"},
        "fontTools": {"level": "ERROR"},
    },
}
SILENCED_SYSTEM_CHECKS: list[str] = []
