"""Places that a position is described by, and documented landing places."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.kinematics import geodesy
from detectors.surroundings.landmarks import Gazetteer
from pipelines.reference.layers.files import read_geo
from pipelines.reference.tables import read_table, stamp

_MAX_COAST_M: Final = 12_000.0
"""Farther from the sea a town is no sailor's landmark."""

_MIN_POPULATION: Final = 2_000
_SHADOW_M: Final = 15_000.0
_SHADOW_RATIO: Final = 5.0
"""A place this near to one so many times more populous is a part of it to a sailor."""

_PROMINENCE: Final[Mapping[str, float]] = {"port": 3.5, "light": 2.0, "island": 2.0, "cape": 2.0}


def load_landmarks(reference_dir: Path) -> pd.DataFrame:
    """Return ports, lights, islands and capes: name, lat, lon, kind."""
    marks = read_table(reference_dir / "places" / "landmarks.csv")
    return marks.astype({"lat": "float64", "lon": "float64"})


def landing_points(reference_dir: Path) -> pd.DataFrame:
    """Return documented landing places, at sea beside them: name, lat, lon."""
    places = read_geo(reference_dir / "places" / "landing_places.parquet")
    return pd.DataFrame(
        {"name": places["name"], "lat": places["snap_lat"], "lon": places["snap_lon"]}
    ).reset_index(drop=True)


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
    prominence = marks["kind"].map(_PROMINENCE).fillna(1.0)
    landmarks = gpd.GeoDataFrame(
        {"name": marks["name"], "prominence": prominence},
        geometry=gpd.points_from_xy(marks["lon"], marks["lat"]),
        crs=4326,
    )
    towns = read_geo(reference_dir / "places" / "cities.parquet")
    towns = towns[
        (towns["dist_coast_m"] <= _MAX_COAST_M) & (towns["population"] >= _MIN_POPULATION)
    ]
    towns = towns[~_overshadowed(towns)]
    towns = towns.assign(prominence=(1 + np.log10(towns["population"] / 1000) / 2).clip(1.0, 2.5))
    # The landmark of the same name, on the water, is the one that a sailor means.
    towns = towns[~towns["name"].isin(set(landmarks["name"]))]
    columns = ["name", "prominence", "geometry"]
    return Gazetteer(pd.concat([landmarks[columns], towns[columns]], ignore_index=True))


def _overshadowed(towns: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    from scipy.spatial import cKDTree  # a quarter of a second, for who asks for no place

    tree = cKDTree(geodesy.unit_xyz(towns.geometry.y.to_numpy(), towns.geometry.x.to_numpy()))
    a, b = tree.query_pairs(geodesy.chord(_SHADOW_M), output_type="ndarray").T
    population = towns["population"].to_numpy("float64")
    shadowed = np.zeros(len(towns), bool)
    shadowed[a[population[b] >= _SHADOW_RATIO * population[a]]] = True
    shadowed[b[population[a] >= _SHADOW_RATIO * population[b]]] = True
    return shadowed
