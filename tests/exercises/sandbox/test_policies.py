"""The policies as text; that they hold is shown by the attacks."""

from __future__ import annotations

from exercises.sandbox.interface import Network
from exercises.sandbox.policies import ALLOWED, FORBIDDEN, UNKNOWN, policy


def names(*groups: str) -> list[str]:
    return [name for group in groups for name in group.split()]


def test_no_call_is_named_twice() -> None:
    everything = names(*ALLOWED.values(), *FORBIDDEN.values(), UNKNOWN)
    assert len(everything) == len(set(everything))


def test_only_the_loopback_policy_knows_network_sockets() -> None:
    assert "family == AF_INET " not in policy(Network.NONE)
    assert "family == AF_INET " in policy(Network.LOOPBACK)


def test_what_is_not_named_is_unknown() -> None:
    assert policy(Network.NONE).rstrip().endswith("DEFAULT ERRNO(38)")
