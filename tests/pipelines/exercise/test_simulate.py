"""The world that is made: afloat, reproducible, and as its truth says."""

import gzip
import json
from collections import Counter
from datetime import datetime

import numpy as np
import pandas as pd
import pyais
import pytest

from detectors.core.errors import ConfigError
from detectors.kinematics import geodesy
from detectors.surroundings.zones import Zones
from pipelines.exercise import ExerciseError, Truth, radio, simulate
from pipelines.exercise.stage import SHELTERED
from tests.pipelines.exercise.conftest import CLASSIC, right_reports

HOUR_S = 3600.0


def decoded(exercise) -> tuple[pd.DataFrame, dict[int, pyais.messages.Payload], Counter]:
    """Positions, static messages by MMSI and what was wrong, through pyais."""
    positions, statics, wrong, waiting = [], {}, Counter(), {}
    for raw in exercise.lines:
        tag, _, sentence = raw[1:].partition(b"\\")
        if not sentence or sentence[-3:-2] != b"*":
            wrong["truncated"] += 1
            continue
        parts = [sentence]
        if sentence.startswith(b"!AIVDM,2,1"):
            waiting[sentence.split(b",")[3], tag] = sentence
            continue
        if sentence.startswith(b"!AIVDM,2,2"):
            first = waiting.pop((sentence.split(b",")[3], tag), None)
            if first is None:
                wrong["part missing"] += 1
                continue
            parts = [first, sentence]
        try:
            message = pyais.decode(*parts, error_if_checksum_invalid=True)
        except pyais.exceptions.InvalidNMEAChecksum:
            wrong["checksum"] += 1
            continue
        if message.msg_type in (1, 18):
            epoch = int(tag.split(b"c:")[1].split(b"*")[0])
            status = int(message.status) if message.msg_type == 1 else 15
            positions.append(
                (
                    message.mmsi,
                    epoch,
                    message.lat,
                    message.lon,
                    message.speed,
                    status,
                    message.msg_type,
                    tag.split(b",")[0],
                )
            )
        else:
            statics[message.mmsi] = message
    names = ["mmsi", "t", "lat", "lon", "sog_kn", "status", "msg_type", "station"]
    return pd.DataFrame(positions, columns=names), statics, wrong


@pytest.fixture(scope="module")
def world(exercise):
    return decoded(exercise)


def test_every_vessel_is_there_and_damage_is_rare(exercise, world):
    positions, statics, wrong = world
    assert 90 <= positions["mmsi"].nunique() <= 100  # a few pass out of range of all receivers
    assert set(statics) <= set(positions["mmsi"])
    assert 0 < wrong["checksum"] < 0.01 * len(exercise.lines)
    assert 0 < wrong["truncated"] < 0.01 * len(exercise.lines)
    assert all(line.startswith(b"\\s:SELATSIM-") for line in exercise.lines if len(line) > 20)
    assert set(positions["msg_type"]) == {1, 18}
    assert positions["t"].between(exercise.truth.t0, exercise.truth.t1 + 3).all()


def test_the_feed_holds_duplicates_and_some_disorder(world):
    positions, _, _ = world
    same = positions.duplicated(["mmsi", "lat", "lon", "sog_kn"]) & positions["msg_type"].eq(1)
    assert 0.02 < same.mean() < 0.4
    # What satellites heard comes when they are over a ground station.
    from_space = np.array([station.endswith(b"SAT") for station in positions["station"]])
    back_s = -np.diff(positions.loc[~from_space, "t"])
    assert 0 < (back_s > 3).mean() < 0.1
    assert back_s.max() < 30


def test_anchored_ships_lie_still_in_anchorages(exercise, world, zones):
    positions, _, _ = world
    anchored = positions[positions["status"] == 1]
    elsewhere = {"transfer in a licensed area", "transmitter off at anchor"}
    elsewhere |= {"bunkering in port limits"}
    told = [event for event in exercise.truth.events if event.note in elsewhere]
    there = {mmsi for event in told for mmsi in (event.mmsi, event.other_mmsi)}
    anchored = anchored[~anchored["mmsi"].isin(there)]
    assert anchored["mmsi"].nunique() >= 10
    still = anchored["sog_kn"] < 0.3
    assert still.mean() > 0.95  # the rest shift berth to bunker
    inside = zones.within(anchored["lat"].to_numpy(), anchored["lon"].to_numpy(), ("anchorage",))
    assert inside.mean() > 0.95  # a ship near the edge may swing over it


def test_ships_make_good_the_speed_they_report(world):
    positions, _, _ = world
    first = positions.drop_duplicates(["mmsi", "lat", "lon"]).sort_values(["mmsi", "t"])
    step = first.groupby("mmsi").shift(-1)
    moved_m = geodesy.distance_m(first["lat"], first["lon"], step["lat"], step["lon"])
    lasted_s = step["t"] - first["t"]
    near = lasted_s.between(50, 200)
    error_kn = geodesy.speed_kn(moved_m[near], lasted_s[near]) - first["sog_kn"][near]
    assert np.abs(np.median(error_kn)) < 0.1
    assert np.mean(np.abs(error_kn) > 2) < 0.02
    assert first["sog_kn"].max() < 32


@pytest.mark.slow
def test_no_position_and_no_way_between_two_lies_ashore(zones, world):
    assert_afloat(zones, world[0])


@pytest.mark.prove
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_position_lies_ashore_whatever_the_seed(tmp_path, zones, seed, exercise, monkeypatch):
    right_reports(monkeypatch)
    start = datetime.fromtimestamp(exercise.truth.t0).astimezone()
    simulate(tmp_path, seed=seed, hours=8, vessels=100, start=start, zones=zones, kinds=CLASSIC)
    lines = gzip.decompress((tmp_path / "feed.nmea.gz").read_bytes()).splitlines()
    assert_afloat(zones, decoded(type(exercise)(tmp_path, exercise.truth, lines))[0])


def assert_afloat(zones, positions):
    lat, lon = positions["lat"].to_numpy(), positions["lon"].to_numpy()
    assert not zones.on_land(lat, lon).any()
    track = positions.sort_values(["mmsi", "t"]).reset_index(drop=True)
    step = track.groupby("mmsi").shift(-1)
    # A longer silence may hide a bend round a cape; the ways themselves are checked in simulate.
    close = (step["t"] - track["t"]).between(0, 240)
    for fraction in np.linspace(0.1, 0.9, 5):
        between = geodesy.interpolate(
            track["lat"][close],
            track["lon"][close],
            step["lat"][close],
            step["lon"][close],
            fraction,
        )
        assert not zones.on_land(*(np.asarray(axis) for axis in between)).any()


def test_truth_is_written_as_it_is_returned(exercise):
    assert Truth.read(exercise.folder / "truth.json") == exercise.truth
    content = json.loads((exercise.folder / "truth.json").read_text())
    assert set(content["events"][0]) == {
        "kind",
        "mmsi",
        "other_mmsi",
        "start",
        "end",
        "lon",
        "lat",
        "suspicious",
        "note",
    }


def test_everything_that_should_be_planted_is(exercise):
    planted = Counter((e.kind, e.suspicious) for e in exercise.truth.events)
    for kind in ("encounter", "loitering", "gap"):
        assert planted[kind, True] >= 2
    traps = {e.kind for e in exercise.truth.events if not e.suspicious}
    assert traps >= {"encounter", "loitering", "gap"}
    assert "out of range" in {e.note for e in exercise.truth.events if not e.suspicious}
    t0, t1 = exercise.truth.t0, exercise.truth.t1
    assert (t1 - t0) == 12 * HOUR_S
    for event in exercise.truth.events:
        assert t0 <= event.start <= event.end <= t1
        assert event.other_mmsi == 0 or event.mmsi < event.other_mmsi


def test_planted_places_are_open_water_in_coverage(exercise, zones):
    places = [(e.lat, e.lon) for e in exercise.truth.events if e.suspicious]
    lat, lon = np.array(places).T
    assert not zones.within(lat, lon, SHELTERED).any()
    assert zones.reached(lat, lon).all()
    assert (radio.best_hearing(lat, lon) > 0.8).all()
    for bearing in range(0, 360, 15):
        for away_nm in (0.5, 1.0, 1.5, 1.95):
            around = geodesy.destination(lat, lon, bearing, away_nm * geodesy.METRES_PER_NM)
            assert not zones.on_land(*around).any()


def tracks(world, event) -> list[pd.DataFrame]:
    positions, _, _ = world
    during = positions[positions["t"].between(event.start, event.end)]
    vessels = [m for m in (event.mmsi, event.other_mmsi) if m]
    return [during[during["mmsi"] == m].drop_duplicates("t").sort_values("t") for m in vessels]


def apart_m(a: pd.DataFrame, b: pd.DataFrame) -> np.ndarray:
    t = a["t"].to_numpy()
    lat, lon = np.interp(t, b["t"], b["lat"]), np.interp(t, b["t"], b["lon"])
    inside = (t >= b["t"].min()) & (t <= b["t"].max())
    return np.asarray(geodesy.distance_m(a["lat"], a["lon"], lat, lon))[inside]


def events_of(exercise, note):
    return [e for e in exercise.truth.events if e.note.startswith(note)]


def test_transfers_are_two_slow_ships_close_together(exercise, world):
    for event in events_of(exercise, "ship-to-ship"):
        one, other = tracks(world, event)
        assert np.median(apart_m(one, other)) <= 220
        assert np.quantile(apart_m(one, other), 0.9) <= 500
        for track in (one, other):
            assert track["sog_kn"].quantile(0.9) < 2
            assert not track["status"].eq(1).any()
        assert HOUR_S <= event.end - event.start <= 5 * HOUR_S


def test_loiterers_drift_for_hours_not_at_anchor(exercise, world):
    for event in events_of(exercise, "drifting in open water"):
        (track,) = tracks(world, event)
        assert track["sog_kn"].quantile(0.95) < 2
        assert set(track["status"]) == {0}
        assert 3 * HOUR_S <= event.end - event.start <= 8 * HOUR_S


def test_the_switched_off_are_silent_and_were_heard_before(exercise, world):
    positions, _, _ = world
    for event in events_of(exercise, "transmitter off under way"):
        own = positions[positions["mmsi"] == event.mmsi]
        assert not own["t"].between(event.start + 3, event.end - 2).any()
        before = own[own["t"].between(event.start - HOUR_S, event.start)]
        assert len(before) > 30
        assert before["sog_kn"].median() > 8
        last = before.iloc[-1]
        assert geodesy.distance_m(event.lat, event.lon, last["lat"], last["lon"]) < 2000
        assert event.end - event.start >= 1.99 * HOUR_S


def test_a_silence_out_of_range_is_a_trap_of_a_ship_not_heard(exercise, world):
    positions, _, _ = world
    for event in events_of(exercise, "out of range"):
        own = positions.loc[positions["mmsi"] == event.mmsi, "t"]
        # Times in the feed are whole seconds, and the damaged don't count.
        assert not own.between(event.start + 3, event.end - 2).any()
        assert event.end - event.start >= HOUR_S


def test_traps_are_what_their_notes_say(exercise, world):
    for note, slow, fast, far_m in (
        ("pilot transfer", 5.5, 11, 120),
        ("tug and tow", 3.4, 7, 420),
        ("pair trawling", 1.5, 5, 420),
        ("bunkering", 0, 0.5, 150),
        ("overtaking", 10, 18, 600),
    ):
        for event in events_of(exercise, note):
            one, other = tracks(world, event)
            assert slow <= one["sog_kn"].median() <= fast
            if min(len(one), len(other)) > 3:
                assert np.median(apart_m(one, other)) <= far_m


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"vessels": 5}, ConfigError),
        ({"hours": 0.2}, ConfigError),
        ({"start": datetime(2026, 3, 10)}, ConfigError),  # noqa: DTZ001
        ({"zones": Zones.none()}, ExerciseError),
    ],
)
def test_what_cant_be_made_is_refused_in_words(tmp_path, zones, wrong, error):
    start = datetime.fromisoformat("2026-03-10T00:00:00+00:00")
    arguments = {"seed": 1, "hours": 6, "vessels": 30, "start": start, "zones": zones, **wrong}
    with pytest.raises(error):
        simulate(tmp_path / "x", **arguments)
    assert not (tmp_path / "x").exists()
