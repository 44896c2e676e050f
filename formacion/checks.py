"""Configuration that each setting alone cannot tell is wrong: every fault comes with its remedy."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from exercises.sandbox.interface import SandboxBroken
from exercises.sandbox.staging import refuse_unfit

QUEUE = "queue"
SECRET_KEY_CHARACTERS = 50
SECRET_KEY_DIFFERENT = 5
BROKERS = ("redis", "rediss", "redis+socket", "amqp", "amqps", "pyamqp")


@register(QUEUE)
def broker_is_known(**_: Any) -> list[CheckMessage]:
    """BROKER_URL names a broker that is tested."""
    scheme = settings.BROKER_URL.partition("://")[0]
    if settings.BROKER_URL and scheme not in BROKERS:
        return [
            Error(
                f"BROKER_URL empieza por «{scheme}» y ese gestor de colas no se admite.",
                hint="Usa redis://…, rediss://…, redis+socket://…, amqp://… o amqps://…; vacío, el incluido.",
                id="formacion.E001",
            )
        ]
    if settings.PRODUCTION and not settings.BROKER_URL:
        return [
            Warning(
                "En producción no hay BROKER_URL: correctores de otras máquinas no oirían el gestor incluido.",
                hint="Indica el Redis, Valkey o RabbitMQ de la instalación.",
                id="formacion.W001",
            )
        ]
    return []


@register(QUEUE)
def leases_outlast_heartbeats(**_: Any) -> list[CheckMessage]:
    """A grading is not taken from a worker that lives."""
    found: list[CheckMessage] = []
    if settings.LEASE_SECONDS < 3 * settings.HEARTBEAT_SECONDS:
        found.append(
            Error(
                f"LEASE_SECONDS={settings.LEASE_SECONDS:g} no llega a tres veces "
                f"HEARTBEAT_SECONDS={settings.HEARTBEAT_SECONDS:g}: se perderían correcciones en marcha.",
                hint="Sube LEASE_SECONDS o baja HEARTBEAT_SECONDS.",
                id="formacion.E002",
            )
        )
    if settings.MAX_RUNNING_PER_USER > settings.MAX_PENDING_PER_USER:
        found.append(
            Warning(
                "MAX_RUNNING_PER_USER es mayor que MAX_PENDING_PER_USER y no sirve de nada.",
                hint="Baja el primero o sube el segundo.",
                id="formacion.W002",
            )
        )
    return found


@register()
def demo_stays_at_home(**_: Any) -> list[CheckMessage]:
    """Accounts whose password everybody knows are not for a site that others reach."""
    if settings.DEMO and settings.PRODUCTION:
        return [
            Error(
                "DEMO=1 y PRODUCTION=1 a la vez: cualquiera entraría como admin@demo.test.",
                hint="Quita DEMO, o PRODUCTION si es una prueba en tu máquina.",
                id="formacion.E003",
            )
        ]
    return []


@register()
def secret_key_is_strong(**_: Any) -> list[CheckMessage]:
    """Whoever guesses SECRET_KEY signs in as anybody: in production that is an error, not advice."""
    key = settings.SECRET_KEY
    if not settings.PRODUCTION or (len(key) >= SECRET_KEY_CHARACTERS and len(set(key)) >= SECRET_KEY_DIFFERENT):
        return []
    return [
        Error(
            f"SECRET_KEY es débil: hacen falta {SECRET_KEY_CHARACTERS} caracteres al azar.",
            hint="Haz una: python3 -c 'import secrets; print(secrets.token_urlsafe(50))'",
            id="formacion.E004",
        )
    ]


@register()
def production_has_its_services(**_: Any) -> list[CheckMessage]:
    """What works in a trial and not for many people, or not at all for those outside this machine."""
    if not settings.PRODUCTION:
        return []
    found: list[CheckMessage] = []
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        found.append(
            Warning(
                "En producción la base de datos es SQLite: ni otra máquina ni mucha gente a la vez.",
                hint="Indica un PostgreSQL: DATABASE_URL=postgresql://usuario:clave@máquina/base",
                id="formacion.W003",
            )
        )
    if settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        found.append(
            Warning(
                "En producción el correo se escribe en el registro: nadie puede confirmar su dirección.",
                hint="Indica EMAIL_HOST y, si hacen falta, EMAIL_HOST_USER y EMAIL_HOST_PASSWORD.",
                id="formacion.W004",
            )
        )
    if set(settings.ALLOWED_HOSTS) <= {"127.0.0.1", "localhost", "[::1]"}:
        found.append(
            Warning(
                "En producción el sitio solo responde a quien lo llama por localhost.",
                hint="Indica su nombre: ALLOWED_HOSTS=formacion.example.org",
                id="formacion.W005",
            )
        )
    return found


@register()
def front_end_is_built(**_: Any) -> list[CheckMessage]:
    """Style sheet and scripts are built at set-up and are not in the repository."""
    if (settings.BASE_DIR / "static" / "dist" / "site.css").is_file():
        return []
    return [
        Warning(
            "Falta la hoja de estilo: las páginas no se pueden mostrar.",
            hint="Ejecuta make setup.",
            id="formacion.W006",
        )
    ]


@register(QUEUE)
def jails_reach_their_files(**_: Any) -> list[CheckMessage]:
    """SANDBOX_DIR, where this user has made one, is fit to be bound into jails."""
    root = settings.SANDBOX_DIR
    try:
        if root.exists() and root.stat().st_uid == os.geteuid():
            refuse_unfit(root)
    except (SandboxBroken, OSError) as fault:
        return [
            Warning(
                f"SANDBOX_DIR no sirve: {fault}",
                hint="Los ejercicios no se pueden corregir hasta que sirva.",
                id="formacion.W007",
            )
        ]
    return []
