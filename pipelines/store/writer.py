"""The one writer: feeds, worked-out days and runs go into the store whole or not at all.

Order of effects, so that a crash at any moment followed by a rerun gives the same store: Parquet
files first, flushed to disk; then one transaction on the private copy of the catalogue that names
them; then the copy is published by rename. Files that no published catalogue names are left-overs
of a crash and are removed when a writer opens.

A file is never changed. What compaction or a deletion replaces is kept as `superseded` for a
grace period, since readers may still have the generation that names it.
"""

import hashlib
import json
import os
import shutil
import socket
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path, PurePath
from typing import Any, Final

import duckdb
import pandas as pd

from detectors.core import frames
from detectors.core.events import written
from detectors.surroundings.coverage import Coverage
from pipelines.base.settings import StoreSettings
from pipelines.store import catalogue
from pipelines.store.catalogue import TABLES, StoreError, room
from pipelines.store.feeds import Batch, FeedParts, NewFiles
from pipelines.store.place import Place, sizes_here
from pipelines.store.queries import Queries
from pipelines.store.sightings import named_apart
from pipelines.store.sql import statement

DERIVED: Final = (
    "days",
    "track_state",
    "track_days",
    "coverage_cells",
    "coverage_feed",
    "coverage_receivers",
)
"""Tables of what was worked out from the positions of a date."""

_OF_A_FEED: Final = ("ledger", "presence", "statics", "run_feeds", "feed_places", "late_reports")
"""Tables with rows by feed_key, the files of positions aside."""

REVISIONS: Final = ("created", "changed", "retracted")
"""What a run may do to an event that leaves a revision of it, kept for ever."""


class Writer(Queries):
    """A catalogue being changed. Made by `pipelines.store.write`; not for sharing."""

    def __init__(self, root: Path, settings: StoreSettings, place: Place | None = None) -> None:
        self._work = root / "work.duckdb"
        self._published = root / "catalogue.duckdb"
        self._settings = settings
        self._publishes = 0
        super().__init__(self._open(), root, place)

    def _open(self) -> duckdb.DuckDBPyConnection:
        return catalogue.connect(self._work, self._settings)

    def close(self) -> None:
        """Close the private copy; what wasn't published is forgotten."""
        self._connection.close()
        remove_work(self._root)

    def publish(self) -> None:
        """Let readers see all that was written so far.

        Raises
        ------
        DiskFullError
            If there is no room; what wasn't published is forgotten then.
        """
        try:
            with room(self._root):
                self._connection.execute("CHECKPOINT")
                self._connection.close()
                fresh = catalogue.prepare(self._work, self._published)
                # From here on it may be published, whatever happens, so that what it names stays.
                self._publishes += 1
                self._place.publish(fresh)
        except BaseException:
            self._restore()
            raise
        catalogue.swap(fresh, self._published)
        self._connection = self._open()

    def _restore(self) -> None:
        """Go back to what is published."""
        with suppress(duckdb.Error):
            self._connection.close()
        remove_work(self._root)
        with room(self._root):
            shutil.copyfile(self._published, self._work)
            self._connection = self._open()

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
            go in the moment in which this one comes.
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
            parts.flush()
            late = self._late_from(feed_key, late_from)
            with self._transaction():
                if replaced:
                    self._drop_feeds(replaced, parts)
                self._record(feed_key, sha256=sha256, name=name, report=report, parts=parts)
                if path is not None:
                    self._place_feed(feed_key, path)
                if late is not None:
                    entry = {"feed_key": feed_key, "first_time": late}
                    self._insert("late_reports", _one_row("late_reports", entry))
                if replaced:
                    self._forget_empty_dates()

        self._publish_whole(parts, fill)

    def _record(
        self, feed_key: str, *, sha256: str, name: str, report: Mapping[str, Any], parts: FeedParts
    ) -> None:
        simulated = bool(report["simulated"])
        self._refuse_mixture(simulated, name)
        spans = parts.presence
        first, last = (
            (spans["first_time"].min(), spans["last_time"].max()) if len(spans) else (None, None)
        )
        entry = {
            "feed_key": feed_key,
            "sha256": sha256,
            "name": name,
            "first_time": first,
            "last_time": last,
            "report": json.dumps(dict(report), sort_keys=True, ensure_ascii=False),
        }
        self._connection.execute("UPDATE meta SET simulated = $s", {"s": simulated})
        self._insert("ledger", _one_row("ledger", entry))
        self._insert("files", parts.files)
        self._insert("file_feeds", parts.file_feeds)
        self._insert("presence", spans)
        self._insert("statics", parts.statics)

    def _late_from(self, feed_key: str, late_from: pd.Timestamp | None) -> pd.Timestamp | None:
        """From when on a feed that is read again is new; None if it is new whole."""
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
            for feed_key, path in paths.items():
                self._place_feed(feed_key, path)
        self.publish()

    def _place_feed(self, feed_key: str, path: Path) -> None:
        self._connection.execute("DELETE FROM feed_places WHERE feed_key = $k", {"k": feed_key})
        # As an URI, since names of files needn't be UTF-8, and text in the catalogue is.
        entry = {"feed_key": feed_key, "uri": path.as_uri()}
        self._insert("feed_places", _one_row("feed_places", entry))

    def delete_feed(self, *feed_keys: str) -> None:
        """Remove all that some feeds declared, and nothing else; then publish.

        Their dates are worked out anew by the next run. A file that they share with other feeds,
        after a compaction, is written again without their rows. Runs and their events stay as
        they were published; detect again over the feeds' span to have them compared.

        Raises
        ------
        StoreError
            If the ledger lacks one of them, or a file that they share with others is damaged.
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
        with self._registered("dropped", _keys(feed_keys)):
            for file in self._ask("files_of_dropped").itertuples(index=False):
                if file.others:
                    self._merge(str(file.date), [str(file.path)], parts, without=feed_keys)
                self._supersede([str(file.path)])
            for table in _OF_A_FEED:
                self._connection.execute(
                    f"DELETE FROM {table} "  # noqa: S608
                    "WHERE feed_key IN (SELECT feed_key FROM dropped)"
                )

    def _forget_empty_dates(self) -> None:
        """Remove what was worked out for dates that hold nothing any more."""
        for table in DERIVED:
            self._connection.execute(
                f"DELETE FROM {table} WHERE date NOT IN (SELECT date FROM files)"  # noqa: S608
            )
            if table != "days":
                self._connection.execute(
                    f"DELETE FROM {table} WHERE date NOT IN (SELECT date FROM days)"  # noqa: S608
                )

    def add_sightings(
        self,
        file_key: str,
        *,
        sha256: str,
        name: str,
        sightings: pd.DataFrame,
        report: Mapping[str, Any],
        again: bool = False,
    ) -> int:
        """Add a file of sightings, then publish; returns how many were new.

        A sighting that the store has to the last column is left out. One that has the name of
        another gets a name of its own.

        Parameters
        ----------
        file_key
            Its key; must be new, but for `again`.
        sightings
            `frames.SIGHTINGS`.
        report
            `simulated` says whether the file is of an exercise.
        again
            Whether this reading takes the place of one before, and the file is new to the next run.

        Raises
        ------
        StoreError
            If the file is of an exercise and the store isn't, or the other way round.
        DiskFullError
            If there is no room.
        """
        simulated = bool(report["simulated"])
        if len(sightings):
            self._refuse_mixture(simulated, name)
        with self._transaction():
            if again:
                self._drop_sightings(file_key)
            fresh, renamed, repeats = named_apart(sightings, self.all_sightings())
            said = {**report, "renamed": renamed, "repeats": repeats}
            entry = {
                "file_key": file_key,
                "sha256": sha256,
                "name": name,
                "first_time": sightings["time"].min() if len(sightings) else None,
                "last_time": sightings["time"].max() if len(sightings) else None,
                "report": json.dumps(said, sort_keys=True, ensure_ascii=False),
            }
            if len(sightings):
                self._connection.execute("UPDATE meta SET simulated = $s", {"s": simulated})
            self._insert("sighting_files", _one_row("sighting_files", entry))
            self._insert("sightings", fresh.assign(file_key=file_key))
        self.publish()
        return len(fresh)

    def note_name(self, table: str, key: str, name: str) -> None:
        """Note that a feed, or a file of sightings, came again under another name; then publish.

        Parameters
        ----------
        table
            "ledger" or "sighting_files".
        """
        column = "feed_key" if table == "ledger" else "file_key"
        query = f"SELECT name, report FROM {table} WHERE {column} = $key"  # noqa: S608
        [(first, text)] = self._connection.execute(query, {"key": key}).fetchall()
        report = json.loads(text)
        known = {PurePath(one).name for one in (first, *report.get("also_named", ()))}
        if PurePath(name).name in known:
            return
        report["also_named"] = [*report.get("also_named", ()), name]
        said = json.dumps(report, sort_keys=True, ensure_ascii=False)
        update = f"UPDATE {table} SET report = $said WHERE {column} = $key"  # noqa: S608
        with self._transaction():
            self._connection.execute(update, {"said": said, "key": key})
        self.publish()

    def take_feeds(self, source: Queries, entries: pd.DataFrame) -> None:
        """Add feeds as another store holds them, without reading them again; then publish.

        A file that holds nothing else is linked; of others the feed's rows are copied.

        Parameters
        ----------
        source
            The other store.
        entries
            What the ledger is to say of them.
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

    def set_sightings(self, files: pd.DataFrame, sightings: pd.DataFrame) -> None:
        """Hold these files of sightings and their sightings, and no others; then publish."""
        with self._transaction():
            for table, rows in (("sighting_files", files), ("sightings", sightings)):
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608
                self._insert(table, rows)
        self.publish()

    def add_disposition(self, disposition: pd.DataFrame) -> None:
        """Add a conclusion (`dispositions.DISPOSITIONS`, one row), then publish."""
        with self._transaction():
            self._insert("dispositions", disposition)
        self.publish()

    def add_operation(self, operation: pd.DataFrame) -> None:
        """Add an operation (`operations.OPERATIONS`, one row), then publish.

        Raises
        ------
        StoreError
            If there is one of that name, whatever its case.
        """
        name = str(operation["name"].iloc[0])
        if (self.operations()["name"].str.casefold() == name.casefold()).any():
            raise StoreError(
                f"there is an operation {name!r} already",
                hint="operations are kept as they are: choose another name",
            )
        with self._transaction():
            self._insert("operations", operation)
        self.publish()

    def delete_sightings(self, *file_keys: str) -> None:
        """Remove what some files of sightings brought first, and nothing else; then publish.

        Raises
        ------
        StoreError
            If one of them isn't in the store.
        """
        with self._transaction():
            for key in file_keys:
                if not self.has_sightings(key):
                    hint = "selat sightings list --files shows their keys"
                    raise StoreError(f"no file of sightings {key} in the store", hint=hint)
                self._drop_sightings(key)
            if not len(self.ledger()) and not len(self.sighting_files()):
                self._connection.execute("UPDATE meta SET simulated = NULL")
        self.publish()

    def _drop_sightings(self, file_key: str) -> None:
        for table in ("sightings", "sighting_files"):
            self._connection.execute(
                f"DELETE FROM {table} WHERE file_key = $key",  # noqa: S608
                {"key": file_key},
            )
        self._connection.execute("DELETE FROM run_feeds WHERE feed_key = $key", {"key": file_key})

    def compact(self, date: str) -> int:
        """Merge the files of a UTC date into one and publish; returns how many there were.

        The rows are the same, sorted as in every file; nothing has to be worked out anew.

        Raises
        ------
        DiskFullError
            If there is no room for the merged file beside the old ones, which are kept for a while.
        """
        query = "SELECT path FROM files WHERE date = $date ORDER BY path"
        paths = [str(path) for path in self.sql(query, {"date": date})["path"]]
        if len(paths) < 2:
            return len(paths)
        parts = NewFiles(self._root, self._place)

        def merge() -> None:
            with self._transaction():
                self._merge(date, paths, parts)
                self._supersede(paths)
                self._insert("files", parts.files)
                self._insert("file_feeds", parts.file_feeds)

        self._publish_whole(parts, merge)
        return len(paths)

    def _merge(
        self, date: str, paths: list[str], parts: NewFiles, without: Sequence[str] = ()
    ) -> None:
        """Write the rows of some files of a date to a new one, without those of some feeds."""
        with self._registered("merged", pd.DataFrame({"path": paths})):
            kept = self._ask("rows_by_feed", without=list(without))
        of_feed = {str(k): int(n) for k, n in zip(kept["feed_key"], kept["rows"], strict=True)}
        stem = hashlib.sha256(" ".join(sorted(of_feed)).encode()).hexdigest()[:16]
        files = self.fetched(paths)
        try:
            with room(self._root):
                sorted_rows = self._connection.sql(
                    statement("merged"), params={"files": files, "without": list(without)}
                ).to_arrow_reader(100_000)
                entry = parts.write(date, f"merged-{stem}", sorted_rows)
        except duckdb.Error as error:
            raise StoreError(
                f"the files of {date} can't be merged: {str(error).splitlines()[0]}",
                hint="selat store check says whether one is damaged, and what to do",
            ) from error
        if entry["rows"] != sum(of_feed.values()):
            raise StoreError(
                f"the files of {date} hold {entry['rows']:,} rows, the catalogue says "
                f"{sum(of_feed.values()):,}",
                hint="selat store check says which file is damaged",
            )
        parts.holds(entry, of_feed)

    def _supersede(self, paths: list[str]) -> None:
        now = pd.Timestamp.now("UTC").as_unit("us")
        gone = pd.DataFrame({"path": pd.Series(paths, dtype="str")}).assign(time=now)
        # A file that is lost has nothing to keep, and its name may be used again.
        there = self.there()
        self._insert("superseded", gone[[path in there for path in paths]])
        with self._registered("gone", gone):
            for table in ("files", "file_feeds"):
                self._connection.execute(
                    f"DELETE FROM {table} WHERE path IN (SELECT path FROM gone)"  # noqa: S608
                )

    def repair(self, dates: Iterable[str] = ()) -> None:
        """Make anew what is summed from files, forget what has none; then publish.

        Parameters
        ----------
        dates
            UTC dates whose `presence` is summed up again from their files.
        """
        there = self.there()
        lost = [path for path in self.superseded() if path not in there]
        with self._transaction():
            for date in dates:
                query = "SELECT path FROM files WHERE date = $date"
                found = self.presence_in_files(date, list(self.sql(query, {"date": date})["path"]))
                self._connection.execute("DELETE FROM presence WHERE date = $date", {"date": date})
                self._insert("presence", found)
            self._connection.execute("DELETE FROM superseded WHERE path IN $lost", {"lost": lost})
            self._forget_empty_dates()
        self.publish()

    def expire(self) -> int:
        """Remove superseded files whose grace period is over; returns how many."""
        until = pd.Timestamp.now("UTC") - timedelta(hours=self._settings.grace_h)
        query = "SELECT path FROM superseded WHERE time <= $until"
        paths = list(self.sql(query, {"until": until})["path"])
        if paths:
            self._connection.execute(
                "DELETE FROM superseded WHERE time <= $until", {"until": until}
            )
            self.publish()  # first, so that no catalogue names a file that is gone
            for path in paths:
                self._place.remove(path)
        return len(paths)

    def _publish_whole(self, parts: NewFiles, work: Callable[[], None]) -> None:
        """Do `work` and publish; if that fails, remove the files that it wrote."""
        before = self._publishes
        try:
            with room(self._root):
                work()
        except BaseException:
            parts.discard()
            self._restore_if_broken()
            raise
        try:
            self.publish()
        except BaseException:
            if self._publishes == before:
                parts.discard()
            raise

    def _restore_if_broken(self) -> None:
        """DuckDB refuses all further work after a write to a full disk."""
        try:
            self._connection.execute("SELECT 1").fetchall()
        except duckdb.Error:
            self._restore()

    def _refuse_mixture(self, simulated: bool, name: str) -> None:
        held = self.simulated
        if held is None or held == simulated:
            return
        words = {True: "simulated", False: "real"}
        raise StoreError(
            f"{name} is {words[simulated]}, but this store holds {words[held]} data",
            hint="name another home with --home for it",
        )

    def set_day(
        self,
        date: str,
        *,
        digests: tuple[str, str],
        counts: Mapping[str, int],
        state: pd.DataFrame,
        summary: pd.DataFrame,
        coverage: Coverage,
    ) -> None:
        """Replace what was worked out from one UTC date: open hulls, tracks, coverage."""
        day = {
            "date": date,
            "input": digests[0],
            "state": digests[1],
            "counts": json.dumps(counts, sort_keys=True),
        }
        with self._transaction():
            for table in DERIVED:
                self._connection.execute(f"DELETE FROM {table} WHERE date = $d", {"d": date})  # noqa: S608
            self._insert("days", _one_row("days", day))
            self._insert("track_state", state.assign(date=date))
            self._insert("track_days", summary.assign(date=date))
            self._insert("coverage_cells", coverage.cells)
            self._insert("coverage_feed", coverage.feed)
            self._insert("coverage_receivers", coverage.receivers)

    def add_run(
        self,
        run: Mapping[str, Any],
        *,
        compared: pd.DataFrame,
        flags: pd.DataFrame,
        feed_keys: Iterable[str],
    ) -> None:
        """Record a finished run: its events with their status, its flags; then publish.

        Parameters
        ----------
        run
            The columns of the table `runs`.
        compared
            `events.EVENTS` plus status, supersedes, reason.
        flags
            `schemas.FLAGGED`.
        feed_keys
            The feeds that were new to this run.
        """
        run_id, compared = run["run_id"], written(compared)
        found = compared[compared["status"].isin(["created", "changed", "unchanged"])]
        gone = compared[compared["status"] == "retracted"]
        with self._transaction():
            kept = found.assign(run_id=run_id, first_run_id=run_id, retracted=False)
            with self._registered("found", frames.conform(kept, TABLES["events"])):
                # A retracted event that is found again takes up its old story, and one that is
                # looked at again keeps that which it took over.
                self._connection.execute(
                    "CREATE OR REPLACE TEMP TABLE fresh AS SELECT f.* REPLACE ("
                    "coalesce(e.first_run_id, f.first_run_id) AS first_run_id, "
                    "coalesce(nullif(f.supersedes, ''), e.supersedes, '') AS supersedes) "
                    "FROM found AS f LEFT JOIN events AS e USING (event_id)"
                )
            self._connection.execute(
                "DELETE FROM events WHERE event_id IN (FROM fresh SELECT event_id)"
            )
            self._connection.execute("INSERT INTO events SELECT * FROM fresh")
            with self._registered("gone", gone[["event_id"]]):
                self._connection.execute(
                    "UPDATE events SET retracted = true, run_id = $run_id "
                    "WHERE event_id IN (SELECT event_id FROM gone)",
                    {"run_id": run_id},
                )
            self._insert("run_events", compared.assign(run_id=run_id))
            learned = compared[compared["status"].isin(REVISIONS)]
            self._insert("event_revisions", learned.assign(run_id=run_id))
            self._insert("flags", flags.assign(run_id=run_id))
            self._insert("runs", _one_row("runs", run))
            self._insert("run_feeds", _keys(feed_keys).assign(run_id=run_id))
        self.publish()

    def _insert(self, table: str, rows: pd.DataFrame) -> None:
        if rows.empty:
            return
        with self._registered("rows_in", frames.conform(rows, TABLES[table])):
            self._connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows_in")  # noqa: S608

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.begin()
        try:
            with room(self._root):
                yield
                self._connection.commit()
        except BaseException:
            # It fails where a full disk ended the transaction, and would hide what did.
            with suppress(duckdb.Error):
                self._connection.rollback()
            raise


def _keys(feed_keys: Iterable[str]) -> pd.DataFrame:
    return pd.DataFrame({"feed_key": pd.Series(list(feed_keys), dtype="str")})


def _one_row(table: str, values: Mapping[str, Any]) -> pd.DataFrame:
    schema = TABLES[table]
    row = {name: pd.Series([values[name]], dtype="object") for name in schema}
    frame = pd.DataFrame(row)
    for name, column in schema.items():
        if column.dtype == frames.TIME:
            frame[name] = pd.to_datetime(frame[name], utc=True)
    return frames.conform(frame, schema)


def strays(root: Path, place: Place, named: Container[str]) -> list[Path]:
    """Files among the positions, here or where they lie, that the catalogue doesn't name."""
    found = sizes_here(root).keys() | place.sizes().keys()
    return sorted(root / name for name in found if name not in named)


def work_files(root: Path) -> list[Path]:
    """Files of writers that are no more; to be asked for while no other writes."""
    spills = [path for path in root.glob("spill-*") if not _is_running(path.name[6:])]
    return sorted([*root.glob("work.duckdb*"), *root.glob("catalogue.duckdb.new"), *spills])


def remove_work(root: Path) -> None:
    """Remove `work_files`."""
    for left_over in work_files(root):
        if left_over.is_dir():
            shutil.rmtree(left_over, ignore_errors=True)
        else:
            left_over.unlink(missing_ok=True)


def clean(root: Path, place: Place, named: Container[str]) -> None:
    """Remove files of positions that the published catalogue doesn't name."""
    for path in strays(root, place, named):
        place.remove(path.relative_to(root).as_posix())


def _is_running(spill: str) -> bool:
    """Whether the process of a `spill-PID-HOST` may be running; of another host it may."""
    pid, _, host = spill.partition("-")
    if host not in {"", socket.gethostname()}:
        return True
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except OSError:
        return True  # another user's
    return True
