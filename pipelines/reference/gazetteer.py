"""Places that a position is described by, read without the cost of importing geometry."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from detectors.kinematics import geodesy
from detectors.surroundings.landmarks import PLACE_COLUMNS, Gazetteer
from pipelines.reference.tables import damaged, read_table, stamp

_MAX_COAST_M: Final = 12_000.0
"""Farther from the sea a town is no sailor's landmark."""

_MIN_POPULATION: Final = 2_000
_SHADOW_M: Final = 15_000.0
_SHADOW_RATIO: Final = 5.0
"""A place this near to one so many times more populous is a part of it to a sailor."""

_PROMINENCE: Final[Mapping[str, float]] = {"port": 3.5, "light": 2.0, "island": 2.0, "cape": 2.0}
_ROWS: Final = 500
"""Towns that are compared with all others at a time: bounds memory."""


def load_landmarks(reference_dir: Path) -> pd.DataFrame:
    """Return ports, lights, islands and capes: name, lat, lon, kind."""
    marks = read_table(reference_dir / "places" / "landmarks.csv")
    return marks.astype({"lat": "float64", "lon": "float64"})


def load_gazetteer(reference_dir: Path) -> Gazetteer:
    """Return places to describe positions by: ports, islands, capes, lights and coastal towns.

    Prominence: ports 3.5, other landmarks 2, a town 1 to 2.5 by its population (half a point per
    power of ten over 1,000). Villages, inland towns and districts of a larger town are left out.
    It is made once as long as its files don't change.
    """
    files = (reference_dir / "places" / name for name in ("landmarks.csv", "cities.parquet"))
    return _gazetteer(reference_dir, tuple(map(stamp, files)))


@lru_cache(maxsize=4)
def _gazetteer(reference_dir: Path, _: tuple[tuple[int, int], ...]) -> Gazetteer:
    marks = load_landmarks(reference_dir)
    marks = marks.assign(prominence=marks["kind"].map(_PROMINENCE).fillna(1.0))
    towns = _towns(reference_dir / "places" / "cities.parquet")
    towns = towns[
        (towns["dist_coast_m"] <= _MAX_COAST_M) & (towns["population"] >= _MIN_POPULATION)
    ]
    towns = towns[~_overshadowed(towns)]
    towns = towns.assign(prominence=(1 + np.log10(towns["population"] / 1000) / 2).clip(1.0, 2.5))
    # The landmark of the same name, on the water, is the one that a sailor means.
    towns = towns[~towns["name"].isin(set(marks["name"]))]
    columns = list(PLACE_COLUMNS)
    return Gazetteer(pd.concat([marks[columns], towns[columns]], ignore_index=True))


def _towns(path: Path) -> pd.DataFrame:
    columns = ["name", "population", "dist_coast_m", "geometry"]
    try:
        towns = pd.read_parquet(path, columns=columns)
        points = shapely.from_wkb(towns["geometry"].to_numpy(dtype=object))
    except (OSError, ValueError, shapely.errors.ShapelyError) as error:
        raise damaged(path, error) from error
    return towns.assign(lat=shapely.get_y(points), lon=shapely.get_x(points))


def _overshadowed(towns: pd.DataFrame) -> NDArray[np.bool_]:
    xyz = geodesy.unit_xyz(towns["lat"].to_numpy("float64"), towns["lon"].to_numpy("float64"))
    population = towns["population"].to_numpy("float64")
    shadowed = np.zeros(len(towns), bool)
    for at in range(0, len(towns), _ROWS):
        own = slice(at, at + _ROWS)
        apart = np.linalg.norm(xyz[own, None] - xyz[None], axis=2)
        larger = population[None] >= _SHADOW_RATIO * population[own, None]
        shadowed[own] = ((apart <= geodesy.chord(_SHADOW_M)) & larger).any(axis=1)
    return shadowed
