"""Company from each relation of the list, in scenes small enough to see who must be named."""

from typing import Any, Final

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core import frames
from detectors.core.detector import Context, Detector
from detectors.core.relations import (
    All,
    Along,
    Edges,
    EventsOf,
    LastNear,
    Near,
    Own,
    Relation,
    Reported,
)
from detectors.kinematics import geodesy
from detectors.surroundings.coverage import Coverage
from detectors.surroundings.zones import Zones
from tests.detectors.company import SLOT_US, Company, Scene, near
from tests.making import reports

START: Final = pd.Timestamp("2026-03-01T00:00Z")
A, B, C, D = 563000001, 563000002, 563000003, 563000004
MINUTE: Final = Along(60, 600)


def track(mmsi: int, begin: int, end: int, lat: Any, ordinal: int = 1) -> pd.DataFrame:
    """A report a minute from one minute of the day to another, at given latitudes."""
    minutes = np.arange(begin, end)
    return reports(
        frames.TRACKED,
        mmsi=np.full(len(minutes), mmsi),
        time=START + pd.to_timedelta(minutes, unit="min"),
        lat=lat,
        lon=103.0,
        track_id=mmsi * 100 + ordinal,
    )


def company(relations: tuple[Relation, ...], *tracks: pd.DataFrame, **known: Any) -> Company:
    """Who is whose company by some relations among some tracks."""
    positions = pd.concat(tracks).sort_values(["track_id", "time"], ignore_index=True)
    vessels = frames.empty(frames.VESSELS)
    context = Context(
        START, START + pd.Timedelta("1D"), Zones.none(), vessels, Coverage.none(), **known
    )
    declared = {"rests_on": property(lambda _: relations)}
    detector: Any = type("Declared", (Detector,), declared)
    return Scene(positions, context).company(detector())


def test_own_is_nobody_else_and_all_is_everybody() -> None:
    tracks = [track(m, 0, 60, 1.0) for m in (A, B)]
    assert company((Own(),), *tracks).of(A) == set()
    assert company((Own(), All()), *tracks).of(A) == {B}


def test_near_in_place_and_time() -> None:
    tracks = [track(A, 0, 20, 1.0), track(B, 0, 20, 1.005), track(C, 200, 220, 1.0)]
    tracks.append(track(D, 0, 20, 1.5))
    assert company((Near(2000.0, 0.0, MINUTE, MINUTE),), *tracks).of(A) == {B}
    later = Near(2000.0, 4 * 3600.0, MINUTE, MINUTE)
    assert company((later,), *tracks).of(A) == {B, C}


@pytest.mark.slow
@pytest.mark.parametrize("corner", [(0.0, 103.0), (70.0, 20.0), (1.0, 180.0)])
@given(
    found=st.lists(
        st.tuples(st.integers(1, 6), st.integers(0, 3 * SLOT_US), *[st.floats(-0.2, 0.2)] * 2),
        min_size=1,
        max_size=25,
    ),
    reach_m=st.sampled_from([500.0, 9000.0, 40_000.0]),
    slots_apart=st.integers(0, 2),
)
def test_all_that_were_near_are_found_and_few_others(
    corner: tuple[float, float], found: list[Any], reach_m: float, slots_apart: int
) -> None:
    """Against every pair tried, of places around some corners of the Earth."""
    table = pd.DataFrame(found, columns=["mmsi", "time_us", "lat", "lon"])
    lon = geodesy.wrap_lon(table["lon"] + corner[1])
    table = table.assign(lat=table["lat"] + corner[0], lon=lon, slot=table["time_us"] // SLOT_US)
    both = table.merge(table, how="cross").query("mmsi_x != mmsi_y")
    both = both[(both["slot_x"] - both["slot_y"]).abs() <= slots_apart]
    off_m = geodesy.distance_m(both["lat_x"], both["lon_x"], both["lat_y"], both["lon_y"])
    nearer, further = (
        set(
            both.loc[off_m <= reach_m * share + 3500.0 * more, ["mmsi_x", "mmsi_y"]].itertuples(
                index=False, name=None
            )
        )
        for share, more in ((1.0, 0), (1.4, 1))
    )
    got = set(
        near(table, table, reach_m, slots_apart * SLOT_US / 1e6).itertuples(index=False, name=None)
    )
    assert nearer <= got <= further


def test_only_where_it_was_slow_or_paused() -> None:
    """A lies for half an hour beside B, then sails at 20 kn past C."""
    way = np.r_[np.full(40, 1.0), 1.0 + 0.0056 * np.arange(1, 81)]
    tracks = [track(A, 0, 120, way), track(B, 0, 120, 1.0), track(C, 0, 120, 1.4)]
    slow = Along(60, 600, below_kn=2.5)
    assert company((Near(2000.0, 0.0, MINUTE, MINUTE),), *tracks).of(A) == {B, C}
    assert company((Near(2000.0, 0.0, slow, MINUTE),), *tracks).of(A) == {B}
    paused = Along(60, 600, below_kn=2.5, pause_s=5400)
    assert company((Near(2000.0, 0.0, paused, MINUTE),), *tracks).of(A) == {B, C}


def test_edges_both_ways_and_over_a_hop() -> None:
    """B begins where A ends; C begins there too; D only passes where A ended."""
    tracks = [track(A, 300, 360, 1.0), track(B, 370, 430, 1.001), track(C, 375, 600, 1.002)]
    tracks.append(track(D, 0, 900, 1.0))
    end, begin = Edges(5, 3600, before=True), Edges(5, 3600, before=False)
    direct = Near(2000.0, 1800.0, end, begin)
    assert company((direct,), *tracks).of(A) == {B, C}
    assert company((direct,), *tracks).of(B) == set()
    both = Near(2000.0, 1800.0, end, begin, mutual=True)
    assert company((both,), *tracks).of(B) == {A}
    rivals = Near(2000.0, 1800.0, end, begin, mutual=True, hop=both)
    assert company((rivals,), *tracks).of(B) == {A, C}
    passed = Near(2000.0, 0.0, end, Reported(), hop=both)
    assert D in company((passed,), *tracks).of(B), "it passed where B's forerunner ended"


@pytest.mark.parametrize("further", [False, True])
def test_last_near_those_whose_positions_leap(further: bool) -> None:
    """However long ago the other was there; one that doesn't leap has no such company."""
    tracks = [track(A, 600, 660, 1.0), track(B, 0, 10, 1.05)]
    if further:
        tracks.append(track(A, 660, 700, 2.0, ordinal=2))
    assert company((LastNear(20_000.0, 1000.0),), *tracks).of(A) == ({B} if further else set())


def test_events_shared_or_of_all() -> None:
    met = pd.DataFrame({"mmsi": [A, C], "other_mmsi": [B, 0]})
    tracks = [track(m, 0, 60, 1.0) for m in (A, B, C, D)]
    shared = company((EventsOf(("x",), shared=True),), *tracks, earlier={"x": met})
    assert (shared.of(A), shared.of(B), shared.of(C)) == ({B}, {A}, set())
    every = company((EventsOf(("x",)),), *tracks, earlier={"x": met})
    assert (every.of(A), every.of(D), every.of(0)) == ({B, C}, set(), {A, B, C})
