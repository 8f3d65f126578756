"""Late and overlapping feeds: the same store whatever the order and the steps of ingest."""

import tempfile
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from detectors.core import frames
from detectors.kinematics.integrity.verdicts import MIN_SHIFT_S
from pipelines import store
from pipelines.detect import tail
from pipelines.detect.days import refresh
from pipelines.store.check import check
from tests.making import reports, said
from tests.pipelines.store.conftest import tables_of

pytestmark = pytest.mark.slow

START_US = 1_767_636_000_000_000
"""2026-01-05 18:00, so that feeds cross midnight."""
FOREVER = pd.Timestamp("2100-01-01", tz="UTC").as_unit("us")

# What is drawn is transmissions, and which feeds received each, when; a CSV's decimals differ.
TRANSMISSION = st.fixed_dictionaries(
    {
        "mmsi": st.sampled_from([533000001, 533000002]),
        "minute": st.integers(0, 12 * 60),
        "place": st.integers(0, 4),
        "sog": st.sampled_from([0, 0, 57, 120]),
        "heard": st.lists(
            st.tuples(st.integers(0, 3), st.sampled_from([0, 0, 1, 4, 9])), min_size=1, max_size=4
        ),
    }
)


class Feed:
    """A feed of frames, as `Writer.add_feed` takes it."""

    def __init__(self, key: str, rows: list[dict[str, Any]]) -> None:
        self.key = key
        columns = ["mmsi", "time", "lat", "sog_kn", "source_offset"]
        frame = pd.DataFrame(rows, columns=columns).astype({"mmsi": "int64", "time": "int64"})
        self.positions, self.statics = frames.empty(frames.POSITIONS), frames.empty(frames.STATICS)
        if rows:
            frame["time"] = frames.from_epoch_us(frame["time"].to_numpy())
            self.positions = reports(**frame, lon=100.25, nav_status=0, source=key * 2)
            about = {"name": f"SAID BY {key}", "ship_type": 70, "beam_m": 10.0, "source": key * 2}
            self.statics = said(*({**row, **about} for row in frame.to_dict("records")))


def feeds_of(transmissions: list[dict[str, Any]]) -> list[Feed]:
    rows: dict[int, list[dict[str, Any]]] = {k: [] for k in range(4)}
    for sent in transmissions:
        for receiver, delay_s in sent["heard"]:
            # Receiver 3 is a CSV: five decimals of a degree.
            whole = (4 * 60 + sent["place"] * 7) * 10_000 + sent["minute"]
            rows[receiver].append(
                {
                    "mmsi": sent["mmsi"],
                    "sog_kn": sent["sog"] / 10,
                    "lat": round(whole / 600_000, 5) if receiver == 3 else whole / 600_000,
                    "time": START_US + (sent["minute"] * 60 + delay_s) * 1_000_000,
                    "source_offset": len(rows[receiver]),
                }
            )
    return [Feed("abcd"[k], held) for k, held in rows.items()]


def ingest(root: Path, feeds: list[Feed], steps: list[str]) -> None:
    """Add feeds in their order, doing what each step says after each."""
    recent = tail.Recent()
    with store.write(root) as writer:
        for feed, step in zip(feeds, steps, strict=True):
            report = {"simulated": False, "positions": len(feed.positions)}
            writer.add_feed(feed.key, sha256=feed.key, name="", batches=[feed], report=report)
            if step == "compact":
                for date in list(writer.files_by_date()["date"]):
                    writer.compact(date)
            if step == "refresh" or (
                step == "tail" and not tail.extend(writer, recent, {feed.key})
            ):
                refresh(writer)
        refresh(writer)
        writer.publish()


def content(root: Path) -> dict[str, pd.DataFrame]:
    with store.read(root) as reader:
        found = tables_of(reader)
        mmsi = reader.sql("SELECT DISTINCT mmsi FROM presence ORDER BY mmsi")["mmsi"]
        reach = pd.DataFrame({"mmsi": mmsi.astype("int64"), "reach_time": FOREVER})
        for name, time in (("all", pd.Timestamp(0, tz="UTC").as_unit("us")), ("last day", FOREVER)):
            need = reader.need(reach.assign(reach_time=time))
            found[f"positions, {name}"] = reader.positions(need, FOREVER)
            found[f"tracked, {name}"] = reader.tracked(need, FOREVER)
        found["vessels"] = reader.vessels(FOREVER)
    return found


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(TRANSMISSION, min_size=1, max_size=40),
    st.permutations(range(4)),
    st.lists(st.sampled_from(["", "tail", "compact", "refresh"]), min_size=4, max_size=4),
)
@example(
    [
        {"mmsi": 533000001, "minute": 0, "place": 0, "sog": 0, "heard": [(receiver, 0)]}
        for receiver in (1, 0)
    ],
    [0, 1, 2, 3],
    ["", "", "", "compact"],
)
@example(  # one report, which the CSV rounds and another receiver dates nine seconds later
    [
        {"mmsi": 533000001, "minute": 137, "place": 0, "sog": 0, "heard": [(0, 0)]},
        {"mmsi": 533000001, "minute": 149, "place": 2, "sog": 120, "heard": [(3, 0), (2, 9)]},
    ],
    [0, 1, 2, 3],
    [""] * 4,
)
def test_same_rows_whatever_the_order_of_ingest(
    transmissions: list[dict[str, Any]], order: list[int], steps: list[str]
) -> None:
    feeds = feeds_of(transmissions)
    with tempfile.TemporaryDirectory() as folder:
        ingest(Path(folder) / "one", feeds, [""] * 4)
        ingest(Path(folder) / "other", [feeds[k] for k in order], steps)
        one, other = content(Path(folder) / "one"), content(Path(folder) / "other")
        assert check(Path(folder) / "other") == []
    for name, table in one.items():
        pd.testing.assert_frame_equal(table, other[name], obj=name)
    # And nothing is lost: what isn't there is a copy of what is.
    received = pd.concat([feed.positions for feed in feeds], ignore_index=True)
    said = ["mmsi", "lat", "lon"]
    kept = one["positions, all"]
    there = received.merge(kept[said].drop_duplicates(), on=said, how="left", indicator=True)
    lost = there[there["_merge"] == "left_only"].drop(columns="_merge")
    twins = lost.merge(kept[["mmsi", "time", "lat"]], on="mmsi", suffixes=("", "_kept"))
    late_s = (twins["time"] - twins["time_kept"]).dt.total_seconds()
    beside = (twins["lat"] - twins["lat_kept"]).abs() < 1e-4  # what a CSV's decimals leave out
    beside &= (late_s >= 0) & (late_s < MIN_SHIFT_S)
    assert set(map(tuple, lost[said].to_numpy())) <= set(
        map(tuple, twins.loc[beside, said].to_numpy())
    )
    assert set(map(tuple, kept[said].to_numpy())) <= set(map(tuple, received[said].to_numpy()))
    assert one["presence"]["reports"].sum() == len(received)
    assert one["statics"]["reports"].sum() == len(list(chain(*(f.statics.index for f in feeds))))


def test_a_report_that_another_receiver_dates_after_midnight_is_its_copy(tmp_path: Path) -> None:
    midnight_us = START_US + 6 * 3_600_000_000
    sent = {"mmsi": 533000001, "lat": 4.0, "sog_kn": 0.0, "source_offset": 0}
    feeds = [
        Feed(key, [{**sent, "time": midnight_us + second * 1_000_000}])
        for key, second in (("a", -2), ("b", 1))
    ]
    ingest(tmp_path, feeds, ["", ""])
    assert content(tmp_path)["positions, all"]["source"].tolist() == ["aa"]
