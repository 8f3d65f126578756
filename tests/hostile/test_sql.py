"""`selat sql` answers questions and does nothing else: it writes and reaches no other file."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from pipelines.base.settings import PROJECT, StoreSettings
from pipelines.store import views

REFUSED = {
    "another statement": "COPY (SELECT 1) TO '{out}'",
    "a second one": "SELECT 1; COPY (SELECT 1) TO '{out}'",
    "one that explains what it runs": "EXPLAIN ANALYZE COPY (SELECT 1) TO '{out}'",
    "another database": "ATTACH '{out}' AS other",
    "a setting": "SET enable_external_access = true",
    "an extension": "INSTALL httpfs",
    "a change": "DELETE FROM store.events",
    "a call": "CALL pragma_version()",
    "a file of text": "SELECT * FROM read_text('{secret}')",
    "a file of tables": "SELECT * FROM read_csv('{secret}')",
    "a file by its name": "SELECT * FROM '{secret}'",
    "a listing": "SELECT * FROM glob('{folder}/*')",
    "an unlocked view": "SELECT * FROM query('COPY (SELECT 1) TO ''{out}''')",
    "the files of the store by a glob": "SELECT * FROM read_parquet('{store}/**/*.parquet')",
    "nothing": "",
    "no SQL": "drop everything",
}


@pytest.mark.parametrize("query", REFUSED.values(), ids=REFUSED)
def test_nothing_but_a_question_is_answered(query: str, small_home: Path, tmp_path: Path) -> None:
    out, secret = tmp_path / "out.csv", tmp_path / "secret.csv"
    secret.write_text("a,b\n1,2\n")
    before = {path: path.stat().st_mtime_ns for path in (small_home / "store").rglob("*")}
    asked = query.format(out=out, secret=secret, folder=tmp_path, store=small_home / "store")
    with pytest.raises(views.QueryError):
        views.ask(small_home / "store", StoreSettings(), asked)
    assert not out.exists()
    after = {path: path.stat().st_mtime_ns for path in (small_home / "store").rglob("*")}
    assert after == before


ENDLESS = "SELECT count(*) FROM range(1000000) a, range(1000000) b, range(1000000) c"
ASKING = """
import signal, sys
from pathlib import Path
from pipelines.base.settings import StoreSettings
from pipelines.store import views

signal.signal(signal.SIGINT, signal.default_int_handler)
print("asking", flush=True)
given = Path(sys.argv[1]), StoreSettings(), sys.argv[2]
print(list(views.batches(*given)) if sys.argv[3] == "batches" else views.ask(*given))
"""


@pytest.mark.parametrize("how", ["batches", "ask"])
def test_a_question_without_end_is_stopped_from_the_keyboard(small_home: Path, how: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ASKING, small_home / "store", ENDLESS, how],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as asking:
        try:
            assert asking.stdout is not None
            assert asking.stdout.readline() == "asking\n"
            at_it = psutil.Process(asking.pid)
            begun_s = sum(at_it.cpu_times()[:2])
            while sum(at_it.cpu_times()[:2]) < begun_s + 0.6:  # DuckDB is; to open it takes 0.2 s
                assert asking.poll() is None
                time.sleep(0.05)
            asking.send_signal(signal.SIGINT)
            out, told = asking.communicate(timeout=60)
        finally:
            asking.kill()
    assert not out
    assert "KeyboardInterrupt" in told


BREAKS = """SELECT CASE WHEN i = 500000 THEN error('half way') ELSE i::VARCHAR END AS text
    FROM range(600000) AS of_many (i)"""


@pytest.mark.parametrize("what", ["nothing", "a file", "a link"])
def test_an_answer_that_breaks_off_leaves_no_file_of_its_first_rows(
    what: str,
    small_home: Path,
    tmp_path: Path,
    selat,  # type: ignore[no-untyped-def]
) -> None:
    """Nothing in half an answer would say that it is one; and the answer of before is there yet."""
    out, theirs = tmp_path / "out" / "answer.parquet", tmp_path / "theirs.parquet"
    out.parent.mkdir()
    theirs.write_text("theirs")
    if what == "a file":
        out.write_text("of before")
    elif what == "a link":
        out.symlink_to(theirs)
    told = selat("sql", BREAKS, "--home", small_home, "--parquet", out)
    assert (told.code, "half way" in told.err) == (2, True)
    assert [path.name for path in out.parent.iterdir()] == [out.name] * (what != "nothing")
    assert what != "a file" or out.read_text() == "of before"
    selat("sql", "SELECT 1 AS one", "--home", small_home, "--parquet", out)
    assert pq.read_table(out).to_pylist() == [{"one": 1}]
    assert theirs.read_text() == "theirs"


@pytest.mark.parametrize("name", ["catalogue.duckdb", "new.parquet", "../store/catalogue.duckdb"])
def test_no_answer_takes_the_place_of_the_store(name: str, small_home: Path, selat) -> None:  # type: ignore[no-untyped-def]
    store = small_home / "store"
    before = {path: path.stat().st_mtime_ns for path in store.rglob("*")}
    told = selat("sql", "SELECT 1", "--home", small_home, "--parquet", store / name)
    assert (told.code, "into the store" in told.err) == (2, True)
    assert {path: path.stat().st_mtime_ns for path in store.rglob("*")} == before


@pytest.mark.parametrize("command", ["sql", "html", "clip"])
def test_no_answer_takes_the_place_of_what_the_home_keeps(
    command: str, small_home: Path, selat
) -> None:  # type: ignore[no-untyped-def]
    """As its log of exports, its accounts or a run's list: for a slip of who types."""
    kept = small_home / "latest" / "flagged.csv"
    before = kept.read_bytes()
    event = ("explain", "0", f"--{command}", kept)
    told = selat(
        *(("sql", "SELECT 1", "--parquet", kept) if command == "sql" else event),
        *("--home", small_home),
    )
    assert (told.code, "over a file of the home" in told.err) == (2, True)
    assert kept.read_bytes() == before


def test_columns_of_one_name_stay_two(small_home: Path, tmp_path: Path, selat) -> None:  # type: ignore[no-untyped-def]
    """As those of `SELECT *` over two views have: what a row is read by is its names."""
    query = "SELECT 1 AS mmsi, 2 AS mmsi, 3 AS kind"
    told = selat("sql", query, "--home", small_home, "--csv").out.splitlines()
    assert told == ["mmsi,mmsi_1,kind", "1,2,3"]
    selat("sql", query, "--home", small_home, "--parquet", tmp_path / "both.parquet")
    whole = pq.read_table(tmp_path / "both.parquet").to_pylist()
    assert whole == [{"mmsi": 1, "mmsi_1": 2, "kind": 3}]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("PIVOT events ON kind IN ('gap', 'loitering') USING count(*) GROUP BY detector", 3),
        ("UNPIVOT (SELECT score, score AS other FROM events) ON score, other", 2),
    ],
)
def test_a_table_may_be_turned_where_that_is_one_question(
    query: str, names: int, small_home: Path
) -> None:
    found = views.ask(small_home / "store", StoreSettings(), query)
    assert (found.num_columns, found.num_rows > 0) == (names, True)


@pytest.mark.parametrize(
    "query",
    ["PIVOT events ON kind USING count(*)", "SELECT * FROM (PIVOT events ON kind USING count(*))"],
)
def test_a_table_turned_by_what_it_holds_is_refused_with_the_way_to_ask(
    query: str, small_home: Path
) -> None:
    """DuckDB makes a type first, which is no question."""
    with pytest.raises(views.QueryError) as refused:
        views.ask(small_home / "store", StoreSettings(), query)
    assert "ON kind IN" in str(refused.value.hint)
