"""Reports read in the units of their files are those that were written."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from detectors.core import frames
from pipelines.store import positions
from pipelines.store.sections import Section, by_first_use, classes_of, in_order, joined, rows_of

START = pd.Timestamp("2026-01-06", tz="UTC").as_unit("us")


def reports(source, n, seed):
    """Some on the grids of AIS, some of a CSV, some on none; speeds and headings partly unsaid."""
    rng = np.random.default_rng(seed)
    lat = np.where(rng.random(n) < 0.5, rng.integers(0, 600_000, n) / 6e5, rng.uniform(0, 1, n))
    sog = np.where(rng.random(n) < 0.3, np.nan, rng.integers(0, 200, n) / 10)
    table = {
        "mmsi": 533000001 + rng.integers(0, 4, n),
        "time": START + pd.to_timedelta(rng.integers(0, 20, n), "h"),
        "lat": lat,
        "lon": np.round(100 + rng.random(n), 5),
        "sog_kn": sog,
        "cog_deg": np.nan,
        "heading_deg": np.where(sog > 5, 90.0, np.nan),
        "nav_status": 15,
        "msg_type": 1,
        "ais_class": np.where(rng.random(n) < 0.5, "B", "A"),
        "source": source,
        "source_offset": rng.permutation(n),
    }
    return frames.conform(pd.DataFrame(table), frames.POSITIONS)


@pytest.fixture
def written(tmp_path):
    """Two feeds of one date, a file each, and both as one frame."""
    files, whole = [], []
    for seed, source in enumerate(("b", "a")):
        frame = reports(source, 300, seed)
        encoded = positions.encode(frame, source)
        [(_, rows)] = positions.sorted_by_day([encoded])
        files.append(str(tmp_path / f"{source}.parquet"))
        positions.write(tmp_path / f"{source}.parquet", rows)
        whole.append(frame)
    return files, pd.concat(whole, ignore_index=True)


def test_what_is_read_is_what_was_written(written):
    files, whole = written
    until = START + pd.Timedelta(hours=12)
    section = Section(files, (533000001, 533000003), START, until)
    wanted = whole[(whole["mmsi"] < 533000003) & (whole["time"] < until)]
    expected = wanted.sort_values(["mmsi", "time", "source", "source_offset"], ignore_index=True)
    order = in_order([section])
    assert (section.mmsi[order] == expected["mmsi"]).all()
    for name in positions.GRIDS:
        np.testing.assert_array_equal(joined([section], name)[order], expected[name])
    made = {
        "verdict": np.zeros(len(order), "uint8"),
        "hull": np.ones(len(order), "uint8"),
        "shift_s": np.full(len(order), np.nan, "float32"),
    }
    rows = rows_of(section, order, made)
    other = positions.encode_judged(expected.assign(**made))
    for name in rows.column_names:
        assert rows[name].to_pylist() == other[name].to_pylist(), name
    assert list(classes_of(rows)) == expected["ais_class"].tolist()


def test_some_vessels_only_and_none(written):
    files, whole = written
    one = Section(files, (0, 10**9), START, only=np.array([533000002]))
    assert len(one) == (whole["mmsi"] == 533000002).sum()
    nothing = Section(files, (0, 10**9), START, only=np.array([1]))
    assert len(in_order([nothing])) == 0
    rows = rows_of(nothing, np.zeros(0, "int64"), {})
    assert rows.num_rows == 0
    assert len(classes_of(rows)) == 0


def test_words_are_in_the_order_of_their_first_use():
    words = pa.DictionaryArray.from_arrays(pa.array([2, 0, 2], pa.int32()), ["x", "unused", "y"])
    found = by_first_use(words)
    assert found.dictionary.to_pylist() == ["y", "x"]
    assert found.to_pylist() == ["y", "x", "y"]
