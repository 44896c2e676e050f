"""The sandbox that the attacks run against; every test here is an attack."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandboxes import groups, sandbox

__all__ = ["groups", "sandbox"]

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.attack)
            if "sandbox" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.sandbox)
