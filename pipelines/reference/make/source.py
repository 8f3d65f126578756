"""Layers as others publish them, opened without trust: what is read is bounded and checked.

GeoJSON, Shapefile (alone or in a ZIP archive, as OpenStreetMap's land polygons, Natural Earth and
GSHHG come), GeoPackage and GeoParquet. A box is read, never more of the file than touches it.
"""

import sqlite3
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from detectors.core.errors import ConfigError

MAX_BYTES: Final = 8_000_000_000
"""Of one file, unpacked; the world's land polygons of OpenStreetMap are 1.3 GB."""

MAX_WHOLE_BYTES: Final = 1_500_000_000
"""Of a file that can only be read whole (GeoJSON)."""

MAX_VERTICES: Final = 20_000_000
"""In the box; all of Europe's coast has fewer in OpenStreetMap."""

Box = tuple[float, float, float, float]

_LAYERS: Final = (".shp", ".gpkg", ".geojson", ".json", ".parquet")
_BESIDE: Final = (".shx", ".dbf", ".prj", ".cpg")
_BEGINS: Final = {".shp": b"\x00\x00\x27\x0a", ".gpkg": b"SQLite format 3\x00"}
"""What files of these formats begin with (ESRI Shapefile Technical Description, 1998; SQLite)."""

_BLOCK: Final = 1 << 20
_FORMATS: Final = (
    "give GeoJSON (.geojson), a Shapefile (.shp), a GeoPackage (.gpkg), GeoParquet (.parquet), or "
    "one of them in a .zip"
)


def read_layer(path: Path, boxes: list[Box], what: str) -> gpd.GeoDataFrame:
    """Return the features of a file that touch any of some boxes, in degrees of WGS84.

    Boxes are west, south, east, north; `what` the file is said to hold goes into messages.

    Raises ConfigError if the file can't be read, is too large, or isn't in degrees of longitude and
    latitude.
    """
    with _opened(path, what) as layer:
        try:
            with warnings.catch_warnings(action="ignore"):  # GDAL's remarks on damaged files
                parquet = layer.suffix.lower() == ".parquet"
                frame = gpd.read_parquet(layer) if parquet else _gdal(layer, boxes)
        except (*_UNREADABLE, MemoryError) as error:
            raise ConfigError(
                f"{what} {path.name} can't be read: {_told(error)}", _FORMATS
            ) from error
    _check_degrees(frame, frame.geometry.to_numpy(), path, what)
    if frame.crs is not None:  # degrees of another datum lie up to a kilometre off
        frame = frame.to_crs(4326)
    shapes = frame.geometry.to_numpy()
    near = np.zeros(len(frame), bool)
    for box in boxes:
        near |= shapely.intersects(shapely.box(*shapely.bounds(shapes).T), shapely.box(*box))
    found = frame[near].reset_index(drop=True)
    vertices = int(shapely.get_num_coordinates(found.geometry.to_numpy()).sum())
    if vertices > MAX_VERTICES:
        raise ConfigError(
            f"{what} {path.name} has {vertices:,} points in the box, more than {MAX_VERTICES:,}",
            hint="make the box smaller, or take a simplified file",
        )
    return found


_UNREADABLE: Final = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    RecursionError,
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FieldError,
    pyogrio.errors.FeatureError,
    pyogrio.errors.GeometryError,
    shapely.errors.ShapelyError,
)


def _told(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) < 200 else text[:199] + "…"


def _gdal(path: Path, boxes: list[Box]) -> gpd.GeoDataFrame:
    if path.suffix.lower() in {".geojson", ".json"} and path.stat().st_size > MAX_WHOLE_BYTES:
        raise ValueError("a GeoJSON file of this size: convert it to a GeoPackage")
    named = _as_what_it_is_called(path)
    layers = [str(name) for name, kind in pyogrio.list_layers(named) if kind]  # not bare tables
    if len(layers) > 1:
        shown = ", ".join(layers)
        shown = shown if len(shown) < 80 else shown[:79] + "…"
        raise ValueError(
            f"it holds {len(layers)} layers, not one: {shown}; take one out of it: "
            "ogr2ogr ONE.gpkg FILE LAYER"
        )
    crs = pyogrio.read_info(named).get("crs")
    degrees = crs is None or gpd.GeoSeries(crs=crs).crs.is_geographic
    # What is no box of degrees is read to its first features only: enough to say what is wrong.
    asked: list[dict[str, Any]] = (
        [{"bbox": box} for box in boxes] if degrees else [{"max_features": 1}]
    )
    parts = [pyogrio.read_dataframe(named, fid_as_index=True, **one) for one in asked]
    if degrees and not any(map(len, parts)):  # swapped, projected or elsewhere: a look tells
        parts = [pyogrio.read_dataframe(named, fid_as_index=True, max_features=100)]
    frame = pd.concat(parts)
    if not isinstance(frame, gpd.GeoDataFrame):
        raise ValueError("it has no geometries")
    return frame[~frame.index.duplicated()]


def _as_what_it_is_called(path: Path) -> str:
    """Return a file as GDAL is to open it: by the format of its name, whatever is in it.

    Else GDAL goes by the content, and knows formats that name other files or addresses to be read
    in their place, or what is to be done (a virtual layer, a streamed algorithm).

    Raises ValueError if it is of another format.
    """
    begins = _BEGINS.get(path.suffix.lower())
    if begins is None:
        return f"GeoJSON:{path}"
    with path.open("rb") as file:
        if file.read(len(begins)) != begins:
            raise ValueError(f"it isn't what {path.suffix} stands for")
    if path.suffix.lower() == ".gpkg":
        _refuse_views(path)
    return str(path)


def _refuse_views(path: Path) -> None:
    """Raise ValueError where a layer, or what tells of layers, is computed: that may never end."""
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            made = "SELECT lower(name) FROM sqlite_master WHERE type = 'view'"
            views = {str(name) for (name,) in database.execute(made)}
            own = {name for name in views if name.startswith(("gpkg_", "rtree_"))}
            if views and not own:
                held = "SELECT lower(table_name) FROM gpkg_contents"
                own = {str(name) for (name,) in database.execute(held)} & views
    except sqlite3.Error as error:
        raise ValueError(str(error)) from error
    if own:
        raise ValueError(f"{min(own)} is a view: copy what it shows into a table")


def _check_degrees(
    frame: gpd.GeoDataFrame, shapes: np.ndarray[Any, Any], path: Path, what: str
) -> None:
    """Refuse coordinates that aren't longitude and latitude in degrees, in this order."""
    if frame.crs is not None and not frame.crs.is_geographic:
        raise ConfigError(
            f"{what} {path.name} has projected coordinates ({_told(ValueError(frame.crs.name))}), "
            "not degrees",
            hint="convert it to EPSG:4326: ogr2ogr -t_srs EPSG:4326 OUT.gpkg FILE",
        )
    xy = shapely.get_coordinates(shapes)
    if not np.isfinite(xy).all():
        raise ConfigError(f"{what} {path.name} has coordinates that are no numbers")
    if not len(xy):
        return
    lon, lat = np.abs(xy).max(axis=0)
    if lat > 90 + 1e-6 and lat <= 360 and lon <= 90 + 1e-6:
        raise ConfigError(
            f"{what} {path.name} has latitude before longitude",
            hint="swap them: longitude comes first in all these formats",
        )
    if lat > 90 + 1e-6 or lon > 540:
        raise ConfigError(
            f"{what} {path.name} has coordinates up to {max(lat, lon):,.0f}: projected, "
            "not degrees",
            hint="convert it to EPSG:4326: ogr2ogr -s_srs ITS_OWN -t_srs EPSG:4326 OUT.gpkg FILE",
        )


@contextmanager
def _opened(path: Path, what: str) -> Iterator[Path]:
    """Give the layer's file: itself, or the one in a ZIP archive, unpacked for the time being."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise ConfigError(f"{what} {path.name} can't be read: {error.strerror}") from error
    if path.is_dir() or path.suffix.lower() not in (*_LAYERS, ".zip"):
        raise ConfigError(f"{what} {path.name} is of no known format", hint=_FORMATS)
    if size > MAX_BYTES:
        raise ConfigError(f"{what} {path.name} is larger than {MAX_BYTES / 1e9:.0f} GB")
    if path.suffix.lower() != ".zip":
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="selat-reference-") as folder:
        try:
            yield _unpacked(path, Path(folder), what)
        except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError) as error:
            raise ConfigError(f"{what} {path.name} is a damaged archive: {_told(error)}") from error


def _unpacked(path: Path, folder: Path, what: str) -> Path:
    """Unpack the one layer of an archive under names of our own, as far as the limit allows."""
    with zipfile.ZipFile(path) as archive:
        names = [one for one in archive.namelist() if not Path(one).name.startswith("._")]
        layers = [one for one in names if Path(one).suffix.lower() in _LAYERS]
        if len(layers) != 1:
            shown = ", ".join(sorted(layers)[:10]) or "none"
            raise ConfigError(
                f"{what} {path.name} holds {len(layers)} layers, not one: {shown[:200]}",
                hint="unpack it and name the file",
            )
        stem = Path(layers[0]).with_suffix("").as_posix()
        beside = [
            one
            for one in names
            if Path(one).suffix.lower() in _BESIDE and Path(one).with_suffix("").as_posix() == stem
        ]
        left = MAX_BYTES
        for name in (layers[0], *beside):
            target = folder / f"layer{Path(name).suffix.lower()}"
            with archive.open(name) as packed, target.open("wb") as out:
                while block := packed.read(_BLOCK):
                    left -= len(block)
                    if left < 0:
                        raise ConfigError(
                            f"{what} {path.name} unpacks to more than {MAX_BYTES / 1e9:.0f} GB"
                        )
                    out.write(block)
    return folder / f"layer{Path(layers[0]).suffix.lower()}"
