"""Files of positions: every value comes back bit for bit, rows in order, in few bytes."""

import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core import frames
from detectors.core.errors import FrameError
from pipelines.base.files import sha256_of
from pipelines.store import positions
from pipelines.store.sql import statement
from tests.making import reports

DAY_S = 86_400
START_S = 20_458 * DAY_S


def frame(**columns: object) -> pd.DataFrame:
    """Position reports with these columns, the others constant."""
    plain = {
        "mmsi": 533000001,
        "time": pd.Timestamp(START_S, unit="s", tz="UTC"),
        "lat": 4.0,
        "lon": 100.0,
        "nav_status": 0,
        "source_offset": 0,
    }
    return reports(**{**plain, **columns})


def read_back(rows: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """The rows after a trip through files, in the files' order."""
    paths = []
    for day, table in positions.sorted_by_day([positions.encode(rows, "key")]):
        paths.append(str(folder / f"{day}.parquet"))
        positions.write(Path(paths[-1]), table)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(statement("received"))
        query = "SELECT * FROM received($paths)"
        got = connection.sql(query, params={"paths": paths}).to_arrow_table().to_pandas()
    return frames.conform(got, frames.POSITIONS)


def assert_bits_equal(got: pd.DataFrame, given_: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(got, given_)
    for name in positions.GRIDS:
        one, other = got[name].to_numpy(), given_[name].to_numpy()
        there = ~np.isnan(other)
        np.testing.assert_array_equal(one[there].view("int64"), other[there].view("int64"))


def on_grid(per_unit: int, low: float, high: float) -> st.SearchStrategy[float]:
    return st.integers(int(low * per_unit), int(high * per_unit)).map(lambda k: k / per_unit)


def quantity(per_unit: int, low: float, high: float) -> st.SearchStrategy[float]:
    """Values as decoders, CSV files and hostile feeds give them."""
    return st.one_of(
        on_grid(per_unit, low, high),
        st.integers(0, 8).flatmap(lambda d: on_grid(10**d, low, high)),
        st.floats(low, high),
        st.sampled_from([low, high, 0.0, -0.0 if low <= 0 else low]),
    )


def or_nan(values: st.SearchStrategy[float]) -> st.SearchStrategy[float]:
    return values | st.just(float("nan"))


REPORT = st.fixed_dictionaries(
    {
        "mmsi": st.sampled_from([200000000, 533000001, 999999999]),
        "time": st.one_of(
            st.integers(0, 3 * DAY_S).map(lambda s: s * 1_000_000),
            st.integers(0, 3 * DAY_S * 1_000_000),
            st.integers(0, 3000),
        ),
        "lat": quantity(600_000, -90, 90),
        "lon": quantity(600_000, -180, 180),
        "sog_kn": or_nan(quantity(10, 0, 102.2)),
        "cog_deg": or_nan(quantity(10, 0, 359.9)),
        "heading_deg": or_nan(quantity(1, 0, 359)),
        "nav_status": st.integers(0, 15),
        "msg_type": st.integers(0, 27),
        "ais_class": st.sampled_from(["A", "B", ""]),
        "source": st.sampled_from(["aa", "bb", "é"]),
        "source_offset": st.integers(0, 2**62),
    }
)


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(st.lists(REPORT, min_size=1, max_size=60))
def test_every_value_comes_back_bit_for_bit(reports: list[dict[str, object]]) -> None:
    rows = pd.DataFrame(reports)
    rows["time"] = frames.from_epoch_us(rows["time"].to_numpy("int64") + START_S * 1_000_000)
    rows = frames.conform(rows, frames.POSITIONS)
    with tempfile.TemporaryDirectory() as folder:
        got = read_back(rows, Path(folder))
    order = rows.assign(day=rows["time"].dt.floor("D")).sort_values(
        ["day", "mmsi", "time", "source", "source_offset"], kind="stable", ignore_index=True
    )
    assert_bits_equal(got, order.drop(columns="day"))


@pytest.mark.parametrize(("name", "per_unit"), [("lat", 600_000), ("lon", 600_000)])
def test_all_that_ais_can_say_is_a_whole_number(name: str, per_unit: int) -> None:
    chance = np.random.default_rng(3)
    limit = 90 if name == "lat" else 180
    whole = chance.integers(-limit * per_unit, limit * per_unit, 200_000, endpoint=True)
    table = positions.encode(frame(**{name: whole / per_unit}), "k")
    assert name not in table.column_names
    np.testing.assert_array_equal(table[f"{name}_x{per_unit}"].to_numpy(), whole)


def test_all_speeds_courses_and_headings_are_whole_numbers() -> None:
    for name, per_unit, highest in (
        ("sog_kn", 10, 1022),
        ("cog_deg", 10, 3599),
        ("heading_deg", 1, 359),
    ):
        whole = np.arange(highest + 1)
        table = positions.encode(frame(**{name: whole / per_unit}), "k")
        assert name not in table.column_names
        np.testing.assert_array_equal(table[f"{name}_x{per_unit}"].to_numpy(), whole)


def test_message_27_fits_the_grid_of_the_others() -> None:
    tenths_of_a_minute = np.arange(-54_000, 54_001)
    table = positions.encode(frame(lat=tenths_of_a_minute / 600.0), "k")
    assert "lat" not in table.column_names


def test_decimal_degrees_are_whole_numbers_of_another_unit() -> None:
    decimals = np.arange(4_000_001, 4_000_400) / 1e6
    table = positions.encode(frame(lat=decimals), "k")
    assert "lat" not in table.column_names
    sevenths = np.arange(1, 100) / 7
    table = positions.encode(frame(lat=sevenths), "k")
    assert table["lat"].null_count < len(table)


def test_a_value_is_kept_in_one_form_whatever_is_beside_it() -> None:
    values = np.array([4.0, 4.123456, 4.1234567, 1 / 7, 2.5])
    together = positions.encode(frame(lat=values), "k")
    for k, value in enumerate(values):
        alone = positions.encode(frame(lat=[value]), "k")
        forms = {c for c in alone.column_names if c.startswith("lat")}
        there = {
            c for c in together.column_names if c.startswith("lat") and together[c][k].is_valid
        }
        assert forms == there


def test_the_day_ends_at_midnight_utc() -> None:
    midnight = START_S * 1_000_000 + DAY_S * 1_000_000
    time = frames.from_epoch_us(np.array([midnight - 1, midnight]))
    days = dict(positions.sorted_by_day([positions.encode(frame(time=time), "k")]))
    assert {day: len(rows) for day, rows in days.items()} == {20_458: 1, 20_459: 1}


def test_parts_with_other_forms_join(tmp_path: Path) -> None:
    parts = [
        positions.encode(frame(lat=[1 / 7], source="b"), "k"),
        positions.encode(frame(lat=[4.0], sog_kn=[1.5], source="a"), "k"),
    ]
    [(_, rows)] = positions.sorted_by_day(parts)
    count, digest = positions.write(tmp_path / "x.parquet", rows)
    assert count == 2
    assert digest == sha256_of(tmp_path / "x.parquet")
    back = pq.read_table(tmp_path / "x.parquet")
    assert back.schema.names == positions.SCHEMA.names
    assert back["source"].to_pylist() == ["a", "b"]
    assert back["lat"].to_pylist() == [None, 1 / 7]


def test_row_groups_are_bounded_whatever_the_batches(tmp_path: Path) -> None:
    n = positions.ROW_GROUP_ROWS
    rows = pa.concat_tables([positions.encode(frame(source_offset=np.arange(n // 2 + 7)), "k")] * 5)
    positions.write(tmp_path / "x.parquet", rows.to_batches(max_chunksize=99_999))
    metadata = pq.read_metadata(tmp_path / "x.parquet")
    sizes = [metadata.row_group(k).num_rows for k in range(metadata.num_row_groups)]
    assert sizes == [n, n, len(rows) - 2 * n]


def test_an_mmsi_has_nine_digits() -> None:
    with pytest.raises(FrameError, match="nine digits"):
        positions.encode(frame(mmsi=[2**40]), "k")
