"""The one settings file. What differs between installations comes from the environment: see .env.example."""

import warnings
from pathlib import Path
from urllib.parse import unquote, urlsplit

from csp.constants import NONE, SELF

from config import database, env, logs, queues

BASE_DIR = Path(__file__).resolve().parent.parent
DEBUG = env.flag("COUNTERSIGN_DEBUG")
# No default: the supervisor of `run.sh up` keeps a random key in the state folder.
SECRET_KEY = env.text("COUNTERSIGN_SECRET_KEY", "insecure-local-debugging-only" if DEBUG else None)
BASE_URL = env.text("COUNTERSIGN_BASE_URL", f"http://127.0.0.1:{env.integer('PORT', 8000)}").rstrip("/")
ALLOWED_HOSTS = env.listing("COUNTERSIGN_ALLOWED_HOSTS", f"{urlsplit(BASE_URL).hostname},127.0.0.1,localhost")
# The path in front of every address, empty or like `/countersign`. A proxy may pass it on or take it away.
PATH = urlsplit(BASE_URL).path
FORCE_SCRIPT_NAME = PATH or None
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = PATH or "/"
ORIGIN = BASE_URL.removesuffix(PATH)
CSRF_TRUSTED_ORIGINS = [ORIGIN]
# The file in which a running demo records its progress; empty where no demo runs.
DEMO_STATE = env.text("COUNTERSIGN_DEMO_STATE", "")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
    "csp",
    "apps.common",
    "apps.audit",
    "apps.accounts",
    "apps.registry",
    "apps.predictions",
    "apps.sampling",
    "apps.explanations",
    "apps.review",
    "apps.truth",
    "apps.monitoring",
    "apps.planning",
    "apps.reports",
    "apps.retraining",
    "apps.notifications",
    "apps.home",
    "apps.demo",
]

MIDDLEWARE = [
    "apps.common.middleware.ProxyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "apps.common.middleware.NoStoreMiddleware",
    "apps.common.middleware.CharacterMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "apps.common.middleware.MethodMiddleware",
    "config.health.HealthMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "apps.common.middleware.LengthMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "apps.accounts.pages.session_age.SessionAgeMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "apps.common.middleware.DomainErrorMiddleware",
    "apps.accounts.services.access.AccessMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            # Django's filters, as a project writes numbers and dates.
            "libraries": {"humanize": "apps.common.templatetags.numbers"},
            "builtins": ["apps.common.templatetags.formats"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.notifications.pages.bell.unread",
            ],
        },
    }
]


DATABASES = {"default": database.options(env.text("DATABASE_URL"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# All processes share the default: it counts attempts to sign in, and remembers used codes. Past MAX_ENTRIES, it drops
# expired rows and then living ones; the hourly sweep should keep it far below. What only saves time stays in a process.
CACHES = {
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "common_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000, "CULL_FREQUENCY": 10},
    },
}

AUTH_USER_MODEL = "accounts.User"
# Only one: it takes as long for an unknown account as for a known one.
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Links sent by mail to reset a password work this many seconds.
PASSWORD_RESET_TIMEOUT = 24 * 3600
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "apps.accounts.pages.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
# Within this time: of an address, of an account from one address (`key`), and of an account from unknown addresses.
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key", "sign_in_anywhere": "1000/h/key"}
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# Nobody can have this installation write to strangers.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
# A session ends when nobody has used it for so long, and in any case after this many days.
SESSION_COOKIE_AGE = 60 * env.integer("COUNTERSIGN_IDLE_MINUTES", 720)
SESSION_LONGEST_SECONDS = 24 * 3600 * env.integer("COUNTERSIGN_SESSION_DAYS", 14)

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BASE_URL.startswith("https://")
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if BASE_URL.startswith("https://") else 0
# The number of proxies in front; ProxyMiddleware believes their headers, and nobody else's.
TRUSTED_PROXIES = env.integer("COUNTERSIGN_TRUSTED_PROXIES", 0)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}


# The mail server: smtp://, smtp+starttls:// or smtps://user:password@host:port. Empty: owners hand links over, and the
# mails of notices go to the log of the worker that would send them.
SMTP_URL = env.text("COUNTERSIGN_SMTP_URL", "")
SMTP_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
smtp = urlsplit(SMTP_URL)
if SMTP_URL and (smtp.scheme not in SMTP_PORTS or not smtp.hostname):
    raise env.SettingError("COUNTERSIGN_SMTP_URL must look like smtps://user:password@mail.example.org:465.")
EMAIL_HOST = smtp.hostname or ""
EMAIL_PORT = smtp.port or SMTP_PORTS.get(smtp.scheme, 0)
EMAIL_HOST_USER = unquote(smtp.username or "")
EMAIL_HOST_PASSWORD = unquote(smtp.password or "")
EMAIL_USE_TLS = smtp.scheme == "smtp+starttls"
EMAIL_USE_SSL = smtp.scheme == "smtps"
EMAIL_TIMEOUT = 5
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if SMTP_URL else 'console'}.EmailBackend"
DEFAULT_FROM_EMAIL = env.text("COUNTERSIGN_MAIL_FROM", f"Countersign <countersign@{urlsplit(BASE_URL).hostname}>")

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
USE_THOUSAND_SEPARATOR = False

STATIC_URL = f"{PATH}/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Without collected files (`run.sh up`), serve each from its own folder.
IS_COLLECTED = STATIC_ROOT.exists()
WHITENOISE_USE_FINDERS = not IS_COLLECTED
if not IS_COLLECTED:
    warnings.filterwarnings("ignore", message="No directory at", category=UserWarning)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "config.storage.HashedStaticFilesStorage"
        if IS_COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# The largest push, both as sent and decompressed. A larger one gets 413, and nothing is stored.
MAX_BODY_BYTES = env.integer("COUNTERSIGN_MAX_BODY_BYTES", 64 * 1024 * 1024)
# The same for JSON, which is read whole. NDJSON, Parquet and Arrow are streamed.
MAX_JSON_BYTES = env.integer("COUNTERSIGN_MAX_JSON_BYTES", 16 * 1024 * 1024)
MAX_BATCH_ROWS = env.integer("COUNTERSIGN_MAX_BATCH_ROWS", 100_000)
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
# The largest uploaded file, and its largest decompressed size.
MAX_UPLOAD_BYTES = env.integer("COUNTERSIGN_MAX_UPLOAD_BYTES", 1024**3)
MAX_UNFOLDED_BYTES = 8 * MAX_UPLOAD_BYTES
# What one key may send in a minute, counted in the broker; 0 removes the limit.
REQUESTS_PER_MINUTE = env.integer("COUNTERSIGN_REQUESTS_PER_MINUTE", 60_000)
ROWS_PER_MINUTE = env.integer("COUNTERSIGN_ROWS_PER_MINUTE", 6_000_000)
# Days for which rejected rows stay in quarantine.
QUARANTINE_DAYS = env.integer("COUNTERSIGN_QUARANTINE_DAYS", 30)
# Seconds that a report may take. A longer one fails, and somebody can try it again.
REPORT_SECONDS = env.integer("COUNTERSIGN_REPORT_SECONDS", 600)
# Seconds for which due work may wait before /readyz calls its stage late.
LATE_SECONDS = env.integer("COUNTERSIGN_LATE_SECONDS", 600)
# Payloads (features, attributions, …) are dropped this many days after the end of their month; 0 keeps them.
PAYLOAD_DAYS = env.integer("COUNTERSIGN_PAYLOAD_DAYS", 0)
# Private networks to which events may be sent; public addresses need no mention.
EGRESS_NETWORKS = env.networks("COUNTERSIGN_EGRESS_NETWORKS")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["apps.accounts.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["apps.accounts.services.permissions.HasAccess"],
    "DEFAULT_THROTTLE_CLASSES": ["apps.accounts.services.quotas.KeyQuota"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.common.api.StrictJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "apps.common.api.Negotiation",
    "DEFAULT_SCHEMA_CLASS": "apps.accounts.api.schema.AccessSchema",
    "EXCEPTION_HANDLER": "apps.common.api.problem_response",
    "UNAUTHENTICATED_USER": None,
    # OPTIONS describes nothing: the schema describes the API.
    "DEFAULT_METADATA_CLASS": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Countersign",
    "DESCRIPTION": "Predictions and outcomes in; draws, reviews and reports out.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVERS": [{"url": PATH}] if PATH else [],
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "ENUM_NAME_OVERRIDES": {
        "BatchKindEnum": "apps.predictions.models.BatchKind",
        "PolicyKindEnum": "apps.sampling.models.PolicyKind",
        "ReportKindEnum": "apps.reports.models.Kind",
    },
}

# The broker is a doorbell: a message may be lost or come twice, so nothing waits for it long.
CELERY_BROKER_URL = env.text("REDIS_URL")
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_timeout": 5,
    "socket_connect_timeout": 1,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 1800
CELERY_TASK_ROUTES = queues.ROUTES
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
SWEEP_SECONDS = 30
CELERY_BEAT_SCHEDULE = {
    bell: {"task": bell, "schedule": float(SWEEP_SECONDS), "options": {"expires": SWEEP_SECONDS}}
    for bell in (
        "pace",
        "draw",
        "open_items",
        "explain",
        "add_up",
        "check_artifacts",
        "answer_trials",
        "resolve",
        "inspect",
        "count_days",
        "count_truth",
        "judge_days",
        "seek_weak_slices",
        "look_at_rules",
        "pulse",
        "compact_cells",
        "freeze_bins",
        "fit_recommended",
        "fill_slices",
        "fill_samples",
        "run_reports",
        "replay",
        "study_retraining",
        "refresh_reports",
        "make_partitions",
        "expire_rejected",
        "load_uploads",
        "expire_uploads",
        "watch_batches",
        "tell",
        "deliver",
        "notice",
        "mail",
        "publish",
        "letters",
    )
}

# Sweeps that read much, or whose work is a matter of days.
CELERY_BEAT_SCHEDULE |= {
    bell: {"task": bell, "schedule": 3600.0, "options": {"expires": 3600}}
    for bell in (
        "watch_parked",
        "drop_payloads",
        "forget_expired",
        "forget_sampled_features",
        "forget_letters",
        "recheck_artifacts",
    )
}

logs.configure()
# Reading the user would ask the database again, also after it failed.
DJANGO_STRUCTLOG_USER_ID_FIELD = ""
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"()": logs.formatter}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.text("COUNTERSIGN_LOG_LEVEL", "INFO")},
    "loggers": {
        "django_structlog": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}
