"""Every setting of Resync, in groups. `.env.example` explains each variable."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from resync_site import environment as env
from resync_site import logs
from resync_site.database import databases

# --- Where we are ---------------------------------------------------------------------------

BASE_DIR = env.CHECKOUT
RESYNC_HOME = env.home()
RESYNC_ENV = env.choice("RESYNC_ENV", "production", ("production", "development"))
DEVELOPMENT = RESYNC_ENV == "development"

DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.secret_key(DEVELOPMENT)
ALLOWED_HOSTS = env.listing("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.listing("CSRF_TRUSTED_ORIGINS")

# --- Applications ---------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "resync_site.late_admin.LateAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "resync_site.runserver",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "channels",
    "knowledge",
    "audits",
    "tws",
    "resync_site",
]

MIDDLEWARE = [
    "resync_site.middleware.api_errors_in_json",
    "django.middleware.security.SecurityMiddleware",
    "resync_site.middleware.StaticFiles",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "resync_site.middleware.content_security_policy",
    "resync_site.middleware.no_store",
    "resync_site.middleware.roles_only",
    "resync_site.middleware.refuse_nul",
]

ROOT_URLCONF = "resync_site.urls"
ASGI_APPLICATION = "resync_site.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "resync_site/templates"],  # before unfold's own
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Database, cache ------------------------------------------------------------------------

DATABASE_URL = env.text("DATABASE_URL", secret=True)
DATABASE_STATEMENT_SECONDS = env.number("DATABASE_STATEMENT_SECONDS", 30, least=0)
DATABASES = databases(DATABASE_URL, DATABASE_STATEMENT_SECONDS)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL", secret=True)  # set: there are several web processes
CACHES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

# --- People ---------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["resync_site.sign_in.GuardedBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_FAILURES = env.integer("LOGIN_FAILURES", 5, least=1)
LOGIN_FAILURES_PER_ADDRESS = env.integer("LOGIN_FAILURES_PER_ADDRESS", 50, least=1)
LOGIN_LOCK_MINUTES = env.number("LOGIN_LOCK_MINUTES", 15, least=0.01)
TOKEN_FAILURES_PER_MINUTE = env.integer("TOKEN_FAILURES_PER_MINUTE", 30, least=1)
HELP_CONTACT = env.text("HELP_CONTACT")
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"

SESSION_ENGINE = "resync_site.sessions"
SECURE_COOKIES = env.flag("SECURE_COOKIES", default=not DEVELOPMENT)
SESSION_COOKIE_SECURE = SECURE_COOKIES
CSRF_COOKIE_SECURE = SECURE_COOKIES
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=not DEVELOPMENT)
SECURE_REDIRECT_EXEMPT = [r"^health/"]  # load balancers ask over plain HTTP
SECURE_HSTS_SECONDS = env.integer("SECURE_HSTS_SECONDS", 0 if DEVELOPMENT else 3600)
SECURE_REFERRER_POLICY = "same-origin"
# Whether subdomains and preload lists fit is known to who runs the domain, not to one program.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
BEHIND_PROXY = env.flag("BEHIND_PROXY", default=False)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    USE_X_FORWARDED_HOST = True
PROXY_COUNT = env.integer("PROXY_COUNT", 1, least=1)
MAX_BODY_BYTES = env.integer("MAX_BODY_BYTES", 2**20, least=1024)
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES

# --- The REST API ---------------------------------------------------------------------------

API_REQUESTS_PER_MINUTE = env.integer("API_REQUESTS_PER_MINUTE", 3000, least=1)
API_DOCS = env.flag("API_DOCS", default=DEVELOPMENT)
METRICS_TOKEN = env.text(
    "METRICS_TOKEN", secret=True
)  # lets a Prometheus on another machine read /metrics

# --- Languages, time ------------------------------------------------------------------------

LANGUAGE_CODE = env.choice("LANGUAGE_CODE", "en", ("en", "pt-br"))
LANGUAGES = [("en", _("English")), ("pt-br", _("Brazilian Portuguese"))]
LOCALE_PATHS = [BASE_DIR / "resync_site" / "locale"]
TIME_ZONE = env.text("TIME_ZONE", "America/Sao_Paulo")
USE_TZ = True

# --- Static files ---------------------------------------------------------------------------

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True  # served straight from the packages; no collectstatic to forget

# --- Memories (knowledge) -------------------------------------------------------------------

EMBEDDER = env.choice("EMBEDDER", "hash", ("hash", "e5", "openai", "mem0"))
EMBEDDING_DIMENSIONS = env.integer("EMBEDDING_DIMENSIONS", 384, least=8, most=2000)
EMBEDDING_BASE_URL = env.url("EMBEDDING_BASE_URL")
EMBEDDING_API_KEY = env.text("EMBEDDING_API_KEY", secret=True)
EMBEDDING_MODEL = env.text("EMBEDDING_MODEL")
EMBEDDING_QUERY_MODEL = env.text("EMBEDDING_QUERY_MODEL")
EMBEDDING_QUERY_PREFIX = env.text("EMBEDDING_QUERY_PREFIX")
EMBEDDING_PASSAGE_PREFIX = env.text("EMBEDDING_PASSAGE_PREFIX")
MEM0_EMBEDDER_PROVIDER = env.text("MEM0_EMBEDDER_PROVIDER")
MEM0_VECTOR_STORE = env.text("MEM0_VECTOR_STORE", "pgvector")
MEM0_VECTOR_STORE_CONFIG = env.text("MEM0_VECTOR_STORE_CONFIG", secret=True)
MEM0_THREADS = env.integer("MEM0_THREADS", 4, least=1, most=64)
MEM0_QUEUE = env.integer("MEM0_QUEUE", 64, least=1)
MEM0_TIMEOUT_SECONDS = env.number("MEM0_TIMEOUT_SECONDS", 30, least=0.1)

# --- Files of memories ----------------------------------------------------------------------

IMPORT_MAX_ROWS = env.integer("IMPORT_MAX_ROWS", 1_000_000, least=1)
IMPORT_MAX_CELLS = env.integer("IMPORT_MAX_CELLS", 1_000_000, least=1)  # of a workbook
IMPORT_MAX_UNPACKED_MIB = env.integer("IMPORT_MAX_UNPACKED_MIB", 256, least=1)  # of a workbook
IMPORT_MAX_UPLOAD_MIB = env.integer("IMPORT_MAX_UPLOAD_MIB", 20, least=1)  # in the console
IMPORT_MAX_PROBLEMS = env.integer("IMPORT_MAX_PROBLEMS", 1000, least=1)

# --- The LLM gateway ------------------------------------------------------------------------

LLM_BASE_URL = env.url("LLM_BASE_URL")  # unset: no LLM, everything works by rules
LLM_API_KEY = env.text("LLM_API_KEY", secret=True)
LLM_MODEL = env.text("LLM_MODEL")
LLM_TIMEOUT_SECONDS = env.number("LLM_TIMEOUT_SECONDS", 60, least=0.1)
LLM_MAX_RETRIES = env.integer("LLM_MAX_RETRIES", 2, most=10)
LLM_REASONING_TOKENS = env.integer("LLM_REASONING_TOKENS", 4000)  # on top, for models that think
LLM_MAX_CHARACTERS = env.integer("LLM_MAX_CHARACTERS", 200_000, least=1000)
LLM_DAILY_COST = env.number("LLM_DAILY_COST", 0, least=0)  # 0: no limit
LLM_DAILY_TOKENS = env.integer("LLM_DAILY_TOKENS", 0)
LLM_PRICE_INPUT = env.number("LLM_PRICE_INPUT", 0, least=0)  # of a million tokens; 0: not known
LLM_PRICE_OUTPUT = env.number("LLM_PRICE_OUTPUT", 0, least=0)

# --- The auditor ----------------------------------------------------------------------------

AUDIT_FLAG_THRESHOLD = env.number("AUDIT_FLAG_THRESHOLD", 0.60, least=0, most=1)
AUDIT_QUARANTINE_THRESHOLD = env.number("AUDIT_QUARANTINE_THRESHOLD", 0.85, least=0, most=1)
AUDIT_LLM_QUARANTINE_PRECISION = env.number("AUDIT_LLM_QUARANTINE_PRECISION", 0.95, least=0, most=1)
# A verdict with its reasons takes 150-350 tokens; at 200 the JSON is cut off in the middle,
# which is "no verdict" and a retry. `manage.py check_llm` asks the endpoint for this many.
AUDIT_LLM_MAX_TOKENS = env.integer("AUDIT_LLM_MAX_TOKENS", 500, least=1)
AUDIT_LLM_EXTRACTION_TOKENS = env.integer("AUDIT_LLM_EXTRACTION_TOKENS", 2000, least=1)
AUDIT_LLM_CONCURRENCY = env.integer("AUDIT_LLM_CONCURRENCY", 8, least=1)
AUDIT_LLM_PER_MINUTE = env.integer("AUDIT_LLM_PER_MINUTE", 0)  # 0: no limit
AUDIT_LLM_MODEL = env.text("AUDIT_LLM_MODEL", LLM_MODEL)
AUDIT_CACHE_DAYS = env.integer("AUDIT_CACHE_DAYS", 30)
AUDIT_CACHE_ROWS = env.integer("AUDIT_CACHE_ROWS", 100_000)
AUDIT_JUDGE_PROCESSES = env.integer("AUDIT_JUDGE_PROCESSES", 2, least=1)
AUDIT_JUDGE_SECONDS = env.number("AUDIT_JUDGE_SECONDS", 10, least=0.1)
AUDIT_JUDGE_CHARACTERS = env.integer("AUDIT_JUDGE_CHARACTERS", 100_000, least=1)
AUDIT_JUDGE_KIB = env.integer("AUDIT_JUDGE_KIB", 1200, least=1)
AUDIT_JUDGE_DEPTH = env.integer("AUDIT_JUDGE_DEPTH", 40, least=1)
AUDIT_LEASE_SECONDS = env.number("AUDIT_LEASE_SECONDS", 300, least=0.05)
AUDIT_MAX_ATTEMPTS = env.integer("AUDIT_MAX_ATTEMPTS", 5, least=1)
AUDIT_POLL_SECONDS = env.number("AUDIT_POLL_SECONDS", 5, least=0.1)
AUDIT_OVERDUE_HOURS = env.number("AUDIT_OVERDUE_HOURS", 24, least=0)
AUDIT_UNDO_DAYS = env.integer("AUDIT_UNDO_DAYS", 30)
STATE_MEMORY_DAYS = env.integer("STATE_MEMORY_DAYS", 30, least=1)
AUDIT_ALLOW_OWN = env.flag("AUDIT_ALLOW_OWN", default=False)
REPORTS_PER_HOUR = env.integer("REPORTS_PER_HOUR", 20, least=1)
AUDIT_SECOND_REVIEW_SHARE = env.number("AUDIT_SECOND_REVIEW_SHARE", 0, least=0, most=1)
AUDIT_PLANTED_SHARE = env.number("AUDIT_PLANTED_SHARE", 0, least=0, most=1)
AUDIT_REVIEW_CLAIM_MINUTES = env.number("AUDIT_REVIEW_CLAIM_MINUTES", 5, least=0)

# --- Notifications --------------------------------------------------------------------------

SITE_URL = env.url("SITE_URL")  # unset: messages carry no link
NOTIFY_WEBHOOK_URL = env.url("NOTIFY_WEBHOOK_URL", secret=True)
NOTIFY_WEBHOOK_FORMAT = env.choice("NOTIFY_WEBHOOK_FORMAT", "json", ("json", "teams"))
NOTIFY_WEBHOOK_TOKEN = env.text("NOTIFY_WEBHOOK_TOKEN", secret=True)
NOTIFY_ALLOW_PRIVATE = env.flag("NOTIFY_ALLOW_PRIVATE", default=False)
NOTIFY_EMAIL_TO = env.listing("NOTIFY_EMAIL_TO")
NOTIFY_EMAIL_FROM = env.text("NOTIFY_EMAIL_FROM", "resync@localhost")
NOTIFY_WINDOW_MINUTES = env.number("NOTIFY_WINDOW_MINUTES", 15, least=0)
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.integer("EMAIL_PORT", 25, least=1, most=65535)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", secret=True)
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 20

# --- HWA ------------------------------------------------------------------------------------

# Unset: the simulator, and only in development.
TWS_SIMULATOR_URL = env.simulator_url() if DEVELOPMENT and not env.url("TWS_BASE_URL") else ""
TWS_BASE_URL = env.url("TWS_BASE_URL") or TWS_SIMULATOR_URL
TWS_BACKUP_URLS = env.listing("TWS_BACKUP_URLS")  # asked when TWS_BASE_URL does not answer
TWS_ENGINE_NAME = env.text("TWS_ENGINE_NAME")
TWS_ENGINE_TAGS = env.listing("TWS_ENGINE_TAGS")
TWS_ENGINES = env.text("TWS_ENGINES", secret=True)  # several engines, as JSON
TWS_USER = env.text("TWS_USER", "wauser" if DEVELOPMENT else "")
TWS_PASSWORD = env.text("TWS_PASSWORD", "wauser" if DEVELOPMENT else "", secret=True)
TWS_TOKEN = env.text("TWS_TOKEN", secret=True)
TWS_TOKEN_FILE = env.text("TWS_TOKEN_FILE")  # read at each request: the token may be rotated
TWS_API_KEY = env.text("TWS_API_KEY", secret=True)
# Off in development, as decided: see docs/architecture-optimization-plan.md. A CA file's path,
# or true, in production; `check --deploy` refuses false there.
TWS_VERIFY_SSL = env.text("TWS_VERIFY_SSL", "false" if DEVELOPMENT else "true")
TWS_TIMEOUT_SECONDS = env.number("TWS_TIMEOUT_SECONDS", 20, least=0.1)
TWS_MAX_REPLY_MB = env.integer("TWS_MAX_REPLY_MB", 32, least=1)
TWS_CACHE_SECONDS = env.number("TWS_CACHE_SECONDS", 10, least=0)

# --- The plan -------------------------------------------------------------------------------

PLAN_READ_SECONDS = env.number("PLAN_READ_SECONDS", 10, least=0.1)  # between two passes
PLAN_FULL_SECONDS = env.number("PLAN_FULL_SECONDS", 600, least=1)
PLAN_DETAILS_PER_SECOND = env.number("PLAN_DETAILS_PER_SECOND", 10, least=0.1)
PLAN_HISTORY_DAYS = env.integer("PLAN_HISTORY_DAYS", 90, least=1)

# --- The chat -------------------------------------------------------------------------------

CHAT_MAX_CHARACTERS = env.integer("CHAT_MAX_CHARACTERS", 10_000, least=1)
CHAT_MAX_WAITING = env.integer("CHAT_MAX_WAITING", 3)
CHAT_MESSAGES_PER_MINUTE = env.integer("CHAT_MESSAGES_PER_MINUTE", 60, least=1)
CHAT_FRAMES_PER_MINUTE = env.integer("CHAT_FRAMES_PER_MINUTE", 1200, least=1)
CHAT_SOCKETS_PER_USER = env.integer("CHAT_SOCKETS_PER_USER", 2000, least=1)
CHAT_MAX_ANSWER_CHARACTERS = env.integer("CHAT_MAX_ANSWER_CHARACTERS", 60_000, least=1000)
CHAT_RUN_SECONDS = env.number("CHAT_RUN_SECONDS", 120, least=1)
CHAT_MAX_STEPS = env.integer("CHAT_MAX_STEPS", 8, least=1)

# --- Logs -----------------------------------------------------------------------------------

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "resync_site.logs.OneLineFormatter",
            "format": logs.FORMAT,
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "httpx": {"level": "WARNING"},  # it logs each URL, query and all
        "httpcore": {"level": "WARNING"},
    },
}

# --- The console's look ---------------------------------------------------------------------

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Resync",
    "SITE_HEADER": "Resync",
    "SITE_SUBHEADER": _("Review console"),
    "SITE_ICON": "resync_site.sidebar.icon",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "resync_site.sidebar.icon"}],
    "SHOW_HISTORY": False,
    "COLORS": {  # around the accent of the operators' pages (tws/resync.css)
        "primary": {
            "50": "#f2f6fd",
            "100": "#e6eefb",
            "200": "#c9dcf7",
            "300": "#a4c5f4",
            "400": "#7fb0ff",
            "500": "#4384e0",
            "600": "#1f5fbf",
            "700": "#1a50a1",
            "800": "#184283",
            "900": "#16376a",
            "950": "#0f2344",
        }
    },
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "ENVIRONMENT": "resync_site.sidebar.environment",
    "DASHBOARD_CALLBACK": "audits.console.dashboard.dashboard",
    "SIDEBAR": {"navigation": "resync_site.sidebar.navigation"},
    "STYLES": ["resync_site.sidebar.style"],
    "SCRIPTS": ["resync_site.sidebar.script"],
}
