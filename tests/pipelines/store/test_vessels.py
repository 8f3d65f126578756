"""What a vessel called itself, and when."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from detectors.core import frames
from pipelines import store
from pipelines.base.settings import load
from pipelines.store.kept import CALLED, keeping
from pipelines.store.queries import vessels
from pipelines.store.vessels import HISTORY
from tests.making import said

MMSI = 533000001


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC").as_unit("us")


def stated(*rows: dict[str, Any]) -> Any:
    """A feed of static reports alone; what isn't named isn't said."""

    class Batch:
        positions = frames.empty(frames.POSITIONS)
        statics = said(*({"mmsi": MMSI, **row} for row in rows))

    return Batch()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    early = stated(
        {"time": at("2026-01-05 10:00"), "name": "FIRST", "imo": 9074729, "draught_m": 9.5},
        {"time": at("2026-01-05 11:00"), "callsign": "9MAA1", "ship_type": 80, "length_m": 180.0},
        {"time": at("2026-01-06 10:00"), "name": "FIRST", "imo": 9074729, "draught_m": 12.0},
        {"time": at("2026-01-09 10:00"), "name": "SECOND", "imo": 9074728},
        {"time": at("2026-01-09 10:00"), "mmsi": 563000001, "name": "OTHER", "imo": 12_345_678},
    )
    late = stated(
        {"time": at("2026-01-07 10:00"), "name": "FIRST", "source": "bb"},
        {"time": at("2026-01-20 10:00"), "name": "FIRST", "source": "bb"},
    )
    report = {"simulated": False}
    with store.write(tmp_path) as writer:
        writer.add_feed("b", sha256="b", name="b", batches=[late], report=report)
        writer.add_feed("a", sha256="a", name="a", batches=[early], report=report)
    return tmp_path


def test_what_it_called_itself_then(root: Path) -> None:
    with store.read(root) as reader:
        before = reader.identity_at(MMSI, at("2026-01-05 09:59"))
        first = reader.identity_at(MMSI, at("2026-01-05 10:30"))
        second = reader.identity_at(MMSI, at("2026-01-10"))
        back = reader.identity_at(MMSI, at("2026-02-01"))
    assert (before.name, before.imo, before.ship_type, dict(before.stated)) == ("", 0, -1, {})
    assert (first.name, first.imo, first.imo_kind, first.callsign) == ("FIRST", 9074729, "imo", "")
    assert first.draught_m == 9.5
    assert np.isnan(first.length_m)
    assert (second.name, second.imo, second.imo_kind) == ("SECOND", 9074728, "invalid")
    assert (second.callsign, second.ship_type, second.length_m) == ("9MAA1", 80, 180.0)
    assert second.draught_m == 12.0
    assert second.stated["name"] == at("2026-01-09 10:00")
    assert second.stated["callsign"] == at("2026-01-05 11:00")
    assert back.name == "FIRST"
    assert back.imo == 9074728
    assert back.flag_state == "MYS"
    assert (back.first_seen, back.last_seen) == (at("2026-01-05 10:00"), at("2026-01-20 10:00"))
    # What came later wasn't known then.
    assert (before.first_seen, before.last_seen) == (None, None)
    assert second.last_seen == at("2026-01-09 10:00")


def test_agrees_with_the_vessels_of_a_run(root: Path) -> None:
    with store.read(root) as reader:
        for time in (at("2026-01-05 10:30"), at("2026-01-08"), at("2026-01-10"), at("2026-02-01")):
            for row in reader.vessels(time).to_dict("records"):
                identity = vars(reader.identity_at(row["mmsi"], time))
                for name, value in row.items():
                    np.testing.assert_equal(identity[name], value)


def test_history_has_a_span_for_each_value(root: Path) -> None:
    with store.read(root) as reader:
        history = reader.known_at(MMSI, at("2026-02-01"))[1]
        other = reader.known_at(563000001, at("2026-02-01"))[1]
    assert {name: str(history[name].dtype) for name in history} == {
        name: column.dtype for name, column in HISTORY.items()
    }
    names = history[history["field"] == "name"]
    assert list(names["value"]) == ["FIRST", "SECOND", "FIRST"]
    assert list(names["first_time"]) == [
        at("2026-01-05 10:00"),
        at("2026-01-09 10:00"),
        at("2026-01-20 10:00"),
    ]
    assert names["last_time"].iloc[0] == at("2026-01-07 10:00")
    assert list(names["reports"]) == [3, 1, 1]
    numbers = history[history["field"] == "imo"]
    assert list(numbers["value"]) == ["9074729", "9074728"]
    assert list(numbers["note"]) == ["", "check digit wrong"]
    assert list(history.loc[history["field"] == "draught_m", "value"]) == ["9.5", "12"]
    assert list(other.loc[other["field"] == "imo", "note"]) == ["number of the flag state"]
    assert set(history["field"]) == {
        "name",
        "callsign",
        "imo",
        "ship_type",
        "length_m",
        "draught_m",
        "ais_class",
    }


def test_a_vessel_never_heard(root: Path) -> None:
    with store.read(root) as reader:
        assert reader.known_at(999999999, at("2026-02-01"))[1].empty
        nobody = reader.identity_at(999999999, at("2026-02-01"))
    assert (nobody.first_seen, nobody.last_seen, nobody.name) == (None, None, "")


def test_static_data_are_summed_by_date_and_content(root: Path) -> None:
    with store.read(root) as reader:
        rows = reader.sql("SELECT * FROM statics WHERE name = 'FIRST' ORDER BY first_time")
    assert list(rows["date"]) == ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-20"]
    assert list(rows["feed_key"]) == ["a", "a", "b", "b"]


def test_two_hulls_under_one_mmsi_show_as_spans_that_overlap(tmp_path: Path) -> None:
    hours = pd.date_range("2026-01-05", periods=20, freq="h", tz="UTC").as_unit("us")
    feed = stated(*({"time": t, "name": "ABBA"[k % 2] * 3} for k, t in enumerate(hours)))
    with store.write(tmp_path) as writer:
        writer.add_feed("a", sha256="a", name="a", batches=[feed], report={"simulated": False})
    with store.read(tmp_path) as reader:
        names = reader.known_at(MMSI, at("2026-02-01"))[1].query("field == 'name'")
    assert sorted(names["value"]) == ["AAA", "BBB"]
    assert names["first_time"].max() < names["last_time"].min()


@pytest.mark.parametrize("most_rows", [10_000, 0])
def test_what_is_kept_of_names_is_what_all_feeds_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most_rows: int
) -> None:
    """Whatever came, went or was read again meanwhile, and up to whatever time it is asked."""
    monkeypatch.setattr(vessels, "MOST_ROWS", most_rows)
    times = [at(f"2026-01-{day:02} {hour:02}:30") for day in (5, 6, 7, 8) for hour in (10, 15)]

    def said(seed: int, *days: int) -> Any:
        draw = np.random.default_rng(seed)
        fields = {"name": ["A", "B", "C"], "imo": [9074729, 9074728], "draught_m": [7.5, 9.0]}
        rows = []
        for day in days:
            for hour in draw.integers(9, 17, 6):
                name = str(draw.choice(list(fields)))
                value = fields[name][draw.integers(len(fields[name]))]
                mmsi = MMSI + int(draw.integers(3))
                rows.append({"mmsi": mmsi, "time": at(f"2026-01-{day:02} {hour:02}"), name: value})
        return stated(*rows)

    def add(writer: store.Writer, key: str, batch: Any, *replaces: str, note: str = "") -> None:
        report = {"simulated": False, "note": note}
        kept = {"sha256": key, "name": key, "batches": [batch], "report": report}
        writer.add_feed(key, **kept, replaces=replaces)

    with keeping(2), store.write(tmp_path) as writer:
        for step in (
            lambda: add(writer, "a", said(1, 5)),
            lambda: add(writer, "b", said(2, 5, 6)),
            lambda: None,
            lambda: add(writer, "c", said(3, 7)),
            lambda: writer.delete_feed("a"),
            lambda: add(writer, "b", said(4, 6, 8), "b", note="read again"),
            lambda: add(writer, "d", said(5, 8)),
        ):
            step()
            for time in [*times, times[0], times[-1], times[-1]]:
                known, plain = writer.vessels(time), writer._ask("vessels", end=time)
                # Of a column without any text DuckDB's answer doesn't say that it is one.
                pd.testing.assert_frame_equal(known, plain, check_dtype=not plain.empty)
        writer.vessels(at("2026-01-09 00:00"))
        kept = CALLED.of(tmp_path)
        assert kept is not None
        assert {key for key, _ in kept.feeds} == {"b", "c", "d"}
    assert CALLED.of(tmp_path) is None


def test_events_are_counted_without_their_texts(small_home: Path) -> None:
    installation = load(small_home)
    with store.read(installation.store, installation.settings.store) as reader:
        window = at("2026-01-05 00:00"), at("2026-01-07 00:00")
        whole = reader.events_touching(*window, written=True)
        some = whole.loc[whole["score"] < 0.2, "event_id"].tolist()[:2]
        counted = reader.events_counted(*window, 0.2)
        also = reader.events_counted(*window, 0.2, some)
    texts = ["evidence", "explanation", "reason"]
    assert 0 < len(counted) < len(whole)
    assert len(some) == 2
    for found, ids in ((counted, []), (also, some)):
        own = whole[(whole["score"] >= 0.2) | whole["event_id"].isin(ids)].reset_index(drop=True)
        assert (found[texts] == "").all(axis=None)
        pd.testing.assert_frame_equal(found.drop(columns=texts), own.drop(columns=texts))
