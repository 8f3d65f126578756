"""Predicted positions: where they are, and whether they are as uncertain as they say."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import integrate

from detectors.kinematics import geodesy
from detectors.surroundings.zones import ZONE_COLUMNS, Zones
from pipelines import store
from pipelines.patrol.ferries import middle_line
from pipelines.patrol.motions import motions
from pipelines.patrol.predict import predict
from pipelines.patrol.prediction import (
    STILL,
    UNDER_WAY,
    WORKING,
    PredictionParameters,
    chance_within,
    ellipse_factor,
)
from tests.pipelines.patrol.calibration import check, coverage
from tests.pipelines.patrol.conftest import T0, tracked

P = PredictionParameters()
US = int(T0.value // 1000)
HOUR = 3_600_000_000


def zones(*rows):
    frame = pd.DataFrame(rows, columns=[*ZONE_COLUMNS, "direction_deg"])
    frame = gpd.GeoDataFrame(frame, geometry="geometry", crs=4326)
    return Zones(frame, gpd.GeoDataFrame(geometry=[], crs=4326), shapely.box(90, -5, 110, 10))


def test_modes():
    frame = tracked((1, 2.5, 101.0, 0.1, 0.0), (2, 2.5, 101.1, 2.0, 0.0), (3, 2.5, 101.2, 12.0, 90))
    assert list(motions(frame, P).mode) == [STILL, WORKING, UNDER_WAY]
    frame["nav_status"] = np.int16(1)
    assert list(motions(frame, P).mode) == [STILL, WORKING, UNDER_WAY]  # anchored at 12 kn: no


def test_to_and_fro_is_working():
    frame = tracked((1, 2.5, 101.0, 10.0, 90.0))
    frame["lon"] = 101.0 + 0.02 * np.abs(np.arange(len(frame)) % 10 - 5)
    assert motions(frame, P).mode[0] == WORKING


def test_under_way_goes_on_at_its_speed_and_course():
    motion = motions(tracked((1, 2.5, 101.0, 12.0, 90.0)), P)
    guess = predict(motion, US, US + 3 * HOUR, P)
    lat, lon = guess.at(0, np.array([US, US + HOUR, US + 2 * HOUR]))
    away_nm = geodesy.distance_m(2.5, 101.0, lat, lon) / 1852
    assert away_nm == pytest.approx([0, 12, 24], abs=0.05)
    assert np.all(np.diff(guess.along_m[0]) > 0)


def test_nothing_is_said_of_times_before_a_vessel_was_heard():
    frame = tracked((1, 2.5, 101.0, 12.0, 90.0))
    guess = predict(motions(frame, P), US - HOUR, US + HOUR, P)
    assert np.isnan(guess.lat[0, :6]).all()
    assert np.isfinite(guess.lat[0, 7:]).all()


def test_land_ahead_is_cleared_or_stops_it(sea):
    heading_for_the_wall = (1, 2.6, 100.6, 10.0, 90.0)
    motion = motions(tracked(heading_for_the_wall), P)
    guess = predict(motion, US, US + 6 * HOUR, P, None, sea)
    within = sea.covers(guess.lat[0], guess.lon[0])
    lat, lon = guess.lat[0, within], guess.lon[0, within]
    assert len(lat) > 12
    assert sea.free(lat, lon).all()
    assert sea.sees(lat[:-1], lon[:-1], lat[1:], lon[1:]).all()
    assert guess.along_m[0, -1] > 0.9 * P.along_fraction * 6 * 10 * 1852  # uncertain all the same


def test_a_lane_is_followed():
    lane = ("l", "lane", "lane", "x", "learned", shapely.box(101.1, 2.4, 102.5, 2.7), 80.0)
    motion = motions(tracked((1, 2.5, 101.0, 12.0, 90.0)), P)
    guess = predict(motion, US, US + 2 * HOUR, P, zones(lane))
    assert guess.course_deg[0, -1] == 80.0
    assert guess.how[0].along == "lanes"
    free = predict(motion, US, US + 2 * HOUR, P)
    assert guess.across_m[0, -1] < free.across_m[0, -1]
    against = motions(tracked((1, 2.5, 101.2, 12.0, 270.0)), P)
    assert predict(against, US, US + HOUR, P, zones(lane)).course_deg[0, -1] == pytest.approx(
        270, abs=0.2
    )


def test_a_ferry_comes_back():
    corridor = shapely.box(101.0, 2.49, 101.3, 2.51)
    ferry = ("f", "ferry", "ferry_route", "x", "learned", corridor, np.nan)
    motion = motions(tracked((1, 2.5, 101.15, 18.0, 90.0)), P)
    guess = predict(motion, US, US + 12 * HOUR, P, zones(ferry))
    assert guess.how[0].along == "ferry"
    assert guess.lon[0].min() < 101.03
    assert guess.lon[0].max() > 101.27
    assert ((guess.lon[0] > 100.99) & (guess.lon[0] < 101.31)).all()
    half_m = geodesy.distance_m(2.5, 101.0, 2.5, 101.3) / 2
    assert guess.along_m[0].max() < 1.05 * half_m
    # An hour's way: from the middle to its end, half an hour there, and back at the middle.
    there, back = np.interp(US + np.array([0.75, 1.46]) * HOUR, guess.tick_us, guess.lon[0])
    assert there == guess.lon[0].max()
    assert back == pytest.approx(101.15, abs=0.005)
    across = motions(tracked((1, 2.5, 101.15, 18.0, 0.0)), P)
    assert predict(across, US, US + HOUR, P, zones(ferry)).how[0].along == ""


def test_the_middle_of_a_corridor():
    line, half_m = middle_line(shapely.LineString([(101, 2), (101.5, 2.2)]).buffer(0.02))
    truth = shapely.LineString([(101, 2), (101.5, 2.2)])
    away = shapely.distance(shapely.points(line[:, ::-1]), truth)
    assert away.max() < 0.025
    assert away[2:-2].max() < 0.001, "but for its round ends"
    assert half_m == pytest.approx(0.02 * 111_195, rel=0.1)


@pytest.mark.parametrize("dof", [0.6, 1.0, 3.0])
def test_chance_within_against_integration(dof):
    along, across, radius = 3000.0, 800.0, 2500.0

    def density(y, x):
        q = (x / along) ** 2 + (y / across) ** 2
        return (1 + q / dof) ** (-(dof + 2) / 2) / (2 * np.pi * along * across)

    exact, _ = integrate.dblquad(
        density,
        -radius,
        radius,
        lambda x: -np.sqrt(radius**2 - x**2),
        lambda x: np.sqrt(radius**2 - x**2),
    )
    assert chance_within(radius, along, across, dof) == pytest.approx(exact, rel=1e-4)


@pytest.mark.parametrize("dof", [0.6, 1.0, 3.0])
def test_the_ellipse_holds_its_share(dof):
    radius = 1000.0 * ellipse_factor(0.8, dof)
    assert chance_within(radius, 1000.0, 1000.0, dof) == pytest.approx(0.8)


@pytest.fixture
def exercise_tracks(exercise_home):
    """Tracks of an exercise of another seed (11) than the one the parameters were chosen by (7)."""
    with store.read(exercise_home / "store") as reader:
        mmsis = reader.sql("SELECT DISTINCT mmsi FROM presence ORDER BY mmsi")["mmsi"]
        forever = (pd.Timestamp("2025-01-01", tz="UTC"), pd.Timestamp("2027-01-01", tz="UTC"))
        return reader.track_positions(mmsis.tolist(), *forever)


def test_regions_hold_about_the_share_they_say_on_held_out_tracks(exercise_tracks):
    found = coverage(check(exercise_tracks, P, every_h=1.0))
    assert set(found["hours"]) == {1.0, 3.0, 6.0}
    for row in found[found["n"] >= 60].itertuples():
        assert 0.68 <= row.inside <= 0.99, row
    pooled = (found["inside"] * found["n"]).groupby(found["hours"]).sum()
    pooled /= found.groupby("hours")["n"].sum()
    assert pooled.between(0.75, 0.95).all(), pooled
