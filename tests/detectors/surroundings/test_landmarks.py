"""Positions in words."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.errors import FrameError
from detectors.kinematics import geodesy
from detectors.surroundings.landmarks import (
    COMPASS_POINTS,
    FARTHEST_NM,
    Gazetteer,
    compass_point,
    position_text,
)


def gazetteer(*places):
    return Gazetteer(pd.DataFrame(places, columns=["name", "lat", "lon", "prominence"]))


LUMUT = ("Lumut", 4.21, 100.61, 1.0)


def at(place, bearing, nm):
    return geodesy.destination(place[1], place[2], bearing, nm * geodesy.METRES_PER_NM)


@pytest.mark.parametrize(
    ("bearing", "nm", "words"),
    [
        (270.0, 14.2, "14 nm W of Lumut"),
        (225.0, 3.4, "3 nm SW of Lumut"),
        (355.0, 100.0, "100 nm N of Lumut"),
        (10.0, 2.9, "off Lumut"),
        (10.0, 0.0, "off Lumut"),
    ],
)
def test_distance_and_bearing_from_the_place(bearing, nm, words):
    assert gazetteer(LUMUT).describe(*at(LUMUT, bearing, nm)) == words


def test_too_far_from_everything_is_a_position():
    lat, lon = at(LUMUT, 270.0, FARTHEST_NM + 1)
    assert gazetteer(LUMUT).describe(lat, lon) == position_text(lat, lon)


def test_the_prominent_place_is_preferred_until_it_is_too_far():
    village = ("Kampung", 4.21, 100.61, 1.0)
    city = ("Kota", *at(village, 90.0, 10.0), 2.0)
    names = gazetteer(village, city)
    assert names.describe(*at(village, 270.0, 8.0)).endswith("Kampung")
    assert names.describe(*at(village, 90.0, 4.0)).endswith("Kota")
    # Prominent enough to win on paper, but out of reach: the lesser one in reach is named.
    far = ("Metropolis", *at(village, 90.0, 210.0), 1000.0)
    assert gazetteer(village, far).describe(*at(village, 270.0, 20.0)) == "20 nm W of Kampung"


def test_nan_and_an_empty_gazetteer():
    assert gazetteer(LUMUT).describe(np.nan, 100.0) == "position unknown"
    assert gazetteer().describe(4.205, 100.5) == "4°12.3'N 100°30.0'E"
    assert len(gazetteer(LUMUT).describe_all([], [])) == 0


def test_across_the_antimeridian():
    assert gazetteer(("Taveuni", 0.0, 179.95, 1.0)).describe(0.0, -179.95) == "6 nm E of Taveuni"


def test_many_at_once_are_the_same_as_one_by_one():
    random = np.random.default_rng(1)
    names = gazetteer(LUMUT, ("Penang", 5.42, 100.35, 3.0), ("Belawan", 3.78, 98.7, 2.0))
    lat, lon = random.uniform(-1, 9, 6000), random.uniform(94, 106, 6000)
    lat[7] = np.nan
    words = names.describe_all(lat, lon)
    for i in [0, 7, 4999, 5000, 5999]:
        assert words[i] == names.describe(lat[i], lon[i])


def test_frame_without_prominence_is_refused():
    with pytest.raises(FrameError, match="prominence"):
        Gazetteer(pd.DataFrame({"name": ["x"], "lat": [1.0], "lon": [1.0]}))


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_position_text_reads_back_to_a_twentieth_of_a_minute(lat, lon):
    def read(text):
        degrees, rest = text.split("°")
        minutes, letter = rest.split("'")
        assert 0 <= float(minutes) < 60
        sign = -1 if letter in "SW" else 1
        return sign * (int(degrees) + float(minutes) / 60)

    read_lat, read_lon = (read(part) for part in position_text(lat, lon).split(" "))
    assert abs(read_lat - lat) <= 0.0501 / 60
    assert abs(geodesy.wrap_lon(read_lon - lon)) <= 0.0501 / 60


@given(st.floats(0, 360))
def test_compass_point_is_within_half_a_point(bearing):
    index = COMPASS_POINTS.index(compass_point(bearing))
    assert abs((bearing - index * 22.5 + 180) % 360 - 180) <= 11.25 + 1e-9


def test_places_come_by_their_prominence() -> None:
    port, island = ("Port Klang", 3.0, 101.4, 3.5), ("Pulau Jarak", 3.98, 100.1, 2.0)
    assert gazetteer(LUMUT, port, island).places() == [
        ("Port Klang", 101.4, 3.0),
        ("Pulau Jarak", 100.1, 3.98),
        ("Lumut", 100.61, 4.21),
    ]
    assert gazetteer().places() == []
