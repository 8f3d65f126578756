"""A receiver's clock that is off is put right in the store before a date is judged."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from detectors.core import frames
from detectors.kinematics.integrity import JUDGED, Verdict
from pipelines import store
from pipelines.detect import clocks
from pipelines.detect.days import refresh
from pipelines.store import positions
from tests.detectors.kinematics.integrity.conftest import as_positions
from tests.detectors.kinematics.integrity.test_receivers import HOURS, START_US, heard
from tests.pipelines.store.test_stations import Native

pytestmark = pytest.mark.slow

LATE_S = 240
MIDNIGHT = pd.Timestamp(START_US * 1_000, tz="UTC").as_unit("us")
WRONG = "R2"


@pytest.fixture(scope="module")
def received() -> tuple[pd.DataFrame, list[str]]:
    """Reports as they come, and by which receiver; that of one is late by `LATE_S`."""
    reports, receiver = heard(lambda r, t: float(LATE_S) if r == 2 else 0.0)
    return as_positions(reports, nav_status=0), [f"R{r}" for r in receiver]


def judged(root: Path, frame: pd.DataFrame, names: list[str], **how: Any) -> pd.DataFrame:
    native = positions.encode(frame, "").drop_columns("feed_key")
    kind = positions.SCHEMA.field("station").type
    native = native.append_column("station", pa.array(names, pa.string()).cast(kind))
    batch = Native(frame, frames.empty(frames.STATICS), native)
    with store.write(root) as writer:
        sha256 = hashlib.sha256(b"a").hexdigest()
        report = {"simulated": False, "rejected": {}}
        writer.add_feed("a", sha256=sha256, name="a", batches=[batch], report=report)
        refresh(writer, **how)
        writer.publish()
    with store.read(root) as reader:
        found = reader.judged_since(f"{MIDNIGHT:%Y-%m-%d}", MIDNIGHT)
    frames.validate(found, JUDGED)
    return found


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clocks") / "store"


@pytest.fixture(scope="module")
def whole(root: Path, received: Any) -> pd.DataFrame:
    return judged(root, *received)


def test_what_was_put_right_is_counted(root: Path, whole: pd.DataFrame) -> None:
    with store.read(root) as reader:
        [told] = reader.clocks_put_right("2026-01-01", "2026-12-31").values()
    assert list(told["clocks"]) == [WRONG]
    assert told["clocks"][WRONG]["late_s"] == pytest.approx(LATE_S, abs=20)
    assert told["clocks"][WRONG]["hours"] == pytest.approx(HOURS, abs=1.5)
    assert told["put_right"] == (whole["shift_s"].notna() & (whole["verdict"] == 0)).sum()


def test_what_it_heard_has_the_time_of_its_reception(received: Any, whole: pd.DataFrame) -> None:
    frame, names = received
    known = whole.set_index("source_offset")
    late_s = (frame["time"] - known["time"].reindex(frame["source_offset"])) / pd.Timedelta("1s")
    off = np.array([name == WRONG for name in names])
    right = np.abs(late_s.to_numpy() - LATE_S) <= 15
    assert right[off].mean() > 0.9
    assert (late_s.to_numpy()[~off] == 0).all()
    taken_s = known["shift_s"].reindex(frame["source_offset"]).to_numpy()
    assert taken_s[off & right] == pytest.approx(late_s.to_numpy()[off & right])
    assert whole["time"].max() <= MIDNIGHT + pd.Timedelta(hours=HOURS, minutes=5)
    assert (whole["verdict"] == Verdict.SOUND).mean() > 0.98


def test_it_is_the_same_in_parts_of_vessels(
    tmp_path: Path, root: Path, received: Any, whole: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.detect.memory.rows_in", lambda *a: len(whole) // 3)
    parts = judged(tmp_path / "store", *received)
    pd.testing.assert_frame_equal(parts, whole)
    told = []
    for each in (root, tmp_path / "store"):
        with store.read(each) as reader:
            told.append(reader.clocks_put_right("2026-01-01", "2026-12-31"))
    assert told[0] == told[1]


def test_some_vessels_tell_it_where_there_are_many(
    tmp_path: Path, received: Any, whole: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clocks, "MOST_REPORTS", len(whole) // 4)
    some = judged(tmp_path / "store", *received)
    right = some.set_index("source_offset")["time"]
    apart_s = (right - whole.set_index("source_offset")["time"]).abs() / pd.Timedelta("1s")
    assert (apart_s <= 30).mean() > 0.9


def test_without_names_of_receivers_nothing_is_moved(tmp_path: Path, received: Any) -> None:
    frame, _ = received
    found = judged(tmp_path / "store", frame, [""] * len(frame)).set_index("source_offset")
    sent = frame.set_index("source_offset")["time"]
    assert (found["time"] == sent.reindex(found.index)).all()
