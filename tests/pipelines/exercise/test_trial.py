"""Trials of several seeds, with the commands replaced."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from detectors.core.errors import ConfigError
from pipelines.exercise import ExerciseError, Planted, Trial, Truth, seeds_of, trial

EVENTS = "event_id,kind,mmsi,other_mmsi,start,end,lat,lon,score,status,explanation\n"


def fake(calls, *, exit_code=0, stderr=""):
    """A `subprocess.run` that writes what the command would."""

    def ran(command, **_):
        arguments = command[command.index("pipelines.cli.main") + 1 :]
        calls.append(arguments)
        if arguments[:2] == ("exercise", "simulate"):
            folder = Path(arguments[2])
            folder.mkdir(parents=True)
            seed = int(arguments[4])
            one = Planted("gap", 533900000 + seed, 0, 0.0, 3600.0, 101.0, 2.0, True, "x")
            Truth(0.0, 86_400.0, (one,)).write(folder / "truth.json")
            (folder / "sightings.csv").write_text("sighting_id\n")
            return subprocess.CompletedProcess(command, 0, "", "")
        home = Path(arguments[arguments.index("--home") + 1])
        latest = home / "latest"
        latest.mkdir(parents=True)
        (latest / "events.csv").write_text(
            EVENTS + "a,gap,533900201,,1970-01-01T00:00:00Z,1970-01-01T01:00:00Z,2,101,0.9,created,"
        )
        (latest / "flagged.csv").write_text("rank,mmsi,event_ids\n1,533900201,a\n")
        counts = {"counts": {"vessel_hours": 100, "vessels_looked_at": 10}}
        (latest / "manifest.json").write_text(json.dumps(counts))
        return subprocess.CompletedProcess(command, exit_code, "", stderr)

    return ran


def test_every_seed_is_simulated_run_and_scored_on_its_own(tmp_path, monkeypatch):
    calls, done = [], []
    monkeypatch.setattr(trial.subprocess, "run", fake(calls))
    one = Trial(tmp_path, 12, 100, Path("config"), innocent=True, satellite=True)
    scores = one.run([201, 202], jobs=2, done=done.append)
    assert {seed: s.kinds[0].found for seed, s in scores.items()} == {201: 1, 202: 0}
    assert sorted(done) == [201, 202]
    nightly = [c for c in calls if c[0] == "nightly"]
    assert len({c[c.index("--home") + 1] for c in nightly}) == 2
    assert all("--sightings" in c and c[-2:] == ("--config", "config") for c in nightly)
    simulated = [c for c in calls if c[0] == "exercise"]
    assert all(c[5:9] == ("--hours", "12", "--vessels", "100") for c in simulated)
    assert all(c[9:11] == ("--innocent", "--satellite") for c in simulated)


def test_a_store_of_an_earlier_trial_is_not_mixed_in(tmp_path, monkeypatch):
    monkeypatch.setattr(trial.subprocess, "run", fake([]))
    (tmp_path / "seed-201" / "home").mkdir(parents=True)
    with pytest.raises(ExerciseError, match="already"):
        Trial(tmp_path, 12, 100, Path("config")).run([201])


def test_a_partial_run_is_scored_and_a_failed_one_says_what_it_said(tmp_path, monkeypatch):
    one = Trial(tmp_path, 12, 100, Path("config"))
    monkeypatch.setattr(trial.subprocess, "run", fake([], exit_code=6))
    assert one.run([201])[201].kinds[0].found == 1
    monkeypatch.setattr(
        trial.subprocess, "run", fake([], exit_code=3, stderr="x\nerror: no feed\nhint: look\n")
    )
    with pytest.raises(ExerciseError, match="nightly failed: no feed"):
        one.run([203])


def test_the_command_is_this_selat():
    assert trial._COMMAND[0] == sys.executable


@pytest.mark.parametrize(
    ("text", "seeds"), [("7", [7]), ("1-3", [1, 2, 3]), (" 5, 2-3 ,5", [5, 2, 3])]
)
def test_seeds_are_numbers_and_ranges(text, seeds):
    assert seeds_of(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "3-1", "1-", "-1", "1-5000", "1,,2"])
def test_what_names_no_seeds_is_refused(text):
    with pytest.raises(ConfigError):
        seeds_of(text)
