"""DuckDB that is kept for the next catalogue knows nothing of the one before."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines import store
from pipelines.base.settings import StoreSettings
from pipelines.store import StoreError, engines, views
from pipelines.store.engines import engine, limits
from tests.pipelines.store.conftest import REPORT, batch

SETTINGS = StoreSettings()


@pytest.fixture(autouse=True)
def none_idle() -> Iterator[None]:
    """None of the tests before, nor of these for those after."""
    engines.end_idle()
    yield
    engines.end_idle()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A store of one feed."""
    return made(tmp_path / "store", 533000001)


def made(root: Path, *mmsis: int) -> Path:
    one = batch(list(mmsis))
    with store.write(root) as writer:
        report = {**REPORT, "positions": len(one.positions)}
        writer.add_feed("a", sha256="a", name="a.csv", batches=[one], report=report)
    engines.end_idle()
    return root


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What DuckDB is started for."""
    found, start = list[str](), duckdb.connect

    def connect(name: str, **how: object) -> duckdb.DuckDBPyConnection:
        found.append(name)
        return start(name, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(duckdb, "connect", connect)
    return found


def names(connection: duckdb.DuckDBPyConnection) -> set[str]:
    query = "SELECT database_name FROM duckdb_databases() WHERE NOT internal"
    return {name for (name,) in connection.execute(query).fetchall()}


def test_one_serves_reads_one_after_another_and_each_has_its_own(
    root: Path, tmp_path: Path, started: list[str]
) -> None:
    other_root = made(tmp_path / "other", 533000002, 533000003)
    started.clear()
    for _ in range(2):
        for where, n in ((root, 1), (other_root, 2)):
            with store.read(where) as reader:
                assert reader.sql("SELECT DISTINCT mmsi FROM presence").shape == (n, 1)
    assert started == [":memory:"]
    with store.read(root) as one, store.read(other_root) as other:
        assert [len(r.sql("SELECT DISTINCT mmsi FROM presence")) for r in (one, other)] == [1, 2]
    assert started == [":memory:"] * 2


def test_nothing_that_one_made_or_set_is_there_for_the_next(tmp_path: Path) -> None:
    with engine(tmp_path, SETTINGS) as first:
        first.execute("SET TimeZone = 'Asia/Jakarta'")
        first.execute("CREATE TEMP MACRO mine() AS 1")
        first.execute(f"ATTACH '{tmp_path / 'x.duckdb'}' AS x")
        first.execute("USE x")
    with engine(tmp_path / "elsewhere", SETTINGS) as second:
        assert names(second) == {"memory"}
        query = "SELECT current_setting('TimeZone'), current_setting('temp_directory')"
        [(zone, spill)] = second.execute(query).fetchall()
        assert zone != "Asia/Jakarta"
        assert spill == limits(tmp_path / "elsewhere", SETTINGS)["temp_directory"]
        with pytest.raises(duckdb.CatalogException):
            second.execute("SELECT mine()")
    with pytest.raises(duckdb.ConnectionException):
        second.execute("SELECT 1")


def test_one_that_was_shut_against_files_is_not_used_again(root: Path, started: list[str]) -> None:
    assert views.ask(root, SETTINGS, "SELECT count(*) FROM vessels") is not None
    with store.read(root) as reader:
        assert len(reader.fetched(reader.files())) > 0
        query = "SELECT count(*) FROM read_parquet($files)"
        files = reader.fetched(reader.files())
        assert reader.sql(query, {"files": files}).iloc[0, 0] > 0
    assert started == [":memory:"] * 2


SMALL = StoreSettings(memory_limit="40MB", threads=1)


@pytest.mark.parametrize("how", ["failed", "spilt", "of other limits"])
def test_of_which_something_stays_it_is_ended(how: str, tmp_path: Path, started: list[str]) -> None:
    spill = Path(limits(tmp_path, SMALL)["temp_directory"])
    if how == "failed":
        with pytest.raises(StoreError), engine(tmp_path, SMALL):
            raise StoreError("so")
    else:
        with engine(tmp_path, SMALL) as first:
            if how == "spilt":
                first.execute("CREATE TEMP TABLE much AS SELECT hash(range) FROM range(5000000)")
                assert spill.exists()
    assert not spill.exists()
    with engine(tmp_path / "other", SETTINGS if how == "of other limits" else SMALL) as other:
        assert other.execute("SELECT 1").fetchall() == [(1,)]
    assert started == [":memory:"] * 2


def test_threads_never_share_one(root: Path) -> None:
    with store.read(root):
        pass
    here, told, wait = list[int](), list[int](), threading.Barrier(4)

    def read() -> None:
        with store.read(root) as reader:
            wait.wait(60)
            here.append(id(reader.connection))
            wait.wait(60)
            told.append(len(reader.ledger()))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert told == [1] * 4
    assert len(set(here)) == 4
    assert len(engines._IDLE) <= engines._MOST


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_has_none_to_wait_for(root: Path) -> None:
    """It would have none of its threads, and wait for them when it ends it."""
    with store.read(root):
        pass
    assert engines._IDLE
    child = os.fork()
    if child == 0:
        os._exit(len(engines._IDLE))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with store.read(root) as reader:
        assert len(reader.ledger()) == 1
