"""Django's settings, made from ours; nothing is read at import."""

import logging
import secrets
from typing import Any
from urllib.parse import unquote, urlsplit

import django
from django.conf import settings as django_settings

from duologue.auth.hashing import HashingPool
from duologue.auth.outbox import Outbox
from duologue.auth.runtime import Runtime
from duologue.auth.settings import AuthSettings
from duologue.auth.signing import KeyRing, make_key
from duologue.kit.files import UnsafeFileError, create_private, private_directory, read_private
from duologue.kit.interval import Interval

# Rollback journal, not WAL: SQLite before 3.51.3 can lose committed pages when two connections write and checkpoint a
# WAL at the same instant, and Python brings 3.40. EXTRA: a commit has reached the disk, its directory entry too.
_SQLITE_PRAGMAS = "PRAGMA journal_mode=DELETE;PRAGMA synchronous=EXTRA;PRAGMA cache_size=-512"

_HOUSEKEEPING_SECONDS = 6 * 3600

_MAILS_WAITING = 100

_BACKEND = "duologue.auth.backends.AccountBackend"


def set_up(settings: AuthSettings) -> Runtime:
    """Make the directory and the secrets where they are missing, and start Django; once per process.

    Raises UnsafeFileError when others can read a secret or one is empty, RuntimeError when Django runs with other
    settings already.
    """
    if django_settings.configured:
        present: Runtime | None = getattr(django_settings, "DUOLOGUE", None)
        if present is None or present.settings != settings:
            raise RuntimeError("Django runs in this process with other settings already")
        return present
    private_directory(settings.directory)
    private_directory(settings.keys)
    create_private(settings.secret_key, secrets.token_urlsafe(64).encode())
    secret = read_private(settings.secret_key).decode().strip()
    if not secret:
        # Django would start, and fail at each request
        raise UnsafeFileError(f"{settings.secret_key} is empty: put it back from a backup (docs/durability.md)")
    if not any(settings.keys.glob("*.pem")):
        make_key(settings.keys)
    runtime = Runtime(
        settings=settings,
        keys=KeyRing(settings.keys, settings.key_delay),
        hashing=HashingPool(settings.password_workers, settings.password_waiting, settings.password_wait_seconds),
        outbox=Outbox(_MAILS_WAITING),
        housekeeping=Interval(_HOUSEKEEPING_SECONDS),
    )
    django_settings.configure(**build(settings, secret), DUOLOGUE=runtime)
    django.setup()
    # a line for each 4xx says less than our own events, and a path may hold what a client should not have put there
    logging.getLogger("django.request").setLevel(logging.ERROR)
    # a traceback for each bad Host header or form: strangers must not write our log. Of a refused form an operator may
    # have to hear, whose PUBLIC_URL is another than the page's
    logging.getLogger("django.security").setLevel(logging.CRITICAL)
    logging.getLogger("django.security.csrf").setLevel(logging.WARNING)
    return runtime


def build(settings: AuthSettings, secret_key: str) -> dict[str, Any]:
    """Return Django's settings by name."""
    return {
        "SECRET_KEY": secret_key,
        "DEBUG": False,
        # Whatever name a proxy passes on is welcome, and none is believed: links are made of public_url, and so is the
        # name of the site in mails (AccountAdapter.send_mail), which Django would take from the Host header.
        "ALLOWED_HOSTS": ["*"],
        "ROOT_URLCONF": "duologue.auth.urls",
        "INSTALLED_APPS": _APPS,
        "MIDDLEWARE": _MIDDLEWARE,
        "LOGGING_CONFIG": None,
        "TEMPLATES": [_TEMPLATES],
        "DATABASES": {"default": _database(settings)},
        # a throttle's memory: bounded, and never on disk
        "CACHES": {
            "default": {
                "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
                "OPTIONS": {"MAX_ENTRIES": 50_000},
            }
        },
        "USE_TZ": True,
        "USE_I18N": False,
        "LANGUAGE_CODE": "en",
        "STATIC_URL": "/static/",
        "WHITENOISE_USE_FINDERS": True,
        "WHITENOISE_AUTOREFRESH": False,
        "DATA_UPLOAD_MAX_NUMBER_FIELDS": 200,
        **_accounts(settings),
        **_browser(settings),
        **_mail(settings),
    }


_APPS = [
    "duologue.auth.apps.AdminSiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.headless",
    "allauth.mfa",
    "duologue.auth.apps.AuthConfig",
]

_MIDDLEWARE = [
    "duologue.auth.middleware.answers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "duologue.auth.middleware.problems",
]

_TEMPLATES = {
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "APP_DIRS": True,
    "OPTIONS": {
        "context_processors": [
            "django.template.context_processors.request",
            "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages",
        ]
    },
}


def _database(settings: AuthSettings) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(settings.database),
        # one connection per thread, kept: the threads are bounded
        "CONN_MAX_AGE": None,
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 5, "init_command": _SQLITE_PRAGMAS},
    }


def _accounts(settings: AuthSettings) -> dict[str, Any]:
    return {
        "AUTH_USER_MODEL": "duologue_auth.User",
        "AUTHENTICATION_BACKENDS": [_BACKEND],
        "PASSWORD_HASHERS": ["duologue.auth.hashing.PasswordHasher"],
        "AUTH_PASSWORD_VALIDATORS": [
            {"NAME": "duologue.auth.passwords.BoundedLengthValidator"},
            {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
            {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
            {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
            {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
        ],
        "ACCOUNT_ADAPTER": "duologue.auth.adapter.AccountAdapter",
        "ACCOUNT_LOGIN_METHODS": {"username"},
        "ACCOUNT_SIGNUP_FIELDS": ["username*", "email*", "password1*"],
        "ACCOUNT_PRESERVE_USERNAME_CASING": False,
        # an address belongs to whoever confirms it; signing up never tells whether somebody uses it
        "ACCOUNT_PREVENT_ENUMERATION": "strict",
        "ACCOUNT_EMAIL_VERIFICATION": settings.email_verification,
        "ACCOUNT_EMAIL_SUBJECT_PREFIX": "",
        # a mail to whoever a stranger names is a mail that nobody asked for; the answer is the same without it
        "ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS": False,
        "ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE": True,
        "ACCOUNT_REAUTHENTICATION_REQUIRED": True,
        "ACCOUNT_RATE_LIMITS": {
            "login": settings.rate_login,
            # allauth counts the codes of second factors, we count passwords
            "login_failed": settings.rate_login_failed,
            "password_failed": settings.rate_login_failed,
            "signup": settings.rate_signup,
            "reset_password": settings.rate_reset_password,
            "refresh": settings.rate_refresh,
        },
        "MFA_ADAPTER": "duologue.auth.adapter.SecondFactorAdapter",
        "MFA_SUPPORTED_TYPES": ["totp", "recovery_codes"],
        "MFA_TOTP_ISSUER": "Duologue",
        # RFC 6238 section 5.2: one period for a slow hand or clock; a code still works only once
        "MFA_TOTP_TOLERANCE": 1,
        # an unconfirmed address is nobody's here, so an account that names it keeps nobody else out
        "MFA_ALLOW_UNVERIFIED_EMAIL": True,
        "HEADLESS_ONLY": True,
        "HEADLESS_CLIENTS": ("app",),
        "HEADLESS_TOKEN_STRATEGY": "duologue.auth.token_strategy.TokenStrategy",
        "HEADLESS_FRONTEND_URLS": {
            # in the fragment: no server and no proxy sees it, so no log keeps it
            "account_confirm_email": f"{settings.public_url}/#confirm-email={{key}}",
            "account_reset_password": f"{settings.public_url}/#reset-password",
            "account_reset_password_from_key": f"{settings.public_url}/#reset-password={{key}}",
            "account_signup": f"{settings.public_url}/#register",
        },
    }


def _browser(settings: AuthSettings) -> dict[str, Any]:
    secure = settings.public_url.startswith("https://")
    return {
        "SESSION_ENGINE": "django.contrib.sessions.backends.db",
        "SESSION_COOKIE_AGE": settings.session_days * 86_400,
        "SESSION_COOKIE_NAME": "__Host-duologue_admin" if secure else "duologue_admin",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_NAME": "__Host-duologue_csrf" if secure else "duologue_csrf",
        "CSRF_COOKIE_SECURE": secure,
        "CSRF_COOKIE_HTTPONLY": True,
        "CSRF_FAILURE_VIEW": "duologue.auth.views.errors.csrf_failure",
        "CSRF_TRUSTED_ORIGINS": [settings.public_url],
        "LOGIN_REDIRECT_URL": "/admin/",
        "LOGIN_URL": "/admin/login/",
    }


def _mail(settings: AuthSettings) -> dict[str, Any]:
    url = settings.mail_url.get_secret_value()
    if url in ("none", "console"):
        kind = {"none": "dummy", "console": "console"}[url]
        return {
            "EMAIL_BACKEND": f"django.core.mail.backends.{kind}.EmailBackend",
            "DEFAULT_FROM_EMAIL": settings.mail_from,
        }
    parts = urlsplit(url)
    implicit_tls = parts.scheme == "smtps"
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "DEFAULT_FROM_EMAIL": settings.mail_from,
        "EMAIL_HOST": parts.hostname or "localhost",
        "EMAIL_PORT": parts.port or (465 if implicit_tls else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": implicit_tls,
        "EMAIL_USE_TLS": not implicit_tls and parts.port != 25,
        "EMAIL_TIMEOUT": 10,
    }
