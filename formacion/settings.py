"""All settings, read from the environment through env.py. With nothing set the site works, embedded."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from formacion import env

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.path("DATA_DIR", BASE_DIR / "var")
try:
    DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
except OSError as error:
    raise ImproperlyConfigured(f"DATA_DIR={DATA_DIR}: {error.strerror}. Indica otra carpeta.") from None
if not os.access(DATA_DIR, os.W_OK | os.X_OK):
    raise ImproperlyConfigured(f"DATA_DIR={DATA_DIR}: no se puede escribir ahí. Indica otra carpeta.")


def _stored_secret(name: str) -> str:
    """A secret made once in DATA_DIR, readable by its owner alone. Two processes that start at once agree."""
    file = DATA_DIR / name
    if not file.exists():
        handle, draft = tempfile.mkstemp(dir=DATA_DIR)  # mode 0600
        with os.fdopen(handle, "w") as new:
            new.write(secrets.token_urlsafe(50))
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
        os.unlink(draft)
    return file.read_text()


PRODUCTION = env.flag("PRODUCTION")
DEBUG = env.flag("DEBUG")
DEMO = env.flag("DEMO")
if PRODUCTION and not env.text("SECRET_KEY"):
    # one made here would be another one on every host
    raise ImproperlyConfigured(
        "PRODUCTION=1 sin SECRET_KEY. Haz una: python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"
    )
SECRET_KEY = env.text("SECRET_KEY") or _stored_secret("secret_key")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "formacion.apps.FormacionConfig",
    "exercises.apps.ExercisesConfig",
    "courses.apps.CoursesConfig",
    "allauth",
    "allauth.account",
    "django_htmx",
    "csp",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "formacion.time_zones.TimeZoneMiddleware",
]

ROOT_URLCONF = "formacion.urls"
WSGI_APPLICATION = "formacion.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "formacion" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "formacion.context.site",
            ],
        },
    },
]

# --- database -----------------------------------------------------------------------------------------------
DATABASES = {"default": env.database("DATABASE_URL", DATA_DIR / "formacion.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    # shared by all processes: allauth counts its rate limits here
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "formacion_cache"},
}

# --- people -------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "formacion.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "formacion.accounts.NotLikeOneself"},
    {
        "NAME": "formacion.accounts.LongEnough",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "formacion.accounts.NotCommon"},
    {"NAME": "formacion.accounts.NotOnlyDigits"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "formacion.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Formación] "
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SIGNUP_FORM_CLASS = "formacion.forms.SignupForm"
ACCOUNT_FORMS = {
    "signup": "formacion.password_forms.SignupForm",
    "change_password": "formacion.password_forms.ChangePasswordForm",
    "set_password": "formacion.password_forms.SetPasswordForm",
    "reset_password_from_key": "formacion.password_forms.ResetPasswordKeyForm",
}
# per address generous enough for a classroom behind one NAT, per account tight
ACCOUNT_RATE_LIMITS = {
    "login": "300/m/ip",
    "login_failed": "5/5m/key,300/m/ip",
    "signup": "120/m/ip",
    "reset_password": "60/m/ip,5/5m/key",
}
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXY_COUNT", 0)

EMAIL_BACKEND = env.text(
    "EMAIL_BACKEND",
    "django.core.mail.backends.smtp.EmailBackend"
    if env.text("EMAIL_HOST")
    else "django.core.mail.backends.console.EmailBackend",
)
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.number("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", True)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "formacion@localhost")

# --- language and time --------------------------------------------------------------------------------------
LANGUAGE_CODE = "es"
LANGUAGES = [("es", _("Español"))]
USE_I18N = True
TIME_ZONE = env.text("TIME_ZONE", "Europe/Madrid")
USE_TZ = True

# --- files --------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = env.path("STATIC_ROOT", DATA_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static" / "dist", BASE_DIR / "static" / "img"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 30 << 20

# --- security -----------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CSRF_FAILURE_VIEW = "formacion.views.csrf_failure"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
if PRODUCTION:
    SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # asked from inside, without TLS
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = env.number("SECURE_HSTS_SECONDS", 31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    if env.flag("BEHIND_TLS_PROXY", True):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- queue and grading --------------------------------------------------------------------------------------
BROKER_URL = env.text("BROKER_URL")  # empty: the embedded broker below DATA_DIR
LEASE_SECONDS = env.seconds("LEASE_SECONDS", 30)
HEARTBEAT_SECONDS = env.seconds("HEARTBEAT_SECONDS", 5)
SWEEP_SECONDS = env.seconds("SWEEP_SECONDS", 10)
GRADING_TRIES = env.number("GRADING_TRIES", 3, minimum=1)
GRADING_SECONDS = env.seconds("GRADING_SECONDS", 300)  # a slot that grades for longer is killed
GRADING_SLOTS = env.number("GRADING_SLOTS", 0)  # gradings at a time on this machine; 0: one a core
MAX_PENDING_PER_USER = env.number("MAX_PENDING_PER_USER", 3, minimum=1)
MAX_RUNNING_PER_USER = env.number("MAX_RUNNING_PER_USER", 1, minimum=1)
TRIAL_DAYS = env.number("TRIAL_DAYS", 30, minimum=1)
SANDBOX_DIR = env.path("SANDBOX_DIR", Path("/var/tmp") / f"formacion-{os.getuid()}")
REQUIRE_SANDBOX = env.flag("REQUIRE_SANDBOX", PRODUCTION)

# --- course -------------------------------------------------------------------------------------------------
SOURCE_MIRRORS = env.pairs("SOURCE_MIRRORS")  # repository=path of a bare Git directory

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        # whoever asks after the site's health, every few seconds, has read the answer
        "not_health": {
            "()": "django.utils.log.CallbackFilter",
            "callback": lambda record: getattr(getattr(record, "request", None), "path", "") != "/healthz",
        }
    },
    "formatters": {"line": {"format": env.log_line()}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["not_health"]}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
}
