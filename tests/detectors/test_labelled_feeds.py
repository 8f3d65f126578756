"""Stops, silences and drift in real tracks against the labels that others gave them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from detectors.core.detector import Context
from detectors.core.frames import RECEPTIONS, VESSELS, conform, empty
from detectors.gap import Gap
from detectors.gap.regular import silences_of
from detectors.gap.silences import History
from detectors.kinematics import integrity
from detectors.loitering import Loitering
from detectors.spoofing import Spoofing
from detectors.surroundings import coverage_learn
from tests.making import reports
from tests.pipelines.ingest.conftest import read_path

HOUR = pd.Timedelta(hours=1)


def positions_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return reports with nothing stated that the frame doesn't state."""
    return reports(**frame)


@pytest.fixture(scope="module")
def aegean(shared: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tracks of five vessels in nine days, and what the annotator said of their reports."""
    folder = shared / "feeds" / "aegean_annotated_2024"
    if not folder.is_dir():
        pytest.skip("not among the shared feeds")
    names = ["id", "lon", "lat", "t"]
    raw = pd.read_csv(folder / "vessels.csv", sep=" ", names=names).drop_duplicates(["id", "t"])
    labels = pd.read_csv(folder / "vessels_annotated.csv", sep=" ")
    for table in (raw, labels):
        table["mmsi"] = 900_000_000 + table["id"]
        table["time"] = pd.to_datetime(table["t"], unit="s", utc=True)
    return integrity.segment(positions_of(raw.sort_values(["mmsi", "t"]))).tracked, labels


def spans(labels: pd.DataFrame, name: str, least: pd.Timedelta) -> list[tuple[int, Any, Any]]:
    """Return what of a name lasted so long, from each beginning to the next end."""
    found = []
    for mmsi, own in labels.sort_values(["mmsi", "t"]).groupby("mmsi"):
        begun = None
        for text, time in zip(own["annotation"].fillna(""), own["time"], strict=True):
            parts = text.split(";")
            if begun is not None and f"{name}_END" in parts:
                if time - begun >= least:
                    found.append((mmsi, begun, time))
                begun = None
            if f"{name}_START" in parts:
                begun = time
    return found


def covered(wanted: list[tuple[int, Any, Any]], found: pd.DataFrame) -> float:
    """Return of how many of the spans half or more is covered by those found."""

    def share(mmsi: int, start: pd.Timestamp, end: pd.Timestamp) -> float:
        own = found[found["mmsi"] == mmsi]
        both = own["end"].clip(upper=end) - own["start"].clip(lower=start)
        return float(both.clip(lower=pd.Timedelta(0)).sum() / (end - start))

    return float(np.mean([share(*one) >= 0.5 for one in wanted]))


def whole(positions: pd.DataFrame, zones: Any) -> Context:
    """Return the context of a window that holds all reports."""
    receptions = positions.assign(station="")[list(RECEPTIONS)]
    return Context(
        positions["time"].min(),
        positions["time"].max(),
        zones,
        empty(VESSELS),
        coverage_learn.learn(positions, conform(receptions, RECEPTIONS)),
    )


def heard_on(positions: pd.DataFrame, mmsi: int, start: pd.Timestamp, end: pd.Timestamp) -> bool:
    """Tell whether a vessel was never silent for longer than a loitering bears."""
    own = positions[(positions["mmsi"] == mmsi) & positions["time"].between(start, end)]
    return bool(own["time"].diff().max().total_seconds() <= Loitering().max_silence_s)


def test_stops_of_two_hours_in_the_aegean_are_found(aegean, scene):
    """But for five, in the middle of which nothing is heard for half a day or longer."""
    positions, labels = aegean
    found = Loitering().detect(positions, whole(positions, scene.zones()))
    found = found.assign(end=found["end"].fillna(positions["time"].max()))
    stops = spans(labels, "STOP", 2 * HOUR)
    heard = [one for one in stops if heard_on(positions, *one)]
    assert (len(stops), len(heard)) == (21, 15)
    assert covered(heard, found) == 1.0


def test_silences_of_an_hour_in_the_aegean_are_seen(aegean, scene):
    """Seen: of five vessels none is heard around another, so that none of them is an event."""
    positions, labels = aegean
    limits, context = Gap(), whole(positions, scene.zones())
    as_ships = positions.assign(mmsi=positions["mmsi"] - 600_000_000)
    silences = silences_of(limits, History(as_ships), context)
    table = pd.DataFrame(
        {
            "mmsi": as_ships["mmsi"].to_numpy()[silences.row] + 600_000_000,
            "start": pd.to_datetime(silences.start_us, unit="us", utc=True),
            "end": pd.to_datetime(silences.end_us, unit="us", utc=True),
        }
    )
    gaps = spans(labels, "GAP", HOUR)
    assert len(gaps) >= 10
    assert covered(gaps, table) >= 0.95
    assert limits.detect(positions, context).empty


@pytest.mark.parametrize("one_in", [1, 3, 10])
def test_a_fast_ferry_that_states_no_speed_leaps_nowhere(aegean, scene, one_in: int):
    """It makes 30 kn, leaves the feed's area and comes back to it along the same way; heard seldom,
    it comes to its quay and leaves it between two reports each.
    """
    positions, _ = aegean
    nth = positions.groupby("mmsi").cumcount()
    positions = positions[nth % one_in == 0].reset_index(drop=True)
    assert Spoofing().detect(positions, whole(positions, scene.zones())).empty


def test_a_drift_off_denmark_is_found_by_the_danish_rule(shared: Path, scene: Any):
    file = shared / "feeds" / "dma_labelled_2014" / "538004030_drift_1.ais"
    if not file.exists():
        pytest.skip("not among the shared feeds")
    positions = integrity.segment(read_path(file).positions).tracked
    own = positions[positions["mmsi"] == 538004030].reset_index(drop=True)
    context = whole(own, scene.zones())
    found = Loitering(sideways=True).detect(own, context)
    drift = found[found["subkind"] == "sideways"]
    labelled = pd.Timestamp("2014-09-28T16:50:04Z")
    assert ((drift["start"] - labelled).abs() <= pd.Timedelta(minutes=15)).any()
    assert Loitering().detect(own, context)["subkind"].tolist().count("sideways") == 0
