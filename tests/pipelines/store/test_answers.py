"""Answers of the catalogue as frames: those of DuckDB's own `df`, and what is asked in two ways."""

from importlib import resources

import duckdb
import numpy as np
import pandas as pd
import pytest

from pipelines import store
from pipelines.store.arrow import answer, to_table
from tests.pipelines.store.conftest import REPORT, batch

ROWS = """FROM (VALUES
    (1::BIGINT, 2::INTEGER, 3::SMALLINT, 4::UTINYINT, 5::HUGEINT, 1.5::DOUBLE, 'nan'::DOUBLE,
     2.5::FLOAT, 'a', true, TIMESTAMPTZ '2026-01-01 00:00:00.123456+00', TIMESTAMP '2026-01-01',
     DATE '2026-01-02', '\\x00'::BLOB, [1, 2]),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
) AS t(big, int, small, tiny, huge, num, nan, float, text, yes, moment, naive, date, bytes, list)"""


@pytest.mark.parametrize("storage", ["auto", "python"])
@pytest.mark.parametrize("which", ["", "WHERE big = 1", "WHERE big IS NULL", "WHERE big = 7"])
def test_an_answer_is_what_duckdb_makes_of_it(storage: str, which: str) -> None:
    asked = duckdb.connect()
    asked.execute("SET TimeZone = 'UTC'")
    with pd.option_context("mode.string_storage", storage):
        query = f"SELECT *, big AS big {ROWS} {which}"
        theirs = asked.execute(query).df()
        ours = answer(asked.execute(query))
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
    for place in range(len(theirs.columns)):
        values = (side.iloc[:, place].tolist() for side in (ours, theirs))
        mine, yours = ([type(value) for value in side] for side in values)
        assert mine == yours


def test_what_is_no_number_is_missing_in_a_table() -> None:
    times = pd.Series(pd.to_datetime(["2026-01-01", None], utc=True)).dt.as_unit("us")
    frame = pd.DataFrame({"n": [1.5, np.nan], "s": ["a", None], "t": times, "i": [1, 2]})
    table = to_table(frame)
    assert [column.null_count for column in table.columns] == [1, 1, 1, 0]
    assert table.column_names == ["n", "s", "t", "i"]


def test_the_last_days_are_those_of_all(tmp_path) -> None:
    with store.write(tmp_path) as writer:
        for key, vessels, hours in (("bb", [533000001, 533000002], 36), ("aa", [533000003], 30)):
            about = {**REPORT, "positions": 1, "statics": 1}
            own = batch(vessels, hours=hours, source=key)
            writer.add_feed(key, sha256=key, name=key, batches=[own], report=about)
        everything = writer.day_files().to_dict("records")
        assert len(everything) > 2
        newest = [(day["date"], day["input"], day["state"]) for day in everything[:-3:-1]]
        assert [tuple(np.where(pd.isna(day), None, day)) for day in newest] == writer.last_days()
        for day in everything:
            held = writer.held_on(day["date"])
            assert " ".join(f"{key}:{rows}" for key, rows in held.items()) == day["content"]
        files = writer.files_of_feeds(["aa", "bb"])
        pairs = list(zip(files["date"], files["path"], strict=True))
        assert writer.files_with(["bb", "aa"]) == pairs


def test_what_is_known_of_feeds_is_asked_again_once_one_came(tmp_path) -> None:
    about = {**REPORT, "positions": 1, "statics": 1}
    end = pd.Timestamp("2027-01-01", tz="UTC").as_unit("us")
    with store.write(tmp_path) as writer:
        assert writer.now(end) is None
        assert writer.feed_keys() == set()
        first = batch([533000001], hours=1)
        writer.add_feed("aa", sha256="aa", name="aa", batches=[first], report=about)
        early = writer.now(end)
        assert early is not None
        assert early == writer.now(end)
        second = batch([533000001], hours=2, source="bb")
        writer.add_feed("bb", sha256="bb", name="bb", batches=[second], report=about)
        late = writer.now(end)
        assert late is not None
        assert late.time > early.time
        assert writer.feed_keys() == {"aa", "bb"}
        writer.delete_feed("bb")
        assert writer.now(end) == early
        assert writer.feed_keys() == {"aa"}


def test_a_handful_of_misdated_reports_is_no_reception() -> None:
    """Through an outage of 80 minutes fifteen came, of 1,400 in ten minutes: "40 min" were told."""
    asked = duckdb.connect()
    asked.execute("SET TimeZone = 'UTC'")
    asked.execute(
        """CREATE TABLE coverage_feed AS SELECT TIMESTAMPTZ '2026-01-05 20:00+00'
        + k * INTERVAL '10 minutes' AS time, feed, CASE WHEN k = 3 THEN 6 WHEN k = 6 THEN 1
        WHEN k BETWEEN 4 AND 10 THEN 0 ELSE 700 END AS reports
        FROM range(20) AS t(k), (VALUES ('a'), ('b')) AS f(feed) WHERE reports > 0"""
    )
    query = resources.files(store).joinpath("sql/heard_by_slot.sql").read_text(encoding="utf-8")
    span = {"since": "2026-01-05 20:10", "end": "2026-01-06"}
    heard = asked.execute(query, span).df()["time"].dt.strftime("%H:%M").tolist()
    assert heard[:3] == ["20:10", "20:20", "21:50"]
    asked.execute("INSERT INTO coverage_feed VALUES (TIMESTAMPTZ '2026-01-05 23:20+00', 'a', 1)")
    late = asked.execute(query, span).df()["time"].dt.strftime("%H:%M").tolist()
    assert late == [*heard, "23:20"], "more of what is newest may be on its way"
    asked.execute("DELETE FROM coverage_feed WHERE reports > 100 OR reports = 1")
    assert len(asked.execute(query, span).fetchall()) == 1, "where little is heard that is much"


def test_who_could_have_met_is_not_counted_as_met() -> None:
    """Nor is a chance a link to whom the other met; and who met both is all of them, counted."""
    asked = duckdb.connect()
    asked.execute("SET TimeZone = 'UTC'")
    asked.execute(
        """CREATE TABLE events AS SELECT *, false AS retracted, 0.5 AS score, '' AS evidence
        FROM (VALUES
        (1, 2, 'encounter', TIMESTAMPTZ '2026-01-01 01:00+00'),
        (1, 3, 'encounter', TIMESTAMPTZ '2026-01-01 02:00+00'),
        (1, 2, 'possible_meeting', TIMESTAMPTZ '2026-01-01 03:00+00'),
        (1, 4, 'possible_meeting', TIMESTAMPTZ '2026-01-01 04:00+00'),
        (2, 5, 'encounter', TIMESTAMPTZ '2026-01-01 05:00+00'),
        (3, 5, 'encounter', TIMESTAMPTZ '2026-01-01 06:00+00'),
        (3, 6, 'possible_meeting', TIMESTAMPTZ '2026-01-01 07:00+00'),
        (4, 7, 'encounter', TIMESTAMPTZ '2026-01-01 08:00+00')
        ) AS t(mmsi, other_mmsi, kind, start)"""
    )
    query = resources.files(store).joinpath("sql/company.sql").read_text(encoding="utf-8")
    met = asked.execute(query, {"mmsi": 1, "end": "2026-01-02"}).df()
    names = ["mmsi", "meetings", "possible", "through", "through_more"]
    assert met[names].values.tolist() == [
        [2, 1, 1, 0, 0],
        [3, 1, 0, 0, 0],
        [4, 0, 1, 0, 0],
        [5, 2, 0, 3, 1],
    ]
    # Neighbours at one village's moorings "met 3 times", and led on to whom the other had met.
    asked.execute(
        """UPDATE events SET evidence = '{"explained": {"weight": 0.7}}'
        WHERE mmsi = 1 AND other_mmsi = 3 OR mmsi = 2"""
    )
    met = asked.execute(query, {"mmsi": 1, "end": "2026-01-02"}).df()
    assert met[[*names, "explained"]].values.tolist() == [
        [2, 1, 1, 0, 0, 0],
        [4, 0, 1, 0, 0, 0],
        [3, 0, 0, 0, 0, 1],
    ]
