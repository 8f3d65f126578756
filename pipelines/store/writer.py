"""The one writer: feeds, worked-out days and runs go into the store whole or not at all.

Order of effects, so that a crash at any moment followed by a rerun gives the same store: Parquet
files first, under names made of their content's key, flushed to disk; then one transaction on
the private copy of the catalogue that names them; then the copy is published by rename. Files
that no published catalogue names are left-overs of a crash and are removed when a writer opens.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from detectors.core import frames
from detectors.core.coverage import Coverage
from pipelines.settings import StoreSettings
from pipelines.store import catalogue
from pipelines.store.catalogue import TABLES, StoreError
from pipelines.store.queries import Queries

FLUSH_ROWS: Final = 2_000_000
"""Rows held before they are written; bounds the memory of an ingest (about 250 bytes a row)."""


class Batch(Protocol):
    """Part of a feed, decoded."""

    @property
    def positions(self) -> pd.DataFrame:
        """`frames.POSITIONS`."""

    @property
    def statics(self) -> pd.DataFrame:
        """`frames.STATICS`."""


class Writer(Queries):
    """A catalogue being changed. Made by `pipelines.store.write`; not for sharing."""

    def __init__(self, root: Path, settings: StoreSettings) -> None:
        self._work = root / "work.duckdb"
        self._published = root / "catalogue.duckdb"
        self._settings = settings
        super().__init__(self._open(), root)

    def _open(self) -> duckdb.DuckDBPyConnection:
        return catalogue.connect(self._work, self._settings, read_only=False)

    def close(self) -> None:
        """Close the private copy; what wasn't published is forgotten."""
        self._connection.close()
        self._work.unlink(missing_ok=True)

    def publish(self) -> None:
        """Let readers see all that was written so far."""
        self._connection.execute("CHECKPOINT")
        self._connection.close()
        catalogue.publish(self._work, self._published)
        self._connection = self._open()

    def add_feed(
        self,
        feed_key: str,
        *,
        sha256: str,
        name: str,
        batches: Iterable[Batch],
        report: Mapping[str, Any],
    ) -> None:
        """Add a feed: positions, static data, presence and its ledger entry, then publish.

        Parameters
        ----------
        feed_key
            Its key in the ledger; must be new.
        batches
            The decoded feed, read once.
        report
            Filled while `batches` is read; `simulated` says whether the feed is an exercise.

        Raises
        ------
        StoreError
            If the feed is simulated and the store isn't, or the other way round.
        """
        parts = _FeedParts(self._root, feed_key)
        for batch in batches:
            parts.add(batch)
        parts.flush()
        simulated = bool(report["simulated"])
        self._refuse_mixture(simulated, name)
        spans = parts.presence
        first, last = (
            (spans["first_time"].min(), spans["last_time"].max()) if len(spans) else (None, None)
        )
        entry = {
            "feed_key": feed_key, "sha256": sha256, "name": name,
            "first_time": first, "last_time": last,
            "report": json.dumps(dict(report), sort_keys=True, ensure_ascii=False),
        }  # fmt: skip
        with self._transaction():
            self._connection.execute("UPDATE meta SET simulated = $s", {"s": simulated})
            self._insert("ledger", _one_row("ledger", entry))
            self._insert("files", parts.files)
            self._insert("presence", spans)
            self._insert("statics", parts.statics)
        self.publish()

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
        self, date: str, *, digests: tuple[str, str], counts: Mapping[str, int],
        state: pd.DataFrame, summary: pd.DataFrame, coverage: Coverage,
    ) -> None:  # fmt: skip
        """Replace what was worked out from one UTC date: open hulls, tracks, coverage."""
        day = {
            "date": date, "input": digests[0], "state": digests[1],
            "counts": json.dumps(counts, sort_keys=True),
        }  # fmt: skip
        with self._transaction():
            for table in ("days", "track_state", "track_days", "coverage_cells", "coverage_feed"):
                self._connection.execute(f"DELETE FROM {table} WHERE date = $d", {"d": date})  # noqa: S608
            self._insert("days", _one_row("days", day))
            self._insert("track_state", state.assign(date=date))
            self._insert("track_days", summary.assign(date=date))
            self._insert("coverage_cells", coverage.cells)
            self._insert("coverage_feed", coverage.feed)

    def add_run(
        self, run: Mapping[str, Any], *, compared: pd.DataFrame, flags: pd.DataFrame,
        feed_keys: Iterable[str],
    ) -> None:  # fmt: skip
        """Record a finished run: its events with their status, its flags; then publish.

        Parameters
        ----------
        run
            The columns of the table `runs`.
        compared
            `events.EVENTS` plus status, supersedes, reason.
        flags
            `products.FLAGGED`.
        feed_keys
            The feeds that were new to this run.
        """
        run_id = run["run_id"]
        found = compared[compared["status"].isin(["created", "changed", "unchanged"])]
        gone = compared[compared["status"] == "retracted"]
        with self._transaction():
            kept = found.assign(run_id=run_id, first_run_id=run_id, retracted=False)
            with self._registered("found", frames.conform(kept, TABLES["events"])):
                # A retracted event that is found again takes up its old story.
                self._connection.execute(
                    "CREATE OR REPLACE TEMP TABLE fresh AS SELECT f.* REPLACE ("
                    "coalesce(e.first_run_id, f.first_run_id) AS first_run_id) "
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
            self._insert("flags", flags.assign(run_id=run_id))
            self._insert("runs", _one_row("runs", run))
            keys = pd.DataFrame({"feed_key": pd.Series(list(feed_keys), dtype="str")})
            self._insert("run_feeds", keys.assign(run_id=run_id))
        self.publish()

    def _insert(self, table: str, rows: pd.DataFrame) -> None:
        if rows.empty:
            return
        with self._registered("rows_in", frames.conform(rows, TABLES[table])):
            self._connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows_in")  # noqa: S608

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._connection)


class _Transaction:
    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.begin()

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._connection.commit()
        else:
            self._connection.rollback()


class _FeedParts:
    """The files and sums of one feed while it is read."""

    _STATIC_KEY = (
        "mmsi", "imo", "name", "callsign", "ship_type", "length_m", "beam_m", "draught_m",
        "destination", "ais_class", "source", "date",
    )  # fmt: skip

    def __init__(self, root: Path, feed_key: str) -> None:
        self._root, self._feed_key = root, feed_key
        self._held: list[pd.DataFrame] = []
        self._rows = 0
        self._files: list[dict[str, Any]] = []
        self._presence: list[pd.DataFrame] = []
        self._statics: list[pd.DataFrame] = []

    def add(self, batch: Batch) -> None:
        """Take in a batch; writes files when enough is held."""
        if len(batch.positions):
            frames.validate(batch.positions, frames.POSITIONS)
            self._held.append(batch.positions)
            self._rows += len(batch.positions)
        if len(batch.statics):
            frames.validate(batch.statics, frames.STATICS)
            self._statics.append(self._sum_statics(batch.statics))
        if self._rows >= FLUSH_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what is held: one file per UTC date, sorted by vessel and time."""
        if not self._held:
            return
        held = pd.concat(self._held, ignore_index=True)
        self._held, self._rows = [], 0
        held = held.sort_values(["mmsi", "time", "source_offset"], kind="stable")
        dates = held["time"].dt.strftime("%Y-%m-%d")
        for date, rows in held.groupby(dates.to_numpy(), sort=True):
            self._write(str(date), rows)
        spans = held.assign(date=dates).groupby(["date", "mmsi"], as_index=False)
        self._presence.append(
            spans.agg(
                reports=("time", "size"), first_time=("time", "min"), last_time=("time", "max")
            )
        )

    def _write(self, date: str, rows: pd.DataFrame) -> None:
        folder = self._root / "positions" / f"date={date}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self._feed_key}-{len(self._files):04d}.parquet"
        pq.write_table(
            pa.Table.from_pandas(rows, preserve_index=False), path, compression="zstd",
            row_group_size=250_000,
        )  # fmt: skip
        catalogue.sync(path)
        catalogue.sync(folder)
        self._files.append({
            "path": str(path.relative_to(self._root)), "date": date, "feed_key": self._feed_key,
            "rows": len(rows), "bytes": path.stat().st_size,
        })  # fmt: skip

    def _sum_statics(self, statics: pd.DataFrame) -> pd.DataFrame:
        dated = statics.assign(date=statics["time"].dt.strftime("%Y-%m-%d"))
        return dated.groupby(list(self._STATIC_KEY), as_index=False, dropna=False).agg(
            reports=("time", "size"), first_time=("time", "min"), last_time=("time", "max"),
            source_offset=("source_offset", "min"),
        )  # fmt: skip

    @property
    def files(self) -> pd.DataFrame:
        """The files written, one row each."""
        return pd.DataFrame(self._files, columns=list(TABLES["files"]))

    @property
    def presence(self) -> pd.DataFrame:
        """Per date and vessel: reports, first and last time."""
        if not self._presence:
            return frames.empty(TABLES["presence"])
        sums = pd.concat(self._presence).groupby(["date", "mmsi"], as_index=False)
        return sums.agg(
            reports=("reports", "sum"), first_time=("first_time", "min"),
            last_time=("last_time", "max"),
        ).assign(feed_key=self._feed_key)  # fmt: skip

    @property
    def statics(self) -> pd.DataFrame:
        """Static data, one row per date and content."""
        if not self._statics:
            return frames.empty(TABLES["statics"])
        sums = pd.concat(self._statics).groupby(
            list(self._STATIC_KEY), as_index=False, dropna=False
        )
        return sums.agg(
            reports=("reports", "sum"), first_time=("first_time", "min"),
            last_time=("last_time", "max"), source_offset=("source_offset", "min"),
        ).assign(feed_key=self._feed_key)  # fmt: skip


def _one_row(table: str, values: Mapping[str, Any]) -> pd.DataFrame:
    schema = TABLES[table]
    row = {name: pd.Series([values[name]], dtype="object") for name in schema}
    frame = pd.DataFrame(row)
    for name, column in schema.items():
        if column.dtype == frames.TIME:
            frame[name] = pd.to_datetime(frame[name], utc=True)
    return frames.conform(frame, schema)


def clean(root: Path, connection: duckdb.DuckDBPyConnection) -> int:
    """Remove files that the published catalogue doesn't name; returns how many."""
    named = {path for (path,) in connection.execute("SELECT path FROM files").fetchall()}
    removed = 0
    for path in (root / "positions").glob("date=*/*.parquet"):
        if str(path.relative_to(root)) not in named:
            path.unlink()
            removed += 1
    return removed
