"""Places in one column of points, as GeoParquet has them (GeoParquet 1.1.0, geoparquet.org).

They are longitude, then latitude, whatever the reference system's own order of axes (there, "axis
order"). A point is well-known binary of ISO 13249-3, or a structure of `x` and `y`.
"""

import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ingest.errors import IngestError
from pipelines.ingest.report import escaped

LON, LAT = "geometry.lon", "geometry.lat"
"""How the two are called as columns, as those of a point of GeoJSON."""

# Byte order, kind and two coordinates; height or measure may follow.
_POINT_BYTES: Final = 21
# A point without and with height, measure, or both (ISO 13249-3).
_KINDS: Final = (1, 1001, 2001, 3001)
_AXES: Final = ("x", "y")
_UNSAID: Final = "unsaid"
_WGS84: Final = (("OGC", "CRS84"), ("EPSG", "4326"))


@dataclass(frozen=True)
class Points:
    """The column that holds where a row is."""

    column: str
    parts: tuple[str, ...]
    """The columns of the file that it takes."""
    system: str
    """Where they aren't in degrees of WGS84, or aren't said to be: what their reference system is
    called."""

    @classmethod
    def of(cls, schema: pa.Schema) -> "Points | None":
        """Return the column of points that a file's own description names first; else None."""
        about = _described(schema)
        column = str(about.get("primary_column"))
        if {LON, LAT} & set(schema.names) or schema.names.count(column) != 1:
            return None
        said = about.get("columns", {}).get(column)
        kind = schema.field(column).type
        if not isinstance(said, Mapping) or not (_is_wkb(kind) or _is_pair(kind)):
            return None
        parts = [column] if _is_wkb(kind) else [f"{column}.{axis}" for axis in _AXES]
        system = _system(said)
        named = "" if system in _WGS84 else ":".join(system) or "its own"
        return cls(column, (*parts,), _UNSAID if said.get("crs", "") is None else named)

    def why_not(self, name: str) -> IngestError | None:
        """Return why such points of a file aren't read; None if they are."""
        if not self.system:
            return None
        if self.system == _UNSAID:
            return IngestError(
                f"{name} doesn't say in which reference system its points are",
                hint="if in degrees, with geopandas: frame.set_crs(4326).to_parquet(…)",
            )
        return IngestError(
            f"{name}: the reference system of its points is {escaped(self.system)}, not WGS84",
            hint="with geopandas: frame.to_crs(4326).to_parquet(…)",
        )

    def read_from(self, names: Collection[str]) -> list[str]:
        """Return the columns of the file that such columns come from."""
        own = [name for name in names if name not in (LON, LAT)]
        return [*own, *self.parts] if len(own) < len(names) else own

    def spread(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return rows with longitude and latitude instead of points; null where there is none."""
        if self.column not in batch.schema.names:
            return batch
        cells = batch.column(self.column)
        pairs = _of_wkb(cells) if _is_wkb(cells.type) else [cells.field(axis) for axis in _AXES]
        rest = batch.drop_columns([self.column])
        for name, axis in zip((LON, LAT), pairs, strict=True):
            rest = rest.append_column(name, pc.if_else(cells.is_valid(), axis, None))
        return rest


def spread(schema: pa.Schema) -> pa.Schema:
    """Return a file's columns, with longitude and latitude where it has points in degrees."""
    points = Points.of(schema)
    if points is None or points.system:
        return schema
    rest = schema.remove(schema.get_field_index(points.column))
    return rest.append(pa.field(LON, pa.float64())).append(pa.field(LAT, pa.float64()))


def _described(schema: pa.Schema) -> Mapping[str, Any]:
    with suppress(ValueError, RecursionError):
        about = json.loads((schema.metadata or {}).get(b"geo", b""))
        if isinstance(about, dict) and isinstance(about.get("columns"), dict):
            return about if isinstance(about.get("primary_column"), str) else {}
    return {}


def _system(said: Mapping[str, Any]) -> tuple[str, ...]:
    """Return authority and code of the reference system; that of a file which says none is CRS84
    (GeoParquet 1.1.0, "crs").
    """
    if "crs" not in said:
        return _WGS84[0]
    found = said["crs"].get("id") if isinstance(said["crs"], dict) else None
    if not isinstance(found, dict):
        return ()
    return str(found.get("authority", ""))[:20], str(found.get("code", ""))[:20]


def _is_wkb(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _is_pair(kind: pa.DataType) -> bool:
    return pa.types.is_struct(kind) and all(
        kind.get_field_index(axis) >= 0 and pa.types.is_float64(kind.field(axis).type)
        for axis in _AXES
    )


def _of_wkb(cells: pa.Array) -> list[pa.Array]:
    """Return x and y of points; NaN of what is none."""
    cells.validate(full=True)  # a damaged page can hold points that lie outside it
    pairs = np.full((len(cells), 2), np.nan)
    long = pc.greater_equal(pc.binary_length(cells), _POINT_BYTES)
    rows = np.flatnonzero(np.asarray(pc.fill_null(long, False)))
    raw = b"".join(pc.binary_slice(cells.take(pa.array(rows)), 0, _POINT_BYTES).to_pylist())
    points = np.frombuffer(raw, "uint8").reshape(-1, _POINT_BYTES)
    for order, mark in (("<", 1), (">", 0)):
        kinds = points[:, 1:5].copy().view(f"{order}u4").reshape(-1)
        these = (points[:, 0] == mark) & np.isin(kinds, _KINDS)
        pairs[rows[these]] = points[these, 5:].copy().view(f"{order}f8").reshape(-1, 2)
    return [pa.array(pairs[:, axis]) for axis in (0, 1)]
