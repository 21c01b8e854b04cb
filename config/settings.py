"""All settings of Stemoteca. Every choice an installation makes comes from the environment (``STEMOTECA_*``)."""

import os
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

from corsheaders.defaults import default_headers
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config.env import BASE_DIR, data_folder, read_environment, secret
from operations import capacity
from operations.process_lifecycle import refuse

env = read_environment()

try:
    DATA_DIR = data_folder(env)
    DEBUG = env.bool("DEBUG", default=False)
    SECRET_KEY = env.str("SECRET_KEY", default="") or secret(DATA_DIR, "secret_key")
    DATABASE: dict[str, Any] = env.db("DATABASE", default=f"sqlite:///{DATA_DIR / 'stemoteca.sqlite3'}")
    CACHE_URL = env.str("REDIS", default="")
    HOSTS: list[str] = env.list("HOSTS", default=[])
    ORIGINS: list[str] = env.list("ORIGINS", default=[])
    PROXIES = env.int("PROXIES", default=0)
    WEB_PROCESSES = env.int("WEB_PROCESSES", default=1)
    WEB_THREADS = env.int("WEB_THREADS", default=8)
    WORKERS = env.int("WORKERS", default=0) or capacity.workers(capacity.cores(), capacity.memory())
    SEPARATOR_ENGINE = env.str("ENGINE", default="auto")
    SEPARATOR_THREADS = env.int("THREADS", default=0) or capacity.threads(capacity.cores(), WORKERS)
    SEPARATOR_MEMORY = env.int("SEPARATOR_MEMORY", default=2_000) * 1_000_000
    S3_BUCKET = env.str("S3_BUCKET", default="")
    MAX_UPLOAD_BYTES = env.int("MAX_UPLOAD_MB", default=1_000) * 1_000_000
    MAX_SECONDS = env.int("MAX_MINUTES", default=120) * 60
    DISK_FLOOR_BYTES = env.int("DISK_FLOOR_MB", default=500) * 1_000_000
    X_ACCEL = env.str("X_ACCEL", default="")
    QUOTA_BYTES = env.int("QUOTA_MB", default=50_000) * 1_000_000
    UPLOADS_PER_PERSON = env.int("UPLOADS_PER_PERSON", default=8)
    VERIFY_EMAIL = env.bool("VERIFY_EMAIL", default=False)
    REGISTRATION = env.bool("REGISTRATION", default=True)
    VISITOR_DOWNLOADS = env.bool("VISITOR_DOWNLOADS", default=True)
    FINGERPRINTS = env.bool("FINGERPRINTS", default=True)
    QUEUED_PER_PERSON = env.int("QUEUED_PER_PERSON", default=200)
    RUNNING_PER_PERSON = env.int("RUNNING_PER_PERSON", default=0) or capacity.running_per_person(WORKERS)
    ENCODINGS_AT_ONCE = env.int("ENCODINGS_AT_ONCE", default=0) or max(1, capacity.cores() // 2)
    ENCODINGS_PER_PERSON = env.int("ENCODINGS_PER_PERSON", default=20)
    ENCODING_WAIT_SECONDS = env.int("ENCODING_WAIT_SECONDS", default=20)
    WAITING_PER_PERSON = env.int("WAITING_PER_PERSON", default=0) or max(1, WEB_THREADS // 4)
    SIMPLE_WAIT_SECONDS = env.int("SIMPLE_WAIT_SECONDS", default=3_600)
    METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
    LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
except (ImproperlyConfigured, ValueError) as error:
    refuse(str(error))

if SEPARATOR_ENGINE not in {"auto", "native", "openvino", "tensorflow"}:
    refuse("STEMOTECA_ENGINE must be auto, native, openvino or tensorflow")
if min(WEB_PROCESSES, WEB_THREADS) < 1:
    refuse("STEMOTECA_WEB_PROCESSES and STEMOTECA_WEB_THREADS must be 1 or more")
if WEB_PROCESSES > 1 and not CACHE_URL:
    refuse("STEMOTECA_WEB_PROCESSES above 1 needs STEMOTECA_REDIS, or limits would count per process")

with (BASE_DIR / "pyproject.toml").open("rb") as project:
    VERSION = str(tomllib.load(project)["project"]["version"])

# Django -----------------------------------------------------------------------------------------------------------

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ALLOWED_HOSTS = [*HOSTS, "localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = ORIGINS
SECURE_SITE = any(origin.startswith("https://") for origin in ORIGINS)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SITE
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
if SECURE_SITE and PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

INSTALLED_APPS = [
    "operations",
    "separation",
    "catalog",
    "accounts",
    "operations.admin_app.PanelConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "corsheaders",
    "csp",
    "django_q",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "rest_framework_simplejwt",
    "rest_framework_simplejwt.token_blacklist",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "config.cache_control.default_cache_control",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "config.middleware.UploadAdmissionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.security.middleware.SignInMiddleware",
    "config.error_pages.method_not_allowed_page",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
        },
    }
]

if DATABASE["ENGINE"] == "django.db.backends.sqlite3":
    # WAL lets readers go on while one writes; IMMEDIATE takes the write lock at the start, so that a transaction
    # waits for its turn instead of failing half-way.
    DATABASE["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA mmap_size=134217728;",
    }
    # Tests of races need a database that several threads can open, which the default one in memory is not.
    DATABASE["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}
elif DATABASE["ENGINE"] == "django.db.backends.postgresql":
    DATABASE.setdefault("CONN_HEALTH_CHECKS", True)
    DATABASE.setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
    # No prepared statements (`prepare_threshold`), though they save a third of what the database does for a page:
    # planned once for an average artist, a list of the songs of somebody who has thousands took a second.
else:
    refuse("STEMOTECA_DATABASE must be a sqlite or postgres address")
# Opening SQLite anew for each request costs 5 ms as well, and what it had read is forgotten.
DATABASE.setdefault("CONN_MAX_AGE", 300)
DATABASES = {"default": DATABASE}

# Limits are kept apart from everything else. A hundred thousand counters take some 40 MB.
CACHES: dict[str, dict[str, Any]] = {
    alias: (
        {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": CACHE_URL,
            "KEY_PREFIX": prefix,
        }
        if CACHE_URL
        else {
            "BACKEND": "operations.memory_cache.MemoryCache",
            "LOCATION": alias,
            "OPTIONS": {"MAX_ENTRIES": entries, "CULL_FREQUENCY": 10},
        }
    )
    for alias, prefix, entries in (("default", "", 20_000), ("limits", "limits", 100_000))
}
if not CACHE_URL:
    # One web process, and nobody else writes sessions: so each is read once.
    SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
    SESSION_CACHE_ALIAS = "sessions"
    CACHES["sessions"] = {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "sessions",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }

# Languages --------------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_TZ = True

# Files ------------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WORK_DIR = DATA_DIR / "work"
MODELS_DIR = Path(env.str("MODELS", default=str(DATA_DIR / "models")))
MODELS_SOURCE = env.str(
    "MODELS_SOURCE", default="https://github.com/deezer/spleeter/releases/download/v1.4.0"
)
FILE_UPLOAD_TEMP_DIR = DATA_DIR / "incoming"
for folder in (WORK_DIR, MODELS_DIR, FILE_UPLOAD_TEMP_DIR, STATIC_ROOT):
    folder.mkdir(parents=True, exist_ok=True)

STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "operations.static_files.StaticFiles"
    },
    # Every file the catalogue names: mixtures, stems, renditions, covers.
    "files": {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.str("S3_ENDPOINT", default=None),
            "region_name": env.str("S3_REGION", default=None),
            "access_key": env.str("S3_ACCESS_KEY", default=None),
            "secret_key": env.str("S3_SECRET_KEY", default=None),
            "querystring_expire": 3600,
            "file_overwrite": True,
        },
    }
    if S3_BUCKET
    else {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "files", "base_url": None},
    },
}

FILE_UPLOAD_HANDLERS = ["catalog.uploads.handlers.UploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 100
DATA_UPLOAD_MAX_NUMBER_FILES = 20

# Accounts ---------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.security.attempts.PasswordBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if VERIFY_EMAIL else "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "signup": "accounts.forms.SignupForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "request_login_code": "accounts.forms.RequestLoginCodeForm",
}
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 900
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True  # a device that came by mail is known from then on
# Ours, which know devices and are shared with the API: see `accounts.security`, `accounts.adapters`.
ACCOUNT_RATE_LIMITS = dict.fromkeys(
    ["login", "login_failed", "signup", "request_login_code", "reset_password", "reset_password_from_key"]
)

email = env.email("EMAIL", default="consolemail://")
EMAIL_BACKEND = email["EMAIL_BACKEND"]
EMAIL_HOST = email.get("EMAIL_HOST", "localhost")
EMAIL_PORT = email.get("EMAIL_PORT", 25)
EMAIL_HOST_USER = email.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = email.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = email.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = email.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("FROM_EMAIL", default="Stemoteca <stemoteca@localhost>")

# Queue ------------------------------------------------------------------------------------------------------------

# A separation may take six times its length (and ten minutes at least) before it counts as stuck. The queue's own
# clock starts when a task is prefetched and never counts a killed worker, so it is set far beyond that: the row's
# lease is the truth, the queue only wakes workers up.
LEASE_SECONDS = 90
RECOVERY_SECONDS = 15
SEPARATION_TIMEOUT = max(600, 6 * MAX_SECONDS) + 600
Q_CLUSTER = {
    "name": "separation",
    "orm": "default",
    "workers": WORKERS,
    "queue_limit": WORKERS,
    "bulk": 1,
    "recycle": 200,
    "ack_failures": True,
    "max_attempts": 1,
    "catch_up": False,
    "guard_cycle": 0.5,
    "poll": 0.5,
    "timeout": SEPARATION_TIMEOUT,
    "retry": 4 * SEPARATION_TIMEOUT,
    "save_limit": 1000,
    "label": _("Queue"),
}

# API --------------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.tokens.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.api.JsonParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "config.api.Negotiation",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_PAGINATION_CLASS": "catalog.pagination.ApiPagination",
    "DEFAULT_SCHEMA_CLASS": "config.schema.Described",
    "DEFAULT_THROTTLE_CLASSES": [
        "accounts.security.throttles.VisitorThrottle",
        "accounts.security.throttles.AccountThrottle",
        "accounts.security.throttles.ScopeThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "anon": env.str("RATE_VISITOR", default="6000/min"),
        "user": env.str("RATE_ACCOUNT", default="6000/min"),
        "register": env.str("RATE_REGISTER", default="100/hour"),
        "token": env.str("RATE_TOKEN", default="60/min"),
        "mail": env.str("RATE_MAIL", default="5/hour"),
        "codes": "30/hour",
        "upload": env.str("RATE_UPLOAD", default="1200/hour"),
        "wishes": env.str("RATE_WISHES", default="600/hour"),
        "mixes": env.str("RATE_MIXES", default="1200/hour"),
        "proofs": env.str("RATE_PROOFS", default="60/hour"),  # wrong ones
        "ratings": env.str("RATE_RATINGS", default="6000/hour"),
    },
    "EXCEPTION_HANDLER": "config.api.answer_error",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(hours=1),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=30),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "CHECK_REVOKE_TOKEN": True,
    "UPDATE_LAST_LOGIN": True,
    "USER_ID_FIELD": "id",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Stemoteca",
    "DESCRIPTION": "A shared library of separated music: find a song, play its stems, take the parts you need.",
    "VERSION": VERSION,
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "tryItOutEnabled": True, "displayRequestDuration": True},
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "PREPROCESSING_HOOKS": ["config.schema.without_doubles"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.schema.with_examples",
    ],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {"Visibility": "catalog.models.Visibility", "Status": "separation.models.Status"},
    "APPEND_COMPONENTS": {
        "schemas": {
            "Error": {
                "type": "object",
                "description": "Every error has this form. `code` is stable and for programs, `detail` is for people.",
                "properties": {
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                    "fields": {
                        "type": "object",
                        "description": "What is wrong, by field.",
                        "additionalProperties": True,
                    },
                },
                "required": ["code", "detail"],
            }
        }
    },
}

CORS_URLS_REGEX = r"^/api/.*$"
CORS_ALLOW_ALL_ORIGINS = True
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_HEADERS = [*default_headers, "prefer", "range", "if-range", "if-none-match"]
CORS_EXPOSE_HEADERS = [
    "Content-Disposition",
    "Location",
    "Retry-After",
    "ETag",
    "Content-Range",
    "Accept-Ranges",
    "Preference-Applied",
    "WWW-Authenticate",
    "X-Gain",
]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "media-src": [SELF, "blob:"],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# Logs -------------------------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {
        "database": {"()": "operations.logs.WithoutDatabaseTraceback"},
        "hosts": {"()": "operations.logs.WithoutHostTraceback"},
        "refusals": {"()": "operations.logs.WithoutRefusals"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["refusals", "database", "hosts"],
        }
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django-q": {"level": os.environ.get("STEMOTECA_QUEUE_LOG_LEVEL", "WARNING")},
        "waitress.queue": {"level": "ERROR"},  # a line for each request that waits for a thread
    },
}
