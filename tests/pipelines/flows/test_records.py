"""Prefect's database of a home, begun as a copy of one that its migrations made."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.flows import records


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where an installation that has kept nothing yet would keep it."""
    place = tmp_path / "installation" / "kept.db"
    monkeypatch.setattr(records, "kept", lambda: place)
    return place


def folder_of(place: Path, schema: str | None = None) -> Path:
    place.mkdir()
    if schema is not None:
        with closing(sqlite3.connect(place / "prefect.db")) as database, database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("CREATE TABLE alembic_version (version_num)")
            database.execute("INSERT INTO alembic_version VALUES (?)", [schema])
    return place


def schema_of(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "prefect.db")) as database:
        return str(database.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def test_the_first_home_is_migrated_and_the_next_begins_with_a_copy(
    kept: Path, tmp_path: Path
) -> None:
    assert records.begin(folder_of(tmp_path / "none")) == {}
    assert not records.is_there(tmp_path / "none")
    records.keep(folder_of(tmp_path / "first", "b"))
    assert kept.exists()
    settings = records.begin(folder_of(tmp_path / "next"))
    assert settings["PREFECT_SERVER_DATABASE_MIGRATE_ON_START"] == "false"
    assert schema_of(tmp_path / "next") == "b"
    assert (tmp_path / "next" / "prefect.db").stat().st_mode & 0o077 == 0
    assert [path.name for path in (tmp_path / "next").iterdir()] == ["prefect.db"]
    assert list(kept.parent.iterdir()) == [kept]


def test_a_database_of_another_schema_is_migrated_and_not_replaced(
    kept: Path, tmp_path: Path
) -> None:
    records.keep(folder_of(tmp_path / "first", "b"))
    old = folder_of(tmp_path / "old", "a")
    assert records.begin(old) == {}
    assert schema_of(old) == "a"


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0 and nothing else", b"x" * 9000])
def test_what_is_kept_and_is_no_database_counts_as_nothing(
    kept: Path, tmp_path: Path, content: bytes
) -> None:
    kept.parent.mkdir()
    kept.write_bytes(content)
    assert records.begin(folder_of(tmp_path / "home")) == {}
    assert not records.is_there(tmp_path / "home")


def test_where_nothing_can_be_kept_nothing_is(kept: Path, tmp_path: Path) -> None:
    kept.parent.write_text("a file where the folder should be\n", encoding="utf-8")
    records.keep(folder_of(tmp_path / "first", "b"))
    assert records.begin(folder_of(tmp_path / "next")) == {}


def test_a_server_keeps_what_its_migrations_made(with_records: Callable[[Path], Path]) -> None:
    with closing(sqlite3.connect(f"{records.kept().as_uri()}?mode=ro", uri=True)) as database:
        (recorded,) = database.execute("SELECT count(*) FROM flow_run").fetchone()
        (known,) = database.execute("SELECT count(*) FROM block_type").fetchone()
    assert recorded == 0
    assert known > 10
