"""Positions in the units of AIS: the store takes them as they are, and it makes no difference."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from detectors.core import frames
from detectors.core.errors import FrameError
from pipelines.ingest import Batch, FeedFile, IngestOptions, decode
from pipelines.ingest.aivdm import NATIVE
from pipelines.store import positions
from tests.pipelines.ingest.conftest import sentences, tagged


@pytest.fixture
def batches(tmp_path):
    """A feed with every kind of position report and of "not available"."""
    rng = np.random.default_rng(3)
    lines = []
    for number in range(300):
        fields = {"msg_type": (1, 2, 3, 18, 19, 27)[number % 6], "mmsi": 533000000 + number % 50}
        unknown = (
            {"speed": 63, "course": 511}
            if number % 6 == 5
            else {"speed": 102.3, "course": 360.0, "heading": 511}
        )
        fields |= (
            unknown
            if number % 4 == 0
            else {"speed": int(rng.integers(0, 62)), "course": float(rng.integers(0, 360))}
        )
        place = {"lat": rng.uniform(-90, 90), "lon": rng.uniform(-180, 180)}
        lines.append(tagged(sentences(**fields, **place), 1_700_000_000 + number))
    path = tmp_path / "feed"
    path.write_text("".join(lines))
    feed = FeedFile(path, "feed", hashlib.sha256(path.read_bytes()).hexdigest())
    return list(decode(feed, IngestOptions(batch_rows=90)))


def test_the_store_has_the_same_rows_from_whole_numbers_and_from_floats(batches):
    assert sum(len(batch.native) for batch in batches) == 300
    for batch in batches:
        assert batch.native.schema.equals(NATIVE)
        frames.validate(batch.positions, frames.POSITIONS)
        adopted = positions._complete(positions.adopt(batch.native, "key"), positions.SCHEMA)
        encoded = positions._complete(positions.encode(batch.positions, "key"), positions.SCHEMA)
        assert set(adopted["station"].to_pylist()) == {"r1"}  # frames don't say it
        for name in set(encoded.column_names) - {"station"}:
            assert adopted[name].to_pylist() == encoded[name].to_pylist(), name
        mmsi, time_us = batch.heard
        assert mmsi.tolist() == batch.positions["mmsi"].tolist()
        assert time_us.tolist() == frames.epoch_us(batch.positions["time"]).tolist()


def test_a_batch_of_frames_has_no_whole_numbers(batches):
    frame = batches[0].positions
    batch = Batch(frame, batches[0].statics)
    assert batch.native is None
    assert batch.positions is frame
    assert batch.heard[0].tolist() == frame["mmsi"].tolist()


def test_the_store_takes_no_other_columns(batches):
    native = batches[0].native
    with pytest.raises(FrameError, match="lat"):
        positions.adopt(native.rename_columns({"lat_x600000": "lat_x60"}), "key")
    at = native.column_names.index("time")
    with pytest.raises(FrameError, match="time"):
        positions.adopt(native.set_column(at, "time", native["source_offset"]), "key")


@pytest.mark.parametrize("span", [1, 5, 1000])
def test_rows_are_sorted_as_by_a_slow_sort(span):
    rng = np.random.default_rng(span)
    rows = 2_000
    day = pd.Timestamp("2026-01-05", tz="UTC").as_unit("us")
    frame = pd.DataFrame(
        {
            "mmsi": 533000000 + rng.integers(0, 3, rows),
            "time": day + pd.to_timedelta(rng.integers(0, span, rows) * 700, unit="us"),
            "source": rng.choice(["b", "a"], rows),
            "source_offset": rng.integers(0, 40, rows),
            "lat": 1.0,
            "lon": 2.0,
            "sog_kn": 1.0,
            "cog_deg": 2.0,
            "heading_deg": 3.0,
            "nav_status": 0,
            "msg_type": 1,
            "ais_class": "A",
        }
    )
    frame.loc[::2, "time"] += pd.Timedelta(days=span % 2)
    frame = frames.conform(frame, frames.POSITIONS)
    parts = [positions.encode(frame[:700].reset_index(drop=True), "f1")]
    parts.append(positions.encode(frame[700:].reset_index(drop=True), "f0"))
    got = [
        rows.select(list(positions.ORDER)).to_pylist() for _, rows in positions.sorted_by_day(parts)
    ]
    keys = [tuple(row.values()) for part in got for row in part]
    by_day = sorted(keys, key=lambda key: (key[1].date(), *key))
    assert keys == by_day
    assert len(keys) == rows
