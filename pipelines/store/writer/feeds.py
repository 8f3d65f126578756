"""Feeds come into the store and go from it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any, Final

import pandas as pd

from pipelines.store.catalogue import StoreError
from pipelines.store.feeds import Batch, FeedParts, Gathered, NewFiles
from pipelines.store.queries import Queries
from pipelines.store.writer.files import FileWriter
from pipelines.store.writer.publishing import KEY_OF, keys_frame, one_row, some_rows

_OF_A_FEED: Final = ("ledger", "presence", "statics", "run_feeds", "feed_places", "late_reports")
"""Tables with rows by feed_key, the files of positions aside."""


class FeedWriter(FileWriter):
    """Adds feeds, takes them over from another store, removes them."""

    _gathered: Gathered | None = None

    def add_feed(
        self,
        feed_key: str,
        *,
        sha256: str,
        name: str,
        batches: Iterable[Batch],
        report: Mapping[str, Any],
        path: Path | None = None,
        replaces: Iterable[str] = (),
        late_from: pd.Timestamp | None = None,
    ) -> None:
        """Add a feed: positions, static data, presence and its ledger entry, then publish.

        Parameters
        ----------
        feed_key
            Its key in the ledger; must be new, or among those replaced.
        batches
            The decoded feed, read once.
        report
            Filled while `batches` is read; `simulated` says whether the feed is an exercise.
        path
            Where its file lies, absolute.
        replaces
            Keys of feeds that this one takes the place of, such as the same file read again: they
            go in the moment in which this one comes. What is the same to the last byte keeps the
            names that it came by before.
        late_from
            Of a feed that is read again: before this nothing came to it. It is new to the next run
            from there on, if a run had looked at the feed before; else whole.

        Raises
        ------
        StoreError
            If the feed is simulated and the store isn't, or the other way round; if a feed to be
            replaced isn't in the ledger.
        DiskFullError
            If there is no room; nothing of the feed is kept then.
        """
        parts = FeedParts(self._root, self._place, feed_key)
        replaced = tuple(replaces)

        def fill() -> None:
            for batch in batches:
                parts.add(batch)
            late = self._late_from(feed_key, late_from)
            known = not replaced and late is None
            if known and self._gathers(feed_key, sha256, name, report, parts, path):
                return
            parts.flush()
            first, more = self._names_kept("ledger", replaced, sha256, name)
            with self._transaction():
                if replaced:
                    self._drop_feeds(replaced, parts)
                said = {**report, **more}
                self._record(feed_key, sha256=sha256, name=first, report=said, parts=parts)
                if path is not None:
                    self._place_all({feed_key: path})
                if late is not None:
                    entry = {"feed_key": feed_key, "first_time": late}
                    self._insert("late_reports", one_row("late_reports", entry))
                if replaced:
                    self._forget_empty_dates()

        self._publish_whole(parts, fill)

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Let small feeds that come in a with block share files, and name them at its end, or once
        as many rows wait as a large feed holds: a process that dies has taken in each or nothing.
        """
        self._gathered = Gathered(self._root, self._place)
        try:
            yield
            self._name_gathered()
        finally:
            self._gathered = None

    def has_feed(self, feed_key: str) -> bool:
        """Return whether a feed is in the ledger."""
        if self._gathered is not None and feed_key in self._gathered.entries:
            self._name_gathered()
        return super().has_feed(feed_key)

    def _gathers(
        self,
        feed_key: str,
        sha256: str,
        name: str,
        report: Mapping[str, Any],
        parts: FeedParts,
        path: Path | None,
    ) -> bool:
        """Hold a feed back until all are named that come with it; tell whether it was."""
        if self._gathered is None:
            return False
        simulated = bool(report["simulated"])
        if self._gathered.simulated not in (None, simulated):
            self._name_gathered()
        self._refuse_mixture(simulated, name)
        held = self._gathered
        if not held.add(parts):
            return False
        held.simulated = simulated
        held.entries[feed_key] = _entry(feed_key, sha256, name, report, parts.span)
        if path is not None:
            held.places[feed_key] = path
        if held.full:
            self._name_gathered()
        return True

    def _name_gathered(self) -> None:
        held = self._gathered
        if held is None or not held.entries:
            return
        self._gathered = Gathered(self._root, self._place)

        def name_all() -> None:
            held.write_all()
            with self._transaction():
                self._connection.execute("UPDATE meta SET simulated = $s", {"s": held.simulated})
                self._insert("ledger", some_rows("ledger", [*held.entries.values()]))
                self._insert_parts(held)
                self._place_all(held.places)

        self._publish_whole(held, name_all)

    def _record(
        self, feed_key: str, *, sha256: str, name: str, report: Mapping[str, Any], parts: FeedParts
    ) -> None:
        simulated = bool(report["simulated"])
        self._refuse_mixture(simulated, name)
        self._connection.execute("UPDATE meta SET simulated = $s", {"s": simulated})
        entry = _entry(feed_key, sha256, name, report, parts.span)
        self._insert("ledger", one_row("ledger", entry))
        self._insert_parts(parts)

    def _insert_parts(self, parts: FeedParts | Gathered) -> None:
        self._insert("files", parts.files)
        self._insert("file_feeds", parts.file_feeds)
        self._insert("presence", parts.presence)
        self._insert("statics", parts.statics)

    def _late_from(self, feed_key: str, late_from: pd.Timestamp | None) -> pd.Timestamp | None:
        """Return from when on a feed that is read again is new; None if it is new whole."""
        if late_from is None:
            return None
        if self.looked_at(feed_key):
            return late_from
        # Read again before a run had looked at what came to it at the reading before.
        query = "SELECT first_time FROM late_reports WHERE feed_key = $key"
        before = self.sql(query, {"key": feed_key})["first_time"]
        return None if before.empty else min(late_from, before.iloc[0])

    def place_feeds(self, paths: Mapping[str, Path]) -> None:
        """Note where the files of feeds (by key) are now, then publish."""
        with self._transaction():
            self._place_all(paths)
        self.publish()

    def _place_all(self, paths: Mapping[str, Path]) -> None:
        if not paths:
            return
        query = "DELETE FROM feed_places WHERE list_contains($keys, feed_key)"
        self._connection.execute(query, {"keys": list(paths)})
        # As an URI, since names of files needn't be UTF-8, and text in the catalogue is.
        entries = [{"feed_key": key, "uri": path.as_uri()} for key, path in paths.items()]
        self._insert("feed_places", some_rows("feed_places", entries))

    def take_feeds(self, source: Queries, entries: pd.DataFrame) -> None:
        """Add feeds as another store holds them, without reading them again; then publish.

        A file that holds nothing else is linked; of others the feed's rows are copied.
        """
        if entries.empty:
            return
        parts = NewFiles(self._root, self._place)

        def take() -> None:
            for held in source.files_of_feeds(list(entries["feed_key"])).to_dict("records"):
                key, rows = str(held["feed_key"]), int(held["rows"])
                [here] = source.fetched([held["path"]])
                if held["others"]:
                    own = source.rows_of_feed(here, key)
                    entry = parts.write(held["date"], f"{key}-part", own)
                else:
                    entry = parts.link(held["date"], Path(here), rows, held["sha256"])
                parts.holds(entry, {key: rows})
            with self._transaction():
                self._connection.execute("UPDATE meta SET simulated = $s", {"s": source.simulated})
                self._insert("ledger", entries)
                self._insert("files", parts.files)
                self._insert("file_feeds", parts.file_feeds)
                for table in ("presence", "statics"):
                    self._insert(table, source.of_feeds(table, list(entries["feed_key"])))

        self._publish_whole(parts, take)

    def delete_feed(self, *feed_keys: str) -> None:
        """Remove all that some feeds declared, and nothing else; then publish.

        Their dates are worked out anew by the next run. A file that they share with other feeds,
        after a compaction, is written again without their rows. Runs and their events stay as
        they were published; detect again over the feeds' span to have them compared.

        Raises StoreError if the ledger lacks one of them, or a file that they share with others is
        damaged.
        """
        parts = NewFiles(self._root, self._place)

        def drop() -> None:
            with self._transaction():
                self._drop_feeds(feed_keys, parts)
                self._insert("files", parts.files)
                self._insert("file_feeds", parts.file_feeds)
                self._forget_empty_dates()
                if not len(self.ledger()) and not len(self.sighting_files()):
                    self._connection.execute("UPDATE meta SET simulated = NULL")

        self._publish_whole(parts, drop)

    def _drop_feeds(self, feed_keys: Sequence[str], parts: NewFiles) -> None:
        for feed_key in feed_keys:
            if not self.has_feed(feed_key):
                raise StoreError(
                    f"no feed {feed_key} in the store", hint="selat store feeds lists their keys"
                )
        with self._registered("dropped", keys_frame(feed_keys)):
            for file in self._ask("files_of_dropped").itertuples(index=False):
                if file.others:
                    self._merge(str(file.date), [str(file.path)], parts, without=feed_keys)
                self._supersede([str(file.path)])
            for table in _OF_A_FEED:
                self._connection.execute(
                    f"DELETE FROM {table} "  # noqa: S608 (names of ours)
                    "WHERE feed_key IN (SELECT feed_key FROM dropped)"
                )

    def note_name(self, table: str, key: str, name: str) -> None:
        """Note that a feed, or a file of sightings, came again under another name; then publish.

        `table`: "ledger" or "sighting_files".
        """
        column = KEY_OF[table]
        query = f"SELECT name, report FROM {table} WHERE {column} = $key"  # noqa: S608 (names of ours)
        [(first, text)] = self._connection.execute(query, {"key": key}).fetchall()
        report = json.loads(text)
        known = {PurePath(one).name for one in (first, *report.get("also_named", ()))}
        if PurePath(name).name in known:
            return
        report["also_named"] = [*report.get("also_named", ()), name]
        text = json.dumps(report, sort_keys=True, ensure_ascii=False)
        update = f"UPDATE {table} SET report = $text WHERE {column} = $key"  # noqa: S608 (names of ours)
        with self._transaction():
            self._connection.execute(update, {"text": text, "key": key})
        self.publish()


def _entry(
    feed_key: str,
    sha256: str,
    name: str,
    report: Mapping[str, Any],
    span: tuple[pd.Timestamp | None, pd.Timestamp | None],
) -> dict[str, Any]:
    return {
        "feed_key": feed_key,
        "sha256": sha256,
        "name": name,
        "first_time": span[0],
        "last_time": span[1],
        "report": json.dumps(dict(report), sort_keys=True, ensure_ascii=False),
    }
