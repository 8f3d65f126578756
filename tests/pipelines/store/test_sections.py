"""Reports read in the units of their files are those that were written."""

import shutil

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from detectors.core import frames
from detectors.kinematics import integrity
from pipelines.store import groups, positions, verdict_files
from pipelines.store.groups import group_of, groups_of, rows_in
from pipelines.store.judged_files import select
from pipelines.store.kept import COLUMNS, Kept, keeping
from pipelines.store.parted import Parted
from pipelines.store.sections import (
    FOREVER,
    Section,
    by_first_use,
    classes_of,
    groups_in,
    in_order,
    joined,
    rows_of,
    verdicts_of,
)
from tests import making

START = pd.Timestamp("2026-01-06", tz="UTC").as_unit("us")
EVERYBODY = (0, 10**9)
NO_TIME = np.datetime64("NaT", "us")


def reports(source, n, seed):
    """Some on the grids of AIS, some of a CSV, some on none; speeds and headings partly unsaid."""
    rng = np.random.default_rng(seed)
    lat = np.where(rng.random(n) < 0.5, rng.integers(0, 600_000, n) / 6e5, rng.uniform(0, 1, n))
    sog = np.where(rng.random(n) < 0.3, np.nan, rng.integers(0, 200, n) / 10)
    return making.reports(
        mmsi=533000001 + rng.integers(0, 4, n),
        time=START + pd.to_timedelta(rng.integers(0, 20, n), "h"),
        lat=lat,
        lon=np.round(100 + rng.random(n), 5),
        sog_kn=sog,
        heading_deg=np.where(sog > 5, 90.0, np.nan),
        ais_class=np.where(rng.random(n) < 0.5, "B", "A"),
        source=source,
        source_offset=rng.permutation(n),
    )


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


def section_of(files, vessels, until=FOREVER, only=None):
    return Section(groups_in(files, vessels, START, until), vessels, START, until, only)


def test_what_is_read_is_what_was_written(written):
    files, whole = written
    until = START + pd.Timedelta(hours=12)
    section = section_of(files, (533000001, 533000003), until)
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
    one = section_of(files, EVERYBODY, only=np.array([533000002]))
    assert len(one) == (whole["mmsi"] == 533000002).sum()
    nothing = section_of(files, EVERYBODY, only=np.array([1]))
    assert len(in_order([nothing])) == 0
    rows = rows_of(nothing, np.zeros(0, "int64"), {})
    assert rows.num_rows == 0
    assert len(classes_of(rows)) == 0


def test_words_are_in_the_order_of_their_first_use():
    words = pa.DictionaryArray.from_arrays(pa.array([2, 0, 2], pa.int32()), ["x", "unused", "y"])
    found = by_first_use(words)
    assert found.dictionary.to_pylist() == ["y", "x"]
    assert found.to_pylist() == ["y", "x", "y"]


@pytest.mark.parametrize("only", [None, np.array([533000001, 533000003])])
def test_read_once_and_laid_down_each_range_is_as_its_files_have_it(written, tmp_path, only):
    files, whole = written
    ranges = [(0, 533000002), (533000002, 533000003), (533000003, 10**9)]
    spans = [(START, START + pd.Timedelta(hours=6)), (START + pd.Timedelta(hours=6), FOREVER)]
    with Parted(tmp_path, ranges) as parted:
        for span in spans:
            parted.add(files, *span)
        parted.add([], *spans[0])
        for vessels in ranges:
            *found, nothing = parted.sections(vessels, only)
            assert len(nothing) == 0
            for section, (since, until) in zip(found, spans, strict=True):
                groups = groups_in(files, vessels, since, until)
                plain = Section(groups, vessels, since, until, only)
                assert len(section) == len(plain)
                for name in positions.JUDGED.names:
                    assert as_list(section.column(name)) == as_list(plain.column(name)), name
    assert sum(len(one) for one in found) < len(whole)


def as_list(column):
    """Return the values of a column, none where there is nothing but nulls."""
    values = [] if column is None else column.to_pylist()
    return values if any(value is not None for value in values) else []


def test_small_groups_read_whole_and_kept_are_those_read_by_column(tmp_path, written, monkeypatch):
    """Another file of the same name isn't taken for the one that was read, few are kept."""
    files, _ = written
    kept = Kept(groups.KEPT_BYTES)
    monkeypatch.setattr(groups, "_KEPT", kept)
    need = pd.DataFrame({"mmsi": [533000001, 533000002], "from_time": [START, START]})
    end = START + pd.Timedelta(hours=12)
    path = tmp_path / "judged-1.parquet"

    def read():
        return select(groups_of([str(path)], need, end), need, end).tracked.frame(frames.TRACKED)

    for file in (files[0], files[1], files[0]):
        section = section_of([file], EVERYBODY)
        rows = np.arange(len(section))
        made = {"verdict": np.zeros(len(rows), "uint8"), "hull": np.ones(len(rows), "uint8")}
        path.unlink(missing_ok=True)
        positions.write(path, rows_of(section, rows, made), positions.JUDGED)
        with monkeypatch.context() as none_small:
            none_small.setattr(groups, "FEW_ROWS", 0)
            by_column = read()
        assert len(by_column) > 0
        pd.testing.assert_frame_equal(read(), by_column)
        pd.testing.assert_frame_equal(read(), by_column)
        with keeping(2):
            pd.testing.assert_frame_equal(read(), by_column)
            with monkeypatch.context() as unread:
                unread.setattr(groups, "_reader", lambda *_: None)
                pd.testing.assert_frame_equal(read(), by_column)
        kept.most_bytes = 1
        assert len(kept._things) >= 1
    assert len(kept._things) == 1
    assert not COLUMNS._things


def test_a_quantity_is_each_value_in_the_first_form_that_it_has():
    table = pa.table(
        {
            "lat_x600000": pa.array([600_000, None, None, 1_200_000, None], pa.int32()),
            "lat_x10000000": pa.array([None, 12_345_678, None, None, None], pa.int32()),
            "lat": pa.array([9.0, 9.0, 0.123456789, None, None], pa.float64()),
        }
    )
    group = group_of(table)
    expected = np.array([1.0, 1.2345678, 0.123456789, 2.0, np.nan])
    np.testing.assert_array_equal(group.quantity("lat"), expected)
    rows = np.array([3, 1], "int32")
    np.testing.assert_array_equal(group.quantity("lat", rows), expected[rows])
    none = group_of(table.select(["lat"]).slice(4))
    np.testing.assert_array_equal(none.quantity("lat"), [np.nan])


@pytest.mark.parametrize("n_files", [1, 2])
@pytest.mark.parametrize("put_right", [False, True])
def test_verdicts_beside_the_reports_read_as_if_they_held_them(
    tmp_path, written, n_files, put_right
):
    files, _ = written
    files = files[:n_files]
    root, names = tmp_path / "store", []
    for number, file in enumerate(files):
        name = f"positions/date=2026-01-05/{number}.parquet"
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, root / name)
        names.append(name)
    section = section_of([str(root / name) for name in names], EVERYBODY)
    kept = in_order([section])[::2]  # as copies are left out
    time = section.time_us[kept].astype("datetime64[us]")
    late = np.arange(len(kept)) % 5 == 0 if put_right else np.zeros(len(kept), bool)
    made = {
        "verdict": np.arange(len(kept)).astype("uint8") % 3,
        "hull": (np.arange(len(kept)) % 7 > 0).astype("uint8"),
        "shift_s": np.where(late, 1.5, np.nan).astype("float32"),
        "time": np.where(late, time + np.timedelta64(1500, "ms"), time),
    }
    whole = root / "tracks/date=2026-01-05/judged-1.parquet"
    whole.parent.mkdir(parents=True)
    positions.write(whole, rows_of(section, kept, made), positions.JUDGED)
    beside = verdicts_of(section, kept, {**made, "time": np.where(late, made["time"], NO_TIME)})
    alone = whole.with_name("verdicts-1.parquet")
    noted = verdict_files.noted(beside, names)
    positions.write(alone, noted, verdict_files.schema_of(noted))
    assert alone.stat().st_size < whole.stat().st_size
    read = [section_of([str(path)], EVERYBODY).frame(integrity.JUDGED) for path in (whole, alone)]
    pd.testing.assert_frame_equal(*read)
    end = START + pd.Timedelta(hours=10)
    for vessels in ([533000002], sorted(set(section.mmsi.tolist()))):
        need = pd.DataFrame({"mmsi": vessels, "from_time": START})
        sides = [select(groups_of([str(path)], need, end), need, end) for path in (whole, alone)]
        assert min(len(sides[0].tracked), len(sides[0].aside)) > 0
        pd.testing.assert_frame_equal(*(side.tracked.frame(frames.TRACKED) for side in sides))
        pd.testing.assert_frame_equal(*(side.aside.frame(frames.NOISE) for side in sides))
    copied = pa.Table.from_batches(rows_in(str(alone)))
    assert copied["time"].to_pylist() == pq.read_table(whole, partitioning=None)["time"].to_pylist()
    some = np.arange(0, len(section_of([str(whole)], EVERYBODY, end)), 3)
    ranges = [(0, 533000002), (533000002, 10**9)]
    with Parted(tmp_path, ranges, ["mmsi", "time", "lat", "hull"]) as parted:
        parted.add([str(alone)], START, end)
        for vessels in (EVERYBODY, *ranges):
            one, other = (section_of([str(path)], vessels, end) for path in (whole, alone))
            assert 0 < len(one) == len(other) < len(section)
            own = some[some < len(one)]
            for name in ("lat", "source", "nav_status", "hull", "verdict"):
                expected = as_list(one.column(name))
                assert as_list(other.column(name)) == expected, name
                if len(expected):
                    assert as_list(other.column(name, own)) == [expected[k] for k in own], name
            if vessels in ranges:
                [laid] = parted.sections(vessels)
                assert (laid.time_us == one.time_us).all()
                for name in ("lat", "hull"):
                    assert as_list(laid.column(name)) == as_list(one.column(name)), name
                assert laid.column("source") is None
