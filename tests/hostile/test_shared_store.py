"""A catalogue of an opponent's, and a share that one writes to: nothing of ours is read or lost."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import store
from pipelines.base.files import write_text
from pipelines.base.settings import StoreSettings
from pipelines.store import StoreError, foreign
from pipelines.store.check import check
from pipelines.store.own_files import remove_older, write_here
from pipelines.store.pin import forget_superseded, pin
from pipelines.store.views import make_views
from tests.pipelines.store.conftest import add

AT_ONCE = {"grace_h": 0}


@pytest.fixture(scope="module")
def two_feeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A share with a store of two feeds, and the home of who wrote it, to be copied."""
    folder = tmp_path_factory.mktemp("two-feeds")
    settings = StoreSettings(url=str(folder / "share" / "selat"))
    add(folder / "here", settings, "a")
    add(folder / "here", settings, "b")
    return folder


@pytest.fixture
def share(two_feeds: Path, tmp_path: Path) -> StoreSettings:
    """A share with a store of two feeds, of one test."""
    for name in ("share", "here"):
        shutil.copytree(two_feeds / name, tmp_path / name)
    settings = StoreSettings(url=str(tmp_path / "share" / "selat"))
    (tmp_path / "here" / "place.json").write_text(json.dumps({"url": settings.url}))
    return settings.model_copy(update=AT_ONCE)


@pytest.fixture(scope="module")
def one_feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of one feed, on no share, to be copied."""
    root = tmp_path_factory.mktemp("one-feed")
    add(root, StoreSettings(), "a")
    return root


@pytest.fixture
def dear(tmp_path: Path) -> Path:
    """A file of ours that is none of the store's."""
    path = tmp_path / "ours" / "dear.txt"
    path.parent.mkdir()
    path.write_text("dear")
    return path


@contextmanager
def _changed(path: Path, *statements: str) -> Iterator[Path]:
    """Give a copy of a catalogue to which something was done."""
    work = path.with_name("changed.duckdb")
    shutil.copyfile(path, work)
    with duckdb.connect(str(work)) as connection:
        for one in statements:
            connection.execute(one)
    yield work


def _publish(share: StoreSettings, *statements: str) -> None:
    """Have a changed catalogue count on the share, as whoever writes there can."""
    latest = Path(share.url) / "latest.json"
    now = Path(share.url) / json.loads(latest.read_text())["catalogue"]
    with _changed(now, *statements) as work:
        digest = hashlib.sha256(work.read_bytes()).hexdigest()
        work.rename(now.with_name(f"{digest}.duckdb"))
    content = {"catalogue": f"catalogues/{digest}.duckdb", "sha256": digest}
    latest.write_text(json.dumps(content))


def _work(root: Path, share: StoreSettings) -> None:
    """Do what reads files of a store, and what removes some; each may be refused."""
    for do in (check, store.compact, store.compact):
        with suppress(StoreError, OSError, duckdb.Error):
            do(root, share)


OURS = hashlib.sha256(b"another's").hexdigest()
NAMING = {
    "files": "INSERT INTO files VALUES ('{path}', '2026-01-05', 1, 9, '{digest}')",
    "judged": "INSERT INTO track_files VALUES ('2026-01-05', '{path}', 1, 9, '{digest}')",
    "replaced": "INSERT INTO superseded VALUES ('{path}', '2020-01-01')",
    "runs": "INSERT INTO runs VALUES ('{path}', 1, '2026-01-05', '2026-01-06', 'complete', '')",
    "by another case": "ALTER TABLE files RENAME TO aside; ALTER TABLE aside RENAME TO FILES; "
    "INSERT INTO files VALUES ('{path}', '2026-01-05', 1, 9, '{digest}')",
}


@pytest.mark.parametrize("named", ["{dear}", "positions/date=2026-01-05/../../../ours/dear.txt"])
@pytest.mark.parametrize("table", NAMING)
def test_a_catalogue_names_files_of_its_store_alone(
    share: StoreSettings, dear: Path, tmp_path: Path, named: str, table: str
) -> None:
    """Else what it names is written over by what lies there by that name, or removed."""
    path = named.format(dear=dear)
    theirs = Path(f"{share.url}/{dear}")
    theirs.parent.mkdir(parents=True)
    theirs.write_text("another's")
    root = tmp_path / "other"
    (root / "positions" / "date=2026-01-05").mkdir(parents=True)
    _publish(share, NAMING[table].format(path=path, digest=OURS))
    _work(root, share)
    assert dear.read_text() == "dear"
    with pytest.raises(StoreError, match="it names a file elsewhere"), store.read(root, share):
        pass


READING = {
    "a view": (
        "DROP TABLE operations",
        "CREATE VIEW operations AS SELECT content AS name FROM read_text('{dear}')",
    ),
    "a function": ("CREATE MACRO current_database() AS (SELECT content FROM read_text('{dear}'))",),
    "one that hides the others": (
        "CREATE MACRO coalesce(a, b) AS (SELECT content FROM read_text('{dear}'))",
        "CREATE MACRO duckdb_functions() AS TABLE SELECT 1 WHERE false",
    ),
    "one aside": ("CREATE SCHEMA x", "CREATE VIEW x.y AS SELECT * FROM read_text('{dear}')"),
    "a generated column": (
        "DROP TABLE superseded",
        "CREATE TABLE superseded(a VARCHAR, path VARCHAR GENERATED ALWAYS AS (current_query()))",
    ),
}


@pytest.mark.parametrize("what", READING)
def test_a_catalogue_holds_no_program(
    share: StoreSettings, dear: Path, tmp_path: Path, what: str
) -> None:
    """Else what only we may read is a column, which the next writer publishes."""
    statements = [one.format(dear=dear) for one in READING[what]]
    _publish(share, *statements)
    with pytest.raises(StoreError, match="it holds a program"), store.read(tmp_path / "o", share):
        pass
    own = tmp_path / "own"
    own.mkdir()
    with _changed(tmp_path / "here" / "catalogue.duckdb", *statements) as work:
        work.rename(own / "catalogue.duckdb")  # as a backup or a stick brings it
    with pytest.raises(StoreError, match="it holds a program"), store.write(own):
        pass
    with pytest.raises(StoreError, match="it holds a program"):
        forget_superseded(own, StoreSettings())


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("what", READING)
def test_who_reads_a_store_runs_no_program_of_it(
    one_feed: Path, dear: Path, tmp_path: Path, what: str, beside: bool
) -> None:
    """As who looks into another account's home, which may hold what only the looker may read.

    `beside`: what wasn't written into the catalogue yet, which DuckDB adds as it opens it.
    """
    root = Path(shutil.copytree(one_feed, tmp_path / "home"))
    with store.read(root) as reader:
        before = reader.sql("SELECT coalesce(NULL, path) AS path FROM files")
        tables = reader.columns()["files"]
    with duckdb.connect(str(root / "catalogue.duckdb")) as theirs:
        for one in READING[what]:
            theirs.execute(one.format(dear=dear))
        if beside:
            theirs.execute("PRAGMA disable_checkpoint_on_shutdown")
    assert (root / "catalogue.duckdb.wal").exists() == beside
    if any("VIEW" in one or "GENERATED" in one for one in READING[what]):
        with pytest.raises(StoreError, match="it holds a program"), store.read(root):
            pass
        if not beside:  # what is copied for a backup is the catalogue alone
            with pytest.raises(StoreError, match="it holds a program"):
                pin(root, tmp_path / "copy.duckdb", StoreSettings())
        return
    with store.read(root) as reader:
        now = reader.sql("SELECT coalesce(NULL, path) AS path FROM files")
        assert now.equals(before)
        assert reader.columns()["files"] == tables
        make_views(reader)
        assert reader.sql("SELECT coalesce(NULL, 'none') AS a")["a"].tolist() == ["none"]


def test_what_is_refused_is_fetched_once_and_what_was_made_here_not_looked_through(
    share: StoreSettings, dear: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large catalogue was fetched three times, to be refused each time."""
    looked: list[str] = []
    look = foreign._wrong_in

    def counted(connection: Any, database: str, *programs: str) -> str:
        looked.append(database)
        return look(connection, database, *programs)

    monkeypatch.setattr(foreign, "_wrong_in", counted)
    with store.write(tmp_path / "new"):
        assert looked == []
    _publish(share, *(one.format(dear=dear) for one in READING["a view"]))
    with pytest.raises(StoreError, match="it holds a program"), store.read(tmp_path / "o", share):
        pass
    assert len(looked) == 1


@pytest.mark.parametrize("table", NAMING)
def test_who_reads_a_store_is_led_to_no_other_file(
    one_feed: Path, tmp_path: Path, dear: Path, table: str
) -> None:
    root = Path(shutil.copytree(one_feed, tmp_path / "home"))
    with duckdb.connect(str(root / "catalogue.duckdb")) as theirs:
        theirs.execute(NAMING[table].format(path=dear, digest=OURS))
    with pytest.raises(StoreError, match="it names a file elsewhere"), store.read(root):
        pass


@pytest.mark.parametrize("brought", [False, True])
def test_what_takes_the_place_of_a_catalogue_that_is_known_is_looked_through(
    one_feed: Path, dear: Path, tmp_path: Path, brought: bool
) -> None:
    """A process that published one, or looked one through, knows it again, and no other."""
    root = Path(shutil.copytree(one_feed, tmp_path / "home"))
    if brought:
        with store.write(root):
            pass
    else:
        add(root, StoreSettings(), "b")
    published = root / "catalogue.duckdb"
    with _changed(published, *(one.format(dear=dear) for one in READING["a view"])) as work:
        os.utime(work, ns=(published.stat().st_atime_ns, published.stat().st_mtime_ns))
        work.rename(published)
    with pytest.raises(StoreError, match="it holds a program"), store.write(root):
        pass


@pytest.mark.parametrize(
    "text",
    ["", "5", "[" * 9000, '{"catalogue": "x", "sha256": "y"}', '{"catalogue": 5, "sha256": 6}'],
)
def test_a_note_of_what_counts_that_is_none_is_told(
    share: StoreSettings, tmp_path: Path, text: str
) -> None:
    """A share that lost its power leaves an empty one."""
    (Path(share.url) / "latest.json").write_text(text)
    with (
        pytest.raises(StoreError, match="json can't be read"),
        store.read(tmp_path / "other", share),
    ):
        pass


def test_a_link_on_a_share_leads_to_nothing_that_is_removed(
    share: StoreSettings, dear: Path, tmp_path: Path
) -> None:
    """What no catalogue names is removed: here that would be all that is in a folder of ours."""
    (Path(share.url) / "positions" / "date=2026-01-09").symlink_to(dear.parent)
    (tmp_path / "other" / "positions").mkdir(parents=True)
    (tmp_path / "other" / "positions" / "date=2026-01-09").symlink_to(dear.parent)
    _work(tmp_path / "other", share)
    assert dear.read_text() == "dear"
    name = "positions/date=2026-01-09/dear.txt"
    _publish(share, f"INSERT INTO superseded VALUES ('{name}', '2020-01-01')")
    _work(tmp_path / "other", share)
    assert dear.read_text() == "dear"
    with store.read(tmp_path / "other", share) as reader:
        assert reader.superseded() == []  # what could be removed was


def test_a_folder_among_the_files_keeps_nobody_from_writing(
    share: StoreSettings,
    tmp_path: Path,
) -> None:
    """As some network disks put beside every file what they know of it."""
    [date, *_] = (Path(share.url) / "positions").iterdir()
    (date / "@eaDir").mkdir()
    (date / "@eaDir" / "x").write_text("theirs")
    add(tmp_path / "here", share, "c")
    store.compact(tmp_path / "here", share)
    assert (date / "@eaDir" / "x").read_text() == "theirs"


def test_a_link_in_place_of_old_catalogues_leads_to_nothing_that_is_removed(
    share: StoreSettings, dear: Path, tmp_path: Path
) -> None:
    """Only the newest few catalogues stay: of a folder of ours little would be left."""
    catalogues = Path(share.url) / "catalogues"
    for path in catalogues.iterdir():
        path.rename(dear.with_name(path.name))
    ours = [dear.with_name(f"{n}.txt") for n in range(4)]
    for path in ours:
        path.write_text("dear")
    catalogues.rmdir()
    catalogues.symlink_to(dear.parent)
    before = set(dear.parent.iterdir())
    with pytest.raises(StoreError, match="is a link"), store.write(tmp_path / "here", share):
        pass
    remove_older(Path(share.url), "catalogues", "x", 1)  # had it been put there meanwhile
    assert set(dear.parent.iterdir()) == before


@pytest.mark.parametrize("name", ["positions/date=2026-01-06/x.parquet", "catalogues/x.duckdb"])
def test_nothing_is_written_where_a_link_leads(
    share: StoreSettings, dear: Path, tmp_path: Path, name: str
) -> None:
    """A file of a name that somebody else knows would turn up in a folder of ours."""
    folder = (Path(share.url) / name).parent
    shutil.rmtree(folder, ignore_errors=True)
    folder.symlink_to(dear.parent)
    with pytest.raises(OSError, match="Not a directory"):
        write_here(tmp_path / "here" / "catalogue.duckdb", Path(share.url), name)
    assert list(dear.parent.iterdir()) == [dear]


def test_a_date_that_is_a_link_takes_no_file(
    share: StoreSettings, dear: Path, tmp_path: Path
) -> None:
    [date, *_] = (Path(share.url) / "positions").iterdir()
    for path in date.iterdir():
        path.unlink()
    date.rmdir()
    date.symlink_to(dear.parent)
    with pytest.raises(StoreError, match="Not a directory"):
        add(tmp_path / "here", share, "c")
    assert list(dear.parent.iterdir()) == [dear]


def test_a_link_in_place_of_all_files_is_refused(share: StoreSettings, tmp_path: Path) -> None:
    """There the files of another store of ours may lie."""
    positions, elsewhere = Path(share.url) / "positions", tmp_path / "elsewhere"
    positions.rename(elsewhere)
    (elsewhere / "date=2025-01-01").mkdir()
    (elsewhere / "date=2025-01-01" / "dear.parquet").write_text("dear")
    positions.symlink_to(elsewhere)
    with pytest.raises(StoreError, match="is a link"), store.write(tmp_path / "here", share):
        pass
    assert (elsewhere / "date=2025-01-01" / "dear.parquet").read_text() == "dear"


def test_what_is_published_is_written_over_no_file_of_ours(
    share: StoreSettings,
    dear: Path,
    tmp_path: Path,
) -> None:
    (Path(share.url) / ".latest.json.new").symlink_to(dear)
    add(tmp_path / "here", share, "c")
    assert dear.read_text() == "dear"
    with store.read(tmp_path / "other", share) as reader:
        assert set(reader.ledger()["feed_key"]) == {"a", "b", "c"}


def test_a_link_that_waits_for_a_file_to_be_written_waits_in_vain(
    dear: Path, tmp_path: Path
) -> None:
    """On a partner's share, where packs go, it would have what it leads to written over."""
    out = tmp_path / "partners"
    out.mkdir()
    (out / f".pack.zip.age.{os.getpid()}.part").symlink_to(dear)
    write_text(out / "pack.zip.age", "for a partner")
    assert dear.read_text() == "dear"
    assert (out / "pack.zip.age").read_text() == "for a partner"
