"""One small exercise for all tests that only look at one."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyais
import pytest

from detectors.surroundings.zones import Zones
from pipelines.exercise import Truth, faults, radio, receivers, simulate, statements
from pipelines.exercise.fleet import Fleet
from pipelines.exercise.programme import ODD_NUMBERS, SEA_ROOM_M
from pipelines.exercise.scenarios import shores
from pipelines.exercise.sea import Sea
from pipelines.exercise.stage import HOUR_S, Shore, Stage
from pipelines.exercise.stream import Stream
from pipelines.exercise.tries import Scenario
from pipelines.reference.layers import load_zones

PROJECT = Path(__file__).resolve().parents[3]
START = datetime(2026, 3, 10, tzinfo=UTC)
T0 = datetime(2026, 1, 5, 10, tzinfo=UTC).timestamp()
CLASSIC = ("encounter", "loitering", "gap")
"""Kinds that ask for no village: their night can be looked at ship by ship."""


@dataclass(frozen=True)
class Exercise:
    folder: Path
    truth: Truth
    lines: list[bytes]


@pytest.fixture(scope="session")
def zones() -> Zones:
    return load_zones(PROJECT / "config/zones", PROJECT / "data/reference")


@pytest.fixture(scope="module")
def sea(zones: Zones) -> Sea:
    return Sea(zones)


def bare(sea: Sea, seed: int, hours: float = 24.0) -> Stage:
    """Return a stage with nobody on it, and no villages."""
    rng = np.random.default_rng(seed)
    fleet = Fleet(rng, odd_numbers=ODD_NUMBERS)
    return Stage(sea, rng, fleet, T0, T0 + hours * HOUR_S, Stream.draw(rng, T0))


@pytest.fixture(scope="session")
def coast(zones: Zones) -> tuple[list[Shore], list[Shore]]:
    """Villages and beaches, drawn once: they take longer than all else."""
    stage = bare(Sea(zones), 0)
    shores.settle(stage)
    return stage.moorings, stage.beaches


@pytest.fixture(scope="module")
def placed(sea: Sea, coast: tuple[list[Shore], list[Shore]]) -> Callable[..., list[Stage]]:
    """Return what gives two stages on which a scenario fitted, as of three seeds it must.

    They are made once for all tests, which only look at them.
    """

    @cache
    def make(scenario: Scenario, hours: float = 24.0) -> list[Stage]:
        stages = []
        for seed in range(3):
            stage = bare(sea, seed, hours)
            stage.moorings, stage.beaches = coast
            if scenario(stage):
                stages.append(stage)
            if len(stages) == 2:
                break
        assert len(stages) == 2
        return stages

    return make


def positions(folder: Path) -> pd.DataFrame:
    """Position reports of a feed, but for damaged ones, by pyais: mmsi, time, lat, lon, source."""
    rows = []
    for raw in gzip.decompress((folder / "feed.nmea.gz").read_bytes()).splitlines():
        tag, _, sentence = raw[1:].partition(b"\\")
        if not sentence.startswith(b"!AIVDM,1,1") or sentence[-3:-2] != b"*":
            continue
        try:
            message = pyais.decode(sentence, error_if_checksum_invalid=True)
        except pyais.exceptions.AISBaseException:
            continue
        if message.msg_type in (1, 18):
            time = int(tag.split(b"c:")[1].split(b"*")[0])
            source = tag.split(b",")[0].removeprefix(b"s:").decode()
            rows.append((int(message.mmsi), time, message.lat, message.lon, source))
    return pd.DataFrame(rows, columns=["mmsi", "time", "lat", "lon", "source"])


def assert_noted(stage: Stage, kind: str, *, suspicious: bool) -> None:
    """What a scenario put on a stage is noted as of its kind, within the exercise, and afloat."""
    there = {actor.ship.mmsi for actor in stage.actors}
    own = [e for e in stage.events if e.kind == kind]
    assert own
    assert {e.suspicious for e in own} == {suspicious}
    for event in stage.events:
        assert stage.t0 <= event.start < event.end <= stage.t1
        assert event.other_mmsi == 0 or event.mmsi < event.other_mmsi
        assert {event.mmsi, event.other_mmsi} - {0} <= there
    assert stage.sea.clear_paths([a.afloat for a in stage.actors], SEA_ROOM_M).all()


def right_reports(patch: pytest.MonkeyPatch) -> None:
    """Let all receivers' clocks be right, no report be false, and crews say what is so: what ships
    do can then be told from the feed.
    """
    patch.setattr(faults, "plan", lambda stage: receivers.Faults())
    patch.setattr(statements, "falsify", lambda stage: None)
    patch.setattr(radio, "_CORRUPT_FIXES", 0.0)
    patch.setattr(receivers, "_SOUND_CLOCK_S", 0.0)
    patch.setattr(receivers, "_POOR_CLOCKS", 0.0)
    patch.setattr(receivers, "_BAD_CLOCK_S", (0.0, 0.0))


@pytest.fixture(scope="session")
def exercise(zones: Zones, tmp_path_factory: pytest.TempPathFactory) -> Exercise:
    """Twelve hours, 100 vessels, with what asks for no village planted."""
    folder = tmp_path_factory.mktemp("exercise")
    with pytest.MonkeyPatch.context() as patch:
        right_reports(patch)
        truth = simulate(
            folder, seed=5, hours=12, vessels=100, start=START, zones=zones, kinds=CLASSIC
        )
    feed = gzip.decompress((folder / "feed.nmea.gz").read_bytes())
    return Exercise(folder, truth, feed.splitlines())
