"""Compaction, deletion, replacement and the check: nothing is lost, nothing is left."""

import shutil
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from detectors.core.frames import DAY_US
from pipelines import store
from pipelines.base.files import sha256_of
from pipelines.base.settings import StoreSettings
from pipelines.detect.days import refresh
from pipelines.store import StoreError, Writer, positions
from pipelines.store.catalogue import TABLES, is_wasteful
from pipelines.store.check import StoreProblem, check
from tests.pipelines.store.conftest import assert_same, batch, content

pytestmark = pytest.mark.slow  # half a second each

NO_GRACE = StoreSettings(grace_h=0)


def add(writer: Writer, key: str, *batches: Any, **options: Any) -> None:
    report = {"simulated": False, "positions": sum(len(b.positions) for b in batches)}
    writer.add_feed(key, sha256=key, name=f"{key}.csv", batches=batches, report=report, **options)


def on_disk(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.glob("positions/*/*"))


def feeds_of() -> dict[str, Any]:
    return {
        "a": batch([533000001, 533000002], source="aa"),
        "b": batch([533000002, 533000003], source="bb", name="B"),
        "c": batch([533000001], source="cc", hours=50),
    }


@pytest.fixture
def feeds() -> dict[str, Any]:
    return feeds_of()


Made = Callable[[Path, str], Path]


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Stores of some feeds, each made once, not to be changed."""
    all_feeds = feeds_of()

    @cache
    def original(keys: str) -> Path:
        root = tmp_path_factory.mktemp(keys)
        with store.write(root) as writer:
            for key in keys:
                add(writer, key, all_feeds[key])
            refresh(writer)
            writer.publish()
        return root

    return original


@pytest.fixture
def made(originals: Callable[[str], Path]) -> Made:
    """Make a store of some feeds in a folder."""

    def copied(root: Path, keys: str) -> Path:
        return Path(shutil.copytree(originals(keys), root, dirs_exist_ok=True))

    return copied


@pytest.fixture
def root(made: Made, tmp_path: Path) -> Path:
    """A store of two feeds."""
    return made(tmp_path / "store", "ab")


# ---- compaction


def test_compaction_changes_no_row(tmp_path: Path, made: Made) -> None:
    root = made(tmp_path, "abc")
    before = content(root)
    merged = store.compact(root)
    assert list(merged["date"]) == ["2026-01-05", "2026-01-06", "2026-01-07"]
    assert list(merged["files"]) == [3, 3, 3]
    assert merged["rows"].sum() == len(before["received"])
    assert_same(content(root), before)
    with store.write(root) as writer:
        assert len(writer.sql("FROM files")) == 3
        assert refresh(writer) == 0
    assert store.compact(root).empty
    assert check(root) == []


def judged(root: Path) -> pd.DataFrame:
    """What was judged, of all dates."""
    with store.read(root) as reader:
        dates = reader.sql("SELECT DISTINCT date FROM track_files ORDER BY date")["date"]
        since = pd.Timestamp("2026-01-01", tz="UTC")
        return pd.concat([reader.judged_since(date, since) for date in dates], ignore_index=True)


@pytest.mark.parametrize("how", ["compact", "delete", "delete what is lost"])
def test_verdicts_stand_without_the_files_that_they_were_beside(
    tmp_path: Path, made: Made, how: str
) -> None:
    root = made(tmp_path, "abc")
    before = judged(root)
    assert {path.name.split("-")[0] for path in root.glob("tracks/*/*")} == {"verdicts"}
    if how == "compact":
        store.compact(root, NO_GRACE)
    else:
        if how != "delete":
            first_file(root).unlink()
        store.delete_feed(root, "a", settings=NO_GRACE)
    with store.write(root, NO_GRACE) as writer:
        named = list(writer.sql("SELECT date, path FROM track_files ORDER BY path")["date"])
        worked_out = refresh(writer) if how == "compact" else None
    lost = how == "delete what is lost"
    assert named == ["2026-01-05", "2026-01-06", "2026-01-07"][lost:]
    assert worked_out in (None, 0)
    after = judged(root)
    expected = before[(before["time"] >= "2026-01-06") | (not lost)].reset_index(drop=True)
    for name in ("source", "ais_class"):
        expected[name], after[name] = expected[name].astype(str), after[name].astype(str)
    pd.testing.assert_frame_equal(after, expected)
    assert check(root) == []


def test_compacted_files_are_in_order_and_read_the_same(tmp_path: Path, made: Made) -> None:
    root = made(tmp_path, "abc")
    store.compact(root)
    with store.read(root) as reader:
        paths = list(reader.sql("SELECT path FROM files")["path"])
    for path in paths:
        rows = pq.read_table(root / path).select(list(positions.ORDER)).to_pandas()
        expected = rows.astype({"source": str, "feed_key": str}).sort_values(list(positions.ORDER))
        assert list(rows.index) == list(expected.index)


def test_replaced_files_stay_for_a_grace_period(
    tmp_path: Path, feeds: dict[str, Any], made: Made
) -> None:
    root = made(tmp_path, "ab")
    old = on_disk(root)
    with store.read(root) as earlier:
        store.compact(root)
        assert set(old) < set(on_disk(root))
        need = pd.DataFrame(
            {"mmsi": [533000001], "reach_time": pd.Timestamp("2000-01-01", tz="UTC").as_unit("us")}
        )
        end = pd.Timestamp("2100-01-01", tz="UTC").as_unit("us")
        rows = earlier.positions(earlier.need(need), end)
        assert len(rows) == (feeds["a"].positions["mmsi"] == 533000001).sum()
    with store.write(root):
        assert set(old) < set(on_disk(root))
    with store.write(root, NO_GRACE):
        pass
    assert not set(old) & set(on_disk(root))
    with store.read(root) as reader:
        assert set(reader.files()) == set(on_disk(root))
        assert reader.superseded() == []
    assert check(root) == []


def test_one_process_can_read_two_generations(tmp_path: Path, feeds: dict[str, Any]) -> None:
    with store.write(tmp_path) as writer:
        add(writer, "a", feeds["a"])
        with store.read(tmp_path) as earlier:
            add(writer, "b", feeds["b"])
            with store.read(tmp_path) as later:
                assert [len(r.ledger()) for r in (earlier, later, earlier)] == [1, 2, 1]


# ---- deletion and replacement


@pytest.mark.parametrize(
    ("gone", "compacted"),
    [
        ("a", True),
        *(
            pytest.param(gone, compacted, marks=pytest.mark.prove)
            for gone, compacted in (
                *(("a", False), ("c", False), ("ab", False)),  # test_a_feed_comes_back_…
                *(("c", True), ("ab", True)),
            )
        ),
    ],
)
def test_deleting_a_feed_leaves_what_the_others_declared(
    tmp_path: Path, made: Made, gone: str, *, compacted: bool
) -> None:
    root = made(tmp_path / "all", "abc")
    if compacted:
        store.compact(root)
    store.delete_feed(root, *gone)
    with store.write(root) as writer:
        refresh(writer)
        writer.publish()
    kept = "".join(key for key in "abc" if key not in gone)
    assert_same(content(root), content(made(tmp_path / "kept", kept)))
    assert check(root) == []


def test_deleting_all_leaves_an_empty_store(tmp_path: Path, made: Made) -> None:
    root = made(tmp_path / "all", "ab")
    store.delete_feed(root, "a", "b")
    with store.read(root) as reader:
        assert reader.simulated is None
        for name in TABLES.keys() - {"meta", "superseded"}:
            assert reader.sql(f"FROM {name}").empty, name
    with store.write(root, NO_GRACE):
        pass
    assert on_disk(root) == []


def test_a_feed_comes_back_while_its_old_files_are_still_kept(
    tmp_path: Path, feeds: dict[str, Any], made: Made
) -> None:
    root = made(tmp_path, "ab")
    before, files = content(root), {path: (root / path).read_bytes() for path in on_disk(root)}
    store.delete_feed(root, "a")
    with store.write(root) as writer:
        add(writer, "a", feeds["a"])
        refresh(writer)
        writer.publish()
    assert_same(content(root), before)
    for path, was in files.items():
        assert (root / path).read_bytes() == was
    assert check(root) == []


def test_a_replacement_takes_the_place_of_a_feed_in_one_step(
    tmp_path: Path, feeds: dict[str, Any], made: Made
) -> None:
    root = made(tmp_path / "all", "ab")
    store.compact(root)
    with store.write(root) as writer:
        add(writer, "c", feeds["c"], replaces=["a"])
        refresh(writer)
        writer.publish()
    assert_same(content(root), content(made(tmp_path / "other", "bc")))
    assert check(root) == []


def test_an_unknown_feed_is_not_replaced_or_deleted(
    tmp_path: Path, feeds: dict[str, Any], made: Made
) -> None:
    root = made(tmp_path, "a")
    before, files = content(root), on_disk(root)
    with store.write(root) as writer:
        with pytest.raises(StoreError, match="no feed x"):
            writer.delete_feed("a", "x")
        with pytest.raises(StoreError, match="no feed x"):
            add(writer, "b", feeds["b"], replaces=["x"])
    assert_same(content(root), before)
    assert on_disk(root) == files


# ---- the check


def some(every: Iterable[str], *these: str) -> list[Any]:
    """All of them, of which `make test` tries these."""
    assert set(these) < set(every)
    return [pytest.param(one, marks=() if one in these else pytest.mark.prove) for one in every]


def words(problems: list[StoreProblem]) -> str:
    return "\n".join(f"{p.level} {p.where}: {p.message}" for p in problems)


def change(root: Path, statement: str) -> None:
    with store.write(root) as writer:
        writer._connection.execute(statement)
        writer.publish()


def first_file(root: Path) -> Path:
    return root / on_disk(root)[0]


def rewrite(root: Path, alter: Callable[[pa.Table], pa.Table]) -> None:
    """Change a file and let the catalogue know its size and hash."""
    path = first_file(root)
    pq.write_table(alter(pq.read_table(path)), path)
    change(
        root,
        f"UPDATE files SET bytes = {path.stat().st_size}, sha256 = '{sha256_of(path)}' "
        f"WHERE path = '{path.relative_to(root)}'",
    )


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[300] ^= 1
    path.write_bytes(content)


def backwards(table: pa.Table) -> pa.Table:
    return table.take(pa.array(range(len(table))[::-1]))


def next_day(table: pa.Table) -> pa.Table:
    time = table["time"].cast(pa.int64()).to_numpy() + DAY_US
    place = table.column_names.index("time")
    return table.set_column(place, "time", pa.array(time).cast(table["time"].type))


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing file": (lambda root: first_file(root).unlink(), "the file is missing"),
    "cut file": (lambda root: first_file(root).write_bytes(b"PAR1"), "has 4 bytes, not"),
    "flipped bit": (lambda root: flip(first_file(root)), "content has changed"),
    "other columns": (
        lambda root: rewrite(root, lambda table: table.drop_columns("lat")),
        "other columns",
    ),
    "fewer rows": (lambda root: rewrite(root, lambda table: table.slice(1)), "rows, not"),
    "wrong order": (lambda root: rewrite(root, backwards), "out of order"),
    "wrong date": (lambda root: rewrite(root, next_day), "of another date than 2026-01-05"),
    "rows of a feed": (
        lambda root: change(root, "UPDATE file_feeds SET rows = rows + 1"),
        "rows of each feed",
    ),
    "ledger count": (
        lambda root: change(root, "UPDATE ledger SET report = '{\"positions\": 7}'"),
        "7 positions were read",
    ),
    "ledger times": (
        lambda root: change(root, "UPDATE ledger SET first_time = NULL"),
        "first and last time",
    ),
    "lost run": (
        lambda root: change(root, "INSERT INTO run_feeds VALUES ('r', 'a')"),
        "1 values of run_id aren't in runs, the first is r",
    ),
    "lost feed": (
        lambda root: change(root, "DELETE FROM ledger WHERE feed_key = 'a'"),
        "aren't in ledger",
    ),
    "lost table": (lambda root: change(root, "DROP TABLE flags"), "no table"),
    "lost column": (
        lambda root: change(root, "ALTER TABLE flags DROP COLUMN rank"),
        "has the columns",
    ),
    "other version": (lambda root: change(root, "UPDATE meta SET schema_version = 1"), "version 1"),
    "broken catalogue": (
        lambda root: (root / "catalogue.duckdb").write_bytes(b"no database" * 1000),
        "can't be opened",
    ),
    "lost catalogue": (lambda root: (root / "catalogue.duckdb").unlink(), "is gone, but"),
}


@pytest.mark.parametrize(
    "name",
    some(
        DAMAGE,
        "missing file",
        "flipped bit",
        "wrong order",
        "lost run",
        "lost column",
        "broken catalogue",
    ),
)
def test_damage_is_found_and_not_mended_by_guessing(root: Path, name: str) -> None:
    damage, message = DAMAGE[name]
    damage(root)
    files = on_disk(root)
    problems = check(root, repair=True)
    assert message in words(problems)
    assert message in words(check(root))
    assert on_disk(root) == files


MENDABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "orphan": (
        lambda root: first_file(root).with_name("orphan.parquet").write_bytes(b"half"),
        "left over",
    ),
    "half a publish": (lambda root: (root / "catalogue.duckdb.new").write_bytes(b"half"), "left"),
    "work": (lambda root: (root / "work.duckdb.wal").write_bytes(b"half"), "left over"),
    "spill": (lambda root: (root / "spill-4194999").mkdir(), "left over"),
    "presence": (
        lambda root: change(root, "UPDATE presence SET reports = 1 WHERE mmsi = 533000001"),
        "who was heard",
    ),
    "presence of an empty date": (
        lambda root: change(
            root,
            "INSERT INTO presence SELECT * REPLACE ('2020-01-01' AS date) FROM presence LIMIT 1",
        ),
        "who was heard",
    ),
    "day without files": (
        lambda root: change(root, "INSERT INTO days VALUES ('2020-01-01', '', '', '{}')"),
        "1 dates without files",
    ),
    "tracks without day": (
        lambda root: change(root, "DELETE FROM days WHERE date = '2026-01-06'"),
        "1 dates without days",
    ),
    "judged file changed": (
        lambda root: next(root.glob("tracks/*/*.parquet")).write_bytes(b"PAR1"),
        "content has changed",
    ),
    "judged file lost": (
        lambda root: next(root.glob("tracks/*/*.parquet")).unlink(),
        "the file is missing",
    ),
    "superseded file": (
        lambda root: change(
            root, "INSERT INTO superseded VALUES ('positions/date=2026-01-05/x', now())"
        ),
        "before its time",
    ),
}


@pytest.mark.parametrize("name", some(MENDABLE, "orphan", "presence", "judged file lost"))
def test_what_is_safe_is_repaired(root: Path, name: str) -> None:
    damage, message = MENDABLE[name]
    whole = content(root)
    damage(root)
    found = check(root)
    assert message in words(found)
    assert not any(problem.repaired for problem in found)
    assert all(problem.repaired for problem in check(root, repair=True))
    assert check(root) == []
    with store.write(root) as writer:
        refresh(writer)
        writer.publish()
    assert_same(content(root), whole)


def test_a_repair_mends_what_it_can_beside_what_it_cannot(
    root: Path, feeds: dict[str, Any]
) -> None:
    first_file(root).unlink()
    (root / "work.duckdb").write_bytes(b"")
    problems = check(root, repair=True)
    assert {(p.level, p.repaired) for p in problems} == {("error", False), ("warning", True)}
    [lost] = check(root)
    assert "a.csv (a)" in lost.hint
    # What the hint says to do.
    store.delete_feed(root, "a")
    with store.write(root) as writer:
        add(writer, "a", feeds["a"])
    assert check(root) == []
    with store.write(root, NO_GRACE):
        pass
    assert check(root) == []


def test_the_catalogue_is_not_made_anew_over_files_of_positions(root: Path, tmp_path: Path) -> None:
    files = on_disk(root)
    (root / "catalogue.duckdb").rename(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="is gone, but 6 files"), store.write(root):
        pass
    assert on_disk(root) == files


def test_left_overs_are_not_looked_for_while_another_writes(root: Path) -> None:
    with store.write(root):
        [problem] = check(root)
    assert "another process is writing" in problem.message


def test_the_check_asks_for_a_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store"):
        check(tmp_path)


def test_progress_is_told(root: Path) -> None:
    told: list[tuple[int, int]] = []
    check(root, progress=lambda *done: told.append(done))
    assert told == [(k, len(on_disk(root))) for k in range(1, len(told) + 1)]
    told.clear()
    store.compact(root, progress=lambda *done: told.append(done))
    assert told == [(1, 3), (2, 3), (3, 3)]


def in_other_blocks(root: Path, block_bytes: int, wasted: int) -> None:
    """Make the catalogue one of larger blocks, as of before, or one that is mostly free."""
    published, other = root / "catalogue.duckdb", root / "other.duckdb"
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{published}' AS old (READ_ONLY)")
        connection.execute(f"ATTACH '{other}' AS new (BLOCK_SIZE {block_bytes})")
        connection.execute("COPY FROM DATABASE old TO new")
        if wasted:
            many = f"SELECT hash(i) AS x FROM range({wasted}) AS t(i)"
            connection.execute(f"CREATE TABLE new.wasted AS {many}")
            connection.execute("CHECKPOINT new; CREATE TABLE new.last AS SELECT 1 AS x")
            connection.execute("CHECKPOINT new; DROP TABLE new.wasted; CHECKPOINT new")
    other.replace(published)


@pytest.mark.parametrize(("block_bytes", "wasted"), [(262_144, 0), (65_536, 600_000)])
def test_a_catalogue_that_is_larger_than_it_must_be_is_written_anew(
    tmp_path: Path, block_bytes: int, wasted: int
) -> None:
    """With the next publication, whole, and not again with those after it."""
    root = tmp_path / "store"
    with store.write(root) as writer:
        add(writer, "a", batch([533000001], source="aa", hours=1))
    before, small = content(root), (root / "catalogue.duckdb").stat().st_size
    in_other_blocks(root, block_bytes, wasted)
    assert (root / "catalogue.duckdb").stat().st_size > 2 * small
    assert_same(content(root), before)  # it is read as it is
    with store.write(root) as writer:
        assert is_wasteful(writer._connection)
        writer.publish()
        assert not is_wasteful(writer._connection)
    assert_same(content(root), before)
    assert (root / "catalogue.duckdb").stat().st_size < 2 * small
    assert not list(root.glob("work.duckdb*"))
    assert check(root) == []
