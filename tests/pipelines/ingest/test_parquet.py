"""Parquet: any types of columns, true row numbers, damage, what is missing."""

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.core.errors import SelatError
from pipelines.ingest import IngestError

SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def parquet(columns, **options) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, **options)
    return out.getvalue()


def table(rows=3, **change):
    return {
        "id": pa.array([533900001 + i for i in range(rows)]),
        "t": pa.array([f"2024-01-01T00:00:{i % 60:02d}" for i in range(rows)]),
        "y": pa.array(np.linspace(1, 2, rows)),
        "x": pa.array(np.linspace(100, 101, rows)),
        "v": pa.array([5.0] * rows),
        "n": pa.array([f"VESSEL {i}" for i in range(rows)]),
        **change,
    }


@pytest.fixture
def mappings(tmp_path):
    def _mappings(**layout):
        names = {"mmsi": "id", "time": "t", "lat": "y", "lon": "x", "sog_kn": "v", "name": "n"}
        path = tmp_path / "mappings.yaml"
        columns = {**names, **layout.pop("columns", {})}
        path.write_text(yaml.safe_dump({"mine": {"columns": columns, **layout}}))
        return path

    return _mappings


@pytest.mark.parametrize("batch_rows", [7, 100_000])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"row_group_size": 10},
        {"compression": "gzip"},
        {"use_dictionary": False, "version": "1.0"},
    ],
)
def test_rows_are_numbered_through_the_file(read, mappings, options, batch_rows):
    got = read(parquet(table(50), **options), mappings=mappings(), batch_rows=batch_rows)
    assert got.report.format == "mine"
    assert got.positions["source_offset"].tolist() == list(range(1, 51))
    assert got.statics["name"].tolist() == [f"VESSEL {i}" for i in range(50)]


@pytest.mark.parametrize(
    "ids",
    [
        pa.array([533900001], pa.int32()),
        pa.array([533900001], pa.uint64()),
        pa.array([533900001.0]),
        pa.array(["533900001"]),
        pa.array([b"533900001"]),
        pa.array([" 533900001.0"], pa.large_string()),
        pa.array(["533900001"]).dictionary_encode(),
    ],
)
def test_types_of_mmsi(read, mappings, ids):
    got = read(parquet(table(1, id=ids)), mappings=mappings())
    assert got.positions["mmsi"].tolist() == [533900001]


@pytest.mark.parametrize("ids", [[None], [12390000], [2**62], [-1]])
def test_wrong_mmsi(read, mappings, ids):
    got = read(parquet(table(1, id=pa.array(ids, pa.int64()))), mappings=mappings())
    assert got.report.rejected == {"mmsi": 1}
    assert got.report.samples[0]["line"] == 1
    assert f"id={ids[0]}, " in got.report.samples[0]["text"]


UTC = pd.Timestamp("2024-03-01T04:00:00.5Z")


@pytest.mark.parametrize(
    ("layout", "times"),
    [
        ({}, pa.array([UTC], pa.timestamp("us", "UTC"))),
        ({"time_zone": "Asia/Kuala_Lumpur"}, pa.array([UTC], pa.timestamp("ms", "Europe/Berlin"))),
        ({}, pa.array([UTC.tz_localize(None)], pa.timestamp("ns"))),
        (
            {"time_zone": "Asia/Kuala_Lumpur"},
            pa.array([pd.Timestamp("2024-03-01T12:00:00.5")], pa.timestamp("us")),
        ),
        ({"time_format": "epoch_s"}, pa.array([1709265600.5])),
        ({"time_format": "epoch_ms"}, pa.array([1709265600500])),
        ({"time_format": "epoch_ms"}, pa.array(["1709265600500"])),
        ({}, pa.array(["2024-03-01T12:00:00.5+08:00"]).dictionary_encode()),
    ],
)
def test_types_of_times(read, mappings, layout, times):
    got = read(parquet(table(1, t=times)), mappings=mappings(**layout))
    assert got.positions["time"].tolist() == [UTC]


def test_numbers_as_times_by_a_format_and_dates_with_clocks(read, mappings):
    path = mappings(columns={"time": {"from": ["d", "t"]}})
    d = pa.array([pd.Timestamp("2024-03-01").date()])
    got = read(parquet(table(1, d=d, t=pa.array([43200], pa.time32("s")))), mappings=path)
    assert got.positions["time"].tolist() == [pd.Timestamp("2024-03-01T12:00Z")]
    path = mappings(time_format="%Y%m%d%H")
    got = read(parquet(table(1, t=pa.array([2024030109]))), mappings=path)
    assert got.positions["time"].tolist() == [pd.Timestamp("2024-03-01T09:00Z")]


@pytest.mark.parametrize(
    "times",
    [
        pa.array([None], pa.timestamp("us")),
        pa.array([2**62]),
        pa.array([2**62], pa.int64()).cast(pa.timestamp("us")),
        pa.array([None], pa.string()),
    ],
)
def test_times_that_are_none(read, mappings, times):
    with pytest.raises(IngestError, match="no row has a time"):
        read(parquet(table(1, t=times)), mappings=mappings(time_zone="Asia/Kuala_Lumpur"))


def test_nulls_and_positions_that_are_none(read, mappings):
    columns = table(
        5,
        y=pa.array([1.0, None, 91.0, np.inf, 2.0]),
        x=pa.array([100.0, None, 181.0, 100.0, 100]),
        v=pa.array([None, 1.0, 1.0, 1.0, 102.3]),
        n=pa.array([None, "A", "A", "A", "A@@"]),
    )
    got = read(parquet(columns), mappings=mappings())
    assert got.report.rejected == {"no position": 2, "position": 1}
    assert got.positions["sog_kn"].isna().all()
    assert got.statics["name"].tolist() == ["A"] * 4


def test_columns_that_are_kept_and_words(read, mappings):
    path = mappings(keep={"k": ["ship"]}, columns={"nav_status": "s", "ship_type": "p"})
    columns = table(
        3,
        k=pa.array(["ship", "buoy", None]),
        s=pa.array(["Moored", "", ""]),
        p=pa.array([70, 0, 0]),
    )
    got = read(parquet(columns), mappings=path)
    assert got.positions["nav_status"].tolist() == [5]
    assert got.statics["ship_type"].tolist() == [70]
    assert got.report.other_messages == {"buoy": 1, "no k": 1}


def test_a_public_layout_in_parquet(read):
    names = {"id": "MMSI", "t": "BaseDateTime", "y": "LAT", "x": "LON", "v": "SOG"}
    got = read(parquet({names[k]: v for k, v in table().items() if k in names}))
    assert got.report.format == "noaa-2015"
    assert len(got.positions) == 3


# What isn't read


def test_missing_columns(read, mappings):
    columns = table()
    del columns["x"]
    with pytest.raises(IngestError, match=r"looks like 'mine' .*has no column x") as error:
        read(parquet(columns), mappings=mappings())
    assert "id, t, y, v, n" in error.value.hint
    with pytest.raises(IngestError, match="unknown layout"):
        read(parquet({"a": [1], "b": [2]}))
    with pytest.raises(IngestError, match=r"mapping 'solent': .*Latitude_degrees"):
        read(parquet(columns), mapping="solent")


@pytest.mark.parametrize("y", [pa.array([[1.0]]), pa.array([{"a": 1.0}])])
def test_a_column_of_a_type_that_holds_no_value(read, mappings, y):
    with pytest.raises(IngestError, match="'y' holds"):
        read(parquet(table(1, y=y)), mappings=mappings())


def test_several_layouts(read, mappings):
    path = mappings()
    said = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**said, "other": said["mine"]}))
    with pytest.raises(IngestError, match="several layouts"):
        read(parquet(table()), mappings=path)
    assert read(parquet(table()), mappings=path, mapping="other").report.format == "other"


def test_parquet_in_an_archive(read, mappings):
    import gzip

    with pytest.raises(IngestError, match="Parquet file in an archive"):
        read(gzip.compress(parquet(table())), mappings=mappings())


def test_what_it_grows_to_is_bounded(read, mappings):
    content = parquet(table(2000, n=pa.array(["A" * 1000] * 2000)), use_dictionary=False)
    with pytest.raises(IngestError, match="too large"):
        read(content, mappings=mappings(), max_uncompressed_bytes=1_000_000)


@pytest.mark.parametrize("offset", [8, 8.0, "+08:00", "MYT"])
def test_what_stands_beside_times_and_places_counts_as_in_any_table(read, offset):
    """Sides, minutes and zones were passed by: what lies south was put north."""
    columns = {
        "mmsi": [533900001, 533900002],
        "time": ["2026-03-14 10:00:00"] * 2,
        "lat": [1, 2],
        "lat min": [30.0, 45.0],
        "N/S": ["S", "N"],
        "lon": [103.5, 103.5],
        "E/W": ["E", "W"],
        "UTC Offset": [offset] * 2,
    }
    got = read(parquet(columns))
    assert got.positions["lat"].tolist() == [-1.5, 2.75]
    assert got.positions["lon"].tolist() == [103.5, -103.5]
    assert set(got.positions["time"]) == {pd.Timestamp("2026-03-14T02:00:00Z")}


def test_a_name_that_isnt_utf8_costs_no_rows(read, mappings):
    """One name that a careless writer took from anywhere costs itself alone, as in CSV."""
    names = pa.array([b"GOOD", b"BAD \xff\xfe", None], pa.binary())
    as_text = pa.Array.from_buffers(pa.string(), 3, names.buffers())
    as_words = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0]), as_text[:2])
    for bad in (names, as_text, as_words, pa.compute.cast(names, pa.large_binary())):
        for options in ({}, {"use_dictionary": False}, {"row_group_size": 1}):
            got = read(parquet(table(n=bad), **options), mappings=mappings())
            assert not got.report.rejected
            assert len(got.positions) == 3
            assert {"GOOD", "BAD \ufffd\ufffd"} <= set(got.statics["name"])


@pytest.mark.parametrize("options", [{}, {"use_dictionary": False}, {"write_statistics": False}])
def test_a_table_without_rows_isnt_damaged(read, mappings, options):
    """An hour in which nothing was heard."""
    got = read(parquet(pa.table(table()).slice(0, 0), **options), mappings=mappings())
    assert got.report.rows_read == 0


# Damage


def test_cut_off(read, mappings):
    with pytest.raises(IngestError, match="damaged or cut off"):
        read(parquet(table())[:-20], mappings=mappings())


def test_rows_before_the_damage_land(read, mappings):
    content = bytearray(parquet(table(40_000), row_group_size=10_000, write_page_checksum=True))
    content[len(content) * 6 // 10 : len(content) * 6 // 10 + 500] = b"\xff" * 500
    got = read(bytes(content), mappings=mappings(), batch_rows=10_000)
    assert got.report.rejected == {"damaged archive": 1}
    assert 10_000 <= len(got.positions) < 40_000
    assert got.positions["source_offset"].tolist() == list(range(1, len(got.positions) + 1))


@SETTINGS
@given(data=st.data())
def test_damage_never_crashes(read, mappings, data):
    content = bytearray(parquet(table(30), row_group_size=10))
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(4, len(content) - 1))
        content[at : at + 1] = data.draw(st.binary(min_size=1, max_size=2))
    try:
        got = read(bytes(content), mappings=mappings())
    except SelatError as error:
        if not (error.message and error.hint):
            raise
    else:
        assert got.report.rows_read <= 31
