"""A network namespace that several jails share: loopback alone, made by a program that ends before they start.

Its descriptors keep it alive, so no process has to.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

from exercises.sandbox.interface import SandboxBroken

MAKE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Namespace:
    """Descriptors of a network namespace and, for an ordinary user, of the user namespace that owns it."""

    network: int
    user: int | None

    @property
    def descriptors(self) -> tuple[int, ...]:
        return (self.network,) if self.user is None else (self.network, self.user)

    def entering(self, launch: Path) -> list[str]:
        """What to put before a command so that it runs inside."""
        return [str(launch), "enter", str(self.network), str(-1 if self.user is None else self.user)]

    def close(self) -> None:
        for fd in self.descriptors:
            os.close(fd)


def make_namespace(launch: Path) -> Namespace:
    """A new namespace with loopback up. Raises SandboxBroken where the system refuses."""
    ordinary = os.geteuid() != 0
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with near, far:
        argv = [str(launch), "make", str(far.fileno())]
        if ordinary:
            argv += [str(os.geteuid()), str(os.getegid())]
        actions = [(os.POSIX_SPAWN_DUP2, far.fileno(), far.fileno())]
        pid = os.posix_spawn(argv[0], argv, {}, file_actions=actions)
        far.close()
        near.settimeout(MAKE_SECONDS)
        try:
            message, descriptors, _flags, _address = socket.recv_fds(near, 64, 2)
        except TimeoutError:
            message, descriptors = b"", []
        finally:
            os.waitpid(pid, 0)
    if message != b"made" or len(descriptors) != 2:
        reason = message.decode(errors="replace") or "sin respuesta"
        raise SandboxBroken(f"No se pudo crear una red para las jaulas: {reason}")
    network, user = descriptors
    if not ordinary:
        os.close(user)
    return Namespace(network=network, user=user if ordinary else None)
