"""Stores of older versions: read, migrated after a copy, never lost; newer ones refused."""

import errno
import json
import math
import os
import sys
import tarfile
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from pipelines import store
from pipelines.assess.incidents.beside import PARTS
from pipelines.base.settings import StoreSettings
from pipelines.store import StoreError, catalogue, migrations, sql
from pipelines.store.catalogue import SCHEMA_VERSION
from pipelines.store.check import check

KEPT = Path(__file__).parent / "kept"
ARCHIVES = sorted(
    KEPT.glob("schema-*.tar.xz"), key=lambda path: int(path.name.split(".")[0].split("-")[1])
)
LATER = (
    "coverage_lying",
    "sighting_files",
    "sightings",
    "dispositions",
    "event_revisions",
    "operations",
    "feed_places",
    "late_reports",
    "track_files",
)

sys.path.append(str(KEPT))
from make import found_in  # noqa: E402


def unpacked(archive: Path, root: Path) -> Path:
    with tarfile.open(archive) as tar:
        tar.extractall(root, filter="data")
    return root


def change(root: Path, *statements: str) -> None:
    with duckdb.connect(str(root / "catalogue.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement)


def version(root: Path) -> int:
    with duckdb.connect(str(root / "catalogue.duckdb"), read_only=True) as connection:
        [(found,)] = connection.execute("SELECT schema_version FROM meta").fetchall()
    return int(found)


def layout(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, ...]]:
    query = "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
    return sorted(connection.execute(query).fetchall())


@pytest.fixture
def next_version(monkeypatch: pytest.MonkeyPatch) -> int:
    """As if the program were one version further: a column more in `operations`."""
    further = SCHEMA_VERSION + 1
    change = {"to_next": "ALTER TABLE operations ADD COLUMN commander VARCHAR DEFAULT 'nobody'"}
    known = sql.statement

    monkeypatch.setattr(migrations, "statement", lambda name: change.get(name) or known(name))
    monkeypatch.setattr(migrations, "MIGRATIONS", {**migrations.MIGRATIONS, further: ("to_next",)})
    monkeypatch.setattr(migrations, "SCHEMA_VERSION", further)
    monkeypatch.setattr(store, "SCHEMA_VERSION", further)
    return further


def test_there_is_a_store_of_this_version_to_keep() -> None:
    assert KEPT / f"schema-{SCHEMA_VERSION}.tar.xz" in ARCHIVES, "run tests/…/kept/make.py"


@pytest.mark.slow
@pytest.mark.parametrize(
    "archive",
    [
        pytest.param(one, marks=() if one in (ARCHIVES[0], ARCHIVES[-1]) else pytest.mark.prove)
        for one in ARCHIVES
    ],
    ids=lambda path: path.name.split(".")[0],
)
def test_every_kept_store_says_what_it_said(archive: Path, tmp_path: Path) -> None:
    root = unpacked(archive, tmp_path)
    said = json.loads(archive.with_name(archive.name.replace(".tar.xz", ".json")).read_text())
    before = (root / "catalogue.duckdb").read_bytes()
    assert json.loads(json.dumps(found_in(root))) == said
    assert (root / "catalogue.duckdb").read_bytes() == before  # reading changes nothing
    with store.write(root) as writer:
        assert writer.simulated == said["simulated"]
    assert version(root) == SCHEMA_VERSION
    assert json.loads(json.dumps(found_in(root))) == said
    assert check(root) == []


@pytest.mark.parametrize("first", range(migrations.OLDEST, SCHEMA_VERSION))
def test_migrations_end_where_a_new_store_begins(first: int) -> None:
    fresh, older = duckdb.connect(), duckdb.connect()
    catalogue.create(fresh)
    catalogue.create(older)
    for step in range(first + 1, SCHEMA_VERSION + 1):
        for table in (
            table for table in LATER if f"to_{step}_{table}" in migrations.MIGRATIONS[step]
        ):
            older.execute(f"DROP TABLE {table}")
    older.execute(f"UPDATE meta SET schema_version = {first}")
    migrations.migrate(older)
    assert layout(older) == layout(fresh)
    assert migrations.version_of(older) == SCHEMA_VERSION


def test_a_store_without_revisions_begins_with_what_it_knows(tmp_path: Path) -> None:
    root = unpacked(ARCHIVES[0], tmp_path)
    with store.read(root) as reader:
        before = reader.sql("SELECT * FROM event_revisions ORDER BY ALL")
    change(
        root,
        "DROP TABLE event_revisions",
        "DROP TABLE operations",
        "UPDATE meta SET schema_version = 3",
    )
    with store.read(root) as reader:
        pd.testing.assert_frame_equal(
            reader.sql("SELECT * FROM event_revisions ORDER BY ALL"), before
        )
    assert version(root) == 3


@pytest.mark.slow
def test_the_store_is_kept_as_it_was(
    tmp_path: Path, next_version: int, capsys: pytest.CaptureFixture[str]
) -> None:
    root = unpacked(ARCHIVES[-1], tmp_path / "store")
    old_bytes = (root / "catalogue.duckdb").read_bytes()
    said = found_in(root)
    with store.write(root) as writer:
        assert "commander" in writer.columns()["operations"]
        writer.publish()
    assert version(root) == next_version
    [kept] = (root / migrations.KEPT).iterdir()
    assert (kept / "catalogue.duckdb").read_bytes() == old_bytes
    assert str(kept) in capsys.readouterr().err
    # It is a store of its own, whose files outlive what is done to the other.
    for date in ("2026-01-05", "2026-01-06"):
        for path in (root / "positions" / f"date={date}").glob("*"):
            path.unlink()
    assert found_in(kept) == said
    with store.read(kept) as reader:
        reach = {"mmsi": [said["flags"][0][0]], "reach_time": pd.Timestamp("2026-01-05", tz="UTC")}
        need = reader.need(pd.DataFrame(reach))
        assert len(reader.tracked(need, pd.Timestamp("2026-01-07", tz="UTC")))


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["keep", "migrate", "swap"])
def test_a_migration_cut_off_anywhere_is_done_again(
    tmp_path: Path, next_version: int, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    root = unpacked(ARCHIVES[-1], tmp_path / "store")
    said = found_in(root)

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if moment == "keep":
            patch.setattr(migrations.os, "link", cut_off)
        elif moment == "migrate":
            patch.setattr(migrations, "migrate", cut_off)
        else:
            patch.setattr(catalogue, "swap", cut_off)
        with pytest.raises(KeyboardInterrupt), store.write(root):
            pass
    assert version(root) == next_version - 1
    with store.write(root):
        pass
    assert version(root) == next_version
    assert found_in(root) == said
    assert len(list((root / migrations.KEPT).iterdir())) == 1
    assert not list(root.glob("work*"))
    assert not list(root.glob("*.new"))


def test_a_failing_migration_changes_nothing(
    tmp_path: Path, next_version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = unpacked(ARCHIVES[-1], tmp_path / "store")
    broken = {next_version: ("to_5_operations", "to_next", "no such file")}
    monkeypatch.setattr(migrations, "MIGRATIONS", broken)
    before = (root / "catalogue.duckdb").read_bytes()
    with pytest.raises(FileNotFoundError), store.write(root):
        pass
    assert (root / "catalogue.duckdb").read_bytes() == before


def test_an_older_program_refuses_a_newer_store(tmp_path: Path) -> None:
    root = unpacked(ARCHIVES[-1], tmp_path)
    change(root, "UPDATE meta SET schema_version = 99")
    before = (root / "catalogue.duckdb").read_bytes()
    for use in (store.read, store.write):
        with pytest.raises(StoreError, match=r"99.* newer Selat") as refused, use(root):
            pass
        assert "update Selat" in refused.value.hint
    assert (root / "catalogue.duckdb").read_bytes() == before


def test_a_store_too_old_says_so(tmp_path: Path) -> None:
    root = unpacked(ARCHIVES[-1], tmp_path)
    change(root, "UPDATE meta SET schema_version = 1")
    with pytest.raises(StoreError, match="version 1, too old"), store.read(root):
        pass


def test_what_a_score_is_made_of_becomes_data(tmp_path: Path) -> None:
    with store.read(unpacked(KEPT / "schema-10.tar.xz", tmp_path)) as reader:
        run = reader.last_run()
        assert run is not None
        told = reader.incidents(run["run_id"])
    parts = [json.loads(text) for text in told["made_of"]]
    assert all(parts)
    assert [
        score
        for score, own in zip(told["score"], parts, strict=True)
        if abs(1 - math.prod(1 - one["score"] for one in own) - score) > 0.01
    ] == []
    assert {one["kind"] for own in parts for one in own} <= {name.split()[0] for name in PARTS}


def test_what_was_written_by_others_becomes_data_too(tmp_path: Path) -> None:
    """No part of what isn't one, none of nothing, and a long text is read once."""
    root = unpacked(KEPT / "schema-10.tar.xz", tmp_path)
    long = "gap " + "0.10 of 0.10: " * 100_000 + "\n"
    with duckdb.connect(str(root / "catalogue.duckdb")) as connection:
        ids = [
            i
            for (i,) in connection.execute("SELECT DISTINCT incident_id FROM incidents").fetchall()
        ]
        given = dict(zip(ids, [None, "[{", long, "<script>", "gap 9.9 | gap 0.10"], strict=False))
        for key, text in given.items():
            connection.execute(
                "UPDATE incidents SET made_of = $t WHERE incident_id = $i", {"t": text, "i": key}
            )
    with store.read(root) as reader:
        found = reader.sql("SELECT DISTINCT incident_id, made_of FROM incidents")
    told = dict(zip(found["incident_id"], map(json.loads, found["made_of"]), strict=True))
    kinds = {str(given[key])[:5]: [one["kind"] for one in told[key]] for key in given}
    whole = {"None": [], "[{": [], "gap 0": ["gap"], "<scri": [], "gap 9": ["gap"]}
    assert kinds == {key: whole[key] for key in kinds}
    assert len(kinds) > 2


@pytest.mark.slow
@pytest.mark.parametrize("place", ["share"], indirect=True)
def test_a_store_elsewhere_is_migrated_there(
    place: StoreSettings, tmp_path: Path, next_version: int
) -> None:
    """Else each machine that reads it would go on from what was before."""
    here = unpacked(ARCHIVES[-1], tmp_path / "here")
    with store.write(here, place):
        pass
    with store.read(tmp_path / "other", place):
        pass
    assert version(tmp_path / "other") == next_version


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        (None, "says no version"),
        ((), "says 0 versions"),
        ((SCHEMA_VERSION, SCHEMA_VERSION), "says 2 versions"),
    ],
)
def test_a_catalogue_with_no_version_or_two_is_not_guessed_at(
    versions: tuple[int, ...] | None, said: str
) -> None:
    with duckdb.connect() as connection:
        if versions is not None:
            connection.execute("CREATE TABLE meta (schema_version INTEGER)")
        for one in versions or ():
            connection.execute("INSERT INTO meta VALUES (?)", [one])
        with pytest.raises(StoreError, match=said):
            migrations.version_of(connection)


def test_a_full_disk_is_told_where_it_is_and_keeps_no_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = unpacked(ARCHIVES[0], tmp_path / "store")
    before = sorted(root.rglob("*"))

    def fills(_: Path, to: Path) -> None:
        to.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(store, "copy_file", fills)
        with pytest.raises(store.DiskFullError, match="to read") as told, store.read(root):
            pass
        assert "TMPDIR" in told.value.hint
        full.setattr(migrations, "copy_file", fills)
        with pytest.raises(store.DiskFullError), store.write(root):
            pass
    left = {path.relative_to(root).as_posix() for path in set(root.rglob("*")) - {*before}}
    assert left == {"before-migration", "writer.lock"}
    with store.write(root):
        pass
    assert version(root) == SCHEMA_VERSION
