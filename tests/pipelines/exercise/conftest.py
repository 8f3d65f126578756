"""One small exercise for all tests that only look at one."""

import gzip
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from detectors.surroundings.zones import Zones
from pipelines.exercise import Truth, receivers, simulate
from pipelines.exercise.programme import CLASSIC
from pipelines.reference.layers import load_zones

PROJECT = Path(__file__).resolve().parents[3]
START = datetime(2026, 3, 10, tzinfo=UTC)


@dataclass(frozen=True)
class Exercise:
    folder: Path
    truth: Truth
    lines: list[bytes]


@pytest.fixture(scope="session")
def zones() -> Zones:
    return load_zones(PROJECT / "config/zones", PROJECT / "data/reference")


def right_clocks(patch: pytest.MonkeyPatch) -> None:
    """Let all receivers' clocks be right: what ships do can then be told from the feed's times."""
    patch.setattr(receivers, "_SOUND_CLOCK_S", 0.0)
    patch.setattr(receivers, "_POOR_CLOCKS", 0.0)
    patch.setattr(receivers, "_BAD_CLOCK_S", (0.0, 0.0))


@pytest.fixture(scope="session")
def exercise(zones: Zones, tmp_path_factory: pytest.TempPathFactory) -> Exercise:
    """Twelve hours, 100 vessels: two of each kind that isn't from `scenarios`."""
    folder = tmp_path_factory.mktemp("exercise")
    with pytest.MonkeyPatch.context() as patch:
        right_clocks(patch)
        truth = simulate(
            folder, seed=5, hours=12, vessels=100, start=START, zones=zones, kinds=CLASSIC
        )
    feed = gzip.decompress((folder / "feed.nmea.gz").read_bytes())
    return Exercise(folder, truth, feed.splitlines())
