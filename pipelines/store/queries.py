"""What can be asked of a catalogue, by readers and by the writer alike."""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import nullcontext, suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from detectors.core import frames
from detectors.kinematics import hull_limits, tracks
from detectors.kinematics.tracks import Segmented
from detectors.surroundings.coverage import CELLS, FEED, RECEIVERS, Coverage
from pipelines.reference.tables import flag_states
from pipelines.store.arrow import to_frame
from pipelines.store.catalogue import TABLES, StoreError
from pipelines.store.now import MOST_NEEDED, REFERENCE_DATES, Now, believed
from pipelines.store.place import Here, Place
from pipelines.store.sql import statement
from pipelines.store.vessels import Identity, history, identity, until


class Queries:
    """Questions to one generation of the store.

    Parameters
    ----------
    connection
        An open catalogue.
    root
        The store's folder, which the catalogue's file names are relative to.
    place
        Where the files lie, if it isn't that folder.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, root: Path, place: Place | None = None
    ) -> None:
        self._connection = connection
        self._root = root
        self._place = place or Here(root)

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The open catalogue, for `views`."""
        return self._connection

    def sql(self, query: str, parameters: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """The result of any read-only query, for notebooks: tables are those of the catalogue."""
        return self._connection.execute(query, dict(parameters or {})).df()

    def _ask(self, name: str, **parameters: Any) -> pd.DataFrame:
        return self.sql(statement(name), parameters)

    @property
    def simulated(self) -> bool | None:
        """Whether the store holds exercise data; None while it is empty."""
        [(simulated,)] = self._connection.execute("SELECT simulated FROM meta").fetchall()
        return None if simulated is None else bool(simulated)

    def has_feed(self, feed_key: str) -> bool:
        """Whether a feed is in the ledger."""
        query = "SELECT count(*) FROM ledger WHERE feed_key = $key"
        return bool(self._connection.execute(query, {"key": feed_key}).fetchall()[0][0])

    def feed_report(self, feed_key: str) -> dict[str, Any]:
        """What became of the rows of a feed in the ledger, see `ingest.Report.to_dict`."""
        query = "SELECT report FROM ledger WHERE feed_key = $key"
        report: dict[str, Any] = json.loads(self.sql(query, {"key": feed_key})["report"].iloc[0])
        return report

    def waiting(self) -> pd.DataFrame:
        """The ledger's feeds of which rows wait for their time: feed_key, sha256, name, report."""
        # The text finds them without parsing every report; the report itself decides.
        query = (
            "SELECT feed_key, sha256, name, report FROM ledger "
            "WHERE contains(report, '\"waiting\": {') ORDER BY first_time, feed_key"
        )
        found = self.sql(query)
        found["report"] = [json.loads(text) for text in found["report"]]
        there = pd.Series(["waiting" in report for report in found["report"]], dtype="bool")
        return found[there].reset_index(drop=True)

    def looked_at(self, feed_key: str) -> bool:
        """Whether a finished run has looked at a feed."""
        query = "SELECT count(*) FROM run_feeds WHERE feed_key = $key"
        return bool(self._connection.execute(query, {"key": feed_key}).fetchall()[0][0])

    def feed_places(self) -> dict[str, Path]:
        """Where the file of each feed (by key) was found last, as far as that was noted."""
        rows = self._connection.execute("SELECT feed_key, uri FROM feed_places").fetchall()
        return {str(key): _path_of(str(uri)) for key, uri in rows}

    def ledger(self) -> pd.DataFrame:
        """Every feed ever ingested, with its report."""
        return self.sql("SELECT * FROM ledger ORDER BY first_time, feed_key")

    def new_feeds(self) -> pd.DataFrame:
        """Feeds in the ledger that no finished run has looked at."""
        return self._ask("new_feeds")

    def arrived(self) -> list[str]:
        """Keys of feeds and files of sightings that came after the newest run, by each name; a key
        that came again under a further name is ``key+1``, …
        """
        return [str(key) for key in self._ask("arrived")["key"]]

    def last_heard(self, end: pd.Timestamp) -> pd.Timestamp | None:
        """Time of the newest report up to `end` that can be believed, None where there is none."""
        found = self.now(end)
        return None if found is None else found.time

    def now(self, end: pd.Timestamp) -> Now | None:
        """The same, with what it rests on."""

        @cache
        def busiest(last: str) -> int:
            found = self._ask("busiest", last=last, dates=REFERENCE_DATES, end=end)
            return int(found["vessels"].iloc[0])

        return believed(
            self._ask("last_heard", end=end, most=MOST_NEEDED)["time"],
            lambda until: busiest(f"{until:%Y-%m-%d}"),
        )

    def heard(self, since: pd.Timestamp, end: pd.Timestamp) -> pd.Series:
        """MMSIs heard between two times."""
        return self._ask("heard", since=since, end=end)["mmsi"]

    def report_counts(self, since: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
        """Vessels heard between two times with their reports on those dates: mmsi, reports."""
        return self._ask("report_counts", since=since, end=end)

    def need(self, reach: pd.DataFrame) -> pd.DataFrame:
        """Where to load each vessel from, so that `reach` is covered and one report before it.

        Parameters
        ----------
        reach
            mmsi, reach_time.

        Returns
        -------
        pandas.DataFrame
            mmsi, from_time (midnight UTC), first_time (the vessel's first report in the store).
        """
        with self._registered("reach", reach):
            return self._ask("need")

    def positions(self, need: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
        """`frames.POSITIONS` of the vessels in `need`, each from its from_time, up to `end`.

        Copies of one transmission are left out, also of one that was first received just before
        from_time.
        """
        if need.empty:
            return frames.empty(frames.POSITIONS)
        margin = pd.Timedelta(seconds=tracks.DUPLICATE_WINDOW_S)
        first = (need["from_time"].min() - margin).strftime("%Y-%m-%d")
        paths = self._ask("files_between", first=first, last=end.strftime("%Y-%m-%d"))["path"]
        with self._registered("need", need):
            received = self._read(
                "positions", list(paths), end=end, margin_s=tracks.DUPLICATE_WINDOW_S
            )
        kept, _ = tracks.deduplicate(received)
        from_time = kept["mmsi"].map(need.set_index("mmsi")["from_time"])
        return kept[kept["time"] >= from_time].reset_index(drop=True)

    def state_before(self, need: pd.DataFrame) -> pd.DataFrame:
        """`hull_limits.STATE` of the vessels in `need`, as of each one's from_time."""
        with self._registered("need", need):
            return frames.conform(self._ask("state_before"), hull_limits.STATE)

    def files_by_date(self) -> pd.DataFrame:
        """UTC dates with positions: date, files, bytes, rows."""
        return self._ask("files_by_date")

    def fetched(self, paths: Iterable[str]) -> list[str]:
        """Files of positions where DuckDB can read them, brought there if they lie elsewhere.

        Raises
        ------
        StoreError
            If one is lost there, or isn't what the catalogue says.
        """
        wanted = list(paths)
        query = "SELECT path, bytes, sha256 FROM files WHERE list_contains($paths, path)"
        rows = self._connection.execute(query, {"paths": wanted}).fetchall()
        self._place.fetch({str(path): (int(size), str(digest)) for path, size, digest in rows})
        return [str(self._root / path) for path in wanted]

    def lost(self) -> list[str]:
        """Files that are missing, or whose size isn't what the catalogue says."""
        there = self._place.sizes()
        rows = self._connection.execute("SELECT path, bytes FROM files ORDER BY path").fetchall()
        return [str(path) for path, size in rows if there.get(str(path)) != int(size)]

    def original(self, path: str) -> Path:
        """A file as it lies in its place, not as it was read once."""
        return self._place.original(path)

    def there(self) -> dict[str, int]:
        """Files of positions that lie in the place, with their size in bytes."""
        return self._place.sizes()

    def files(self) -> list[str]:
        """Files of positions of this generation."""
        return list(self.sql("SELECT path FROM files ORDER BY date, path")["path"])

    def named(self) -> set[str]:
        """Every file that the catalogue names, also those kept for older readers."""
        return set(self.sql("SELECT path FROM files UNION SELECT path FROM superseded")["path"])

    def superseded(self) -> list[str]:
        """Files kept for older readers only."""
        return list(self.sql("SELECT path FROM superseded ORDER BY path")["path"])

    def columns(self, table: str) -> list[str]:
        """Names of a table's columns in their order; none if there is no such table."""
        query = (
            "SELECT column_name FROM duckdb_columns() "
            "WHERE table_name = $table AND database_name = current_database() "
            "ORDER BY column_index"
        )
        return [str(name) for name in self.sql(query, {"table": table})["column_name"]]

    def check_file(self, path: Path, date: str) -> pd.DataFrame:
        """What a file of a date holds: feed_key, rows, backwards, elsewhere."""
        return self._ask("check_file", files=[str(path)], date=date)

    def presence_of(self, date: str) -> pd.DataFrame:
        """The table `presence` of a date."""
        query = "SELECT * FROM presence WHERE date = $date ORDER BY mmsi, feed_key"
        return frames.conform(self.sql(query, {"date": date}), TABLES["presence"])

    def presence_in_files(self, date: str, paths: list[str]) -> pd.DataFrame:
        """The same, as files of the store have it.

        Raises
        ------
        StoreError
            If one of them can't be read.
        """
        if not paths:
            return frames.empty(TABLES["presence"])
        files = self.fetched(paths)
        try:
            found = self._ask("presence_in_files", files=files, date=date)
        except duckdb.Error as error:
            raise StoreError(f"a file of {date} can't be read: {error}") from error
        return frames.conform(found, TABLES["presence"])

    def files_of_feeds(self, feed_keys: list[str]) -> pd.DataFrame:
        """Files with rows of some feeds: feed_key, date, path, sha256, rows of the feed, others
        (whether it holds rows of another feed too).
        """
        return self._ask("files_of_feeds", feeds=feed_keys)

    def rows_of_feed(self, file: str, feed_key: str) -> pa.RecordBatchReader:
        """The rows of a feed in a file, as they are stored."""
        rows = self._connection.sql(
            statement("rows_of_feed"), params={"file": file, "feed_key": feed_key}
        )
        return rows.to_arrow_reader(100_000)

    def of_feeds(self, table: str, feed_keys: list[str]) -> pd.DataFrame:
        """What a table with a column feed_key has of some feeds."""
        query = f"SELECT * FROM {table} WHERE list_contains($feeds, feed_key)"  # noqa: S608
        return frames.conform(self.sql(query, {"feeds": feed_keys}), TABLES[table])

    def feeds_until(self, date: str) -> list[str]:
        """Keys of the feeds that hold anything of a UTC date or an earlier one."""
        query = (
            "SELECT feed_key FROM presence WHERE date <= $date "
            "UNION SELECT feed_key FROM statics WHERE date <= $date ORDER BY feed_key"
        )
        return [str(key) for key in self.sql(query, {"date": date})["feed_key"]]

    def ledger_counts(self) -> pd.DataFrame:
        """Feeds whose ledger entry says otherwise than their files and presence."""
        return self._ask("ledger_counts")

    def day_files(self) -> pd.DataFrame:
        """Dates with positions: date, paths (blank-separated), content, digests."""
        return self._ask("day_files")

    def day_positions(
        self, paths: list[str], since: pd.Timestamp, mmsis: tuple[int, int] | None = None
    ) -> pd.DataFrame:
        """`frames.POSITIONS` since a time from some files of the store.

        With `mmsis` only vessels from the first MMSI on, below the second; files are sorted by
        MMSI, so that little else is read.
        """
        low, high = mmsis or (0, 1_000_000_000)
        return self._read("day_positions", paths, since=since, low=low, high=high)

    def receptions(self, paths: list[str], since: pd.Timestamp) -> pd.DataFrame:
        """`frames.RECEPTIONS` since a time from some files of the store."""
        here = zip(paths, self.fetched(paths), strict=True)
        named = [path for path, file in here if "station" in pq.read_schema(file).names]
        return self._read("receptions", named, frames.RECEPTIONS, since=since)

    def day_counts(self, first: str, last: str) -> list[str]:
        """Counts (JSON) of the dates from `first` to `last` that were worked out."""
        query = "SELECT counts FROM days WHERE date >= $first AND date <= $last ORDER BY date"
        return [str(text) for text in self.sql(query, {"first": first, "last": last})["counts"]]

    def day_state(self, date: str) -> pd.DataFrame:
        """`hull_limits.STATE` as of the end of a date."""
        query = "SELECT * EXCLUDE (date) FROM track_state WHERE date = $date ORDER BY ALL"
        return frames.conform(self.sql(query, {"date": date}), hull_limits.STATE)

    def coverage(self, first: pd.Timestamp, last: pd.Timestamp) -> Coverage:
        """Coverage of the UTC dates from `first` to `last`."""
        dates = {"first": first.strftime("%Y-%m-%d"), "last": last.strftime("%Y-%m-%d")}
        return Coverage(
            frames.conform(self._ask("coverage_between", **dates), CELLS),
            frames.conform(self._ask("coverage_feed_between", **dates), FEED),
            frames.conform(self._ask("coverage_receivers_between", **dates), RECEIVERS),
        )

    def feed_days(self, since: str) -> pd.DataFrame:
        """Reports of each feed file by UTC date from `since` on: name, date, reports, first_time,
        last_time.
        """
        return self._ask("feed_days", since=since)

    def heard_by_block(self, since: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
        """Reports by block of 1° of latitude and 0.5° of longitude, for each 24 hours before `end`.

        Returns
        -------
        pandas.DataFrame
            day (0: the last 24 hours), lat (deg, southern edge), lon_half (half degrees, western
            edge), reports.
        """
        return self._ask("heard_by_block", since=since, end=end)

    def heard_by_slot(self, since: pd.Timestamp, end: pd.Timestamp) -> pd.Series:
        """Starts of the slots of ten minutes in which any feed heard anything."""
        return self._ask("heard_by_slot", since=since, end=end)["time"]

    def vessels(self, end: pd.Timestamp) -> pd.DataFrame:
        """What each vessel called itself last up to `end`; `frames.VESSELS` without flag_state."""
        return self._ask("vessels", end=end)

    def heard_in(self, mmsis: list[int], end: pd.Timestamp) -> pd.DataFrame:
        """Feeds that some vessels were heard in, by UTC date up to `end`.

        Returns
        -------
        pandas.DataFrame
            mmsi, date, feed_key, what: "position" or "static".
        """
        with self._registered("wanted", pd.DataFrame({"mmsi": pd.Series(mmsis, dtype="int64")})):
            return self._ask("heard_in", end=end)

    def run(self, run_id: str) -> dict[str, Any] | None:
        """A finished run, None where there is none of that id."""
        query = (
            'SELECT run_id, ordinal, start, "end", state, manifest FROM runs WHERE run_id = $run_id'
        )
        runs = self.sql(query, {"run_id": run_id})
        return None if runs.empty else dict(runs.iloc[0])

    def identity_at(self, mmsi: int, time: pd.Timestamp) -> Identity:
        """What a vessel had called itself last at a time."""
        statements, seen = self._ask("statements", mmsi=mmsi), self._ask("seen", mmsi=mmsi)
        return identity(mmsi, time, statements, seen, str(flag_states([mmsi])[0]))

    def history(self, mmsi: int, end: pd.Timestamp | None = None) -> pd.DataFrame:
        """`HISTORY`: all that a vessel said of itself, up to a time, and from when to when."""
        said = self._ask("statements", mmsi=mmsi)
        return history(said if end is None else until(said, end))

    def tracks(self) -> pd.DataFrame:
        """Every track: span, bounds, length and the simplified geometry of each of its days."""
        return self._ask("tracks")

    def events_touching(self, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
        """Events not retracted whose span touches a window, with the store's own columns."""
        found = self._ask("events_touching", start=start, end=end)
        return frames.conform(found, TABLES["events"])

    def has_sightings(self, file_key: str) -> bool:
        """Whether a file of sightings is in the store."""
        query = "SELECT count(*) FROM sighting_files WHERE file_key = $key"
        return bool(self._connection.execute(query, {"key": file_key}).fetchall()[0][0])

    def sightings_report(self, file_key: str) -> dict[str, Any]:
        """What became of the rows of a file of sightings."""
        query = "SELECT report FROM sighting_files WHERE file_key = $key"
        report: dict[str, Any] = json.loads(self.sql(query, {"key": file_key})["report"].iloc[0])
        return report

    def sighting_files(self) -> pd.DataFrame:
        """Every file of sightings ever imported, with its report."""
        return self.sql("SELECT * FROM sighting_files ORDER BY first_time, file_key")

    def new_sightings(self) -> pd.DataFrame:
        """Files of sightings that no finished run has looked at, as `new_feeds` gives feeds."""
        return self._ask("new_sightings")

    def sightings(self, since: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
        """`frames.SIGHTINGS` between two times, in the order of time and name."""
        found = self._ask("sightings", since=since, end=end)
        return frames.conform(found, frames.SIGHTINGS)

    def held_sightings(self) -> pd.DataFrame:
        """The table `sightings`: every sighting with the file that brought it first."""
        query = 'SELECT * FROM sightings ORDER BY "time", sighting_id'
        return frames.conform(self.sql(query), TABLES["sightings"])

    def all_sightings(self) -> pd.DataFrame:
        """`frames.SIGHTINGS`: all there are."""
        forever = (pd.Timestamp(0, tz="UTC"), pd.Timestamp("2200-01-01", tz="UTC"))
        return self.sightings(*forever)

    def event(self, event_id: str) -> dict[str, Any] | None:
        """The event whose id begins so, retracted or not; None where there is none, or several."""
        query = "SELECT * FROM events WHERE starts_with(event_id, $id)"
        found = self.sql(query, {"id": event_id})
        return dict(found.iloc[0]) if len(found) == 1 else None

    def runs(self) -> pd.DataFrame:
        """Every finished run, oldest first: run_id, ordinal, start, end, state, known_time.

        `known_time` is the newest report that any run up to this one had looked at: the run's
        "now". It is the only clock that runs have, so that a run made again after a crash is the
        same to the last byte.
        """
        return self._ask("runs")

    def events_as_of(self, ordinal: int, *, mmsi: int = 0, event_id: str = "") -> pd.DataFrame:
        """Events as they were known after a run, in the order of their start.

        Parameters
        ----------
        ordinal
            The run's.
        mmsi
            Only events that this vessel takes part in; 0 for all.
        event_id
            Only events whose id begins so.

        Returns
        -------
        pandas.DataFrame
            `events.EVENTS`, supersedes, reason, retracted, run_id (the run that changed it last),
            first_run_id.
        """
        return self._ask("events_as_of", ordinal=ordinal, mmsi=mmsi, event_id=event_id)

    def revisions(self, event_id: str, ordinal: int) -> pd.DataFrame:
        """What each run up to one learned of an event, oldest first: the columns of the table
        `event_revisions` with the run's ordinal and known_time.
        """
        return self._ask("revisions", event_id=event_id, ordinal=ordinal)

    def heirs(self) -> dict[str, str]:
        """Ids of events that took over the story of a retracted one, with that one's id."""
        query = "SELECT event_id, supersedes FROM events WHERE supersedes <> ''"
        found = self.sql(query)
        return dict(zip(found["event_id"], found["supersedes"], strict=True))

    def looks(self, event_id: str, ordinal: int) -> pd.DataFrame:
        """What each run up to one said of an event: run_id, ordinal, status; oldest first."""
        return self._ask("looks", event_id=event_id, ordinal=ordinal)

    def manifest(self, run_id: str) -> dict[str, Any]:
        """The manifest of a finished run."""
        query = "SELECT manifest FROM runs WHERE run_id = $run_id"
        manifest: dict[str, Any] = json.loads(
            self.sql(query, {"run_id": run_id})["manifest"].iloc[0]
        )
        return manifest

    def names(self, end: pd.Timestamp) -> pd.DataFrame:
        """Every name, call sign and IMO number that any vessel said up to a time, and all MMSIs
        heard: mmsi, field, value, first_time, last_time.
        """
        return self._ask("names", end=end)

    def dispositions(self, until: pd.Timestamp | None = None) -> pd.DataFrame:
        """`dispositions.DISPOSITIONS`: every conclusion recorded up to a time (None: ever),
        oldest first.
        """
        query = (
            "SELECT * FROM dispositions WHERE $until IS NULL OR made_time <= $until "
            "ORDER BY made_time, disposition_id"
        )
        return frames.conform(self.sql(query, {"until": until}), TABLES["dispositions"])

    def operations(self) -> pd.DataFrame:
        """`operations.OPERATIONS`: every operation, in the order in which they were added."""
        query = "SELECT * FROM operations ORDER BY made_time, name"
        return frames.conform(self.sql(query), TABLES["operations"])

    def last_run(self) -> dict[str, Any] | None:
        """The newest finished run, None where there is none."""
        runs = self._ask("last_run")
        return None if runs.empty else dict(runs.iloc[0])

    def days_heard(self, first: pd.Timestamp, last: pd.Timestamp) -> int:
        """UTC dates with reports from the date of `first` to that of `last`."""
        query = "SELECT count(DISTINCT date) AS n FROM files WHERE date BETWEEN $first AND $last"
        dates = {"first": first.strftime("%Y-%m-%d"), "last": last.strftime("%Y-%m-%d")}
        return int(self.sql(query, dates)["n"].iloc[0])

    def last_looked_at(self) -> pd.Timestamp | None:
        """The latest end of any run's window, None where there is no run."""
        end = self.sql('SELECT max("end") AS "end" FROM runs')["end"].iloc[0]
        return None if pd.isna(end) else end

    def flags(self, run_id: str) -> pd.DataFrame:
        """`schemas.FLAGGED` of a run."""
        return self._ask("run_flags", run_id=run_id)

    def all_flags(self) -> pd.DataFrame:
        """Every flag: `schemas.FLAGGED`, run_id, ordinal, known_time; by run and rank."""
        runs = self.runs()[["run_id", "ordinal", "known_time"]]
        flags = self.sql("SELECT * FROM flags").merge(runs, on="run_id")
        return flags.sort_values(["ordinal", "rank"], kind="stable", ignore_index=True)

    def events(self, run_id: str) -> pd.DataFrame:
        """The events of a run, with `status` and `reason`."""
        return self._ask("run_events", run_id=run_id)

    def track_positions(
        self, mmsis: list[int], start: pd.Timestamp, end: pd.Timestamp
    ) -> pd.DataFrame:
        """`frames.TRACKED` of some vessels over a window, cleaned as the detectors saw them."""
        reach = pd.DataFrame({"mmsi": pd.Series(mmsis, dtype="int64"), "reach_time": start})
        need = self.need(reach)
        tracked = self.tracked(need, end)
        return tracked[tracked["time"] >= start].reset_index(drop=True)

    def tracked(self, need: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
        """`frames.TRACKED` of the vessels in `need`, each from its from_time, up to `end`."""
        return self.segmented(need, end).tracked

    def segmented(self, need: pd.DataFrame, end: pd.Timestamp) -> Segmented:
        """The same with the reports that belong to no track."""
        return tracks.segment(self.positions(need, end), self.state_before(need))

    def statements(self, need: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
        """`frames.STATEMENTS` of the vessels in `need`, each from its from_time, up to `end`."""
        with self._registered("need", need):
            said = self._ask("statements_between", end=end)
        return frames.conform(said, frames.STATEMENTS)

    def _read(
        self,
        name: str,
        paths: list[str],
        schema: Mapping[str, frames.Column] = frames.POSITIONS,
        **parameters: Any,
    ) -> pd.DataFrame:
        if not paths:
            return frames.empty(schema)
        files = self.fetched(paths)
        # By way of Arrow: seven times faster than `df`, which makes an object of every text.
        rows = self._connection.sql(statement(name), params={"files": files, **parameters})
        return frames.conform(to_frame(rows.to_arrow_table()), schema)

    def _registered(self, name: str, frame: pd.DataFrame) -> "_Registered":
        return _Registered(self._connection, name, frame)


def _path_of(uri: str) -> Path:
    return Path(os.fsdecode(unquote_to_bytes(uri.removeprefix("file://"))))


class _Registered:
    """A frame that a statement can name as a table, for the length of a with block."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame
    ) -> None:
        self._connection, self._name, self._frame = connection, name, frame

    def __enter__(self) -> None:
        self._connection.register(self._name, self._frame)

    def __exit__(self, kind: object, *_: object) -> None:
        # In an aborted transaction this fails too, and would hide what aborted it.
        with suppress(duckdb.Error) if kind else nullcontext():
            self._connection.unregister(self._name)
