"""Catalogues attached to a database that stays are as those opened by themselves."""

import duckdb
import pandas as pd
import pytest

from pipelines import store
from pipelines.store import engines
from pipelines.store.check import check
from pipelines.store.engines import ENGINES
from pipelines.store.kept import keeping
from tests.pipelines.store.conftest import REPORT, tables_of

ABOUT = {**REPORT, "positions": 1, "statics": 1}


def fill(root, batch, *keys: str) -> None:
    for number, key in enumerate(keys):
        with store.write(root) as writer:
            own = batch([533000001 + number], source=key)
            about = {**ABOUT, "positions": len(own.positions)}
            writer.add_feed(key, sha256=key, name=key, batches=[own], report=about)


def test_what_is_written_is_the_same(batch, tmp_path) -> None:
    fill(tmp_path / "alone", batch, "aa", "bb")
    with keeping(2):
        fill(tmp_path / "kept", batch, "aa", "bb")
        assert len(ENGINES.kept or {}) == 1
    assert ENGINES.kept is None
    with store.read(tmp_path / "alone") as alone, store.read(tmp_path / "kept") as kept:
        theirs, ours = tables_of(alone), tables_of(kept)
    for name, table in theirs.items():
        pd.testing.assert_frame_equal(ours[name], table, obj=name)
    assert check(tmp_path / "kept") == []
    assert not list((tmp_path / "kept").glob("work.duckdb*"))


def test_each_write_begins_with_what_was_published(batch, tmp_path) -> None:
    with keeping(2):
        fill(tmp_path, batch, "aa")
        with store.write(tmp_path) as writer:
            writer._connection.execute("DELETE FROM ledger")
        with store.write(tmp_path) as writer:
            assert writer.feed_keys() == {"aa"}


def test_two_stores_are_written_at_once(batch, tmp_path) -> None:
    with keeping(2), store.write(tmp_path / "one") as one, store.write(tmp_path / "two") as two:
        for writer, key in ((one, "aa"), (two, "bb")):
            own = batch([533000001], source=key)
            writer.add_feed(key, sha256=key, name=key, batches=[own], report=ABOUT)
        assert (one.feed_keys(), two.feed_keys()) == ({"aa"}, {"bb"})


def test_one_that_does_nothing_any_more_is_forgotten(batch, tmp_path) -> None:
    with keeping(2):
        fill(tmp_path, batch, "aa")
        with store.write(tmp_path) as writer:
            [engine] = (ENGINES.kept or {}).values()
            engine.close()
            writer._connection.close()  # as DuckDB leaves it after a fatal error
        assert ENGINES.kept == {}
        fill(tmp_path, batch, "bb")
        with store.read(tmp_path) as reader:
            assert reader.feed_keys() == {"aa", "bb"}


def test_a_transaction_that_failed_is_no_hindrance(tmp_path) -> None:
    with keeping(2):
        connection = engines.connect(tmp_path / "a.duckdb", {"threads": 1})
        connection.execute("CREATE TABLE t (a INTEGER)")
        connection.begin()
        with pytest.raises(duckdb.Error):
            connection.execute("SELECT no_such_column FROM t")
        engines.disconnect(connection)
        again = engines.connect(tmp_path / "a.duckdb", {"threads": 1})
        assert again.execute("SELECT count(*) FROM t").fetchall() == [(0,)]
        engines.disconnect(again)
