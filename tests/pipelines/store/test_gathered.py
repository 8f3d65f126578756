"""Small feeds that come together: as if each had come by itself, and all or none of them."""

import json

import pandas as pd
import pytest

from pipelines import store
from pipelines.store import feeds
from pipelines.store.check import check
from tests.pipelines.store.conftest import REPORT, batch, tables_of


def give(writer: store.Writer, key: str, batch, **report) -> None:
    about = {**REPORT, **report, "positions": len(batch.positions), "statics": 1}
    writer.add_feed(key, sha256=key, name=key, batches=[batch], report=about)


def some() -> dict:
    return {
        "aa": batch([533000001, 533000002], source="aa"),
        "bb": batch([533000002, 533000003], source="bb", hours=12),
        "cc": batch([533000004], source="cc", hours=1),
    }


def positions_of(reader: store.Queries) -> pd.DataFrame:
    mmsi = pd.DataFrame({"mmsi": [533000001, 533000002, 533000003, 533000004]})
    end = pd.Timestamp("2026-02-01", tz="UTC").as_unit("us")
    need = reader.need(mmsi.assign(reach_time=end))
    return reader.positions(need.assign(from_time=need["first_time"]), end)


def test_they_are_as_if_each_had_come_alone(tmp_path) -> None:
    with store.write(tmp_path / "alone") as alone, store.write(tmp_path / "together") as writer:
        with writer.held(), writer.gathered():
            for key, own in some().items():
                give(alone, key, own)
                give(writer, key, own)
                assert writer.ledger().empty
        theirs, ours = tables_of(alone), tables_of(writer)
        for name, table in theirs.items():
            pd.testing.assert_frame_equal(ours[name], table, obj=name)
        pd.testing.assert_frame_equal(positions_of(writer), positions_of(alone))
        assert len(writer.sql("FROM files")) == len(writer.files_by_date()) == 3
        query = (
            "SELECT date, feed_key, sum(ff.rows) AS rows FROM file_feeds AS ff JOIN files "
            "USING (path) GROUP BY ALL ORDER BY ALL"
        )
        pd.testing.assert_frame_equal(writer.sql(query), alone.sql(query))
        writer.delete_feed("bb")
        assert set(writer.ledger()["feed_key"]) == {"aa", "cc"}
    assert check(tmp_path / "together") == []


def test_who_asks_for_one_finds_it(tmp_path) -> None:
    with store.write(tmp_path) as writer, writer.gathered():
        give(writer, "aa", batch([533000001]))
        assert writer.has_feed("aa")
        assert not writer.has_feed("bb")
        ledger = writer.ledger().set_index("feed_key")
        report = json.loads(ledger.loc["aa", "report"])
        assert report["positions"] == len(batch([533000001]).positions)


def test_a_large_one_does_not_wait(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(feeds, "FLUSH_ROWS", 10)
    with store.write(tmp_path) as writer, writer.gathered():
        give(writer, "aa", batch([533000001]))
        assert list(writer.ledger()["feed_key"]) == ["aa"]


def test_many_small_ones_are_named_before_they_are_too_many(tmp_path, monkeypatch) -> None:
    one = batch([533000001])
    monkeypatch.setattr(feeds, "FLUSH_ROWS", 3 * len(one.positions))
    with store.write(tmp_path) as writer, writer.gathered():
        named = []
        for number in range(7):
            give(writer, f"{number}{number}", one)
            named.append(len(writer.ledger()))
    assert named == [0, 0, 3, 3, 3, 6, 6]
    with store.read(tmp_path) as reader:
        assert len(reader.ledger()) == 7
    assert check(tmp_path) == []


def test_simulated_and_real_do_not_come_together(tmp_path) -> None:
    with store.write(tmp_path) as writer, writer.gathered():
        give(writer, "aa", batch([533000001]))
        with pytest.raises(store.StoreError, match="simulated"):
            give(writer, "bb", batch([533000002]), simulated=True)
        assert list(writer.ledger()["feed_key"]) == ["aa"]


def test_a_writer_that_dies_has_taken_in_none(tmp_path) -> None:
    def dies() -> None:
        with store.write(tmp_path) as writer, writer.held(), writer.gathered():
            give(writer, "aa", batch([533000001]))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dies()
    with store.write(tmp_path) as writer:
        assert writer.ledger().empty
    assert check(tmp_path) == []
    assert not list(tmp_path.rglob("*.parquet"))
