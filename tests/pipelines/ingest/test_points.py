"""GeoParquet: points in one column are read, and what isn't a place in degrees is not."""

import io
import json
import struct

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.ingest import IngestError

ROWS = 40
LON, LAT = np.linspace(101.5, 101.9, ROWS), np.linspace(2.1, 2.5, ROWS)


def told(**more) -> pd.DataFrame:
    seconds = pd.to_timedelta(np.arange(ROWS) * 60, unit="s")
    return pd.DataFrame(
        {
            "mmsi": 533000100,
            "timestamp": pd.Timestamp("2026-01-06", tz="UTC") + seconds,
            "sog": 9.5,
            **more,
        }
    )


def geoparquet(geometry=None, crs=4326, frame=None, **how) -> bytes:
    out = io.BytesIO()
    places = gpd.points_from_xy(LON, LAT) if geometry is None else geometry
    rows = told() if frame is None else frame
    gpd.GeoDataFrame(rows, geometry=places, crs=crs).to_parquet(out, **how)
    return out.getvalue()


def wkb(cells, **about) -> bytes:
    """A file as others write it: cells of a column, and what its description says of them."""
    out = io.BytesIO()
    column = {"encoding": "WKB", "geometry_types": ["Point"], **about}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    table = pa.Table.from_pandas(told(), preserve_index=False).append_column("geometry", cells)
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), out)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
@pytest.mark.parametrize("batch_rows", [7, 100_000])
def test_points_are_read_whichever_way_they_are_written(read, encoding, batch_rows):
    feed = geoparquet(geometry_encoding=encoding, schema_version="1.1.0", row_group_size=16)
    found = read(feed, "a.parquet", batch_rows=batch_rows)
    assert np.allclose(found.positions["lon"], LON)
    assert np.allclose(found.positions["lat"], LAT)
    assert found.report.rows_read == ROWS
    assert not found.report.rejected
    assert found.report.read_as["lat"] == "geometry.lat"


def test_a_frame_in_another_system_is_told_to_be_brought_to_degrees(read):
    geometry = gpd.GeoSeries(gpd.points_from_xy(LON, LAT), crs=4326).to_crs(32647)
    with pytest.raises(IngestError, match=r"EPSG:32647, not WGS84") as error:
        read(geoparquet(geometry.values, crs=32647), "a.parquet")
    assert "to_crs(4326)" in error.value.hint


def test_a_frame_without_a_system_is_told_to_name_it(read):
    """As geopandas writes it unless told otherwise: bringing it to degrees fails there."""
    with pytest.raises(IngestError, match="doesn't say in which reference system") as error:
        read(geoparquet(crs=None), "a.parquet")
    assert "set_crs(4326)" in error.value.hint


def test_degrees_beside_points_in_another_system_are_read(read):
    geometry = gpd.GeoSeries(gpd.points_from_xy(LON, LAT), crs=4326).to_crs(32647)
    feed = geoparquet(geometry.values, crs=32647, frame=told(lat=LAT, lon=LON))
    found = read(feed, "a.parquet")
    assert np.allclose(found.positions["lon"], LON)


def test_rows_without_a_point_are_counted_and_cost_no_others(read):
    geometry = shapely.points(LON, LAT)
    geometry[3], geometry[5] = None, shapely.Point()
    found = read(geoparquet(geometry), "a.parquet")
    assert len(found.positions) == ROWS - 2
    assert sum(found.report.rejected.values()) == 2


def test_byte_order_and_height(read):
    def cell(k):
        if k % 3 == 0:
            return struct.pack(">BI2d", 0, 1, LON[k], LAT[k])
        if k % 3 == 1:
            return struct.pack("<BI3d", 1, 1001, LON[k], LAT[k], 4.0)
        return struct.pack("<BI2d", 1, 1, LON[k], LAT[k])

    found = read(wkb(pa.array([cell(k) for k in range(ROWS)])), "a.parquet")
    assert np.array_equal(found.positions["lon"], LON)
    assert np.array_equal(found.positions["lat"], LAT)


def test_lines_and_rubbish_are_no_places(read):
    line = shapely.to_wkb(shapely.LineString([(101, 2), (102, 3)]))
    good = [shapely.to_wkb(point) for point in shapely.points(LON, LAT)]
    cells = [*good[:-4], line, b"", b"\x01\x01", b"\xff" * 900]
    found = read(wkb(pa.array(cells, pa.binary())), "a.parquet")
    assert len(found.positions) == ROWS - 4
    assert sum(found.report.rejected.values()) == 4


@pytest.mark.parametrize(
    "geo",
    [
        "[" * 100_000,
        "null",
        '{"columns": {"geometry": 1}, "primary_column": "geometry"}',
        '{"columns": {}, "primary_column": ["mmsi"]}',
        '{"columns": {"geometry": {"crs": {"id": {"code": [1]}}}, "primary_column": "geometry"}}',
        '{"columns": {"mmsi": {}}, "primary_column": "mmsi"}',
    ],
)
def test_descriptions_made_to_do_harm_are_none(read, geo):
    out = io.BytesIO()
    table = pa.Table.from_pandas(told(), preserve_index=False)
    points = pa.array([shapely.to_wkb(point) for point in shapely.points(LON, LAT)])
    table = table.append_column("geometry", points).replace_schema_metadata({"geo": geo})
    pq.write_table(table, out)
    with pytest.raises(IngestError):
        read(out.getvalue(), "a.parquet")


@given(st.data())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damage_never_crashes(read, data):
    feed = bytearray(geoparquet())
    for _ in range(data.draw(st.integers(1, 4))):
        feed[data.draw(st.integers(4, len(feed) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = read(bytes(feed), "a.parquet")
    except IngestError:
        return
    assert len(found.positions) <= ROWS
