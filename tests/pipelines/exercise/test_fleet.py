"""Invented ships are plausible and no two are alike."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.exercise.fleet import MODELS, Fleet, imo_number


@given(st.integers(100_000, 999_999))
def test_imo_check_digit_agrees_with_the_published_rule(serial):
    number = str(imo_number(serial))
    assert sum(int(d) * w for d, w in zip(number, (7, 6, 5, 4, 3, 2), strict=False)) % 10 == int(
        number[6]
    )


@pytest.mark.parametrize("model", sorted(MODELS))
def test_ships_fit_into_their_reports(model):
    fleet = Fleet(np.random.default_rng(1))
    ships = [fleet.new(model) for _ in range(300)]
    assert len({s.mmsi for s in ships}) == len({s.name for s in ships}) == 300
    for ship in ships:
        assert re.fullmatch(r"\d{3}9\d{5}", str(ship.mmsi))
        assert re.fullmatch(r"[A-Z0-9 ]{3,20}", ship.name)
        assert re.fullmatch(r"[A-Z0-9]{5,7}", ship.callsign)
        assert re.fullmatch(r"[A-Z ]{0,20}", ship.destination)
        assert ship.imo == 0 or ship.imo // 1_000_000 == 3
        assert ship.bow_m < 512
        assert ship.stern_m < 512
        assert 0 < ship.port_m < 64
        assert 0 < ship.starboard_m < 64
        assert 0 < ship.draught_m <= 25.5
