"""All settings of Stemoteca. Every choice an installation makes comes from the environment (``STEMOTECA_*``)."""

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from corsheaders.defaults import default_headers
from django.utils.translation import gettext_lazy as _

from config.content_security import CONTENT_SECURITY_POLICY  # noqa: F401  # a setting
from config.env import BASE_DIR, Environment, backup_s3, caches, files_storage
from config.openapi_settings import openapi_settings
from config.static_headers import restrict_workers
from operations import capacity
from operations.monitoring import error_reporting
from operations.monitoring.logs import LOG_FORMATS, LOG_LEVELS, logging_config
from operations.process_lifecycle import exit_with_error
from separation.engines import hardware
from separation.engines.torch import interpreter

env = Environment()

DATA_DIR = env.data_folder("DATA")
SITE_ORIGIN, SITE_PATH = env.url("URL")
SITE_URL = SITE_ORIGIN + SITE_PATH
REDIS_URL = env.redis("REDIS")
BIND, PORT = env.text("BIND", "127.0.0.1"), env.port("PORT", 8000)
PROXIES = env.number("PROXIES", 0)
WEB_PROCESSES = env.number("WEB_PROCESSES", 1, minimum=1)
WEB_THREADS = env.number("WEB_THREADS", 8, minimum=1)
STATEMENT_SECONDS = env.number("STATEMENT_SECONDS", 30, minimum=1)
WORKERS = env.number("WORKERS", 0) or capacity.workers(hardware.cores(), hardware.total_memory())
BROWSER_SEPARATION = env.flag("BROWSER_SEPARATION", default=True)
BROWSER_INSTALLED_MODELS = env.flag("BROWSER_INSTALLED_MODELS", default=False)
SEPARATOR_ENGINE: Any = env.choice("ENGINE", ("auto", "native", "openvino", "tensorflow", "torch"))
TORCH_PYTHON = Path(env.text("TORCH_PYTHON", kind="path") or interpreter.DEFAULT)
SEPARATOR_THREADS = env.number("THREADS", 0) or capacity.threads(hardware.cores(), WORKERS)
SEPARATOR_MEMORY = env.number("SEPARATOR_MEMORY", 2_000, minimum=200) * 1_000_000
MAX_UPLOAD_BYTES = env.number("MAX_UPLOAD_MB", 1_000, minimum=1) * 1_000_000
MAX_SECONDS = env.number("MAX_MINUTES", 120, minimum=1) * 60
DISK_FLOOR_BYTES = env.number("DISK_FLOOR_MB", 500) * 1_000_000
X_ACCEL = env.path_of_proxy("X_ACCEL")
QUOTA_BYTES = env.number("QUOTA_MB", 50_000) * 1_000_000
UPLOADS_PER_PERSON = env.number("UPLOADS_PER_PERSON", 8, minimum=1)
REGISTRATION = env.flag("REGISTRATION", default=True)
VISITOR_DOWNLOADS = env.flag("VISITOR_DOWNLOADS", default=True)
FINGERPRINTS = env.flag("FINGERPRINTS", default=True)
QUEUED_PER_PERSON = env.number("QUEUED_PER_PERSON", 200)
RUNNING_PER_PERSON = env.number("RUNNING_PER_PERSON", 0) or capacity.running_per_person(WORKERS)
DEMANDING_CPU_SECONDS = env.number("DEMANDING_CPU_SECONDS", 100)
DEMANDING_PER_DAY = env.number("DEMANDING_PER_DAY", 0)
ENCODINGS_AT_ONCE = env.number("ENCODINGS_AT_ONCE", 0) or max(1, hardware.cores() // 2)
ENCODINGS_PER_PERSON = env.number("ENCODINGS_PER_PERSON", 20, minimum=1)
ENCODING_WAIT_SECONDS = env.number("ENCODING_WAIT_SECONDS", 20)
WAITING_PER_PERSON = env.number("WAITING_PER_PERSON", 0) or max(1, WEB_THREADS // 4)
SIMPLE_WAIT_SECONDS = env.number("SIMPLE_WAIT_SECONDS", 3_600)
METRICS_TOKEN = env.text("METRICS_TOKEN")
RENDITIONS_BYTES = env.number("RENDITIONS_MB", 20_000) * 1_000_000
BACKUP_TARGET = env.backup_target("BACKUP_TARGET", DATA_DIR)
BACKUP_HOURS = env.number("BACKUP_HOURS", 24, minimum=1)
BACKUPS_KEPT = env.number("BACKUPS_KEPT", 7, minimum=1)
SCRUB_DAYS = env.number("SCRUB_DAYS", 30)

if WEB_PROCESSES > 1 and not REDIS_URL:
    exit_with_error(
        "STEMOTECA_WEB_PROCESSES above 1 needs STEMOTECA_REDIS, or limits would count per process"
    )

with (BASE_DIR / "pyproject.toml").open("rb") as project:
    VERSION = str(tomllib.load(project)["project"]["version"])

# Django -----------------------------------------------------------------------------------------------------------

ROOT_URLCONF = "config.urls"
FORCE_SCRIPT_NAME = SITE_PATH or None
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.secret("SECRET_KEY", DATA_DIR)
# What the site's address says about hosts, origins and cookies; the variables of these names add to it.
SITE_HOST = urlsplit(SITE_URL).hostname or ""
CSRF_TRUSTED_ORIGINS = [*([SITE_ORIGIN] if SITE_ORIGIN else []), *env.origins("CSRF_TRUSTED_ORIGINS")]
ALLOWED_HOSTS = [
    *([f"[{SITE_HOST}]" if ":" in SITE_HOST else SITE_HOST] if SITE_HOST else []),
    *env.hosts("ALLOWED_HOSTS"),
    *("localhost", "127.0.0.1", "[::1]"),
]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = any(url.startswith("https://") for url in CSRF_TRUSTED_ORIGINS)
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = LANGUAGE_COOKIE_PATH = f"{SITE_PATH}/"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
if SESSION_COOKIE_SECURE and PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

INSTALLED_APPS = [
    "operations",
    "practice",
    "separation",
    "catalog",
    "accounts",
    "operations.admin_app.DashboardAdminConfig",
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
    "operations.monitoring.access_log.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "config.cache_control.default_cache_control",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "catalog.uploads.middleware.UploadAdmissionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.security.middleware.SignInMiddleware",
    "config.error_pages.MethodNotAllowedMiddleware",
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

DATABASES = {"default": env.database("DATABASE", DATA_DIR)}
CACHES = caches(REDIS_URL)

# Languages --------------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = ["config.formats"]
LANGUAGES = [("en", "English"), ("es", "Español")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.time_zone("TIME_ZONE", "UTC")
USE_TZ = True

# Files ------------------------------------------------------------------------------------------------------------

STATIC_URL = f"{SITE_PATH}/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("separator/models", BASE_DIR / "separation" / "engines" / "spleeter" / "bundled"),  # for browsers
]
WORK_DIR = DATA_DIR / "work"
MODELS_DIR = env.folder("MODELS", DATA_DIR / "models")
MODELS_SOURCE = env.text("MODELS_SOURCE")
FILE_UPLOAD_TEMP_DIR = DATA_DIR / "incoming"
for folder in (WORK_DIR, FILE_UPLOAD_TEMP_DIR, STATIC_ROOT):
    folder.mkdir(parents=True, exist_ok=True)

STATIC_STORAGES = (
    "operations.static_files.StaticFilesStorage",
    "django.contrib.staticfiles.storage.StaticFilesStorage",
)
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "operations.static_files.StaticFilesStorage"
    },
    "files": files_storage(env, DATA_DIR),
}
BACKUP_S3 = backup_s3(env)

FILE_UPLOAD_HANDLERS = ["catalog.uploads.handlers.UploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 100
DATA_UPLOAD_MAX_NUMBER_FILES = 20

# Accounts ---------------------------------------------------------------------------------------------------------

ADMIN_EMAIL = env.text("ADMIN_EMAIL", "admin@localhost.localdomain")
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.security.attempts.PasswordBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = f"{SITE_PATH}/"

ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if env.flag("VERIFY_EMAIL", default=False) else "none"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = urlsplit(SITE_URL).scheme or "http"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "signup": "accounts.web.forms.SignupForm",
    "reset_password": "accounts.web.forms.ResetPasswordForm",
    "request_login_code": "accounts.web.forms.RequestLoginCodeForm",
}
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 900
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True  # makes the device a known one
# Replaced by limits that website and API share (`accounts.security`).
ACCOUNT_RATE_LIMITS = dict.fromkeys(
    ["login", "login_failed", "signup", "request_login_code", "reset_password", "reset_password_from_key"]
)

globals().update(env.email("EMAIL"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Stemoteca <stemoteca@localhost>")

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
    "cache": "",  # nobody reads the status that it would store there twice a second
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
    "DEFAULT_PARSER_CLASSES": ["catalog.api.parsers.JsonParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "catalog.api.content_negotiation.LenientContentNegotiation",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_PAGINATION_CLASS": "catalog.pagination.ApiPagination",
    "DEFAULT_SCHEMA_CLASS": "config.schema.DescribedSchema",
    "DEFAULT_THROTTLE_CLASSES": [
        "accounts.security.throttles.VisitorThrottle",
        "accounts.security.throttles.AccountThrottle",
        "accounts.security.throttles.ScopeThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "anon": env.rate("RATE_VISITOR", "6000/min"),
        "user": env.rate("RATE_ACCOUNT", "6000/min"),
        "register": env.rate("RATE_REGISTER", "100/hour"),
        "token": env.rate("RATE_TOKEN", "60/min"),
        "mail": env.rate("RATE_MAIL", "5/hour"),
        "codes": "30/hour",
        "upload": env.rate("RATE_UPLOAD", "1200/hour"),
        "wishes": env.rate("RATE_WISHES", "600/hour"),
        "mixes": env.rate("RATE_MIXES", "1200/hour"),
        "proofs": env.rate("RATE_PROOFS", "60/hour"),  # wrong ones
        "ratings": env.rate("RATE_RATINGS", "6000/hour"),
        "beats": env.rate("RATE_BEATS", "1200/hour"),
    },
    "EXCEPTION_HANDLER": "catalog.api.exception_handler.exception_handler",
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

SPECTACULAR_SETTINGS = openapi_settings(VERSION)

CORS_URLS_REGEX = r"^/api/.*$"
CORS_ALLOW_ALL_ORIGINS = True
CORS_ALLOW_HEADERS = [*default_headers, "prefer", "range", "if-range", "if-none-match"]
CORS_EXPOSE_HEADERS = [
    *("Content-Disposition", "Location", "Retry-After", "ETag", "Content-Range", "Accept-Ranges"),
    *("Preference-Applied", "WWW-Authenticate", "X-Gain", "X-Pre-Skip", "X-Request-ID"),
]

WHITENOISE_ADD_HEADERS_FUNCTION = restrict_workers

# Logs -------------------------------------------------------------------------------------------------------------

ACCESS_LOG = env.flag("ACCESS_LOG", default=False)
LOGGING = logging_config(
    env.choice("LOG_LEVEL", LOG_LEVELS),
    env.choice("QUEUE_LOG_LEVEL", ("WARNING", *LOG_LEVELS)),
    env.choice("LOG_FORMAT", LOG_FORMATS),
    error_reporting.handler(env.text("SENTRY_DSN"), VERSION),
)

KNOWN_VARIABLES = frozenset(env.read)
