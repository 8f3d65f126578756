"""Tables of a case or of the common stage, filled in."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from detectors.core.frames import (
    NAV_STATUS_UNDEFINED,
    RECEPTIONS,
    TIME,
    TRACKED,
    VESSELS,
    conform,
    empty,
    validate,
)
from detectors.kinematics import geodesy
from detectors.surroundings import lanes, mixtures, normal
from detectors.surroundings.boundaries import BOUNDARY_COLUMNS, Boundaries
from detectors.surroundings.rules import Rule, read_rule
from detectors.surroundings.watches import read_watch
from detectors.surroundings.zones import ZONE_COLUMNS, Zones
from tests.making import said

WORLD = shapely.box(-180, -90, 180, 90)
POSITION_DEFAULTS: dict[str, Any] = {
    "sog_kn": np.nan,
    "cog_deg": np.nan,
    "heading_deg": np.nan,
    "nav_status": NAV_STATUS_UNDEFINED,
    "msg_type": 1,
    "ais_class": "A",
    "source": "case",
}


def make_positions(table: pd.DataFrame) -> pd.DataFrame:
    """`frames.TRACKED` from a table with at least mmsi, time, lat, lon; the rest is filled in.

    A column `every_s` asks for reports at that interval from its row up to the next row of the
    same track (which must come later); there a missing speed and course are those of the leg.
    """
    frame = conform(_table(table), TRACKED)
    validate(frame, TRACKED)
    return frame


def make_receptions(table: pd.DataFrame) -> pd.DataFrame:
    """`frames.RECEPTIONS` of the rows of such a table that name a `station`."""
    if "station" not in table:
        return empty(RECEPTIONS)
    filled = _table(table)
    return conform(filled[filled["station"].notna()].reset_index(drop=True), RECEPTIONS)


def _table(table: pd.DataFrame) -> pd.DataFrame:
    """All rows, filled in and sorted."""
    table = table.assign(time=pd.to_datetime(table["time"], utc=True).astype(TIME))
    for name, value in POSITION_DEFAULTS.items():
        if name not in table or table[name].isna().all():
            table[name] = value
        elif name not in {"sog_kn", "cog_deg", "heading_deg"}:
            table[name] = table[name].fillna(value)
    own = table["mmsi"] * 100 + 1
    table["track_id"] = table["track_id"].fillna(own) if "track_id" in table else own
    if "every_s" in table:
        table = _filled_in(table)
    if "source_offset" not in table:
        table["source_offset"] = np.arange(len(table)) + 1
    return table.sort_values(["track_id", "time"], kind="stable", ignore_index=True)


def _filled_in(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with the reports that `every_s` asks for, all tracks and legs at once."""
    rows = rows.sort_values(["track_id", "time"], kind="stable", ignore_index=True)
    to = rows.groupby("track_id")[["time", "lat", "lon"]].shift(-1)
    leg_s = (to["time"] - rows["time"]).dt.total_seconds().to_numpy("float64")
    every_s = rows["every_s"].to_numpy("float64")
    goes = (every_s > 0) & ~np.isnan(leg_s)
    counts = np.ones(len(rows), "int64")
    counts[goes] = np.maximum(np.ceil(leg_s[goes] / every_s[goes]), 0)
    ends = tuple(of[name].to_numpy("float64") for of in (rows, to) for name in ("lat", "lon"))
    leg_m = geodesy.distance_m(*ends)
    of_legs = {"sog_kn": geodesy.speed_kn(leg_m, leg_s), "cog_deg": geodesy.bearing_deg(*ends)}
    for name, moving in (("sog_kn", goes), ("cog_deg", goes & (leg_m > 0))):
        filled = rows[name].isna().to_numpy() & moving
        rows[name] = np.where(filled, of_legs[name], rows[name].to_numpy("float64"))

    row = np.repeat(np.arange(len(rows)), counts)
    s = (np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)) * every_s[row]
    on = goes[row]
    here = rows.iloc[row].reset_index(drop=True)
    lat, lon = geodesy.interpolate(*(end[row] for end in ends), s / leg_s[row])
    after = pd.to_timedelta(np.where(on, s, 0.0), unit="s")
    return here.assign(
        time=(here["time"] + after).astype(TIME),
        lat=np.where(on, lat, here["lat"].to_numpy("float64")),
        lon=np.where(on, lon, here["lon"].to_numpy("float64")),
    )


def make_zones(features: Sequence[dict[str, Any]], reach: shapely.Geometry = WORLD) -> Zones:
    """Zones from mappings with zone_class and geometry; those of class "land" make the land, of the
    state `iso3` if they say so, and those of class "boundary" are lines with a left and a right."""
    defaults = {
        "source": "test",
        "confidence": "approximate",
        "direction_deg": np.nan,
        "licensed": False,
        "rules": (),
        "watch": (),
    }
    lines = [feature for feature in features if feature["zone_class"] == "boundary"]
    rows = [
        {"zone_id": f"zone_{i}", "name": f"zone {i}", **defaults, **feature}
        for i, feature in enumerate(features)
        if feature["zone_class"] != "boundary"
    ]
    columns = (*ZONE_COLUMNS, "direction_deg", "licensed", "rules", "watches")
    for row in rows:
        row["watches"] = tuple(read_watch(one) for one in row["watch"])
        row["rules"] = tuple(
            one if isinstance(one, Rule) else read_rule(one) for one in row["rules"]
        )
    frame = gpd.GeoDataFrame(
        {name: [row[name] for row in rows] for name in columns}, geometry="geometry", crs=4326
    ).astype({"direction_deg": "float64"})
    is_land = (frame["zone_class"] == "land").to_numpy(bool)
    land = frame.loc[is_land, ["geometry"]]
    states = [row.get("iso3") for row, mine in zip(rows, is_land, strict=True) if mine]
    land = land.assign(iso3=pd.Series(states, land.index, "str"))
    return Zones(frame[~is_land], land, reach, make_boundaries(lines))


def features_in(path: Path) -> list[dict[str, Any]]:
    """Return the features of a GeoJSON file as `make_zones` takes them."""
    found = json.loads(path.read_text("utf-8"))["features"]
    return [
        {**one["properties"], "geometry": shapely.geometry.shape(one["geometry"])} for one in found
    ]


def make_boundaries(features: Sequence[Mapping[str, Any]]) -> Boundaries:
    """Boundary lines from mappings with geometry, left and right."""
    defaults = {
        "name": "the line",
        "boundary_class": "territorial_sea",
        "source": "test",
        "confidence": "approximate",
    }
    rows = [
        {"boundary_id": f"line_{i}", **defaults, **feature} for i, feature in enumerate(features)
    ]
    columns = {name: [row[name] for row in rows] for name in BOUNDARY_COLUMNS}
    return Boundaries(gpd.GeoDataFrame(columns, geometry="geometry", crs=4326))


def make_vessels(mmsis: Sequence[int], told: Sequence[dict[str, Any]] = ()) -> pd.DataFrame:
    """`frames.VESSELS` of these MMSIs, with what is `told` of some of them."""
    known = {row["mmsi"]: row for row in told}
    return said(
        *({"mmsi": int(m), **known.get(int(m), {})} for m in sorted(set(mmsis))), schema=VESSELS
    )


def ordinary_traffic() -> normal.Normal:
    """A model by hand: fifty vessels of no known class go east and west at nine knots, all around
    the world."""
    lat, lon = (a.ravel() for a in np.mgrid[1.25:4.5:0.5, -179.75:180:0.5])
    cell = np.unique(lanes.cell_of(lat, lon, normal.SIZES_DEG[-1]))
    n, classes = len(cell), len(normal.CLASSES)
    nothing = {
        "key_0": np.zeros(0, "int64"),
        "vessels_0": np.zeros(0, "int64"),
        "weight_0": np.zeros((0, 2)),
        "mean_0": np.zeros((0, 2, 2)),
        "covariance_0": np.zeros((0, 2, 2, 2)),
    }
    streams = {
        "key_1": cell * classes,
        "vessels_1": np.full(n, 50),
        "weight_1": np.full((n, 2), 0.5),
        "mean_1": np.broadcast_to([[9.0, 0.0], [-9.0, 0.0]], (n, 2, 2)).copy(),
        "covariance_1": np.broadcast_to(np.eye(2) * 9.0, (n, 2, 2, 2)).copy(),
    }
    arrays = {
        "step_s": np.array(600),
        "max_silence_s": np.array(1800),
        "min_speed_kn": np.array(2.0),
        "class_vessels": np.array([50] + [0] * (classes - 1)),
        "threshold": np.full((classes, 2), 13.0),
        "typical_place": np.full(classes, 4.0),
        "flow_threshold": np.full((classes, 2), 3.0),
        "flow_cell": np.zeros(0, "int64"),
        "flow_vessels": np.zeros(0, "int64"),
        "flow_courses": np.zeros((0, lanes.BINS), "int64"),
        "speed_density": np.full((classes, mixtures.SPEED_BINS), 1 / mixtures.SPEED_BINS),
        "heard_cell": cell,
        **nothing,
        **streams,
    }
    return normal.Normal(arrays, "by hand", normal.digest(arrays))


class Plain:
    """Words for the sentences."""

    def name(self, mmsi):
        return str(mmsi)

    def heard_since(self, event):
        return ""

    def place(self, lat, lon):
        return f"at {lat:.1f}, {lon:.1f}"

    def duration(self, start, end):
        return "2 h"

    def clock(self, time):
        return f"{time:%H:%M}"

    def distance(self, distance_m):
        return f"{distance_m / 1852:.0f} nm"

    def say(self, text, **values):
        return text.format(**values)
