"""A night as a whole: who is there, what they say, what is wrong, and what tells so."""

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from detectors.core.errors import ConfigError
from detectors.kinematics import geodesy
from pipelines.exercise import Truth, garble, homecoming, programme, radio, simulate, statements
from pipelines.exercise.decidable import BY_REPORTS
from pipelines.exercise.fleet import Fleet, odd_number
from pipelines.exercise.receivers import Copy, FalseFix, Faults, Receivers
from pipelines.exercise.stage import HOUR_S
from pipelines.exercise.statements import false
from tests.pipelines.exercise.conftest import positions

pytestmark = pytest.mark.slow  # the simulator, not what is made with it

START = datetime(2026, 1, 5, 16, tzinfo=UTC)
T0 = START.timestamp()
SIZE = {"seed": 9, "hours": 6.0, "vessels": 60, "start": START}


@pytest.fixture(scope="module")
def night(zones, tmp_path_factory):
    folder = tmp_path_factory.mktemp("night")
    simulate(folder, zones=zones, **SIZE)
    return folder


@pytest.fixture(scope="module")
def quiet(zones, tmp_path_factory):
    """Nothing planted, heard by satellite only."""
    folder = tmp_path_factory.mktemp("quiet")
    simulate(folder, zones=zones, **SIZE, innocent=True, satellite=True)
    return folder


@pytest.fixture(scope="module")
def heard(night):
    return positions(night)


@pytest.fixture(scope="module")
def stages(zones):
    return [
        programme.staged(seed, T0, T0 + 8 * HOUR_S, 90, zones, innocent=innocent)
        for seed, innocent in ((21, False), (22, True))
    ]


def test_truth_counts_the_reports_that_reached_the_feed(night, heard):
    """Copies, damaged lines and clocks that are off make few of a behaviour's reports."""
    truth = Truth.read(night / "truth.json")
    assert len(truth.heard) == len(truth.planted)
    checked = 0
    for event, counted in zip(truth.planted, truth.heard, strict=True):
        own = [m for m in (event.mmsi, event.other_mmsi) if m]
        if event.kind not in BY_REPORTS or not own:
            continue
        during = heard[heard["time"].between(event.start, event.end)]
        reports = [len(during[during["mmsi"] == m].drop_duplicates(["lat", "lon"])) for m in own]
        if event.kind == "mother_ship":  # of her visits the second best heard counts too
            assert counted.reports <= 1.2 * min(reports) + 3
            continue
        assert counted.reports == pytest.approx(min(reports), rel=0.2, abs=3)
        checked += 1
    assert checked >= 5
    silences = [h for e, h in zip(truth.planted, truth.heard, strict=True) if e.kind == "gap"]
    assert silences
    assert max(h.others for h in silences) > 0


def test_no_track_ends_at_sea_but_for_a_reason_that_the_truth_tells(stages):
    for stage in stages:
        assert homecoming.left_at_sea(stage) == []


def test_a_track_that_ends_at_sea_is_seen_to(stages):
    stage = stages[1]
    t, told = stage.t0 + 4 * HOUR_S, {m for e in stage.events for m in (e.mmsi, e.other_mmsi)}
    left = 0
    for k, actor in enumerate(stage.actors):
        place = actor.path.at(np.array([t]))
        at_sea = stage.sea.clear(*place, 900.0)[0] and radio.best_hearing(*place)[0] > 0.9
        free = stage.sea.outside(*place, ("port", "anchorage"), 100.0, excuses=False)[0]
        through = actor.path.t[0] <= stage.t0 and actor.path.t[-1] > t + HOUR_S
        if not (at_sea and free and through) or actor.ship.mmsi in told:
            continue
        stage.actors[k] = replace(actor, path=actor.path.within(stage.t0, t))
        left += [a.ship for a in homecoming.left_at_sea(stage)] == [actor.ship]
        stage.actors[k] = actor
        if left == 2:
            break
    assert left == 2


def test_a_quarter_has_class_b_and_half_of_these_a_number_that_nobody_gave(stages):
    ships = {a.ship.mmsi: a.ship for stage in stages for a in stage.actors}.values()
    boats = [ship for ship in ships if ship.ais_class == "B"]
    assert 0.2 < len(boats) / len(ships) < 0.36
    odd = [ship for ship in boats if not 201 <= ship.mmsi // 10**6 <= 775]
    assert 0.35 < len(odd) / len(boats) < 0.65
    assert all(201 <= s.mmsi // 10**6 <= 796 for s in ships if s.ais_class == "A")


def test_odd_numbers_are_mostly_the_default_of_installers():
    rng = np.random.default_rng(3)
    drawn = [odd_number(533, rng) for _ in range(2000)]
    assert 0.7 < np.mean([9_000_000 <= n < 10_000_000 for n in drawn]) < 0.8
    assert all(0 < n < 10**9 for n in drawn)
    assert not any(201 <= n // 10**6 <= 775 for n in drawn)
    plain = Fleet(np.random.default_rng(3))
    assert all(plain.new("fishing").mmsi > 200_000_000 for _ in range(50))


def test_a_fifth_of_what_crews_say_is_missing_or_false(stages):
    for stage in stages:
        again = replace(stage, actors=[replace(a, named=True) for a in stage.actors])
        statements.falsify(again)
        flaws = [
            not new.named or new.ship != old.ship
            for old, new in zip(stage.actors, again.actors, strict=True)
        ]
        assert 0.12 < np.mean(flaws) < 0.36
        class_a = [a for a in again.actors if a.ship.ais_class == "A"]
        assert np.mean([len(set(a.path.status)) == 1 for a in class_a]) > 0.02
    rng = np.random.default_rng(1)
    tanker = Fleet(rng).new("tanker")
    said = [false(tanker, rng) for _ in range(200)]
    assert all(one != tanker and one.mmsi == tanker.mmsi for one in said)
    assert {one.ship_type for one in said} >= {30, 37}
    assert max(one.bow_m + one.stern_m for one in said) <= 400


def test_each_kind_is_planted_and_an_innocent_night_has_none_but_its_traps(stages):
    guilty, innocent = stages
    planted = Counter(e.kind for e in guilty.events if e.suspicious)
    assert set(planted) >= {"encounter", "loitering", "gap", "crossing", "anchoring", "mother_ship"}
    assert set(planted) >= {"identity", "spoofing"}
    assert not any(e.suspicious for e in innocent.events)
    assert {e.kind for e in innocent.events} >= {"encounter", "loitering", "crossing", "anchoring"}


def test_kinds_can_be_chosen(zones, tmp_path):
    seen = []
    truth = simulate(
        tmp_path / "a",
        zones=zones,
        **{**SIZE, "vessels": 40, "hours": 10.0},
        kinds=("anchoring", "crossing"),
        progress=seen.append,
    )
    assert seen[-1] == 1.0
    assert seen == sorted(seen)
    planted = {e.kind for e in truth.events if e.suspicious}
    assert {"anchoring", "crossing"} <= planted <= {"anchoring", "crossing", "encounter"}
    with pytest.raises(ConfigError, match="piracy"):
        simulate(tmp_path / "b", zones=zones, **SIZE, kinds=("piracy",))


def test_another_process_makes_the_same_bytes(night, tmp_path):
    command = [sys.executable, "-m", "pipelines.cli.main", "exercise", "simulate", str(tmp_path)]
    size = ["--seed", str(SIZE["seed"]), "--hours", str(SIZE["hours"])]
    size += ["--vessels", str(SIZE["vessels"]), "--start", START.isoformat()]
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    subprocess.run([*command, *size], check=True, capture_output=True, env=environment)
    for file in ("feed.nmea.gz", "truth.json", "sightings.csv", "faulty_reports.csv"):
        assert (tmp_path / file).read_bytes() == (night / file).read_bytes(), file


def test_every_faulty_report_stands_in_the_feed_as_it_is_told(night, heard):
    with (night / "faulty_reports.csv").open() as file:
        told = list(csv.DictReader(file))
    assert {row["fault"] for row in told} >= {"clock", "false_fix"}
    there = {
        (mmsi, time, source): (lat, lon)
        for mmsi, time, lat, lon, source in heard.itertuples(index=False)
    }
    found = 0
    for row in told:
        key = int(row["mmsi"]), int(row["time"]), row["source"]
        lat, lon = there.get(key, (np.nan, np.nan))
        found += abs(lat - float(row["lat"])) < 2e-6 and abs(lon - float(row["lon"])) < 2e-6
    assert found > 0.98 * len(told)  # a line in 200 is damaged
    dated = [row for row in told if row["fault"] == "clock"]
    off_s = np.array([float(row["time"]) - float(row["true_time"]) for row in dated])
    assert np.median(np.abs(off_s)) > 90  # the stations' own errors come on top
    assert np.abs(off_s).max() < 1900
    assert 0.01 < len(dated) / len(heard) < 0.12


def test_the_truth_tells_faults_beside_events_and_readers_of_old_leave_them_alone(night):
    content = json.loads((night / "truth.json").read_text())
    assert set(content) == {"t0", "t1", "events", "faults", "heard"}
    truth = Truth.read(night / "truth.json")
    assert truth.faults
    kinds = {fault.fault for fault in truth.faults}
    assert kinds <= {"clock", "copy", "false_fix", "other_hull", "second_number", "interference"}
    with (night / "faulty_reports.csv").open() as file:
        assert sum(f.reports for f in truth.faults) == len(list(csv.DictReader(file)))
    for fault in truth.faults:
        assert fault.start <= fault.end
        assert (fault.mmsi > 0) != (fault.source != "")
    del content["faults"]
    (night / "old.json").write_text(json.dumps(content))
    assert Truth.read(night / "old.json").faults == ()


def test_false_fixes_are_far_off_and_the_true_track_goes_on(night, heard):
    with (night / "faulty_reports.csv").open() as file:
        told = [row for row in csv.DictReader(file) if row["note"] == garble.OFF]
    assert told
    fixes = {(int(row["mmsi"]), int(row["time"])) for row in told}
    for mmsi, time in fixes:
        own = heard[heard["mmsi"] == mmsi].sort_values("time")
        false_ones = own["time"].isin([t for m, t in fixes if m == mmsi])
        at = own[own["time"] == time].iloc[0]
        later = own[~false_ones & own["time"].between(time, time + 900)].head(3)
        if len(later):
            apart_m = geodesy.distance_m(at["lat"], at["lon"], later["lat"], later["lon"])
            assert np.median(apart_m) > 1.2 * 1852


def test_what_is_garbled_is_what_was_planned():
    rng = np.random.default_rng(4)
    n = 400
    t = T0 + np.arange(n) * 60.0
    actor = np.repeat([0, 1], n // 2)
    lat, lon = np.full(n, 1.25), np.full(n, 103.85)
    faults = Faults(
        (FalseFix(0, T0 + 1000, 2, 5000.0, 0.0),), (Copy(1, t[250], t[300], 600.0, 1.0),), (), 0.0
    )
    new_lat, _, off = garble.displaced(faults, actor, t, lat, lon)
    assert off.sum() == 2
    assert set(t[off]) == {T0 + 1020, T0 + 1080}
    np.testing.assert_allclose((new_lat - lat)[off] * 111_195, 5000, rtol=0.01)
    sent = radio.receive(t, lat, lon, np.zeros(n, bool), rng, Receivers())
    after, wrong = garble.misdated(faults, actor, t, sent, rng)
    copies = wrong == garble.COPIED
    assert 40 < copies.sum() < 75
    late_s = after.epoch_s[copies] - np.floor(t[after.sent[copies]])
    assert set(late_s) <= {600, 601, 602}
    assert (wrong[: len(sent.sent)] == "").all()


def test_a_satellite_night_has_a_report_or_two_of_a_ship_every_10_to_60_minutes(quiet):
    heard = positions(quiet)
    assert set(heard["source"]) == {"SELATSIM-SAT"}
    passes = heard.drop_duplicates(["mmsi", "time"]).sort_values(["mmsi", "time"])
    gaps_min = passes.groupby("mmsi")["time"].diff().dropna() / 60
    between = gaps_min[gaps_min > 6]
    assert 15 < between.median() < 65
    assert passes.groupby("mmsi").size().median() < 40
    assert heard["mmsi"].nunique() > 45


def test_ships_that_nobody_hears_are_seen_too(night, heard):
    truth = Truth.read(night / "truth.json")
    unheard = [e for e in truth.events if e.note == "sighting of a ship beyond reception"]
    assert unheard
    assert not any(e.suspicious for e in unheard)
    seen = pd.read_csv(night / "sightings.csv")
    times = {pd.Timestamp(time).timestamp() for time in seen["time"]}
    for one in unheard:
        assert one.start in times
        own = heard[(heard["mmsi"] == one.mmsi) & (heard["time"] - one.start).abs().le(900)]
        assert len(own) <= 10, "hardly heard in half an hour"


def test_an_innocent_night_says_so_in_its_truth_and_its_sightings(quiet):
    truth = Truth.read(quiet / "truth.json")
    assert truth.events
    assert not any(event.suspicious for event in truth.events)
