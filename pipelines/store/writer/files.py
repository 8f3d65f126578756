"""Files of positions that take the place of others: compaction, repair, expiry.

A file is never changed. What compaction or a deletion replaces is kept as `superseded` for a grace
period, since readers may still have the generation that names it.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

import duckdb
import pandas as pd
import pyarrow as pa

from pipelines.store import groups, verdict_files
from pipelines.store.catalogue import StoreError, room
from pipelines.store.feeds import NewFiles
from pipelines.store.sql import statement
from pipelines.store.writer.publishing import Publishing

DERIVED: Final = (
    "days",
    "track_files",
    "track_state",
    "track_days",
    "coverage_cells",
    "coverage_feed",
    "coverage_receivers",
    "coverage_lying",
)
"""Tables of what was worked out from the positions of a date."""


JUDGED_GRACE_H: Final = 1.0
"""Hours that replaced judged reports stay at most: every look at a day replaces its file."""


class FileWriter(Publishing):
    """Merges files, and forgets those that nothing needs any more."""

    def compact(self, date: str) -> int:
        """Merge the files of a UTC date into one and publish; returns how many there were.

        The rows are the same, sorted as in every file; nothing has to be worked out anew.
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
        if not paths:
            return
        self._let_stand(paths)
        now = pd.Timestamp.now("UTC").as_unit("us")
        gone = pd.DataFrame({"path": pd.Series(paths, dtype="str")}).assign(time=now)
        # A file that is lost has nothing to keep, and its name may be used again.
        there = self.there()
        self._insert("superseded", gone[[path in there for path in paths]])
        with self._registered("gone", gone):
            for table in ("files", "file_feeds", "track_files"):
                self._connection.execute(
                    f"DELETE FROM {table} WHERE path IN (SELECT path FROM gone)"  # noqa: S608 (names of ours)
                )

    def _let_stand(self, paths: list[str]) -> None:
        """Let what was judged of some files that go stand without them: with their reports in it.

        Where a file can't be read any more, its date is worked out again by the next run.
        """
        query = (
            "SELECT date, path FROM track_files WHERE date IN "
            "(SELECT date FROM files WHERE list_contains($paths, path)) ORDER BY path"
        )
        for date, judged in self.sql(query, {"paths": paths}).itertuples(index=False):
            if not verdict_files.is_of(judged):
                continue
            parts = NewFiles(self._root, self._place)
            try:
                [here] = self.fetched([judged])
                if set(paths).isdisjoint(verdict_files.files_of(here)):
                    continue
                stem = f"judged-{Path(judged).stem.removeprefix(verdict_files.STEM)}"
                parts.write(date, stem, groups.rows_in(here), kind="tracks")
            except (OSError, StoreError, pa.ArrowException):
                parts.discard()
                self._connection.execute("DELETE FROM days WHERE date = $d", {"d": date})
            else:
                self._insert("track_files", parts.files)
            self._supersede([judged])

    def repair(self, dates: Iterable[str] = (), judged: Iterable[str] = ()) -> None:
        """Make anew what is summed from files, forget what has none; then publish.

        Parameters
        ----------
        dates
            UTC dates whose `presence` is summed up again from their files.
        judged
            Damaged files of judged reports: the next run works their dates out again.
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
            query = "SELECT date FROM track_files WHERE path IN $damaged"
            damaged = list(judged)
            for date in self.sql(query, {"damaged": damaged})["date"]:
                self._connection.execute("DELETE FROM days WHERE date = $d", {"d": date})
            self._supersede(damaged)
            self._forget_empty_dates()
        self.publish()

    def expire(self) -> int:
        """Remove superseded files whose grace period is over; returns how many."""
        now = pd.Timestamp.now("UTC")
        over = {
            "until": now - timedelta(hours=self._settings.grace_h),
            "soon": now - timedelta(hours=min(self._settings.grace_h, JUDGED_GRACE_H)),
        }
        query = (
            "FROM superseded WHERE time <= $until "
            "OR (time <= $soon AND starts_with(path, 'tracks/'))"
        )
        paths = list(self.sql(f"SELECT path {query}", over)["path"])
        if paths:
            self._connection.execute(f"DELETE {query}", over)
            self.publish()  # first, so that no catalogue names a file that is gone
            for path in paths:
                self._place.remove(path)
        return len(paths)

    def _forget_empty_dates(self) -> None:
        """Remove what was worked out for dates that hold nothing any more."""
        gone = self.sql(
            "SELECT path FROM track_files WHERE date NOT IN (SELECT date FROM files) "
            "OR date NOT IN (SELECT date FROM days)"
        )
        self._supersede(list(gone["path"]))
        for table in DERIVED:
            self._connection.execute(
                f"DELETE FROM {table} WHERE date NOT IN (SELECT date FROM files)"  # noqa: S608 (names of ours)
            )
            if table != "days":
                self._connection.execute(
                    f"DELETE FROM {table} WHERE date NOT IN (SELECT date FROM days)"  # noqa: S608 (names of ours)
                )
