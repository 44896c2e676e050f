"""Configuration that each setting alone cannot tell is wrong: every fault comes with its remedy."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

QUEUE = "queue"
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
