"""The console's only settings module.

Each value from outside passes one of a few readers that refuse loudly.
"""

import os
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from console import policies


def required(name: str, meaning: str) -> str:
    value = os.environ.get(name, "").strip()  # noqa: TID251  the one reader of the environment
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. It is {meaning}.")
    return value


def optional(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default  # noqa: TID251  the one reader of the environment


def port(name: str, default: int) -> int:
    value = optional(name, str(default))
    if not value.isdecimal() or not 0 < int(value) < 65_536:
        raise ImproperlyConfigured(f"{name} is {value!r}. It must be a port, as {default}.")
    return int(value)


def flag(name: str, default: bool) -> bool:
    value = os.environ.get(name, "").strip().lower()  # noqa: TID251  the one reader of the environment
    if value not in {"", "true", "false"}:
        raise ImproperlyConfigured(f"{name} is {value!r}. It must be true or false.")
    return default if value == "" else value == "true"


def words(name: str, default: str) -> list[str]:
    value = os.environ.get(name, default)  # noqa: TID251  the one reader of the environment
    return [word.strip() for word in value.split(",") if word.strip()]


def seconds(name: str, default: int) -> int:
    value = os.environ.get(name, "").strip() or str(default)  # noqa: TID251  the one reader of the environment
    if not value.isdecimal() or int(value) == 0:
        raise ImproperlyConfigured(f"{name} is {value!r}. It must be a number of seconds.")
    return int(value)


def issuer(name: str) -> str:
    """Empty, or the provider's own address: https, but for one on this machine."""
    value = optional(name)
    parts = urlsplit(value)
    here = parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1"}
    if value and not (parts.hostname and (parts.scheme == "https" or here)):
        raise ImproperlyConfigured(f"{name} is {value!r}. It must be the provider's https address.")
    return value


def web_address(name: str) -> str:
    value = optional(name).rstrip("/")
    parts = urlsplit(value)
    if value and not (parts.scheme in {"http", "https"} and parts.hostname):
        raise ImproperlyConfigured(f"{name} is {value!r}. It must be as https://console.example.")
    return value


def one_of(name: str, allowed: tuple[str, ...]) -> str:
    """The first is the default."""
    value = os.environ.get(name, "").strip() or allowed[0]  # noqa: TID251  the one reader of the environment
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} is {value!r}. It must be one of {', '.join(allowed)}.")
    return value


def payload_policies(name: str) -> policies.Policies:
    path = optional(name)
    if not path:
        return {}
    try:
        return policies.parse(tomllib.loads(Path(path).read_text("utf-8")), optional)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, policies.WrongPolicy) as wrong:
        raise ImproperlyConfigured(f"{name}, {path}: {wrong}") from None


def database(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/"):
        raise ImproperlyConfigured(
            "DATABASE_URL must look like postgresql://user:word@host:5432/name."
        )
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", None) or unquote(parts.hostname or ""),
        "PORT": options.pop("port", None) or str(parts.port or ""),
        "OPTIONS": options,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


ROOT = Path(__file__).resolve().parent.parent

# ---- from outside ----
# The shards may live in several databases; the console's own tables are in the first. It may be
# given another way in: by a role that may only add to the audit (`manage.py grant_console`).
DATABASES = {
    "default": database(
        optional("CONSOLE_DATABASE_URL")
        or required("DATABASE_URL", "the PostgreSQL of the console's tables").split(",")[0]
    )
}
SECRET_KEY = required(
    "PERDURE_SECRET_KEY", "a long random text that signs sessions; keep it out of the repository"
)
ENGINE_ADDRESS = required(
    "ENGINE_ADDRESS", "host:port of the engine, or of any server that speaks its protocol"
)
#: The relay's; without it each process counts for itself what it may ask of the index.
BROKER_URL = optional("BROKER_URL")
#: Each console needs its own when two of them share a server.
BULK_TASK_QUEUE = words("BULK_TASK_QUEUE", "perdure-bulk")[0]
BILLING_TASK_QUEUE = words("BILLING_TASK_QUEUE", "perdure-billing")[0]
#: A proposal that nobody decided on by then has expired.
BILLING_APPROVAL_SECONDS = seconds("BILLING_APPROVAL_SECONDS", 3 * 86_400)
#: What can be done to many runs at once: tuples of `console.gateway.deeds.Deed`.
BULK_DEEDS = (
    "console.bulk.deeds_on_runs.DEEDS",
    "console.replay.deeds.DEEDS",
    "console.bulk.deeds_on_activities.DEEDS",
    "console.standalone.deeds.DEEDS",
)
#: Who has a bound on billing's updates, as a sentence: no general form sends them for such people.
UPDATE_BOUNDS = ("console.billing.limits.bound",)
#: A call of the engine that takes longer is given up, and the page says so.
ENGINE_DEADLINE_SECONDS = seconds("ENGINE_DEADLINE_SECONDS", 5)
#: So often background jobs count what fails, look at alert rules, and read acts by other doors.
WATCH_SECONDS = seconds("WATCH_SECONDS", 60)
#: Where people open this console: alerts name a page of it. Without it they name a path.
CONSOLE_URL = web_address("CONSOLE_URL")
#: Webhooks of alerts may go into this machine and its network.
ALERTS_ALLOW_PRIVATE = flag("ALERTS_ALLOW_PRIVATE", False)
#: Without a server, alerts send no mail.
EMAIL_HOST = optional("EMAIL_HOST")
EMAIL_PORT = port("EMAIL_PORT", 25)
EMAIL_HOST_USER = optional("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = optional("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = flag("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = optional("EMAIL_FROM", "perdure@localhost")
#: Written by the background jobs and read by the console: the same place to both.
EXPORT_DIRECTORY = words("EXPORT_DIRECTORY", str(ROOT / ".run" / "exports"))[0]
#: Codecs, masked fields and blob stores of payloads, by namespace.
PAYLOADS = payload_policies("PAYLOADS_FILE")
ALLOWED_HOSTS = words("CONSOLE_HOSTS", "localhost,127.0.0.1,[::1]")
BEHIND_HTTPS = flag("CONSOLE_HTTPS", False)
DEBUG = False
#: Stands on every page, in a colour of the sheet that is legible in both themes.
ENVIRONMENT_NAME = ", ".join(words("ENVIRONMENT_NAME", ""))
ENVIRONMENT_COLOUR = one_of("ENVIRONMENT_COLOUR", ("neutral", "accent", "good", "warn", "bad"))
#: A session ends this long after the sign-in, whatever is done in it,
SESSION_AGE_SECONDS = seconds("SESSION_AGE_SECONDS", 12 * 3600)
#: and this long after its person last did something. A page that polls by itself is nobody.
SESSION_IDLE_SECONDS = seconds("SESSION_IDLE_SECONDS", 4 * 3600)

#: Without a password only the provider signs in.
PASSWORD_SIGN_IN = flag("PASSWORD_SIGN_IN", True)
#: Sign-in by OpenID Connect; without an issuer there is none.
OIDC_ISSUER = issuer("OIDC_ISSUER")
if not OIDC_ISSUER and not PASSWORD_SIGN_IN:
    raise ImproperlyConfigured("PASSWORD_SIGN_IN is false and OIDC_ISSUER is empty: no way in.")
OIDC_NAME = optional("OIDC_NAME", "single sign-on")
OIDC_GROUPS_CLAIM = optional("OIDC_GROUPS_CLAIM", "groups")
OIDC_LINK_VERIFIED_EMAIL = flag("OIDC_LINK_VERIFIED_EMAIL", False)
OIDC_RENEW_SECONDS = seconds("OIDC_RENEW_SECONDS", 3600)
OIDC_RP_CLIENT_ID = (
    required("OIDC_CLIENT_ID", "the name that the provider knows this console by")
    if OIDC_ISSUER
    else ""
)
OIDC_RP_CLIENT_SECRET = optional("OIDC_CLIENT_SECRET")
OIDC_RP_SCOPES = optional("OIDC_SCOPES", "openid profile email")
OIDC_RP_SIGN_ALGO = one_of("OIDC_ALGORITHM", ("RS256", "RS384", "RS512", "ES256", "ES384"))
# how the library goes about it
OIDC_USE_PKCE = OIDC_USE_NONCE = True
OIDC_AUTHENTICATION_CALLBACK_URL = "oidc:callback"
OIDC_TIMEOUT = 10
OIDC_MAX_STATES = 10

# ---- the application ----
ROOT_URLCONF = "console.urls"
WSGI_APPLICATION = "console.wsgi.application"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "template_partials",
    "csp",
    "console.ui",
    "console.access",
    "console.audit",
    "console.acts",
    "console.looks",
    "console.people",
    "console.oidc",
    "console.account",
    "console.saved_views",
    "console.bulk",
    "console.billing",
    "console.incidents",
    "console.alerts",
    "console.exports",
    "console.workflows",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "console.access.sessions.SignInMiddleware",
    "console.account.preferring.PreferenceMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "console.oidc.renewing.RenewMiddleware",
    "console.gateway.tally.ServerTimingMiddleware",
    "console.access.tokens.TokenMiddleware",
    "console.access.sights.SightMiddleware",
    "console.ui.refusals.RefusalMiddleware",
    "console.access.frontdoor.EngineRefusalMiddleware",
    "console.saved_views.opening.DefaultViewMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "builtins": [
                "console.ui.templatetags.console",
                "console.access.templatetags.asked",
                "template_partials.templatetags.partials",
            ],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            ["django.template.loaders.filesystem.Loader"],
                        )
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.csrf",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "console.access.shell.shell",
            ],
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "console.oidc.backend.ProviderBackend",
]
LOGIN_URL = "people:sign_in"
LOGIN_REDIRECT_URL = "home"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
#: Where a page has them a filter says so: an address with `?event=2,134` leads nowhere.
USE_THOUSAND_SEPARATOR = False
#: `shared` holds numbers that all processes count together, where there is a broker to hold them.
CACHES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "shared": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "shared"},
}
if BROKER_URL:
    CACHES["shared"] = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": BROKER_URL,
        "KEY_PREFIX": "perdure-console",
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }

for kept in CACHES.values():
    kept["KEY_FUNCTION"] = "console.ui.kept.key"

# ---- what a browser may do ----
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_HTTPS else None
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS] if BEHIND_HTTPS else []
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = SESSION_AGE_SECONDS
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
#: A payload of 2 MiB, the most that a server takes, has three bytes in a form for most of its own.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
FILE_UPLOAD_HANDLERS = [
    "console.ui.uploads.BoundedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
CSRF_FAILURE_VIEW = "console.ui.refusals.csrf_failed"

# ---- files ----
STATIC_URL = "static/"
STATICFILES_DIRS = [ROOT / "static"]
WHITENOISE_USE_FINDERS = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # Below that it writes signatures and session tokens.
    "loggers": {"botocore": {"level": "WARNING"}},
}
