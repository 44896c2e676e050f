"""Quantities written the Spanish way."""

from decimal import Decimal

import pytest

from formacion.templatetags import quantities


@pytest.mark.parametrize(
    ("minutes", "written"),
    [(None, "—"), (0, "0 min"), (40, "40 min"), (60, "1 h"), (120, "2 h"), (150, "2 h 30 min")],
)
def test_minutes_read_as_hours(minutes: int | None, written: str):
    assert quantities.hours(minutes) == written


@pytest.mark.parametrize(
    ("size", "written"),
    [
        (None, "—"),
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1023 bytes"),
        (1024, "1 KiB"),
        (1536, "1,5 KiB"),
        (16 << 10, "16 KiB"),
        (48 << 20, "48 MiB"),
        (100 << 10, "100 KiB"),
        (3 << 40, "3072 GiB"),
    ],
)
def test_sizes_take_the_binary_unit_that_fits(size: int | None, written: str):
    assert quantities.bytes_(size) == written


@pytest.mark.parametrize(
    ("duration", "written"),
    [
        (None, "—"),
        (0.012, "12 ms"),
        (0.0996, "0,1 s"),
        (0.3, "0,3 s"),
        (6.44, "6,4 s"),
        (15, "15 s"),
        (59.97, "1 min"),
        (65, "1 min 5 s"),
    ],
)
def test_durations_have_a_comma_and_no_useless_decimals(duration: float | None, written: str):
    assert quantities.seconds(duration) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(None, "—"), (0, "0"), (10, "10"), (100, "100"), (Decimal("7.50"), "7,5"), (2.125, "2,12")],
)
def test_points_drop_useless_decimals(value: Decimal | float | None, written: str):
    assert quantities.points(value) == written


@pytest.mark.parametrize(("minutes", "css"), [(None, "w1"), (20, "w1"), (120, "w2"), (180, "w3"), (900, "w6")])
def test_a_segment_is_as_long_as_its_hours(minutes: int | None, css: str):
    assert quantities.weight(minutes) == css
