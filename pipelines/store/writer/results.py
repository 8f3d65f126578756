"""What was worked out or concluded: days, runs, dispositions, operations."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from detectors.core import frames
from detectors.core.events import written
from detectors.surroundings.coverage import RECEIVERS, Coverage
from pipelines.store import positions, verdict_files
from pipelines.store.arrow import to_table
from pipelines.store.catalogue import TABLES, StoreError, room
from pipelines.store.feeds import NewFiles
from pipelines.store.writer.files import DERIVED, FileWriter
from pipelines.store.writer.publishing import keys_frame, one_row

MANY_TAILS: Final = 8
"""So many tails of a date are merged into one, so that few files are read."""

REVISIONS: Final = ("created", "changed", "retracted")
"""What a run may do to an event that leaves a revision of it, kept for ever."""

_EVENTS: Final = 20_000
"""So many are written at a time: as text, in Arrow's columns and in a table, some kB each."""


class ResultWriter(FileWriter):
    """Records days that were worked out, finished runs, and what people concluded."""

    def set_day(
        self,
        date: str,
        *,
        digests: tuple[str, str],
        counts: Mapping[str, int],
        clocks: Mapping[str, Mapping[str, float]] | None = None,
        judged: pa.Table | Path,
        tables: Mapping[str, pd.DataFrame | Path],
    ) -> None:
        """Replace what was worked out from one UTC date.

        Parameters
        ----------
        digests
            Of what it rests on, and of what the next date begins with.
        counts
            As of `dates.JudgedDate`.
        clocks
            Receivers whose clocks were wrong: how late, and for how long.
        judged
            Its reports, as `positions.encode_judged` gives them, or verdicts on them, as
            `verdict_files.noted` does; or a file of either that `positions.write` wrote.
        tables
            By name, what goes into the other tables of `DERIVED`: the hulls heard, its tracks,
            where the feed is heard. Or a Parquet file of one, as the table has it.
        """
        day = {
            "date": date,
            "input": digests[0],
            "state": digests[1],
            "counts": json.dumps({**counts, "clocks": dict(clocks or {})}, sort_keys=True),
        }
        query = "SELECT path FROM track_files WHERE date = $d"
        before = list(self.sql(query, {"d": date})["path"])
        parts = NewFiles(self._root, self._place)
        try:
            with room(self._root):
                stem = f"{verdict_files.stem_of(judged)}{digests[0]}"
                if isinstance(judged, Path):
                    parts.take(date, stem, judged, kind="tracks")
                else:
                    parts.write(date, stem, judged, kind="tracks")
            with self._transaction(of_feeds=False):
                self._supersede(before)
                for table in DERIVED:
                    query = f"DELETE FROM {table} WHERE date = $d"  # noqa: S608 (names of ours)
                    self._connection.execute(query, {"d": date})
                self._insert("track_files", parts.files)
                self._insert("days", one_row("days", day))
                for table, rows in tables.items():
                    self._insert(table, rows)
        except BaseException:
            parts.discard()
            raise

    def extend_day(
        self,
        date: str,
        *,
        digest: str,
        counts: Mapping[str, int],
        judged: pa.Table,
        state: pd.DataFrame,
        coverage: Coverage,
        since: pd.Timestamp,
    ) -> None:
        """Add a tail to what was worked out from one UTC date; its tracks by day stay.

        Parameters
        ----------
        counts, judged
            Of the reports that are new.
        coverage
            Where the feed is heard from `since` on; its receivers are of what is new alone.
        """
        query = "SELECT path FROM track_files WHERE date = $d AND contains(path, '/tail-')"
        tails = list(self.sql(query, {"d": date})["path"])
        merged = tails if len(tails) + 1 >= MANY_TAILS else []
        stem = "tails" if merged else "tail"
        parts = NewFiles(self._root, self._place)
        try:
            with room(self._root):
                whole = positions.merged([*self.fetched(merged)], judged)
                parts.write(date, f"{stem}-{digest.strip('~')}", whole, kind="tracks")
            with self._transaction(of_feeds=False):
                self._supersede(merged)
                self._insert("track_files", parts.files)
                self._extend(date, digest, counts, state)
                self._extend_coverage(date, coverage, since)
        except BaseException:
            parts.discard()
            raise

    def _extend(
        self, date: str, digest: str, counts: Mapping[str, int], state: pd.DataFrame
    ) -> None:
        [(text,)] = self._connection.execute(
            "SELECT counts FROM days WHERE date = $d", {"d": date}
        ).fetchall()
        known = json.loads(text)
        total = known | {name: known.get(name, 0) + n for name, n in counts.items()}
        self._connection.execute(
            "UPDATE days SET input = $input, counts = $counts WHERE date = $d",
            {"d": date, "input": digest, "counts": json.dumps(total, sort_keys=True)},
        )
        self._connection.execute("DELETE FROM track_state WHERE date = $d", {"d": date})
        self._insert("track_state", state.assign(date=date))

    def _extend_coverage(self, date: str, coverage: Coverage, since: pd.Timestamp) -> None:
        for table, rows in (
            ("coverage_cells", coverage.cells),
            ("coverage_feed", coverage.feed),
            ("coverage_lying", coverage.lying),
        ):
            self._connection.execute(
                f"DELETE FROM {table} WHERE date = $d AND time >= $since",  # noqa: S608 (names of ours)
                {"d": date, "since": since},
            )
            self._insert(table, rows[(rows["time"] >= since).to_numpy()])
        fresh = coverage.receivers
        if fresh.empty:
            return
        span = {"d": date, "since": fresh["time"].min()}
        query = "FROM coverage_receivers WHERE date = $d AND time >= $since"
        both = pd.concat([self.sql(query, span), fresh], ignore_index=True)
        by = [name for name in RECEIVERS if name != "reports"]
        self._connection.execute(f"DELETE {query}", span)
        self._insert(
            "coverage_receivers", both.groupby(by, as_index=False).agg(reports=("reports", "sum"))
        )

    def add_run(
        self,
        run: Mapping[str, Any],
        *,
        compared: pd.DataFrame,
        flags: pd.DataFrame,
        incidents: pd.DataFrame,
        feed_keys: Iterable[str],
        publish: bool = True,
    ) -> None:
        """Record a finished run: its events with their status, its flags; then publish.

        Parameters
        ----------
        compared
            `events.EVENTS` plus status, supersedes, reason.
        feed_keys
            The feeds that were new to this run.
        publish
            Whether readers are to see it at once; else with what is published next.
        """
        run_id = run["run_id"]
        # DuckDB finds `gone` by its name among these variables.
        gone = to_table(compared.loc[compared["status"] == "retracted", ["event_id"]])
        with self._transaction(of_feeds=False):
            for some in _pieces(self._otherwise(compared)):
                self._tell(written(some), run_id)
            if len(gone):
                self._connection.execute(
                    "UPDATE events SET retracted = true, run_id = $run_id "
                    "WHERE event_id IN (SELECT event_id FROM gone)",
                    {"run_id": run_id},
                )
            self._insert("run_events", compared.assign(run_id=run_id))
            for some in _pieces(compared[compared["status"].isin(REVISIONS)]):
                self._insert("event_revisions", written(some).assign(run_id=run_id))
            self._insert("flags", flags.assign(run_id=run_id))
            self._insert("incidents", incidents.assign(run_id=run_id))
            self._insert("runs", one_row("runs", run))
            self._insert("run_feeds", keys_frame(feed_keys).assign(run_id=run_id))
        self._forget("last_run", "last_night")
        if publish:
            self.publish()

    def _tell(self, kept: pd.DataFrame, run_id: str) -> None:
        """Put events in the place of those of their ids."""
        kept = kept.assign(run_id=run_id, first_run_id=run_id, retracted=False)
        found = to_table(frames.conform(kept, TABLES["events"]))  # noqa: F841 # by its name
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

    def _otherwise(self, compared: pd.DataFrame) -> pd.DataFrame:
        """Return those found events of a run that aren't in the store as they are told."""
        found = compared[compared["status"].isin(["created", "changed", "unchanged"])]
        same = (found["status"] == "unchanged").to_numpy(bool)
        told = to_table(found.loc[same, ["event_id", "reason"]])  # noqa: F841 (found by its name)
        query = (
            "SELECT event_id FROM told JOIN events AS e USING (event_id) "
            "WHERE NOT e.retracted AND e.reason = told.reason"
        )
        stands = [event for (event,) in self._connection.execute(query).fetchall()]
        return found[~(same & found["event_id"].isin(stands).to_numpy(bool))]

    def add_disposition(self, disposition: pd.DataFrame) -> None:
        """Add conclusions (`dispositions.DISPOSITIONS`), then publish."""
        with self._transaction():
            self._insert("dispositions", disposition)
        self.publish()

    def add_operation(self, operation: pd.DataFrame) -> None:
        """Add an operation (`operations.OPERATIONS`, one row), then publish.

        Raises StoreError if there is one of that name, whatever its case.
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


def _pieces(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for first in range(0, len(rows), _EVENTS):
        yield rows.iloc[first : first + _EVENTS]
