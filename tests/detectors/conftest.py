"""Small scenes for detector tests: tracks from waypoints, zones from boxes, and the windows of a
run as the caller of a detector makes them."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from detectors.core.coverage import Coverage
from detectors.core.detector import Context, Detector
from detectors.core.frames import TIME, TRACKED, VESSELS, conform, empty, validate
from detectors.core.zones import Zones

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
        frame = pd.DataFrame(
            {
                "mmsi": mmsi,
                "time": (DAY + pd.to_timedelta(np.round(at_s * 1e6), unit="us")).astype(TIME),
                "lat": np.interp(at_s, hours * 3600, lat),
                "lon": np.interp(at_s, hours * 3600, lon),
                "sog_kn": np.nan,
                "cog_deg": np.nan,
                "heading_deg": np.nan,
                "nav_status": 15,
                "msg_type": 1,
                "ais_class": "A",
                "source": f"{mmsi:016x}",
                "source_offset": np.arange(n) + 1,
                "track_id": mmsi * 100 + ordinal,
            }
        )
        return conform(frame.assign(**columns), TRACKED)

    @staticmethod
    def positions(*tracks: pd.DataFrame) -> pd.DataFrame:
        """Tracks together, as a detector gets them."""
        if not tracks:
            return empty(TRACKED)
        frame = pd.concat(tracks).sort_values(["track_id", "time"], ignore_index=True)
        frame = frame.drop_duplicates(["track_id", "time"], ignore_index=True)
        validate(frame, TRACKED)
        return frame

    @staticmethod
    def zones(
        *boxes: tuple[str, str, tuple[float, float, float, float]],
        land: Sequence[tuple[float, float, float, float]] = (),
        reach: tuple[float, float, float, float] | None = (90.0, -5.0, 110.0, 10.0),
    ) -> Zones:
        """Zones from (id, class, (west, south, east, north)), land and reach from boxes."""
        frame = gpd.GeoDataFrame(
            {
                "zone_id": [name for name, _, _ in boxes],
                "name": [name.title() for name, _, _ in boxes],
                "zone_class": [kind for _, kind, _ in boxes],
                "source": "test",
                "confidence": "approximate",
            },
            geometry=[shapely.box(*box) for _, _, box in boxes],
            crs=4326,
        )
        ground = gpd.GeoDataFrame(geometry=[shapely.box(*box) for box in land], crs=4326)
        return Zones(frame, ground, shapely.box(*reach) if reach else shapely.Polygon())

    @staticmethod
    def vessels(*rows: dict[str, Any]) -> pd.DataFrame:
        """Vessels as of the end of the window; what a row doesn't say is unknown."""
        unknown = {
            "imo": 0, "name": "", "callsign": "", "ship_type": -1, "length_m": np.nan,
            "beam_m": np.nan, "draught_m": np.nan, "destination": "", "ais_class": "A",
            "flag_state": "",
        }  # fmt: skip
        if not rows:
            return empty(VESSELS)
        return conform(pd.DataFrame([{**unknown, **row} for row in rows]), VESSELS)

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
            zones=self.zones() if zones is None else zones,
            vessels=self.vessels() if vessels is None else vessels,
            coverage=Coverage.none(),
        )

    def in_windows(
        self,
        detector: Detector,
        positions: pd.DataFrame,
        edges: Sequence[float],
        zones: Zones | None = None,
        vessels: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """The events that a store holds after windows one after the other, edges in hours.

        Each window loads what the caller promises: every vessel from `lookback` before the start
        (and the report before that), and further back where an event asks for it. An event found
        again replaces what was stored; a stored event that touches the window and isn't found is
        taken out.
        """
        stored: dict[str, dict[str, Any]] = {}
        for begin, finish in pairwise(edges):
            context = self.context((begin, finish), zones, vessels)
            found = self._detect(detector, positions, context)
            gone = [
                key
                for key, row in stored.items()
                if row["start"] <= context.end
                and (pd.isna(row["end"]) or row["end"] >= context.start)
            ]
            for key in gone:
                del stored[key]
            stored |= {row["event_id"]: row for row in found.to_dict("records")}
        return pd.DataFrame(
            sorted(stored.values(), key=lambda row: (row["start"], row["event_id"]))
        )

    @staticmethod
    def assert_same(parts: pd.DataFrame, whole: pd.DataFrame) -> None:
        """Both hold the same events, to the last column."""
        mine, other = (
            {
                row["event_id"]: {k: str(v) for k, v in row.items()}
                for row in frame.to_dict("records")
            }
            for frame in (parts, whole)
        )
        assert mine.keys() == other.keys()
        for key, row in other.items():
            assert mine[key] == row

    @staticmethod
    def _detect(detector: Detector, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        heard = positions[positions["time"] <= context.end]
        reach = dict.fromkeys(heard["mmsi"].unique(), context.start - detector.lookback)
        while True:
            parts = [empty(TRACKED)]
            older: set[int] = set()
            for _, own in heard.groupby("mmsi"):
                mmsi = int(own["mmsi"].iloc[0])
                before = own.loc[own["time"] < reach[mmsi], "time"].max()
                part = own[own["time"] >= (reach[mmsi] if pd.isna(before) else before)]
                parts.append(part)
                if len(part) < len(own):
                    older.add(mmsi)
            loaded = pd.concat(parts).sort_values(["track_id", "time"], ignore_index=True)
            found = detector.detect(conform(loaded, TRACKED), context)
            further = False
            for row in found.to_dict("records"):
                for mmsi in (row["mmsi"], row["other_mmsi"]):
                    wanted = row["start"] - detector.lookback
                    if mmsi in older and wanted < reach[mmsi]:
                        reach[mmsi] = wanted
                        further = True
            if not further:
                return found


@pytest.fixture(scope="session")
def scene() -> Scene:
    """Builder of small scenes; it has no state."""
    return Scene()
