"""The store: whole feeds or none, snapshots for readers, one writer."""

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from pipelines import store
from pipelines.detect.days import refresh
from pipelines.store import DiskFullError, StoreBusyError, StoreError, Writer
from pipelines.store.catalogue import TABLES
from tests.pipelines.store.conftest import batch

REPORT = {"simulated": False, "format": "test", "rejected": {}}
FOREVER = pd.Timestamp("2100-01-01", tz="UTC").as_unit("us")


def add(writer: Writer, key: str, *batches: Any, simulated: bool = False) -> None:
    report = {**REPORT, "simulated": simulated}
    writer.add_feed(key, sha256=key, name=f"{key}.csv", batches=batches, report=report)


def reach(mmsis: list[int], time: str) -> pd.DataFrame:
    return pd.DataFrame({"mmsi": mmsis, "reach_time": pd.Timestamp(time, tz="UTC").as_unit("us")})


def content(root: Path) -> dict[str, pd.DataFrame]:
    """Everything that a reader can see, in an order of its own."""
    with store.read(root) as reader:
        # What was replaced on the way there may differ.
        names = [name for name in TABLES if name != "superseded"]
        tables = {name: reader.sql(f"SELECT * FROM {name} ORDER BY ALL") for name in names}
        mmsis = [int(m) for m in reader.sql("SELECT DISTINCT mmsi FROM presence")["mmsi"]]
        tables["positions"] = reader.tracked(reader.need(reach(mmsis, "2000-01-01")), FOREVER)
    return tables


def assert_same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> None:
    for name, table in one.items():
        pd.testing.assert_frame_equal(table, other[name], obj=name)


def test_a_feed_comes_back_as_it_went_in(tmp_path: Path) -> None:
    given = batch([533000001, 533000002])
    with store.write(tmp_path) as writer:
        add(writer, "a", given)
        assert writer.has_feed("a")
    with store.read(tmp_path) as reader:
        need = reader.need(reach([533000001, 533000002], "2000-01-01"))
        got = reader.positions(need, FOREVER)
        vessels = reader.vessels(FOREVER)
    expected = given.positions.sort_values(["mmsi", "time"], ignore_index=True)
    pd.testing.assert_frame_equal(got, expected)
    assert list(vessels["name"]) == ["A", "A"]
    assert vessels["beam_m"].isna().all()


def test_each_vessel_is_loaded_from_its_own_day(tmp_path: Path) -> None:
    with store.write(tmp_path) as writer:
        add(writer, "a", batch([533000001, 533000002], hours=60))
        early, late = reach([533000001], "2026-01-05T20:00"), reach([533000002], "2026-01-07T12:00")
        need = writer.need(pd.concat([early, late]))
        first = writer.positions(need, FOREVER).groupby("mmsi")["time"].min()
    assert first[533000001] == pd.Timestamp("2026-01-05T16:00:00", tz="UTC")
    assert first[533000002].strftime("%Y-%m-%d") == "2026-01-07"


@pytest.mark.slow
def test_reader_keeps_its_snapshot(tmp_path: Path) -> None:
    with store.write(tmp_path) as writer:
        add(writer, "a", batch([533000001]))
        script = textwrap.dedent(f"""
            import sys
            from pathlib import Path
            from pipelines import store
            with store.read(Path({str(tmp_path)!r})) as reader:
                for line in sys.stdin:
                    print(len(reader.ledger()), flush=True)
        """)
        with subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin
            assert process.stdout
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == "1\n"
            add(writer, "b", batch([533000002], source="bb"))
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == "1\n"
            process.stdin.close()
    with store.read(tmp_path) as reader:
        assert len(reader.ledger()) == 2


def test_an_unpublished_feed_is_not_seen(tmp_path: Path) -> None:
    def breaks_off() -> Any:
        yield batch([533000001])
        raise OSError("the share went away")

    with store.write(tmp_path) as writer:
        add(writer, "a", batch([533000009], source="zz"))
        with pytest.raises(OSError, match="share"):
            writer.add_feed("b", sha256="b", name="b", batches=breaks_off(), report=REPORT)
    with store.read(tmp_path) as reader:
        assert list(reader.ledger()["feed_key"]) == ["a"]


def test_left_over_files_are_removed(tmp_path: Path) -> None:
    with store.write(tmp_path) as writer:
        add(writer, "a", batch([533000001]))
    stray = tmp_path / "positions" / "date=2026-01-05" / "feedfeed-0000.parquet"
    stray.write_bytes(b"half a file")
    with store.write(tmp_path):
        pass
    assert not stray.exists()
    assert len(content(tmp_path)["positions"])


@pytest.mark.slow
def test_second_writer_is_told_who_writes(tmp_path: Path) -> None:
    script = textwrap.dedent(f"""
        import sys
        from pathlib import Path
        from pipelines import store
        with store.write(Path({str(tmp_path)!r})):
            print("writing", flush=True)
            sys.stdin.read()
    """)
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "writing\n"
        with pytest.raises(StoreBusyError, match=str(process.pid)), store.write(tmp_path):
            pass
        process.kill()
        process.wait()
    with store.write(tmp_path):
        pass  # the dead process holds nothing


def test_simulated_and_real_do_not_mix(tmp_path: Path) -> None:
    with store.write(tmp_path) as writer:
        add(writer, "a", batch([533000001]), simulated=True)
        with pytest.raises(StoreError, match=r"b\.csv is real, but this store holds simulated"):
            add(writer, "b", batch([533000001], source="bb"))
        assert not writer.has_feed("b")


def test_an_unknown_version_is_refused(tmp_path: Path) -> None:
    with store.write(tmp_path) as writer:
        writer._connection.execute("UPDATE meta SET schema_version = 99")
        writer.publish()
    with pytest.raises(StoreError, match="99"), store.read(tmp_path):
        pass
    with pytest.raises(StoreError, match="99"), store.write(tmp_path):
        pass


def test_a_folder_that_the_database_takes_for_settings_is_refused_before_it_is_made(
    tmp_path: Path,
) -> None:
    home = tmp_path / "which night?" / "home"
    with pytest.raises(StoreError, match="in a folder with a"), store.write(home):
        pass
    assert not list(tmp_path.iterdir())


def test_no_store_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store"), store.read(tmp_path):
        pass


@pytest.mark.slow
def test_late_data_are_worked_in(tmp_path: Path) -> None:
    late = batch([533000001], source="aa", hours=10)
    rest = batch([533000001, 533000002], source="bb", hours=90)
    rest.positions = rest.positions[rest.positions["time"] > late.positions["time"].max()]
    for folder, order in (("late", "ra"), ("in-time", "ar")):
        with store.write(tmp_path / folder) as writer:
            for key in order:
                add(writer, key, late if key == "a" else rest)
                assert refresh(writer) > 0
            assert refresh(writer) == 0
            writer.publish()
    assert_same(content(tmp_path / "late"), content(tmp_path / "in-time"))


def add_and_fail(writer: Writer, key: str, *batches: Any) -> None:
    with writer.held():
        add(writer, key, *batches)
        raise ZeroDivisionError


def add_beside_a_full_disk(writer: Writer, first: Any, second: Any) -> None:
    """Add a feed, then one whose writing DuckDB doesn't outlive."""
    with writer.held():
        add(writer, "a", first)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Writer, "_insert", lambda *_: writer.connection.close())
            with pytest.raises(duckdb.Error):
                add(writer, "b", second)


def test_what_is_held_is_published_once_at_its_end(tmp_path: Path) -> None:
    with store.write(tmp_path) as writer:
        before = store.generation(tmp_path)
        with writer.held():
            add(writer, "a", batch([533000001], hours=1))
            add(writer, "b", batch([533000002], hours=1))
            assert writer.has_feed("b")
            assert store.generation(tmp_path) == before
        assert set(content(tmp_path)["ledger"]["feed_key"]) == {"a", "b"}
        with pytest.raises(ZeroDivisionError):
            add_and_fail(writer, "c", batch([533000003], hours=1))
        assert set(content(tmp_path)["ledger"]["feed_key"]) == {"a", "b", "c"}
        held = store.generation(tmp_path)
        with writer.held():
            pass
        assert store.generation(tmp_path) == held


def test_a_disk_that_was_full_while_it_was_held_is_said(tmp_path: Path) -> None:
    """A feed that came before it is forgotten too: whoever took it in mustn't think it is there."""
    first, second = batch([533000001], hours=1), batch([533000002], hours=1)
    with store.write(tmp_path) as writer:
        with pytest.raises(DiskFullError, match="what came is forgotten"):
            add_beside_a_full_disk(writer, first, second)
        assert not writer.has_feed("a")
        add(writer, "a", first)
    assert set(content(tmp_path)["ledger"]["feed_key"]) == {"a"}
