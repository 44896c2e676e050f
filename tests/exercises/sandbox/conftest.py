"""The sandbox's own tests: pure ones, and those marked `sandbox` that start jails."""

from __future__ import annotations

from tests.sandboxes import groups, sandbox

__all__ = ["groups", "sandbox"]
