"""Which station received a report: kept with it, learned from, and unknown in older files."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from detectors.core import frames
from pipelines import store
from pipelines.base.files import sha256_of
from pipelines.detect.days import refresh
from pipelines.store import positions
from pipelines.store.check import check
from tests.pipelines.store.conftest import batch

pytestmark = pytest.mark.slow

SINCE, UNTIL = pd.Timestamp("2026-01-05", tz="UTC"), pd.Timestamp("2026-01-10", tz="UTC")


@dataclass
class Native:
    """A batch whose positions come in the store's columns, with the stations that received them."""

    positions: pd.DataFrame
    statics: pd.DataFrame
    native: pa.Table


def named(batch: Any, *stations: str | None) -> Native:
    """A batch whose reports were received by these stations in turn, None: not said by which."""
    native = positions.encode(batch.positions, "").drop_columns("feed_key")
    words = [stations[k % len(stations)] for k in range(len(native))]
    kind = positions.SCHEMA.field("station").type
    native = native.append_column("station", pa.array(words, pa.string()).cast(kind))
    return Native(batch.positions, batch.statics, native)


def made(root: Path, **batches: Any) -> Path:
    with store.write(root) as writer:
        for key, batch in batches.items():
            report = {"simulated": False}
            writer.add_feed(key, sha256=key, name=key, batches=[batch], report=report)
        refresh(writer)
        writer.publish()
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A store of a feed that names stations and of one that doesn't."""
    heard = named(batch([533000001, 533000002], source="aa"), "X", "X", None, "Y")
    return made(tmp_path / "store", a=heard, b=batch([533000003], source="bb"))


def paths_of(reader: Any) -> list[str]:
    return list(reader.sql("SELECT path FROM files ORDER BY path")["path"])


def counts(receptions: pd.DataFrame) -> dict[str, int]:
    return dict(receptions["station"].value_counts())


def test_each_report_keeps_the_station_that_received_it(root: Path) -> None:
    with store.read(root) as reader:
        received = reader.receptions(paths_of(reader), SINCE)
        frames.validate(received, frames.RECEPTIONS)
        assert counts(received) == {"X": 216, "Y": 108}  # 432 reports in turn, a quarter unsaid
        assert set(received["mmsi"]) == {533000001, 533000002}
        learned = reader.coverage(SINCE, UNTIL).receivers
        assert learned.groupby("station")["reports"].sum().to_dict() == {"X": 216, "Y": 108}
    assert check(root) == []


def test_copies_count_for_each_station(tmp_path: Path) -> None:
    one = batch([533000001], source="aa")
    again = batch([533000001], source="bb")
    root = made(tmp_path / "store", a=named(one, "X"), b=named(again, "Y"))
    with store.read(root) as reader:
        cells = reader.coverage(SINCE, UNTIL)
        assert cells.cells["reports"].sum() == 216  # one transmission each
        assert cells.receivers.groupby("station")["reports"].sum().to_dict() == {"X": 216, "Y": 216}


def test_compaction_keeps_stations(root: Path) -> None:
    with store.read(root) as reader:
        before = reader.receptions(paths_of(reader), SINCE)
    store.compact(root)
    with store.read(root) as reader:
        after = reader.receptions(paths_of(reader), SINCE)
    by = list(frames.RECEPTIONS)
    pd.testing.assert_frame_equal(
        after.sort_values(by, ignore_index=True), before.sort_values(by, ignore_index=True)
    )
    assert check(root) == []


def test_files_of_before_stations_were_kept_are_read_with_newer_ones(tmp_path: Path) -> None:
    older = made(tmp_path / "older", a=batch([533000001], source="aa"))
    for path in (older / "positions").glob("*/*.parquet"):
        table = pq.read_table(path).drop_columns("station")
        pq.write_table(table, path)
        with store.write(older) as writer:
            writer._connection.execute(
                "UPDATE files SET bytes = $bytes, sha256 = $sha256 WHERE path = $path",
                {
                    "bytes": path.stat().st_size,
                    "sha256": sha256_of(path),
                    "path": str(path.relative_to(older)),
                },
            )
            writer.publish()
    assert check(older) == []
    with store.read(older) as reader:
        assert reader.receptions(paths_of(reader), SINCE).empty
    mixed = Path(shutil.copytree(older, tmp_path / "mixed"))
    made(mixed, b=named(batch([533000002], source="bb"), "X"))
    for compacted in (False, True):
        if compacted:
            store.compact(mixed)
        assert check(mixed) == []
        with store.read(mixed) as reader:
            reach = pd.DataFrame({"mmsi": [533000001, 533000002], "reach_time": SINCE})
            rows = reader.positions(reader.need(reach), UNTIL)
            assert rows["mmsi"].value_counts().to_dict() == {533000001: 216, 533000002: 216}
            assert counts(reader.receptions(paths_of(reader), SINCE)) == {"X": 216}
            assert set(reader.coverage(SINCE, UNTIL).receivers["station"]) == {"X"}


def test_a_feed_that_is_deleted_takes_what_its_stations_heard_along(root: Path) -> None:
    store.delete_feed(root, "a")
    with store.write(root) as writer:
        refresh(writer)
        writer.publish()
    with store.read(root) as reader:
        assert reader.coverage(SINCE, UNTIL).receivers.empty
