"""Typed reads of the environment: a wrong value stops the start with its name and what would be right."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str = "") -> str:
    """The variable as text, or the default where it is missing or empty."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool = False) -> bool:
    """The variable as a truth value: 1, true, yes, on, or 0, false, no, off."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name}={value!r}: se espera 1 o 0.")


def number(name: str, default: int, *, minimum: int = 0) -> int:
    """The variable as a whole number, at least `minimum`."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    try:
        result = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r}: se espera un número entero.") from None
    if result < minimum:
        raise ImproperlyConfigured(f"{name}={value}: el mínimo es {minimum}.")
    return result


def seconds(name: str, default: float) -> float:
    """The variable as a time in seconds, greater than zero."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    try:
        result = float(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r}: se espera un número de segundos.") from None
    if result <= 0:
        raise ImproperlyConfigured(f"{name}={value}: debe ser mayor que cero.")
    return result


def words(name: str, default: str = "") -> list[str]:
    """The variable as a list, separated by commas."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def path(name: str, default: Path) -> Path:
    """The variable as an absolute path."""
    value = os.environ.get(name, "").strip()
    return Path(value).expanduser().absolute() if value else default


def log_line() -> str:
    """The format of a line of the log. LOG_PART says whose it is where `manage.py run` gathers them."""
    part = text("LOG_PART").replace("%", "%%")
    return (f"{part:<9} │ " if part else "") + "%(levelname)s %(name)s: %(message)s"


def pairs(name: str) -> dict[str, str]:
    """The variable as NAME=VALUE pairs, separated by commas."""
    result = {}
    for word in words(name):
        key, sign, value = word.partition("=")
        if not sign or not key or not value:
            raise ImproperlyConfigured(f"{name}: {word!r} no tiene la forma NOMBRE=VALOR.")
        result[key] = value
    return result


def database(name: str, default_file: Path) -> dict[str, object]:
    """A Django database from a URL: `postgresql://user:password@host:port/name` or `sqlite:///path`.

    Without the variable: SQLite in `default_file`, in WAL with immediate transactions, so that writers queue
    instead of failing with "database is locked".
    """
    url = os.environ.get(name, "").strip()
    parts = urlsplit(url) if url else None
    if parts is None or parts.scheme == "sqlite":
        file = default_file if parts is None else Path(unquote(parts.path[1:]))
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(file),
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
            },
            # opening the file again costs more than a query
            "CONN_MAX_AGE": None,
            # a file, so that several processes of a test share it
            "TEST": {"NAME": f"{file}.test"},
        }
    if parts.scheme in {"postgres", "postgresql"}:
        options: dict[str, object] = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path[1:]),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": 600,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": options,
        }
    raise ImproperlyConfigured(f"{name}: se espera postgresql://… o sqlite:///…")
