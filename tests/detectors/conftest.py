"""Small scenes for detector tests: tracks from waypoints, zones from boxes; the common stage."""

import io
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from detectors.core.detector import Context, Detector
from detectors.core.frames import (
    SIGHTINGS,
    TRACKED,
    VESSELS,
    conform,
    empty,
)
from detectors.surroundings.coverage import Coverage
from detectors.surroundings.zones import LANE_CLASSES, Zones
from tests.detectors.scenes import Stage, stage_additions
from tests.detectors.tables import make_boundaries, make_positions, make_zones, ordinary_traffic
from tests.making import reports, said

STAGES = Path(__file__).parent / "cases"
"""A detector whose events are none of the common stage's brings its own tracks and zones onto it:
`cases/<name>/stage/positions.csv` and `zones.geojson`, in the format of cases."""
DAY = pd.Timestamp("2026-03-01", tz="UTC")


class Scene:
    """What tests build their input with."""

    day = DAY

    @staticmethod
    def at(hours: float) -> pd.Timestamp:
        """A time, in hours after the beginning of the day."""
        return DAY + pd.Timedelta(seconds=round(hours * 3600))

    @staticmethod
    def track(
        mmsi: int,
        waypoints: Sequence[tuple[float, float, float]],
        *,
        every_s: float = 60.0,
        ordinal: int = 1,
        **columns: Any,
    ) -> pd.DataFrame:
        """Reports along straight legs between (hours, lat, lon), one every `every_s` seconds."""
        hours, lat, lon = np.array(waypoints, "float64").T
        n = int(np.floor((hours[-1] - hours[0]) * 3600 / every_s + 1e-6)) + 1
        at_s = hours[0] * 3600 + np.arange(n) * every_s
        given = {
            "mmsi": np.full(n, mmsi),
            "time": DAY + pd.to_timedelta(np.round(at_s * 1e6), unit="us"),
            "lat": np.interp(at_s, hours * 3600, lat),
            "lon": np.interp(at_s, hours * 3600, lon),
            "source": f"{mmsi:016x}",
            "source_offset": np.arange(n) + 1,
            "track_id": mmsi * 100 + ordinal,
        }
        return reports(TRACKED, **{**given, **columns})

    @staticmethod
    def positions(*tracks: pd.DataFrame) -> pd.DataFrame:
        """Tracks together, as a detector gets them."""
        if not tracks:
            return empty(TRACKED)
        frame = pd.concat(tracks).sort_values(["track_id", "time"], ignore_index=True)
        frame = frame.drop_duplicates(["track_id", "time"], ignore_index=True)
        return conform(frame, TRACKED)

    @staticmethod
    def zones(
        *boxes: tuple[str, str, tuple[float, float, float, float]],
        land: Sequence[tuple[float, float, float, float]] = (),
        reach: tuple[float, float, float, float] | None = (90.0, -5.0, 110.0, 10.0),
        direction_deg: float = np.nan,
        lines: Sequence[Mapping[str, Any]] = (),
    ) -> Zones:
        """Zones from (id, class, (west, south, east, north)), land and reach from boxes; all lanes
        among them of one direction; lines as for `make_boundaries`."""
        frame = gpd.GeoDataFrame(
            {
                "zone_id": [name for name, _, _ in boxes],
                "name": [name.title() for name, _, _ in boxes],
                "zone_class": [kind for _, kind, _ in boxes],
                "source": "test",
                "confidence": "approximate",
                "direction_deg": [
                    direction_deg if kind in LANE_CLASSES else np.nan for _, kind, _ in boxes
                ],
            },
            geometry=[shapely.box(*box) for _, _, box in boxes],
            crs=4326,
        )
        ground = gpd.GeoDataFrame(geometry=[shapely.box(*box) for box in land], crs=4326)
        known = shapely.box(*reach) if reach else shapely.Polygon()
        return Zones(frame, ground, known, make_boundaries(lines))

    @staticmethod
    def vessels(*rows: dict[str, Any]) -> pd.DataFrame:
        """Vessels as of the end of the window; what a row doesn't say is unknown."""
        return said(*rows, schema=VESSELS)

    def context(
        self,
        hours: tuple[float, float] = (0.0, 24.0),
        zones: Zones | None = None,
        vessels: pd.DataFrame | None = None,
    ) -> Context:
        """A context over a window given in hours after the beginning of the day."""
        return Context(
            start=self.at(hours[0]),
            end=self.at(hours[1]),
            zones=open_sea() if zones is None else zones,
            vessels=self.vessels() if vessels is None else vessels,
            coverage=Coverage.none(),
        )

    def assert_same_in_windows(
        self,
        detector: Detector,
        positions: pd.DataFrame,
        edges: Sequence[float],
        zones: Zones | None = None,
    ) -> None:
        """Windows one after the other, edges in hours, leave the events of one over all of it."""
        stage = Stage(
            positions,
            open_sea() if zones is None else zones,
            self.at(edges[0]),
            self.at(edges[-1]),
        )
        whole = stage.look(detector, stage.start, stage.end)
        windows = list(pairwise(map(self.at, edges)))
        pd.testing.assert_frame_equal(stage.drive(detector, windows), whole)


@cache
def open_sea() -> Zones:
    """No zones and no land where all of them would be known; nobody changes it."""
    return Scene.zones()


@pytest.fixture(scope="session")
def scene() -> Scene:
    """Builder of small scenes; it has no state."""
    return Scene()


STAGE_TABLE = """
mmsi,time,lat,lon,every_s,ais_class,sog_kn,cog_deg,nav_status,track_id,note
@LANES@
563000101,2026-03-01T09:00Z,2.60,101.45,180,A,0.1,,1,,at anchor in the anchorage
563000101,2026-03-02T15:00Z,2.6005,101.4504,,A,0.1,,1,,
563000102,2026-03-01T09:00Z,2.62,101.72,180,A,0.0,,5,,moored in port
563000102,2026-03-02T15:00Z,2.62,101.72,,A,0.0,,5,,
563000103,2026-03-01T09:00Z,2.35,101.30,60,A,,,0,,calls at the port
563000103,2026-03-01T18:00Z,2.62,101.71,60,A,,,0,,
563000103,2026-03-01T22:30Z,2.621,101.711,60,A,,,0,,
563000103,2026-03-02T08:00Z,2.35,101.90,60,A,,,0,,
563000103,2026-03-02T15:00Z,2.20,102.10,,A,,,0,,
563000104,2026-03-01T09:00Z,2.20,101.20,60,B,,,15,,loiters across midnight
563000104,2026-03-01T17:00Z,2.30,101.85,60,B,,,15,,
563000104,2026-03-02T04:00Z,2.33,101.88,60,B,,,15,,
563000104,2026-03-02T15:00Z,2.30,101.30,,B,,,15,,
563000105,2026-03-01T09:00Z,2.10,101.25,60,A,,,0,,meets 563000106 across midnight
563000105,2026-03-01T21:00Z,2.28,101.60,60,A,,,0,,
563000105,2026-03-02T02:00Z,2.281,101.602,60,A,,,0,,
563000105,2026-03-02T15:00Z,2.10,102.00,,A,,,0,,
563000106,2026-03-01T09:00Z,2.50,102.00,60,A,,,0,,
563000106,2026-03-01T21:05Z,2.2806,101.6003,60,A,,,0,,
563000106,2026-03-02T01:50Z,2.2816,101.6023,60,A,,,0,,
563000106,2026-03-02T15:00Z,2.45,101.25,,A,,,0,,
563000107,2026-03-01T09:00Z,2.15,101.20,60,A,,,0,,silent across midnight
563000107,2026-03-01T21:00Z,2.25,101.50,,A,8.0,70,0,,
563000107,2026-03-02T03:00Z,2.30,101.80,60,A,,,0,,
563000107,2026-03-02T15:00Z,2.45,101.30,,A,,,0,,
563000108,2026-03-01T09:00Z,2.40,101.90,60,A,,,0,,silent at the end
563000108,2026-03-02T10:00Z,2.32,101.50,,A,6.0,250,0,,
563000109,2026-03-01T09:00Z,2.45,101.95,120,A,,,0,56300010901,two hulls under one MMSI
563000109,2026-03-02T15:00Z,2.20,101.20,,A,,,0,56300010901,
563000109,2026-03-01T09:01Z,2.75,101.30,120,A,,,0,56300010902,
563000109,2026-03-02T15:00Z,2.55,101.25,,A,,,0,56300010902,
563000301,2026-03-01T09:00Z,1.70,101.25,60,A,,,0,56300030101,a jump and back across midnight
563000301,2026-03-01T22:00Z,1.75,101.70,,A,,,0,56300030101,
563000301,2026-03-01T22:01Z,1.25,101.30,60,A,,,0,56300030102,
563000301,2026-03-02T01:30Z,1.30,101.80,,A,,,0,56300030102,
563000301,2026-03-02T01:32Z,1.76,101.82,60,A,,,0,56300030101,
563000301,2026-03-02T15:00Z,1.70,101.30,,A,,,0,56300030101,
563000302,2026-03-01T09:00Z,1.60,101.90,60,A,,,0,,frozen at ten knots across midnight
563000302,2026-03-01T20:00Z,1.60,101.40,60,A,10.0,,0,,
563000302,2026-03-02T03:00Z,1.60,101.40,60,A,,,0,,
563000302,2026-03-02T15:00Z,1.60,101.95,,A,,,0,,
563000501,2026-03-01T14:00Z,1.94,101.50,180,B,0.1,,15,,a boat crosses at night
563000501,2026-03-01T15:00Z,1.94,101.50,30,B,,,15,,
563000501,2026-03-01T16:10Z,2.53,101.90,180,B,0.1,,15,,
563000501,2026-03-01T22:00Z,2.53,101.90,,B,0.1,,15,,
563000511,2026-03-01T12:00Z,2.00,101.25,60,A,0.2,,15,,waits off the island for two boats
563000511,2026-03-01T20:30Z,2.01,101.26,60,A,0.2,,15,,
563000512,2026-03-01T14:00Z,2.06,101.20,60,B,,,15,,the first of them
563000512,2026-03-01T14:30Z,2.0031,101.2531,60,B,0.2,,15,,
563000512,2026-03-01T15:20Z,2.0041,101.2541,60,B,,,15,,
563000512,2026-03-01T16:00Z,2.06,101.20,,B,,,15,,
563000513,2026-03-01T16:30Z,2.04,101.18,60,B,,,15,,the second
563000513,2026-03-01T17:10Z,2.0062,101.2562,60,B,0.2,,15,,
563000513,2026-03-01T18:00Z,2.0072,101.2572,60,B,,,15,,
563000513,2026-03-01T18:40Z,2.04,101.18,,B,,,15,,
563000601,2026-03-01T17:00Z,2.45,101.05,60,A,,,0,,silent at the same time as 563000602
563000601,2026-03-01T20:00Z,2.45,101.35,,A,6.0,90,0,,
563000601,2026-03-01T22:30Z,2.45,101.45,60,A,,,0,,
563000601,2026-03-02T03:30Z,2.45,102.00,60,A,,,0,,
563000601,2026-03-02T09:30Z,2.45,101.20,60,A,,,0,,
563000601,2026-03-02T15:00Z,2.45,102.00,,A,,,0,,
563000602,2026-03-01T17:00Z,2.39,101.15,60,A,,,0,,
563000602,2026-03-01T20:10Z,2.39,101.45,,A,6.0,90,0,,
563000602,2026-03-01T22:40Z,2.39,101.52,60,A,,,0,,
563000602,2026-03-02T03:40Z,2.39,101.90,60,A,,,0,,
563000602,2026-03-02T09:40Z,2.39,101.20,60,A,,,0,,
563000602,2026-03-02T15:00Z,2.39,102.00,,A,,,0,,
563000701,2026-03-01T22:00Z,3.40,100.20,60,A,,,0,,goes north where all go east and west
563000701,2026-03-01T23:00Z,3.40,100.35,60,A,,,0,,
563000701,2026-03-02T01:00Z,3.95,100.36,60,A,,,0,,
563000701,2026-03-02T03:00Z,3.96,100.00,,A,,,0,,
"""
STAGE_SIGHTINGS = """
sighting_id,time,lat,lon,uncertainty_m,source,length_m,confidence,note
boat,2026-03-01T22:30Z,2.322,101.866,100,patrol,12,0.9,beside the loiterer
ship,2026-03-01T22:00Z,2.270,101.527,200,aerial,120,0.9,where the silent vessel may be
one,2026-03-02T03:00Z,2.05,101.30,100,SAR,20,0.9,two of one image
two,2026-03-02T03:00Z,2.05,101.40,100,SAR,70,0.9,
known,2026-03-01T12:00Z,2.3904,101.848,100,radar,,0.9,a vessel with AIS
"""
LANES = 10
"""Vessels that ply the stage from end to end, so that it is well heard everywhere all the time."""


def _lanes() -> str:
    begin, rows = pd.Timestamp("2026-03-01T09:00Z"), []
    for k in range(LANES):
        for leg in range(7):
            time = (begin + pd.Timedelta(hours=5 * leg)).strftime("%Y-%m-%dT%H:%MZ")
            lat, lon = 2.12 + 0.06 * k, 101.2 if (leg + k) % 2 else 102.0
            klass = "B" if k % 3 == 0 else "A"
            rows.append(f"{563000200 + k},{time},{lat},{lon},{60 if leg < 6 else ''},{klass},,,0,,")
    return "\n".join(rows)


@pytest.fixture(scope="session")
def stage() -> Stage:
    """Thirty hours across midnight in which something happens for every detector."""
    table = pd.read_csv(io.StringIO(STAGE_TABLE.strip().replace("@LANES@", _lanes())))
    tracks, zones = stage_additions(STAGES)
    repeated = set(table["mmsi"]) & set(tracks.get("mmsi", ()))
    assert not repeated, f"these MMSIs of cases/*/stage are on the common stage already: {repeated}"
    table = pd.concat([table, tracks], ignore_index=True)
    boxes = {
        ("port", "port"): (101.68, 2.58, 101.75, 2.68),
        ("roads", "anchorage"): (101.4, 2.57, 101.5, 2.64),
        ("sts", "sts_area"): (101.5, 2.2, 101.7, 2.3),
        ("ground", "land"): (101.75, 2.55, 102.3, 3.0),
        ("island", "land"): (101.3, 1.6, 101.9, 1.93),
        ("beach", "landing_place"): (101.88, 2.51, 101.92, 2.55),
        ("lane", "lane"): (101.25, 2.40, 101.95, 2.43),
        ("bend", "precautionary_area"): (101.84, 2.29, 101.90, 2.34),
    }
    line = {
        "zone_class": "boundary",
        "left": "the west",
        "right": "the east",
        "geometry": shapely.LineString([(101.6, 1.95), (101.6, 2.9)]),
    }
    states = {"ground": "MYS", "island": "IDN"}
    features = [
        {
            "zone_id": name,
            "zone_class": kind,
            "geometry": shapely.box(*box),
            "iso3": states.get(name),
            "direction_deg": 90.0 if kind == "lane" else np.nan,
        }
        for (name, kind), box in boxes.items()
    ]
    features += [line, *zones]
    ends = (pd.Timestamp("2026-03-01T09:00Z"), pd.Timestamp("2026-03-02T15:00Z"))
    models = {"normal": ordinary_traffic()}
    seen = pd.read_csv(io.StringIO(STAGE_SIGHTINGS.strip()), keep_default_na=False)
    seen["time"] = pd.to_datetime(seen["time"], utc=True)
    seen["length_m"] = pd.to_numeric(seen["length_m"])
    seen = conform(seen.sort_values(["time", "sighting_id"], ignore_index=True), SIGHTINGS)
    return Stage(make_positions(table), make_zones(features), *ends, models=models, sightings=seen)
