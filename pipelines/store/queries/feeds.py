"""Questions to the ledger: which feeds came, from where, and what became of them."""

import json
import os
from pathlib import Path, PurePath
from urllib.parse import unquote_to_bytes

import pandas as pd

from detectors.core import frames
from pipelines.store.catalogue import TABLES
from pipelines.store.queries.generation import Generation


class FeedQueries(Generation):
    """Questions about feeds."""

    def has_feed(self, feed_key: str) -> bool:
        """Return whether a feed is in the ledger."""
        return feed_key in self._once(("feed_keys",), self._feed_keys)

    def called(self, feed_key: str) -> frozenset[str]:
        """Return names of the files that a feed in the ledger came in."""
        names: dict[str, frozenset[str]] = self._once(("called",), self._called)
        return names[feed_key]

    def _called(self) -> dict[str, frozenset[str]]:
        # Few came by more than one name: the text finds them without parsing every report.
        query = (
            "SELECT feed_key, name, CASE WHEN contains(report, '\"also_named\"') THEN report END "
            "FROM ledger"
        )
        rows = self._connection.execute(query).fetchall()
        more = {key: json.loads(text).get("also_named", []) for key, _, text in rows if text}
        return {
            str(key): frozenset(PurePath(one).name for one in (name, *more.get(key, ())))
            for key, name, _ in rows
        }

    def waiting(self) -> pd.DataFrame:
        """Return feeds of which rows wait for their time: feed_key, sha256, name, report."""
        found: pd.DataFrame = self._once(("waiting",), self._waiting)
        return found.copy(deep=False)

    def _waiting(self) -> pd.DataFrame:
        # The text finds them without parsing every report; the report itself decides.
        query = (
            "SELECT feed_key, sha256, name, report FROM ledger "
            "WHERE contains(report, '\"waiting\": {') ORDER BY first_time, feed_key"
        )
        found = self.sql(query)
        found["report"] = [json.loads(text) for text in found["report"]]
        there = pd.Series(["waiting" in report for report in found["report"]], dtype="bool")
        return found[there].reset_index(drop=True)

    def unended(self) -> list[tuple[str, str, int]]:
        """Return feeds whose last line had no end: key, SHA-256, and bytes of the file."""
        found: list[tuple[str, str, int]] = self._once(("unended",), self._unended)
        return found

    def _unended(self) -> list[tuple[str, str, int]]:
        query = (
            "SELECT feed_key, sha256, report FROM ledger "
            "WHERE contains(report, '\"unended_bytes\": ') ORDER BY feed_key"
        )
        rows = self._connection.execute(query).fetchall()
        sizes = ((str(k), str(of), json.loads(r).get("unended_bytes", 0)) for k, of, r in rows)
        return [(key, of, int(size)) for key, of, size in sizes if size]

    def looked_at(self, feed_key: str) -> bool:
        """Return whether a finished run has looked at a feed."""
        query = "SELECT count(*) FROM run_feeds WHERE feed_key = $key"
        return bool(self._connection.execute(query, {"key": feed_key}).fetchall()[0][0])

    def feed_places(self) -> dict[str, Path]:
        """Return where the file of each feed (by key) was found last, as far as that was noted."""
        rows = self._connection.execute("SELECT feed_key, uri FROM feed_places").fetchall()
        return {str(key): _path(uri) for key, uri in rows}

    def places_of(self, contents: list[str]) -> list[tuple[str, str, Path | None]]:
        """Return feeds of some contents (SHA-256): key, content, and where it was found last."""
        query = (
            "SELECT feed_key, sha256, uri FROM ledger LEFT JOIN feed_places USING (feed_key) "
            "WHERE list_contains($contents, sha256) ORDER BY feed_key"
        )
        rows = self._connection.execute(query, {"contents": contents}).fetchall()
        return [(str(key), str(of), None if uri is None else _path(uri)) for key, of, uri in rows]

    def ledger(self) -> pd.DataFrame:
        """Return every feed ever ingested, with its report."""
        return self.sql("SELECT * FROM ledger ORDER BY first_time, feed_key")

    def feed_keys(self) -> set[str]:
        """Return the keys of every feed ever ingested."""
        return set(self._once(("feed_keys",), self._feed_keys))

    def _feed_keys(self) -> frozenset[str]:
        rows = self._connection.execute("SELECT feed_key FROM ledger").fetchall()
        return frozenset(str(key) for (key,) in rows)

    def first_time(self) -> pd.Timestamp | None:
        """Return time of the earliest report; None where there is none."""
        [(first,)] = self._connection.execute("SELECT min(first_time) FROM ledger").fetchall()
        return None if first is None else pd.Timestamp(first).tz_convert("UTC").as_unit("us")

    def new_feeds(self) -> pd.DataFrame:
        """Return feeds in the ledger that no finished run has looked at."""
        return self._ask("new_feeds")

    def arrived(self) -> list[str]:
        """Return keys of feeds and files of sightings that came after the newest run, by each name;
        a key that came again under a further name is ``key+1``, …
        """
        return [str(key) for key in self._ask("arrived")["key"]]

    def feeds_until(self, date: str) -> list[str]:
        """Return keys of the feeds that hold anything of a UTC date or an earlier one."""
        query = (
            "SELECT feed_key FROM presence WHERE date <= $date "
            "UNION SELECT feed_key FROM statics WHERE date <= $date ORDER BY feed_key"
        )
        return [str(key) for key in self.sql(query, {"date": date})["feed_key"]]

    def ledger_counts(self) -> pd.DataFrame:
        """Return feeds whose ledger entry says otherwise than their files and presence."""
        return self._ask("ledger_counts")

    def feed_days(self, since: str) -> pd.DataFrame:
        """Return reports of each feed file by UTC date from `since` on: name, date, reports,
        first_time, last_time.
        """
        return self._ask("feed_days", since=since)

    def of_feeds(self, table: str, feed_keys: list[str]) -> pd.DataFrame:
        """Return what a table with a column feed_key has of some feeds."""
        query = f"SELECT * FROM {table} WHERE list_contains($feeds, feed_key)"  # noqa: S608 (names of ours)
        return frames.conform(self.sql(query, {"feeds": feed_keys}), TABLES[table])


def _path(uri: str) -> Path:
    return Path(os.fsdecode(unquote_to_bytes(uri.removeprefix("file://"))))
