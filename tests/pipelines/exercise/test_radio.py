"""Who reports when, and what is heard."""

from dataclasses import replace

import numpy as np
import pytest

from detectors.kinematics import geodesy
from pipelines.exercise import radio
from pipelines.exercise.fleet import Fleet
from pipelines.exercise.geography import STATIONS, line
from pipelines.exercise.motion import AT_ANCHOR, UNDER_WAY, sail, stay

FLEET = Fleet(np.random.default_rng(2))


def actor(model: str, speed: float, status: int = UNDER_WAY) -> radio.Actor:
    rng = np.random.default_rng(1)
    if status == AT_ANCHOR:
        path = stay((2.0, 102.0), 20_000, rng, mode="anchor", status=status)
    else:
        path = sail(line((2.0, 102.0), (2.0, 102.9)), speed, rng, unsteady=0.0)
    return radio.Actor(FLEET.new(model), path)


@pytest.mark.parametrize(
    ("model", "speed", "status", "interval_s"),
    [
        ("cargo", 12, UNDER_WAY, 60),
        ("container", 18, UNDER_WAY, 36),
        ("ferry", 26, UNDER_WAY, 30),
        ("tanker", 0, AT_ANCHOR, 180),
        ("fishing", 3, UNDER_WAY, 90),
        ("fishing", 1, UNDER_WAY, 180),
    ],
)
def test_reporting_intervals_are_those_stated(model, speed, status, interval_s):
    gaps = np.diff(radio.report_times(actor(model, speed, status)))
    np.testing.assert_allclose(gaps, interval_s, rtol=0.02)


def test_hearing_falls_with_distance_and_ends_at_the_range():
    station = STATIONS[0]  # Sabang, alone in the west
    lon = station.lon - np.arange(0, 70) / 60
    lat = np.full(len(lon), station.lat)
    for class_b, reach in ((False, 1.0), (True, radio.CLASS_B_RANGE)):
        chance = radio.best_hearing(lat, lon, class_b=class_b)
        assert chance[0] > 0.95
        assert np.all(np.diff(chance) <= 0)
        away_nm = np.arange(0, 70) * np.cos(np.radians(station.lat))
        assert np.all(chance[away_nm > station.range_nm * reach * 1.01] == 0)
        assert np.all(chance[away_nm < station.range_nm * reach * 0.9] > 0.1)


def test_nothing_is_sent_while_switched_off():
    one = radio.Actor(actor("cargo", 12).ship, actor("cargo", 12).path, ((1000.0, 4000.0),))
    t = np.array([0.0, 999.0, 1000.0, 3999.0, 4000.0])
    np.testing.assert_array_equal(radio.sending(one, t), [True, True, False, False, True])


def test_damage_is_rare_and_keeps_lines_apart():
    rng = np.random.default_rng(4)
    line_ = b"\\s:SELATSIM-PEN,c:1773100800*1F\\!AIVDM,1,1,,A,17u>p<@P1`WOGq40jL3BvRJ00000,0*46\n"
    feed = [line_] * 20_000
    radio.damage(feed, rng)
    damaged = [each for each in feed if each != line_]
    assert 0.003 < len(damaged) / len(feed) < 0.008
    assert all(each.count(b"\n") == 1 and each.endswith(b"\n") for each in feed)
    assert all(32 <= byte < 127 for each in damaged for byte in each[:-1])


def test_a_moored_fleet_is_heard_twice_only_within_two_seconds():
    rng = np.random.default_rng(5)
    n = 5000
    t = np.sort(rng.uniform(0, 86_400, n))
    lat, lon = np.full(n, 1.25), np.full(n, 103.85)
    heard = radio.receive(t, lat, lon, np.zeros(n, bool), rng)
    late_s = heard.epoch_s - np.floor(t[heard.sent])
    assert set(np.unique(late_s)) == {0, 1, 2}
    counts = np.bincount(heard.sent, minlength=n)
    assert counts.max() == 2
    assert 0.1 < np.mean(counts == 2) < 0.3
    assert np.mean(heard.arrival_s - heard.epoch_s > 5) < 0.03


def test_disturbed_fixes_scatter_for_a_while_and_all_others_are_sound():
    rng, ship = np.random.default_rng(3), actor("cargo", 12.0)
    t = np.arange(ship.path.t[0], ship.path.t[-1], 30.0)
    start, end = t[len(t) // 3], t[len(t) // 2]
    episode = radio.Interference(start, end, 3000.0, 0.9)
    lat, lon, sog_kn, _, _ = radio.measured(replace(ship, disturbed=episode), t, rng)
    off_m = geodesy.distance_m(lat, lon, *ship.path.at(t))
    during = (t >= start) & (t < end)
    assert off_m[~during].max() < 50
    assert 0.8 < np.mean(off_m[during] > 50) < 1.0
    assert np.sqrt(np.mean(off_m[during] ** 2)) == pytest.approx(3000 * np.sqrt(2 * 0.9), rel=0.2)
    assert np.median(sog_kn[during]) > np.median(sog_kn[~during]) + 3
