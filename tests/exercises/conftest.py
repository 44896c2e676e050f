"""What tests of the queue share: a bell that is counted instead of rung."""

from __future__ import annotations

import pytest

from courses.models import Enrollment
from exercises import tasks
from exercises.models import Exercise
from tests import factories
from tests.conftest import Cast


class CountedBells:
    """Stands in for the line to the broker: counts what would have been sent."""

    def __init__(self) -> None:
        self.rung = 0

    def ring(self) -> None:
        self.rung += 1


@pytest.fixture
def bells(monkeypatch: pytest.MonkeyPatch) -> CountedBells:
    counted = CountedBells()
    monkeypatch.setattr(tasks, "_line", counted)
    return counted


@pytest.fixture
def exercise(cast: Cast) -> Exercise:
    return factories.make_exercise(cast.course)


@pytest.fixture
def enrollment(cast: Cast) -> Enrollment:
    return cast.ana_enrolled
