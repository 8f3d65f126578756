"""The folder of reference layers of some waters: land, boundaries, places, code tables, reach."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from detectors.core.errors import ConfigError
from pipelines.base.files import unfinished
from pipelines.base.settings import REFERENCE
from pipelines.reference.layers.zones import REACH_FILE
from pipelines.reference.make.land import Land, boxes_of, read_land
from pipelines.reference.make.source import Box, read_layer

TOLERANCE_M: Final = 50.0
"""The Straits' own layer is good to 54 m in the median; see data/reference/land/SOURCE.txt."""

PLACE_KINDS: Final = ("port", "light", "island", "cape")

_LINES: Final = ("id", "party_a", "party_b", "kind", "status", "treaty", "doc", "verified")
_EMPTY: Final[Mapping[str, Mapping[str, str]]] = {
    "boundaries/territorial_sea.parquet": {"iso3": "str", "source": "str"},
    "boundaries/joint_areas.parquet": {"id": "str", "name": "str"},
    "places/cities.parquet": {
        "name": "str",
        "population": "int64",
        "dist_coast_m": "float64",
    },
    "places/landing_places.parquet": {
        **dict.fromkeys(("name", "role", "source"), "str"),
        **dict.fromkeys(("lat", "lon", "prec_m", "snap_lat", "snap_lon"), "float64"),
    },
}
"""Layers that the Straits have and that nobody gives for other waters: there, but empty."""


@dataclass(frozen=True)
class Made:
    """A folder that was made.

    `boundaries` and `places` count its lines and landmarks.
    """

    folder: Path
    land: Land
    boundaries: int
    places: int


def parse_bbox(text: str) -> Box:
    """Return W,S,E,N in degrees."""
    hint = "give W,S,E,N in degrees, e.g. 22.5,36.5,25.5,38.5; W above E crosses the antimeridian"
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise ConfigError(f"the box {text!r} isn't four numbers", hint=hint) from error
    if not (-180 <= west <= 180 and -180 <= east <= 180 and west != east):
        raise ConfigError(f"the box {text!r} has no longitudes from west to east", hint=hint)
    if not -90 <= south < north <= 90:
        raise ConfigError(f"the box {text!r} has no latitudes from south to north", hint=hint)
    return west, south, east, north


def make(
    out: Path,
    land: Path,
    bbox: Box,
    *,
    tolerance_m: float = TOLERANCE_M,
    boundaries: Path | None = None,
    places: Path | None = None,
) -> Made:
    """Make a folder of reference layers; it is whole or not there.

    Raises ConfigError if the folder is there already, or a file isn't what it should be.

    Parameters
    ----------
    out
        The folder; there may be none of that name.
    land
        File of land polygons; see `land.read_land`, also for `bbox` and `tolerance_m`.
    boundaries
        File of agreed boundary lines: columns left, right (ISO 3166 alpha-3, of the states on
        either hand along the line), kind (territorial_sea, EEZ, continental_shelf), and perhaps
        id, treaty.
    places
        CSV of landmarks: name, lat, lon, kind (`PLACE_KINDS`).
    """
    if out.exists():
        raise ConfigError(f"{out} is there already", hint="remove it, or name another with --out")
    found = read_land(land, bbox, tolerance_m)
    lines = _boundaries(boundaries, bbox)
    marks = _places(places)
    try:
        with unfinished(out, tidy=False) as fresh:
            for name in ("land", "boundaries", "places"):
                (fresh / name).mkdir(parents=True)
            shutil.copytree(REFERENCE / "codes", fresh / "codes")
            found.frame.to_parquet(fresh / "land" / "land.parquet")
            lines.to_parquet(fresh / "boundaries" / "treaty_lines.parquet")
            marks.to_csv(fresh / "places" / "landmarks.csv", index=False)
            for name, columns in _EMPTY.items():
                frame = pd.DataFrame({c: pd.Series(dtype=t) for c, t in columns.items()})
                gpd.GeoDataFrame(frame, geometry=[], crs=4326).to_parquet(fresh / name)
            about = {"bbox": list(bbox), "land": land.name, "tolerance_m": tolerance_m}
            (fresh / REACH_FILE).write_text(json.dumps(about) + "\n", encoding="utf-8")
            fresh.rename(out)
    except OSError as error:
        raise ConfigError(f"{out} can't be written: {error.strerror}") from error
    return Made(out, found, len(lines), len(marks))


def _boundaries(path: Path | None, bbox: Box) -> gpd.GeoDataFrame:
    columns = [*_LINES, "left", "right"]
    if path is None:
        empty = pd.DataFrame({name: pd.Series(dtype="str") for name in columns})
        return gpd.GeoDataFrame(empty, geometry=[], crs=4326)
    frame = read_layer(path, [box for box, _ in boxes_of(bbox)], "boundaries file")
    lacking = [name for name in ("left", "right", "kind") if name not in frame.columns]
    if lacking:
        raise ConfigError(
            f"boundaries file {path.name} has no column {', '.join(lacking)}",
            hint="left and right are the states on either hand along the line (ISO 3166 alpha-3), "
            "kind is territorial_sea, EEZ or continental_shelf",
        )
    if not frame.geometry.geom_type.isin(["LineString", "MultiLineString"]).all():
        raise ConfigError(f"boundaries file {path.name} has other shapes than lines")
    filled = frame.assign(party_a=frame["left"], party_b=frame["right"])
    filled = filled.reindex(columns=[*columns, "geometry"])
    filled[columns] = filled[columns].astype("object").fillna("").astype("str")
    numbered = pd.Series([f"line-{k + 1}" for k in range(len(frame))], dtype="str")
    filled["id"] = filled["id"].where(filled["id"] != "", numbered)
    filled["treaty"] = filled["treaty"].replace("", path.name)
    shapes = shapely.line_merge(filled.geometry.to_numpy())
    return filled.set_geometry(gpd.GeoSeries(shapes, crs=4326)).explode(ignore_index=True)


def _places(path: Path | None) -> pd.DataFrame:
    columns = ["name", "lat", "lon", "kind"]
    if path is None:
        return pd.DataFrame(columns=columns)
    try:
        frame = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise ConfigError(f"places file {path.name} can't be read: {error}") from error
    lacking = [name for name in columns if name not in frame.columns]
    if lacking:
        raise ConfigError(
            f"places file {path.name} has no column {', '.join(lacking)}",
            hint="a CSV with name, lat, lon, kind",
        )
    lat = pd.to_numeric(frame["lat"], errors="coerce").to_numpy("float64")
    lon = pd.to_numeric(frame["lon"], errors="coerce").to_numpy("float64")
    good = (np.abs(lat) <= 90) & (np.abs(lon) <= 180) & frame["kind"].isin(PLACE_KINDS).to_numpy()
    good &= (frame["name"].str.strip() != "").to_numpy()
    if not good.all():
        row = int(np.flatnonzero(~good)[0]) + 2
        raise ConfigError(
            f"places file {path.name}, line {row}: no name, position in degrees, or kind",
            hint=f"kind is one of {', '.join(PLACE_KINDS)}",
        )
    return frame[columns]
