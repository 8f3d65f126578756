"""Views answer what the store's own questions answer."""

import io
import json
from pathlib import Path

import pandas as pd
import pytest

from pipelines import store
from pipelines.base.settings import StoreSettings
from pipelines.store import views


def answer(home: Path, query: str) -> pd.DataFrame:
    return views.ask(home / "store", StoreSettings(), query).to_pandas()


@pytest.mark.parametrize("view", views.VIEWS)
def test_every_view_has_rows_and_columns(view: str, exercise_home: Path) -> None:
    found = answer(exercise_home, f"SELECT * FROM {view}")
    described = answer(exercise_home, f"DESCRIBE {view}")
    assert len(found) > 0
    assert list(described["column_name"]) == list(found.columns)


def test_views_agree_with_the_store(exercise_home: Path) -> None:
    with store.read(exercise_home / "store") as reader:
        run = reader.last_run()
        assert run is not None
        flags = reader.flags(run["run_id"])
        rows = int(reader.files_by_date()["rows"].sum())
        standing = reader.sql("SELECT event_id FROM events WHERE NOT retracted")["event_id"]
    flagged = answer(exercise_home, "SELECT mmsi, score FROM flagged ORDER BY rank")
    assert flagged["mmsi"].tolist() == flags["mmsi"].tolist()
    assert flagged["score"].tolist() == flags["score"].tolist()
    [count] = answer(exercise_home, "SELECT count(*) AS n FROM positions")["n"]
    assert count == rows
    assert set(answer(exercise_home, "SELECT event_id FROM events")["event_id"]) == set(standing)


def test_positions_are_degrees_and_knots(exercise_home: Path) -> None:
    found = answer(exercise_home, "SELECT * FROM positions")
    assert found["lat"].between(-1.5, 9).all()
    assert found["lon"].between(94, 106).all()
    assert found["sog_kn"].dropna().between(0, 102.3).all()


def test_a_store_without_positions_has_the_columns(tmp_path: Path) -> None:
    with store.write(tmp_path / "store"):
        pass
    assert answer(tmp_path, "SELECT * FROM positions").empty
    assert answer(tmp_path, "SELECT * FROM flagged").empty


def test_the_command_writes_tables_that_others_read(exercise_home: Path, selat, tmp_path) -> None:  # type: ignore[no-untyped-def]
    query = "SELECT rank, mmsi, score, last_seen FROM flagged"
    shown = selat("sql", query, "--home", exercise_home, "--csv")
    table = pd.read_csv(io.StringIO(shown.out))
    assert len(table) > 0
    assert pd.to_datetime(table["last_seen"]).notna().all()
    rows = json.loads(selat("sql", query, "--home", exercise_home, "--json").out)
    assert [row["mmsi"] for row in rows] == table["mmsi"].tolist()
    assert isinstance(rows[0]["score"], float)
    selat("sql", query, "--home", exercise_home, "--parquet", tmp_path / "flags.parquet")
    assert pd.read_parquet(tmp_path / "flags.parquet")["mmsi"].tolist() == table["mmsi"].tolist()


def test_times_of_csv_have_one_form(exercise_home: Path, selat) -> None:  # type: ignore[no-untyped-def]
    query = """SELECT * FROM (VALUES (TIMESTAMPTZ '2026-11-24 16:00:00+00', DATE '2026-11-24'),
        (TIMESTAMPTZ '2026-11-24 16:00:00.25+00', NULL)) AS of_both (time, day)"""
    assert selat("sql", query, "--home", exercise_home, "--csv").out.splitlines() == [
        "time,day",
        "2026-11-24T16:00:00.000000Z,2026-11-24",
        "2026-11-24T16:00:00.250000Z,",
    ]
